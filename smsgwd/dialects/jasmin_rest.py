"""Jasmin's REST API (`/secure/`; docs.jasminsms.com, 'RESTful API'): the same arguments in JSON, who asks by Basic.

Answers are those of the older API in `data` or `message`, without the quotation mark they end in, as there.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec

from smsgwd.dialects.callback_url import callable_url
from smsgwd.dialects.commands import Command, Send
from smsgwd.dialects.http import JSON, Answer, Answered, Asked, Password, Push, Request
from smsgwd.dialects.jasmin_answers import Ask, Reply, failed, refusal_of, uuid_of
from smsgwd.dialects.jasmin_fields import (
    Problem,
    Unreadable,
    Value,
    check,
    of_json,
    of_request,
    renamed,
    text_of,
    value_of,
)
from smsgwd.dialects.jasmin_message import NAME, items_of
from smsgwd.model.business import Push as Owed
from smsgwd.model.callbacks import Callback, pack_event
from smsgwd.model.ids import MAX_BLOCK
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item, Outcome
from smsgwd.model.tenant import Tenant

BELOW: Final = "/secure/"
BATCH_EVENT: Final = "jasmin.batch"  #: type of the event that tells how a message of a batch went
_PATHS: Final = {f"{BELOW}{name}": name for name in ("send", "sendbatch", "rate", "balance")}
_METHODS: Final = {"send": "POST", "sendbatch": "POST", "rate": "GET", "balance": "GET"}
_SCOPES: Final = {"send": "send", "sendbatch": "send", "rate": "send", "balance": "money"}
LABELS: Final = tuple(f"{NAME} secure/{name}" for name in _PATHS.values())
_MOST_MESSAGES: Final = MAX_BLOCK - 1  # the ids of a submission are one block
_MOST_OCTETS: Final = 4 * 1024 * 1024  # of all messages of a batch, what globals say counted with each
_VALUE: Final = 16  # octets that a value counts for, besides itself
_STYLE: Final = Callback(NAME)
_encode: Final = msgspec.json.Encoder().encode
_seconds = re.compile(r"([0-9]{1,9})s").fullmatch
_LINK: Final = {
    "text": "Documentation related to this error",
    "href": "http://docs.jasminsms.com/en/latest/apis/rest/index.html",
    "rel": "help",
}


class Told(msgspec.Struct, frozen=True, gc=False):
    """How one message of a batch went (docs.jasminsms.com, 'Batch callbacks parameters')."""

    batch: str
    to: str
    status: int
    text: str


def read(request: Request) -> Asked:
    """Raises Answered, Refused."""
    endpoint = _PATHS.get(request.path)
    if endpoint is None:
        raise Refused(Refusal.NOT_FOUND)
    if request.method != _METHODS[endpoint]:
        raise Refused(Refusal.METHOD_NOT_ALLOWED)
    credential = _credential(request.headers.get("authorization"))
    try:
        if endpoint in ("send", "sendbatch") or (endpoint == "rate" and request.body):
            given = of_json(request.body)
        else:
            given = of_request(request)
    except Unreadable:
        raise Answered(_error(412, "Cannot parse JSON data", "Got unparseable json data")) from None
    except Problem as problem:
        raise Answered(answer(Reply(problem.status, str(problem), False), endpoint)) from None
    if endpoint != "sendbatch":
        given = _whose(renamed(given), credential)
        try:
            if endpoint != "balance":
                check(given, endpoint)
        except Problem as problem:
            raise Answered(answer(Reply(problem.status, str(problem), False), endpoint)) from None
    label = f"{NAME} secure/{endpoint}"
    return Asked(credential, label, _SCOPES[endpoint], Ask(endpoint, given, credential.name, True))


def answer(reply: Reply, endpoint: str) -> Answer:
    """`data` or `message`, of /secure/send with the word that the older API begins with."""
    said = reply.said
    if endpoint == "send":
        said = f'{"Success" if reply.well else "Error"} "{said}'
    return Answer(reply.status, _encode({"data" if reply.well else "message": said}), JSON)


def refused(path: str, refusal: Refusal, user: str | None) -> Answer:
    """What was refused as a whole."""
    if user is None:
        if refusal in (Refusal.NOT_FOUND, Refusal.METHOD_NOT_ALLOWED, Refusal.TOO_LARGE):
            return _error(refusal.http, f"{refusal.http} {refusal.title}", refusal.title)
        if refusal is Refusal.UNAUTHENTICATED:
            return _unauthorized("Authentication required")
    return answer(refusal_of(refusal, user or "", {}), _PATHS.get(path, ""))


# ---------------------------------------------------------------------- batches
def batch(ask: Ask, tenant: Tenant, now: int) -> Command:
    """All messages of a batch; what is no message is remembered for the answer. Raises Answered, Refused."""
    given = ask.given
    messages, common, config = given.get("messages"), given.get("globals"), given.get("batch_config")
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise Answered(_error(412, "Cannot parse JSON data", "messages is a list of objects"))
    if not isinstance(common or {}, dict) or not isinstance(config or {}, dict):
        raise Answered(_error(412, "Cannot parse JSON data", "globals and batch_config are objects"))
    settings: dict[str, Any] = config if isinstance(config, dict) else {}
    ask.callbacks = (_url(settings.get("callback_url")), _url(settings.get("errback_url")))
    at = _schedule(settings.get("schedule_at"), tenant, now)
    ask.scheduled = None if at is None else (at - now) // 1000
    basis = {name: value_of(value) for name, value in common.items()} if isinstance(common, dict) else {}
    credential = {"username": b"-", "password": b"-"}  # proven already
    limit = _Limit(len(messages))
    common_octets = _octets(basis)
    items: list[Item] = []
    for one in messages:
        limit.octets(common_octets)
        own = {name: value_of(value) for name, value in one.items()}
        said = renamed({**basis, **own})
        to = said.get("to")
        if to is None or ("content" not in said and "hex-content" not in said):
            continue  # as there: what has no recipient or no content is no message
        octets = common_octets + _octets(own)
        for number in to if isinstance(to, list) else [to]:
            limit.message(octets, number)
            written = value_of(number)
            try:
                arguments = {**said, "to": written, **credential}
                check(arguments, "send")
                found = items_of(arguments, now)
            except Problem as problem:
                ask.failed.append((text_of(written), str(problem)))
                continue
            except Refused as refused:
                ask.failed.append((text_of(written), str(refusal_of(refused.refusal, ask.user, {"to": written}).said)))
                continue
            if at is not None:
                for item in found:
                    item.schedule_at = at
            items += found
            ask.spans.append(len(found))
            if len(items) > _MOST_MESSAGES:
                raise _too_many()
    if ask.callbacks == (None, None):
        return Send(items)
    return Send(items, pushes=partial(_pushes, ask, tenant.id, now))


class _Limit:
    """How much a batch may be, good or not: in a megabyte there is room for globals and messages that make gigabytes
    when each message is looked at with all that globals say."""

    def __init__(self, messages: int) -> None:
        """Raises Refused(TOO_LARGE)."""
        self._messages = 0
        self._octets = _MOST_OCTETS
        if messages > _MOST_MESSAGES:
            raise _too_many()

    def octets(self, count: int) -> None:
        """So much is looked at. Raises Refused(TOO_LARGE)."""
        self._octets -= count
        if self._octets < 0:
            raise Refused(Refusal.TOO_LARGE, f"a batch has more than {_MOST_OCTETS} octets")

    def message(self, octets: int, number: Any) -> None:
        """A message of so many octets to a number, of whatever type. Raises Refused(TOO_LARGE)."""
        self._messages += 1
        if self._messages > _MOST_MESSAGES:
            raise _too_many()
        self.octets(octets + (len(number) if isinstance(number, str) else 0))


def _too_many() -> Refused:
    return Refused(Refusal.TOO_LARGE, f"more than {_MOST_MESSAGES} messages in a batch")


def _octets(given: dict[str, Value]) -> int:
    """About what arguments take, without their recipients."""
    return sum(
        _VALUE + len(name) + (len(value) if isinstance(value, (str, bytes)) else 4 * len(_encode(value)))
        for name, value in given.items()
        if name != "to" or not isinstance(value, list)
    )


def _pushes(ask: Ask, tenant: str, now: int, outcome: Outcome) -> list[Owed]:
    """What callback_url and errback_url are told: each message's outcome."""
    callback, errback = ask.callbacks
    owed = []
    for told in outcomes(ask, outcome, uuid_of(outcome.id)):
        url = callback if told.status else errback
        if url is not None:
            owed.append(Owed(tenant, url, BATCH_EVENT, now, pack_event(_STYLE, _encode(told))))
    return owed


def batch_answer(ask: Ask, outcome: Outcome) -> Answer:
    """How many were taken. What was not is named beside it: this API has no other word for it than its errback."""
    name = uuid_of(outcome.id)
    told = outcomes(ask, outcome, name)
    bad = [{"to": one.to, "statusText": one.text} for one in told if not one.status]
    data: dict[str, Any] = {"batchId": name, "messageCount": len(told) - len(bad)}
    if ask.scheduled is not None:
        data["scheduled"] = f"{ask.scheduled}s"
    if bad:
        data["refused"] = bad
    return Answer(200, _encode({"data": data}), JSON)


def outcomes(ask: Ask, outcome: Outcome, name: str) -> list[Told]:
    """How each message of a batch went, in the words of its callbacks; parts of one message are one."""
    told: list[Told] = []
    entries = iter(outcome.entries)
    for span in ask.spans:
        parts = list(islice(entries, span))
        bad = next((entry for entry in parts if entry.error is not None), None)
        to = parts[-1].dest
        if bad is None:
            told.append(Told(name, to, 1, f'Success "{uuid_of(parts[-1].id or 0)}"'))
        else:
            said = failed(bad, ask.user, {"to": to}).said
            told.append(Told(name, to, 0, f'HTTPAPI error: Error "{said}'))
    told += [Told(name, to, 0, f'HTTPAPI error: Error "{said}') for to, said in ask.failed]
    return told


def event(kind: str, data: bytes, url: str) -> Push | None:
    """The GET of a batch's callback. Raises msgspec.DecodeError."""
    if kind != BATCH_EVENT:
        return None
    told = msgspec.json.decode(data, type=Told)
    query = urlencode({"batchId": told.batch, "to": told.to, "status": told.status, "statusText": told.text})
    return Push("GET", f"{url}{'&' if '?' in url else '?'}{query}")


def _schedule(written: Any, tenant: Tenant, now: int) -> int | None:
    """schedule_at, 'YYYY-MM-DD HH:MM:SS' in the tenant's zone or '86400s', in ms since 1970. Raises Answered."""
    if written is None:
        return None
    if isinstance(written, str):
        found = _seconds(written)
        if found is not None:
            return now + int(found[1]) * 1000
        try:
            local = datetime.strptime(written, "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZoneInfo(tenant.time_zone))
            at = int(local.timestamp()) * 1000
        except (ValueError, OverflowError):
            pass
        else:
            if at < now:
                raise Answered(_error(412, "Cannot schedule batch in past date", f"Invalid past date given: {written}"))
            return at
    description = "Correct formats are 'YYYY-MM-DD HH:MM:SS' or a number of seconds such as '86400s'"
    raise Answered(_error(412, "Cannot parse scheduled_at value", description))


def _url(written: Any) -> str | None:
    """A callback's URL. Raises Answered for what is none."""
    if written is None:
        return None
    url = callable_url(written.encode("utf-8", "replace")) if isinstance(written, str) else None
    if url is None:
        raise Answered(_error(412, "Cannot parse JSON data", "callback_url and errback_url are http or https URLs"))
    return url


# ---------------------------------------------------------------------- who asks
def _credential(header: str | None) -> Password:
    """Raises Answered for what is no Basic credential (RFC 7617)."""
    if header is None:
        raise Answered(_unauthorized("Authentication required"))
    scheme, _, coded = header.strip().partition(" ")
    try:
        name, found, secret = b64decode(coded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Answered(_unauthorized("Invalid token")) from None
    if scheme.lower() != "basic" or not found or not name or not secret:
        raise Answered(_unauthorized("Invalid token"))
    return Password(name, secret)


def _whose(given: dict[str, Value], credential: Password) -> dict[str, Value]:
    return {**given, "username": credential.name.encode(), "password": credential.secret.encode()}


def _unauthorized(title: str) -> Answer:
    found = _error(401, title, "Please provide a valid Basic auth token", _LINK)
    return Answer(401, found.body, JSON, (("WWW-Authenticate", 'Basic realm="jasmin"'),))


def _error(status: int, title: str, description: str, link: dict[str, str] | None = None) -> Answer:
    said: dict[str, Any] = {"title": title, "description": description}
    if link is not None:
        said["link"] = link
    return Answer(status, _encode(said), JSON)
