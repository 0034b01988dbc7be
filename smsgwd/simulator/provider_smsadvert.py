"""SMSAdvert as its page has it: one JSON call, errors by field in French, states by a POST to the request's `callback`.

Of the page: `Authorization: API_AUTH_TOKEN`; 'Le numéro doit être au format international E.164 (Ex: +40740123456)';
'Jusqu'à 1000 numéros de téléphone, et les numéros qui sont en double ne seront pas enregistrés'; 'La virgule n'est pas
acceptée à la fin de la liste'; 'un minimum de 3 et un maximum de 480 caractères'; sendAsShort, startDate and endDate
(UNIX milliseconds), failover `short`; the callback: 'type POST (application/json)' with `status` delivered or failed
and `msgId`; a success has a msgId, errors are `errors` by field or one `errorMessage`. What it leaves open: the HTTP
statuses; the words of what has no example; that callbacks of a request with several numbers come once for each, with
`phone`; that a window which has ended is an error of endDate.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_api import (
    Api,
    Out,
    PageError,
    Refused,
    is_number,
    is_url,
    json_answer,
    post_json,
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, Message

#: Those of fields come together under `errors`, the others alone in `errorMessage`.
ERRORS: Final[dict[str, PageError]] = {
    "phone": PageError("Numéro de téléphone invalide!", 400, "message"),
    "shortTextMessage": PageError("Saisissez un minimum de caractères 3!", 400, "message"),
    "too_long": PageError("Saisissez un maximum de caractères 480!", 400, "message"),
    "sendAsShort": PageError("Valeur invalide!", 400, "message"),
    "startDate": PageError("Date invalide!", 400, "message"),
    "endDate": PageError("Date de fin invalide!", 400, "message"),
    "failover": PageError("Valeur de basculement invalide!", 400, "message"),
    "callback": PageError("URL de rappel invalide!", 400, "message"),
    "malformed": PageError("Invalid request!", 400, "message"),
    "auth": PageError("Invalid authorization token!", 401, "account"),
    "credit": PageError("Insufficient credit!", 402, "account"),
    "no_device": PageError("No connected device!", 503, "passing"),
    "database": PageError("There was a database error!", 500, "passing"),
}
SUCCESS: Final = "Your message has been successfully submitted!"
MOST: Final = 1000

_FIELD_OF = {"too_long": "shortTextMessage"}
_WHOLE = ("malformed", "auth", "credit", "no_device", "database")
_ID = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


class SmsAdvert(Api):
    """The one call there is."""

    NAME = "smsadvert"
    ERRORS = ERRORS

    def sends(self, request: HttpRequest) -> bool:
        """With or without the last slash."""
        return request.path in ("/api/sms/", "/api/sms")

    def answer(self, request: HttpRequest) -> HttpResponse:
        """A request to send."""
        if not self.sends(request):
            return text_answer("Not found", 404)
        if request.method != "POST":
            return text_answer("Method not allowed", 405)
        if request.headers.get("authorization") != self.options.token:
            raise Refused("auth")
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise Refused("malformed")
        try:
            said = msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise Refused("malformed") from None
        wrong = [name for name, good in self._checks(said).items() if not good]
        if wrong:
            raise Refused(wrong[0], fields=wrong)
        if said.get("sendAsShort") is not True and not self.options.devices and said.get("failover") != "short":
            raise Refused("no_device")
        numbers = list(dict.fromkeys(said["phone"].split(",")))
        if not self.desk.pay(len(numbers)):
            raise Refused("credit")
        made = self.desk.drawn_id(24, _ID)
        channel = "short" if said.get("sendAsShort") or not self.options.devices else "device"
        for number in numbers:
            self.desk.take(
                Message(
                    made,
                    number,
                    said["shortTextMessage"],
                    "",
                    self.desk.now(),
                    callback=said.get("callback") or "",
                    not_before=(said.get("startDate") or 0) / 1000,
                    more={"channel": channel, "of": len(numbers)},
                )
            )
        return json_answer(200, {"successMessage": SUCCESS, "msgId": made})

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """All wrong fields at once, or one sentence."""
        status, says = ERRORS[name].status, ERRORS[name].says
        if name in _WHOLE:
            return json_answer(status, {"errorMessage": says})
        wrong = extra.get("fields", [name])
        return json_answer(status, {"errors": {_FIELD_OF.get(one, one): ERRORS[one].says for one in wrong}})

    def throttled(self) -> HttpResponse:
        """Not on the page."""
        return json_answer(429, {"errorMessage": "Too many requests!"}, ("Retry-After", "1"))

    def _checks(self, said: dict[str, Any]) -> dict[str, bool]:
        """By name of the error, whether all is well."""
        phone, text = said.get("phone"), said.get("shortTextMessage")
        start, end = said.get("startDate"), said.get("endDate")
        numbers = phone.split(",") if isinstance(phone, str) else []
        return {
            "phone": 0 < len(numbers) <= MOST and all(is_number(number, plus=True) for number in numbers),
            "shortTextMessage": isinstance(text, str) and len(text) >= 3,
            "too_long": not isinstance(text, str) or len(text) <= 480,
            "sendAsShort": isinstance(said.get("sendAsShort", False), bool),
            "startDate": start is None or _is_date(start),
            "endDate": end is None
            or (_is_date(end) and end / 1000 > self.desk.now() and (not _is_date(start) or end > start)),
            "failover": said.get("failover", "short") == "short",
            "callback": "callback" not in said or is_url(said["callback"]),
        }

    def reports(self, message: Message) -> list[Out]:
        """A POST to the request's callback when a message is final."""
        if not message.callback or message.state not in (DELIVERED, FAILED):
            return []
        said = {"status": message.fate, "msgId": message.id}
        if message.more["of"] > 1:
            said["phone"] = message.to
        return [post_json(message.callback, said)]


def _is_date(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
