"""The fields of an SMSAdvert request: what each may be. All wrong ones are told at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from smsgwd.model.refusals import Refusal, Refused

MOST_NUMBERS: Final = 1000
SHORTEST: Final = 3
LONGEST: Final = 480
_MOST_PLACES: Final = 10_000  #: of a list of numbers that are looked at, duplicates and all
_LONGEST_URL: Final = 2000
_LATEST: Final = 253_402_300_799_999  #: 9999-12-31, in ms since 1970
_MOST_NAMED: Final = 20
_LONGEST_NAMED: Final = 40

_NUMBER: Final = re.compile(r"\+?[1-9][0-9]{6,14}\Z", re.ASCII)
_NUMBERS: Final = re.compile(r"\+?[1-9][0-9]{6,14}(?:,\+?[1-9][0-9]{6,14})*+\Z", re.ASCII)
_URL: Final = re.compile(
    r"https?://(?:(?:[a-z0-9][a-z0-9_-]{0,62}\.)*[a-z0-9][a-z0-9_-]{0,62}\.?|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:[/?][!$-;=?-\[\]_a-z~]*)?\Z",
    re.ASCII | re.IGNORECASE,
)


class Fields(msgspec.Struct, gc=False):
    """What a request says, checked. Times are ms since 1970."""

    numbers: list[str] = []  #: as written, each once
    text: str = ""
    short: bool = False  #: by the network, not by the tenant's phones
    start: int | None = None  #: None = now
    end: int | None = None
    failover: bool = False
    callback: str | None = None


class _Body(msgspec.Struct, gc=False):
    """The fields as they came, of whatever type."""

    phone: Any = None
    text: Any = msgspec.field(default=None, name="shortTextMessage")
    short: Any = msgspec.field(default=None, name="sendAsShort")
    start: Any = msgspec.field(default=None, name="startDate")
    end: Any = msgspec.field(default=None, name="endDate")
    failover: Any = None
    callback: Any = None


_decode = msgspec.json.Decoder(_Body).decode


class Checks:
    """Checks requests; `texts` are what is told of wrong ones (`smsadvert_texts`)."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def check(self, body: bytes, now: int) -> tuple[Fields, dict[str, str]]:
        """The fields of a body, and what is wrong by field. Raises Refused(MALFORMED) for what is no JSON object."""
        try:
            said = _decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refused(Refusal.MALFORMED) from None
        fields, errors, texts = Fields(), dict[str, str](), self._texts
        self._phone(said.phone, fields, errors)
        self._text(said.text, fields, errors)
        if said.short is not None:
            if isinstance(said.short, bool):
                fields.short = said.short
            else:
                errors["sendAsShort"] = texts["sendAsShort"]
        if said.start is not None or said.end is not None:
            self._window(said.start, said.end, now, fields, errors)
        if said.failover is not None:
            fields.failover = True
            if said.failover != "short":
                errors["failover"] = texts["failover"]
        if said.callback is not None:
            if isinstance(said.callback, str) and is_url(said.callback):
                fields.callback = said.callback
            else:
                errors["callback"] = texts["callback"]
        return fields, errors

    def _phone(self, phone: Any, fields: Fields, errors: dict[str, str]) -> None:
        if not isinstance(phone, str) or not phone:
            errors["phone"] = self._texts["phone"]
            return
        if phone.count(",") >= _MOST_PLACES:
            errors["phone"] = self._texts["most"]
            return
        written = phone.split(",")
        if _NUMBERS.match(phone) is None:
            written = [each.strip() for each in written]
            wrong = [each for each in written if _NUMBER.match(each) is None]
            if wrong:
                errors["phone"] = self._texts["phone"] + (_named(wrong) if len(written) > 1 else "")
                return
            phone = ",".join(written)
        # The same number with and without its plus is one number.
        fields.numbers = list(dict(zip(phone.replace("+", "").split(","), written, strict=True)).values())
        if len(fields.numbers) > MOST_NUMBERS:
            errors["phone"] = self._texts["most"]

    def _text(self, text: Any, fields: Fields, errors: dict[str, str]) -> None:
        if text is None:
            text = ""
        if not isinstance(text, str):
            errors["shortTextMessage"] = self._texts["text type"]
        elif len(text) < SHORTEST:
            errors["shortTextMessage"] = self._texts["shortest"]
        elif len(text) > LONGEST:
            errors["shortTextMessage"] = self._texts["longest"]
        else:
            fields.text = text

    def _window(self, start: Any, end: Any, now: int, fields: Fields, errors: dict[str, str]) -> None:
        if start is not None and not _is_moment(start):
            errors["startDate"] = self._texts["moment"]
        elif start is not None and start > now:
            fields.start = start
        if end is None:
            return
        if not _is_moment(end):
            errors["endDate"] = self._texts["moment"]
        elif end <= now:
            errors["endDate"] = self._texts["past"]
        elif fields.start is not None and end <= fields.start:
            errors["endDate"] = self._texts["backwards"]
        else:
            fields.end = end


def _is_moment(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _LATEST


def is_url(url: str) -> bool:
    """True for a http(s) URL that can be called: with a host, without a user, a password or a fragment."""
    if len(url) > _LONGEST_URL or _URL.match(url) is None:
        return False
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


def _named(wrong: list[str]) -> str:
    """The numbers that are wrong, those that can be shown: ' (12, abc)'."""
    shown = [each for each in wrong[:_MOST_NAMED] if each and len(each) <= _LONGEST_NAMED and each.isprintable()]
    return f" ({', '.join(shown)})" if shown else ""
