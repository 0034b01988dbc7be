"""An API of Twilio's shape: form POST with Basic auth, a JSON answer with a sid, status callbacks as forms.

After Twilio's public reference of the Messages resource: `POST /2010-04-01/Accounts/SID/Messages.json` with To, From,
Body, StatusCallback; 201 and `sid`, `status` queued; errors are `{"code", "message", "more_info", "status"}`; callbacks
have MessageSid, MessageStatus (sent, delivered, undelivered, failed), ErrorCode and the header X-Twilio-Signature.
`user` is the account's SID, `token` its auth token.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    FORM,
    Api,
    Out,
    PageError,
    Refused,
    fields_of,
    is_number,
    is_sender,
    is_url,
    json_answer,
)
from smsgwd.simulator.provider_books import QUEUED, SENT, Message

ERRORS: Final[dict[str, PageError]] = {
    "20003": PageError("Authenticate", 401, "account"),
    "20404": PageError("The requested resource was not found", 404, "message", sends=False),
    "20429": PageError("Too Many Requests", 429, "passing"),
    "20500": PageError("Internal Server Error", 500, "passing"),
    "21211": PageError("Invalid 'To' Phone Number", 400, "message"),
    "21212": PageError("Invalid 'From' Number", 400, "message"),
    "21602": PageError("Message body is required", 400, "message"),
    "21604": PageError("A 'To' phone number is required", 400, "message"),
    "21609": PageError("Invalid 'StatusCallback' URL", 400, "message"),
    "21610": PageError("Attempt to send to unsubscribed recipient", 400, "message"),
    "21617": PageError("The concatenated message body exceeds the 1600 character limit", 400, "message"),
    "90010": PageError("Account is not active", 400, "account"),
}

_PATH = re.compile(r"/2010-04-01/Accounts/([^/]+)/(?:(Messages|Balance)\.json|Messages/([^/]+)\.json)\Z")
_HEX = "0123456789abcdef"


class Twilio(Api):
    """The Messages resource."""

    NAME = "twilio"
    ERRORS = ERRORS
    FAILURES: ClassVar[tuple[str, ...]] = ("undelivered", "failed")

    def sends(self, request: HttpRequest) -> bool:
        """A POST to Messages."""
        return request.method == "POST" and request.path.endswith("/Messages.json")

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Messages, one message, the balance."""
        match = _PATH.match(request.path)
        user, token = self.options.user, self.options.token
        login = "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()
        if request.headers.get("authorization") != login:
            raise Refused("20003")
        if match is None or match[1] != user:
            raise Refused("20404")
        if self.sends(request):
            return self._send(fields_of(request))
        if request.method != "GET":
            raise Refused("20404")
        if match[2] == "Balance":
            balance = {"account_sid": user, "balance": f"{self.options.credits:.2f}", "currency": "USD"}
            return json_answer(200, balance)
        found = self.desk.books.of(match[3] or "")
        if not found:
            raise Refused("20404")
        return json_answer(200, _resource(found[0], user))

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The error document."""
        error = ERRORS[name]
        more = f"https://www.twilio.com/docs/errors/{name}"
        said = {"code": int(name), "message": error.says, "more_info": more, "status": error.status}
        return json_answer(error.status, said)

    def throttled(self) -> HttpResponse:
        """Error 20429."""
        return self.refusal("20429")

    def _send(self, fields: dict[str, str]) -> HttpResponse:
        to, sender, text = fields.get("To", ""), fields.get("From", ""), fields.get("Body", "")
        callback = fields.get("StatusCallback", "")
        if not to:
            raise Refused("21604")
        if not is_number(to, plus=True):
            raise Refused("21211")
        if not is_sender(sender.removeprefix("+"), self.options):
            raise Refused("21212")
        if not text:
            raise Refused("21602")
        if len(text) > 1600:
            raise Refused("21617")
        if callback and not is_url(callback):
            raise Refused("21609")
        if not self.desk.pay(1):
            raise Refused("90010")
        made = "SM" + self.desk.drawn_id(32, _HEX)
        message = Message(made, to, text, sender, self.desk.now(), callback=callback)
        self.desk.take(message)
        return json_answer(201, _resource(message, self.options.user))

    def reports(self, message: Message) -> list[Out]:
        """A signed form to StatusCallback, for `sent` and for the final state."""
        if not message.callback:
            return []
        said = {
            "AccountSid": self.options.user,
            "MessageSid": message.id,
            "SmsSid": message.id,
            "MessageStatus": _status(message),
            "SmsStatus": _status(message),
            "To": message.to,
            "From": message.sender,
            "ApiVersion": "2010-04-01",
        }
        if message.final and message.failed:
            said["ErrorCode"] = "30005"
        headers = {"Content-Type": FORM, "X-Twilio-Signature": signature(self.options.token, message.callback, said)}
        return [Out("POST", message.callback, headers, urlencode(said).encode())]


def signature(token: str, url: str, fields: dict[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 of the URL and the sorted fields, names and values without separators."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), hashlib.sha1).digest()).decode()


def _status(message: Message) -> str:
    return message.fate if message.final else {QUEUED: "queued", SENT: "sent"}[message.state]


def _resource(message: Message, account: str) -> dict[str, Any]:
    failed = message.final and message.failed
    return {
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": message.text,
        "direction": "outbound-api",
        "error_code": 30005 if failed else None,
        "error_message": "Unknown destination handset" if failed else None,
        "from": message.sender,
        "sid": message.id,
        "status": _status(message),
        "to": message.to,
        "uri": f"/2010-04-01/Accounts/{account}/Messages/{message.id}.json",
    }
