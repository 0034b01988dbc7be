"""Receipts without a message, of a transaction: parked until a response has their id, orphans in the end.

A receipt is parked by one node while another takes the response with its id. The one has found no row of the id, the
other none of what is parked under it, and each writes the row that the other found missing: so one of the two commits
is refused, and finds the other's row when it is computed again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from smsgwd.model.receipts import Receipt
from smsgwd.store.redis.base import Base
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.rows import ParkedRow
from smsgwd.store.work import Work

_MAX_ID: Final = (1 << 63) - 1


class ParkedRecord(msgspec.Struct, array_like=True, gc=False):
    """Row `p:`: a receipt and the forms of its id under which it is parked; an orphan has none."""

    receipt: Receipt
    keys: tuple[str, ...]
    orphan: bool = False


_encode: Final = msgspec.msgpack.Encoder().encode
#: A row `p:` of its value.
parked_of: Final = msgspec.msgpack.Decoder(ParkedRecord).decode
_places_of: Final = msgspec.msgpack.Decoder(list[tuple[int, int]]).decode  # number, form


class ParkedWork(Base, Work):
    """That nothing is there is taken for granted where that is usual: the commit finds out."""

    def park(self, receipt: Receipt, keys: Sequence[str]) -> None:
        """See Work."""
        tx, names = self.tx, self.keys
        number = self.memory.number(receipt.received_at)
        while not tx.absent(names.parked(number)):  # another node has made the same
            number = self.memory.number(receipt.received_at)
        forms = tuple(dict.fromkeys(keys))
        for form, key in enumerate(forms):
            name = names.parked_under(receipt.group, key)
            self._put_places(name, [*self._places(name), (number, form)])
        tx.put(names.parked(number), _encode(ParkedRecord(receipt, forms)))
        tx.add(names.parked_age, id8(number), receipt.received_at)

    def may_be_parked(self, group: str, key: str) -> bool:
        """See Work."""
        return not self.tx.absent(self.keys.parked_under(group, key))

    def parked_under(self, group: str, key: str) -> list[ParkedRow]:
        """See Work."""
        places = self._places(self.keys.parked_under(group, key))
        self.tx.fetch([self.keys.parked(number) for number, _ in places])
        found: list[ParkedRow] = []
        for number, form in sorted(places):
            value = self.tx.get(self.keys.parked(number))
            if value is not None:
                found.append(ParkedRow(number, form, parked_of(value).receipt))
        return found

    def unpark(self, number: int) -> None:
        """See Work."""
        tx, names, member = self.tx, self.keys, id8(number)
        value = tx.get(names.parked(number))
        if value is None:
            return
        record = parked_of(value)
        tx.delete(names.parked(number))
        if record.orphan:
            tx.remove(names.orphan_age, member)
            tx.remove(names.orphans, member)
        else:
            tx.remove(names.parked_age, member)
            self._leave(number, record)

    def orphans(self, after: int, limit: int) -> list[ParkedRow]:
        """See Work."""
        if after >= _MAX_ID:
            return []
        members = self.tx.members(self.keys.orphans, id8(max(0, after + 1)), b"", limit)
        return [ParkedRow(number, 0, record.receipt) for number, record in self._records(members)]

    def drop_orphans(self, before: int, limit: int) -> int:
        """See Work."""
        old = [member for member, _ in self.tx.scored(self.keys.orphan_age, "-inf", before - 1, limit)]
        records = self._records(old)
        for number, _ in records:
            self.unpark(number)
        return len(records)

    def orphan_parked(self, before: int, limit: int) -> int:
        """See Work."""
        tx, names = self.tx, self.keys
        old = [member for member, _ in tx.scored(names.parked_age, "-inf", before - 1, limit)]
        records = [each for each in self._records(old) if not each[1].orphan]
        tx.fetch(names.parked_under(record.receipt.group, key) for _, record in records for key in record.keys)
        for number, record in records:
            member, at = id8(number), record.receipt.received_at
            self._leave(number, record)
            tx.put(names.parked(number), _encode(ParkedRecord(record.receipt, (), orphan=True)))
            tx.remove(names.parked_age, member)
            tx.add(names.orphan_age, member, at)
            tx.add(names.orphans, member)
        return len(records)

    def _records(self, members: Iterable[bytes]) -> list[tuple[int, ParkedRecord]]:
        """The rows of these members of an index, those that are there, read at once."""
        numbers = [number_of(member) for member in members]
        self.tx.fetch([self.keys.parked(number) for number in numbers])
        found: list[tuple[int, ParkedRecord]] = []
        for number in numbers:
            value = self.tx.get(self.keys.parked(number))
            if value is not None:
                found.append((number, parked_of(value)))
        return found

    def _places(self, name: str) -> list[tuple[int, int]]:
        """What is parked under a form of an id, by the name of its row."""
        value = None if self.tx.absent(name) else self.tx.get(name)
        return [] if value is None else _places_of(value)

    def _put_places(self, name: str, places: list[tuple[int, int]]) -> None:
        if places:
            self.tx.put(name, _encode(places))
        else:
            self.tx.delete(name)

    def _leave(self, number: int, record: ParkedRecord) -> None:
        """It is parked under none of its forms any more."""
        for key in record.keys:
            name = self.keys.parked_under(record.receipt.group, key)
            places = self._places(name)
            left = [place for place in places if place[0] != number]
            if len(left) < len(places):
                self._put_places(name, left)
