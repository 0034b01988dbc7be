"""What the native API takes: the request types, which also make its OpenAPI document, and their way to `Item`s.

Wrong types and sizes refuse the whole request with the field's path; values that make one message impossible (its
time, its URL, its hex digits) refuse that message.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET, Meta, UnsetType

from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT
from smsgwd.model.message import Failure
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Idempotency, Item
from smsgwd.model.urls import url_fault
from smsgwd.net.targets import BadTargetError, parse_target
from smsgwd.timespec.rfc3339 import Rfc3339Error, parse_rfc3339, to_epoch_ms
from smsgwd.timespec.strtotime import PhraseError, due

MAX_RECIPIENTS = 1000
MAX_BATCH = 1000
MAX_TEXT = 40_000  # characters: 255 parts of GSM text, the most SMS can join (3GPP TS 23.040 s9.2.3.24.1)
MAX_URL = 2048
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
_FRACTION = re.compile(r"(?<=[0-9])\.0(?= )")
_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9:.]{5,}([Zz]|[+-][0-9:]+)\Z")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HALF_PAIR = re.compile(rb'\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u)[^"]{0,11}"\s*[}\]]')
T = TypeVar("T")
#: What phrases are read by: a tenant's zone (IANA name), and what tells the time (milliseconds since 1970).
When = tuple[str, Callable[[], int]]


# Integers are declared as whole floats: to JSON 60.0 is the integer 60 and some encoders write it so.
class MessageRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, rename={"from_": "from"}):
    """What every message to be sent may say."""

    from_: Annotated[
        str | None,
        Meta(description="Sender: a number, or up to 11 letters and digits. Left out: the account's default sender."),
    ] = None
    text: Annotated[
        Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, extra_json_schema={"pattern": "^[^\\u0000]*$"})]
        | UnsetType,
        Meta(
            description="The text; with `coding` binary the octets as hex digits. U+0000 cannot be sent. "
            "Either this or `template` is given."
        ),
    ] = UNSET
    template: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType,
        Meta(description="The name of a template that makes the text."),
    ] = UNSET
    values: Annotated[
        dict[str, Annotated[str, Meta(max_length=1000)]],
        Meta(max_length=100, description="What stands in the template's placeholders."),
    ] = {}
    coding: Annotated[
        Literal["auto", "gsm", "ucs2", "binary"],
        Meta(description="auto takes the cheapest encoding that carries the whole text."),
    ] = "auto"
    flash: Annotated[bool, Meta(description="Show at once, do not keep (message class 0).")] = False
    dlr_url: Annotated[
        Annotated[str, Meta(max_length=MAX_URL, extra_json_schema={"format": "uri", "pattern": "^https?://[!-~]+$"})]
        | None,
        Meta(description="Where receipts are pushed, http or https; left out: the account's."),
    ] = None
    dlr_sent: Annotated[bool, Meta(description="Also push `message.sent`, when an SMSC has taken it.")] = False
    client_ref: Annotated[
        Annotated[
            str, Meta(min_length=1, max_length=255, extra_json_schema={"pattern": "^[^\\u0000-\\u001f\\u007f]+$"})
        ]
        | None,
        Meta(description="Your own reference; comes back in queries and receipts."),
    ] = None
    schedule_at: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(
            description="Send then and not at once: RFC 3339 with an offset, or a phrase in the account's time zone.",
            examples=["2026-12-24T18:00:00+02:00", "next thursday 10:00"],
        ),
    ] = None
    not_after: Annotated[
        Annotated[str, Meta(max_length=40, extra_json_schema={"format": "date-time"})] | None,
        Meta(description="What was not sent by then expires: RFC 3339 with an offset."),
    ] = None
    link: Annotated[
        Annotated[str, Meta(max_length=MAX_URL)] | None,
        Meta(
            description="http or https: `[Link]` or `{link}` in the text becomes a short link to it.",
            examples=["https://example.net/offer"],
        ),
    ] = None
    channel: Annotated[
        Literal["network", "device"] | None,
        Meta(description="Only by the network, or only by a phone; left out: whichever the routes have."),
    ] = None
    validity_s: Annotated[
        Annotated[float, Meta(ge=60, le=604_800, multiple_of=1)] | None,
        Meta(description="Seconds after which an undelivered message expires."),
    ] = None
    priority: Annotated[float, Meta(ge=0, le=3, description="0 low, 1 normal, 2 high, 3 urgent.", multiple_of=1)] = 1


class SendRequest(MessageRequest, kw_only=True):
    """One text to one recipient or several."""

    to: Annotated[
        str | Annotated[list[str], Meta(min_length=1, max_length=MAX_RECIPIENTS)] | UnsetType,
        Meta(
            description="Recipient in international form, or a list of them. Each is refused on its own.",
            examples=["+306912345678"],
        ),
    ] = UNSET
    to_group: Annotated[
        Annotated[str, Meta(min_length=1, max_length=64)] | UnsetType,
        Meta(description="The name of a group: each of its members gets the message, besides those in `to`."),
    ] = UNSET


class BatchMessage(MessageRequest, kw_only=True):
    """One message of a batch."""

    to: Annotated[str, Meta(description="Recipient in international form.", examples=["+306912345678"])]


class BatchRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Different messages in one request."""

    messages: Annotated[list[BatchMessage], Meta(min_length=1, max_length=MAX_BATCH)]


_send_decoder = msgspec.json.Decoder(SendRequest)
_batch_decoder = msgspec.json.Decoder(BatchRequest)


def decode_send(body: bytes) -> SendRequest:
    """A POST /v1/messages body. Raises Refused (MALFORMED, INVALID)."""
    return decoded(_send_decoder, body)


def decode_batch(body: bytes) -> BatchRequest:
    """A POST /v1/messages/batch body. Raises Refused (MALFORMED, INVALID)."""
    return decoded(_batch_decoder, body)


def decoded(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """A JSON body. Raises Refused (MALFORMED, INVALID)."""
    if not body:
        raise Refused(Refusal.MALFORMED, "the body is empty: JSON is expected")
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(Refusal.INVALID, _worded(str(error))) from None
    except msgspec.DecodeError as error:
        raise Refused(Refusal.MALFORMED, _said(str(error), body)) from None
    except UnicodeDecodeError:
        raise Refused(Refusal.MALFORMED, "JSON is malformed: a string is not UTF-8") from None
    except RecursionError:
        raise Refused(Refusal.MALFORMED, "JSON is malformed: nested too deeply") from None


def _said(fault: str, body: bytes) -> str:
    """Why it is no JSON; half a surrogate pair near the end looks to the decoder as if the rest were missing."""
    if fault == "Input data was truncated" and _HALF_PAIR.search(body):
        return "JSON is malformed: unexpected end of escaped utf-16 surrogate pair"
    return fault


def _worded(fault: str) -> str:
    """What is wrong, with integers called integers (see MessageRequest)."""
    if "`float" not in fault:
        return fault
    return _FRACTION.sub("", fault.replace("`float", "`int").replace("that's a multiple of 1.0", "without a fraction"))


def recipients(request: SendRequest) -> list[str]:
    """The recipients that are named, as written."""
    to = request.to
    if isinstance(to, str):
        return [to]
    return [] if isinstance(to, UnsetType) else to


def by_template(request: MessageRequest, path: str = "$") -> bool:
    """True when a template has to be read first. Raises Refused(INVALID) unless there is either it or a text."""
    if (request.text is UNSET) == (request.template is UNSET):
        raise Refused(Refusal.INVALID, f"either `text` or `template` is needed, and not both - at `{path}`")
    return request.template is not UNSET


def item(request: MessageRequest, to: str, when: When) -> Item:
    """The message to one recipient, its text given. Raises Refused when its values cannot make one."""
    text = request.text
    assert type(text) is str
    coding = request.coding
    data: bytes | None = None
    if "\0" in text:
        raise Refused(Refusal.INVALID_TEXT, "text holds U+0000, which cannot be sent")
    ref = request.client_ref
    if ref is not None and _CONTROL.search(ref):
        raise Refused(Refusal.INVALID, "client_ref holds a control character - at `$.client_ref`")
    if coding == "binary":
        text, data = "", _octets(text)
    dlr_url, moment, validity_s = request.dlr_url, request.schedule_at, request.validity_s
    made = Item(
        request.from_,
        to,
        text,
        data,
        coding,
        request.flash,
        None if dlr_url is None else checked_url(dlr_url),
        ref,
        None if moment is None else scheduled(moment, when),
        None if validity_s is None else int(validity_s),
        int(request.priority),
    )
    if request.link is not None:
        made.link = checked_link(request.link)
    if request.not_after is not None:
        made.not_after = _moment(request.not_after, "not_after")
    if request.dlr_sent:
        made.asks = TELL_SENT | TELL_FINAL
    if request.channel is not None:
        made.channel = request.channel
    return made


def item_or_failure(request: MessageRequest, to: str, when: When) -> Item | Failure:
    """The message to one recipient, or why there is none."""
    try:
        return item(request, to, when)
    except Refused as refused:
        return failure_of(refused)


def items(request: MessageRequest, to: list[str], when: When) -> list[Item | Failure]:
    """One place a recipient: its message, or why there is none (the same for all of them)."""
    first = item_or_failure(request, to[0], when)
    if len(to) == 1:
        return [first]
    if isinstance(first, Failure):
        return [first] * len(to)
    return [first, *(msgspec.structs.replace(first, dest=dest) for dest in to[1:])]


def failure_of(refused: Refused) -> Failure:
    """A refusal as the `error` of an entry."""
    return Failure(refused.refusal.code, refused.detail)


def _octets(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except (binascii.Error, ValueError):
        raise Refused(Refusal.INVALID_TEXT, "with coding binary, text holds pairs of hex digits") from None


def scheduled(written: str, when: When) -> int:
    """A time to send at, in milliseconds since 1970: RFC 3339, or a phrase, which means now when its time has passed.
    Raises Refused(INVALID_SCHEDULE)."""
    if _DATE_TIME.match(written) is not None:
        return _moment(written, "schedule_at")
    zone, now = when
    try:
        return due(written, now(), ZoneInfo(zone))
    except PhraseError as error:
        raise Refused(Refusal.INVALID_SCHEDULE, f"schedule_at: {error}") from None


def _moment(written: str, field: str) -> int:
    try:
        return to_epoch_ms(parse_rfc3339(written))
    except Rfc3339Error as error:
        raise Refused(Refusal.INVALID_SCHEDULE, f"{field}: {error}") from None


@lru_cache(maxsize=256)  # a tenant's are few, and reading one takes 15 µs
def checked_url(url: str) -> str:
    """The URL of a push as written. Raises Refused(INVALID_DLR_URL) saying what is wrong with it.

    Whether its address may be called is asked when it is called: names change their addresses.
    """
    fault = url_fault(url)
    if fault is None and "#" in url:
        fault = "has a fragment, which is never sent"
    if fault is not None:
        raise Refused(Refusal.INVALID_DLR_URL, f"dlr_url {fault}")
    try:
        parse_target(url)  # what the push would refuse for ever is refused now
    except BadTargetError as error:
        raise Refused(Refusal.INVALID_DLR_URL, f"dlr_url cannot be called: {error}") from None
    return url


@lru_cache(maxsize=256)
def checked_link(url: str) -> str:
    """The address a short link leads to, as written. Raises Refused(INVALID_LINK)."""
    fault = url_fault(url)
    if fault is not None:
        raise Refused(Refusal.INVALID_LINK, f"link {fault}")
    return url


def checked_key(key: str, digest: bytes) -> Idempotency:
    """An Idempotency-Key with the digest of its request. Raises Refused(INVALID)."""
    if _IDEMPOTENCY_KEY.match(key) is None:
        raise Refused(Refusal.INVALID, "Idempotency-Key has 1 to 255 visible ASCII characters")
    return Idempotency(key, digest)
