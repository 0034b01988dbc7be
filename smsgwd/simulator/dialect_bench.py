"""One run of `smsgwd bench dialects`: a provider API's requests in, SMPP out, receipts back, and what was counted."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from smsgwd.gsm.plan import plan
from smsgwd.simulator import figures
from smsgwd.simulator.dialect_requests import PASSWORD, REQUESTS, TOKEN, USER
from smsgwd.simulator.http_books import HttpBooks
from smsgwd.simulator.http_storm import HttpStorm
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.measured import Measured
from smsgwd.simulator.stand import Stand, StandError

MANY: Final = 1_000  #: numbers of a request, where that is measured too
_MANY_OF: Final = ("smsadvert",)
_CONNECTIONS_MANY: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class DialectBenchOptions:
    """What is sent how. `rate` is messages a second, 0 = as fast as the connections allow; times are seconds."""

    messages: int = 20_000
    warmup: int = 1_000
    connections: int = 64
    rate: float = 0.0
    text: str = "Message {n}"
    binds: int = 1
    window: int = 200
    stalled_s: float = 30.0
    coalesce_us: int = 1_000
    workers: int = 0
    many: int = MANY
    many_messages: int = 100_000


def run_dialects(names: list[str], runs: int, options: DialectBenchOptions, directory: Path) -> dict[str, Any]:
    """Runs of each of the dialects, each from an empty store in a directory of its own; and their medians.

    Raises StandError when a process fails or the warm-up does not come through, ValueError for an unknown name.
    """
    unknown = [name for name in names if name not in REQUESTS]
    if unknown:
        raise ValueError(f"there is no dialect '{unknown[0]}' (known: {', '.join(REQUESTS)})")
    found = []
    for number in range(1, runs + 1):
        for name in names or REQUESTS:
            for size in (1, options.many) if name in _MANY_OF and options.many_messages else (1,):
                place = directory / f"{name}-{size}-{number}"
                place.mkdir(parents=True)
                found.append({"dialect": name, "size": size, **run_dialect(name, options, place, size)})
    kinds = list(dict.fromkeys((run["dialect"], run["size"]) for run in found))
    medians = [_medians([run for run in found if (run["dialect"], run["size"]) == kind]) for kind in kinds]
    ok = all(run["exact"] for run in found)
    return {"runs": found, "summary": {"dialects": medians, "ok": ok, "valid": all(run["valid"] for run in found)}}


def run_dialect(name: str, options: DialectBenchOptions, directory: Path, size: int = 1) -> dict[str, Any]:
    """One run, in an empty directory. Raises as `run_dialects`."""
    request = REQUESTS[name]
    messages, warmup = options.messages, options.warmup
    if size > 1:
        messages = -(-options.many_messages // size) * size
        warmup = size * max(1, min(5, messages // size))
    stand = stand_for(options, directory)
    books = HttpBooks(warmup + messages, native=False, expect=request.expect.encode())
    load: HttpStorm | None = None
    try:
        stand.start()
        template = request.template(stand.http_port, options.text, size)
        connections = options.connections if size == 1 else _CONNECTIONS_MANY
        load = HttpStorm(template, books, connections, coalesce_s=options.coalesce_us / 1e6)

        def check() -> None:
            stand.smsc.check()
            stand.gateway.check()

        load.run(range(warmup), stalled_s=options.stalled_s, tick=check)
        if books.accepted_count != warmup:
            raise StandError(f"the warm-up was refused: {dict(books.refused)}, {books.sample!r}")
        wait_receipted(stand, warmup, options.stalled_s)
        books.requests.clear()
        measured = Measured({"gateway": stand.gateway, "smsc": stand.smsc})
        load.run(range(warmup, books.size), rate=options.rate, stalled_s=options.stalled_s, tick=check)
        wait_receipted(stand, books.accepted_count, options.stalled_s)
        measured.end()
        status = stand.stop()
    except BaseException:
        with contextlib.suppress(StandError):  # the problem that brought us here is the one to report
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    return _report(options, stand, load, measured, status, warmup, size)


def stand_for(options: DialectBenchOptions, directory: Path) -> Stand:
    """A gateway without limits of requests and without windows for duplicates; the tenant gets no callbacks."""
    coalesce = ("--coalesce-us", str(options.coalesce_us))
    return Stand(
        directory,
        smsc=("--receipt-window", str(max(100, options.window)), *coalesce),
        overrides={
            "connector": {"binds": options.binds, "window": options.window},
            "tenant": {
                "dlr_url": None,
                "default_sender": "Bench",
                "credentials": [
                    {"kind": "password", "username": USER, "secret": PASSWORD},
                    {"kind": "token", "secret": TOKEN},
                ],
            },
            "http": {"workers": options.workers},
            "dialects": {name: {"requests_per_s": 0} for name in REQUESTS}
            | {"smsclub": {"requests_per_s": 0, "duplicate_s": 0}},
        },
        lean=True,
        sink=True,
    )


def wait_receipted(stand: Stand, messages: int, stalled_s: float) -> None:
    """Wait until so many receipts have been acknowledged, or none more is for `stalled_s`: the counts tell then."""
    seen, changed = -1, time.monotonic()
    while seen < messages and time.monotonic() < changed + stalled_s:
        stand.gateway.check()
        now = int(stand.smsc.summary_now()["receipts_acked"])
        if now != seen:
            seen, changed = now, time.monotonic()
        time.sleep(0.05)


def _report(
    options: DialectBenchOptions,
    stand: Stand,
    load: HttpStorm,
    measured: Measured,
    status: int,
    first: int,
    size: int,
) -> dict[str, Any]:
    books, smsc = load.books, LeanReport.read(stand.smsc_report)
    parts = plan(options.text.replace("{n}", "0" * 8)).parts
    found = counts(books, smsc, stand.smsc.summary(), parts)
    messages = max(1, books.accepted_count - first)
    span = max(1e-9, max(smsc.arrived, default=0.0) - load.first_at)
    shares = measured.shares()
    each = measured.per_message(messages)
    return {
        "messages": messages,
        "duration_s": round(span, 3),
        "requests_per_s": round(messages / size / span, 1),
        "messages_per_s": round(messages / span, 1),
        "accept_ms": figures.percentiles(books.requests),
        "through_ms": figures.percentiles(figures.between(books.due, smsc.arrived, first)),
        "cpu_us_per_message": each,
        "cpu_us_per_request": round(each.get("gateway", 0.0) * size, 1),
        "cpu_share": shares,
        "rss_peak_mb": measured.rss_peak_mb,
        "counts": found,
        "refused_by_status": dict(books.refused),
        "sample": books.sample.decode("utf-8", "replace")[:300],
        "gateway_exit": status,
        "exact": is_exact(found) and status == 0,
        "valid": figures.is_valid(shares),
    }


def counts(books: HttpBooks, smsc: LeanReport, smsc_says: dict[str, Any], parts: int) -> dict[str, int]:
    """What was accepted, compared with what the SMSC saw; every message should have come in so many `parts`."""
    size = books.size
    copies = smsc.copies[:size] + bytes(max(0, size - len(smsc.copies)))
    pairs = list(zip(books.accepted, copies, strict=True))
    return {
        "sent": size,
        "accepted": books.accepted_count,
        "refused": books.refused.total(),
        "unanswered": books.unanswered,
        "smsc_unique": sum(1 for count in copies if count),
        "smsc_duplicates": int(smsc_says["duplicates"]),
        "smsc_unexpected": sum(map(bool, smsc.copies[size:]))
        + int(smsc_says["beyond"])
        + sum(1 for at, seen in pairs if seen and not at),
        "receipts_unacked": int(smsc_says["accepted"]) - int(smsc_says["receipts_acked"]),
        "wrong_parts": sum(1 for count in copies if count and count != parts),
        "lost": sum(1 for at, seen in pairs if at and not seen),
    }


def is_exact(found: dict[str, int]) -> bool:
    """Nothing lost, doubled, refused, or without its receipt."""
    same = found["sent"] == found["accepted"] == found["smsc_unique"]
    right = ("sent", "accepted", "smsc_unique")
    return same and not any(count for name, count in found.items() if name not in right)


def _medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    first = runs[0]
    keys = ("requests_per_s", "messages_per_s", "cpu_us_per_request")
    return {
        "dialect": first["dialect"],
        "size": first["size"],
        **{key: round(median(run[key] for run in runs), 1) for key in keys},
        "accept_ms": {key: round(median(run["accept_ms"][key] for run in runs), 2) for key in first["accept_ms"]},
        "exact": all(run["exact"] for run in runs),
        "valid": all(run["valid"] for run in runs),
    }


def table(report: dict[str, Any]) -> str:
    """The medians, readable."""
    rows = [
        f"{'dialect':<12} {'numbers':>7} {'requests/s':>10} {'msg/s':>8} {'CPU us/req':>10} {'accept ms p50/p99':>18}"
    ]
    rows[0] += "  exact valid"
    for one in report["summary"]["dialects"]:
        accept = f"{one['accept_ms']['p50']:.1f} / {one['accept_ms']['p99']:.1f}"
        rows.append(
            f"{one['dialect']:<12} {one['size']:>7} {one['requests_per_s']:>10.0f} {one['messages_per_s']:>8.0f}"
            f" {one['cpu_us_per_request']:>10.0f} {accept:>18}"
            f"  {'yes' if one['exact'] else 'NO':<5} {'yes' if one['valid'] else 'NO'}"
        )
    return "\n".join(rows)
