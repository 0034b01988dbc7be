"""What pages work out from answers of `figures show`: rates of the last seconds, rows of connectors, queues, tenants.

Counters only go up, so a rate needs two answers. Whoever looks at a page that moves keeps the answers of some seconds
(`Past`); a page as it is first shown takes what `figures history` had last.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

from smsgwd.model.quantiles import newer, quantile

_KEPT: Final = 6  # answers: at one each 2 s they span 10 s
_RATES: Final[Mapping[str, tuple[str, ...]]] = {
    "accepted": ("accepted",),
    "submitted": ("submitted",),
    "delivered": ("final_delivered",),
    "failed": ("final_undelivered", "final_expired", "final_rejected", "final_unknown"),
    "refused": ("refused",),
}
_TENANT: Final = ("accepted", "delivered", "failed")


class Past:
    """The last answers of `figures show`."""

    def __init__(self) -> None:
        self._answers: deque[dict[str, Any]] = deque(maxlen=_KEPT)

    def add(self, now: dict[str, Any]) -> dict[str, Any] | None:
        """Take an answer; the oldest one to compare it with, or None. A gateway that was started anew has none."""
        if self._answers and (now["uptime_s"] < self._answers[-1]["uptime_s"] or now["at"] <= self._answers[-1]["at"]):
            self._answers.clear()
        self._answers.append(now)
        return self._answers[0] if len(self._answers) > 1 else None


def last(history: Mapping[str, Any] | None, name: str) -> float | None:
    """The last sample of a column of `figures history`."""
    column = (history or {}).get(name) or [None]
    found: float | None = column[-1]
    return found


def summary(
    now: Mapping[str, Any], before: Mapping[str, Any] | None, history: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The gateway in a few figures: messages a second, latency, what waits and since when, how many failed (0 to 1).
    None for what is not known."""
    found: dict[str, Any] = {}
    for name, counters in _RATES.items():
        found[name] = _counted(now, before, counters) if before is not None else last(history, name)
    p99 = None
    if before is not None:
        p99 = quantile(newer(now["latency"]["accept"], before["latency"]["accept"]), 0.99)
    elif (known := last(history, "accept_p99_ms")) is not None:
        p99 = known / 1000
    delivered, failed = found["delivered"], found["failed"]
    ended = None if delivered is None or failed is None else delivered + failed
    queues = [*now["connectors"], *now["strays"]]
    return {
        **found,
        "p99_ms": None if p99 is None else p99 * 1000,
        "errors": failed / ended if ended else None,
        "queued": now["store"].get("queued"),
        "oldest_s": max((row["oldest_s"] for row in queues), default=0.0),
    }


def connector_rows(
    now: Mapping[str, Any], before: Mapping[str, Any] | None, history: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    """Connectors as `figures show` has them, with `sent_s`, `errors_s` and `throttled_s`, parts a second (None = not
    known), and `word`, how it is in one word."""
    old = {row["id"]: row for row in (before or {}).get("connectors", ())}
    sampled = (history or {}).get("connectors", {})
    seconds = 0.0 if before is None else now["at"] - before["at"]
    rows = []
    for row in now["connectors"]:
        was = old.get(row["id"])
        rows.append(
            {
                **row,
                "word": word_of(row),
                "sent_s": sampled.get(row["id"]) if was is None else rate(row["sent"], was["sent"], seconds),
                "errors_s": None if was is None else rate(_errors(row), _errors(was), seconds),
                "throttled_s": None if was is None else rate(row["throttled"], was["throttled"], seconds),
            }
        )
    return rows


def word_of(row: Mapping[str, Any]) -> str:
    """How a connector is, in a word that `words.py` has."""
    provider = row.get("provider") or {}
    if row["state"] != "on":
        return str(row["state"])
    if provider.get("halted"):
        return "halted"
    if row["suspended_s"]:
        return "suspended"
    if provider.get("circuit_open") or provider.get("circuit") == "open":
        return "circuit open"
    if row.get("elsewhere") or row["binds"] == "elsewhere":
        return "elsewhere"
    if not row["up"]:
        return "down"
    return "up" if row.get("bound", 0) == row["binds"] or "bound" not in row else "up in part"


def tenant_rows(now: Mapping[str, Any], before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Tenants with what they sent since they were made, and with `NAME_s`, a second (None = not known)."""
    old = {row["tenant"]: row for row in (before or {}).get("tenants", ())}
    seconds = 0.0 if before is None else now["at"] - before["at"]
    rows = []
    for row in now["tenants"]:
        was = old.get(row["tenant"])
        rates = {f"{name}_s": None if was is None else rate(row[name], was[name], seconds) for name in _TENANT}
        rows.append({**row, **rates})
    rows.sort(key=lambda row: (-(row["accepted_s"] or 0), -row["accepted"], row["tenant"]))
    return rows


def rate(new: float, old: float, seconds: float) -> float | None:
    """How many a second."""
    return round(max(0.0, (new - old) / seconds), 1) if seconds > 0 else None


def columns_of(history: Mapping[str, Any], *names: str) -> tuple[list[int], list[list[float | None]]]:
    """Times and columns for a plot."""
    return history["times"], [history[name] for name in names]


def coarse(history: Mapping[str, Any], names: Sequence[str], each: int) -> list[dict[str, Any]]:
    """Every so many samples as a row for a table, the newest first: `at` (ms since 1970) and the columns."""
    times = history["times"]
    return [
        {"at": times[place] * 1000, **{name: history[name][place] for name in names}}
        for place in range(len(times) - 1, -1, -each)
    ]


def _counted(now: Mapping[str, Any], before: Mapping[str, Any], names: Sequence[str]) -> float | None:
    new, old = now["counters"], before["counters"]
    return rate(
        sum(new.get(name, 0) for name in names), sum(old.get(name, 0) for name in names), now["at"] - before["at"]
    )


def _errors(row: Mapping[str, Any]) -> float:
    return float(row["refused"] + row["unknown"])
