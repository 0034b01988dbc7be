"""What a request for Jasmin's HTTP API says, and Jasmin's checks of it (0.11, protocols/http/endpoints).

A value is octets where it came in a query or a form, and text where it came in JSON. Jasmin sends octets on as they
are, in any coding but GSM; see `Content`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from smsgwd.dialects import form
from smsgwd.dialects.http import Request

#: A value: octets of a query or a form (and all numbers), text of JSON, or what else JSON has.
Value = bytes | str | None | list[Any] | dict[str, Any]

_SHOWN: Final = 100
_LEVEL: Final = re.compile(rb"[1-3]")
_METHOD: Final = re.compile(rb"(?i:get|post)")
_DIGITS: Final = re.compile(rb"[0-9]+")
_ANY: Final = re.compile(rb"(?s:.*)")
#: What each argument of /send must be, in the order in which they are looked at.
_SEND: Final[dict[str, re.Pattern[bytes]]] = {
    "to": re.compile(rb"\+?[0-9]+"),
    "from": _ANY,
    "coding": re.compile(rb"[0-9]|10|13|14"),
    "username": re.compile(rb".{1,255}"),
    "password": re.compile(rb".{1,255}"),
    "priority": re.compile(rb"[0-3]"),
    "sdt": re.compile(rb"[0-9]{15}[+R-]"),
    "validity-period": _DIGITS,
    "dlr": re.compile(rb"yes|no"),
    "dlr-url": re.compile(rb"https?://.*"),
    "dlr-level": _LEVEL,
    "dlr-method": _METHOD,
    "tags": re.compile(rb"[-a-zA-Z0-9,]*"),
    "content": _ANY,
    "hex-content": _ANY,
    "custom_tlvs": _ANY,
}
_NOT_OF_RATE: Final = ("sdt", "dlr", "dlr-url", "dlr-level", "dlr-method", "custom_tlvs")
_RATE: Final = {name: pattern for name, pattern in _SEND.items() if name not in _NOT_OF_RATE}
_USER: Final = {name: _SEND[name] for name in ("username", "password")}
PATTERNS: Final[Mapping[str, Mapping[str, re.Pattern[bytes]]]] = {"send": _SEND, "rate": _RATE, "balance": _USER}
_MANDATORY: Final = {
    "send": ("to", "username", "password"),
    "rate": ("to", "username", "password"),
    "balance": ("username", "password"),
}
_MISSING: Final[list[Any]] = []
_SECRET: Final = frozenset(("password",))


class Problem(Exception):  # noqa: N818 -- a sentence of Jasmin's, told to the client
    """A request, or one message of a batch, ends in an error; the text is Jasmin's sentence, `status` that of HTTP."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Unreadable(Exception):  # noqa: N818 -- what a body is, not an error of ours
    """A body is no JSON object."""


def of_request(request: Request) -> dict[str, Value]:
    """The arguments of a query and a form, or of a JSON body: the first of each name. Raises Problem, Unreadable."""
    data = request.raw_query.encode("latin-1", "replace")
    given: dict[str, Value] = {}
    body = request.body if request.method == "POST" else b""
    if body:
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind == "application/json":
            given = of_json(body)
        elif form.is_form(request):
            data += b"&" + body
    try:
        found = form.parse(form.mended(data)).values
    except form.FormError:
        raise Problem(400, "The arguments cannot be read.") from None
    return {name: values[0] for name, values in found.items()} | given


def of_json(body: bytes) -> dict[str, Value]:
    """The members of a JSON object as values. Raises Unreadable."""
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):  # msgspec.DecodeError is a ValueError; deep nesting is neither
        raise Unreadable from None
    if not isinstance(found, dict):
        raise Unreadable
    return {name: value_of(value) for name, value in found.items()}


def value_of(value: Any) -> Value:
    """A JSON value as Jasmin takes it: numbers as they are written."""
    if isinstance(value, (str, list, dict)) or value is None:
        return value
    return str(value).encode()


def renamed(given: Mapping[str, Value]) -> dict[str, Value]:
    """Arguments of the REST API: '_' is '-', and what is null is not there."""
    return {
        name if name == "custom_tlvs" else name.replace("_", "-"): value
        for name, value in given.items()
        if value is not None
    }


def text_of(value: Value) -> str:
    """A value as text, for names and for people."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


def check(given: Mapping[str, Value], endpoint: str) -> None:
    """Jasmin's checks in its order: the first argument's name, all known ones, the names of the others. Raises
    Problem."""
    patterns = PATTERNS[endpoint]
    if not given and endpoint == "balance":
        raise Problem(400, "Mandatory arguments not found, please refer to the HTTPAPI specifications.")
    unknown = None if given.keys() <= patterns.keys() else next(name for name in given if name not in patterns)
    if unknown is not None and next(iter(given)) == unknown:
        raise Problem(400, f"Argument [{unknown[:_SHOWN]}] is unknown.")
    mandatory = _MANDATORY[endpoint]
    for name, pattern in patterns.items():
        value = given.get(name, _MISSING)
        if value is _MISSING:
            if name in mandatory:
                raise Problem(400, f"Mandatory argument [{name}] is not found.")
            continue
        if isinstance(value, str):
            value = value.encode("utf-8", "replace")
        elif isinstance(value, list) and name == "custom_tlvs":
            continue
        if not isinstance(value, bytes) or pattern.fullmatch(value) is None:
            raise invalid(name, given[name])
    if unknown is not None:
        raise Problem(400, f"Argument [{unknown[:_SHOWN]}] is unknown.")


def invalid(name: str, value: Value) -> Problem:
    """The error of a value; secrets and texts are not repeated."""
    if name in _SECRET or name in ("content", "hex-content"):
        return Problem(400, f"Argument [{name}] has an invalid value.")
    shown = text_of(value) if isinstance(value, (bytes, str)) else type(value).__name__
    return Problem(400, f"Argument [{name}] has an invalid value: [{shown[:_SHOWN]}].")
