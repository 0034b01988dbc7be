"""SMS Club's JSON gateway: sending, states, sender names, balance, registration of senders."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from smsgwd.dialects.commands import (
    AskSender,
    Command,
    Funds,
    MessageView,
    Money,
    Outcome,
    Send,
    Sender,
    Senders,
    SenderState,
)
from smsgwd.dialects.http import JSON, Answer, Asked, Request, Token
from smsgwd.dialects.smsclub_rules import Act, ask_states, told_states
from smsgwd.model.message import Failure
from smsgwd.model.money import MICRO
from smsgwd.model.refusals import BY_CODE, Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant

MOST: Final = 100  #: numbers, or ids, of one request
DUPLICATION: Final = 453  #: SMS Club's own status
_LONGEST_DETAIL: Final = 1000

_NAMES: Final[Mapping[int, str]] = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    DUPLICATION: "Duplicate Message",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
#: Refusals that are about the request and not about one of its numbers: where they hold for all, the request is wrong.
_OF_REQUEST: Final = frozenset(
    refusal.code
    for refusal in (
        Refusal.INVALID_SENDER,
        Refusal.SENDER_NOT_ALLOWED,
        Refusal.INVALID_TEXT,
        Refusal.TOO_MANY_PARTS,
        Refusal.CONTENT_REFUSED,
        Refusal.INVALID_VALIDITY,
    )
)
_DUPLICATE: Final = Refusal.DUPLICATE.code
_REGISTERED: Final[Mapping[str, str]] = {"requested": "new", "approved": "active", "refused": "refused"}

_Text = Annotated[str, Meta(min_length=1)]
_Detail = Annotated[str, Meta(max_length=_LONGEST_DETAIL)] | int | None
_T = TypeVar("_T")


class _Common(msgspec.Struct, gc=False, kw_only=True):
    src_addr: _Text
    lifetime: Annotated[int, Meta(ge=1, le=999_999_999)] | None = None  #: minutes
    integration_id: int | str | None = None  #: of the provider's referral system: nothing comes of it here


class _SendBody(_Common, gc=False, kw_only=True):
    phone: Annotated[list[str], Meta(min_length=1, max_length=MOST)]
    message: _Text

    def pairs(self) -> list[tuple[str, str]]:
        """Numbers and texts."""
        return [(number, self.message) for number in self.phone]


class _One(msgspec.Struct, gc=False):
    phone: str
    message: _Text


class _SendEachBody(_Common, gc=False, kw_only=True):
    data_message: Annotated[list[_One], Meta(min_length=1, max_length=MOST)]

    def pairs(self) -> list[tuple[str, str]]:
        """Numbers and texts."""
        return [(each.phone, each.message) for each in self.data_message]


class _StatusBody(msgspec.Struct, gc=False):
    id_sms: Annotated[list[str | int], Meta(min_length=1, max_length=MOST)]


class _StateOfSenderBody(msgspec.Struct, gc=False):
    sender_id: _Text


class _RegisterBody(_StateOfSenderBody, gc=False):
    company_type: _Detail = None
    company: _Detail = None
    inn: _Detail = None
    okpo: _Detail = None
    subject: _Detail = None
    description: _Detail = None
    site: _Detail = None


_send = msgspec.json.Decoder(_SendBody)
_send_each = msgspec.json.Decoder(_SendEachBody)
_status = msgspec.json.Decoder(_StatusBody)
_state_of_sender = msgspec.json.Decoder(_StateOfSenderBody)
_register = msgspec.json.Decoder(_RegisterBody)
_encode = msgspec.json.Encoder().encode


class _Endpoint(NamedTuple):
    label: str
    scope: str
    act: Callable[[bytes], Act]


class JsonGateway:
    """Reads JSON requests, and tells errors as JSON: `{"name", "message", "code", "status"}`."""

    def __init__(self, duplicate_s: int) -> None:
        self._endpoints: Mapping[str, _Endpoint] = {
            "/sms/send": _Endpoint("smsclub send", "send", partial(_Sending, _send, duplicate_s)),
            "/v2/sms/send": _Endpoint("smsclub send each", "send", partial(_Sending, _send_each, duplicate_s)),
            "/sms/status": _Endpoint("smsclub status", "read", _Status),
            "/sms/originator": _Endpoint("smsclub originator", "senders", _Originators),
            "/sms/balance": _Endpoint("smsclub balance", "money", _Balance),
            "/originators/registration-originators": _Endpoint("smsclub registration", "senders", _Registration),
            "/originators/stat-originators": _Endpoint("smsclub registered", "senders", _Registered),
        }

    def labels(self) -> tuple[str, ...]:
        """Every label there can be."""
        return tuple(endpoint.label for endpoint in self._endpoints.values())

    def read(self, request: Request) -> Asked:
        """Raises Refused. The body is looked at once the token has been proven, whatever type it says it has."""
        endpoint = self._endpoints.get(request.path)
        if endpoint is None:
            raise Refused(Refusal.NOT_FOUND)
        if request.method != "POST":
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Refused(Refusal.UNAUTHENTICATED)
        return Asked(Token(token), endpoint.label, endpoint.scope, endpoint.act(request.body))

    def refused(self, refused: Refused) -> Answer:
        """The error for a request refused as a whole."""
        refusal = refused.refusal
        status = refusal.http
        headers: tuple[tuple[str, str], ...] = ()
        if refusal is Refusal.METHOD_NOT_ALLOWED:
            headers = (("Allow", "POST"),)
        elif status in (409, 415, 422):
            status = 400
        elif status in (401, 403):
            status, headers = 401, (("WWW-Authenticate", "Bearer"),)
        message = refusal.title if status >= 500 else refused.detail
        return _error(status, message, headers)


class _Sending:
    """`/sms/send`, `/v2/sms/send`."""

    def __init__(
        self,
        decoder: msgspec.json.Decoder[_SendBody] | msgspec.json.Decoder[_SendEachBody],
        duplicate_s: int,
        body: bytes,
    ) -> None:
        self._decoder: msgspec.json.Decoder[Any] = decoder
        self._duplicate_s = duplicate_s
        self._body = body

    def command(self, tenant: Tenant) -> Command:
        """Raises Refused (MALFORMED, INVALID)."""
        wanted: _SendBody | _SendEachBody = _decoded(self._decoder, self._body)
        source = wanted.src_addr
        validity_s = None if wanted.lifetime is None else wanted.lifetime * 60
        items = [
            Item(source, number, text, validity_s=validity_s, international=True) for number, text in wanted.pairs()
        ]
        return Send(items, duplicate_s=self._duplicate_s)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """Ids with their numbers, and numbers with what they were refused for; where nothing was taken there is no
        `info`, which published clients take for success."""
        outcome: Outcome = result
        info: dict[str, str] = {}
        refused: dict[str, list[str]] = {}
        codes: set[str] = set()
        for entry in outcome.entries:
            if entry.error is None:
                info[str(entry.id)] = entry.dest
                continue
            codes.add(entry.error.code)
            reasons = refused.setdefault(entry.dest, [])
            reason = _reason(entry.error)
            if reason not in reasons:
                reasons.append(reason)
        if not refused:
            return _success(info)
        if not info and codes == {_DUPLICATE}:
            numbers = ", ".join(refused)
            return _error(DUPLICATION, f"The same text was sent a moment ago to {numbers}")
        if not info and codes <= _OF_REQUEST:
            return _error(400, "; ".join(dict.fromkeys(each for reasons in refused.values() for each in reasons)))
        told: dict[str, dict[str, str]] = {"info": info} if info else {}
        told["add_info"] = {number: "; ".join(reasons) for number, reasons in refused.items()}
        return Answer(200, _encode({"success_request": told}), JSON)


class _Status:
    """`/sms/status`."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._ids: list[str] = []

    def command(self, tenant: Tenant) -> Command:
        """Raises Refused (MALFORMED, INVALID)."""
        self._ids = [str(each) for each in _decoded(_status, self._body).id_sms]
        return ask_states(self._ids)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """States by id; unknown ids are left out."""
        found: dict[int, MessageView] = result
        return _success(told_states(self._ids, found))


class _Originators:
    """`/sms/originator`."""

    def __init__(self, body: bytes) -> None:
        pass

    def command(self, tenant: Tenant) -> Command:
        """Nothing has to be said but who asks."""
        return Senders()

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """The names."""
        names: list[str] = result
        return _success(names)


class _Balance:
    """`/sms/balance`."""

    def __init__(self, body: bytes) -> None:
        pass

    def command(self, tenant: Tenant) -> Command:
        """Nothing has to be said but who asks."""
        return Money()

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """Four decimals, never more than there is."""
        funds: Funds = result
        units = funds.balance // (MICRO // 10_000)
        sign = "-" if units < 0 else ""
        money = f"{sign}{abs(units) // 10_000}.{abs(units) % 10_000:04d}"
        return _success({"money": money, "currency": tenant.currency})


class _Registration:
    """`/originators/registration-originators`."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def command(self, tenant: Tenant) -> Command:
        """Raises Refused (MALFORMED, INVALID)."""
        wanted = _decoded(_register, self._body)
        details = {
            name: str(value)
            for name in _RegisterBody.__struct_fields__
            if name != "sender_id" and (value := getattr(wanted, name)) not in (None, "")
        }
        return AskSender(wanted.sender_id, details)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """The name stands for the registration."""
        sender: Sender = result
        return _success({"ID": sender.name})


class _Registered:
    """`/originators/stat-originators`."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._name = ""

    def command(self, tenant: Tenant) -> Command:
        """Raises Refused (MALFORMED, INVALID)."""
        self._name = _decoded(_state_of_sender, self._body).sender_id
        return SenderState(self._name)

    def answer(self, result: Any, tenant: Tenant) -> Answer:
        """How far it is. Raises Refused(INVALID) for a name that nobody registered."""
        sender: Sender | None = result
        if sender is None:
            raise Refused(Refusal.INVALID, "sender_id: no such sender name was registered")
        return _success({sender.name: _REGISTERED[sender.status]})


def _decoded(decoder: msgspec.json.Decoder[_T], body: bytes) -> _T:
    """The body. Raises Refused: MALFORMED for what is no JSON, INVALID for other fields than the page has."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(Refusal.INVALID, str(error)) from None
    except msgspec.DecodeError as error:
        raise Refused(Refusal.MALFORMED, str(error)) from None
    except UnicodeDecodeError:
        raise Refused(Refusal.MALFORMED, "the body is not UTF-8") from None
    except RecursionError:
        raise Refused(Refusal.MALFORMED, "the body is nested too deep") from None


def _reason(failure: Failure) -> str:
    """Why a number was refused, for people."""
    if failure.detail:
        return failure.detail
    refusal = BY_CODE.get(failure.code)
    return failure.code if refusal is None else refusal.title


def _success(info: dict[str, str] | list[str]) -> Answer:
    return Answer(200, _encode({"success_request": {"info": info}}), JSON)


def _error(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Answer:
    name = _NAMES.get(status, "Error")
    return Answer(status, _encode({"name": name, "message": message, "code": status, "status": status}), JSON, headers)
