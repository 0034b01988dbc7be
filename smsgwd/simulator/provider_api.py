"""What one provider's API is to the simulator: requests in its words, errors of its page, callbacks in its form."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlsplit

import msgspec

from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.simulator.provider_books import Books, Message
from smsgwd.simulator.provider_options import SimulatorOptions

#: What an error is about: the account (nothing goes on until somebody does something), one message or request (the
#: same again fails again), a trouble that passes, or a message that was taken before.
About = Literal["account", "message", "passing", "taken"]

TEXT: Final = (("Content-Type", "text/plain; charset=utf-8"),)
JSON: Final = (("Content-Type", "application/json"),)
FORM: Final = "application/x-www-form-urlencoded"
NEVER: Final = "none"  #: the fate of a number whose messages never become final
BASE36: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_SENDER = re.compile(r"[0-9]{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ._&-]{1,11}", re.ASCII)


class PageError(NamedTuple):
    """An error of a provider's page."""

    says: str  #: the page's words
    status: int  #: of HTTP
    about: About
    sends: bool = True  #: whether a send can get it


class Out(NamedTuple):
    """A request of the provider's to us."""

    method: str
    url: str
    headers: Mapping[str, str] = {}
    body: bytes = b""


class Refused(Exception):  # noqa: N818 -- raised for an answer
    """A request is answered with an error of the page. `extra` is for the API's own use."""

    def __init__(self, name: str, **extra: Any) -> None:
        super().__init__(name)
        self.name = name
        self.extra = extra


class Desk(Protocol):
    """What the simulator does for an API."""

    options: SimulatorOptions
    books: Books

    def now(self) -> float:
        """The wall clock, seconds since 1970."""

    def take(self, message: Message) -> None:
        """Accept a message; what becomes of it is the simulator's affair."""

    def pay(self, messages: int) -> bool:
        """Take so many messages' price from the credits; False (and nothing taken) where these do not last."""

    def drawn_id(self, length: int, alphabet: str = BASE36) -> str:
        """An id that was not given before."""


class Api:
    """One provider's API. Derive from it."""

    NAME: ClassVar[str]
    ERRORS: ClassVar[Mapping[str, PageError]]
    DELIVERED: ClassVar[str] = "delivered"
    FAILURES: ClassVar[tuple[str, ...]] = ("failed",)  #: final states that are none, in its words
    THROTTLE: ClassVar[int] = 0  #: requests a second that its page allows, 0 = it says nothing

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @property
    def options(self) -> SimulatorOptions:
        """As they are now."""
        return self.desk.options

    def sends(self, request: HttpRequest) -> bool:
        """Whether a request is one that messages are sent with."""
        raise NotImplementedError

    def called(self, request: HttpRequest) -> str:
        """What a request is counted and named by: its path."""
        return request.path

    def answer(self, request: HttpRequest) -> HttpResponse:
        """Answer a request. Raises Refused."""
        raise NotImplementedError

    def refusal(self, name: str, **extra: Any) -> HttpResponse:
        """The answer that an error of the page is. `extra`: that of `Refused`, or `request` where it was asked for."""
        raise NotImplementedError

    def throttled(self) -> HttpResponse:
        """The answer to one request too many in a second."""
        return HttpResponse(429, (*TEXT, ("Retry-After", "1")), b"Too many requests")

    def reports(self, message: Message) -> list[Out]:
        """What is called when a message has come to its state; [] where nobody asked."""
        return []

    def event(self, kind: str, fields: Mapping[str, Any]) -> Out:
        """What is called for an event other than a message's. Raises ValueError."""
        raise ValueError(f"{self.NAME} has no event '{kind}'")


def fields_of(request: HttpRequest) -> dict[str, str]:
    """Query and form fields; the first of equal names."""
    pairs = list(request.query)
    if request.method == "POST" and FORM in request.headers.get("content-type", ""):
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    return dict(reversed(pairs))


def json_answer(status: int, value: Any, *headers: tuple[str, str]) -> HttpResponse:
    """An answer of JSON."""
    return HttpResponse(status, (*JSON, *headers), msgspec.json.encode(value))


def text_answer(text: str, status: int = 200) -> HttpResponse:
    """An answer of plain text."""
    return HttpResponse(status, TEXT, text.encode())


def post_json(url: str, value: Any) -> Out:
    """A callback of JSON."""
    return Out("POST", url, {"Content-Type": "application/json"}, msgspec.json.encode(value))


def is_sender(text: str, options: SimulatorOptions) -> bool:
    """Whether the account may show it: one of its own where it has any, else 1 to 11 characters or 3 to 15 digits."""
    return text in options.senders if options.senders else _SENDER.fullmatch(text) is not None


def is_number(text: str, *, plus: bool | None = None) -> bool:
    """Whether it is a number with its country code. `plus`: one must, may not, or (None) may stand before it."""
    digits = text.removeprefix("+")
    if plus is not None and plus != (digits != text):
        return False
    return digits.isascii() and digits.isdigit() and 7 <= len(digits) <= 15 and digits[0] != "0"


def is_url(text: object) -> bool:
    """Whether it is an http or https address."""
    if not isinstance(text, str):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
