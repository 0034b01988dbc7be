"""Section `routes`: which message takes which way. Stored routes (JSON) have the same shape."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator, model_validator

from smsgwd.config.option import Section, option
from smsgwd.config.policy import Day, Hours, TimeZone
from smsgwd.config.types import (
    FrozenMap,
    NetworkPatterns,
    NumberPatterns,
    SenderPatterns,
    Written,
    no_entries,
)


def _sender(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,15}|[ -~]{1,11}", value):
        raise ValueError("must be a sender: up to 11 letters and digits, or up to 15 digits")
    return value


SenderText = Annotated[str, PlainValidator(_sender, json_schema_input_type=str), Written("sender")]


class RouteHours(Section):
    """When a route is open."""

    time: Hours | None = option("Part of the day; null = all of it.", default=None, example="08:00-20:00")
    days: tuple[Day, ...] = option(
        "Days of the week; [] = every day. A part of the day that goes over midnight belongs to the day it begins on.",
        default=(),
        example=["mon", "tue"],
    )
    zone: TimeZone = option("Time zone of both.", default="UTC", example="Europe/Athens")


class Match(Section):
    """Which messages a route takes: all that is given must fit."""

    to: NumberPatterns = option(
        "Destination: a number, a prefix such as 30*, `*`, or a list.", default=("*",), example="*"
    )
    sender: SenderPatterns = option(
        "Sender: exact, a prefix such as Shop*, `*`, or a list.", default=("*",), example="*", alias="from"
    )
    tenant: str | None = option("Only this tenant's messages; null = everyone's.", default=None, min_length=1)
    networks: NetworkPatterns = option(
        "Operators of the recipient: MCC and MNC such as 20201, the beginning such as 202*, or a list; [] = any. They"
        " are known from lookups and from the stored number plan.",
        default=(),
        example=["20201"],
    )
    min_parts: int = option("Fewest parts.", default=1, ge=1, le=255, unit="parts")
    max_parts: int = option("Most parts.", default=255, ge=1, le=255, unit="parts")
    codings: tuple[Literal["gsm", "latin1", "ucs2", "binary"], ...] = option(
        "How the text travels; [] = in any way.", default=(), example=["gsm"]
    )
    priorities: tuple[Annotated[int, Field(ge=0, le=3)], ...] = option(
        "Priorities, 0 (low) to 3 (urgent); [] = any.", default=(), example=[2, 3]
    )
    channel: Literal["network", "device"] | None = option(
        "What a message that asks for a channel is taken to go by; null = what all connectors of the route are.",
        default=None,
    )
    hours: RouteHours | None = option("When the message leaves; null = at any time.", default=None)

    @model_validator(mode="after")
    def _order(self) -> Match:
        if self.min_parts > self.max_parts:
            raise ValueError("'min_parts' must not be larger than 'max_parts'")
        return self


class Rewrite(Section):
    """What the route makes of addresses on the air. Tenants go on seeing theirs."""

    sender: SenderText | None = option("Sender instead of every other; null = as it is.", default=None, example="Info")
    senders: FrozenMap[str, SenderText] = option(
        "Senders that become others, each by itself; they go before `sender`.",
        default_factory=no_entries,
        example={"Shop": "ShopGR"},
    )
    strip: str = option("Digits taken off the front of the number.", default="", pattern=r"^[0-9]{0,15}$", example="30")
    add: str = option("Digits put in front of it, after that.", default="", pattern=r"^[0-9]{0,10}$", example="0030")


class Route(Section):
    """One line of the routing table; the first that matches is taken."""

    id: str | None = option(
        "Name of the route, unique; null = its place, such as config/1.",
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
        example="greece",
    )
    match: Match = option("Which messages.", default_factory=Match)
    connectors: tuple[str, ...] = option("Connectors by id, in order of preference.", min_length=1, example=["sim"])
    strategy: Literal["failover", "round_robin", "weighted", "least_cost", "sticky"] = option(
        "Which connector, of those that are up: `failover`: the first; `round_robin`: in turn; `weighted`: in turn by"
        " `weights`; `least_cost`: the cheapest by `price_list`; `sticky`: always the same one for a recipient.",
        default="failover",
    )
    weights: tuple[Annotated[int, Field(ge=0, le=1000)], ...] = option(
        "Of `weighted`: a share for each connector; 0 = only when no other is up.", default=(), example=[3]
    )
    margin: int | None = option(
        "Least share of the price that must remain after the connector's: 0 = never at a loss; null = not asked. A"
        " connector whose price is not known carries nothing then.",
        default=None,
        ge=0,
        le=99,
        unit="%",
    )
    rewrite: Rewrite | None = option("Other addresses on the air; null = as they are.", default=None)
    on_undelivered: Literal["final", "next"] = option(
        "What a receipt 'undelivered' or 'rejected' means: the end, or another try on the next connector of the route"
        " (one receipt to the tenant, after the last).",
        default="final",
    )

    @model_validator(mode="after")
    def _weights(self) -> Route:
        if self.strategy != "weighted":
            if self.weights:
                raise ValueError("'weights' belong to the strategy 'weighted'")
        elif len(self.weights) != len(self.connectors):
            raise ValueError(
                f"'weights' needs one number for each connector: {len(self.connectors)}, not {len(self.weights)}"
            )
        elif not any(self.weights):
            raise ValueError("one of 'weights' at least must be more than 0")
        return self
