"""Parts of subscribers' messages, of a transaction: all sets of one reference are one row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from smsgwd.model.mo import Mo, MoSetKey, pack_mo
from smsgwd.store.redis.base import Base
from smsgwd.store.redis.keys import Keys
from smsgwd.store.rows import MO_COMPLETE, MO_DONE, MO_WAITS, MoRow
from smsgwd.store.work import Work


class MoPartRow(msgspec.Struct, array_like=True, gc=False):
    """One part in a row `mo:`."""

    ref: int  #: of its set: the reference, or that and a multiple of 65536
    seq: int
    status: int  #: rows.MO_...
    received_at: int  #: ms since 1970
    mo: bytes  #: of `model.mo.pack_mo`


#: The value of a row `mo:`.
mo_value: Final = msgspec.msgpack.Encoder().encode
_encode: Final = mo_value
#: A row `mo:` of its value.
mo_parts_of: Final = msgspec.msgpack.Decoder(list[MoPartRow]).decode
#: The set that a member of the indexes stands for, and the member of a set.
mo_set_of: Final = msgspec.msgpack.Decoder(MoSetKey).decode
mo_member: Final[Callable[[MoSetKey], bytes]] = _encode


def mo_indexes(keys: Keys) -> dict[int, str]:
    """The indexes of sets, by the status of parts whose oldest time is the score."""
    return {MO_WAITS: keys.mo_open, MO_COMPLETE: keys.mo_complete, MO_DONE: keys.mo_done}


def mo_entries(rows: Sequence[MoPartRow]) -> dict[int, int]:
    """By which statuses a set of these parts is found, and the time by each: a complete set does not wait."""
    waits = [row.received_at for row in rows if row.status != MO_DONE]
    done = [row.received_at for row in rows if row.status == MO_DONE]
    found: dict[int, int] = {}
    if waits:
        found[MO_COMPLETE if any(row.status == MO_COMPLETE for row in rows) else MO_WAITS] = min(waits)
    if done:
        found[MO_DONE] = min(done)
    return found


class MoWork(Base, Work):
    """That a reference is new is taken for granted where it is not known: the commit finds out."""

    def _mo_row(self, key: MoSetKey) -> tuple[str, list[MoPartRow]]:
        """The row of a set's reference: its name and parts."""
        name = self.keys.mo(*key)
        value = None if self.tx.absent(name) else self.tx.get(name)
        return name, [] if value is None else mo_parts_of(value)

    def _put_mo_row(self, name: str, before: list[MoPartRow], after: list[MoPartRow], key: MoSetKey) -> None:
        """Write what a change made of one set of a row, and what it is found by."""
        if after:
            self.tx.put(name, _encode(after))
        else:
            self.tx.delete(name)
        member, indexes = mo_member(key), mo_indexes(self.keys)
        was = mo_entries([row for row in before if row.ref == key.ref])
        now = mo_entries([row for row in after if row.ref == key.ref])
        for status in was.keys() - now.keys():
            self.tx.remove(indexes[status], member)
        for status, at in now.items():
            if was.get(status) != at:
                self.tx.add(indexes[status], member, at)

    def mo_sets(self, key: MoSetKey, refs: Sequence[int]) -> dict[int, dict[int, MoRow]]:
        """See Work."""
        found: dict[int, dict[int, MoRow]] = {}
        for row in self._mo_row(key)[1]:
            if row.ref in refs:
                found.setdefault(row.ref, {})[row.seq] = MoRow(row.status, row.mo)
        return found

    def put_mo_part(self, key: MoSetKey, seq: int, mo: Mo) -> None:
        """See Work."""
        name, before = self._mo_row(key)
        after = [row for row in before if (row.ref, row.seq) != (key.ref, seq)]
        after.append(MoPartRow(key.ref, seq, MO_WAITS, mo.received_at, pack_mo(mo)))
        self._put_mo_row(name, before, after, key)

    def mark_mo_set(self, key: MoSetKey, status: int, before: int | None = None) -> None:
        """See Work."""
        name, rows = self._mo_row(key)
        after = [
            MoPartRow(row.ref, row.seq, status, row.received_at, row.mo)
            if row.ref == key.ref and (before is None or row.status == before)
            else row
            for row in rows
        ]
        if rows:
            self._put_mo_row(name, rows, after, key)

    def drop_mo_set(self, key: MoSetKey) -> None:
        """See Work."""
        name, rows = self._mo_row(key)
        if rows:
            self._put_mo_row(name, rows, [row for row in rows if row.ref != key.ref], key)

    def drop_mo_parts(self, status: int, before: int, limit: int) -> int:
        """Forget parts that have this status (rows.MO_...) and came before then (ms), the sets with the oldest first;
        how many, `limit` at most."""
        tx, index = self.tx, mo_indexes(self.keys)[status]
        count = 0
        sets = [mo_set_of(member) for member, _ in tx.scored(index, "-inf", before - 1, limit)]
        tx.fetch(self.keys.mo(*key) for key in sets)
        for key in sets:
            name, rows = self._mo_row(key)
            old = [row for row in rows if row.ref == key.ref and row.status == status and row.received_at < before]
            gone = {(row.ref, row.seq) for row in sorted(old, key=lambda row: row.received_at)[: limit - count]}
            if gone:
                self._put_mo_row(name, rows, [row for row in rows if (row.ref, row.seq) not in gone], key)
                count += len(gone)
            if count == limit:
                break
        return count
