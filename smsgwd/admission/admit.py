"""The checks an item passes, in order: sender, recipient, text, parts, times, price."""

import msgspec

from smsgwd.admission import senders, times
from smsgwd.admission.numbers import msisdn
from smsgwd.admission.prices import PriceList
from smsgwd.gsm import GsmError, TooManyParts, plan
from smsgwd.model.message import Coding
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant

_CODINGS = {"gsm7": Coding.GSM7, "latin1": Coding.LATIN1, "ucs2": Coding.UCS2, "binary": Coding.BINARY}


class Policy(msgspec.Struct, frozen=True):
    """The gateway's own limits; see the `limits` section of the configuration."""

    max_parts: int = 10
    default_validity_s: int = 172_800
    max_validity_s: int = 604_800
    max_schedule_d: int = 365


class Account(msgspec.Struct, frozen=True):
    """A tenant with what is compiled from it once."""

    tenant: Tenant
    prices: PriceList


def account_of(tenant: Tenant) -> Account:
    """The compiled form of a tenant, to be kept as long as the tenant does not change."""
    return Account(tenant, PriceList(tenant.prices))


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """An item that may become a message. Times are milliseconds since 1970, UTC; price is micro-units, all parts."""

    source: str
    msisdn: str
    body: bytes
    coding: Coding
    parts: int
    due_at: int  #: 0 = now
    deadline: int
    price: int


def admit(item: Item, account: Account, now: int, policy: Policy) -> Admitted:
    """What an item becomes at `now` (milliseconds since 1970, UTC); raises Refused with the first thing wrong."""
    tenant = account.tenant
    source = senders.sender_of(item.source, tenant.default_sender, tenant.senders)
    number = msisdn(item.dest)
    body, coding, parts = _text(item, policy.max_parts)
    due_at = times.schedule(item.schedule_at, now, policy.max_schedule_d)
    deadline = times.deadline(item.validity_s, policy.default_validity_s, policy.max_validity_s, due_at or now)
    price = account.prices.price(number)
    if price is None:
        raise Refused(Refusal.NO_ROUTE, "there is no price for this destination")
    return Admitted(source, number, body, coding, parts, due_at, deadline, price * parts)


def _text(item: Item, max_parts: int) -> tuple[bytes, Coding, int]:
    """Body, coding and number of parts of an item's text or octets; raises Refused."""
    content: str | bytes = item.text if item.data is None else item.data
    if not content:
        raise Refused(Refusal.INVALID_TEXT, "the text is empty")
    try:
        chosen = plan(
            content, "binary" if item.data is not None else item.coding, flash=item.flash, max_parts=max_parts
        )
    except TooManyParts as error:
        raise Refused(Refusal.TOO_MANY_PARTS, str(error)) from None
    except GsmError as error:
        raise Refused(Refusal.INVALID_TEXT, str(error)) from None
    body = content.encode("utf-8") if isinstance(content, str) else content
    return body, _CODINGS[chosen.encoding], chosen.parts
