"""SMS Club's JSON API as its page has it: Bearer token, ids of numbers by `info`, states by /sms/status.

Of the page: 'Array of numbers (up to 100 per request)'; `id_sms`: 'the limit is not more than 100'; statuses ENROUTE,
DELIVRD, EXPIRED, UNDELIV, REJECTD; errors 400 'Input validation error', 401 'User authentication error', 429 'Too many
requests per unit of time', 453 'Duplication of a message in an interval of less than 2 minutes', 500x 'Service is
temporarily unavailable'. Paths are those of its published clients, 9 requests a second is what its users report. What
it leaves open: the HTTP status is the error's number and the body says it again; numbers that are refused while others
are taken are in `add_info` with the reason; unknown ids are left out; a text has 1071 characters at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

import msgspec

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import JSON, Api, Desk, PageError, Refused, is_number, is_sender, json_answer
from smsgwd.simulator.provider_books import Message

ERRORS: Final[dict[str, PageError]] = {
    "400": PageError("Input validation error", 400, "message"),
    "401": PageError("User authentication error", 401, "account"),
    "429": PageError("Too many requests per unit of time", 429, "passing"),
    "453": PageError("Duplication of a message in an interval of less than 2 minutes", 453, "message"),
    "500": PageError("Service is temporarily unavailable", 500, "passing"),
    "503": PageError("Service is temporarily unavailable", 503, "passing"),
}
MOST: Final = 100
LONGEST: Final = 1071
TWICE_S: Final = 120.0

#: The page's own example of a balance, which is no JSON.
LITERAL_BALANCE: Final = (
    '{\n "success_request": {\n    "info": [\n        "money": "%s",\n        "currency": "UAH"\n        ]\n    }\n}'
)

_SENDS = ("/sms/send", "/v2/sms/send")


class SmsClub(Api):
    """The JSON gateway."""

    NAME = "smsclub"
    ERRORS = ERRORS
    DELIVERED = "DELIVRD"
    FAILURES: ClassVar[tuple[str, ...]] = ("UNDELIV", "EXPIRED", "REJECTD")
    THROTTLE = 9

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._last: dict[tuple[str, str], float] = {}  # when a text was last taken for a number
        self._next = 106  # as in the page's example
        self._calls: dict[str, Callable[[dict[str, Any]], HttpResponse]] = {
            "/sms/send": self._send,
            "/v2/sms/send": self._send_each,
            "/sms/status": self._status,
            "/sms/originator": lambda _: _success(list(self.options.senders or ("VashZakaz", "test1", "test2"))),
            "/sms/balance": self._balance,
        }

    def sends(self, request: HttpRequest) -> bool:
        """Both versions of it."""
        return request.path in _SENDS

    def answer(self, request: HttpRequest) -> HttpResponse:
        """One of the calls of the page."""
        call = self._calls.get(request.path)
        if call is None:
            return json_answer(404, {"name": "Not Found", "message": "Page not found.", "code": 0, "status": 404})
        if request.headers.get("authorization") != f"Bearer {self.options.token}":
            raise Refused("401")
        if request.method != "POST":
            raise Refused("400", why="POST only")
        body: dict[str, Any] = {}
        if request.body or request.path in (*_SENDS, "/sms/status"):
            try:
                body = msgspec.json.decode(request.body, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise Refused("400", why="the body is no JSON object") from None
        return call(body)

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The page's words in an object, under the page's number."""
        error = ERRORS[name]
        said = {"name": error.says, "message": extra.get("why", error.says), "code": 0, "status": error.status}
        return json_answer(error.status, said)

    def throttled(self) -> HttpResponse:
        """The page's 429."""
        return self.refusal("429")

    def _send(self, body: dict[str, Any]) -> HttpResponse:
        phones, text = body.get("phone"), body.get("message")
        if not isinstance(phones, list) or not 0 < len(phones) <= MOST:
            raise Refused("400", why=f"phone: an array of 1 to {MOST} numbers")
        return self._take(body, [(phone, text) for phone in phones])

    def _send_each(self, body: dict[str, Any]) -> HttpResponse:
        rows = body.get("data_message")
        if not isinstance(rows, list) or not 0 < len(rows) <= MOST or not all(isinstance(row, dict) for row in rows):
            raise Refused("400", why=f"data_message: an array of 1 to {MOST} objects")
        return self._take(body, [(row.get("phone"), row.get("message")) for row in rows])

    def _take(self, body: dict[str, Any], rows: Sequence[tuple[Any, Any]]) -> HttpResponse:
        sender = body.get("src_addr")
        if not isinstance(sender, str) or not is_sender(sender, self.options):
            raise Refused("400", why="src_addr is no alpha name of yours")
        lifetime = body.get("lifetime")
        if lifetime is not None and (not isinstance(lifetime, int) or isinstance(lifetime, bool) or lifetime < 1):
            raise Refused("400", why="lifetime: minutes")
        for phone, text in rows:
            if not isinstance(phone, str):
                raise Refused("400", why="phone: strings")
            if not isinstance(text, str) or not 0 < len(text) <= LONGEST:
                raise Refused("400", why=f"message: 1 to {LONGEST} characters")
        refused: dict[str, str] = {}
        good: dict[tuple[str, str], None] = {}
        now = self.desk.now()
        for phone, text in rows:
            if not is_number(phone, plus=False):
                refused[phone] = "Invalid number"
            elif (phone, text) in good or now - self._last.get((phone, text), -TWICE_S) < TWICE_S:
                refused[phone] = ERRORS["453"].says
            else:
                good[phone, text] = None
        if not good:
            raise Refused("453" if all(reason == ERRORS["453"].says for reason in refused.values()) else "400")
        if not self.desk.pay(len(good)):
            raise Refused("400", why="Insufficient funds")
        info = {}
        for phone, text in good:
            made, self._next = str(self._next), self._next + 1
            self._last[phone, text] = now
            info[made] = phone
            self.desk.take(Message(made, phone, text, sender, now, more={"lifetime": lifetime}))
        found: dict[str, Any] = {"info": info}
        if refused:
            found["add_info"] = refused
        return json_answer(200, {"success_request": found})

    def _status(self, body: dict[str, Any]) -> HttpResponse:
        ids = body.get("id_sms")
        if not isinstance(ids, list) or not 0 < len(ids) <= MOST:
            raise Refused("400", why=f"id_sms: an array of 1 to {MOST} ids")
        states = {}
        for one in ids:
            if not isinstance(one, str | int) or isinstance(one, bool):
                raise Refused("400", why="id_sms: strings")
            for message in self.desk.books.of(str(one)):
                states[message.id] = message.fate if message.final else "ENROUTE"
        return _success(states)

    def _balance(self, _: dict[str, Any]) -> HttpResponse:
        money = f"{self.options.credits:.4f}"
        if self.options.literal:
            return HttpResponse(200, JSON, (LITERAL_BALANCE % money).encode())
        return _success({"money": money, "currency": "UAH"})


def _success(info: Any) -> HttpResponse:
    return json_answer(200, {"success_request": {"info": info}})
