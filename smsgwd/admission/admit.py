"""The checks an item passes, in order: sender, recipient, destination, sender of the country, text, content, times,
price. What a tenant does not use is None in its account and costs one comparison."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from smsgwd.admission import senders, times
from smsgwd.admission.destinations import Destinations, destinations_of
from smsgwd.admission.numbers import msisdn
from smsgwd.admission.quiet import next_allowed
from smsgwd.admission.raw import checked_part, text_of
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.gsm import GsmError, TooManyParts, plan
from smsgwd.gsm.alphabet import plain
from smsgwd.model.ledger import pack_payers
from smsgwd.model.message import Coding
from smsgwd.model.prices import PriceTable
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant

_CODINGS = {"gsm7": Coding.GSM7, "latin1": Coding.LATIN1, "ucs2": Coding.UCS2, "binary": Coding.BINARY}
_GSM7: Final = Coding.GSM7  # an attribute of an enum class costs a look-up in its metaclass
_BINARY: Final = Coding.BINARY
_ONE_PART: Final = 160  # septets
_SENDERS_REMEMBERED: Final = 1000
_INTERNATIONAL: Final = 1  # type of number (SMPP 3.4 s5.2.5)


class Policy(msgspec.Struct, frozen=True):
    """The gateway's own limits; see the `limits` section of the configuration."""

    max_parts: int = 10
    default_validity_s: int = 172_800
    max_validity_s: int = 604_800
    max_schedule_d: int = 365


class Prices(Protocol):
    """A price table (`model.prices.PriceTable`)."""

    @property
    def needs_network(self) -> bool:
        """True when a price hangs on the recipient's operator."""
        ...

    def price(self, msisdn: str, network: str = "") -> int | None:
        """Micro-units a part; None without a price."""
        ...


class Content(Protocol):
    """Rules about texts (`admission.content.ContentRules`)."""

    def check(self, text: str) -> None:
        """Raises Refused(CONTENT_REFUSED)."""
        ...


class Account(msgspec.Struct, frozen=True):
    """A tenant with what is compiled from it once; `senders` remembers those that were found good."""

    tenant: Tenant
    prices: Prices
    senders: dict[str | None, str] = {}
    payers: tuple[tuple[str, Prices], ...] = ()  #: its ancestors, nearest first
    approved: frozenset[str] = frozenset()  #: senders an operator approved by name
    sender_rules: SenderRules | None = None
    destinations: Destinations | None = None
    content: Content | None = None
    network_of: Callable[[str], str] | None = None  #: None where no price hangs on it
    test: dict[str, str] | None = None  #: final state by test number
    national: bool = False  #: its numbers may be national ones, or must be valid


def account_of(
    tenant: Tenant,
    *,
    prices: Prices | None = None,
    payers: Sequence[tuple[str, Prices]] = (),
    approved: frozenset[str] = frozenset(),
    sender_rules: SenderRules | None = None,
    content: Content | None = None,
    network_of: Callable[[str], str] | None = None,
) -> Account:
    """The compiled form of a tenant, to be kept as long as nothing of it changes.

    Without `prices` its own count. Raises ValueError for settings that cannot be compiled.
    """
    own = PriceTable(tenant.prices) if prices is None else prices
    asks = own.needs_network or any(table.needs_network for _, table in payers)
    return Account(
        tenant,
        own,
        {},
        tuple(payers),
        approved,
        sender_rules,
        destinations_of(tenant.destinations, tenant.barred) if tenant.destinations or tenant.barred else None,
        content,
        network_of if asks else None,
        dict(tenant.test_numbers) or None,
        tenant.region is not None or tenant.strict_numbers,
    )


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
    rate: int = 0  #: price of a part
    source_addr: str | None = None  #: the sender to go out instead of `source`
    payers: str | None = None  #: `model.ledger.pack_payers`
    test: str | None = None  #: the final state of a message to a test number


def admit(item: Item, account: Account, now: int, policy: Policy) -> Admitted:
    """What an item becomes at `now` (milliseconds since 1970, UTC); raises Refused with the first thing wrong."""
    source = account.senders.get(item.source) or _sender(item.source, account)
    number = number_of(item, account.tenant) if account.national else msisdn(item.dest)
    if account.destinations is not None:
        account.destinations.check(number)
    rules = account.sender_rules
    source_addr = None if rules is None else rules.apply(source, number, account.approved)
    text = item.text
    if item.data is None and not item.flash and 0 < len(text) <= _ONE_PART and item.coding in _GSM and plain(text):
        body, coding, parts = text.encode(), _GSM7, 1  # what `plan` would find, for nearly all texts
    else:
        body, coding, parts = _text(item, policy.max_parts)
    if account.content is not None:
        _check_content(account.content, item, account.tenant)
    if item.channel is not None and item.channel not in _CHANNELS:
        raise Refused(Refusal.INVALID, "channel is network or device")
    if item.schedule_at is None and item.validity_s is None and item.not_after is None and account.tenant.quiet is None:
        due_at, deadline = 0, now + policy.default_validity_s * 1000
    else:
        due_at, deadline = _times(item, account.tenant, number, now, policy)
    if account.test is not None:
        test = account.test.get(number)
        if test is not None:
            return Admitted(source, number, body, coding, parts, due_at, deadline, 0, 0, source_addr, None, test)
    network = "" if account.network_of is None else account.network_of(number)
    rate = account.prices.price(number, network)
    if rate is None:
        raise Refused(Refusal.NO_ROUTE, "there is no price for this destination")
    payers = _payers(account, number, network, parts) if account.payers else None
    return Admitted(source, number, body, coding, parts, due_at, deadline, rate * parts, rate, source_addr, payers)


_CHANNELS: Final = ("network", "device")


def number_of(item: Item, tenant: Tenant) -> str:
    """The digits of an item's recipient as its tenant writes numbers; raises Refused(INVALID_RECIPIENT)."""
    wire = item.wire
    international = item.international or (wire is not None and wire.dest_ton == _INTERNATIONAL)
    return msisdn(item.dest, tenant.region, strict=tenant.strict_numbers, international=international)


def _check_content(content: Content, item: Item, tenant: Tenant) -> None:
    """The rules about texts, of octets too where they are a text's."""
    text: str | None = item.text
    if item.data is not None:
        wire = item.wire
        text = None if wire is None or not wire.raw else text_of(item.data, wire.esm_class, wire.data_coding)
    if text is not None:
        content.check(text)
    elif tenant.content is not None and tenant.content.templates_only:
        raise Refused(Refusal.CONTENT_REFUSED, "only texts of the tenant's templates are taken, and this is no text")


def _times(item: Item, tenant: Tenant, number: str, now: int, policy: Policy) -> tuple[int, int]:
    """When an item is due (0 = at once) and the end of its validity, quiet hours and delivery window respected."""
    due_at = times.schedule(item.schedule_at, now, policy.max_schedule_d)
    start = due_at or now
    if item.not_after is not None and item.not_after <= start:
        raise Refused(Refusal.INVALID_SCHEDULE, "not_after: the delivery window ends before it begins")
    quiet = tenant.quiet
    if quiet is not None:
        allowed = next_allowed(quiet, number, start, tenant.time_zone)
        if allowed != start:
            if quiet.action == "refuse":
                raise Refused(Refusal.QUIET_HOURS)
            if item.not_after is not None and allowed >= item.not_after:
                raise Refused(Refusal.QUIET_HOURS, "the quiet hours last longer than the delivery window")
            due_at = allowed
    until = times.deadline if item.account is None else times.clamped_deadline
    most_s = policy.max_validity_s
    default_s = policy.default_validity_s if item.not_after is None else most_s  # its window says how long it is good
    deadline = until(item.validity_s, default_s, most_s, due_at or now)
    if item.not_after is not None:
        deadline = min(deadline, item.not_after)
    return due_at, deadline


def _payers(account: Account, number: str, network: str, parts: int) -> str | None:
    """What each ancestor pays for a message, by its own prices."""
    paid: list[tuple[str, int]] = []
    for tenant, prices in account.payers:
        rate = prices.price(number, network)
        if rate is None:
            raise Refused(Refusal.NO_ROUTE, "there is no price for this destination")
        paid.append((tenant, rate * parts))
    return pack_payers(tuple(paid))


_GSM: Final = ("auto", "gsm")


def _sender(written: str | None, account: Account) -> str:
    """The sender to use, remembered; raises Refused."""
    tenant = account.tenant
    source = senders.sender_of(written, tenant.default_sender, tenant.senders, account.approved)
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
    if not content and not item.may_be_empty:
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
