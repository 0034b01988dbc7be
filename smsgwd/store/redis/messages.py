"""Messages in one transaction: rows read and changed one by one, written with their index entries at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, cast

from smsgwd.model.message import FINAL_FROM, Message
from smsgwd.store.redis.base import Base, Taken
from smsgwd.store.redis.indexes import enter, leave, requeue
from smsgwd.store.redis.keys import id8, queued
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.rows import RedisRow, new_row, pack_row, pack_smsc, row_from, smsc_of, taken_parts
from smsgwd.store.redis.tx import Tx
from smsgwd.store.rows import LONGEST_DETAIL, MOST_EVENTS, TOUCHED, PartRow, Row
from smsgwd.store.work import Work

_MAX_ID: Final = (1 << 63) - 1
_FINAL: Final = int(FINAL_FROM)
_MOST_MAPPED: Final = 1024  # SMSC ids of one message, four ways of 255 parts


class MessageWork(Base, Work):
    """Rows of messages. `flush` before indexes of messages are read, `write_messages` at the end."""

    def __init__(self, tx: Tx, memory: Memory) -> None:
        super().__init__(tx, memory)
        self._rows: dict[int, RedisRow] = {}
        self._dirty: dict[int, RedisRow] = {}  # all that were changed; what is touched is not written yet
        self._again: set[int] = set()  # to be queued anew, be it in the same place
        self._gone: list[RedisRow] = []
        self._later: list[int] = []
        self._new: dict[str, list[bytes]] = {}  # by tenant, in the order they came
        self._finals: list[bytes] = []
        self._epoch = memory.epoch  # before `Memory.room` is asked
        self._mine: list[int] = []  # became ready, and are claimed

    # -- reading ---------------------------------------------------------------------------------------------------

    def prefetch(self, ids: Iterable[int]) -> None:
        """See Work."""
        rows, key = self._rows, self.keys.message
        self.tx.fetch([key(number) for number in ids if number not in rows and 0 <= number <= _MAX_ID])

    def row(self, message_id: int) -> RedisRow | None:
        """See Work."""
        row = self._rows.get(message_id)
        if row is None:
            if not 0 <= message_id <= _MAX_ID:
                return None
            value = self.tx.get(self.keys.message(message_id))
            if value is None:
                return None
            row = self._rows[message_id] = row_from(value)
        return row

    def by_smsc(self, group: str, key: str) -> tuple[Row, int] | None:
        """See Work."""
        value = self.tx.get(self.keys.smsc(group, key))
        if value is None:
            return None
        number, place = smsc_of(value)
        row = self.row(number)
        return None if row is None else (row, place)

    def known(self, group: str, key: str) -> tuple[Row, int] | None:
        """See Work."""
        value = self.tx.peek(self.keys.smsc(group, key))
        if value is None:
            return None
        number, place = smsc_of(value)
        row = self._rows.get(number)
        if row is None:
            found = self.tx.peek(self.keys.message(number))
            if found is None:
                return None
            row = self._rows[number] = row_from(found)
        return row, place

    def parts(self, row: Row) -> dict[int, PartRow]:
        """See Work: they are in the message's record."""
        if row.known is None:
            row.known = {}
        return row.known

    def told(self, message_id: int, kind: str, detail: str) -> bool:
        """See Work."""
        row = self.row(message_id)
        if row is None:
            return False
        detail = detail[:LONGEST_DETAIL]
        return len(row.events) >= MOST_EVENTS or any(event[1] == kind and event[2] == detail for event in row.events)

    def was_held(self, message_id: int) -> bool:
        """See Work."""
        row = self.row(message_id)
        return row is not None and any(event[1] == "held" for event in row.events)

    def body(self, row: Row) -> bytes:
        """See Work."""
        return row.told.body

    def taken_parts(self, message_id: int) -> frozenset[int]:
        """See Work."""
        row = self.row(message_id)
        return frozenset() if row is None else taken_parts(row)

    def out(self, row: Row) -> bool:
        """See Work; also for what another node has claimed: it may be on its way."""
        return self.elsewhere(row) or super().out(row)

    def elsewhere(self, row: Row) -> bool:
        """See Work: another node has claimed it, as far as the server has said so."""
        claimed = self.memory.claimed
        if not claimed:
            return False
        place = cast(RedisRow, row).queued
        return place is not None and queued(place[1], row.id) in claimed

    # -- changing --------------------------------------------------------------------------------------------------

    def insert(self, messages: Sequence[Message]) -> None:
        """See Work. Raises Taken for an id that is. The server counts and numbers them."""
        rows, dirty, new = self._rows, self._dirty, self._new
        tx, keys = self.tx, self.keys
        everyone = keys.messages
        for message in messages:
            number, tenant = message.id, message.tenant
            if number in rows or not tx.absent(keys.message(number)):
                raise Taken(f"there is a message {number}")
            row = rows[number] = dirty[number] = new_row(message)
            row.touched = TOUCHED
            if row.state == 0:
                self.counts.of(tenant).scheduled += 1
                self._later.append(number)
            member = id8(number)
            tx.add(everyone, member)
            tx.add(keys.of_tenant(tenant), member)
            numbered = new.get(tenant)
            if numbered is None:
                new[tenant] = [member]
            else:
                numbered.append(member)

    def changed(self, row: Row, touched: int = TOUCHED) -> None:
        """See Work."""
        if not row.touched:
            self._dirty[row.id] = cast(RedisRow, row)
        row.touched |= touched

    def later(self, row: Row) -> None:
        """See Work."""
        self._later.append(row.id)
        self.changed(row)

    def put_part(self, row: Row, part: PartRow) -> None:
        """See Work."""
        self.parts(row)[part.part] = part
        self.changed(row)

    def drop_parts(self, row: Row) -> None:
        """See Work."""
        row.known = {}
        self.changed(row)

    def map_smsc(self, group: str, key: str, message_id: int, place: int) -> None:
        """See Work. The message remembers its latest ids, so that they can go with it."""
        self.tx.put(self.keys.smsc(group, key), pack_smsc(message_id, place))
        self.tx.add(self.keys.groups, group.encode())
        row = self.row(message_id)
        if row is None:
            return
        mapped = row.mapped
        pair = (group, key)
        if mapped and pair in mapped:
            return
        mapped.append(pair)
        if len(mapped) > _MOST_MAPPED:
            self._unmap(row, [mapped.pop(0)])
        self.changed(row)

    def event(
        self,
        message_id: int,
        at: int,
        kind: str,
        detail: str = "",
        *,
        connector: str | None = None,
        smsc_id: str | None = None,
        smpp_status: int | None = None,
        latency: int | None = None,
    ) -> None:
        """See Work."""
        row = self.row(message_id)
        if row is None or len(row.events) >= MOST_EVENTS:
            return
        detail = detail[:LONGEST_DETAIL]
        row.events.append((at, kind, detail, connector or None, smsc_id or None, smpp_status, latency))
        self.changed(row)

    def pushed(self, message_id: int, push: int) -> None:
        """A push is about this message: the message remembers that."""
        row = self.row(message_id)
        if row is not None:
            row.pushes.append(push)
            self.changed(row)

    def final(self, message_id: int, charged: int) -> None:
        """See Work: the server numbers them."""
        member = id8(message_id)
        self._finals.append(member + id8(charged))
        self.tx.add(self.keys.final_ids, member)

    def replace(self, message: Message) -> None:
        """See Work. It is queued anew, so that nobody sends the one that was there before."""
        row = self.row(message.id)
        assert row is not None
        old, new = row.told, new_row(message)
        told = new.told
        told.submission, told.tenant, told.submitted_at = old.submission, old.tenant, old.submitted_at
        row.told = told
        row.retold()
        row.parts, row.known = new.parts, (row.known or {}) if new.parts > 1 else None
        row.state, row.connector, row.due_at, row.attempts = new.state, new.connector, new.due_at, new.attempts
        row.tried, row.fallback, row.hops = new.tried, new.fallback, new.hops
        self._again.add(row.id)
        self.changed(row)

    def forget(self, *rows: RedisRow) -> None:
        """Delete messages that have ended, with their SMSC ids and used references: many at once cost two round trips.
        What else is about them (pushes, links) is not touched."""
        tx, keys = self.tx, self.keys
        tx.fetch([keys.smsc(*pair) for row in rows for pair in row.mapped])
        tx.fetch([keys.used_ref(row.told.tenant, row.ref) for row in rows if row.ref is not None])
        for row in rows:
            self._unmap(row, row.mapped)
            if row.ref is not None:
                key = keys.used_ref(row.told.tenant, row.ref)
                if tx.get(key) == id8(row.id):
                    tx.delete(key)
            leave(tx, self.memory, row)
            tx.delete(keys.message(row.id))
            if self._new:  # it may have come in this transaction, and is numbered at its end
                tx.prune(keys.history(row.told.tenant), keys.message(row.id), id8(row.id))
            row.touched = 0
            self._dirty.pop(row.id, None)
            self._rows.pop(row.id, None)
            self._gone.append(row)

    def _unmap(self, row: RedisRow, pairs: Iterable[tuple[str, str]]) -> None:
        """These SMSC ids stand for nothing any more, as far as they stand for this message."""
        for group, key in pairs:
            name = self.keys.smsc(group, key)
            value = self.tx.get(name)
            if value is not None and smsc_of(value)[0] == row.id:
                self.tx.delete(name)

    # -- writing ---------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """What was changed so far is what rows and indexes of the transaction say."""
        tx, memory, key = self.tx, self.memory, self.keys.message
        for row in self._dirty.values():
            if row.touched:
                row.touched = 0
                tx.put(key(row.id), pack_row(row))
                enter(tx, memory, row)

    def write_messages(self) -> None:
        """Write all of it: once, at the end of the transaction."""
        self.flush()
        self._mine = requeue(self.tx, self.memory, (*self._dirty.values(), *self._gone), self._again)
        program, keys = self.tx.program, self.keys
        for tenant, members in self._new.items():
            program.numbered.append((keys.tally(tenant), keys.history(tenant), members))
        if self._finals:
            program.finals = (keys.final_number, keys.finals, self._finals)

    def claimed_messages(self) -> None:
        """It happened: what is claimed may be sent."""
        if self._mine:
            self.memory.has_claimed(self._mine, self._epoch)

    def forget_messages(self) -> None:
        """It happens: what ended, or waits, is not worth remembering."""
        drop, keys = self.memory.cache.drop, self.keys
        for row in self._dirty.values():
            if row.state >= _FINAL:
                drop(keys.message(row.id))
                for pair in row.mapped:
                    drop(keys.smsc(*pair))
        for number in self._later:
            drop(keys.message(number))
