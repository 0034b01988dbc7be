"""What the endpoints of money answer: statements, orders, bills. Money is decimal strings, as everywhere."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from smsgwd.model.ledger import EntryKind
from smsgwd.northbound.answers import Id, Money, Time

KINDS = tuple(kind.public for kind in EntryKind)
Kind = Annotated[str, Meta(extra_json_schema={"enum": list(KINDS)})]
Month = Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"})]
Cursor = Annotated[str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")]
Count = Annotated[int, Meta(ge=0)]


class StatementEntry(msgspec.Struct, frozen=True, gc=False):
    """One entry of the ledger: what happened to the money at one moment."""

    id: Id
    at: Time
    kind: Kind
    amount: Annotated[Money, Meta(description="What it did to the balance.")]
    reserved: Annotated[Money, Meta(description="What it did to what is reserved for messages that are not final.")]
    balance: Annotated[Money, Meta(description="The balance after it.")]
    messages: Annotated[Count, Meta(description="Of how many messages it is.")]
    parts: Count
    message_id: Annotated[Id | None, Meta(description="Where it is about one message alone.")]
    reference: Annotated[str | None, Meta(description="Of a top-up: the payment's; of lookups: `lookup` and their id.")]
    note: str


class StatementSum(msgspec.Struct, frozen=True, gc=False):
    """What the entries of one kind add up to."""

    kind: Kind
    entries: Count
    amount: Money
    reserved: Money
    messages: Count
    parts: Count


class Statement(msgspec.Struct, frozen=True, gc=False):
    """A page of the ledger, newest first, and the sums of the whole span of time."""

    entries: list[StatementEntry]
    sums: Annotated[list[StatementSum], Meta(description="Of all entries asked for, whatever page this is.")]
    currency: str
    next_cursor: Cursor


class Order(msgspec.Struct, frozen=True, gc=False):
    """A top-up."""

    id: Id
    at: Time
    amount: Money
    balance: Annotated[Money, Meta(description="The balance after it.")]
    reference: Annotated[str | None, Meta(description="The payment's.")]
    note: str


class OrderList(msgspec.Struct, frozen=True, gc=False):
    """A page of top-ups, newest first."""

    orders: list[Order]
    count: Annotated[Count, Meta(description="Of all in the span of time.")]
    total: Annotated[Money, Meta(description="What they add up to.")]
    currency: str
    next_cursor: Cursor


class Bill(msgspec.Struct, frozen=True, gc=False):
    """One calendar month in the account's time zone."""

    month: Month
    open: Annotated[bool, Meta(description="True for the current month: its figures grow still.")]
    from_date: Time
    to_date: Annotated[Time, Meta(description="The first moment of the next month.")]
    currency: str
    opening_balance: Money
    topups: Money
    corrections: Money
    charged: Annotated[Money, Meta(description="For messages that ended and cost, and for lookups.")]
    refunded: Annotated[Money, Meta(description="Given back for what cost nothing in the end; not part of `charged`.")]
    reserved: Annotated[
        Money,
        Meta(
            description="By how much more (or less) is reserved for messages under way than at the beginning. "
            "closing_balance = opening_balance + topups + corrections - charged - reserved."
        ),
    ]
    closing_balance: Annotated[Money, Meta(description="Of an open bill the balance of now.")]
    messages: Annotated[Count, Meta(description="That were charged.")]
    parts: Count


class BillList(msgspec.Struct, frozen=True, gc=False):
    """A page of bills, newest first."""

    bills: list[Bill]
    count: Annotated[Count, Meta(description="How many months there are.")]
    next_cursor: Annotated[Month | None, Meta(description="Pass it as `cursor` for the next page; null on the last.")]
