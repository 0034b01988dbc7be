"""SMS Club's HTTP and token gateways: queries or forms in Windows-1251 in, lines that end in <br/> out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final, NamedTuple

from smsgwd.dialects import form, multipart
from smsgwd.dialects.commands import Command, Funds, MessageView, Money, Outcome
from smsgwd.dialects.form import Fields
from smsgwd.dialects.http import HTML, Answer, Answered, Asked, Password, Request, Token
from smsgwd.dialects.smsclub_rules import (
    INVALID_IDS,
    INVALID_LIFETIME,
    INVALID_RECIPIENTS,
    INVALID_SENDER,
    INVALID_TEXT,
    Act,
    Complaint,
    Planned,
    ask_states,
    complaint_of,
    ids_of,
    listed,
    planned,
    sentence_of,
    shown,
    status_of,
    told_states,
)
from smsgwd.model.money import MICRO
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant

_BREAK: Final = "<br/>"
_START: Final = "=IDS START="
_END: Final = "=IDS END="
_METHODS: Final = ("GET", "POST")
_SECRET: Final = {"/http/": "password", "/token/": "token"}


class HttpGateway:
    """Reads requests below /http/ and /token/, and tells errors there as a plain sentence."""

    def labels(self) -> tuple[str, ...]:
        """Every label there can be."""
        return tuple(endpoint.label for endpoint in _ENDPOINTS.values())

    def read(self, request: Request) -> Asked:
        """Raises Refused."""
        endpoint = _ENDPOINTS.get(request.path)
        if endpoint is None:
            raise Refused(Refusal.NOT_FOUND)
        if request.method not in _METHODS:
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        try:
            fields = _fields(request)
        except form.FormError as error:
            raise Refused(Refusal.MALFORMED, str(error)) from None
        credential = _credential(fields, endpoint.secret)
        return Asked(credential, endpoint.label, endpoint.scope, endpoint.act(fields))

    def refused(self, refused: Refused) -> Answer:
        """The sentence for a request refused as a whole."""
        refusal = refused.refusal
        allow = (("Allow", "GET, POST"),) if refusal is Refusal.METHOD_NOT_ALLOWED else ()
        return _sentence(sentence_of(refusal.code), status_of(refusal), allow)


class _Send:
    """`/http/`, `/token/`: one text to a list of recipients."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._plan: Planned | None = None

    def command(self, tenant: Tenant) -> Command:
        """Raises Answered."""
        fields = self._fields
        try:
            source = _once(fields, "from", INVALID_SENDER).strip()
            recipients = listed(_once(fields, "to", INVALID_RECIPIENTS))
            if fields.repeated("text"):
                raise Complaint(INVALID_TEXT)
            text = _text(fields.first("text") or b"", tenant)
            lifetime = _once(fields, "lifetime", INVALID_LIFETIME).strip()
            self._plan = planned(source, [(each, text) for each in recipients], lifetime)
        except Complaint as complaint:
            raise Answered(_sentence(complaint.sentence)) from None
        return self._plan.send

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """Ids in the order of the recipients; in the place of a refused one's what it was refused for, and itself."""
        outcome: Outcome = result
        assert self._plan is not None
        complaint = complaint_of(self._plan, outcome.entries)
        if complaint:
            return _sentence(complaint)
        return _lines(
            [
                str(entry.id)
                if entry.error is None
                else escape(f"{sentence_of(entry.error.code)}: {shown(entry.dest)}", quote=False)
                for entry in outcome.entries
            ]
        )


class _State:
    """`state.php`: how messages are doing."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields
        self._ids: list[str] = []

    def command(self, tenant: Tenant) -> Command:
        """Raises Answered."""
        try:
            self._ids = ids_of(_once(self._fields, "smscid", INVALID_IDS))
        except Complaint as complaint:
            raise Answered(_sentence(complaint.sentence)) from None
        return ask_states(self._ids)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """A line for each id that is known."""
        found: dict[int, MessageView] = result
        return _lines([f"{each}: {state}" for each, state in told_states(self._ids, found).items()])


class _Balance:
    """`getbalance.php`: what is left."""

    def __init__(self, fields: Fields) -> None:
        pass

    def command(self, tenant: Tenant) -> Command:
        """Nothing has to be said but who asks."""
        return Money()

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """The balance, and how far below nothing it may fall (0 where that is not limited, too)."""
        funds: Funds = result
        credit = 0 if funds.floor is None else max(0, -funds.floor)
        return _page(f"{_cents(funds.balance)}{_BREAK}{_cents(credit) if credit % MICRO else credit // MICRO}")


class _Endpoint(NamedTuple):
    label: str
    scope: str
    secret: str
    act: Callable[[Fields], Act]


_ENDPOINTS: Final[Mapping[str, _Endpoint]] = {
    begin + path: _Endpoint(f"smsclub {begin.strip('/')} {name}", scope, secret, act)
    for begin, secret in _SECRET.items()
    for path, name, scope, act in (
        ("", "send", "send", _Send),
        ("state.php", "state", "read", _State),
        ("getbalance.php", "balance", "money", _Balance),
    )
}


def _fields(request: Request) -> Fields:
    """Query and body. Raises FormError."""
    kind = request.headers.get("content-type", "")
    try:
        if not request.body or form.is_form(request):
            return form.fields(request)
        if not multipart.is_multipart(kind):
            raise form.FormError("the body is no form")
        found = form.parse(form.mended(request.raw_query.encode("latin-1")))
        for name, values in multipart.parse(kind, request.body).values.items():
            found.values.setdefault(name, []).extend(values)
    except UnicodeEncodeError:
        raise form.FormError("the query has characters that no query has") from None
    return found


def _credential(fields: Fields, field: str) -> Password | Token:
    """What stands in `username` and in `field`, password or token. Raises Refused(UNAUTHENTICATED) where something of
    it is missing or there twice."""
    if fields.repeated("username") or fields.repeated(field):
        raise Refused(Refusal.UNAUTHENTICATED)
    name, word = _readable(fields.first("username") or b""), _readable(fields.first(field) or b"")
    by_token = field == "token"
    if not word or not (name or by_token):
        raise Refused(Refusal.UNAUTHENTICATED)
    return Token(word, name or None) if by_token else Password(name, word)


def _once(fields: Fields, name: str, sentence: str) -> str:
    """The value of a field, '' where there is none. Raises Complaint(sentence) for one that is there twice."""
    if fields.repeated(name):
        raise Complaint(sentence)
    return _readable(fields.first(name) or b"")


def _readable(data: bytes) -> str:
    return _characters(data) or ""


def _text(data: bytes, tenant: Tenant) -> str | None:
    """The text of a message; None for what is none."""
    if tenant.dialects is None or not tenant.dialects.smsclub_base64:
        return _characters(data)
    try:
        # A plus sign that was not percent-encoded has become a blank.
        return base64.b64decode(data.replace(b" ", b"+"), validate=True).decode("cp1251")
    except (binascii.Error, UnicodeDecodeError):
        return None


def _characters(data: bytes) -> str | None:
    """UTF-8 where it is that, else Windows-1251; None for octets that are neither."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError:
        return None


def _cents(micro: int) -> str:
    """Two decimals, never more than there is."""
    cents = micro // (MICRO // 100)
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def _lines(lines: list[str]) -> Answer:
    return _page(_BREAK.join([_START, *lines, _END, ""]))


def _sentence(sentence: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    return Answer(status, sentence.encode(), HTML, headers)


def _page(text: str) -> Answer:
    return Answer(200, text.encode(), HTML)
