"""What GET /v1/statistics takes and answers."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from smsgwd.model.message import PUBLIC_STATES
from smsgwd.model.refusals import Refusal
from smsgwd.northbound.answers import Money, Time
from smsgwd.northbound.route import COMMON, FROM_DATE, TO_DATE, Parameter, Route

BY: Final = ("day", "hour", "state", "country", "sender")
MOST_DAYS: Final = 92
MOST_HOURS_DAYS: Final = 7  #: days that are told by the hour

Count = Annotated[int, Meta(ge=0)]
_STATES: Final = {"propertyNames": {"enum": list(PUBLIC_STATES)}}


class DeliverySeconds(msgspec.Struct, frozen=True, gc=False):
    """How long deliveries took, from when a carrier took a message; about a quarter more or less."""

    median: float
    p95: Annotated[float, Meta(description="95 of 100 took no longer.")]


class StatisticsSum(msgspec.Struct, frozen=True, gc=False):
    """Messages, counted."""

    messages: Count
    parts: Count
    cost: Annotated[
        Money,
        Meta(description="What they cost, refunds taken off by the account's present terms; statements are exact."),
    ]
    states: Annotated[
        dict[str, Count],
        Meta(description="Messages by state; states without any are left out.", extra_json_schema=_STATES),
    ]
    delivery_seconds: Annotated[DeliverySeconds | None, Meta(description="Null where nothing was delivered.")]


class StatisticsRow(StatisticsSum, frozen=True, gc=False, kw_only=True):
    """The messages of one step of time, or of one state, country or sender."""

    key: Annotated[
        str | None,
        Meta(
            description="The day (2026-11-21) or hour (2026-11-21T14:00:00+02:00) in the account's time zone, the "
            "state, the country (ISO 3166 alpha-2; empty where there is none), the sender; null for all others."
        ),
    ]
    from_date: Annotated[Time | msgspec.UnsetType, Meta(description="By day and hour: where the step begins.")] = (
        msgspec.UNSET
    )


class Statistics(msgspec.Struct, frozen=True, gc=False):
    """What became of the messages of a span of time."""

    from_date: Time
    to_date: Time
    by: Annotated[str, Meta(extra_json_schema={"enum": list(BY)})]
    time_zone: str
    currency: str
    complete: Annotated[
        bool,
        Meta(description="False: counting took too long, the oldest are missing. Ask again: it goes on where it was."),
    ]
    total: StatisticsSum
    rows: Annotated[
        list[StatisticsRow],
        Meta(description="By day and hour every step, oldest first; else the 100 with most messages."),
    ]


STATISTICS_ROUTES = (
    Route(
        "GET",
        "/v1/statistics",
        "statistics",
        "How many messages there were, what became of them, and what they cost",
        f"Counted by when they were submitted. At most {MOST_DAYS} days, by hour {MOST_HOURS_DAYS}; without "
        "`from_date` the last 30 days, by hour the last day. Messages that retention has deleted are not counted.",
        200,
        (Statistics,),
        (*COMMON, Refusal.OVER_RATE),
        (
            FROM_DATE,
            TO_DATE,
            Parameter("by", "query", {"type": "string", "enum": list(BY), "default": "day"}, "What a row stands for."),
        ),
        example="'?by=country'",
        scope="read",
        tag="messages",
    ),
)
