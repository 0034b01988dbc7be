"""What the API says of accounts and statistics, as docs/api.md has it: the stand of the API knows neither."""

from __future__ import annotations

from typing import Any

ACCOUNT: dict[str, Any] = {
    "id": "shop",
    "currency": "EUR",
    "time_zone": "Europe/Athens",
    "language": "en",
    "region": "GR",
    "default_sender": "Shop",
    "senders": ["Shop", "Kiosk"],
    "any_sender": False,
    "throughput": 20,
    "prepaid": True,
    "balance": "5.0000",
    "available": "5.0000",
}


def row(key: str | None, cost: str = "0.0000", **states: int) -> dict[str, Any]:
    """A row of statistics, a part a message."""
    number = sum(states.values())
    took = {"median": 2.4, "p95": 5.8} if "delivered" in states else None
    counted = {"messages": number, "parts": number, "cost": cost, "states": states, "delivery_seconds": took}
    return {**counted, "key": key}


def statistics(*rows: dict[str, Any], by: str = "day", complete: bool = True) -> dict[str, Any]:
    """The answer with these rows."""
    states: dict[str, int] = {}
    for each in rows:
        for name, number in each["states"].items():
            states[name] = states.get(name, 0) + number
    total = row(None, "1.2000", **states)
    del total["key"]
    return {
        "from_date": "2026-11-16T22:00:00.000Z",
        "to_date": "2026-11-18T11:06:40.000Z",
        "by": by,
        "time_zone": "Europe/Athens",
        "currency": "EUR",
        "complete": complete,
        "total": total,
        "rows": list(rows),
    }
