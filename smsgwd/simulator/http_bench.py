"""One run of `smsgwd bench http` or `batch`: HTTP in, SMPP out, receipts pushed, and what was counted and measured."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.gsm.plan import plan
from smsgwd.simulator import figures
from smsgwd.simulator.business import Business
from smsgwd.simulator.http_books import HttpBooks
from smsgwd.simulator.http_storm import HttpStorm
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.measured import Measured, Named, Watched
from smsgwd.simulator.request_template import RequestTemplate
from smsgwd.simulator.sink_report import SinkReport
from smsgwd.simulator.smpp_bench import business_overrides, set_up
from smsgwd.simulator.spread import ONE, spread
from smsgwd.simulator.stand import TENANT, TOKEN, Stand, StandError

LATENCIES = ("accept_ms", "through_ms", "push_ms")
PEERS = {"smsc": "smsc", "webhook": "sink", "load": "load"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBenchOptions:
    """What is sent how. `rate` is messages a second, 0 = as fast as the connections allow; times are seconds.

    `size` is the number of messages in a request to /v1/messages/batch, 0 = one a request to /v1/messages; `coalesce`
    the tenant's `dlr_batch`; `workers` those of the gateway. The peers wake up at most once in `coalesce_us`. `target`
    is the URL of another gateway (RequestTemplate.other): its SMSC and sink listen on `smsc_port` and `sink_port`,
    `pid` are its processes. With `business` that is in place before; `spread` sends to numbers all over the world.
    """

    messages: int = 20_000
    connections: int = 64
    rate: float = 0.0
    warmup: int = 1_000
    text: str = "Message {n}"
    receipt_delay_ms: float = 0.0
    binds: int = 1
    window: int = 200
    stalled_s: float = 30.0
    size: int = 0
    coalesce: int = 1
    workers: int = 0
    coalesce_us: int = 1_000
    target: str = ""
    method: str = "GET"
    header: Sequence[str] = ()
    body: str = ""
    expect: str = ""
    smsc_port: int = 0
    sink_port: int = 0
    dlr_mark: str = ""
    dlr_reply: str = ""
    pid: Sequence[int] = ()
    business: Business | None = None
    spread: bool = False


def run_http(options: HttpBenchOptions, directory: Path) -> dict[str, Any]:
    """One run in an empty directory. Raises StandError when a process fails or the warm-up does not come through,
    ValueError for a text or a target that cannot be."""
    size = options.size or 1
    if options.messages % size or options.warmup % size:
        raise ValueError(f"messages and warm-up must be multiples of {size}, the messages of a request")
    stand = _stand(options, directory)
    books = HttpBooks(options.warmup + options.messages, native=not options.target, expect=options.expect.encode())
    load: HttpStorm | None = None
    try:
        template = _start(options, stand)
        in_place = set_up(stand, options.business, [TENANT])
        load = HttpStorm(template, books, options.connections, coalesce_s=options.coalesce_us / 1e6)
        processes = _processes(options, stand)

        def check() -> None:
            for process in (stand.smsc, stand.webhook, *([] if options.target else [stand.gateway])):
                process.check()

        load.run(range(options.warmup), stalled_s=options.stalled_s, tick=check)
        if books.accepted_count != options.warmup:
            raise StandError(f"the warm-up was refused: {dict(books.refused)}, {books.sample!r}")
        if stand.wait_pushed(options.warmup, options.stalled_s) < options.warmup:
            raise StandError(f"the receipts of the warm-up were not pushed: {stand.pushes()}")
        books.requests.clear()
        measured = Measured(processes)
        load.run(range(options.warmup, books.size), rate=options.rate, stalled_s=options.stalled_s, tick=check)
        stand.wait_pushed(books.accepted_count, options.stalled_s)
        measured.end()
        status = stand.stop()
    except BaseException:
        with contextlib.suppress(StandError):  # the problem that brought us here is the one to report
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    return in_place | _report(options, stand, load, measured, 0 if options.target else status)


def _stand(options: HttpBenchOptions, directory: Path) -> Stand:
    coalesce = ("--coalesce-us", str(options.coalesce_us))
    receipts = ("--receipt-delay-ms", str(options.receipt_delay_ms))
    sink: tuple[str, ...] = coalesce
    if options.target:
        sink += ("--good", "", "--mark", options.dlr_mark, "--reply", options.dlr_reply)
    return Stand(
        directory,
        smsc=(*receipts, "--receipt-window", str(max(100, options.window)), *coalesce),
        webhook=sink,
        overrides={
            "connector": {"binds": options.binds, "window": options.window},
            "tenant": {"dlr_batch": options.coalesce},
            "http": {"workers": options.workers},
            **business_overrides(options.business),
        },
        lean=True,
        sink=True,
        smsc_port=options.smsc_port,
        sink_port=options.sink_port,
    )


def _start(options: HttpBenchOptions, stand: Stand) -> RequestTemplate:
    """Start the processes; the requests for the gateway. Raises StandError, and ValueError before anything runs."""
    if options.target:
        template = RequestTemplate.other(
            options.target, options.method, tuple(options.header), options.body, options.text
        )
        stand.start_peers()
        return template
    stand.start()
    return RequestTemplate.native(
        stand.http_port, TOKEN, options.text, options.size, spread() if options.spread else ONE
    )


def _processes(options: HttpBenchOptions, stand: Stand) -> dict[str, Watched]:
    peers: dict[str, Watched] = {"smsc": stand.smsc, "webhook": stand.webhook}
    if not options.target:
        return {"gateway": stand.gateway, **peers}
    return {"gateway": Named(options.pid), **peers} if options.pid else peers


def _report(
    options: HttpBenchOptions, stand: Stand, load: HttpStorm, measured: Measured, status: int
) -> dict[str, Any]:
    books, first = load.books, options.warmup
    smsc, sink = LeanReport.read(stand.smsc_report), SinkReport.read(stand.sink_report)
    smsc_says, sink_says = stand.smsc.summary(), stand.webhook.summary()
    parts = plan(options.text.replace("{n}", "0" * 8)).parts
    found = counts(books, smsc, sink, smsc_says, sink_says, parts)
    messages = max(1, books.accepted_count - first)
    span = max(1e-9, max(sink.arrived, default=0.0) - load.first_at)
    shares = measured.shares()
    return {
        "messages": messages,
        "duration_s": round(span, 3),
        "messages_per_s": round(messages / span, 1),
        "accepted_per_s": round(messages / max(1e-9, max(books.accepted, default=0.0) - load.first_at), 1),
        "accept_ms": figures.percentiles(books.requests),
        "through_ms": figures.percentiles(figures.between(books.due, smsc.arrived, first)),
        "push_ms": figures.percentiles(figures.between(smsc.sent, sink.arrived, first)),
        "cpu_us_per_message": measured.per_message(messages),
        "cpu_share": shares,
        "rss_peak_mb": measured.rss_peak_mb,
        "push_requests": sink_says["requests"],
        "counts": found,
        "refused_by_status": dict(books.refused),
        "gateway_exit": status,
        "exact": is_exact(found) and status == 0,
        "valid": figures.is_valid(shares),
    }


def counts(
    books: HttpBooks,
    smsc: LeanReport,
    sink: SinkReport,
    smsc_says: dict[str, Any],
    sink_says: dict[str, Any],
    parts: int,
) -> dict[str, int]:
    """What was accepted, compared with what SMSC and sink saw; every message should have come in so many `parts`."""
    size = books.size
    copies = smsc.copies[:size] + bytes(max(0, size - len(smsc.copies)))
    pushes = sink.copies[:size] + bytes(max(0, size - len(sink.copies)))
    names = sink.ids[:size] + [b""] * max(0, size - len(sink.ids))
    unexpected = sum(1 for count in smsc.copies[size:] if count) + smsc_says["beyond"]
    unexpected += sum(1 for at, seen in zip(books.accepted, copies, strict=True) if seen and not at)
    return {
        "sent": size,
        "accepted": books.accepted_count,
        "refused": books.refused.total(),
        "unanswered": books.unanswered,
        "smsc_unique": sum(1 for count in copies if count),
        "smsc_parts": int(smsc_says["accepted"]),
        "smsc_duplicates": int(smsc_says["duplicates"]),
        "smsc_unexpected": unexpected,
        "smsc_receipts_unacked": int(smsc_says["receipts_sent"]) - int(smsc_says["receipts_acked"]),
        "wrong_parts": sum(1 for count in copies if count and count != parts),
        "lost": sum(1 for at, seen in zip(books.accepted, copies, strict=True) if at and not seen),
        "pushed_unique": sum(1 for count in pushes if count),
        "push_repeats": int(sink_says["repeated"]),
        "push_strange": int(sink_says["bad_requests"]) + int(sink_says["beyond"]) + sum(map(bool, sink.copies[size:])),
        "never_pushed": sum(1 for at, seen in zip(books.accepted, pushes, strict=True) if at and not seen),
        "not_delivered": int(sink_says["not_good"]),
        # Only answers of ours name ids.
        "misnamed": sum(1 for mine, theirs in zip(books.ids, names, strict=True) if mine and theirs and mine != theirs),
        "unnamed": sum(1 for mine, theirs in zip(books.ids, names, strict=True) if mine and not theirs),
    }  # fmt: skip


_WRONG = (
    "refused", "unanswered", "smsc_duplicates", "smsc_unexpected", "smsc_receipts_unacked", "wrong_parts", "lost",
    "push_repeats", "push_strange", "never_pushed", "not_delivered", "misnamed", "unnamed",
)  # fmt: skip


def is_exact(found: dict[str, int]) -> bool:
    """Nothing lost, doubled, refused or named wrongly, on either side."""
    same = found["sent"] == found["accepted"] == found["smsc_unique"] == found["pushed_unique"]
    return same and not any(found[name] for name in _WRONG)
