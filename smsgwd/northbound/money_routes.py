"""The endpoints of money, one row each."""

from __future__ import annotations

from typing import Final

from smsgwd.model.refusals import Refusal
from smsgwd.northbound.money_types import KINDS, Bill, BillList, OrderList, Statement
from smsgwd.northbound.route import COMMON, DATE, FORMAT, Parameter, Route, limit_parameter

_FROM = Parameter("from_date", "query", DATE, "Booked at this time or later (RFC 3339; write + as %2B).")
_TO = Parameter("to_date", "query", DATE, "Booked before this time.")
_CURSOR = Parameter(
    "cursor",
    "query",
    {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
    "`next_cursor` of the page before. Pages do not move when something is booked meanwhile.",
)
_MONTH: Final = {"type": "string", "pattern": "^[1-9][0-9]{3}-(0[1-9]|1[0-2])$"}

#: Statements, orders and bills.
MONEY_ROUTES = (
    Route(
        "GET",
        "/v1/statements",
        "statements",
        "What happened to the money, newest first",
        "The entries of the ledger with the sums of the whole span. `format=csv` gives all of the span, oldest first, "
        "100,000 rows at most.",
        200,
        (Statement,),
        COMMON,
        (
            _FROM,
            _TO,
            Parameter(
                "kind",
                "query",
                {"type": "array", "items": {"type": "string", "enum": list(KINDS)}, "minItems": 1, "maxItems": 5},
                "Only entries of this kind, or of one of several: kind=topup&kind=correction.",
                repeated=True,
            ),
            _CURSOR,
            limit_parameter("entries"),
            FORMAT,
        ),
        example="'?from_date=2026-11-01T00:00:00Z&format=csv'",
        scope="money",
        gives=("text/csv",),
        tag="money",
    ),
    Route(
        "GET",
        "/v1/orders",
        "orders",
        "Top-ups, counted and listed, newest first",
        "",
        200,
        (OrderList,),
        COMMON,
        (_FROM, _TO, _CURSOR, limit_parameter("orders")),
        scope="money",
        tag="money",
    ),
    Route(
        "GET",
        "/v1/bills",
        "bills",
        "A bill for each month, counted and listed, newest first",
        "Months are those of the account's time zone. The current one is marked open.",
        200,
        (BillList,),
        COMMON,
        (
            Parameter("cursor", "query", _MONTH, "`next_cursor` of the page before."),
            Parameter(
                "limit",
                "query",
                {"type": "integer", "minimum": 1, "maximum": 60, "default": 12},
                "How many bills at most.",
            ),
        ),
        scope="money",
        tag="money",
    ),
    Route(
        "GET",
        "/v1/bills/{month}",
        "bill",
        "The bill of one month",
        "",
        200,
        (Bill,),
        (*COMMON, Refusal.NO_SUCH),
        (Parameter("month", "path", _MONTH, "Such as 2026-11."),),
        scope="money",
        tag="money",
    ),
)
