"""The part of a deep check that looks at the keys themselves: rows that no index has are found by nothing else.

The server is asked for names of keys, some at a time, beside the traffic. A row that no index has is not used any more
(it takes space), or, where an index has lost it, is what nobody can find.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import unquote

from smsgwd.store.redis.connection import Arg
from smsgwd.store.redis.keys import Keys, id8
from smsgwd.store.redis.listening import escaped
from smsgwd.store.redis.looking import Findings

_LOOKED_AT: Final = 1000  # keys by one step of a scan
_REST_S: Final = 0.002  # between steps, whatever they find: the server may have keys of others, too

Places = tuple[list[str], bytes]  #: indexes, and the member that one of them must have


def _numbered(*names: Callable[[Keys], str]) -> Callable[[Keys, Sequence[str]], Places]:
    return lambda keys, rest: ([name(keys) for name in names], id8(int(rest[0])))


def _text(name: Callable[[Keys], str]) -> Callable[[Keys, Sequence[str]], Places]:
    return lambda keys, rest: ([name(keys)], "\0".join(rest).encode())


#: Where a row is, by what its name begins with, of the rest of its name.
_PLACES: Final[dict[str, Callable[[Keys, Sequence[str]], Places]]] = {
    "m": _numbered(lambda keys: keys.messages),
    "x": _numbered(lambda keys: keys.pushes),
    "p": _numbered(lambda keys: keys.parked_age, lambda keys: keys.orphan_age),
    "lk": _numbered(lambda keys: keys.lookups),
    "rf": _numbered(lambda keys: keys.refusals),
    "au": _numbered(lambda keys: keys.audits),
    "t": _text(lambda keys: keys.tenants),
    "k": _text(lambda keys: keys.link_expiry),
    "i": _text(lambda keys: keys.answers),
    "r": lambda keys, rest: ([keys.records(rest[0])], "\0".join(rest[1:]).encode()),
}

_NUMBERED: Final = ("m", "x", "p", "lk", "rf", "au")


async def unlisted(findings: Findings, deep: bool) -> None:
    """Rows are in the index of all of their kind; a check that is not `deep` does not look. Raises as Findings.look."""
    if not deep:
        return
    ask, keys = findings.ask, findings.ask.keys
    pattern = f"{escaped(keys.base)}*"
    cursor: Arg = 0
    while True:
        cursor, found = await ask.call("FCALL", "smsgwd_scan", 1, keys.messages, cursor, pattern, _LOOKED_AT)
        names = [name for name in (each.decode() for each in found) if _place(keys, name) is not None]

        async def look(numbers: Sequence[int], names: list[str] = names) -> dict[int, set[str]]:
            return await _look(findings, {number: names[number] for number in numbers})

        await findings.look(look, range(len(names)))
        if cursor in (b"0", 0):
            return
        await findings.control.rest(_REST_S)


def _place(keys: Keys, name: str) -> Places | None:
    """Where the row of this name is to be; None for what is no such row."""
    kind, *rest = name[len(keys.base) :].split(":")
    place = _PLACES.get(kind)
    if place is None or not rest or (kind == "r" and len(rest) < 3):
        return None
    if kind in _NUMBERED and not rest[0].isdecimal():
        return None
    return place(keys, [unquote(each) for each in rest])


async def _look(findings: Findings, names: dict[int, str]) -> dict[int, set[str]]:
    ask, keys = findings.ask, findings.ask.keys
    wanted: dict[str, list[tuple[int, bytes]]] = defaultdict(list)
    for number, name in names.items():
        place = _place(keys, name)
        assert place is not None
        for index in place[0]:
            wanted[index].append((number, place[1]))
    listed: set[int] = set()
    for index, pairs in wanted.items():
        scores = await findings.scores(index, [member for _, member in pairs])
        listed |= {number for (number, _), score in zip(pairs, scores, strict=True) if score is not None}
    left = [number for number in names if number not in listed]
    there = await ask.several([("EXISTS", names[number]) for number in left])
    return {
        number: {f"{names[number][len(keys.base) :]} is there and in no index of its kind"}
        for number, is_there in zip(left, there, strict=True)
        if is_there
    }
