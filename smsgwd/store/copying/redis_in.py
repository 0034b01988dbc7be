"""Records into the Redis store, under a prefix that has nothing yet.

Each page of records is one commit, as any other: what a message is found by, and its place in a queue, are made as for
one that comes. While it lasts a row `meta:importing` says that not all is there. In a move records are taken back,
too: what a record has written is said once, in `_add`, and a transaction that takes undoes it (`redis_takes`).
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from smsgwd.model.message import FINAL_FROM
from smsgwd.model.mo import MoSetKey
from smsgwd.store.copying import records as r
from smsgwd.store.copying.records import Copy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.copying.redis_takes import Putting, Taking
from smsgwd.store.redis.archived import row_of
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.blocking import Calls
from smsgwd.store.redis.books import EntryRest
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
from smsgwd.store.redis.tx import STAMP

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
        # What several records share, of all that there are: `finish` writes what has changed of it.
        self._tenants: set[str] = set()
        self._owing: Counter[str] = Counter()  # open messages that are not free, by tenant
        self._unknown: set[str] = set()  # tenants that a row says of that they owe, and are not known
        self._opted: Counter[str] = Counter()  # numbers on lists, by tenant
        self._booked: set[str] = set()  # tenants whose entries have changed
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)  # of parked receipts, by row
        self._moved: set[str] = set()  # those of these rows that have changed
        self._mo: dict[str, tuple[MoSetKey, list[MoPartRow]]] = {}
        self._refs: dict[str, set[int]] = defaultdict(set)  # sets that have changed, by row

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
        await self._all(Putting(), records)

    async def take(self, records: list[Copy]) -> None:
        """The opposite of `put`, of records that were put just so, in one commit. Take all that is gone or other before
        anything is put: records have keys of each other's. Numbers that were given stay given, and names of groups and
        of queues stay, as they do in a store at work."""
        await self._all(Taking(self._ask.keys.queues), records)

    async def _all(self, tx: Putting, records: list[Copy]) -> None:
        for record in records:
            await self._add(tx, record)
        await self._commit(tx)

    async def _commit(self, tx: Putting) -> None:
        if not tx.writes:
            return
        conflicts = await self._function("smsgwd_commit", *tx.finish(self._stamp).encode())
        if conflicts:
            raise ValueError(f"{_MISSING}{conflicts!r}")

    async def _add(self, tx: Putting, record: Copy) -> None:
        keys = self._ask.keys
        match record:
            case r.MessageCopy():
                self._message(tx, record)
            case r.PushCopy():
                self._push(tx, record)
            case r.EntryCopy():
                self._entry(tx, record)
            case r.TenantCopy(tenant):
                (self._tenants.discard if tx.taking else self._tenants.add)(tenant.id)
                tx.put(keys.tenant(tenant.id), pack_tenant(tenant))
                tx.add(keys.tenants, tenant.id.encode())
                for each in tenant.credentials:
                    tx.put(keys.credential(each.kind, each.name), tenant.id.encode())
            case r.TallyCopy(name, tally):
                counts = msgspec.structs.asdict(tally)
                tx.set(keys.tally(name), [word for pair in counts.items() for word in pair])
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
                self._mo_part(record, tx.taking)
            case r.OptOutCopy(name, msisdn, at, source):
                tx.put(keys.opted_out(name, msisdn), _encode(OptOutRow(at, source)))
                tx.add(keys.opt_outs(name), msisdn.encode())
                self._opted[name] += tx.sign
            case r.AuditCopy(entry):
                tx.put(keys.audit(entry.id), pack_audit(entry))
                tx.add(keys.audits, id8(entry.id))
                tx.add(keys.audit_age, id8(entry.id), entry.at)
            case r.FinalCopy(seq, number, charged):
                tx.add(keys.finals, id8(number) + id8(charged), seq)
                tx.add(keys.final_ids, id8(number))
            case r.Numbers():
                await self._numbers(tx, record)

    def _message(self, tx: Putting, copy: r.MessageCopy) -> None:
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
            if not tx.taking:
                tx.add(keys.groups, group.encode())
        if copy.ref is not None:
            tx.put(keys.used_ref(message.tenant, copy.ref), member)
        if row.state < FINAL_FROM and message.price:
            self._owing[message.tenant] += tx.sign

    def _push(self, tx: Putting, copy: r.PushCopy) -> None:
        keys, member = self._ask.keys, id8(copy.number)
        row = PushRow(*msgspec.structs.astuple(copy)[1:])
        tx.put(keys.push(copy.number), _encode(row))
        tx.add(keys.pushes, member)
        if row.status == DONE:
            tx.add(keys.pushes_done, member, row.done_at or 0)
        elif row.status == DEAD:
            tx.add(keys.dead(row.target), member)
            tx.name(keys.dead_targets, keys.dead(row.target), row.target.encode())
        else:
            tx.add(keys.pending(row.target), member, row.due_at)
            tx.name(keys.targets, keys.pending(row.target), row.target.encode())

    def _entry(self, tx: Putting, copy: r.EntryCopy) -> None:
        """The sums after it stay as they were told; those after the last one are the tenant's (`finish`)."""
        keys = self._ask.keys
        rest = EntryRest(
            copy.kind, copy.at, copy.amount, copy.reserved, copy.messages, copy.parts, copy.message, copy.reference,
            copy.note,
        )  # fmt: skip
        member = f"{copy.number}|{copy.balance}|{copy.held}|".encode() + _encode(rest)
        tx.add(keys.ledger(copy.tenant), member, copy.number)
        self._booked.add(copy.tenant)
        if copy.reference is not None:
            tx.put(keys.reference(copy.tenant, copy.reference), b"")

    def _parked(self, tx: Putting, copy: r.ParkedCopy) -> None:
        keys, member, at = self._ask.keys, id8(copy.number), copy.receipt.received_at
        tx.put(keys.parked(copy.number), _encode(ParkedRecord(copy.receipt, tuple(copy.keys), copy.orphan)))
        if copy.orphan:
            tx.add(keys.orphan_age, member, at)
            tx.add(keys.orphans, member)
        else:
            tx.add(keys.parked_age, member, at)
        for form, key in enumerate(copy.keys):
            name = keys.parked_under(copy.receipt.group, key)
            (self._places[name].remove if tx.taking else self._places[name].append)((copy.number, form))
            self._moved.add(name)

    def _link(self, tx: Putting, copy: r.LinkCopy) -> None:
        keys, view, link = self._ask.keys, copy.link, copy.link.link
        row = LinkRow.of(link)
        row.clicks, row.bots, row.first_at, row.last_at = view.clicks, view.bots, view.first_at, view.last_at
        tx.put(keys.link(link.code), row.pack())
        tx.add(keys.links(link.tenant), link_member(link.message_id, link.code))
        tx.add(keys.link_expiry, link.code.encode(), link.expires_at)

    def _lookup(self, tx: Putting, copy: r.LookupCopy) -> None:
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
            tx.name(keys.lookup_networks, keys.networks_of(lookup.msisdn), lookup.msisdn.encode())

    def _mo_part(self, copy: r.MoPartCopy, taking: bool) -> None:
        key = MoSetKey(copy.group, copy.source, copy.dest, copy.ref, copy.total, copy.width)
        name = self._ask.keys.mo(*key)
        rows = self._mo.setdefault(name, (key, []))[1]
        (rows.remove if taking else rows.append)(MoPartRow(copy.ref, copy.seq, copy.status, copy.received_at, copy.mo))
        self._refs[name].add(copy.ref)

    async def _numbers(self, tx: Putting, numbers: r.Numbers) -> None:
        if tx.taking:
            return
        keys = self._ask.keys
        tx.set(keys.numbers, ["", numbers.push])
        tx.put(keys.audit_number, str(numbers.audit).encode())
        await self._write("SET", keys.final_number, numbers.final)
        await self._write("SET", keys.entry, numbers.entry)

    async def finish(self) -> None:
        """What follows from the records is there; then it is a store. Again whenever records were taken or put."""
        tx = Putting()
        for name in self._moved:
            places = sorted(self._places[name])
            tx.put_or_delete(name, _encode(places) if places else None)
            if not places:
                del self._places[name]
        self._moved.clear()
        self._mo_sets(tx)
        self._of_tenants(tx)
        await self._commit(tx)
        await self._accounts()

    def _mo_sets(self, tx: Putting) -> None:
        """Rows of parts of subscribers' messages that have changed, and what they are found by."""
        indexes = mo_indexes(self._ask.keys)
        for name, refs in self._refs.items():
            key, rows = self._mo[name]
            rows.sort(key=lambda row: (row.ref, row.seq))
            tx.put_or_delete(name, mo_value(rows) if rows else None)
            for ref in refs:
                member = mo_member(key._replace(ref=ref))
                found = mo_entries([row for row in rows if row.ref == ref])
                for status, index in indexes.items():
                    if status in found:
                        tx.add(index, member, found[status])
                    else:
                        tx.remove(index, member)
            if not rows:
                del self._mo[name]
        self._refs.clear()

    def _of_tenants(self, tx: Putting) -> None:
        """Who has lists, and who owes and is not known."""
        keys = self._ask.keys
        opted, owing = (sorted(name for name, count in each.items() if count) for each in (self._opted, self._owing))
        tx.put_or_delete(keys.opted, _encode(opted) if opted else None)
        unknown = set(owing) - self._tenants
        for name in self._unknown | unknown:
            tx.put_or_delete(keys.unknown(name), b"" if name in unknown else None)
        self._unknown = unknown

    async def _accounts(self) -> None:
        """Tenants whose entries have changed have the sums after the last one."""
        keys, names = self._ask.keys, sorted(self._booked)
        for at in range(0, len(names), PAGE):
            page, tx = names[at : at + PAGE], Putting()
            last = await self._ask.several([("ZRANGE", keys.ledger(name), -1, -1) for name in page])
            for name, found in zip(page, last, strict=True):
                if found:
                    number, balance, held, _ = found[0].split(b"|", 3)
                    tx.set(keys.account(name), ["b", balance, "h", held, "n", number])
                else:
                    tx.delete(keys.account(name))
            await self._commit(tx)
        self._booked.clear()

    async def done(self, fsync_ms: int) -> None:
        """It was compared with what it was made from: it may be used. As `on_disk`."""
        await self.on_disk(fsync_ms)
        await self._write("UNLINK", self._mark)

    async def on_disk(self, fsync_ms: int) -> None:
        """With `fsync_ms` the server must have what was written on its disk within that time. Raises ValueError where
        it has not."""
        if fsync_ms:
            wait: tuple[Arg, ...] = ("WAITAOF", 1, 0, fsync_ms)
            _, (fsynced, _) = await self._confirmed("smsgwd_settle", [self._mark], [self._stamp, self._stamp], wait)
            if not fsynced:
                raise ValueError("the server has not fsynced what was written; do it once more")

    async def abandon(self) -> None:
        """Nothing of it is left."""
        await self._delete([name async for name in RedisSource(self._ask).names() if not name.startswith(_BESIDES)])
        await self._write("UNLINK", self._mark)
