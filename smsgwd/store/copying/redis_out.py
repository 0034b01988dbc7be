"""What the Redis store holds, as records. It must not be written to meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from smsgwd.model.operators import AuditEntry
from smsgwd.model.records import KINDS
from smsgwd.model.tally import Tally
from smsgwd.model.tenant import EsmeSettings, Tenant
from smsgwd.store.copying.records import (
    AnswerCopy,
    AuditCopy,
    Copy,
    EntryCopy,
    FinalCopy,
    LinkCopy,
    LookupCopy,
    MessageCopy,
    MoPartCopy,
    Numbers,
    OptOutCopy,
    ParkedCopy,
    PushCopy,
    RecordCopy,
    RefusedCopy,
    TallyCopy,
    TenantCopy,
)
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.books import EntryRest
from smsgwd.store.redis.kept import audit_from, link_from, lookup_from, record_from
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.mo import mo_indexes, mo_parts_of, mo_set_of
from smsgwd.store.redis.optouts import opt_out_of
from smsgwd.store.redis.parked import parked_of
from smsgwd.store.redis.pushes import push_from
from smsgwd.store.redis.rows import RedisRow, message_of, row_from, smsc_of
from smsgwd.store.redis.submissions import answer_of, answer_place, refused_of
from smsgwd.store.redis.tenants import tenant_from
from smsgwd.store.redis.tx import STAMP

_LOOKED_AT: Final = 1000  # keys by one step of a scan
_rest_of: Final = msgspec.msgpack.Decoder(EntryRest).decode
_opted_of: Final = msgspec.msgpack.Decoder(set[str]).decode

#: Members of an index with their scores: the records of those whose rows are there.
Look = Callable[[list[tuple[bytes, int]]], Awaitable[list[Copy]]]


class RedisSource:
    """Reads everything under the store's keys. Raises errors.Unreachable and errors.Refused."""

    def __init__(self, ask: Asking) -> None:
        self._ask = ask
        self._keys = ask.keys

    async def count(self) -> int:
        """How many messages there are."""
        return int(await self._ask.call("ZCARD", self._keys.messages))

    async def unfinished(self) -> bool:
        """Whether what is there is a piece of an import."""
        return bool(await self._ask.call("EXISTS", self._keys.importing))

    async def nodes(self) -> list[str]:
        """Names of the gateways that work on it, sorted."""
        names = [name.decode() for name in await self._ask.call("HKEYS", self._keys.nodes)]
        leases = await self._ask.several([("EXISTS", self._keys.node(name)) for name in names])
        return sorted(name for name, there in zip(names, leases, strict=True) if there)

    async def names(self) -> AsyncIterator[str]:
        """All keys, without the prefix; one may be told twice."""
        base = self._keys.base
        pattern = "".join(f"\\{each}" if each in "\\*?[]^-" else each for each in base) + "*"
        cursor: Any = 0
        while True:
            cursor, names = await self._ask.call(
                "FCALL", "smsgwd_scan", 1, self._keys.messages, cursor, pattern, _LOOKED_AT
            )
            for name in names:
                yield name.decode()[len(base) :]
            if cursor in (b"0", 0):
                return

    async def read(self) -> AsyncIterator[list[Copy]]:
        """Everything, some records at a time."""
        keys = self._keys
        names: dict[str, set[str]] = {"n": set(), "l": set()}  # tenants that there may be no row of
        async for name in self.names():
            kind, colon, rest = name.partition(":")
            if colon and kind in names:
                names[kind].add(unquote(rest))
        steps: list[tuple[str, Look]] = [
            (keys.tenants, self._tenants),
            *((keys.ledger(name), self._entries(name)) for name in sorted(names["l"])),
            (keys.messages, self._messages),
            (keys.pushes, self._pushes),
            (keys.parked_age, self._parked),
            (keys.orphan_age, self._parked),
            (keys.answers, self._answers),
            (keys.refusals, self._refused),
            *((keys.records(kind), self._records(kind)) for kind in sorted(KINDS)),
            (keys.link_expiry, self._links),
            (keys.lookups, self._lookups),
        ]
        yield await self._tallies(sorted(names["n"]))
        for index, look in steps:
            async for page in self._pages(index, look):
                yield page
        async for page in self._mo_parts():
            yield page
        for name in sorted(await self._opted()):
            async for page in self._pages(keys.opt_outs(name), self._opt_outs(name)):
                yield page
        for index, look in ((keys.audits, self._audit), (keys.finals, self._finals)):
            async for page in self._pages(index, look):
                yield page
        yield [await self._numbers()]

    async def _pages(self, index: str, look: Look) -> AsyncIterator[list[Copy]]:
        place: tuple[int, bytes] | None = None
        while True:
            page = await self._ask.scored(index, "-inf", "+inf", PAGE, after=place)
            if page:
                yield await look(page)
            if len(page) < PAGE:
                return
            place = page[-1][1], page[-1][0]

    async def _rows(self, names: Sequence[str], members: Sequence[Any]) -> list[tuple[Any, bytes]]:
        """What is there of these rows, each with its member."""
        found = await self._ask.rows(names)
        return [(member, value) for member, value in zip(members, found, strict=True) if value is not None]

    async def _numbered(self, page: list[tuple[bytes, int]], name: Callable[[int], str]) -> list[tuple[int, bytes]]:
        numbers = [number_of(member) for member, _ in page]
        return await self._rows([name(number) for number in numbers], numbers)

    # -- messages --------------------------------------------------------------------------------------------------

    async def _messages(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        return [*await self.messages_of([number_of(member) for member, _ in page])]

    async def messages_of(self, ids: Sequence[int]) -> list[MessageCopy]:
        """Those of these messages that are there. One that goes meanwhile is left out, or has no number (0)."""
        ids_and_values = await self._rows([self._keys.message(number) for number in ids], ids)
        rows = [row_from(value) for _, value in ids_and_values]
        places, there, numbers = await self._places(rows), await self._kept(rows), await self._in_history(rows)
        return [
            _message(row, numbers[row.id], sorted(set(places.get(row.id, ()))), sorted(there & set(row.pushes)))
            for row in rows
        ]

    async def _places(self, rows: Sequence[RedisRow]) -> dict[int, list[tuple[str, str, int]]]:
        """SMSC ids that stand for these messages: group, canonical id and place, by message."""
        pairs = [(row.id, *pair) for row in rows for pair in row.mapped]
        places: dict[int, list[tuple[str, str, int]]] = {}
        values = await self._ask.rows([self._keys.smsc(group, key) for _, group, key in pairs])
        for (number, group, key), value in zip(pairs, values, strict=True):
            if value is not None and smsc_of(value)[0] == number:
                places.setdefault(number, []).append((group, key, smsc_of(value)[1]))
        return places

    async def _kept(self, rows: Sequence[RedisRow]) -> set[int]:
        """Pushes about these messages that are there."""
        pushes = sorted({push for row in rows for push in row.pushes})
        kept = await self._ask.call("ZMSCORE", self._keys.pushes, *map(id8, pushes)) if pushes else []
        return {push for push, score in zip(pushes, kept, strict=True) if score is not None}

    async def _in_history(self, rows: Sequence[RedisRow]) -> dict[int, int]:
        """The number of each of these messages in its tenant's history; 0 = it is gone from there."""
        numbers: dict[int, int] = {}
        for tenant in {row.told.tenant for row in rows}:
            own = [row.id for row in rows if row.told.tenant == tenant]
            scores = await self._ask.call("ZMSCORE", self._keys.history(tenant), *map(id8, own))
            numbers.update((number, int(float(score or 0))) for number, score in zip(own, scores, strict=True))
        return numbers

    async def _pushes(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        found: list[Copy] = []
        for number, value in await self._numbered(page, self._keys.push):
            row = push_from(value)
            about = (row.message, row.target, row.tenant, row.url, row.kind, row.created_at, row.due_at, row.payload)
            found.append(PushCopy(number, *about, row.attempts, row.status, row.done_at, row.last_error))
        return found

    async def _parked(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        rows = [(number, parked_of(value)) for number, value in await self._numbered(page, self._keys.parked)]
        return [ParkedCopy(number, row.receipt, list(row.keys), row.orphan) for number, row in rows]

    async def _finals(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        return [FinalCopy(seq, number_of(member[:8]), number_of(member)) for member, seq in page]

    # -- tenants, money, counts ------------------------------------------------------------------------------------

    async def _tenants(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        names = [member.decode() for member, _ in page]
        rows = await self._rows([self._keys.tenant(name) for name in names], names)
        return [TenantCopy(_as_told(tenant_from(value))) for _, value in rows]

    async def _tallies(self, names: Sequence[str]) -> list[Copy]:
        fields = Tally.__struct_fields__
        values = await self._ask.several([("HMGET", self._keys.tally(name), *fields) for name in names])
        tallies = [Tally(*(int(value or 0) for value in found)) for found in values]
        return [TallyCopy(name, tally) for name, tally in zip(names, tallies, strict=True) if tally != Tally()]

    def _entries(self, tenant: str) -> Look:
        async def look(page: list[tuple[bytes, int]]) -> list[Copy]:
            found: list[Copy] = []
            for member, _ in page:
                number, balance, held, packed = member.split(b"|", 3)
                rest = _rest_of(packed)
                found.append(
                    EntryCopy(
                        int(number),
                        tenant,
                        rest.kind,
                        rest.at,
                        rest.amount,
                        rest.reserved,
                        int(balance),
                        int(held),
                        rest.messages,
                        rest.parts,
                        rest.message,
                        rest.reference,
                        rest.note,
                    )
                )
            return found

        return look

    # -- what is kept by name --------------------------------------------------------------------------------------

    async def _answers(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        places = [answer_place(member) for member, _ in page]
        rows = await self._rows([self._keys.answer(*place) for place in places], places)
        return [AnswerCopy.of(tenant, key, answer_of(value)) for (tenant, key), value in rows]

    async def _refused(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        rows = [(number, refused_of(value)) for number, value in await self._numbered(page, self._keys.refused)]
        return [RefusedCopy(number, row.tenant, sorted(row.codes.items())) for number, row in rows]

    def _records(self, kind: str) -> Look:
        async def look(page: list[tuple[bytes, int]]) -> list[Copy]:
            places = [answer_place(member) for member, _ in page]
            rows = await self._rows([self._keys.record(kind, *place) for place in places], places)
            return [RecordCopy(record_from(kind, tenant, key, value)) for (tenant, key), value in rows]

        return look

    async def _links(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        codes = [member.decode() for member, _ in page]
        rows = await self._rows([self._keys.link(code) for code in codes], codes)
        return [LinkCopy(link_from(value).view(code)) for code, value in rows]

    async def _lookups(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        return [LookupCopy(lookup_from(*row)) for row in await self._numbered(page, self._keys.lookup)]

    async def _audit(self, page: list[tuple[bytes, int]]) -> list[Copy]:
        entries: list[AuditEntry] = [audit_from(*row) for row in await self._numbered(page, self._keys.audit)]
        return [AuditCopy(entry) for entry in entries]

    async def _opted(self) -> set[str]:
        value = await self._ask.row(self._keys.opted)
        return set() if value is None else _opted_of(value)

    def _opt_outs(self, tenant: str) -> Look:
        async def look(page: list[tuple[bytes, int]]) -> list[Copy]:
            numbers = [member.decode() for member, _ in page]
            rows = await self._rows([self._keys.opted_out(tenant, number) for number in numbers], numbers)
            entries = [(number, opt_out_of(value)) for number, value in rows]
            return [OptOutCopy(tenant, number, entry.at, entry.source) for number, entry in entries]

        return look

    async def _mo_parts(self) -> AsyncIterator[list[Copy]]:
        """A row has all sets of a reference, each of which is in one or two indexes."""
        seen: set[str] = set()
        for index in mo_indexes(self._keys).values():

            async def look(page: list[tuple[bytes, int]]) -> list[Copy]:
                sets = {self._keys.mo(*key): key for key in (mo_set_of(member) for member, _ in page)}
                fresh = [name for name in sets if name not in seen]
                seen.update(fresh)
                found: list[Copy] = []
                for name, value in await self._rows(fresh, fresh):
                    key = sets[name]
                    for row in sorted(mo_parts_of(value), key=lambda row: (row.ref, row.seq)):
                        place = (key.group, key.source, key.dest, row.ref, key.total, key.width, row.seq)
                        found.append(MoPartCopy(*place, row.received_at, row.status, row.mo))
                return found

            async for copies in self._pages(index, look):
                yield copies

    async def _numbers(self) -> Numbers:
        ask, keys = self._ask, self._keys
        given, audit, final, entry = await ask.several(
            [
                ("HVALS", keys.numbers),
                *(("GET", key) for key in (keys.audit_number, keys.final_number, keys.entry)),
            ]
        )
        last = max(map(int, given), default=0)
        return Numbers(last, int(audit[STAMP:]) if audit else 0, int(final or 0), int(entry or 0))


def _as_told(tenant: Tenant) -> Tenant:
    """With its credentials as the embedded store gives them; a row has them as they were made."""
    plain = EsmeSettings()  # one that is equal may be packed otherwise
    credentials = [
        msgspec.structs.replace(each, esme=plain) if each.esme == plain else each for each in tenant.credentials
    ]
    credentials.sort(key=lambda each: (each.kind, each.name, each.serial))
    return msgspec.structs.replace(tenant, credentials=tuple(credentials))


def _message(row: RedisRow, seq: int, smsc: list[tuple[str, str, int]], pushes: list[int]) -> MessageCopy:
    return MessageCopy(
        message_of(row),
        seq,
        row.sent_at,
        row.done_at,
        row.err_code,
        row.err_detail,
        row.err_smpp,
        row.smsc_id,
        row.latency,
        row.push,
        parts=sorted((row.known or {}).values(), key=lambda part: part.part),
        events=[(at, kind, detail, *rest) for at, kind, detail, *rest in row.events],
        smsc=smsc,
        pushes=pushes,
        ref=row.ref,
    )
