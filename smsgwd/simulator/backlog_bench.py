"""`smsgwd bench backlog`: what a full store costs.

Two gateways stand side by side, one with an empty store and one with a past; the same load goes to the one and to the
other in turn, so that both see the machine as it is at that time. What waits in the full store waits for a connector
that is down, and stays there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.simulator import figures
from smsgwd.simulator.books import Books
from smsgwd.simulator.bulk_rows import Progress
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.loaded_store import SENDER, LoadedStand, Past
from smsgwd.simulator.measured import Measured
from smsgwd.simulator.smpp_bench import counts, is_exact, smsc_counts
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD
from smsgwd.simulator.submit_template import SubmitTemplate

_READY_S: Final = 120.0
_SETTLE_S: Final = 3.0  # first sweeps and counts are over then
_OTHER_S: Final = 0.5  # how often the side that rests is looked after


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogBenchOptions:
    """How much is in the full store, and the load: `messages` to each side in each of `pairs` turns.

    `binds` and `window` are the ESME's. `rate` is messages a second, 0 = as fast as the windows allow. The full store's
    rate must be at least `at_least` of the empty one's; 0 judges only that nothing was lost.
    """

    pending: int = 1_000_000
    finished: int = 10_000_000
    messages: int = 50_000
    pairs: int = 5
    binds: int = 1
    window: int = 200
    rate: float = 0.0
    warmup: int = 10_000
    smsc_binds: int = 4
    smsc_window: int = 200
    stalled_s: float = 30.0
    at_least: float = 0.9


class _Side:
    """One of the two gateways, its load, and what was measured."""

    def __init__(self, name: str, options: BacklogBenchOptions, directory: Path) -> None:
        directory.mkdir()
        self.name = name
        self._options = options
        connector = {"binds": options.smsc_binds, "window": options.smsc_window}
        self.loaded = LoadedStand(directory, connector)
        self.books = Books(options.warmup + options.messages * options.pairs)
        self.load: SmppLoad | None = None
        self.runs: list[dict[str, Any]] = []
        self.store: dict[str, Any] = {}
        self._next = 0
        self._looked = 0.0

    def start(self, past: Past, progress: Progress) -> None:
        """Make the store, start gateway and SMSC on it, bind the ESMEs."""
        stand, options = self.loaded.stand, self._options
        self.loaded.prepare()
        begun = time.monotonic()
        self.loaded.write(past, progress)
        took = max(1e-9, time.monotonic() - begun)
        self.store = {
            "finished": past.finished,
            "pending": past.pending,
            "file_mb": round(self.loaded.file.stat().st_size / 1e6, 1),
            "rows_per_s": round((past.finished + past.pending) / took),
        }
        stand.smsc.start()
        stand.smsc.port()
        stand.gateway.start()
        self.store["ready_s"] = round(stand.wait_ready(_READY_S), 2)
        plans = [BindPlan(SENDER, ESME_PASSWORD, 0)] * options.binds
        template = SubmitTemplate("Message {n}")
        self.load = SmppLoad(
            ("127.0.0.1", stand.smpp_port), plans, template, self.books, window=options.window
        )  # fmt: skip
        self.load.bind()

    def rest(self) -> None:
        """Answer what the gateway asks on these binds while the other side works."""
        now = time.monotonic()
        if self.load is not None and now - self._looked > _OTHER_S:
            self._looked = now
            self.load.loop.turn(0.0)

    def send(self, count: int, tick: Callable[[], None], *, rate: float = 0.0, measure: bool = True) -> None:
        """Send so many, wait for their receipts, and enter what it took."""
        assert self.load is not None
        stand, books, load = self.loaded.stand, self.books, self.load
        numbers = range(self._next, self._next + count)
        self._next = numbers.stop
        measured = Measured({"gateway": stand.gateway, "smsc": stand.smsc})

        def look() -> None:
            stand.gateway.check()
            tick()

        through = load.run(numbers, rate=rate, stalled_s=self._options.stalled_s, tick=look)
        measured.end()
        if not through:
            raise LoadError(f"{self.name}: {books.received} of {numbers.stop} receipts came")
        if not measure:
            return
        part = slice(numbers.start, numbers.stop)
        span = max(1e-9, max(books.receipt[part]) - load.first_at)
        shares = measured.shares()
        self.runs.append(
            {
                "messages_per_s": round(count / span, 1),
                "accept_ms": figures.percentiles(_between(books.due[part], books.accepted[part])),
                "life_ms": figures.percentiles(_between(books.due[part], books.receipt[part])),
                "cpu_us_per_message": measured.per_message(count),
                "cpu_share": shares,
                "rss_peak_mb": measured.rss_peak_mb,
                "valid": figures.is_valid(shares),
            }
        )

    def finish(self) -> dict[str, Any]:
        """Stop all of it; the report of this side, with what must be exact."""
        assert self.load is not None
        stand, books = self.loaded.stand, self.books
        self.load.unbind()
        status = stand.stop()
        found = counts(books) | smsc_counts(books, LeanReport.read(stand.smsc_report), stand.smsc.summary(), 1)
        states = self.loaded.states()
        # One queued message and two finished ones are those that the patterns were made of.
        moved = {
            "pending_moved": self.store["pending"] + 1 - states.get(State.QUEUED, 0),
            "finished_moved": self.store["finished"] + 2 + books.accepted_count - states.get(State.DELIVERED, 0),
        }
        return {
            "store": self.store,
            "runs": self.runs,
            "messages_per_s": round(median(run["messages_per_s"] for run in self.runs), 1),
            "gateway_us": round(median(run["cpu_us_per_message"]["gateway"] for run in self.runs), 1),
            "rss_peak_mb": max(run["rss_peak_mb"] for run in self.runs),
            "counts": found | moved,
            "gateway_exit": status,
            "exact": is_exact(found) and not any(moved.values()) and status == 0,
            "valid": all(run["valid"] for run in self.runs),
        }


def run_backlog_bench(options: BacklogBenchOptions, directory: Path, progress: Progress) -> dict[str, Any]:
    """The whole bench in an empty directory. Raises StandError, LoadError, ValueError, sqlite3.Error."""
    empty, full = (_Side(name, options, directory / name) for name in ("empty", "full"))
    try:
        full.start(Past(finished=options.finished, pending=options.pending), progress)
        empty.start(Past(), lambda done, of: None)
        time.sleep(_SETTLE_S)
        for side, other in ((empty, full), (full, empty)):
            side.send(options.warmup, other.rest, measure=False)
        for turn in range(options.pairs):
            # First the one, then the other: whatever gets slower from run to run falls on both.
            order = ((empty, full), (full, empty))
            for side, other in order if turn % 2 == 0 else order[::-1]:
                side.send(options.messages, other.rest, rate=options.rate)
        return _report(options, empty.finish(), full.finish())
    except BaseException:
        for side in (empty, full):
            if side.load is not None:
                side.load.close()
            side.loaded.kill()
        raise


def _report(options: BacklogBenchOptions, empty: dict[str, Any], full: dict[str, Any]) -> dict[str, Any]:
    ratio = full["messages_per_s"] / empty["messages_per_s"]
    exact = empty["exact"] and full["exact"]
    return {
        "empty": empty,
        "full": full,
        "summary": {
            "rate_ratio": round(ratio, 3),
            "pair_ratios": [
                round(one["messages_per_s"] / other["messages_per_s"], 3)
                for one, other in zip(full["runs"], empty["runs"], strict=True)
            ],
            "cpu_ratio": round(full["gateway_us"] / empty["gateway_us"], 3) if empty["gateway_us"] else 0.0,
            "exact": exact,
            "valid": empty["valid"] and full["valid"],
            "ok": exact and ratio >= options.at_least,
        },
    }


def table(report: dict[str, Any]) -> str:
    """The report of `run_backlog_bench`, readable."""
    rows = [f"{'store':<6} {'msg/s':>8} {'gateway us':>10} {'life ms p50/p99':>18} {'RSS MB':>8}  exact valid"]
    for name in ("empty", "full"):
        side = report[name]
        for run in side["runs"]:
            life = f"{run['life_ms']['p50']:.1f} / {run['life_ms']['p99']:.1f}"
            rows.append(
                f"{name:<6} {run['messages_per_s']:>8.0f} {run['cpu_us_per_message']['gateway']:>10.1f} {life:>18}"
                f" {run['rss_peak_mb']:>8.1f}  {'yes' if side['exact'] else 'NO':<5} {'yes' if run['valid'] else 'NO'}"
            )
    found, store = report["summary"], report["full"]["store"]
    rows.append(
        f"full: {store['finished']:,} finished, {store['pending']:,} queued, {store['file_mb']:,.0f} MB,"
        f" written at {store['rows_per_s']:,}/s"
    )
    rows.append(f"median rate, full against empty: {found['rate_ratio']:.1%} (CPU a message {found['cpu_ratio']:.1%})")
    return "\n".join(rows)


def _between(begins: Any, ends: Any) -> list[float]:
    return [max(0.0, end - begin) for begin, end in zip(begins, ends, strict=True) if begin and end]
