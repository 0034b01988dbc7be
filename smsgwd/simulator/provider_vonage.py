"""An API of Vonage's (Nexmo's) shape: key and secret among the fields, `messages[].status` in an answer that is 200.

After Vonage's public reference of the SMS API: `POST /sms/json` (form or JSON, GET too) with api_key, api_secret, from,
to, text, type (`unicode` for what GSM lacks), callback, client-ref; status "0" is success, others come with
error-text; delivery receipts with messageId, msisdn, to, status (delivered, failed, expired, rejected, accepted,
buffered), err-code, scts, client-ref; `GET /account/get-balance`. `user` is the key, `password` the secret.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import msgspec

from smsgwd.gsm.alphabet import fitted
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    Api,
    Out,
    PageError,
    Refused,
    fields_of,
    is_number,
    is_sender,
    is_url,
    json_answer,
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, Message

ERRORS: Final[dict[str, PageError]] = {
    "1": PageError("Throughput Rate Exceeded", 200, "passing"),
    "2": PageError("Missing Parameters", 200, "message"),
    "3": PageError("Invalid Parameters", 200, "message"),
    "4": PageError("Invalid Credentials", 200, "account"),
    "5": PageError("Internal Error", 200, "passing"),
    "6": PageError("Invalid Message", 200, "message"),
    "7": PageError("Number Barred", 200, "message"),
    "9": PageError("Partner Quota Violation", 200, "account"),
    "15": PageError("Invalid Sender Address", 200, "message"),
}

_ERROR_CODES = {"delivered": "0", "failed": "1", "expired": "3", "rejected": "6"}


class Vonage(Api):
    """The SMS API."""

    NAME = "vonage"
    ERRORS = ERRORS
    FAILURES: ClassVar[tuple[str, ...]] = ("failed", "expired", "rejected")

    def sends(self, request: HttpRequest) -> bool:
        """The one path of it."""
        return request.path == "/sms/json"

    def answer(self, request: HttpRequest) -> HttpResponse:
        """A message, or the balance."""
        fields: dict[str, Any] = dict(fields_of(request))
        if request.headers.get("content-type", "").startswith("application/json"):
            try:
                fields |= msgspec.json.decode(request.body, type=dict[str, Any])
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise Refused("3") from None
        if self.sends(request):
            return self._send(fields)
        if request.path == "/account/get-balance" and request.method == "GET":
            if not self._knows(fields):
                return json_answer(401, {"error-code": "401", "error-code-label": "authentication failed"})
            return json_answer(200, {"value": self.options.credits, "autoReload": False})
        return text_answer("Not found", 404)

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """One message of a status other than "0", HTTP 200."""
        said = {"message-count": "1", "messages": [{"status": name, "error-text": ERRORS[name].says}]}
        return json_answer(ERRORS[name].status, said)

    def throttled(self) -> HttpResponse:
        """Status "1"."""
        return self.refusal("1")

    def _knows(self, fields: dict[str, Any]) -> bool:
        return (fields.get("api_key"), fields.get("api_secret")) == (self.options.user, self.options.password)

    def _send(self, fields: dict[str, Any]) -> HttpResponse:
        missing = [name for name in ("api_key", "api_secret", "from", "to") if not fields.get(name)]
        if missing:
            raise Refused("2")
        if not self._knows(fields):
            raise Refused("4")
        to, sender, text = fields["to"], fields["from"], fields.get("text", "")
        callback = fields.get("callback", "")
        if not isinstance(to, str) or not is_number(to, plus=False) or (callback and not is_url(callback)):
            raise Refused("3")
        if not isinstance(sender, str) or not is_sender(sender, self.options):
            raise Refused("15")
        if not isinstance(text, str) or not 0 < len(text) <= 3200:
            raise Refused("6")
        if not self.desk.pay(1):
            raise Refused("9")
        kind = fields.get("type", "text")
        made = self.desk.drawn_id(16)
        own = str(fields.get("client-ref", ""))
        self.desk.take(
            Message(
                made,
                to,
                text if kind == "unicode" else fitted(text),
                sender,
                self.desk.now(),
                own_id=own,
                callback=callback or self.options.callback_url,
                more={"type": kind},
            )
        )
        taken = {
            "to": to,
            "message-id": made,
            "status": "0",
            "remaining-balance": f"{self.options.credits:.8f}",
            "message-price": f"{self.options.price:.8f}",
            "network": "20201",
        }
        if own:
            taken["client-ref"] = own
        return json_answer(200, {"message-count": "1", "messages": [taken]})

    def reports(self, message: Message) -> list[Out]:
        """A GET of the callback when a message is final."""
        if not message.callback or message.state not in (DELIVERED, FAILED):
            return []
        at = datetime.fromtimestamp(message.final_at, UTC)
        said = {
            "msisdn": message.to,
            "to": message.sender,
            "network-code": "20201",
            "messageId": message.id,
            "price": f"{self.options.price:.8f}",
            "status": message.fate,
            "scts": f"{at:%y%m%d%H%M}",
            "err-code": _ERROR_CODES[message.fate],
            "message-timestamp": f"{at:%Y-%m-%d %H:%M:%S}",
        }
        if message.own_id:
            said["client-ref"] = message.own_id
        url = message.callback
        return [Out("GET", f"{url}{'&' if '?' in url else '?'}{urlencode(said)}")]
