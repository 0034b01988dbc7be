"""SMSPresto as its page has it: one path, `action=`, answers with a status number and no ids, states by list-archive.

Of the page: 'Success response (Json) {"status": 0, "message": "Message sent successfully.", "message-count": 1}';
errors '1 Authentication failed, 10 Invalid API key, 11 Invalid password, 100 Invalid sender, 101 The sender's character
limit is exceeded, 102 Invalid recipient, 103 Invalid message'; POST has all in the form field `data`, as JSON;
'get-stock Result: 10000'; 'get-contact-total Result: {"TOTAL": "400"}'; list-archive with dateFrom, dateTo, from=0,
to=50. What it leaves open: recipients that are none are left out of the count, only a send without any other is a 102;
HIS_STATUT is 0 waiting, 1 delivered, 2 failed; `to` is exclusive, dates are whole days in UTC, 1000 rows at most;
errors come with status 200; numbers from 104 on are not the page's: 104 insufficient credit, 105 unknown action, 106
malformed request, 107 temporarily unavailable.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any, Final

import msgspec

from smsgwd.gsm.plan import plan
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    Api,
    PageError,
    Refused,
    fields_of,
    is_number,
    is_sender,
    json_answer,
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, Message

ERRORS: Final[dict[str, PageError]] = {
    "1": PageError("Authentication failed", 200, "account"),
    "10": PageError("Invalid API key", 200, "account"),
    "11": PageError("Invalid password", 200, "account"),
    "100": PageError("Invalid sender", 200, "message"),
    "101": PageError("The sender's character limit is exceeded", 200, "message"),
    "102": PageError("Invalid recipient", 200, "message"),
    "103": PageError("Invalid message", 200, "message"),
    "104": PageError("Insufficient credit", 200, "account"),
    "105": PageError("Unknown action", 200, "message", sends=False),
    "106": PageError("Malformed request", 200, "message"),
    "107": PageError("Temporarily unavailable", 200, "passing"),
}
SENT_WELL: Final = "Message sent successfully."
REFERENCE: Final = "SP22558371758"  #: of the account, as in the page's example
MOST_ROWS: Final = 1000

_PATHS = ("/console/api/", "/console/api")
_LONGEST_SENDER = 11
_LONGEST = 1530
_TOTALS = {
    "get-contact-total": "400",
    "get-group-total": "10",
    "get-order-total": "15",
    "get-bill-total": "10",
    "get-scheduled-total": "10",
    "get-predefined-total": "10",
}


class SmsPresto(Api):
    """The console's API."""

    NAME = "smspresto"
    ERRORS = ERRORS

    def sends(self, request: HttpRequest) -> bool:
        """By its action."""
        return self.called(request) == "sendsms"

    def called(self, request: HttpRequest) -> str:
        """By its action, since all have one path."""
        try:
            action = self._said(request).get("action")
        except Refused:
            action = None
        return action if request.path in _PATHS and isinstance(action, str) else request.path

    def answer(self, request: HttpRequest) -> HttpResponse:
        """One of the actions of the page."""
        if request.path not in _PATHS:
            return text_answer("Not found", 404)
        if request.method not in ("GET", "POST"):
            return text_answer("Method not allowed", 405)
        said = self._said(request)
        user, password = said.get("user"), said.get("pass")
        if not user or not password:
            raise Refused("1")
        if user != self.options.user:
            raise Refused("10")
        if password != self.options.password:
            raise Refused("11")
        action = said.get("action")
        if action == "sendsms":
            return self._send(said)
        if action == "list-archive":
            return self._archive(said)
        if isinstance(action, str) and action in _TOTALS:
            return json_answer(200, {"TOTAL": _TOTALS[action]})
        messages = self.desk.books.messages
        counts = {
            "get-stock": int(self.options.credits),
            "get-send": len(messages),
            "get-success": sum(message.state == DELIVERED for message in messages),
            "get-failed": sum(message.state == FAILED for message in messages),
        }
        if not isinstance(action, str) or action not in counts:
            raise Refused("105")
        return text_answer(str(counts[action]))

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The page's number and words."""
        return json_answer(ERRORS[name].status, {"status": int(name), "message": ERRORS[name].says})

    def _said(self, request: HttpRequest) -> dict[str, Any]:
        """Parameters, or the object in `data`."""
        fields: dict[str, Any] = dict(fields_of(request))
        if request.method != "POST" or "data" not in fields:
            return fields
        try:
            return msgspec.json.decode(fields["data"], type=dict[str, Any])
        except msgspec.DecodeError:
            raise Refused("106") from None

    def _send(self, said: dict[str, Any]) -> HttpResponse:
        sender = said.get("from")
        if not isinstance(sender, str) or not sender:
            raise Refused("100")
        if len(sender) > _LONGEST_SENDER and not (sender.isdigit() and len(sender) <= 15):
            raise Refused("101")
        if not is_sender(sender, self.options):
            raise Refused("100")
        common = said.get("message")
        to = said.get("to")
        if isinstance(to, str):
            rows = [(number, common) for number in to.split(",")]
        elif isinstance(to, list) and all(isinstance(row, dict) for row in to):
            rows = [(row.get("recipient"), row.get("message", common)) for row in to]
        else:
            raise Refused("102")
        good = [(number, text) for number, text in rows if isinstance(number, str) and is_number(number)]
        if not good:
            raise Refused("102")
        if any(not isinstance(text, str) or not 0 < len(text) <= _LONGEST for _, text in good):
            raise Refused("103")
        if not self.desk.pay(len(good)):
            raise Refused("104")
        for number, text in good:
            made = str(len(self.desk.books.messages) + 1)  # told by the history alone
            self.desk.take(Message(made, number, str(text), sender, self.desk.now()))
        return json_answer(200, {"status": 0, "message": SENT_WELL, "message-count": len(good)})

    def _archive(self, said: dict[str, Any]) -> HttpResponse:
        try:
            first, last = (date.fromisoformat(str(said[name])) for name in ("dateFrom", "dateTo"))
            start, end = int(said.get("from", 0)), int(said.get("to", 50))
        except (KeyError, TypeError, ValueError):
            raise Refused("106") from None
        rows = [
            message
            for message in self.desk.books.messages
            if first <= datetime.fromtimestamp(message.at, UTC).date() <= last
        ]
        return json_answer(200, [_row(message) for message in rows[max(0, start) : min(end, start + MOST_ROWS)]])


def _row(message: Message) -> dict[str, str]:
    """A message as the history shows it: strings all."""
    status = {DELIVERED: "1", FAILED: "2"}.get(message.state, "0")
    created = _date(message.at)
    return {
        "IDHISTORIQUE": str(message.number),
        "HIS_DESTINATAIRE": f"+{message.to.removeprefix('+')}",
        "HIS_MESSAGE": message.text,
        "HIS_STATUT": status,
        "HIS_NOMBRESMS": str(plan(message.text).parts),
        "HIS_DATEHEURECREA": created,
        "HIS_DATEHEUREENVOI": _date(message.final_at) if message.final else "",
        "IDDATEHEURE": created,
        "CPT_REF": REFERENCE,
        "IDSMSFILATTENTE": str(message.number),
        "HIS_EXPEDITEUR": message.sender,
        "NOMCONTACT": "",
    }


def _date(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"
