"""Records of rows of the Redis store by their names: what is read with its stamp, while the store is being written to.

SMSC ids and pushes of a message are no part of it here: they have rows of their own, which are read, and change, for
themselves.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import msgspec

from smsgwd.store.copying import records as r
from smsgwd.store.copying.records import Copy, MessageCopy, digest_of, kind_of, pack, whole_digest
from smsgwd.store.copying.redis_names import NUMBERED, kind_of_row, pieces_of
from smsgwd.store.copying.redis_out import Look, RedisSource
from smsgwd.store.copying.stamps import Read
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.kept import named
from smsgwd.store.redis.keys import Keys, id8
from smsgwd.store.redis.mo import mo_parts_of
from smsgwd.store.redis.rows import RedisRow, smsc_of
from smsgwd.store.redis.tx import STAMP


class SmscCopy(NamedTuple):
    """Where an SMSC id leads: group, canonical id, message and place (`Work.map_smsc`)."""

    group: str
    key: str
    message: int
    place: int


#: What a row may have: a record, or where an SMSC id leads.
Piece: TypeAlias = Copy | SmscCopy


def piece_kind(piece: Piece) -> str:
    """What it is of, in a word (`redis_names`)."""
    return "smsc" if isinstance(piece, SmscCopy) else kind_of(piece)


def plain(piece: Piece) -> Piece:
    """The same without what is in other rows."""
    return msgspec.structs.replace(piece, smsc=[], pushes=[]) if isinstance(piece, MessageCopy) else piece


def digest(piece: Piece) -> int:
    """What it counts for in sums. Of a `plain` one."""
    return digest_of(msgspec.msgpack.encode(piece) if isinstance(piece, SmscCopy) else pack(piece))


class Row(NamedTuple):
    """A row and what is in it."""

    name: str
    read: Read
    pieces: list[Piece]


class RedisRows(RedisSource):
    """Reads rows of names that are given. Raises errors.Unreachable, errors.Refused, msgspec.MsgspecError."""

    def __init__(self, ask: Asking) -> None:
        super().__init__(ask)
        self._values: dict[str, bytes] = {}
        self._looks: dict[str, Look] = {
            "message": self._messages,
            "push": self._pushes,
            "parked": self._parked,
            "tenant": self._tenants,
            "answer": self._answers,
            "refused": self._refused,
            "link": self._links,
            "lookup": self._lookups,
            "audit": self._audit,
        }

    async def of(self, names: Sequence[str]) -> list[Row]:
        """Those of these rows (names without the prefix) that are there, each with the stamp of what is told."""
        base = self._keys.base
        found = await self._ask.call("MGET", *(f"{base}{name}" for name in names)) if names else []
        values = {name: value for name, value in zip(names, found, strict=True) if value is not None}
        self._values = {f"{base}{name}": value[STAMP:] for name, value in values.items()}
        pieces: dict[str, list[Piece]] = {name: [] for name in values}
        by_look: dict[tuple[str, str], list[tuple[bytes, int]]] = defaultdict(list)
        for name in values:
            kind, rest = kind_of_row(name), pieces_of(name)
            if kind in NUMBERED and not rest[0].isdecimal():
                continue  # nothing of ours
            if kind == "smsc":
                pieces[name].append(SmscCopy(rest[0], rest[1], *smsc_of(self._values[base + name])))
            elif kind == "mo_part":
                pieces[name] += self._parts_under(rest, self._values[base + name])
            elif kind in ("record", "opt_out"):
                member = named(*rest[1:]) if kind == "record" else rest[1].encode()
                by_look[kind, rest[0]].append((member, 0))
            else:
                by_look[kind, ""].append((_member(kind, rest), 0))
        for (kind, of), members in by_look.items():
            for record in await self._look(kind, of)(members):
                if not isinstance(record, MessageCopy) or record.seq:
                    pieces[name_of(self._keys, record)].append(record)
        return [Row(name, _read(value[:STAMP], pieces[name]), pieces[name]) for name, value in values.items()]

    def _look(self, kind: str, of: str) -> Look:
        if kind == "record":
            return self._records(of)
        return self._opt_outs(of) if kind == "opt_out" else self._looks[kind]

    async def _rows(self, names: Sequence[str], members: Sequence[Any]) -> list[tuple[Any, bytes]]:
        """They are read already."""
        return [
            (member, self._values[name]) for name, member in zip(names, members, strict=True) if name in self._values
        ]

    async def _places(self, rows: Sequence[RedisRow]) -> dict[int, list[tuple[str, str, int]]]:
        """They have rows of their own."""
        return {}

    async def _kept(self, rows: Sequence[RedisRow]) -> set[int]:
        """They have rows of their own."""
        return set()

    def _parts_under(self, rest: Sequence[str], value: bytes) -> list[Piece]:
        group, source, dest, _, total, width = rest
        return [
            r.MoPartCopy(
                group, source, dest, row.ref, int(total), int(width), row.seq, row.received_at, row.status, row.mo
            )
            for row in mo_parts_of(value)
        ]  # fmt: skip

    async def tallies(self, tenants: Sequence[str]) -> dict[str, Copy]:
        """Counts of these tenants, as far as they have any."""
        return {record.tenant: record for record in await self._tallies(tenants) if isinstance(record, r.TallyCopy)}

    async def entries(self, tenant: str, behind: int) -> list[Copy]:
        """The next entries of a ledger behind this number; [] = there are no more."""
        return await self._behind(self._keys.ledger(tenant), behind, self._entries(tenant))

    async def finals(self, behind: int) -> list[Copy]:
        """What ended behind this number; [] = nothing more."""
        return await self._behind(self._keys.finals, behind, self._finals)

    async def numbers(self) -> r.Numbers:
        """The last numbers given."""
        return await self._numbers()

    async def _behind(self, index: str, number: int, look: Look) -> list[Copy]:
        page = await self._ask.scored(index, f"({number}", "+inf", 500)
        return await look(page) if page else []


def _read(stamp: bytes, pieces: Sequence[Piece]) -> Read:
    return Read(stamp, len(pieces), whole_digest(sum(map(digest, pieces))))


def _member(kind: str, rest: Sequence[str]) -> bytes:
    """What stands for a row in the index of its kind."""
    if kind in NUMBERED:
        return id8(int(rest[0]))
    return named(*rest) if kind == "answer" else rest[0].encode()


def name_of(keys: Keys, piece: Piece) -> str:
    """The row that a piece is of, without the prefix; '' where it is of none."""
    match piece:
        case SmscCopy(group, key):
            name = keys.smsc(group, key)
        case r.MessageCopy(message):
            name = keys.message(message.id)
        case r.PushCopy(number):
            name = keys.push(number)
        case r.ParkedCopy(number):
            name = keys.parked(number)
        case r.AnswerCopy(tenant, key):
            name = keys.answer(tenant, key)
        case r.TenantCopy(tenant):
            name = keys.tenant(tenant.id)
        case r.RecordCopy(record):
            name = keys.record(record.kind, record.tenant, record.key)
        case r.LinkCopy(view):
            name = keys.link(view.link.code)
        case r.LookupCopy(lookup):
            name = keys.lookup(lookup.id)
        case r.MoPartCopy(group, source, dest, ref, total, width):
            name = keys.mo(group, source, dest, ref, total, width)
        case r.OptOutCopy(tenant, msisdn):
            name = keys.opted_out(tenant, msisdn)
        case r.RefusedCopy(submission):
            name = keys.refused(submission)
        case r.AuditCopy(entry):
            name = keys.audit(entry.id)
        case _:
            return ""
    return name[len(keys.base) :]
