"""Section `dialects`: which provider APIs are served, and where."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator

from smsgwd.config.option import Section, option
from smsgwd.config.types import Written

_HOST = re.compile(r"(?!-)[a-z0-9.-]{1,253}(:[0-9]{1,5})?\Z", re.ASCII)
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]{1,64}){1,8}\Z", re.ASCII)
_OURS = ("/v1", "/docs", "/openapi.json", "/l", "/callback")


def _host(value: str) -> str:
    host = value.lower()
    if _HOST.match(host) is None:
        raise ValueError("is no host name, or host:port")
    return host.removesuffix(":443").removesuffix(":80")


def _prefix(value: str) -> str:
    if not value:
        return value
    if _PREFIX.match(value) is None:
        raise ValueError("must be a path such as /isms, without a slash at its end")
    if f"/{value.lower().split('/')[1]}" in _OURS:
        raise ValueError(f"begins as paths of the native API do ({', '.join(_OURS)}), which would be gone")
    return value


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Host = Annotated[str, AfterValidator(_host)]
Hosts = Annotated[tuple[Host, ...], BeforeValidator(_as_tuple), Written("host name, or a list")]
Prefix = Annotated[str, AfterValidator(_prefix), Written("path")]


class Mounted(Section):
    """Where a dialect is served."""

    enabled: bool = option("False: its paths are not there.", default=True)
    host: Hosts = option(
        "Host names it is served on, and nothing else there; empty = on every host, beside the others.",
        default=(),
        example="sms.example.net",
    )
    prefix: Prefix = option(
        "Its paths stand below this one; empty = where the provider has them.", default="", example="/isms"
    )


class Limited(Mounted):
    """Where this API is served, and how many requests it takes."""

    requests_per_s: float = option(
        "Most requests a second of one tenant; beyond, the provider's own error. 0 = unlimited.",
        default=0.0,
        ge=0,
        le=1e6,
        unit="requests/s",
    )


class SmsPresto(Limited):
    """SMSPresto."""

    tell_which: bool = option(
        "Errors 10 and 11 say which of key and password was wrong (an attacker learns it, too); else 1.", default=False
    )


class SmsAdvert(Limited):
    """SMSAdvert."""

    language: Literal["fr", "ro", "en"] = option("Language of its error texts.", default="fr")


class SmsClub(Limited):
    """SMS Club."""

    requests_per_s: float = option(
        "Most requests a second of one tenant; beyond, 429. 0 = unlimited.",
        default=9.0,
        ge=0,
        le=1e6,
        unit="requests/s",
    )
    duplicate_s: int = option(
        "The same text to the same number within so many seconds is refused (453); 0 = off.",
        default=120,
        ge=0,
        le=86_400,
        unit="s",
    )


class Dialects(Section):
    """The provider APIs, each with its own section."""

    isms: Limited = option("iSMS.gr (docs/dialects/isms.md).", default_factory=Limited)
    smsclub: SmsClub = option("SMS Club (docs/dialects/smsclub.md).", default_factory=SmsClub)
    smspresto: SmsPresto = option("SMSPresto (docs/dialects/smspresto.md).", default_factory=SmsPresto)
    smsadvert: SmsAdvert = option("SMSAdvert (docs/dialects/smsadvert.md).", default_factory=SmsAdvert)
    ardary: Limited = option("Ardary SMS and inSIM (docs/dialects/ardary.md).", default_factory=Limited)
    kannel: Limited = option("Kannel's smsbox (docs/dialects/kannel.md).", default_factory=Limited)
    jasmin: Limited = option("Jasmin's HTTP API (docs/dialects/jasmin.md).", default_factory=Limited)
