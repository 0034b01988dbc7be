"""POST /v1/preview: what would become of a message, without sending it. It is asked for while people type.

What is told comes from the pipeline that sends: a submission that is only rehearsed. Nothing is stored or paid, and no
guard counts it. What the guards would say (the same text again, too much to one range) is therefore not told.

It costs CPU like sending and no money, so each tenant has a rate for it, at each node.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import UNSET, Meta
from twisted.internet.defer import Deferred

from smsgwd.admission.admit import number_of
from smsgwd.admission.countries import country_of
from smsgwd.delivery.bucket import TokenBucket
from smsgwd.gsm import GsmError, TooManyParts, costly, measure
from smsgwd.model.ledger import Funds
from smsgwd.model.message import HELD, Failure, Message
from smsgwd.model.money import format_money
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound import requests
from smsgwd.northbound.answers import Encoding, Error, Money, StateName, Time, refused_entry, sent_entry
from smsgwd.northbound.book_sending import group_items
from smsgwd.northbound.intake import Intake
from smsgwd.northbound.sending import ApiLimits
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.ports.records import Records
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Proven

_TEXTS_SHOWN: Final = 100  # of recipients whose text is their own: an answer must not be much larger than its request
#: Previews a second, and how many at once after a pause. 100 recipients count as one.
RATE: Final = 20.0
BURST: Final = 40.0
_AS_ONE: Final = 100
_NOBODY: Final = [""]
_MONEY: Final = "money"  # the scope that what is left is told to
_ENCODINGS: Final = {"gsm7": "gsm"}
_encode = msgspec.json.Encoder().encode


class OutsideGsm(msgspec.Struct, frozen=True, gc=False):
    """A character that the GSM alphabet lacks."""

    character: str
    count: Annotated[int, Meta(description="How often the text has it.")]


class PreviewText(msgspec.Struct, frozen=True, gc=False):
    """A text as it would be sent. Units are septets (gsm), octets or UTF-16 units: what the room of a part is in."""

    text: Annotated[str, Meta(description="The template and the short link in it; hex digits of a binary message.")]
    encoding: Encoding
    parts: int
    characters: Annotated[int, Meta(description="Of the whole text; of a binary message its octets.")]
    units: Annotated[int, Meta(description="Of the whole text.")]
    last_part: Annotated[int, Meta(description="Units in the last part.")]
    left: Annotated[int, Meta(description="Units that the last part has room for still.")]
    part_size: Annotated[int, Meta(description="Units that one part holds, of a message with so many parts.")]
    outside_gsm: Annotated[
        list[OutsideGsm],
        Meta(description="The characters that make it ucs2, 50 at most: without them it would take fewer parts."),
    ]


class PreviewEntry(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}, kw_only=True):
    """What would become of one recipient. A refused one has an error and no state."""

    to: str
    number: Annotated[str | None, Meta(description="The digits, country code first; null where it is no number.")]
    country: Annotated[str | None, Meta(description="ISO 3166 alpha-2.")]
    from_: Annotated[str | None, Meta(description="The sender as the recipient would see it.")]
    state: StateName | None
    schedule_at: Annotated[
        Time | None, Meta(description="When it would be sent; null: at once. Quiet hours may make it later than asked.")
    ]
    parts: int
    encoding: Encoding | None
    price: Annotated[Money, Meta(description="Of the whole message.")]
    text: Annotated[
        str | msgspec.UnsetType,
        Meta(description="Where it is another than `text` says; of the first 100 recipients."),
    ] = UNSET
    error: Error | None


class Preview(msgspec.Struct, frozen=True, gc=False):
    """What would become of a request to send, and what it would cost."""

    text: Annotated[
        PreviewText | None, Meta(description="The first recipient's; null where it cannot be sent: errors say why.")
    ]
    messages: Annotated[
        list[PreviewEntry], Meta(description="One a recipient, in the order of the request; empty without recipients.")
    ]
    accepted: Annotated[int, Meta(description="Recipients that would not be refused.")]
    parts: Annotated[int, Meta(description="Of all messages together.")]
    price: Annotated[Money, Meta(description="Of all messages together.")]
    currency: str
    available: Annotated[
        Money | None, Meta(description="What can be spent now; null without a limit or the scope `money`.")
    ]
    available_after: Annotated[Money | None, Meta(description="What could be spent afterwards; null as that is.")]


class _Rehearsal:
    """A submission that is only asked about (`intake.Asking`)."""

    __slots__ = ("done", "items", "submission", "tenant")

    def __init__(self, submission: Submission) -> None:
        self.submission = submission
        self.items = submission.items
        self.tenant = submission.tenant
        self.done: Deferred[Outcome] = Deferred()

    def told(self, outcome: Outcome | BaseException) -> None:
        """What would become of it."""
        if isinstance(outcome, BaseException):
            self.done.errback(outcome)
        else:
            self.done.callback(outcome)


class Previews:
    """Answers what would become of a request to send."""

    def __init__(
        self,
        intake: Intake,
        store: Store,
        limits: Callable[[], ApiLimits],
        records: Records | None,
        now: Callable[[], int],
        monotonic: Callable[[], float],
    ) -> None:
        """`limits` are those of sending; `now` tells the time, milliseconds since 1970; `monotonic` seconds."""
        self._intake = intake
        self._store = store
        self._limits = limits
        self._records = records
        self._now = now
        self._monotonic = monotonic
        self._buckets: dict[str, TokenBucket] = {}  # by tenant that ever asked

    def preview(self, who: Proven, request: HttpRequest) -> Deferred[HttpResponse]:
        """See the module. Fails with Refused for what refuses the request as a whole."""
        return Deferred.fromCoroutine(self._preview(who, request))

    async def _preview(self, who: Proven, request: HttpRequest) -> HttpResponse:
        tenant = who.tenant
        bucket = self._bucket(tenant.id)
        asked = requests.decode_send(request.body)
        limits = self._limits()
        to = requests.recipients(asked)
        if len(to) > limits.max_recipients:
            raise Refused(Refusal.INVALID, f"`to` has more than {limits.max_recipients} recipients")
        requests.by_template(asked)
        entries: list[_Entry]
        text: PreviewText | None
        nobody = not to and asked.to_group is UNSET
        wanted = await self._wanted(tenant, asked, _NOBODY if nobody else to, limits)
        bucket.reserve((len(wanted[0]) - 1) // _AS_ONE, self._monotonic())  # a group's size is known only now
        if nobody:
            [one] = wanted[1]
            if isinstance(one, Failure):
                raise Refused(BY_CODE[one.code], one.detail)
            entries, text = [], _text(one, one.text)
        else:
            entries, text = await self._entries(tenant, *wanted)
        scopes = who.credential.scopes
        funds = await self._store.funds(tenant.id) if not scopes or _MONEY in scopes else None
        return json_response(200, _encode(_answer(tenant, entries, text, funds)))

    def _bucket(self, tenant: str) -> TokenBucket:
        """A tenant's bucket, with this request taken from it. Raises Refused(OVER_RATE)."""
        now = self._monotonic()
        bucket = self._buckets.get(tenant)
        if bucket is None:
            bucket = self._buckets[tenant] = TokenBucket(RATE, BURST, now)
        if not bucket.take(1, now):
            raise Refused(Refusal.OVER_RATE, f"{RATE:g} previews a second are given, {_AS_ONE} recipients count as one")
        return bucket

    async def _wanted(
        self, tenant: Tenant, asked: requests.SendRequest, to: list[str], limits: ApiLimits
    ) -> tuple[list[str], list[Item | Failure]]:
        """One place a recipient: its message, or why there is none."""
        if self._records is not None:
            return await group_items(self._records, tenant, asked, to, limits.max_group, self._now)
        if asked.template is not UNSET or asked.to_group is not UNSET:
            raise Refused(Refusal.UNSUPPORTED, "there are no templates and groups on this listener")
        return to, requests.items(asked, to, (tenant.time_zone, self._now))

    async def _entries(
        self, tenant: Tenant, to: list[str], wanted: list[Item | Failure]
    ) -> tuple[list[_Entry], PreviewText | None]:
        items = [one for one in wanted if isinstance(one, Item)]
        outcome = Outcome(0, [])
        if items:
            rehearsal = _Rehearsal(Submission(tenant.id, items, dry=True, rehearsed=True))
            self._intake.aside(rehearsal)
            outcome = await rehearsal.done
        made = {message.id: message for message in outcome.messages}
        found = iter(zip(outcome.entries, items, strict=True))
        entries = [
            _Entry(dest, one, None, None) if isinstance(one, Failure) else _Entry.of(next(found), made)
            for dest, one in zip(to, wanted, strict=True)
        ]
        first = next((entry for entry in entries if entry.item is not None), None)
        if first is None:
            return entries, None
        assert first.item is not None
        try:
            return entries, _text(first.item, first.text)
        except Refused:  # its entry says why
            return entries, None


class _Entry:
    """A recipient: what the pipeline said of it, and the message that would be made."""

    __slots__ = ("item", "message", "said", "to")

    def __init__(self, to: str, said: Entry | Failure, item: Item | None, message: Message | None) -> None:
        self.to = to
        self.said = said
        self.item = item
        self.message = message

    @staticmethod
    def of(found: tuple[Entry, Item], made: Mapping[int, Message]) -> _Entry:
        """The entry of an item that was rehearsed."""
        said, item = found
        return _Entry(said.dest, said, item, None if said.id is None else made.get(said.id))

    @property
    def text(self) -> str:
        """The text as it would be sent, '' of octets."""
        if self.message is not None:
            return self.message.text
        return "" if self.item is None else self.item.text

    def shown(self, tenant: Tenant, common: str, *, with_text: bool) -> PreviewEntry:
        """As the answer has it."""
        said, message = self.said, self.message
        sent = refused_entry(self.to, said) if isinstance(said, Failure) else sent_entry(said)
        number = _number(self, tenant)
        due_at = 0 if message is None else message.due_at % HELD
        differs = with_text and message is not None and self.text not in ("", common)
        return PreviewEntry(
            to=self.to,
            number=number,
            country=None if number is None else country_of(number) or None,
            from_=None if message is None else message.source_addr or message.source,
            state=sent.state,
            schedule_at=format_epoch_ms(due_at) if due_at else None,
            parts=sent.parts,
            encoding=sent.encoding,
            price=sent.price,
            text=self.text if differs else UNSET,
            error=sent.error,
        )


def _number(entry: _Entry, tenant: Tenant) -> str | None:
    """The digits of a recipient, a refused one's, too."""
    if entry.message is not None:
        return entry.message.msisdn
    try:
        return number_of(entry.item or Item(None, entry.to), tenant)
    except Refused:
        return None


def _text(item: Item, text: str) -> PreviewText:
    """What is told of a text. Raises Refused: INVALID_TEXT, TOO_MANY_PARTS."""
    content: str | bytes = text if item.data is None else item.data
    try:
        found = measure(content, item.coding, flash=item.flash)
    except TooManyParts as problem:
        raise Refused(Refusal.TOO_MANY_PARTS, str(problem)) from None
    except GsmError as problem:
        raise Refused(Refusal.INVALID_TEXT, str(problem)) from None
    special = costly(text) if item.coding == "auto" and found.encoding == "ucs2" else {}
    return PreviewText(
        content if isinstance(content, str) else content.hex(),
        _ENCODINGS.get(found.encoding, found.encoding),
        found.parts,
        found.characters,
        found.units,
        found.last,
        found.left,
        found.room,
        [OutsideGsm(character, count) for character, count in special.items()],
    )


def _answer(tenant: Tenant, entries: list[_Entry], text: PreviewText | None, funds: Funds | None) -> Preview:
    common = "" if text is None else text.text
    price = sum(entry.said.price for entry in entries if isinstance(entry.said, Entry) and entry.said.error is None)
    shown = [entry.shown(tenant, common, with_text=place < _TEXTS_SHOWN) for place, entry in enumerate(entries)]
    available = None if funds is None else funds.available
    return Preview(
        text,
        shown,
        sum(each.error is None for each in shown),
        sum(each.parts for each in shown),
        format_money(price),
        tenant.currency,
        None if available is None else format_money(available),
        None if available is None else format_money(available - price),
    )
