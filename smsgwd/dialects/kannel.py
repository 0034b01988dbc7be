"""Kannel's sendsms (smsbox 1.4.5, `/cgi-bin/sendsms`): for who ran Kannel, or writes to somebody who did.

Parameters and their checks are in `kannel_fields`, the escapes of a dlr-url in `kannel_escapes`. Statuses and sentences
are those of smsbox; what it has none for is told by its nearest, and by `X-Smsgwd-Error` in our own code.
"""

from __future__ import annotations

import re
from typing import Any, Final
from zlib import crc32

from smsgwd.dialects.commands import Command, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.form import FORM_TYPE
from smsgwd.dialects.http import Answer, Answered, Asked, Password, Push, Request
from smsgwd.dialects.kannel_escapes import (
    ACCEPTED,
    BUFFERED,
    DELIVERED,
    FAILED,
    REJECTED,
    escape_values,
    fill,
    has_escapes,
    letters,
    outcome,
)
from smsgwd.dialects.kannel_fields import (
    BAD_URL,
    DENIED,
    MISFORMED,
    UNDEFINED,
    Fields,
    Problem,
    check,
    decoded,
    fields_of,
    of_headers,
    of_query,
)
from smsgwd.dialects.raw_parts import OCTETS, SEPTETS, UDHI, UTF16, cut
from smsgwd.gsm import alphabet
from smsgwd.gsm.errors import GsmError
from smsgwd.model.callbacks import TELL_INTERMEDIATE, TELL_SENT, Callback, tell
from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Entry, Item, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire

NAME: Final = "kannel"
_PATH: Final = "/cgi-bin/sendsms"
_LABEL: Final = "kannel sendsms"
_TYPE: Final = "text/html"
_NO_CACHE: Final = (("Pragma", "no-cache"), ("Cache-Control", "no-cache"))
_SENT: Final = "0: Accepted for delivery"
_QUEUED: Final = "3: Queued for later delivery"
_UNAUTHORIZED: Final = "Authorization failed for sendsms"
_NOT_ROUTABLE: Final = "Not routable. Do not try again."
_LATER: Final = "Temporal failure, try again later."
_NO_SENDER: Final = "Sender missing and no global set, rejected"
_MINUTE_MS: Final = 60_000
_REPLY_PATH: Final = 0x80  # esm_class (SMPP 3.4 s5.2.12)
_NORMAL: Final = 1  # Kannel's 0 is no priority, which is our normal one
_BAD_STATES: Final = tell(State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.CANCELLED)
_ASKS: Final = {
    DELIVERED: tell(State.DELIVERED),
    FAILED: _BAD_STATES | tell(State.UNKNOWN),
    BUFFERED: TELL_INTERMEDIATE,
    ACCEPTED: TELL_SENT,
    REJECTED: _BAD_STATES,
}
#: States to tell of, by the five bits of a dlr-mask.
_MASKS: Final = tuple(
    sum({1 << bit for one, states in _ASKS.items() if mask & one for bit in range(17) if states >> bit & 1})
    for mask in range(32)
)
_printable = re.compile(r"[0-9A-Za-z+._ -]{1,40}\Z").match

_ACCESS: Final = frozenset(
    {Refusal.UNAUTHENTICATED, Refusal.TOO_MANY_FAILURES, Refusal.ADDRESS_NOT_ALLOWED, Refusal.OUT_OF_SCOPE}
)
_RECIPIENT: Final = frozenset(
    {Refusal.INVALID_RECIPIENT, Refusal.DESTINATION_BARRED, Refusal.OPTED_OUT, Refusal.BLACKLISTED}
)
_WAIT: Final = frozenset(
    {Refusal.STORE_UNAVAILABLE, Refusal.SHUTTING_DOWN, Refusal.OVERLOADED, Refusal.OVER_RATE, Refusal.INTERNAL}
)
_TELLS: Final[dict[Refusal, tuple[int, str]]] = {
    **dict.fromkeys(_ACCESS, (403, _UNAUTHORIZED)),
    **dict.fromkeys(_RECIPIENT, (400, DENIED)),
    **dict.fromkeys(_WAIT, (503, _LATER)),
    Refusal.INVALID_SENDER: (400, _NO_SENDER),
    Refusal.INVALID_TEXT: (400, MISFORMED),
    Refusal.TOO_MANY_PARTS: (400, MISFORMED),
    Refusal.MALFORMED: (400, MISFORMED),
    Refusal.INVALID_SCHEDULE: (400, "Deferred field misformed, rejected"),
    Refusal.INVALID_VALIDITY: (400, "Validity field misformed, rejected"),
    Refusal.INVALID_DLR_URL: (400, BAD_URL),
    Refusal.NOT_FOUND: (404, "Unknown request."),
    Refusal.METHOD_NOT_ALLOWED: (400, "Unknown request."),
    Refusal.UNSUPPORTED_MEDIA_TYPE: (400, "Invalid content-type"),
    Refusal.TOO_LARGE: (413, MISFORMED),
    Refusal.HEADERS_TOO_LARGE: (431, "Incomplete request."),
    Refusal.REQUEST_TIMEOUT: (408, "Incomplete request."),
}
_KNOWN_TYPES: Final = frozenset(("text/plain", "application/octet-stream", "text/html", "text/vnd.wap.wml", "text/xml"))


class Kannel:
    """Kannel's sendsms; one object serves all requests."""

    def __init__(self, options: Options) -> None:
        pass

    @property
    def name(self) -> str:
        """kannel."""
        return NAME

    @property
    def owns(self) -> tuple[str, ...]:
        """/cgi-bin/."""
        return ("/cgi-bin/",)

    @property
    def labels(self) -> tuple[str, ...]:
        """One."""
        return (_LABEL,)

    def read(self, request: Request) -> Asked:
        """Parameters of a GET or a form, or the headers and the body of a POST. Raises Refused."""
        if request.path != _PATH:
            raise Refused(Refusal.NOT_FOUND)
        if request.method == "GET":
            return _of_query(request)
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        kind, _, parameters = request.headers.get("content-type", "").partition(";")
        kind = kind.strip().lower()
        if kind == FORM_TYPE or (not kind and not request.body):
            return _of_query(request)
        kind = kind or "application/octet-stream"  # RFC 9110 s8.3
        if kind not in _KNOWN_TYPES:
            raise Refused(Refusal.UNSUPPORTED_MEDIA_TYPE)
        fields = of_headers(request, kind, _charset(parameters))
        headers = request.headers
        return _asked(headers.get("x-kannel-username", ""), headers.get("x-kannel-password", ""), fields)

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """The messages: one a recipient, or one a part of each where the client codes or heads it itself. Raises
        Answered, Refused."""
        fields: Fields = asked.what
        try:
            check(fields, tenant.default_sender)
            if fields.unsupported:
                raise Answered(_told(415, "Unsupported content-type, rejected"))
            first = _message(fields, now)
        except Problem as problem:
            raise Answered(_told(400, str(problem))) from None
        bodies = first if isinstance(first, list) else [first]
        url, asks, callback = _callback(fields, tenant)
        if len(bodies) * len(fields.recipients) >= MAX_BLOCK:  # the ids of a submission are one block
            raise Refused(Refusal.TOO_LARGE)
        source = fields.source.decode("utf-8", "replace") or None  # once: whatever its length, there is one of it
        items: list[Item] = []
        for recipient in fields.recipients:
            for number, (text, data, coding, flash, wire) in enumerate(bodies):
                items.append(
                    Item(
                        source=source,
                        dest=recipient,
                        text=text,
                        data=data,
                        coding=coding,
                        flash=flash,
                        dlr_url=url if not number else "",  # of a message in parts the first one's, as there
                        schedule_at=now + fields.deferred * _MINUTE_MS if fields.deferred > 0 else None,
                        validity_s=fields.validity * 60 if fields.validity > 0 else None,
                        priority=max(fields.priority, _NORMAL),
                        asks=asks if not number else 0,
                        wire=wire,
                        callback=callback if not number else None,
                        may_be_empty=True,
                    )
                )
        return Send(items, whole=len(bodies) > 1)

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """`0:` or `3:`, with the numbers that are denied behind it; an error where none is taken."""
        fields: Fields = asked.what
        done: Outcome = result
        assert isinstance(command, Send)
        entries, denied = done.entries, list(fields.denied)
        bad = [entry for entry in entries if entry.error is not None]
        denied += dict.fromkeys(entry.dest for entry in bad)
        if len(bad) == len(entries) or (bad and command.whole):
            return _failed(bad[0], denied if len(fields.recipients) + len(fields.denied) > 1 else ())
        # What was to be deferred is accepted, as there; queued is what waits for a reason of the gateway's.
        later = fields.deferred <= 0 and all(entry.state is State.SCHEDULED for entry in entries if entry.error is None)
        text = _QUEUED if later else _SENT
        return _told(202, _with_denied(text + "." if denied else text, denied))

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """smsbox's sentence."""
        return _refusal(refused.refusal)

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """The GET of a dlr-url, its escapes filled in; None for what the mask does not ask for."""
        number = outcome(item)
        if not callback.level & (number if number != REJECTED else REJECTED | FAILED):
            return None
        return Push("GET", fill(item.url, escape_values(item, callback)))

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """None: Kannel tells of nothing else."""
        return None


def _of_query(request: Request) -> Asked:
    given = fields_of(request)
    values = given.values
    user = values.get("username") or values.get("user") or [b""]
    secret = values.get("password") or values.get("pass") or [b""]
    try:
        name, word = user[0].decode(), secret[0].decode()
    except UnicodeDecodeError:
        raise Refused(Refusal.UNAUTHENTICATED) from None
    return _asked(name, word, of_query(given))


def _asked(name: str, secret: str, fields: Fields) -> Asked:
    name = name.strip()
    if not name or not secret:
        raise Refused(Refusal.UNAUTHENTICATED)
    fields.user = name
    return Asked(Password(name, secret), _LABEL, "send", fields)


def _charset(parameters: str) -> str:
    """The charset of a content type, '' without one."""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip('"')
    return ""


#: text, octets, coding, flash and wire of an item
_Body = tuple[str, bytes | None, str, bool, Wire | None]


def _message(fields: Fields, now: int) -> _Body | list[_Body]:
    """What is sent to each recipient: a text or octets, or parts that go on as they stand. Raises Problem, Refused."""
    coding = fields.coding
    if coding == UNDEFINED:
        coding = 1 if fields.udh else 0
    text, data = "", fields.text
    if coding != 1:
        text = decoded(fields.text, fields.charset, "utf-8" if coding == 0 else "utf-16-be")
    own = fields.udh or fields.mwi >= 0 or fields.compress == 1 or fields.mclass > 0 or fields.rpi > 0
    if not own and not (fields.alt_dcs == 1 and coding != 2) and not (coding == 1 and fields.mclass == 0):
        wire = Wire(protocol_id=fields.pid) if fields.pid > 0 else None
        if coding == 1:
            return "", data, "binary", False, wire
        return text, None, "auto" if coding == 0 else "ucs2", fields.mclass == 0, wire
    kind = OCTETS
    if coding == 0:
        try:
            data, kind = alphabet.encode(text), SEPTETS
        except GsmError:
            coding = 2  # a character is never replaced: the text goes in UCS-2
    if coding == 2:
        try:
            data, kind = text.encode("utf-16-be"), UTF16
        except UnicodeEncodeError:
            raise Problem(MISFORMED) from None
    udh = fields.udh or b""
    raw = Wire(
        esm_class=_REPLY_PATH if fields.rpi > 0 else 0,
        protocol_id=max(fields.pid, 0),
        data_coding=_data_coding(fields, coding, bool(data)),
        raw=True,
    )
    headed = Wire(esm_class=raw.esm_class | UDHI, protocol_id=raw.protocol_id, data_coding=raw.data_coding, raw=True)
    pieces = cut(data, kind, udh, crc32(data, now & 0xFFFFFFFF))
    wire = headed if udh or len(pieces) > 1 else raw
    return [("", piece, "binary", False, wire) for piece in pieces]


def _data_coding(fields: Fields, coding: int, filled: bool) -> int:
    """The data_coding that Kannel makes of its fields (3GPP TS 23.038 s4)."""
    if fields.mwi >= 0:
        which = fields.mwi & 3
        if fields.mwi & 4:
            return 0xC0 | which
        if not filled:
            return 0xC8 | which
        return (0xD8 if coding == 0 else 0xE8) | which
    compressed = fields.compress == 1
    if coding != 2 and not compressed and (fields.mclass >= 0 or fields.alt_dcs == 1):
        return 0xF0 | coding << 2 | (1 if fields.mclass < 0 else fields.mclass)
    classed = 0x10 | fields.mclass if fields.mclass >= 0 else 0
    return (0x20 if compressed else 0) | classed | coding << 2


def _callback(fields: Fields, tenant: Tenant) -> tuple[str | None, int, Callback | None]:
    """dlr_url, asks and callback of the items: nobody is told without a mask, the tenant's URL without one's own."""
    mask = fields.dlr_mask
    asks = _MASKS[mask & 31] if mask > 0 else 0
    if not asks:
        return "", 0, None
    url = fields.callback
    target = url or tenant.dlr_url
    if target is None:
        return "", 0, None
    if url is None and not has_escapes(target):
        return None, asks, None  # where native receipts go
    used = letters(target)
    kept: dict[str, str] = {"c": "-1", "m": "-1", "M": "-1", "C": "UTF-8", "O": "00"} if used & _CONSTANT else {}
    if used & _TOLD:
        said = {"n": fields.user, "o": _text(fields.account), "B": _text(fields.binfo), "D": _text(fields.meta_data)}
        kept |= {letter: value for letter, value in said.items() if letter in used and value}
    return url, asks, Callback(NAME, level=mask & 31, fields=kept)


_CONSTANT: Final = frozenset("cmMCO")  # a receipt of Kannel's has them without a value
_TOLD: Final = frozenset("noBD")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _failed(entry: Entry, denied: list[str] | tuple[str, ...]) -> Answer:
    error = entry.error
    refusal = BY_CODE.get(error.code, Refusal.INTERNAL) if error is not None else Refusal.INTERNAL
    return _refusal(refusal, denied)


def _refusal(refusal: Refusal, denied: list[str] | tuple[str, ...] = ()) -> Answer:
    status, sentence = _TELLS.get(refusal, (403, _NOT_ROUTABLE))
    answer = _told(status, _with_denied(sentence, denied))
    return Answer(status, answer.body, _TYPE, (*_NO_CACHE, ("X-Smsgwd-Error", refusal.code)))


def _with_denied(text: str, denied: list[str] | tuple[str, ...]) -> str:
    """Kannel's sentence, and who does not get it; what is no number at all might be a script and is not repeated."""
    if not denied:
        return text
    return f"{text} Denied receivers are: {' '.join(one if _printable(one) else '?' for one in denied)}"


def _told(status: int, text: str) -> Answer:
    return Answer(status, text.encode(), _TYPE, _NO_CACHE)
