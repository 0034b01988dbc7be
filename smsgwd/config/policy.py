"""What a tenant's messages may be, in the tenants file: destinations, contents, quiet hours, floods."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, PlainValidator

from smsgwd.config.countries import COUNTRIES
from smsgwd.config.option import Section, option
from smsgwd.config.types import Written

_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_DESTINATION = re.compile(r"[A-Z]{2}|\+?[0-9]{1,15}")


def _zone(value: str) -> str:
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"'{value[:60]}' is not a time zone such as Europe/Athens") from None
    return value


TimeZone = Annotated[str, AfterValidator(_zone), Written("time zone")]


def _destination(value: Any) -> str:
    if not isinstance(value, str) or not _DESTINATION.fullmatch(value):
        shown = f"'{str(value)[:30]}' " if isinstance(value, str | int) else ""
        raise ValueError(f"{shown}is neither a prefix of digits such as 30 nor a country such as GR")
    return _country(value) if value.isalpha() else value.removeprefix("+")


def _country(value: str) -> str:
    if value not in COUNTRIES:
        meant = ", the United Kingdom is GB" if value == "UK" else ""
        raise ValueError(f"'{value[:30]}' is no country that has phone numbers (ISO 3166 alpha-2{meant})")
    return value


def _region(value: str) -> str:
    """Saint Martin has a numbering plan; whose a number of it is cannot be told."""
    return value if value == "MF" else _country(value)


def _hours(value: Any) -> tuple[int, int]:
    """Minutes of the day: the first one, and the first one after it all."""
    match = _HOURS.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be two times of the day such as 21:00-08:00")
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    if begin == end:
        raise ValueError("must begin and end at different times")
    return begin, end


Destination = Annotated[str, PlainValidator(_destination, json_schema_input_type=str), Written("prefix or country")]
Hours = Annotated[tuple[int, int], PlainValidator(_hours, json_schema_input_type=str), Written("HH:MM-HH:MM")]
Region = Annotated[str, AfterValidator(_region), Written("country, ISO 3166 alpha-2")]
FinalState = Literal["delivered", "undelivered", "expired", "rejected", "unknown"]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: Sequence[Day] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Content(Section):
    """What its texts may be."""

    max_length: int = option(
        "Most characters; 0 = as many as parts allow.", default=0, ge=0, le=65_535, unit="characters"
    )
    banned: tuple[str, ...] = option(
        "Patterns (RE2, case does not count) that no text may match, besides the gateway's.",
        default=(),
        max_length=100,
        example=["casino|jackpot"],
    )
    templates_only: bool = option("Only texts that one of its templates makes.", default=False)


class Quiet(Section):
    """When recipients are left alone."""

    hours: Hours = option(
        "From the first time to the second one, over midnight where that is earlier.", example="21:00-08:00"
    )
    days: tuple[Day, ...] = option(
        "Days of the week on which that begins; empty = every day.", default=(), example=["sat", "sun"]
    )
    action: Literal["hold", "refuse"] = option("Wait until it is over, or refuse the message.", default="hold")
    time_zone: TimeZone | None = option(
        "Zone of `hours`; null = the recipient's own, by its number.", default=None, example="Europe/Athens"
    )


class Flood(Section):
    """When traffic to one range of numbers looks like pumping: more than `most`, and `factor` times what was usual."""

    prefix: int = option("Digits that make a range.", default=7, ge=1, le=15, unit="digits")
    window_s: int = option("Span of time that is looked at.", default=300, ge=1, le=86_400, unit="s")
    most: int = option("Messages to a range in a window that are never too many.", default=100, ge=1, le=10_000_000)
    factor: float = option("How many times the usual is too many.", default=4.0, ge=1, le=1000)
    action: Literal["hold", "refuse"] = option("Hold for an operator (`held list`), or refuse.", default="hold")
