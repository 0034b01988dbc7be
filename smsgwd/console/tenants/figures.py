"""Figures of messages as pages show them: plots, bars and sums, made of what `GET /statistics` says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import msgspec

from smsgwd.console.visit import TenantVisit
from smsgwd.console.words import WORDS

#: Every state with its colour in a plot: in this order, which is that of a message's life.
COLOURS: Final = {
    "delivered": "ok",
    "sent": "3",
    "queued": "1",
    "scheduled": "warn",
    "undelivered": "bad",
    "rejected": "2",
    "expired": "6",
    "unknown": "5",
    "cancelled": "5",
}
#: Final states of what was not called off: what a delivery share is of.
_ENDED: Final = ("delivered", "undelivered", "rejected", "expired", "unknown")


class Sum(msgspec.Struct):
    """Messages of several rows, counted together."""

    messages: int = 0
    parts: int = 0
    cost: Decimal = Decimal(0)
    states: dict[str, int] = {}

    @property
    def share(self) -> int | None:
        """How many of a hundred that came to an end were delivered; None where none did."""
        return share_of(self.states)

    @property
    def waiting(self) -> int:
        """Messages that are on their way."""
        return self.states.get("queued", 0) + self.states.get("sent", 0)

    @property
    def failed(self) -> int:
        """Messages that ended otherwise than they should."""
        return sum(self.states.get(name, 0) for name in _ENDED[1:])


def share_of(states: Mapping[str, int]) -> int | None:
    """How many of a hundred that came to an end were delivered; None where none did."""
    ended = sum(states.get(name, 0) for name in _ENDED)
    return round(100 * states.get("delivered", 0) / ended) if ended else None


def sum_of(rows: Iterable[Mapping[str, Any]]) -> Sum:
    """Rows of statistics added up."""
    total = Sum()
    for row in rows:
        total.messages += row["messages"]
        total.parts += row["parts"]
        total.cost += amount(row["cost"])
        for name, number in row["states"].items():
            total.states[name] = total.states.get(name, 0) + number
    return total


def amount(written: str | None) -> Decimal:
    """Money as the API writes it; nothing for None."""
    try:
        return Decimal(written or 0)
    except InvalidOperation:
        return Decimal(0)


def label_of(key: str) -> str:
    """A step of time as a plot's axis has it: `11-21` of a day, `14:00` of an hour."""
    return key[11:16] if "T" in key else key[5:]


def step_of(key: str) -> str:
    """A step of time as a table has it."""
    return key[:16].replace("T", " ")


def states_in(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """The states that any of the rows has, in the order of a message's life."""
    found = {name for row in rows for name in row["states"]}
    return [name for name in COLOURS if name in found]


def states_plot(visit: TenantVisit, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Messages by state over time."""
    return {
        "title": visit._("Messages by state"),
        "labels": [label_of(row["key"]) for row in rows],
        "series": [
            {
                "label": visit._(WORDS[name]),
                "values": [row["states"].get(name, 0) for row in rows],
                "colour": COLOURS[name],
                "fill": name == "delivered",
            }
            for name in states_in(rows) or ["delivered"]
        ],
    }


def line_plot(title: str, rows: Sequence[Mapping[str, Any]], name: str, colour: str, unit: str = "") -> dict[str, Any]:
    """One member of the rows (parts, cost) over time."""
    return {
        "title": title,
        "labels": [label_of(row["key"]) for row in rows],
        "unit": unit,
        "series": [
            {"label": title, "values": [float(amount(str(row[name]))) for row in rows], "colour": colour, "fill": True}
        ],
    }


class Piece(msgspec.Struct, frozen=True):
    """A piece of a bar: where it begins and how wide it is, of a hundred."""

    state: str
    begin: float
    width: float


def bar(states: Mapping[str, int], most: int) -> list[Piece]:
    """The pieces of a row's bar, by state; a bar of `most` messages is full."""
    pieces: list[Piece] = []
    begin = 0.0
    for name in COLOURS:
        if number := states.get(name, 0):
            width = 100 * number / max(1, most)
            pieces.append(Piece(name, round(begin, 2), round(width, 2)))
            begin += width
    return pieces
