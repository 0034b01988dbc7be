"""The library of functions a server must have: looked for after each connection, loaded when it is not there.

Nodes of several versions may share a server while they are upgraded one after another, and gateways (prefixes) may
share one for ever. So the name of a library, and of each function in it, has a digest of the gateway's prefix and one
of the text in it: what one node loads replaces nothing that another one calls. The rest of the store names functions as
functions.lua does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred

from smsgwd.store.redis.connection import Arg, Connection

_PLAIN: Final = "smsgwd_"  # what names of functions begin with in the text, and where they are called
_CALLS: Final = ("FCALL", "FCALL_RO")


class Library(NamedTuple):
    """Lua functions under a name, which is also what the functions' names begin with on the server."""

    name: str
    source: str  #: without the line that names the engine; functions have their plain names in it

    @classmethod
    def of(cls, prefix: str, source: str) -> Library:
        """That of a gateway whose keys begin with {prefix}."""
        return cls(f"{_PLAIN}{_digest(prefix)}_{_digest(source)}", source)

    @property
    def code(self) -> str:
        """As the server keeps it."""
        named = self.source.replace(f"'{_PLAIN}", f"'{self.name}_")
        return f"#!lua name={self.name}\n{named}"

    def call(self, args: Sequence[Arg]) -> Sequence[Arg]:
        """A command as the server knows it: with the function's own name where it calls one."""
        if args[0] not in _CALLS or not str(args[1]).startswith(_PLAIN):
            return args
        return (args[0], f"{self.name}_{str(args[1])[len(_PLAIN) :]}", *args[2:])


class _Servers(Protocol):
    """What `tidy` needs of a link."""

    def each(self, *args: Arg) -> Deferred[list[Any]]:
        """A command to every master."""
        ...


async def ensure(connection: Connection, library: Library) -> bool:
    """Have the server keep exactly this library; True when it had to be loaded. Raises Unreachable and Refused."""
    found = await connection.send("FUNCTION", "LIST", "LIBRARYNAME", library.name, "WITHCODE")
    if any(_described(each).get(b"library_code") == library.code.encode() for each in found):
        return False
    await connection.send("FUNCTION", "LOAD", "REPLACE", library.code)
    return True


async def tidy(servers: _Servers, library: Library, used: Collection[str]) -> list[str]:
    """Remove the other libraries of this one's gateway that are not among the `used` ones; their names. Who uses one
    all the same finds its function missing, connects anew, and so loads it again. Raises Unreachable and Refused."""
    gone: dict[str, None] = {}
    family = library.name.rpartition("_")[0]
    for found in await servers.each("FUNCTION", "LIST", "LIBRARYNAME", f"{family}_*"):
        for each in found:
            name = _described(each)[b"library_name"].decode()
            if name != library.name and name not in used:
                gone[name] = None
    for name in gone:
        await servers.each("FUNCTION", "DELETE", name)
    return list(gone)


def _digest(text: str) -> str:
    """A prefix may have characters that names cannot have."""
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _described(flat: list[Any]) -> dict[bytes, Any]:
    """One library's description: names and values in turn."""
    return dict(zip(flat[::2], flat[1::2], strict=True))
