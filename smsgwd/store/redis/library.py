"""The library of functions a server must have: looked for after each connection, loaded when it is not the same."""

from __future__ import annotations

from typing import Any, NamedTuple

from smsgwd.store.redis.connection import Connection


class Library(NamedTuple):
    """Lua functions under a name. Nodes of different versions share a server only when their libraries (and the
    functions in them) have different names: under one name the last to connect would win."""

    name: str
    source: str  #: without the line that names the engine

    @property
    def code(self) -> str:
        """As the server keeps it."""
        return f"#!lua name={self.name}\n{self.source}"


async def ensure(connection: Connection, library: Library) -> bool:
    """Have the server keep exactly this library; True when it had to be loaded. Raises Unreachable and Refused."""
    found = await connection.send("FUNCTION", "LIST", "LIBRARYNAME", library.name, "WITHCODE")
    if any(_code(each) == library.code.encode() for each in found):
        return False
    await connection.send("FUNCTION", "LOAD", "REPLACE", library.code)
    return True


def _code(described: list[Any]) -> bytes | None:
    """The code in one library's description: names and values in turn."""
    fields = dict(zip(described[::2], described[1::2], strict=True))
    code: bytes | None = fields.get(b"library_code")
    return code
