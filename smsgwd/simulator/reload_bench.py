"""`smsgwd bench reload`: whole tables of routes and prices are replaced while messages go through.

The new tables come through the admin socket, which answers once they are in effect; what the gateway then says of a
number of the load is compared with what they say. The load is paced, so that a pause shows as one.
"""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator import figures
from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.beside import Operator, drive_beside, warmed_load
from smsgwd.simulator.books import Books
from smsgwd.simulator.business import LIVE, RETAIL, SPARE, WORLD, WORLD_ORDER, Business, prefixes, price_csv, route_csv
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.smpp_bench import business_overrides, counts, is_exact, set_up, smsc_counts
from smsgwd.simulator.smpp_load import BindPlan, SmppLoad
from smsgwd.simulator.spread import spread
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name

_TENANT: Final = esme_name(0)
_FIRST_SEED: Final = 100  # of the price lists: none is like the one before
_BETWEEN_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReloadOptions:
    """How large the tables are, how often each is replaced, and the load: `rate` messages a second.

    `before_s` is how long the load is measured before the first replacement (s). Each must be in effect within
    `limit_s`, and no two answers may be more than `gap_ms` apart; 0 judges nothing.
    """

    prefixes: int = 100_000
    tenants: int = 100
    times: int = 3
    rate: float = 3_000.0
    before_s: float = 5.0
    warmup: int = 5_000
    window: int = 200
    limit_s: float = 2.0
    gap_ms: float = 500.0
    stalled_s: float = 30.0


@dataclass(slots=True)
class _Reload:
    """One replacement: what is sent, what must be true then, when it was (s, monotonic)."""

    what: str
    noun: str
    body: bytes
    expected: str
    begun: float = 0.0
    ended: float = 0.0
    told: str = ""


@dataclass(slots=True)
class _Operator(Operator):
    """Replaces one table after the other."""

    admin: AdminClient
    reloads: list[_Reload]
    before_s: float

    def steps(self) -> None:
        """All of them, with pauses."""
        time.sleep(self.before_s)
        for reload in self.reloads:
            reload.begun = time.monotonic()
            self.admin.send(reload.noun, "import", reload.body)
            reload.ended = time.monotonic()
            reload.told = _told(self.admin, reload.noun)
            time.sleep(_BETWEEN_S)


def _told(admin: AdminClient, noun: str) -> str:
    """What the gateway says of the load's first number: its connector, or its price."""
    number = f"{spread()[0]}{0:08d}"
    found = admin.run("route", "explain", **{"tenant": _TENANT, "to": number, "from": "bench", "text": "x"})
    return str(found["connector"] if noun == "route" else found["price"])


def _price_in(csv: str) -> str:
    """The price of the load's first number in a list."""
    number = f"{spread()[0]}{0:08d}"
    rates = dict(line.split(",") for line in csv.splitlines()[1:])
    return next(rates[number[:size]] for size in range(len(number), 0, -1) if number[:size] in rates)


def _reloads(options: ReloadOptions) -> list[_Reload]:
    """Price lists and routes in turn; the routes lead the load to the other connector and back."""
    found = []
    written = prefixes(options.prefixes)
    for turn in range(options.times):
        csv = price_csv(options.prefixes, _FIRST_SEED + turn)
        body = json.dumps({"name": RETAIL, "csv": csv}).encode()
        found.append(_Reload("prices", "price", body, _price_in(csv)))
        way = LIVE if turn % 2 else SPARE
        body = json.dumps({"id": WORLD, "order": str(WORLD_ORDER), "csv": route_csv(written, way)}).encode()
        found.append(_Reload("routes", "route", body, way))
    return found


def run_reload(options: ReloadOptions, directory: Path) -> dict[str, Any]:
    """The whole bench in an empty directory. Raises StandError, LoadError, AdminError."""
    business = Business(tenants=options.tenants, prefixes=options.prefixes)
    stand = Stand(
        directory,
        smsc=("--receipt-window", "200"),
        overrides={"connector": {"binds": 2}, **business_overrides(business)},
        esmes=1,
        lean=True,
    )
    reloads = _reloads(options)
    # Room for as long as each may take, and some more; what is left over then is not sent.
    seconds = options.before_s + len(reloads) * (_BETWEEN_S + max(2.0, options.limit_s) * 2)
    books = Books(options.warmup + round(options.rate * seconds))
    load: SmppLoad | None = None
    try:
        stand.start()
        in_place = set_up(stand, business, [_TENANT])
        load = warmed_load(
            stand,
            [BindPlan(_TENANT, ESME_PASSWORD)],
            books,
            window=options.window,
            warmup=options.warmup,
            stalled_s=options.stalled_s,
        )
        with stand.admin() as admin:
            operator = _Operator(admin, reloads, options.before_s)
            sent = drive_beside(
                stand, load, operator, warmup=options.warmup, rate=options.rate, stalled_s=options.stalled_s
            )
        peak = stand.gateway.rss_peak_mb()
        load.unbind()
        status = stand.stop()
    except BaseException:
        with suppress(StandError):
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    found = counts(books) | smsc_counts(books, LeanReport.read(stand.smsc_report), stand.smsc.summary(), 1)
    found["not_sent"] -= books.size - sent  # what would have been due later
    return in_place | _report(options, books, reloads, found, status, peak)


def _report(
    options: ReloadOptions, books: Books, reloads: list[_Reload], found: dict[str, int], status: int, peak: float
) -> dict[str, Any]:
    """Latencies and gaps before the first replacement, and during all of them."""
    first = options.warmup
    begin, quiet = min(at for at in books.due[first:] if at) + 0.5, reloads[0].begun
    spans = [(each.begun, each.ended + 0.2) for each in reloads]
    answers = sorted(at for at in books.accepted[first:] if at)
    due, accepted = books.due, books.accepted
    before = [accepted[n] - due[n] for n in range(first, books.size) if accepted[n] and begin <= due[n] < quiet]
    during = {
        what: [
            accepted[n] - due[n]
            for n in range(first, books.size)
            if accepted[n]
            and any(
                each.what == what and low <= due[n] < high for each, (low, high) in zip(reloads, spans, strict=True)
            )
        ]
        for what in ("prices", "routes")
    }
    gaps = {
        "before_ms": _longest_gap(answers, begin, quiet),
        "during_ms": max(_longest_gap(answers, low, high) for low, high in spans),
    }
    seconds = {what: [round(each.ended - each.begun, 3) for each in reloads if each.what == what] for what in during}
    in_effect = all(each.told == each.expected for each in reloads)
    exact = is_exact(found) and status == 0
    slowest = max(max(each) for each in seconds.values())
    return {
        "reload_s": seconds,
        "accept_before_ms": figures.percentiles(before),
        "accept_during_ms": {what: figures.percentiles(each) for what, each in during.items()},
        "answers": {"before": len(before)} | {what: len(each) for what, each in during.items()},
        "longest_gap": gaps,
        "rss_peak_mb": peak,
        "counts": found,
        "gateway_exit": status,
        "summary": {
            "slowest_s": slowest,
            "longest_gap_ms": gaps["during_ms"],
            "in_effect": in_effect,
            "exact": exact,
            "ok": exact
            and in_effect
            and (not options.limit_s or slowest <= options.limit_s)
            and (not options.gap_ms or gaps["during_ms"] <= options.gap_ms),
        },
    }


def _longest_gap(answers: list[float], begin: float, end: float) -> float:
    """The longest time without an answer between two moments (ms); `answers` are in order."""
    within = [begin, *(at for at in answers if begin < at < end), end]
    return round(max(later - sooner for sooner, later in pairwise(within)) * 1000, 1)


def table(report: dict[str, Any]) -> str:
    """The report of `run_reload`, readable."""
    found, gaps = report["summary"], report["longest_gap"]
    rows = [f"{'':<8} {'accept ms p50/p99/max':>26} {'answers':>8} {'seconds until in effect':>26}"]
    for what in ("before", "prices", "routes"):
        each = report["accept_before_ms"] if what == "before" else report["accept_during_ms"][what]
        shown = f"{each['p50']:.1f} / {each['p99']:.1f} / {each['max']:.1f}"
        took = " ".join(f"{seconds:.2f}" for seconds in report["reload_s"].get(what, ()))
        rows.append(f"{what:<8} {shown:>26} {report['answers'][what]:>8} {took:>26}")
    rows.append(f"longest gap between answers: {gaps['before_ms']:.0f} ms before, {gaps['during_ms']:.0f} ms during")
    rows.append(
        f"slowest {found['slowest_s']:.2f} s, in effect {'yes' if found['in_effect'] else 'NO'},"
        f" exact {'yes' if found['exact'] else 'NO'}, peak RSS {report['rss_peak_mb']:.0f} MB"
    )
    return "\n".join(rows)
