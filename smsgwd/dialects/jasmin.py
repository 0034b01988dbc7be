"""Jasmin's HTTP API (`/send`, `/rate`, `/balance`, `/ping`; docs.jasminsms.com, 'HTTP API'); `/secure/` is
`jasmin_rest`.

Arguments and their checks are in `jasmin_fields`, what they come to in `jasmin_message`.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from smsgwd.dialects import jasmin_rest as rest
from smsgwd.dialects.commands import Command, Funds, Money, Send
from smsgwd.dialects.dialect import Options
from smsgwd.dialects.form import FORM_TYPE
from smsgwd.dialects.http import JSON, TEXT, Answer, Answered, Asked, Password, Push, Request
from smsgwd.dialects.jasmin_answers import Ask, Reply, balance, rate, refusal_of, sent
from smsgwd.dialects.jasmin_fields import Problem, Unreadable, check, of_request, text_of
from smsgwd.dialects.jasmin_message import NAME, items_of
from smsgwd.dialects.jasmin_receipts import told
from smsgwd.model.callbacks import Callback
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant

_PATHS: Final = {"/send": "send", "/rate": "rate", "/balance": "balance"}
_SCOPES: Final = {"send": "send", "rate": "send", "balance": "money"}
_PONG: Final = "Jasmin/PONG"
_PING: Final = "/ping"
_ALLOWED: Final = {"send": ("GET", "POST"), "rate": ("GET",), "balance": ("GET",)}
_encode: Final = msgspec.json.Encoder().encode


class Jasmin:
    """Jasmin; one object serves all requests."""

    def __init__(self, options: Options) -> None:
        pass

    @property
    def name(self) -> str:
        """jasmin."""
        return NAME

    @property
    def owns(self) -> tuple[str, ...]:
        """/send, /rate, /balance, /ping, /secure/."""
        return (*_PATHS, _PING, rest.BELOW)

    @property
    def labels(self) -> tuple[str, ...]:
        """One an endpoint."""
        return (*(f"{NAME} {name}" for name in _PATHS.values()), *rest.LABELS)

    def read(self, request: Request) -> Asked:
        """The arguments, checked as Jasmin does before it looks who asks. Raises Answered, Refused."""
        path = request.path
        if path.startswith(rest.BELOW):
            return rest.read(request)
        endpoint = _PATHS.get(path)
        if endpoint is None:
            if path != _PING:
                raise Refused(Refusal.NOT_FOUND)
            if request.method != "GET":
                raise Refused(Refusal.METHOD_NOT_ALLOWED)
            wants_json = "application/json" in request.headers.get("accept", "")
            raise Answered(rest.answer(Reply(200, _PONG), "ping") if wants_json else Answer(200, _PONG.encode(), TEXT))
        if request.method not in _ALLOWED[endpoint]:
            raise Refused(Refusal.METHOD_NOT_ALLOWED)
        try:
            given = of_request(request)
            check(given, endpoint)
        except Problem as problem:
            raise Answered(_answer(endpoint, Reply(problem.status, str(problem), False))) from None
        except Unreadable:
            raise Answered(_answer(endpoint, Reply(400, "The JSON body cannot be read.", False))) from None
        credential = Password(text_of(given["username"]), text_of(given["password"]))
        return Asked(credential, f"{NAME} {endpoint}", _SCOPES[endpoint], Ask(endpoint, given, credential.name))

    def command(self, asked: Asked, tenant: Tenant, now: int) -> Command:
        """One message, a rehearsal of one, or what is left. Raises Answered, Refused."""
        ask: Ask = asked.what
        if ask.rest and ask.endpoint == "sendbatch":
            return rest.batch(ask, tenant, now)
        try:
            return _command(ask, now)
        except Problem as problem:
            reply = Reply(problem.status, str(problem), False)
        except Refused as refused:
            reply = refusal_of(refused.refusal, ask.user, ask.given)
        raise Answered(_shaped(ask, reply))

    def answer(self, asked: Asked, command: Command, result: Any, tenant: Tenant) -> Answer:
        """`Success "id"`, or the JSON of a rate or a balance."""
        ask: Ask = asked.what
        if ask.endpoint == "sendbatch":
            return rest.batch_answer(ask, result)
        if ask.endpoint == "balance":
            funds: Funds = result
            return _shaped(ask, balance(funds))
        return _shaped(ask, rate(result, ask) if ask.endpoint == "rate" else sent(result, ask))

    def refused(self, request: Request, asked: Asked | None, refused: Refused) -> Answer:
        """`Error "..."`; JSON of /rate, /balance and /secure/."""
        refusal = refused.refusal
        name = asked.credential.name if asked is not None else None
        if request.path.lower().startswith(rest.BELOW):
            return rest.refused(request.path, refusal, name)
        return _answer(_PATHS.get(request.path, "send"), refusal_of(refusal, name or "", {}))

    def receipt(self, item: OutboxItem, callback: Callback) -> Push | None:
        """A receipt of level 1 or 2 by GET or POST; None for one of a level that was not asked for."""
        said = told(item, callback.level)
        if said is None:
            return None
        query = urlencode(said)
        if callback.method == "POST":
            return Push("POST", item.url, query.encode(), FORM_TYPE)
        return Push("GET", f"{item.url}{'&' if '?' in item.url else '?'}{query}")

    def event(self, kind: str, data: bytes, callback: Callback, url: str, at: int) -> Push | None:
        """How a batch goes on: the GET of its callback_url or errback_url."""
        return rest.event(kind, data, url)


def _command(ask: Ask, now: int) -> Command:
    """Raises Problem, Refused."""
    if ask.endpoint == "balance":
        return Money()
    items = items_of(ask.given, now, rehearsal=ask.endpoint == "rate")
    return Send(items, dry=ask.endpoint == "rate", whole=len(items) > 1)


def _shaped(ask: Ask, reply: Reply) -> Answer:
    return rest.answer(reply, ask.endpoint) if ask.rest else _answer(ask.endpoint, reply)


def _answer(endpoint: str, reply: Reply) -> Answer:
    """In the way of the older API: text for /send, JSON for the others."""
    if endpoint == "send":
        word = "Success" if reply.well else "Error"
        return Answer(reply.status, f'{word} "{reply.said}"'.encode("utf-8", "replace"), "text/plain")
    return Answer(reply.status, _encode(reply.said), JSON)
