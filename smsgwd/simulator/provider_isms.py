"""iSMS.gr as its page has it: text over GET, `Error: ...` in words, states by query.php or a call of dlr-url.

Of the page: 'Every successful call returns an ID, e.g. ID:I7I5R4HTAA' (one for all recipients of the call; another
example is 0008FABD); 'recipients separated by commas without spaces'; coding 'GSM, UTF-8. Default: GSM'; flash 0 or 1;
'If there is a mistake in the parameter schedule the system returns: Error: Invalid scheduling date.' Contacts answer
OK in Greek letters. What it leaves open: a character that GSM lacks becomes `?` where the coding is GSM; a call with
some valid recipients is taken for these alone, and query.php says `Failed` for the others; errors come with status
200; dlr-url is called with Kannel's escapes filled in, or, where it has none, with mid, mobile, status, date and err.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import quote, urlencode

from smsgwd.gsm.alphabet import fitted
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.hlr import Hlr, HlrOptions
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
    text_answer,
)
from smsgwd.simulator.provider_books import DELIVERED, FAILED, SENT, Message

AUTH, RECIPIENTS, SENDER, CREDITS, SCHEDULE = "auth", "recipients", "sender", "credits", "schedule"
NO_MID, NO_MOBILE, NO_SUCH, NO_SUCH_HLR = "no_mid", "no_mobile", "no_such_message", "no_such_hlr"
EMPTY_MOBILE, BAD_MOBILE, CONTACT_FAILED = "empty_mobile", "bad_mobile", "contact_failed"

ERRORS: Final[dict[str, PageError]] = {
    AUTH: PageError("Error: Authentication error.", 200, "account"),
    RECIPIENTS: PageError("Error: No recipients.", 200, "message"),
    SENDER: PageError("Error: Invalid sender identity.", 200, "message"),
    CREDITS: PageError("Error: Insufficient credits.", 200, "account"),
    SCHEDULE: PageError("Error: Invalid scheduling date.", 200, "message"),
    NO_MID: PageError("Error: No message ID defined.", 200, "message", sends=False),
    NO_MOBILE: PageError("Error: No mobile defined.", 200, "message", sends=False),
    NO_SUCH: PageError("Error: No such message or recipient.", 200, "message", sends=False),
    NO_SUCH_HLR: PageError("Error: No such message ID or mobile.", 200, "message", sends=False),
    EMPTY_MOBILE: PageError("Error: Mobile number is empty.", 200, "message", sends=False),
    BAD_MOBILE: PageError("Error: Invalid mobile number.", 200, "message", sends=False),
    CONTACT_FAILED: PageError("FAILED", 200, "message", sends=False),
}
GREEK_OK: Final = "\N{GREEK CAPITAL LETTER OMICRON}\N{GREEK CAPITAL LETTER KAPPA}"

_PATH = "/api/http/"
_SECOND = re.compile(r"%([0-9A-Fa-f]{2}|.)", re.DOTALL)
_SCHEDULE = (
    re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d(:\d\d)?)?"),
    re.compile(r"\d{1,2} [A-Z][a-z]+ \d{4}( \d\d:\d\d(:\d\d)?)?"),
    re.compile(r"\+?( ?\d+ (second|minute|hour|day|week|month|year)s?)+"),
    re.compile(r"(next|last) [A-Za-z]+"),
)
_HLR_STATES = {"delivered": "Delivered", "undelivered": "Undelivered", "failed": "Failed", "unknown": "Unknown"}


class Isms(Api):
    """The text API."""

    NAME = "isms"
    ERRORS = ERRORS
    DELIVERED = "Delivered"
    FAILURES: ClassVar[tuple[str, ...]] = ("Failed",)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._hlr = Hlr(HlrOptions(), None)
        self._asked: dict[tuple[str, str], float] = {}  # when a number was asked for, by id and number
        self._invalid: set[tuple[str, str]] = set()
        self._calls: dict[str, Callable[[dict[str, str]], str]] = {
            "send.php": self._send,
            "query.php": self._query,
            "credits.php": lambda _: f"Credits:{self.options.credits:.2f}",
            "hlr.php": self._hlr_ask,
            "hlrquery.php": self._hlr_query,
            "savecontact.php": self._save_contact,
            "deletecontact.php": self._contact,
            "api/http/deletecontact.php": self._contact,  # as the page's example has it
        }

    def sends(self, request: HttpRequest) -> bool:
        """Only send.php does."""
        return request.path == _PATH + "send.php"

    def answer(self, request: HttpRequest) -> HttpResponse:
        """One of the calls of the page."""
        call = self._calls.get(request.path.removeprefix(_PATH)) if request.path.startswith(_PATH) else None
        if call is None:
            return text_answer("Not found", 404)
        if request.method not in ("GET", "POST"):
            return text_answer("Method not allowed", 405)
        fields = fields_of(request)
        if (fields.get("username"), fields.get("password")) != (self.options.user, self.options.password):
            raise Refused(AUTH)
        return text_answer(call(fields))

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The page's words."""
        return text_answer(ERRORS[name].says)

    def _send(self, fields: dict[str, str]) -> str:
        listed = [to for to in fields.get("to", "").split(",") if to]
        numbers = list(dict.fromkeys(to for to in listed if is_number(to, plus=False)))
        if not numbers:
            raise Refused(RECIPIENTS)
        sender = fields.get("from", "")
        if not is_sender(sender, self.options):
            raise Refused(SENDER)
        schedule = fields.get("schedule")
        if schedule is not None and not any(form.fullmatch(schedule.strip()) for form in _SCHEDULE):
            raise Refused(SCHEDULE)
        if not self.desk.pay(len(numbers)):
            raise Refused(CREDITS)
        text = fields.get("message", "")
        coding = fields.get("coding") or "GSM"
        if coding != "UTF-8":
            text = fitted(text)
        made = self._id()
        callback = fields.get("dlr-url", "")
        self._invalid |= {(made, to) for to in listed if to not in numbers}
        for to in numbers:
            self.desk.take(
                Message(
                    made,
                    to,
                    text,
                    sender,
                    self.desk.now(),
                    callback=callback if is_url(callback) else "",
                    more={"coding": coding, "flash": fields.get("flash") == "1", "schedule": schedule},
                )
            )
        return f"ID:{made}"

    def _id(self) -> str:
        """In turn as the page's two examples are: I7I5R4HTAA, 0008FABD."""
        if len(self.desk.books.messages) % 2:
            return "000" + self.desk.drawn_id(5)
        return self.desk.drawn_id(10)

    def _query(self, fields: dict[str, str]) -> str:
        mid, mobile = _asked(fields)
        if (mid, mobile) in self._invalid:
            return "Status: Failed"
        message = self.desk.books.find(mid, mobile)
        if message is None:
            raise Refused(NO_SUCH)
        return f"Status: {message.fate if message.final else 'Pending' if message.state == SENT else 'Queued'}"

    # -- numbers ---------------------------------------------------------------------------------------------------

    def _hlr_ask(self, fields: dict[str, str]) -> str:
        numbers = [number for number in fields.get("mobiles", "").split(",") if is_number(number, plus=False)]
        if not numbers:
            raise Refused(RECIPIENTS)
        if not self.desk.pay(len(numbers)):
            raise Refused(CREDITS)
        made = "0" + self.desk.drawn_id(6).lower()  # as in the page's ID:0adgre1
        self._asked |= {(made, number): self.desk.now() for number in numbers}
        return f"ID:{made}"

    def _hlr_query(self, fields: dict[str, str]) -> str:
        asked = self._asked.get(_asked(fields))
        if asked is None:
            raise Refused(NO_SUCH_HLR)
        gone, whole = self.desk.now() - asked, self.options.final_after_ms / 1000
        if gone < whole:
            return "Queued" if gone < whole / 2 else "Pending"
        facts = self._hlr.facts(fields["mobile"])
        known = [facts.get(name, "") for name in ("country", "operator", "imsi", "msc", "error")]
        return ";".join([_HLR_STATES[facts["state"]], *known])

    # -- contacts --------------------------------------------------------------------------------------------------

    def _save_contact(self, fields: dict[str, str]) -> str:
        said = self._contact(fields)
        if any(not fields.get(name) for name in ("surname", "name")) or "comments" not in fields:
            raise Refused(CONTACT_FAILED)
        return said

    def _contact(self, fields: dict[str, str]) -> str:
        mobile = fields.get("mobile", "")
        if not mobile:
            raise Refused(EMPTY_MOBILE)
        if not is_number(mobile, plus=False):
            raise Refused(BAD_MOBILE)
        return GREEK_OK

    # -- dlr-url ---------------------------------------------------------------------------------------------------

    def reports(self, message: Message) -> list[Out]:
        """A GET of dlr-url when a message is final."""
        if not message.callback or message.state not in (DELIVERED, FAILED):
            return []
        return [Out("GET", filled(message))]


def _asked(fields: dict[str, str]) -> tuple[str, str]:
    mid, mobile = fields.get("mid", ""), fields.get("mobile", "")
    if not mid:
        raise Refused(NO_MID)
    if not mobile:
        raise Refused(NO_MOBILE)
    return mid, mobile


def filled(message: Message) -> str:
    """The dlr-url of a message: escapes filled in, or parameters added where it has none."""
    at = datetime.fromtimestamp(message.final_at, UTC)
    error = "001" if message.failed else "000"
    escapes = {
        "d": "2" if message.failed else "1",
        "I": message.id,
        "p": message.to,
        "P": message.sender,
        "t": f"{at:%Y-%m-%d %H:%M:%S}",
        "T": str(int(message.final_at)),
        "A": f"id:{message.id} stat:{'UNDELIV' if message.failed else 'DELIVRD'} err:{error}",
        "%": "%",
    }
    found = False

    def value(match: re.Match[str]) -> str:
        nonlocal found
        escape = match[1]
        if escape not in escapes:  # %41 is a byte, never an escape
            return match[0]
        found = True
        return quote(escapes[escape], safe="")

    url = _SECOND.sub(value, message.callback)
    if found:
        return url
    added = {"mid": message.id, "mobile": message.to, "status": message.fate, "date": escapes["t"], "err": error}
    return f"{url}{'&' if '?' in url else '?'}{urlencode(added)}"
