"""What `smsgwctl top` shows, worked out from two answers of `figures show`: rates, latencies, rows. No screen here."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from smsgwd.model.quantiles import newer, quantile

HISTORY: Final = 180
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_RATES: Final = {
    "accepted": "accepted",
    "sent": "submitted",
    "receipts": "receipts",
    "delivered": "final_delivered",
    "pushed": "pushed",
    "refused": "refused",
}
_FAILED: Final = ("final_undelivered", "final_expired", "final_rejected", "final_unknown")
STAGES: Final = ("accept", "durable", "queue", "answer", "receipt", "push")

CONNECTORS: Final = (
    "connector", "state", "binds", "queued", "oldest", "sent/s", "errors/s", "answer", "window", "limit/s",
    "receipts/s",
)  # fmt: skip
QUEUES: Final = ("queue", "queued", "change/s", "oldest", "in memory")
TENANTS: Final = ("tenant", "accepted/s", "delivered/s", "failed/s", "waiting", "accepted", "delivered", "failed")
NODES: Final = (
    "node", "state", "host", "version", "binds", "accepted/s", "sent/s", "receipts/s", "pushed/s", "claimed", "cpu",
    "lease",
)  # fmt: skip


class Sample(msgspec.Struct):
    """One answer of `figures show`, and the one before it (None at first, and after a restart of the daemon).
    `cluster`: its rates are those of all nodes that share the store, as each of them tells."""

    now: dict[str, Any]
    before: dict[str, Any] | None = None
    cluster: bool = False

    @property
    def seconds(self) -> float:
        """Between the two."""
        return 0.0 if self.before is None else float(self.now["at"]) - float(self.before["at"])

    def rate(self, new: float, old: float | None) -> float:
        """How many a second; 0 where there is nothing to compare with."""
        return 0.0 if old is None or self.seconds <= 0 else max(0.0, (new - old) / self.seconds)

    def rates(self) -> dict[str, float]:
        """The gateway's rates by the name that is shown."""
        if self.cluster:
            nodes = self.now.get("nodes", ())
            return {name: sum(row[f"{name}_s"] or 0.0 for row in nodes) for name in (*_RATES, "failed")}
        old = None if self.before is None else self.before["counters"]
        new = self.now["counters"]
        found = {
            name: self.rate(new.get(key, 0), None if old is None else old.get(key, 0)) for name, key in _RATES.items()
        }
        found["failed"] = sum(self.rate(new.get(key, 0), None if old is None else old.get(key, 0)) for key in _FAILED)
        return found

    def latencies(self) -> dict[str, tuple[float, float] | None]:
        """By stage the median and what 99 of 100 were faster than, in seconds; None where nothing passed."""
        found: dict[str, tuple[float, float] | None] = {}
        for stage in STAGES:
            spread = newer(self.now["latency"][stage], self._old("latency", stage))
            half, most = quantile(spread, 0.5), quantile(spread, 0.99)
            found[stage] = None if half is None or most is None else (half, most)
        return found

    def connectors(self) -> list[dict[str, str]]:
        """A row for each connector, texts by the names of CONNECTORS."""
        old = {row["id"]: row for row in (self.before or {}).get("connectors", ())}
        return [self._connector(row, old.get(row["id"])) for row in self.now["connectors"]]

    def queues(self) -> list[dict[str, str]]:
        """A row for each queue that is not empty, the one with the oldest message first."""
        rows = [*self.now["connectors"], *self.now["strays"]]
        old = {_name(row): row["queued"] for row in _queues(self.before)}
        found = []
        for row in sorted(rows, key=lambda row: (-row["oldest_s"], _name(row))):
            if row["queued"]:
                change = (row["queued"] - old.get(_name(row), 0)) / self.seconds if self.seconds > 0 else 0.0
                found.append(
                    {
                        "queue": _name(row),
                        "queued": count(row["queued"]),
                        "change/s": f"{change:+.1f}",
                        "oldest": age(row["oldest_s"]),
                        "in memory": count(row["ready"]) if "ready" in row else "nobody sends it",
                    }
                )
        return found

    def nodes(self) -> list[dict[str, str]]:
        """A row for each node that shares the store, texts by the names of NODES; none where it is not shared."""
        return [node_line(row) for row in self.now.get("nodes", ())]

    def tenants(self) -> list[dict[str, str]]:
        """A row for each tenant, the busiest now first."""
        old = {row["tenant"]: row for row in (self.before or {}).get("tenants", ())}
        rated = []
        for row in self.now["tenants"]:
            was = old.get(row["tenant"])
            rates = {
                name: self.rate(row[name], None if was is None else was[name])
                for name in ("accepted", "delivered", "failed")
            }
            waiting = row["accepted"] - row["delivered"] - row["failed"] - row["cancelled"]
            rated.append((rates, row, waiting))
        rated.sort(key=lambda each: (-each[0]["accepted"], -each[1]["accepted"], each[1]["tenant"]))
        return [
            {
                "tenant": str(row["tenant"]),
                **{f"{name}/s": f"{rate:.1f}" for name, rate in rates.items()},
                "waiting": count(waiting),
                **{name: count(row[name]) for name in rates},
            }
            for rates, row, waiting in rated
        ]

    def _connector(self, row: Mapping[str, Any], old: Mapping[str, Any] | None) -> dict[str, str]:
        rates = {
            name: self.rate(row[name], None if old is None else old[name])
            for name in ("sent", "refused", "throttled", "unknown", "receipts")
        }
        half = quantile(newer(row["answer"], None if old is None else old["answer"]), 0.5)
        return {
            "connector": str(row["id"]),
            "state": state_of(row),
            "binds": f"{row['bound']}/{row['binds']}",
            "window": bar(row["window_used"], row["window_open"]),
            "sent/s": f"{rates['sent']:.1f}",
            "limit/s": f"{row['rate']:g}" if row["rate"] else "-",
            "answer": "-" if half is None else duration(half),
            "errors/s": f"{rates['refused'] + rates['throttled'] + rates['unknown']:.1f}",
            "receipts/s": f"{rates['receipts']:.1f}",
            "queued": count(row["queued"]),
            "oldest": age(row["oldest_s"]),
        }

    def _old(self, *keys: str) -> Any:
        found: Any = self.before
        for key in keys:
            found = None if found is None else found[key]
        return found


class History:
    """The rates of the last `HISTORY` samples, by name; with `cluster` of all nodes together."""

    def __init__(self, *, cluster: bool = False) -> None:
        self._cluster = cluster
        self._rates: dict[str, deque[float]] = {}
        self._last: dict[str, Any] | None = None

    def add(self, figures: dict[str, Any]) -> Sample:
        """Take an answer. A daemon that was started anew is compared with nothing."""
        before = self._last
        if before is not None and (figures["uptime_s"] < before["uptime_s"] or figures["at"] <= before["at"]):
            before = None
        self._last = figures
        sample = Sample(figures, before, self._cluster)
        if before is not None or self._cluster:
            for name, rate in sample.rates().items():
                self._rates.setdefault(name, deque(maxlen=HISTORY)).append(rate)
        return sample

    def of(self, name: str) -> list[float]:
        """The rates of that name, the oldest first."""
        return list(self._rates.get(name, ()))


def state_of(row: Mapping[str, Any]) -> str:
    """One or two words on a connector."""
    if row["state"] != "on":
        return str(row["state"])
    if row["suspended_s"]:
        return f"suspended {row['suspended_s']:.0f} s"
    if row.get("elsewhere"):
        return "elsewhere"
    if not row["up"]:
        return "down"
    return "up" if row["bound"] == row["binds"] else "up, in part"


def node_line(row: Mapping[str, Any]) -> dict[str, str]:
    """Texts by the names of NODES, from a row of `nodes` or of their sums; - for what is not known."""

    def told(name: str, form: str) -> str:
        value = row.get(name)
        return "-" if value is None else form.format(value)

    return {
        "node": str(row["node"]),
        "state": str(row["state"]),
        "host": told("host", "{}"),
        "version": told("version", "{}"),
        "binds": "-" if row.get("bound") is None else f"{row['bound']:g}/{row['binds']:g}",
        "accepted/s": told("accepted_s", "{:.1f}"),
        "sent/s": told("sent_s", "{:.1f}"),
        "receipts/s": told("receipts_s", "{:.1f}"),
        "pushed/s": told("pushed_s", "{:.1f}"),
        "claimed": "-" if row.get("claimed") is None else count(row["claimed"]),
        "cpu": told("cpu", "{:.0%}"),
        "lease": told("lease_s", "{:.1f} s"),
    }


def bar(used: float, size: float, width: int = 8) -> str:
    """A bar of so many characters, with the numbers behind it."""
    filled = 0 if size <= 0 else min(width, -int(-used * width // size))
    return f"{'█' * filled}{'·' * (width - filled)} {used:g}/{size:g}"


def spark(values: Sequence[float], width: int) -> str:
    """The last `width` values as a line of blocks, the highest one filling its place."""
    shown = list(values)[-width:]
    top = max(shown, default=0.0)
    if top <= 0:
        return ("▁" * len(shown)).rjust(width)
    last = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round(value / top * last)] for value in shown).rjust(width)


def duration(seconds: float) -> str:
    """1.5 ms, 32 ms, 1.2 s, 5 min."""
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def age(seconds: float) -> str:
    """12 s, 5 min, 3 h, 2 d; - for none."""
    if not seconds:
        return "-"
    for most, size, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} d"


def count(number: float) -> str:
    """1234, 56.7k, 8.9M."""
    if number < 10_000:
        return f"{number:.0f}"
    return f"{number / 1000:.1f}k" if number < 1_000_000 else f"{number / 1_000_000:.1f}M"


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("id", row.get("connector")))


def _queues(figures: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [] if figures is None else [*figures["connectors"], *figures["strays"]]
