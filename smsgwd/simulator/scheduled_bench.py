"""`smsgwd bench scheduled`: what many messages cost that are to be sent later, and how punctual those are that are due.

A gateway rests with nothing scheduled, then with very many messages written into its store for days far ahead. Then
messages are scheduled over HTTP, in batches, for moments that follow each other closely; each is compared with when the
SMSC got it.
"""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows, figures
from smsgwd.simulator.backlog_rows import states_in
from smsgwd.simulator.bulk_rows import Bulk, Progress
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.sink_report import SinkReport
from smsgwd.simulator.stand import TENANT, TOKEN, Stand, StandError

_SIZE: Final = 100  # messages of a request
_PREFIX: Final = "+30690"
_PATTERN: Final = 99_999_999  # number of the message that the stored ones are copies of
_STORED_FROM: Final = 50_000_000
_DAY_MS: Final = 86_400_000
_DUE_MS: Final = (10 * _DAY_MS, 40 * _DAY_MS)  # from now: none is due while the gateway is measured
_AGES_MS: Final = _DAY_MS
_READY_S: Final = 120.0
_EARLY_MS: Final = 1.0  # a moment has no more digits than that


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledOptions:
    """`stored` messages for far ahead; `due` ones for moments that begin some `lead_s` after the last was accepted and
    come at `rate` a second. At rest the gateway is measured for `seconds`, after `settle_s`. A message may be `late_s`
    late; 0 judges nothing.
    """

    stored: int = 1_000_000
    due: int = 10_000
    rate: float = 1_000.0
    lead_s: float = 5.0
    settle_s: float = 5.0
    seconds: float = 15.0
    late_s: float = 1.0
    binds: int = 4
    window: int = 200
    stalled_s: float = 30.0


def run_scheduled(options: ScheduledOptions, directory: Path, progress: Progress) -> dict[str, Any]:
    """The whole bench in an empty directory. Raises StandError, ValueError, sqlite3.Error."""
    stand = Stand(
        directory,
        smsc=("--receipt-window", "200"),
        overrides={"connector": {"binds": options.binds, "window": options.window}, "tenant": {"dlr_batch": 100}},
        lean=True,
        sink=True,
    )
    file = directory / "data" / "store.db"
    try:
        stand.start()
        rest = {"without": _rest(options, stand)}
        _submit(stand, [(_PATTERN, int(time.time() * 1000) + _DUE_MS[1])])
        stand.gateway.stop()
        store = _write(options, file, progress)
        stand.gateway.start()
        store["ready_s"] = round(stand.wait_ready(_READY_S), 2)
        rest["with"] = _rest(options, stand)
        begun_ms, submitted_s, cpu_s = _due(options, stand)
        peak = stand.gateway.rss_peak_mb()
        status = stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.webhook, stand.smsc):
            process.kill_if_running()
        with suppress(StandError):
            stand.stop()
        raise
    lateness, found = _judged(options, stand, begun_ms)
    found["left_scheduled"] = states_in(file).get(State.SCHEDULED, 0) - options.stored - 1
    late = figures.percentiles([max(0.0, each) / 1000 for each in lateness])
    exact = status == 0 and found["wrong"] == 0 and found["left_scheduled"] == 0
    return {
        "store": store,
        "rest": rest,
        "submitted_s": submitted_s,
        "cpu_us_per_message": round(cpu_s * 1e6 / options.due, 1),
        "rss_peak_mb": peak,
        "late_ms": late,
        "earliest_ms": round(min(lateness, default=0.0), 2),
        "counts": found,
        "gateway_exit": status,
        "summary": {
            "late_ms": late,
            "cpu_percent": {name: each["cpu_percent"] for name, each in rest.items()},
            "rss_mb": {name: each["rss_mb"] for name, each in rest.items()},
            "exact": exact,
            "ok": exact and (not options.late_s or late["max"] <= options.late_s * 1000),
        },
    }


def _rest(options: ScheduledOptions, stand: Stand) -> dict[str, float]:
    """CPU and memory of a gateway that has nothing to do."""
    gateway = stand.gateway
    time.sleep(options.settle_s)
    before, begun = gateway.cpu_s(), time.monotonic()
    time.sleep(options.seconds)
    gateway.check()
    share = (gateway.cpu_s() - before) / (time.monotonic() - begun)
    return {"cpu_percent": round(share * 100, 3), "rss_mb": gateway.rss_mb()}


def _write(options: ScheduledOptions, file: Path, progress: Progress) -> dict[str, Any]:
    """Write the stored messages, as copies of the one that the gateway has made."""
    if options.stored:
        pattern = bulk_rows.pattern_in(file, TENANT, State.SCHEDULED)
        now = int(time.time() * 1000)
        bulk = Bulk(
            numbers=range(_STORED_FROM, _STORED_FROM + options.stored),
            ages_ms=range(now - _AGES_MS, now),
            due_ms=range(now + _DUE_MS[0], now + _DUE_MS[1]),
        )
        with bulk_rows.loading(file) as connection:
            bulk_rows.fill(connection, [pattern], bulk, progress)
    return {"scheduled": options.stored, "file_mb": round(file.stat().st_size / 1e6, 1)}


def _due(options: ScheduledOptions, stand: Stand) -> tuple[int, float, float]:
    """Have messages sent at their moments: when the first one's was (ms since 1970), how long it took to submit them
    all (s), and the gateway's CPU from then to the last receipt (s)."""
    begun = time.monotonic()
    # How long submitting takes is a guess: some 2,000 a second.
    first = int((time.time() + options.lead_s + options.due / 2_000) * 1000)
    moments = [(number, first + int(number * 1000 / options.rate)) for number in range(options.due)]
    for at in range(0, len(moments), _SIZE):
        _submit(stand, moments[at : at + _SIZE])
    took = time.monotonic() - begun
    if time.time() * 1000 >= first:
        raise StandError(f"{options.due} messages took {took:.1f} s to be scheduled: --lead must be longer")
    before = stand.gateway.cpu_s()
    reached = stand.wait_pushed(options.due, options.stalled_s + options.lead_s)
    if reached < options.due:
        raise StandError(f"{reached} of {options.due} receipts came")
    return first, round(took, 2), stand.gateway.cpu_s() - before


def _submit(stand: Stand, moments: list[tuple[int, int]]) -> None:
    """Schedule numbers for moments (ms since 1970), in one request. Raises StandError."""
    messages = [
        {
            "from": "bench",
            "to": f"{_PREFIX}{number:08d}",
            "text": f"Message {number:08d}",
            "schedule_at": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds"),
        }
        for number, at in moments
    ]
    body = json.dumps({"messages": messages})
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", stand.http_port, timeout=30)) as connection:
        try:
            connection.request("POST", "/v1/messages/batch", body, headers)
            answer = connection.getresponse()
            told = answer.read()
        except (OSError, http.client.HTTPException) as problem:
            stand.gateway.check()
            raise StandError(f"messages were not scheduled: {problem}") from None
    states = [each["state"] for each in json.loads(told)["messages"]] if answer.status == 202 else []
    if states != ["scheduled"] * len(moments):
        raise StandError(f"messages were not scheduled: {answer.status} {told[:500]!r}")


def _judged(options: ScheduledOptions, stand: Stand, begun_ms: int) -> tuple[list[float], dict[str, int]]:
    """How late each message was at the SMSC (ms), and what is wrong."""
    smsc, sink = LeanReport.read(stand.smsc_report), SinkReport.read(stand.sink_report)
    since = (time.time() - time.monotonic()) * 1000  # the SMSC's clock is monotonic
    lateness = [
        at * 1000 + since - (begun_ms + int(number * 1000 / options.rate))
        for number, at in enumerate(smsc.arrived[: options.due])
        if at
    ]
    numbers = range(options.due)
    found = {
        "due": options.due,
        "sent": sum(1 for count in smsc.copies if count),
        "pushed": sum(1 for count in sink.copies if count),
        "twice": sum(1 for count in smsc.copies if count > 1),
        "pushed_twice": sum(1 for count in sink.copies if count > 1),
        "not_due": sum(1 for number, count in enumerate(smsc.copies) if count and number not in numbers),
        "early": sum(1 for each in lateness if each < -_EARLY_MS),
    }
    found["not_due"] += int(stand.smsc.summary()["beyond"])
    found["lost"] = options.due - len(lateness)
    found["wrong"] = sum(found[name] for name in ("twice", "pushed_twice", "not_due", "early", "lost"))
    found["wrong"] += abs(found["pushed"] - options.due)
    return lateness, found


def table(report: dict[str, Any]) -> str:
    """The report of `run_scheduled`, readable."""
    found, store = report["summary"], report["store"]
    rows = [
        f"at rest {name:<7} {each['cpu_percent']:.2f} % of a core, RSS {each['rss_mb']:.1f} MB"
        for name, each in report["rest"].items()
    ]
    rows.append(
        f"with {store['scheduled']:,} scheduled messages ({store['file_mb']:,.0f} MB):"
        f" ready in {store['ready_s']:.2f} s"
    )
    late = found["late_ms"]
    rows.append(
        f"late at the SMSC: p50 {late['p50']:.0f} ms, p99 {late['p99']:.0f} ms, max {late['max']:.0f} ms"
        f" ({report['counts']['due']:,} messages, {report['cpu_us_per_message']:.0f} us CPU each);"
        f" exact {'yes' if found['exact'] else 'NO'}"
    )
    return "\n".join(rows)
