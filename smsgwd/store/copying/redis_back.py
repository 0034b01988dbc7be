"""What the Redis store has under keys that are told, as records: what a move wrote is read again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from itertools import groupby
from typing import Any

from smsgwd.store.copying.embedded_out import KEYS, Keys
from smsgwd.store.copying.records import Copy, MoPartCopy
from smsgwd.store.copying.redis_out import Look, RedisSource
from smsgwd.store.redis.asking import PAGE
from smsgwd.store.redis.kept import named
from smsgwd.store.redis.keys import id8

_Key = tuple[Any, ...]


class ReadBack(RedisSource):
    """Reads single records. Raises errors.Unreachable and errors.Refused."""

    async def given(self, keys: Keys) -> AsyncIterator[list[Copy]]:
        """What there is under these keys (`embedded_out.KEYS`), some records at a time."""
        for kind in KEYS:
            wanted = sorted(keys.get(kind, ()))
            if kind == "mo_part":
                async for page in self._parts_of(set(wanted)):
                    yield page
                continue
            owned = kind in ("entry", "record", "opt_out")  # there is an index for each owner
            for owner, own in groupby(wanted, key=lambda key: key[0] if owned else None):
                look = self._look(kind, owner)
                found = list(own)
                for at in range(0, len(found), PAGE):
                    yield await look(found[at : at + PAGE])

    def _look(self, kind: str, owner: Any) -> Callable[[Sequence[_Key]], Any]:
        keys = self._keys
        if kind in ("entry", "final"):
            index = keys.ledger(owner) if kind == "entry" else keys.finals
            look = self._entries(owner) if kind == "entry" else self._finals
            return lambda page: self._scored(index, look, page)
        if kind == "tally":
            return lambda page: self._tallies([name for (name,) in page])
        looks: dict[str, tuple[Look, Callable[[_Key], bytes]]] = {
            "tenant": (self._tenants, _text),
            "message": (self._messages, _number),
            "push": (self._pushes, _number),
            "parked": (self._parked, _number),
            "answer": (self._answers, _named),
            "refused": (self._refused, _number),
            "record": (self._records(owner), _named),
            "link": (self._links, _text),
            "lookup": (self._lookups, _number),
            "opt_out": (self._opt_outs(owner), _text),
            "audit": (self._audit, _number),
        }
        found, member = looks[kind]
        return lambda page: found([(member(key), 0) for key in page])

    async def _scored(self, index: str, look: Look, page: Sequence[_Key]) -> list[Copy]:
        """Records that are members of an index themselves, by their numbers."""
        found = await self._ask.several([("ZRANGEBYSCORE", index, key[-1], key[-1]) for key in page])
        return await look([(member, key[-1]) for key, members in zip(page, found, strict=True) for member in members])

    async def _parts_of(self, wanted: set[_Key]) -> AsyncIterator[list[Copy]]:
        """There are few parts of subscribers' messages: all of them are looked at."""
        if not wanted:
            return
        async for page in self._mo_parts():
            yield [each for each in page if isinstance(each, MoPartCopy) and _part_key(each) in wanted]


def _part_key(part: MoPartCopy) -> _Key:
    return part.group, part.source, part.dest, part.ref, part.total, part.width, part.seq


def _number(key: _Key) -> bytes:
    return id8(key[-1])


def _text(key: _Key) -> bytes:
    return str(key[-1]).encode()


def _named(key: _Key) -> bytes:
    """A tenant and a name, at the end of the key."""
    return named(key[-2], key[-1])
