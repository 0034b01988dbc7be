"""Records into the Redis store, under a prefix that has nothing yet.

Each page of records is one commit, as any other: what a message is found by, and its place in a queue, are made as for
one that comes. While it lasts a row `meta:importing` says that not all is there.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.message import FINAL_FROM
from smsgwd.model.mo import MoSetKey
from smsgwd.store.copying import records as r
from smsgwd.store.copying.records import Copy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.redis.archived import row_of
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.books import EntryRest
from smsgwd.store.redis.cache import Cache
from smsgwd.store.redis.indexes import enter, requeue
from smsgwd.store.redis.kept import (
    LinkRow,
    link_member,
    named,
    pack_audit,
    pack_lookup,
    pack_record,
    tells,
    tells_network,
)
from smsgwd.store.redis.keys import id8
from smsgwd.store.redis.memory import Memory
from smsgwd.store.redis.mo import MoPartRow, mo_entries, mo_indexes, mo_member, mo_value
from smsgwd.store.redis.moved import moved_text
from smsgwd.store.redis.optouts import OptOutRow
from smsgwd.store.redis.parked import ParkedRecord
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.pushes import DEAD, DONE, PushRow
from smsgwd.store.redis.rows import pack_row, pack_smsc
from smsgwd.store.redis.submissions import RefusedRow, answer_value, refused_value
from smsgwd.store.redis.tenants import pack_tenant
from smsgwd.store.redis.tx import STAMP, Tx

#: Keys (or their beginnings) of what nodes tell each other, which is no content.
_BESIDES: Final = ("node", "owned", "said", "changed", "rate:", "w:", "d:", "eb:", "meta:importing", "meta:moved")
_GONE: Final = 500  # keys deleted at once
_MISSING: Final = "the server did not take it as a commit: "
_encode: Final = msgspec.msgpack.Encoder().encode


class NotEmpty(ValueError):  # noqa: N818 -- named after what it says
    """There is something under the prefix already."""


class RedisCopy:
    """Writes records. Raises errors.Unreachable and errors.Refused."""

    def __init__(self, ask: Asking, server: Calls) -> None:
        self._ask = ask
        self._function = server.function
        self._write = server.call
        self._confirmed = server.confirmed
        self._mark = ask.keys.importing
        self._memory = Memory(ask.keys, "")
        self._stamp = os.urandom(STAMP)
        self._tenants: set[str] = set()
        self._owing: set[str] = set()  # tenants of open messages that are not free
        self._opted: set[str] = set()
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)  # of parked receipts, by row
        self._mo: dict[str, tuple[MoSetKey, list[MoPartRow]]] = {}

    async def begin(self) -> None:
        """Raises NotEmpty when there is anything but what an import has left that did not come to its end, and when
        what there is was moved elsewhere."""
        moved = await self._ask.call("GET", self._ask.keys.moved)
        if moved is not None:
            raise NotEmpty(moved_text(self._ask.keys, moved))
        names = [name async for name in RedisSource(self._ask).names() if not name.startswith(_BESIDES)]
        if names and not await RedisSource(self._ask).unfinished():
            raise NotEmpty(f"there is a store under {self._ask.keys.base} already")
        await self._write("SET", self._mark, self._stamp)
        await self._delete(names)

    async def _delete(self, names: Sequence[str]) -> None:
        base = self._ask.keys.base
        for at in range(0, len(names), _GONE):
            await self._write("UNLINK", *(f"{base}{name}" for name in names[at : at + _GONE]))

    async def put(self, records: list[Copy]) -> None:
        """Add records, in one commit."""
        tx = self._tx()
        for record in records:
            await self._add(tx, record)
        await self._commit(tx)

    def _tx(self) -> Tx:
        def ask(_: Sequence[Sequence[Arg]]) -> list[Any]:
            raise AssertionError("nothing is read")

        return Tx(ask, Cache())

    async def _commit(self, tx: Tx) -> None:
        if not tx.writes:
            return
        conflicts = await self._function("smsgwd_commit", *tx.finish(self._stamp).encode())
        if conflicts:
            raise ValueError(f"{_MISSING}{conflicts!r}")

    async def _add(self, tx: Tx, record: Copy) -> None:
        keys = self._ask.keys
        match record:
            case r.MessageCopy():
                self._message(tx, record)
            case r.PushCopy():
                self._push(tx, record)
            case r.EntryCopy():
                self._entry(tx, record)
            case r.TenantCopy(tenant):
                self._tenants.add(tenant.id)
                tx.put(keys.tenant(tenant.id), pack_tenant(tenant))
                tx.add(keys.tenants, tenant.id.encode())
                for each in tenant.credentials:
                    tx.put(keys.credential(each.kind, each.name), tenant.id.encode())
            case r.TallyCopy(name, tally):
                counts = msgspec.structs.asdict(tally)
                tx.program.settings[keys.tally(name)] = [word for pair in counts.items() for word in pair]
            case r.ParkedCopy():
                self._parked(tx, record)
            case r.AnswerCopy(name, key):
                tx.put(keys.answer(name, key), answer_value(record.kept))
                tx.add(keys.answers, named(name, key), record.made_at)
            case r.RefusedCopy(submission, name, codes):
                tx.put(keys.refused(submission), refused_value(RefusedRow(name, dict(codes))))
                tx.add(keys.refusals, id8(submission))
            case r.RecordCopy(kept):
                tx.put(keys.record(kept.kind, kept.tenant, kept.key), pack_record(kept))
                tx.add(keys.records(kept.kind), named(kept.tenant, kept.key))
            case r.LinkCopy():
                self._link(tx, record)
            case r.LookupCopy():
                self._lookup(tx, record)
            case r.MoPartCopy():
                self._mo_part(record)
            case r.OptOutCopy(name, msisdn, at, source):
                tx.put(keys.opted_out(name, msisdn), _encode(OptOutRow(at, source)))
                tx.add(keys.opt_outs(name), msisdn.encode())
                self._opted.add(name)
            case r.AuditCopy(entry):
                tx.put(keys.audit(entry.id), pack_audit(entry))
                tx.add(keys.audits, id8(entry.id))
                tx.add(keys.audit_age, id8(entry.id), entry.at)
            case r.FinalCopy(seq, number, charged):
                tx.add(keys.finals, id8(number) + id8(charged), seq)
                tx.add(keys.final_ids, id8(number))
            case r.Numbers():
                await self._numbers(tx, record)

    def _message(self, tx: Tx, copy: r.MessageCopy) -> None:
        keys, message = self._ask.keys, copy.message
        row = row_of(copy)
        member = id8(row.id)
        tx.put(keys.message(row.id), pack_row(row))
        tx.add(keys.messages, member)
        tx.add(keys.of_tenant(message.tenant), member)
        tx.add(keys.history(message.tenant), member, copy.seq)
        enter(tx, self._memory, row)
        requeue(tx, self._memory, (row,), set())
        for group, key, place in copy.smsc:
            tx.put(keys.smsc(group, key), pack_smsc(row.id, place))
            tx.add(keys.groups, group.encode())
        if copy.ref is not None:
            tx.put(keys.used_ref(message.tenant, copy.ref), member)
        if row.state < FINAL_FROM and message.price:
            self._owing.add(message.tenant)

    def _push(self, tx: Tx, copy: r.PushCopy) -> None:
        keys, member = self._ask.keys, id8(copy.number)
        row = PushRow(*msgspec.structs.astuple(copy)[1:])
        tx.put(keys.push(copy.number), _encode(row))
        tx.add(keys.pushes, member)
        if row.status == DONE:
            tx.add(keys.pushes_done, member, row.done_at or 0)
        elif row.status == DEAD:
            tx.add(keys.dead(row.target), member)
            tx.add(keys.dead_targets, row.target.encode())
        else:
            tx.add(keys.pending(row.target), member, row.due_at)
            tx.add(keys.targets, row.target.encode())

    def _entry(self, tx: Tx, copy: r.EntryCopy) -> None:
        """The sums after it stay as they were told; those after the last one are the tenant's."""
        keys = self._ask.keys
        rest = EntryRest(
            copy.kind, copy.at, copy.amount, copy.reserved, copy.messages, copy.parts, copy.message, copy.reference,
            copy.note,
        )  # fmt: skip
        member = f"{copy.number}|{copy.balance}|{copy.held}|".encode() + _encode(rest)
        tx.add(keys.ledger(copy.tenant), member, copy.number)
        sums: list[Arg] = ["b", copy.balance, "h", copy.held, "n", copy.number]
        tx.program.settings[keys.account(copy.tenant)] = sums
        if copy.reference is not None:
            tx.put(keys.reference(copy.tenant, copy.reference), b"")

    def _parked(self, tx: Tx, copy: r.ParkedCopy) -> None:
        keys, member, at = self._ask.keys, id8(copy.number), copy.receipt.received_at
        tx.put(keys.parked(copy.number), _encode(ParkedRecord(copy.receipt, tuple(copy.keys), copy.orphan)))
        if copy.orphan:
            tx.add(keys.orphan_age, member, at)
            tx.add(keys.orphans, member)
        else:
            tx.add(keys.parked_age, member, at)
        for form, key in enumerate(copy.keys):
            self._places[keys.parked_under(copy.receipt.group, key)].append((copy.number, form))

    def _link(self, tx: Tx, copy: r.LinkCopy) -> None:
        keys, view, link = self._ask.keys, copy.link, copy.link.link
        row = LinkRow.of(link)
        row.clicks, row.bots, row.first_at, row.last_at = view.clicks, view.bots, view.first_at, view.last_at
        tx.put(keys.link(link.code), row.pack())
        tx.add(keys.links(link.tenant), link_member(link.message_id, link.code))
        tx.add(keys.link_expiry, link.code.encode(), link.expires_at)

    def _lookup(self, tx: Tx, copy: r.LookupCopy) -> None:
        keys, lookup, member = self._ask.keys, copy.lookup, id8(copy.lookup.id)
        tx.put(keys.lookup(lookup.id), pack_lookup(lookup))
        tx.add(keys.lookups, member)
        tx.add(keys.lookup_request(lookup.tenant, lookup.request), member)
        if not lookup.facts.state.final:
            tx.add(keys.lookups_open, member)
        if tells(lookup):
            tx.add(keys.lookups_of(lookup.msisdn), member, lookup.done_at or 0)
        if tells_network(lookup):
            tx.add(keys.networks_of(lookup.msisdn), member, lookup.done_at or 0)
            tx.add(keys.lookup_networks, lookup.msisdn.encode())

    def _mo_part(self, copy: r.MoPartCopy) -> None:
        key = MoSetKey(copy.group, copy.source, copy.dest, copy.ref, copy.total, copy.width)
        rows = self._mo.setdefault(self._ask.keys.mo(*key), (key, []))[1]
        rows.append(MoPartRow(copy.ref, copy.seq, copy.status, copy.received_at, copy.mo))

    async def _numbers(self, tx: Tx, numbers: r.Numbers) -> None:
        keys = self._ask.keys
        tx.program.settings[keys.numbers] = ["", numbers.push]
        tx.put(keys.audit_number, str(numbers.audit).encode())
        await self._write("SET", keys.final_number, numbers.final)
        await self._write("SET", keys.entry, numbers.entry)

    async def finish(self) -> None:
        """What follows from the records is there; then it is a store."""
        keys = self._ask.keys
        tx = self._tx()
        for name, places in self._places.items():
            tx.put(name, _encode(places))
        indexes = mo_indexes(keys)
        for name, (key, rows) in self._mo.items():
            tx.put(name, mo_value(rows))
            for ref in {row.ref for row in rows}:
                member = mo_member(key._replace(ref=ref))
                for status, at in mo_entries([row for row in rows if row.ref == ref]).items():
                    tx.add(indexes[status], member, at)
        if self._opted:
            tx.put(keys.opted, _encode(sorted(self._opted)))
        for name in self._owing - self._tenants:
            tx.put(keys.unknown(name), b"")
        await self._commit(tx)

    async def done(self, fsync_ms: int) -> None:
        """It was compared with what it was made from: it may be used. With `fsync_ms` the server must have it on its
        disk within that time. Raises ValueError where it has not."""
        if fsync_ms:
            wait: tuple[Arg, ...] = ("WAITAOF", 1, 0, fsync_ms)
            _, (fsynced, _) = await self._confirmed("smsgwd_settle", [self._mark], [self._stamp, self._stamp], wait)
            if not fsynced:
                raise ValueError("the server has not fsynced what was written; do it once more")
        await self._write("UNLINK", self._mark)

    async def abandon(self) -> None:
        """Nothing of it is left."""
        await self._delete([name async for name in RedisSource(self._ask).names() if not name.startswith(_BESIDES)])
        await self._write("UNLINK", self._mark)
