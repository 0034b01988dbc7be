"""Section `lookups`: who is asked about numbers, how patiently, and how long an answer is good."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr

from smsgwd.config.option import Section, option
from smsgwd.config.types import FrozenMap, HttpUrl, Written, no_entries

PLACE = "{msisdn}"
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\Z", re.ASCII)
_HEADER_VALUE = re.compile(r"[!-~]([ -~]{0,2046}[!-~])?\Z", re.ASCII)


def _with_place(value: Any) -> Any:
    """The number may stand in the path or the query alone: elsewhere it would lead to other hosts."""
    if value.count(PLACE) != 1 or PLACE in urlsplit(value).netloc or PLACE in urlsplit(value).fragment:
        raise ValueError(f"must hold {PLACE} once, in its path or query: the number goes there")
    return value


def _headers(value: Any) -> Any:
    for name, secret in value.items():
        if _HEADER_NAME.match(name) is None:
            raise ValueError(f"'{name[:64]}' is no name of a header")
        if _HEADER_VALUE.match(secret.get_secret_value()) is None:
            raise ValueError(f"the value of '{name}' must be printable ASCII")
    return value


LookupUrl = Annotated[HttpUrl, AfterValidator(_with_place), Written("URL with {msisdn}")]
Headers = Annotated[FrozenMap[str, SecretStr], AfterValidator(_headers)]


class PlanSource(Section):
    """The number plans that operators keep: who owns the range of a number. It knows no subscriber: `Unknown`."""

    kind: Literal["plan"] = option("The stored number plans.", example="plan")


class HttpSource(Section):
    """A service that answers `GET url` with JSON (docs/lookups.md)."""

    kind: Literal["http"] = option("JSON over HTTP.", example="http")
    name: str = option("What answers of it are called.", pattern=r"^[a-z][a-z0-9_-]{0,31}$", example="hlr")
    url: LookupUrl = option(
        "Address with {msisdn} where the number goes (digits, country code first).",
        example="http://127.0.0.1:8095/hlr/{msisdn}",
    )
    headers: Headers = option(
        "Headers sent with it, such as Authorization.",
        default_factory=no_entries,
        example={"Authorization": {"env": "HLR_AUTHORIZATION"}},
        repr=False,
    )
    timeout_s: float = option("Time for one request.", default=10.0, gt=0, le=120, unit="s")


class ProviderSource(Section):
    """A connector of kind provider whose plugin looks numbers up (`smsgwctl plugin show NAME` says which can)."""

    kind: Literal["provider"] = option("The provider of a connector.", example="provider")
    connector: str = option(
        "Id of the connector; answers of it are called so, too.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        example="isms1",
    )
    timeout_s: float = option("Time for one question, its turn included.", default=10.0, gt=0, le=120, unit="s")


LookupSource = Annotated[PlanSource | HttpSource | ProviderSource, Field(discriminator="kind")]


class Lookups(Section):
    """Number lookups (HLR)."""

    sources: tuple[LookupSource, ...] = option(
        "Who is asked, in order; the first that knows the subscriber's state decides. [] = the number plans alone.",
        default=(),
    )
    cache_h: float = option(
        "An answer as young as this is given again instead of asking; 0 = always ask.",
        default=24.0,
        ge=0,
        le=8760,
        unit="h",
    )
    concurrency: int = option("Most numbers being asked about at a time.", default=20, ge=1, le=1000)
    deadline_s: float = option("A number that nobody told about by then ends as Unknown.", default=60.0, gt=0, unit="s")
    retries: int = option("How often a source in trouble is asked again.", default=2, ge=0, le=10)
    retry_s: float = option("Wait before that; twice as long each time.", default=1.0, gt=0, le=60, unit="s")
    max_waiting: int = option(
        "Most numbers that wait for an answer; above it requests are refused.", default=100_000, ge=1000, le=10_000_000
    )
    network_d: float = option(
        "How long the network that a lookup found counts for routes and prices.",
        default=90.0,
        ge=0,
        le=3650,
        unit="days",
    )
    networks: int = option("Most numbers whose network is kept in memory.", default=1_000_000, ge=0, le=100_000_000)
