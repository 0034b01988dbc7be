"""The common form of what is stored: one record for each thing, whatever store it is in.

A record says all that its store must keep of a thing, and nothing that follows from other records (indexes, queues).
Two stores that hold the same make equal records, so that a copy can be compared with what it was made from. Times are
milliseconds since 1970, UTC; money is micro-units. New fields come last, with defaults.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final, TypeAlias

import msgspec

from smsgwd.model.links import LinkView
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import Message
from smsgwd.model.operators import AuditEntry
from smsgwd.model.receipts import Receipt
from smsgwd.model.records import Record
from smsgwd.model.tally import Tally
from smsgwd.model.tenant import Tenant
from smsgwd.store.rows import Answer, PartRow

#: An event of a message: at, type, detail, connector, smsc_id, smpp_status, latency.
Event: TypeAlias = tuple[int, str, str, str | None, str | None, int | None, int | None]


class TenantCopy(msgspec.Struct, array_like=True, tag="tenant", gc=False):
    """A tenant with its credentials, by kind, name and serial."""

    tenant: Tenant


class EntryCopy(msgspec.Struct, array_like=True, tag="entry", gc=False):
    """An entry of the ledger; those of a tenant come by their numbers."""

    number: int
    tenant: str
    kind: int
    at: int
    amount: int
    reserved: int
    balance: int  #: after it
    held: int  #: after it
    messages: int
    parts: int
    message: int | None
    reference: str | None
    note: str | None


class TallyCopy(msgspec.Struct, array_like=True, tag="tally", gc=False):
    """A tenant's counts; of a tenant that has none there is no record."""

    tenant: str
    tally: Tally


class MessageCopy(msgspec.Struct, array_like=True, tag="message", gc=False):
    """A message with all that is kept under its name."""

    message: Message  #: as it is now
    seq: int  #: its number in its tenant's history
    sent_at: int | None
    done_at: int | None
    err_code: str | None
    err_detail: str | None
    err_smpp: int | None
    smsc_id: str | None
    latency: int | None
    push: int | None
    parts: list[PartRow]  #: by number
    events: list[Event]  #: the oldest first
    smsc: list[tuple[str, str, int]]  #: group, canonical id and place (`Work.map_smsc`), sorted
    pushes: list[int]  #: those about it that are kept, ascending
    ref: str | None  #: the reference that it has used up


class PushCopy(msgspec.Struct, array_like=True, tag="push", gc=False):
    """A push of the outbox."""

    number: int
    message: int
    target: str
    tenant: str
    url: str
    kind: str
    created_at: int
    due_at: int
    payload: bytes | None
    attempts: int
    status: int  #: 0 pending, 1 done, 2 given up
    done_at: int | None
    last_error: str | None


class ParkedCopy(msgspec.Struct, array_like=True, tag="parked", gc=False):
    """A receipt without a message; an orphan has no keys."""

    number: int
    receipt: Receipt
    keys: list[str]  #: forms of its id, the likeliest first
    orphan: bool


class AnswerCopy(msgspec.Struct, array_like=True, tag="answer", gc=False):
    """What was kept for an idempotency key."""

    tenant: str
    key: str
    digest: bytes
    answer: bytes
    refused: list[tuple[int, str]]  #: why messages of it were refused, by their places
    made_at: int

    @classmethod
    def of(cls, tenant: str, key: str, kept: Answer) -> AnswerCopy:
        """The record of one."""
        return cls(tenant, key, kept.digest, kept.answer, sorted(kept.refused.items()), kept.made_at)

    @property
    def kept(self) -> Answer:
        """What stores keep under the key."""
        return Answer(self.digest, self.answer, dict(self.refused), self.made_at)


class RefusedCopy(msgspec.Struct, array_like=True, tag="refused", gc=False):
    """A submission's refused recipients: number and code, sorted."""

    submission: int
    tenant: str
    codes: list[tuple[str, str]]


class RecordCopy(msgspec.Struct, array_like=True, tag="record", gc=False):
    """What is kept by name."""

    record: Record


class LinkCopy(msgspec.Struct, array_like=True, tag="link", gc=False):
    """A tracked link."""

    link: LinkView


class LookupCopy(msgspec.Struct, array_like=True, tag="lookup", gc=False):
    """A number lookup."""

    lookup: Lookup


class MoPartCopy(msgspec.Struct, array_like=True, tag="mo_part", gc=False):
    """A kept part of a subscriber's message; those with one reference (its low 16 bits) follow each other."""

    group: str
    source: str
    dest: str
    ref: int
    total: int
    width: int
    seq: int
    received_at: int
    status: int
    mo: bytes


class OptOutCopy(msgspec.Struct, array_like=True, tag="opt_out", gc=False):
    """A number on a tenant's list."""

    tenant: str
    msisdn: str
    at: int
    source: str


class AuditCopy(msgspec.Struct, array_like=True, tag="audit", gc=False):
    """What an operator did."""

    entry: AuditEntry


class FinalCopy(msgspec.Struct, array_like=True, tag="final", gc=False):
    """A message that ended and is not written down elsewhere yet."""

    seq: int
    message: int
    charged: int


class Numbers(msgspec.Struct, array_like=True, tag="numbers", gc=False):
    """The last number of each kind that was ever given: none may be given again. Comes last. (Not compared.)"""

    push: int  #: of pushes and parked receipts
    audit: int
    final: int
    entry: int


Copy: TypeAlias = (
    TenantCopy | EntryCopy | TallyCopy | MessageCopy | PushCopy | ParkedCopy | AnswerCopy | RefusedCopy | RecordCopy
    | LinkCopy | LookupCopy | MoPartCopy | OptOutCopy | AuditCopy | FinalCopy | Numbers
)  # fmt: skip

#: A record as bytes, the same for equal ones, and back (raises msgspec.DecodeError).
pack: Final = msgspec.msgpack.Encoder(order="deterministic").encode
unpack: Final = msgspec.msgpack.Decoder(Copy).decode
_BITS: Final = 128
_WHOLE: Final = (1 << _BITS) - 1


def digest_of(packed: bytes) -> int:
    """What a record counts for in a sum."""
    return int.from_bytes(blake2b(packed, digest_size=_BITS // 8).digest(), "big")


def whole_digest(added: int) -> int:
    """What several count for together, of which this is what they add up to."""
    return added & _WHOLE


class Sum(msgspec.Struct, gc=False):
    """Records of one kind added up."""

    count: int = 0
    digest: int = 0  #: digests of all of them, added: in whatever order they come it is the same


class Sums:
    """What records add up to, by kind: equal sums are equal contents."""

    def __init__(self) -> None:
        self.kinds: dict[str, Sum] = {}

    def add(self, kind: str, packed: bytes) -> None:
        """One record more."""
        self.more(kind, 1, digest_of(packed))

    def more(self, kind: str, count: int, digest: int) -> None:
        """So many records more (or less), and what they count for."""
        found = self.kinds.get(kind)
        if found is None:
            found = self.kinds[kind] = Sum()
        found.count += count
        found.digest = whole_digest(found.digest + digest)

    @property
    def counts(self) -> dict[str, int]:
        """How many there are of each kind."""
        return {kind: each.count for kind, each in self.kinds.items()}

    def differences(self, copy: Sums) -> list[str]:
        """What a copy differs in, in words; [] = in nothing."""
        wrong: list[str] = []
        for kind in sorted(self.kinds.keys() | copy.kinds.keys()):
            one, other = self.kinds.get(kind, Sum()), copy.kinds.get(kind, Sum())
            if one.count != other.count:
                wrong.append(f"{kind}: {one.count} were read, the copy has {other.count}")
            elif one.digest != other.digest:
                wrong.append(f"{kind}: the copy has as many ({one.count}), and some are not as they were read")
        return wrong


def kind_of(record: Copy) -> str:
    """What a record is of, in a word."""
    tag = record.__struct_config__.tag
    assert isinstance(tag, str)
    return tag
