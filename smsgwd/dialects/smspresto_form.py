"""What SMSPresto's requests say: a query, a form, or JSON in the form's field `data` or as the body itself."""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.dialects import form, multipart
from smsgwd.dialects.http import Request
from smsgwd.model.refusals import Refusal, Refused

_KNOWN: Final = ("user", "pass", "action", "from", "to", "message", "dateFrom", "dateTo", "data")

_MOST_PLACES: Final = 10_000  #: of a list of recipients that are looked at: so many are too many anyway


class Wanted(msgspec.Struct, gc=False):
    """A request, read. What is missing or no text is ''; `fault` is told once the credentials have been proven."""

    user: str = ""
    secret: str = ""
    action: str = ""
    sender: str = ""  #: `from` of sendsms
    to: list[tuple[str, str]] = []  #: of sendsms: recipient and text
    date_from: str = ""
    date_to: str = ""
    offset: str = ""  #: `from` of list-archive
    end: str = ""  #: `to` of list-archive
    fault: str = ""  #: what makes it malformed


class _Recipient(msgspec.Struct, gc=False):
    recipient: str
    message: str | None = None


class _Head(msgspec.Struct, gc=False):
    """As much as is needed to know who asks."""

    user: str = ""
    secret: str = msgspec.field(default="", name="pass")
    action: str = ""


class _Data(_Head, gc=False):
    sender: str | int = msgspec.field(default="", name="from")
    to: list[_Recipient] | str | int = ""
    message: str | None = None
    date_from: str = msgspec.field(default="", name="dateFrom")
    date_to: str = msgspec.field(default="", name="dateTo")


_decode = msgspec.json.Decoder(_Data).decode
_decode_head = msgspec.json.Decoder(_Head).decode


def read(request: Request) -> Wanted:
    """What a request says. Raises Refused(MALFORMED) where not even its credentials can be read."""
    body = request.body
    if body and _is_json(request):
        return _of_json(body)
    try:
        fields = _fields(request)
    except (form.FormError, UnicodeError) as error:
        detail = str(error) if isinstance(error, form.FormError) else "the query has characters that no query has"
        raise Refused(Refusal.MALFORMED, detail) from None
    data = fields.first("data")
    if data is not None:
        if fields.repeated("data"):
            raise Refused(Refusal.MALFORMED, "data is there more than once")
        return _of_json(data)
    return _of_fields(fields)


def _is_json(request: Request) -> bool:
    """True for a JSON body, whatever type its sender's library says it has."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or request.body[:64].lstrip()[:1] == b"{"


def _fields(request: Request) -> form.Fields:
    kind = request.headers.get("content-type", "")
    if not request.body or form.is_form(request):
        return form.fields(request)
    if not multipart.is_multipart(kind):
        raise form.FormError("the body is neither a form nor JSON")
    found = form.parse(form.mended(request.raw_query.encode("latin-1")))
    for name, values in multipart.parse(kind, request.body).values.items():
        found.values.setdefault(name, []).extend(values)
    return found


def _of_fields(fields: form.Fields) -> Wanted:
    repeated = [name for name in _KNOWN if fields.repeated(name)]
    action = _text(fields, "action")
    wanted = Wanted(_text(fields, "user"), _text(fields, "pass"), action)
    sender, to = _text(fields, "from"), _text(fields, "to")
    if repeated:
        wanted.fault = f"{', '.join(repeated)}: there more than once"
    elif action == "sendsms":
        text = _text(fields, "message")
        wanted.sender = sender
        wanted.to = [(number, text) for each in to.split(",", _MOST_PLACES) if (number := each.strip())]
    else:
        wanted.offset, wanted.end = sender, to
        wanted.date_from, wanted.date_to = _text(fields, "dateFrom"), _text(fields, "dateTo")
    return wanted


def _text(fields: form.Fields, name: str) -> str:
    try:
        return fields.text(name) or ""
    except UnicodeDecodeError:
        return ""


def _of_json(data: bytes) -> Wanted:
    try:
        found = _decode(data)
    except msgspec.ValidationError as error:
        return _faulty(data, str(error))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(Refusal.MALFORMED, "data is no JSON") from None
    except RecursionError:
        raise Refused(Refusal.MALFORMED, "data is nested too deeply") from None
    wanted = Wanted(found.user, found.secret, found.action)
    sender, to, text = found.sender, found.to, found.message
    if found.action == "sendsms":
        if not isinstance(sender, str):
            wanted.fault = "from must be a text"
        elif not isinstance(to, list):
            wanted.fault = "to must be a list of objects with a recipient"
        else:
            wanted.sender = sender
            common = text or ""
            wanted.to = [(each.recipient.strip(), common if each.message is None else each.message) for each in to]
    else:
        wanted.offset, wanted.end = str(sender), "" if isinstance(to, list) else str(to)
        wanted.date_from, wanted.date_to = found.date_from, found.date_to
    return wanted


def _faulty(data: bytes, fault: str) -> Wanted:
    """A request whose JSON has fields of wrong types: who asks is looked for still."""
    try:
        head = _decode_head(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(Refusal.MALFORMED, fault) from None
    return Wanted(head.user, head.secret, head.action, fault=fault)
