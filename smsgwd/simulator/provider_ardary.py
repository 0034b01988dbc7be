"""Ardary SMS as its page has it: JSON with `header` and `messages`, contacts, callbacks by GET to an address of ours.

Of the page: `header` with login, accesskey, sender_name, sender_mode, date_to_send, priority '0, 1, 2', mode 'prod' or
'test' ('POST response only'); messages with phone_number (also phonenumber) 'international format, ex.: +1XXXXXXXXXX',
message, url, `id_sms_api`: 'the Id you want to give to the message. Otherwise, we create one for you'; contacts with
login, password, api TRUE, answered one by one with `result` success or failed and `errors`: '#001 Invalid phone number,
#002 Empty phone number, #003 No phone number, #004 Invalid E-mail'. Callbacks: status 'sent' or 'received', incoming,
click, call, qualification; 'json_decode($_GET["calls"])' is all it says of how they travel. What it leaves open: the
answer of sendSms, which has the shape of that of contacts; errors from #005 on; the names status, sms and link of the
other parameters; that an `id_sms_api` is taken once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    Api,
    Desk,
    Out,
    PageError,
    Refused,
    is_number,
    is_sender,
    is_url,
    json_answer,
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, SENT, Message

ERRORS: Final[dict[str, PageError]] = {
    "#001": PageError("Invalid phone number", 200, "message"),
    "#002": PageError("Empty phone number", 200, "message"),
    "#003": PageError("No phone number", 200, "message"),
    "#004": PageError("Invalid E-mail", 200, "message", sends=False),
    "#005": PageError("Empty message", 200, "message"),
    "#006": PageError("Repeated id_sms_api", 200, "taken"),
    "#007": PageError("Invalid date", 200, "message"),
    "#008": PageError("Invalid url", 200, "message"),
    "#009": PageError("Invalid sender", 200, "message"),
    "#100": PageError("Authentication", 401, "account"),
    "#101": PageError("Malformed request", 400, "message"),
    "#102": PageError("No credit", 402, "account"),
    "#103": PageError("No route", 400, "message"),
    "#104": PageError("Later", 503, "passing"),
}

_OF_ENTRIES = tuple(name for name in ERRORS if name < "#100")
_SENDS = ("/api/sendSms", "/api/sendSmsSolo")
_CONTACTS = ("/api/contact", "/api/addcontactSolo")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TIME = "%Y-%m-%d %H:%M:%S"
_CALLS = ("INCOMING CALL", "OUTGOING CALL", "MISSED")
_SOURCES = ("Mobile", "Interface")


class Ardary(Api):
    """sendSms and contact."""

    NAME = "ardary"
    ERRORS = ERRORS
    DELIVERED = "received"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._taken: set[str] = set()

    def sends(self, request: HttpRequest) -> bool:
        """Either of its names."""
        return request.path in _SENDS

    def answer(self, request: HttpRequest) -> HttpResponse:
        """A request to send, or contacts."""
        if request.path not in (*_SENDS, *_CONTACTS):
            return text_answer("Not found", 404)
        if request.method != "POST":
            return text_answer("Method not allowed", 405)
        try:
            said = msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused("#101") from None
        header = said.get("header")
        if isinstance(header, list) and len(header) == 1:
            header = header[0]
        if not isinstance(header, dict):
            raise Refused("#101")
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused("#101")
        if request.path in _SENDS:
            return self._send(header, _objects(said.get("messages")))
        return self._contacts(header, _objects(said.get("contacts")))

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The whole request has failed, or each entry of it where the error is one of entries."""
        request: HttpRequest | None = extra.get("request")
        if request is not None and name in _OF_ENTRIES:
            try:
                messages = _objects(msgspec.json.decode(request.body, type=dict[str, Any]).get("messages"))
            except (ValueError, Refused):
                return self.refusal(name)
            failed = {"result": "failed", "errors": [name]}
            own = ("id_sms_api", "phone_number", "phonenumber")
            entries = [{key: one[key] for key in own if key in one} | failed for one in messages]
            return json_answer(200, {"data": {"sms": entries}})
        return json_answer(ERRORS[name].status, {"data": {"result": "failed", "errors": [name]}})

    def throttled(self) -> HttpResponse:
        """Not on the page."""
        return json_answer(429, {"data": {"result": "failed", "errors": ["#104"]}}, ("Retry-After", "1"))

    def _log_in(self, header: dict[str, Any], *secrets: str) -> None:
        known = {"accesskey": self.options.token, "password": self.options.password}
        given = next((name for name in secrets if name in header), "")
        if header.get("login") != self.options.user or not given or header[given] != known[given]:
            raise Refused("#100")

    # -- sending ---------------------------------------------------------------------------------------------------

    def _send(self, header: dict[str, Any], messages: list[dict[str, Any]]) -> HttpResponse:
        self._log_in(header, "accesskey")
        mode = header.get("mode", "prod")
        if mode not in ("prod", "test") or header.get("priority", 1) not in (0, 1, 2):
            raise Refused("#101")
        wrong = [self._error(header, message) for message in messages]
        fit = wrong.count("")
        if mode == "prod" and fit and not self.desk.pay(fit):
            raise Refused("#102")
        entries = []
        for message, error in zip(messages, wrong, strict=True):
            own = message.get("id_sms_api")
            if not error and own in self._taken:
                error = "#006"
            phone = message.get("phone_number", message.get("phonenumber", ""))
            entry: dict[str, Any] = {"id_sms_api": own or "", "phone_number": phone, "result": "success"}
            if error:
                entry |= {"result": "failed", "errors": [error]}
                self.desk.books.errors[error] += 1
            else:
                entry["id_sms_api"] = own or self.desk.drawn_id(14, "0123456789")
                if mode == "prod":
                    self._take(header, message, phone, entry["id_sms_api"])
            entries.append(entry)
        return json_answer(200, {"data": {"sms": entries}})

    def _take(self, header: dict[str, Any], message: dict[str, Any], phone: str, made: str) -> None:
        self._taken.add(made)
        date = message.get("date_to_send") or header.get("date_to_send")
        self.desk.take(
            Message(
                made,
                phone,
                message["message"],
                header.get("sender_name") or "",
                self.desk.now(),
                own_id=message.get("id_sms_api") or "",
                callback=self.options.callback_url,
                not_before=_date(date) if date else 0.0,
                more={"url": message.get("url", ""), "priority": header.get("priority", 1)},
            )
        )

    def _error(self, header: dict[str, Any], message: dict[str, Any]) -> str:
        """The error of one entry, or ''."""
        error = _phone_error(message.get("phone_number", message.get("phonenumber")))
        if error:
            return error
        text, own, url = message.get("message"), message.get("id_sms_api") or "", message.get("url")
        if not isinstance(text, str) or not text:
            return "#005"
        if not isinstance(own, str) or own in self._taken:
            return "#006"
        if any(
            date is not None and not _date(date) for date in (message.get("date_to_send"), header.get("date_to_send"))
        ):
            return "#007"
        if url is not None and not is_url(url):
            return "#008"
        sender = header.get("sender_name")
        return "" if sender is None or is_sender(str(sender), self.options) else "#009"

    def _contacts(self, header: dict[str, Any], contacts: list[dict[str, Any]]) -> HttpResponse:
        self._log_in(header, "password", "accesskey")
        if header.get("api") is not True:
            raise Refused("#101")
        entries = []
        for contact in contacts:
            error = _phone_error(contact.get("phone_number", contact.get("phonenumber")))
            email = contact.get("email")
            if not error and email and (not isinstance(email, str) or not _EMAIL.fullmatch(email)):
                error = "#004"
            if error:
                self.desk.books.errors[error] += 1
                entries.append(contact | {"result": "failed", "errors": [error]})
            else:
                entries.append(contact | {"result": "success"})
        return json_answer(200, {"data": {"contact": entries}})

    # -- callbacks -------------------------------------------------------------------------------------------------

    def reports(self, message: Message) -> list[Out]:
        """`sent`, then `received`; of a failure nothing, unless `tell_failures`."""
        status = {SENT: "sent", DELIVERED: "received", FAILED: "failed"}.get(message.state)
        if not message.callback or status is None or (status == "failed" and not self.options.tell_failures):
            return []
        at = datetime.fromtimestamp(message.final_at or self.desk.now(), UTC)
        said = {
            "user": self.options.user,
            "phone_number": message.to,
            "status": status,
            "date_status": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "id_sms_api": message.id,
        }
        return [self._out(message.callback, "status", said)]

    def event(self, kind: str, fields: Mapping[str, Any]) -> Out:
        """incoming, click, call and qualified; fields that are not given have the values of the page's examples."""
        if not self.options.callback_url:
            raise ValueError("without a callback URL there is nobody to tell")
        date = datetime.fromtimestamp(self.desk.now(), UTC)
        said: dict[str, Any]
        if kind == "incoming":
            parameter = "sms"
            said = {
                "title": "incoming sms",
                "from": "+306912345678",
                "message": "Hello world !",
                "date": f"{date:{_TIME}}",
            }
        elif kind == "click":
            parameter = "link"
            said = {
                "title": "clicked link",
                "phonenumber": "+306912345678",
                "link": "https://www.my-link.com/",
                "date": f"{date:{_TIME}}",
                "id_sms_api": "",
            }
        elif kind == "call":
            parameter, title = "calls", str(fields.get("TITLE", _CALLS[0]))
            if title not in _CALLS:
                raise ValueError(f"TITLE is one of {', '.join(_CALLS)}")
            said = {
                "TITLE": title,
                "PHONE_NUMBER": "+306912345678",
                "CALL_TIME": f"{date:%Y-%m-%d}",
                "DURATION": "00:01:04",
            }
        elif kind == "qualified":
            parameter, source = "calls", str(fields.get("source", _SOURCES[0]))
            if source not in _SOURCES:
                raise ValueError(f"source is one of {', '.join(_SOURCES)}")
            said = {
                "title": f"Call qualification From {source}",
                "from": "+306912345678",
                "qualification": "Hello world !",
                "date": f"{date:{_TIME}}",
            }
        else:
            raise ValueError(f"no event '{kind}'; there are: incoming, click, call, qualified, report")
        given = {name: value for name, value in fields.items() if name != "source"}
        if strange := sorted(given.keys() - said.keys()):
            raise ValueError(f"{kind} has no '{strange[0]}', only {', '.join(said)}")
        return self._out(self.options.callback_url, parameter, said | given)

    def _out(self, url: str, parameter: str, said: dict[str, Any]) -> Out:
        query = said if self.options.flat else {parameter: msgspec.json.encode(said).decode()}
        return Out("GET", f"{url}{'&' if '?' in url else '?'}{urlencode(query)}")


def _objects(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        raise Refused("#101")
    return found


def _phone_error(phone: object) -> str:
    if phone is None:
        return "#003"
    if phone == "":
        return "#002"
    return "" if isinstance(phone, str) and is_number(phone, plus=True) else "#001"


def _date(text: object) -> float:
    """Seconds since 1970 of a date, read as UTC; 0 for what is none."""
    try:
        return datetime.strptime(str(text), _TIME).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
