"""Slots of a cluster: which one a key is in, which keys a command has, what replies say of who has them."""

from __future__ import annotations

from binascii import crc_hqx
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from smsgwd.store.redis.connection import Arg, Place

SLOTS: Final = 16384
_COUNTED: Final = frozenset({"FCALL", "FCALL_RO", "EVAL", "EVAL_RO", "EVALSHA", "EVALSHA_RO"})
_ALL: Final = frozenset({"DEL", "UNLINK", "EXISTS", "TOUCH", "MGET", "WATCH", "PFCOUNT", "SUNION", "SINTER", "SDIFF"})
_NONE: Final = frozenset(
    {
        "ACL", "ASKING", "CLIENT", "CLUSTER", "COMMAND", "CONFIG", "DBSIZE", "DISCARD", "EXEC", "FLUSHALL", "FLUSHDB",
        "FUNCTION", "INFO", "KEYS", "LASTSAVE", "MULTI", "PING", "PUBLISH", "RANDOMKEY", "ROLE", "SCAN", "SCRIPT",
        "SLOWLOG", "TIME", "WAIT", "WAITAOF",
    }
)  # fmt: skip


class CrossSlot(ValueError):  # noqa: N818 -- named after what it says
    """Keys that no one server has together."""


def keys_of(args: Sequence[Arg]) -> Sequence[Arg]:
    """The keys of a command: those counted (functions, scripts), all that follows (DEL, MGET and the like), none, or
    the first argument. Commands whose keys stand elsewhere are not for a cluster here."""
    name = _text(args[0]).upper()
    if name in _COUNTED:
        return args[3 : 3 + int(args[2])]
    if name in _ALL:
        return args[1:]
    if name == "MSET":
        return args[1::2]
    return () if name in _NONE else args[1:2]


def slot_of(keys: Iterable[Arg]) -> int | None:
    """The slot of keys, None when there are none. Raises CrossSlot when they are in several."""
    tags = {_tag(each): each for each in keys}
    found = {crc_hqx(tag, 0) % SLOTS: key for tag, key in tags.items()}
    if len(found) > 1:
        one, other, *_ = found.values()
        raise CrossSlot(f"keys {_text(one)!r} and {_text(other)!r} are in different slots: give them one hash tag")
    return next(iter(found), None)


def masters(reply: Sequence[Sequence[Any]], asked: str) -> Iterator[tuple[int, int, Place]]:
    """First slot, last slot and master of each range in what CLUSTER SLOTS replied. `asked`: host of who was asked, for
    servers that do not know their own."""
    for first, last, (host, port, *_), *_ in reply:
        name = (host or b"").decode()
        if name != "?":
            yield first, last, (name or asked, port)


def redirection(text: str, asked: str) -> Place:
    """The server that an error reply (`MOVED slot host:port`, `ASK slot host:port`) names."""
    host, _, port = text.split(" ")[2].rpartition(":")
    return host or asked, int(port)


def _tag(key: Arg) -> bytes:
    """The part of a key that decides on its slot."""
    data = key if isinstance(key, bytes) else str(key).encode()
    start = data.find(b"{")
    end = data.find(b"}", start + 1) if start >= 0 else -1
    return data[start + 1 : end] if end > start + 1 else data


def _text(arg: Arg) -> str:
    return arg.decode(errors="replace") if isinstance(arg, bytes) else str(arg)
