"""The checks an item passes, in order: sender, recipient, text, parts, times, price."""

from typing import Final

import msgspec

from smsgwd.admission import senders, times
from smsgwd.admission.numbers import msisdn
from smsgwd.admission.prices import PriceList
from smsgwd.admission.raw import checked_part
from smsgwd.gsm import GsmError, TooManyParts, plan
from smsgwd.gsm.alphabet import plain
from smsgwd.model.message import Coding
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant

_CODINGS = {"gsm7": Coding.GSM7, "latin1": Coding.LATIN1, "ucs2": Coding.UCS2, "binary": Coding.BINARY}
_GSM7: Final = Coding.GSM7  # an attribute of an enum class costs a look-up in its metaclass
_BINARY: Final = Coding.BINARY
_ONE_PART: Final = 160  # septets
_SENDERS_REMEMBERED: Final = 1000


class Policy(msgspec.Struct, frozen=True):
    """The gateway's own limits; see the `limits` section of the configuration."""

    max_parts: int = 10
    default_validity_s: int = 172_800
    max_validity_s: int = 604_800
    max_schedule_d: int = 365


class Account(msgspec.Struct, frozen=True):
    """A tenant with what is compiled from it once; `senders` remembers those that were found good."""

    tenant: Tenant
    prices: PriceList
    senders: dict[str | None, str] = {}


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
    source = account.senders.get(item.source) or _sender(item.source, account)
    number = msisdn(item.dest)
    text = item.text
    if item.data is None and not item.flash and 0 < len(text) <= _ONE_PART and item.coding in _GSM and plain(text):
        body, coding, parts = text.encode(), _GSM7, 1  # what `plan` would find, for nearly all texts
    else:
        body, coding, parts = _text(item, policy.max_parts)
    if item.schedule_at is None and item.validity_s is None:
        due_at, deadline = 0, now + policy.default_validity_s * 1000
    else:
        due_at = times.schedule(item.schedule_at, now, policy.max_schedule_d)
        until = times.deadline if item.account is None else times.clamped_deadline
        deadline = until(item.validity_s, policy.default_validity_s, policy.max_validity_s, due_at or now)
    price = account.prices.price(number)
    if price is None:
        raise Refused(Refusal.NO_ROUTE, "there is no price for this destination")
    return Admitted(source, number, body, coding, parts, due_at, deadline, price * parts)


_GSM: Final = ("auto", "gsm")


def _sender(written: str | None, account: Account) -> str:
    """The sender to use, remembered; raises Refused."""
    tenant = account.tenant
    source = senders.sender_of(written, tenant.default_sender, tenant.senders)
    if len(account.senders) >= _SENDERS_REMEMBERED:
        account.senders.clear()
    account.senders[written] = source
    return source


def _text(item: Item, max_parts: int) -> tuple[bytes, Coding, int]:
    """Body, coding and number of parts of an item's text or octets; raises Refused."""
    content: str | bytes = item.text if item.data is None else item.data
    wire = item.wire
    if wire is not None and wire.raw and item.data is not None:
        return checked_part(item.data, wire.esm_class, wire.data_coding), _BINARY, 1
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
