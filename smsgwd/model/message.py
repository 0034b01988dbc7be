"""A message and its states."""

from enum import IntEnum
from typing import Final

import msgspec


class State(IntEnum):
    """Where a message is in its life; the number is what the store keeps. Values from 10 up are final."""

    SCHEDULED = 0  #: accepted, its tenant wants it sent later (or it is held: `HELD`)
    WAITING = 1  #: accepted, a retry is due later; tenants see `queued`
    QUEUED = 2  #: accepted, ready for its connector
    SENT = 3  #: every part has been accepted by the SMSC
    DELIVERED = 10
    UNDELIVERED = 11
    EXPIRED = 12
    REJECTED = 13
    CANCELLED = 14
    UNKNOWN = 15

    @property
    def final(self) -> bool:
        """True when nothing can change the state any more."""
        return self >= FINAL_FROM

    @property
    def public(self) -> str:
        """The name tenants see (docs/contract.md, states)."""
        return "queued" if self is State.WAITING else self.name.lower()


FINAL_FROM: Final = State.DELIVERED
#: Added to `due_at` of a SCHEDULED message that only an operator releases (flood protection): it keeps its own time.
HELD: Final = 1 << 62
#: `Message.channel` of what goes by a phone, and by the network where no phone is up or one refuses it.
DEVICE_THEN_NETWORK: Final = "device+network"
PUBLIC_STATES: Final = tuple(dict.fromkeys(state.public for state in State))


def states_called(public: str) -> tuple[State, ...]:
    """The states a tenant knows by the name `public`; empty for a name that is none."""
    return tuple(state for state in State if state.public == public)


class Coding(IntEnum):
    """How the text of a message travels; chosen at admission, so that price and parts never change afterwards."""

    GSM7 = 0
    LATIN1 = 1
    UCS2 = 2
    BINARY = 3

    @property
    def public(self) -> str:
        """The name in `encoding` of the native API: gsm, latin1, ucs2, binary."""
        return "gsm" if self is Coding.GSM7 else self.name.lower()


class Failure(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Why a message ended badly (or was refused): `error` in the native API and in receipts."""

    code: str  #: stable, from `refusals` or `smsc_rejected`, `expired`, `receipt_timeout`, ...
    detail: str = ""
    smpp_status: int | None = None  #: command_status of the SMSC, where there was one


class Message(msgspec.Struct, gc=False):
    """One message to one recipient, as accepted. Times are milliseconds since 1970, UTC; money is micro-units."""

    id: int
    submission: int
    tenant: str
    source: str  #: sender as the tenant wrote it
    dest: str  #: recipient as the tenant wrote it
    msisdn: str  #: recipient, digits only, country code first
    body: bytes  #: UTF-8 text, or the octets themselves when coding is BINARY
    coding: Coding
    parts: int
    connector: str
    submitted_at: int
    deadline: int  #: end of validity
    state: State = State.QUEUED
    due_at: int = 0  #: when SCHEDULED or WAITING ends
    priority: int = 1  #: 0 (low) to 3 (urgent)
    flash: bool = False
    price: int = 0  #: the whole message's
    attempts: int = 0
    client_ref: str | None = None
    dlr_url: str | None = None  #: the message's own, else the tenant's at the time
    account: str | None = None  #: system_id of the ESME it came from: its receipts go there; None = it came by HTTP
    asks: int = 0  #: registered_delivery of that ESME (`model.wire`); by HTTP which states to tell of (`callbacks`)
    wire: bytes | None = None  #: `model.wire.pack_wire` of what else that ESME said
    tried: str | None = None  #: connectors it was tried on and left, joined by ','
    fallback: str | None = None  #: connectors to send it on when a receipt says undelivered, joined by ','
    hops: int = 0  #: how often that has happened
    payers: str | None = None  #: `model.ledger.pack_payers` of the ancestors of its tenant
    channel: str | None = None  #: network, device or DEVICE_THEN_NETWORK, where its tenant said so
    source_addr: str | None = None  #: the sender on the air, where a rule makes it another than `source`
    dest_addr: str | None = None  #: the number on the air, where a route makes it another than `msisdn`
    callback: bytes | None = None  #: `model.callbacks.pack_callback`: the style its receipts are told in

    @property
    def text(self) -> str:
        """The text; empty for binary."""
        return "" if self.coding is Coding.BINARY else self.body.decode("utf-8")


class PartView(msgspec.Struct, frozen=True, gc=False):
    """One part of a message as the store knows it."""

    part: int  #: from 1
    smsc_id: str | None
    state: State
    sent_at: int | None = None
    done_at: int | None = None
    error: Failure | None = None
    latency_ms: int | None = None  #: from the write of its PDU to the SMSC's answer


class EventView(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Something that happened to a message, for `events` of the native API."""

    at: int
    type: str  #: accepted, sent, retry, failover, refused, outcome_unknown, receipt, delivered, ...
    detail: str = ""
    connector: str | None = None
    smsc_id: str | None = None
    smpp_status: int | None = None
    latency_ms: int | None = None  #: of an attempt: from the write of its PDU to the SMSC's answer


class MessageView(msgspec.Struct, frozen=True, gc=False):
    """A message with what became of it, as queries see it."""

    message: Message
    sent_at: int | None
    done_at: int | None
    error: Failure | None
    smsc_id: str | None
    events: tuple[EventView, ...] = ()
    parts: tuple[PartView, ...] = ()
