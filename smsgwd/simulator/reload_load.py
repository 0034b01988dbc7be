"""The reload check: a hundred configurations, one after the other, under a steady load of ESMEs.

A connector comes and goes, routes lead to it and away, a rate and limits change. What must hold: each accepted message
gets its receipt once, the binds that no change is about are the same connections to the end, and the answers to
submits stay about as quick as without reloads. The load is paced, so that a pause shows as one.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator import figures
from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.beside import Operator, drive_beside, warmed_load
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.smpp_bench import counts, smsc_counts
from smsgwd.simulator.smpp_load import BindPlan, SmppLoad
from smsgwd.simulator.spread import spread
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name

_BINDS: Final = 2  # of the connector that stays
_SETTLE_S: Final = 0.5  # after the load began, not measured
#: Counts that must be 0; a receipt that the SMSC repeats because its bind was left is told apart by the ESME's counts.
_NONE: Final = (
    "refused", "unanswered", "never_received", "receipt_repeats", "misnamed", "strange", "not_delivered",
    "tlv_differs", "smsc_duplicates", "smsc_unexpected", "lost", "wrong_parts",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadLoadOptions:
    """`rate` messages a second; the file has `routes` more that no message goes by. `before` seconds of load are
    without reloads, to compare with; then one comes every `every` seconds. The p99 of an answer meanwhile may be
    `ratio` times that of before; 0 judges nothing."""

    reloads: int = 100
    rate: float = 2000.0
    before: float = 8.0
    every: float = 1.0
    warmup: int = 4000
    window: int = 200
    binds: int = 4
    routes: int = 0
    ratio: float = 2.0
    stalled: float = 30.0


@dataclass(slots=True)
class _Operator(Operator):
    """Writes the next configuration and has it put in force."""

    path: Path
    admin: AdminClient
    options: ReloadLoadOptions
    begun: float = 0.0
    ended: float = 0.0
    took: list[float] = field(default_factory=list)
    added: int = 0

    def steps(self) -> None:
        """All of them; the last one is the first configuration again."""
        plain = json.loads(self.path.read_text())
        plain["routes"] = [*_unused(self.options.routes, plain), *plain["routes"]]
        time.sleep(self.options.before)
        self.begun = time.monotonic()
        for number in range(self.options.reloads):
            _write(self.path, plain if number % 2 else another(plain, number))
            before = time.monotonic()
            told = self.admin.run("config", "reload")
            self.took.append(time.monotonic() - before)
            self.added += len(told.get("connectors", {}).get("added", ()))
            if told["needs_restart"] or not told["changed"]:
                raise StandError(f"reload {number} was not applied: {told}")
            time.sleep(self.options.every)
        self.ended = time.monotonic()


def another(plain: dict[str, Any], number: int) -> dict[str, Any]:
    """The configuration with other limits, another rate, and a connector more that every second number goes by."""
    config: dict[str, Any] = json.loads(json.dumps(plain))
    first = config["connectors"][0]
    first["throughput"] = 100_000 + number
    first["timers"] = {"reconnect_max_s": 30 + number}
    config["connectors"].append({**first, "id": "spare", "binds": 1})
    every_second = [f"{prefix}*" for prefix in spread()[::2]]
    config["routes"].insert(0, {"match": {"to": every_second}, "connectors": ["spare", first["id"]]})
    config["limits"] = {"max_parts": 9, "receipt_wait_h": 71}
    config["notify"]["timeout_s"] = 14
    config["retention"] = {"texts_d": 29}
    return config


def _unused(count: int, plain: dict[str, Any]) -> list[dict[str, Any]]:
    """Routes of numbers that the load has none of."""
    first = plain["connectors"][0]["id"]
    return [{"match": {"to": f"9799{number:06d}*"}, "connectors": [first]} for number in range(count)]


def _write(path: Path, config: dict[str, Any]) -> None:
    """Put another file in the place of the old one."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(config))
    new.replace(path)


def run_reload_load(options: ReloadLoadOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError, LoadError, AdminError."""
    stand = Stand(
        directory,
        smsc=("--receipt-window", "200"),
        overrides={"connector": {"binds": _BINDS}},
        esmes=1,
        lean=True,
    )
    seconds = options.before + options.reloads * (options.every + 1.0) + 5.0  # the rest is not sent
    books = Books(options.warmup + round(options.rate * seconds))
    load: SmppLoad | None = None
    try:
        stand.start()
        load = warmed_load(
            stand,
            [BindPlan(esme_name(0), ESME_PASSWORD) for _ in range(options.binds)],
            books,
            window=options.window,
            warmup=options.warmup,
            stalled_s=options.stalled,
        )
        with stand.admin() as admin:
            operator = _Operator(directory / "smsgwd.yaml", admin, options)
            sent = drive_beside(
                stand, load, operator, warmup=options.warmup, rate=options.rate, stalled_s=options.stalled
            )
        load.unbind()
        status = stand.stop()
    except BaseException:
        with suppress(StandError):
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    summary = stand.smsc.summary()
    found = counts(books) | smsc_counts(books, LeanReport.read(stand.smsc_report), summary, 1)
    found["connections"] = int(summary["connections"]) - operator.added
    return judge_reloads(options, books, operator.begun, operator.ended, operator.took, found, sent, status)


def judge_reloads(
    options: ReloadLoadOptions,
    books: Books,
    begun: float,
    ended: float,
    took: list[float],
    found: dict[str, int],
    sent: int,
    status: int,
) -> Verdict:
    """Compare the times of before with those of the reloads (from `begun` to `ended`, s, monotonic), and count."""
    first = options.warmup
    start = min((at for at in books.due[first:] if at), default=0.0) + _SETTLE_S
    quiet = _waits(books, first, start, begun)
    during = _waits(books, first, begun, ended)
    before_ms, during_ms = figures.percentiles(quiet), figures.percentiles(during)
    reloads_ms = figures.percentiles(took)
    ratio = during_ms["p99"] / before_ms["p99"] if before_ms["p99"] else 0.0
    failures = {name: found.get(name, 0) for name in _NONE}
    failures["binds that came again"] = found["connections"] - _BINDS
    failures["exit status of the gateway"] = status
    failures["p99 beyond the limit"] = int(bool(options.ratio) and ratio > options.ratio)
    failures["nothing measured"] = int(not quiet or not during)
    return Verdict(
        facts={
            "reloads": len(took),
            "messages sent": sent,
            "receipts": found["receipts_unique"],
            "accept before, ms p50/p99/max": _three(before_ms),
            "accept during reloads, ms p50/p99/max": _three(during_ms),
            "p99 ratio": round(ratio, 2),
            "a reload, ms p50/p99/max": _three(reloads_ms),
        },
        failures=failures,
    )


def _waits(books: Books, first: int, low: float, high: float) -> list[float]:
    """How long the messages due in a span waited for their answer (s)."""
    due, accepted = books.due, books.accepted
    return [accepted[n] - due[n] for n in range(first, books.size) if accepted[n] and low <= due[n] < high]


def _three(ms: dict[str, float]) -> str:
    return f"{ms['p50']:.1f} / {ms['p99']:.1f} / {ms['max']:.1f}"
