"""One optimistic transaction: rows as they were read, what is to be written, and the program that says both.

Everything runs in the writer's thread. What was read is checked when the program runs (functions.lua): if somebody
changed it meanwhile nothing is written, and the transaction is computed again on what is there then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from smsgwd.store.redis.cache import Cache
from smsgwd.store.redis.program import Arg, Program

#: How many bytes of a row's value are the stamp of the commit that wrote it.
STAMP: Final = 8
_MOST_KEYS: Final = 1000  # of one MGET

#: Asks the server several commands at once and waits: one reply each. Raises errors.Unreachable or errors.Refused.
Ask = Callable[[Sequence[Sequence[Arg]]], list[Any]]


class Tx:
    """Rows and indexes as this transaction sees them. Row values are without their stamps."""

    def __init__(self, ask: Ask, cache: Cache) -> None:
        self.program = Program()
        self._ask = ask
        self._cache = cache
        self._rows: dict[str, bytes | None] = {}  # as read
        self._written: dict[str, bytes | None] = {}  # None = deleted
        self._index: dict[str, dict[bytes, float | None]] = {}  # changes of indexes: score, or None = removed
        self._hashes: dict[str, dict[bytes, bytes]] = {}
        self._increments: dict[tuple[str, str], int] = {}
        self._prunes: dict[tuple[str, str, bytes], None] = {}
        self._lasting: dict[str, int] = {}  # rows written that end by themselves: ms

    # -- rows ------------------------------------------------------------------------------------------------------

    def get(self, key: str) -> bytes | None:
        """A row, or None when there is none."""
        if key in self._written:
            return self._written[key]
        if key not in self._rows:
            self.fetch((key,))
        return self._rows[key]

    def fetch(self, keys: Iterable[str]) -> None:
        """Read these rows at once, as far as they are not known."""
        rows, written, cached = self._rows, self._written, self._cache.get
        missing: list[str] = []
        for key in dict.fromkeys(keys):
            if key in rows or key in written:
                continue
            value = cached(key)
            if value is None:
                missing.append(key)
            else:
                self._learn(key, value)
        if missing:
            parts = [missing[at : at + _MOST_KEYS] for at in range(0, len(missing), _MOST_KEYS)]
            for part, values in zip(parts, self._ask([("MGET", *part) for part in parts]), strict=True):
                for key, value in zip(part, values, strict=True):
                    if value is not None:
                        self._cache.put(key, value)
                    self._learn(key, value)

    def _learn(self, key: str, value: bytes | None) -> None:
        if value is None:
            self._rows[key] = None
            self.program.checks[key] = b""
        else:
            self._rows[key] = value[STAMP:]
            self.program.checks[key] = value[:STAMP]

    def peek(self, key: str) -> bytes | None:
        """A row as far as it is known without asking; None says nothing."""
        if key in self._written:
            return self._written[key]
        if key not in self._rows:
            value = self._cache.get(key)
            if value is None:
                return None
            self._learn(key, value)
        return self._rows[key]

    def absent(self, key: str) -> bool:
        """Take it that there is no such row, unless it is known that there is: the commit finds out."""
        if key in self._written:
            return self._written[key] is None
        if key not in self._rows:
            value = self._cache.get(key)
            self._learn(key, value)
        return self._rows[key] is None

    def pin(self, keys: Sequence[str]) -> set[str]:
        """Those of these rows that are there. Their values are not read; the commit finds out when one has changed."""
        checks, written = self.program.checks, self._written
        unknown = [key for key in dict.fromkeys(keys) if key not in written and key not in checks]
        if unknown:
            stamps = self._ask([("GETRANGE", key, 0, STAMP - 1) for key in unknown])
            checks.update(zip(unknown, stamps, strict=True))
        return {key for key in keys if (written[key] is not None if key in written else checks[key])}

    def fresh(self, key: str) -> bool:
        """True for a row that this transaction found missing: what it has there now it has made itself."""
        return self.program.checks.get(key) == b""

    def look(self, keys: Sequence[str]) -> list[bytes | None]:
        """These rows as they are now, in this order: neither remembered nor checked by the commit. For walks over many
        of which few are wanted; what depends on one reads it by `get`."""
        found: dict[str, bytes | None] = {}
        for at in range(0, len(keys), _MOST_KEYS):
            part = keys[at : at + _MOST_KEYS]
            values = self._ask([("MGET", *part)])[0]
            found.update(
                (key, None if value is None else value[STAMP:]) for key, value in zip(part, values, strict=True)
            )
        written = self._written
        return [written[key] if key in written else found[key] for key in keys]

    def put(self, key: str, value: bytes) -> None:
        """Write a row. One that was not read is written over whatever is there."""
        self._written[key] = value

    def put_for(self, key: str, value: bytes, ms: int) -> None:
        """Write a row that is gone after so many milliseconds. It is not remembered."""
        self._written[key] = value
        self._lasting[key] = ms

    def delete(self, key: str) -> None:
        """Delete a row; nothing when there is none."""
        self._written[key] = None

    # -- indexes ---------------------------------------------------------------------------------------------------

    def add(self, index: str, member: bytes, score: float = 0) -> None:
        """Put a member into an index, or give it another score."""
        changes = self._index.get(index)
        if changes is None:
            changes = self._index[index] = {}
        changes[member] = score

    def remove(self, index: str, member: bytes) -> None:
        """Take a member out of an index."""
        changes = self._index.get(index)
        if changes is None:
            changes = self._index[index] = {}
        changes[member] = None

    def members(self, index: str, low: bytes, high: bytes, limit: int, *, newest: bool = False) -> list[bytes]:
        """Members of an index without scores, from `low` to below `high` (b'' = to the end), `limit` at most, in their
        order or the other way round."""
        changes = self._index.get(index, {})
        gone = sum(score is None for score in changes.values())
        first, last = b"[" + low, b"(" + high if high else b"+"
        ends = (last, first) if newest else (first, last)
        command = "ZREVRANGEBYLEX" if newest else "ZRANGEBYLEX"
        (found,) = self._ask([(command, index, *ends, "LIMIT", 0, limit + gone)])
        if not changes:
            return list(found)
        merged = {each for each in found if changes.get(each, 0) is not None}
        merged.update(
            member
            for member, score in changes.items()
            if score is not None and member >= low and (not high or member < high)
        )
        return sorted(merged, reverse=newest)[:limit]

    def scored(
        self, index: str, low: float | str, high: float | str, limit: int, *, after: tuple[float, bytes] | None = None
    ) -> list[tuple[bytes, float]]:
        """Members with scores from `low` to `high` (both included; '-inf', '+inf'), by score and member, `limit` at
        most; with `after` those behind this (score, member)."""
        changes = self._index.get(index, {})
        gone = sum(score is None for score in changes.values()) + len(changes)
        start = low if after is None else after[0]
        found: dict[bytes, float] = {}
        offset, most = 0, limit + gone
        ends = _plain(start), _plain(high)
        while True:
            (page,) = self._ask([("ZRANGEBYSCORE", index, *ends, "WITHSCORES", "LIMIT", offset, most)])
            pairs = [(member, float(score)) for member, score in zip(page[::2], page[1::2], strict=True)]
            found.update(
                (member, score)
                for member, score in pairs
                if member not in changes and (after is None or (score, member) > after)
            )
            offset += len(pairs)
            if len(pairs) < most or len(found) >= limit:
                break
        bottom, top = float(low), float(high)
        found.update(
            (member, score)
            for member, score in changes.items()
            if score is not None and bottom <= score <= top and (after is None or (score, member) > after)
        )
        return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))[:limit]

    def walk(self, index: str, after: tuple[float, bytes] | None, limit: int) -> list[tuple[bytes, float]]:
        """Members with their scores by score and member, `limit` at most, those behind `after` (score, member): a page
        costs the same wherever it is, also where many have one score."""
        changes = self._index.get(index, {})
        most = limit + len(changes)
        if after is None:
            (page,) = self._ask([("ZRANGE", index, 0, most - 1, "WITHSCORES")])
        else:
            (page,) = self._ask([("FCALL", "smsgwd_behind", 1, index, _plain(after[0]), after[1], "+inf", most)])
        found = {
            member: float(score) for member, score in zip(page[::2], page[1::2], strict=True) if member not in changes
        }
        found.update(
            (member, score)
            for member, score in changes.items()
            if score is not None and (after is None or (score, member) > after)
        )
        return sorted(found.items(), key=lambda pair: (pair[1], pair[0]))[:limit]

    def holds(self, index: str, members: Sequence[bytes]) -> set[bytes]:
        """Those of these members that are in the index."""
        changes = self._index.get(index, {})
        unknown = [member for member in members if member not in changes]
        found = {member for member in members if changes.get(member) is not None}
        if unknown:
            (scores,) = self._ask([("ZMSCORE", index, *unknown)])
            found.update(member for member, score in zip(unknown, scores, strict=True) if score is not None)
        return found

    def score(self, index: str, member: bytes) -> float | None:
        """A member's score, or None when it is not in the index."""
        changes = self._index.get(index, {})
        if member in changes:
            return changes[member]
        (found,) = self._ask([("ZSCORE", index, member)])
        return None if found is None else float(found)

    # -- anything else ---------------------------------------------------------------------------------------------

    def ask(self, *command: Arg) -> Any:
        """The reply to a command that changes nothing, or only what may be lost; what this transaction did is not in
        it."""
        return self._ask([command])[0]

    def asks(self, commands: Sequence[Sequence[Arg]]) -> list[Any]:
        """The same for several commands at once."""
        return self._ask(commands)

    def hash(self, key: str) -> dict[bytes, bytes]:
        """A hash as it was when it was asked for first; nothing checks that it is so still."""
        known = self._hashes.get(key)
        if known is None:
            flat = self._ask([("HGETALL", key)])[0]
            known = self._hashes[key] = dict(zip(flat[::2], flat[1::2], strict=True))
        return known

    def increment(self, key: str, field: str, by: int) -> None:
        """Add to a field of a hash."""
        self._increments[key, field] = self._increments.get((key, field), 0) + by

    def prune(self, names: str, named: str, name: bytes) -> None:
        """Take a name out of an index of names where what it names is empty after this transaction."""
        self._prunes[names, named, name] = None

    @property
    def writes(self) -> bool:
        """True when there is anything to be written."""
        return bool(self._written or self._index or self._increments) or not self.program.empty

    def finish(self, stamp: bytes) -> Program:
        """The program that writes all of it; `stamp` (8 bytes) becomes the version of each row."""
        program = self.program
        for key, value in self._written.items():
            if value is None:
                program.deletes.append(key)
            elif key in self._lasting:
                program.expiring[key] = (stamp + value, self._lasting[key])
            else:
                program.sets[key] = stamp + value
        for index, changes in self._index.items():
            adds: list[Arg] = []
            removes: list[bytes] = []
            for member, score in changes.items():
                if score is None:
                    removes.append(member)
                else:
                    adds += (int(score), member)  # whole numbers: exact as the server reads them
            if adds:
                program.adds[index] = [*program.adds.get(index, ()), *adds]
            if removes:
                program.removes[index] = [*program.removes.get(index, ()), *removes]
        program.prunes += self._prunes
        program.increments += [(key, field, by) for (key, field), by in self._increments.items() if by]
        return program

    def committed(self, stamp: bytes) -> None:
        """It happened: what was written is what there is."""
        cache = self._cache
        for key, value in self._written.items():
            if value is None or key in self._lasting:
                cache.drop(key)
            else:
                cache.put(key, stamp + value)

    def undone(self) -> None:
        """It was taken to happen, and did not: nothing is known of what it wrote."""
        for key in self._written:
            self._cache.drop(key)

    def conflicted(self, keys: Sequence[str]) -> None:
        """These rows are not as they were read: read them again, for the next try."""
        cache = self._cache
        for key in keys:
            cache.drop(key)
        if keys:
            for key, value in zip(keys, self._ask([("MGET", *keys)])[0], strict=True):
                if value is not None:
                    cache.put(key, value)


def _plain(value: Arg | float) -> Arg:
    """A score as the server reads it: exact for whole numbers."""
    return int(value) if isinstance(value, float) else value
