"""An API of Infobip's shape: JSON with `Authorization: App KEY`, nested states with a groupName, reports as JSON.

After Infobip's public reference of SMS: `POST /sms/2/text/advanced` with `messages` of `from`, `destinations` (`to`,
`messageId`), `text`, `notifyUrl`; the answer has a status for each destination, groups PENDING, UNDELIVERABLE,
DELIVERED, EXPIRED, REJECTED; whole requests fail with `requestError.serviceException`; reports are `{"results": [...]}`
to notifyUrl or by `GET /sms/1/reports` (each told once there); `GET /account/1/balance`. `token` is the key.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import msgspec

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    Api,
    Desk,
    Out,
    PageError,
    Refused,
    fields_of,
    is_number,
    is_sender,
    is_url,
    json_answer,
    post_json,
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, Message

ERRORS: Final[dict[str, PageError]] = {
    "BAD_REQUEST": PageError("Bad Request", 400, "message"),
    "UNAUTHORIZED": PageError("Invalid login details", 401, "account"),
    "FORBIDDEN": PageError("Unauthorized access", 403, "account"),
    "TOO_MANY_REQUESTS": PageError("Too many requests", 429, "passing"),
    "GENERAL_ERROR": PageError("Something went wrong. Please contact support.", 500, "passing"),
    "REJECTED_DESTINATION": PageError("Destination address is not valid", 200, "message"),
    "REJECTED_SENDER": PageError("Sender is not registered", 200, "message"),
    "REJECTED_NOT_ENOUGH_CREDITS": PageError("Not enough credits", 200, "account"),
}
_REJECTIONS = {"REJECTED_DESTINATION": 6, "REJECTED_SENDER": 14, "REJECTED_NOT_ENOUGH_CREDITS": 12}

#: groupId, groupName, id, name, description of a state.
_STATES: Final[dict[str, tuple[int, str, int, str, str]]] = {
    "PENDING": (1, "PENDING", 26, "PENDING_ACCEPTED", "Message accepted, pending for delivery."),
    "DELIVERED": (3, "DELIVERED", 5, "DELIVERED_TO_HANDSET", "Message delivered to handset"),
    "UNDELIVERABLE": (2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED", "Message sent not delivered"),
    "EXPIRED": (4, "EXPIRED", 15, "EXPIRED_EXPIRED", "Message expired"),
    "REJECTED": (5, "REJECTED", 8, "REJECTED_PREFIX_MISSING", "Number prefix missing"),
}


class Infobip(Api):
    """The SMS API."""

    NAME = "infobip"
    ERRORS = ERRORS
    DELIVERED = "DELIVERED"
    FAILURES: ClassVar[tuple[str, ...]] = ("UNDELIVERABLE", "EXPIRED", "REJECTED")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._reported: set[int] = set()

    def sends(self, request: HttpRequest) -> bool:
        """The advanced one."""
        return request.path == "/sms/2/text/advanced"

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Messages, reports, the balance."""
        if request.headers.get("authorization") != f"App {self.options.token}":
            raise Refused("UNAUTHORIZED")
        if self.sends(request) and request.method == "POST":
            try:
                return self._send(msgspec.json.decode(request.body, type=dict[str, Any]))
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise Refused("BAD_REQUEST") from None
        if (request.method, request.path) == ("GET", "/sms/1/reports"):
            return self._reports(fields_of(request))
        if (request.method, request.path) == ("GET", "/account/1/balance"):
            return json_answer(200, {"balance": self.options.credits, "currency": "EUR"})
        return text_answer("Not found", 404)

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """A request error; a rejection of each destination where that is what was asked for."""
        if name in _REJECTIONS:
            try:
                pairs = _pairs(msgspec.json.decode(extra["request"].body, type=dict[str, Any]))
            except (ValueError, Refused):
                return self.refusal("BAD_REQUEST")
            return json_answer(200, {"messages": [_rejected(destination, name) for _, destination in pairs]})
        exception = {"messageId": name, "text": ERRORS[name].says}
        return json_answer(ERRORS[name].status, {"requestError": {"serviceException": exception}})

    def throttled(self) -> HttpResponse:
        """HTTP 429."""
        return self.refusal("TOO_MANY_REQUESTS")

    def _send(self, said: dict[str, Any]) -> HttpResponse:
        bulk, rows = self.desk.drawn_id(20, "0123456789"), []
        for message, destination in _pairs(said):
            rows.append(self._take(message, destination, bulk))
        return json_answer(200, {"bulkId": bulk, "messages": rows})

    def _take(self, message: dict[str, Any], destination: dict[str, Any], bulk: str) -> dict[str, Any]:
        to, sender = destination["to"], message.get("from", "")
        error = ""
        if not is_number(to):
            error = "REJECTED_DESTINATION"
        elif not is_sender(sender, self.options):
            error = "REJECTED_SENDER"
        elif not self.desk.pay(1):
            error = "REJECTED_NOT_ENOUGH_CREDITS"
        if error:
            self.desk.books.errors[error] += 1
            return _rejected(destination, error)
        own = destination.get("messageId", "")
        made = own or self.desk.drawn_id(20, "0123456789")
        self.desk.take(
            Message(
                made,
                to,
                message["text"],
                sender,
                self.desk.now(),
                own_id=own,
                callback=message.get("notifyUrl") or "",
                more={"bulk": bulk},
            )
        )
        return {"to": to, "messageId": made, "status": _status("PENDING")}

    def _reports(self, fields: dict[str, str]) -> HttpResponse:
        wanted = fields.get("messageId")
        messages = self.desk.books.of(wanted) if wanted else self.desk.books.messages
        rows = []
        for message in messages:
            if message.final and message.number not in self._reported:
                self._reported.add(message.number)
                rows.append(_result(message))
        return json_answer(200, {"results": rows})

    def reports(self, message: Message) -> list[Out]:
        """A POST to notifyUrl when a message is final."""
        if not message.callback or message.state not in (DELIVERED, FAILED):
            return []
        return [post_json(message.callback, {"results": [_result(message)]})]


def _pairs(said: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each destination with its message. Raises Refused."""
    found = []
    messages = said.get("messages")
    for message in messages if isinstance(messages, list) else []:
        if not isinstance(message, dict):
            raise Refused("BAD_REQUEST")
        rows, url = message.get("destinations"), message.get("notifyUrl")
        text_fits = isinstance(message.get("text"), str) and message["text"]
        if not isinstance(rows, list) or not text_fits or not isinstance(message.get("from", ""), str):
            raise Refused("BAD_REQUEST")
        if url is not None and not is_url(url):
            raise Refused("BAD_REQUEST")
        for row in rows:
            if not isinstance(row, dict) or not all(isinstance(row.get(key, ""), str) for key in ("to", "messageId")):
                raise Refused("BAD_REQUEST")
            if not row.get("to"):
                raise Refused("BAD_REQUEST")
            found.append((message, row))
    if not found:
        raise Refused("BAD_REQUEST")
    return found


def _status(state: str) -> dict[str, Any]:
    return dict(zip(("groupId", "groupName", "id", "name", "description"), _STATES[state], strict=True))


def _rejected(destination: dict[str, Any], name: str) -> dict[str, Any]:
    status = {"groupId": 5, "groupName": "REJECTED", "id": _REJECTIONS[name], "name": name}
    return {"to": destination["to"], "status": status | {"description": ERRORS[name].says}}


def _result(message: Message) -> dict[str, Any]:
    error = (27, "EC_ABSENT_SUBSCRIBER", "Absent Subscriber") if message.failed else (0, "NO_ERROR", "No Error")
    return {
        "bulkId": message.more["bulk"],
        "messageId": message.id,
        "to": message.to,
        "sentAt": _date(message.at),
        "doneAt": _date(message.final_at),
        "smsCount": 1,
        "status": _status(message.fate),
        "error": {"groupId": int(message.failed), "id": error[0], "name": error[1], "description": error[2]},
    }


def _date(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"
