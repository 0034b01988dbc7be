"""`smsgwd bench history`: pages and counters of a tenant with a long past, over SMSPresto's API.

The past is written into the store while no gateway runs (bulk_rows.py). Requests of all kinds come in turn on one
connection, so that what the machine does meanwhile hits all of them alike.
"""

from __future__ import annotations

import contextlib
import http.client
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows
from smsgwd.simulator.bulk_rows import Bulk, Progress
from smsgwd.simulator.dialect_bench import DialectBenchOptions, stand_for, wait_receipted
from smsgwd.simulator.dialect_requests import PASSWORD, USER
from smsgwd.simulator.stand import TENANT, Stand, StandError

_PATH: Final = "/console/api/"
_DAY_MS: Final = 24 * 3_600_000
_DAYS: Final = 28  # of the past: within `retention`, nothing is cleared up meanwhile
_COUNTERS: Final = ("get-send", "get-success", "get-failed", "get-stock", "get-scheduled-total", "get-contact-total")
_WARM: Final = 20  # requests of each kind before the measured ones
_Ask = Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryOptions:
    """`messages` are kept; pages of `rows` at 0 and at `offset`; `requests` of each kind; `ratio` 0 = any."""

    messages: int = 1_010_000
    offset: int = 1_000_000
    rows: int = 50
    requests: int = 500
    ratio: float = 3.0


def run_history(options: HistoryOptions, directory: Path, progress: Progress = lambda done, of: None) -> dict[str, Any]:
    """Make the store, ask, and compare. Raises StandError, ValueError, OSError, sqlite3.Error."""
    stand = stand_for(DialectBenchOptions(), directory)
    try:
        stand.start()
        with _connected(stand) as link:
            _send_one(stand, link)
            before = _timed({name: _counter(link, name) for name in _COUNTERS}, options.requests)
        stand.gateway.stop()
        _write(directory / "data" / "store.db", options.messages, progress)
        stand.gateway.start()
        stand.wait_ready(120.0)
        with _connected(stand) as link:
            expected = min(options.rows, options.messages + 1 - options.offset)
            pages = _timed(
                {
                    "first": _page(link, 0, options.rows, options.rows),
                    "far": _page(link, options.offset, options.rows, expected),
                },
                options.requests,
            )
            after = _timed({name: _counter(link, name) for name in _COUNTERS}, options.requests)
            counted = int(_ask(link, action="get-success"))
        stand.stop()
    except BaseException:
        with contextlib.suppress(StandError):
            stand.stop()
        raise
    ratio = pages["far"] / pages["first"]
    slowest = max(after[name] / before[name] for name in _COUNTERS)
    right = counted == options.messages + 1
    limit = options.ratio or float("inf")
    return {
        "pages_ms": pages,
        "counters_ms": {"empty": before, "full": after},
        "counted": counted,
        "summary": {
            "page_ratio": round(ratio, 2),
            "counter_ratio": round(slowest, 2),
            "counted_right": right,
            "ok": right and ratio <= limit and slowest <= limit,
        },
    }


@contextlib.contextmanager
def _connected(stand: Stand) -> Any:
    """A kept-alive connection to the gateway's HTTP listener."""
    link = http.client.HTTPConnection("127.0.0.1", stand.http_port, timeout=60)
    try:
        yield link
    finally:
        link.close()


def _ask(link: http.client.HTTPConnection, **query: str | int) -> bytes:
    """What SMSPresto's API answers. Raises StandError when it is no 200."""
    link.request("GET", f"{_PATH}?{urlencode({'user': USER, 'pass': PASSWORD, **query})}")
    answer = link.getresponse()
    body = answer.read()
    if answer.status != 200 or b'"error"' in body:
        raise StandError(f"{query.get('action')} was answered with {answer.status}: {body[:200]!r}")
    return body


def _send_one(stand: Stand, link: http.client.HTTPConnection) -> None:
    """The message that all others are made of."""
    _ask(link, action="sendsms", **{"from": "Bench"}, to="3069000000000", message="Message 00000000")
    wait_receipted(stand, 1, 30.0)
    end = time.monotonic() + 10.0
    while _ask(link, action="get-success") != b"1":
        if time.monotonic() > end:
            raise StandError("the first message was not delivered")
        time.sleep(0.05)


def _write(file: Path, messages: int, progress: Progress) -> None:
    now = int(time.time() * 1000)
    pattern = bulk_rows.pattern_in(file, TENANT, State.DELIVERED)
    bulk = Bulk(numbers=range(messages), ages_ms=range(now - _DAYS * _DAY_MS, now - _DAY_MS))
    with bulk_rows.loading(file) as connection:
        bulk_rows.fill(connection, [pattern], bulk, progress)


def _page(link: http.client.HTTPConnection, offset: int, rows: int, expected: int) -> _Ask:
    """Asks for a page of the whole history, and looks whether it is that."""
    today = datetime.now(UTC).date()
    query: dict[str, str | int] = {
        "action": "list-archive",
        "dateFrom": str(today - timedelta(days=_DAYS + 1)),
        "dateTo": str(today + timedelta(days=1)),
        "from": offset,
        "to": offset + rows,
    }

    def ask() -> None:
        found = msgspec.json.decode(_ask(link, **query), type=list[dict[str, str]])
        if len(found) != expected or found[0]["IDHISTORIQUE"] != str(offset + 1):
            raise StandError(f"the page at {offset} has {len(found)} rows, not {expected}, or begins wrongly")

    return ask


def _counter(link: http.client.HTTPConnection, name: str) -> _Ask:
    """Asks for a counter."""

    def ask() -> None:
        _ask(link, action=name)

    return ask


def _timed(kinds: dict[str, _Ask], requests: int) -> dict[str, float]:
    """Medians (ms) of so many requests of each kind, in turn."""
    for ask in kinds.values():
        for _ in range(_WARM):
            ask()
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(requests):
        for name, ask in kinds.items():
            begun = time.perf_counter()
            ask()
            taken[name].append((time.perf_counter() - begun) * 1000)
    return {name: round(_middle(each), 3) for name, each in taken.items()}


def _middle(values: Sequence[float]) -> float:
    return max(1e-6, median(values))


def table(report: dict[str, Any]) -> str:
    """The medians, readable."""
    pages, summary = report["pages_ms"], report["summary"]
    empty, full = report["counters_ms"]["empty"], report["counters_ms"]["full"]
    rows = [
        f"page at 0: {pages['first']:.2f} ms; far back: {pages['far']:.2f} ms; ratio {summary['page_ratio']:.2f}",
        f"{'counter':<20} {'empty ms':>9} {'full ms':>9}",
    ]
    rows += [f"{name:<20} {empty[name]:>9.2f} {full[name]:>9.2f}" for name in empty]
    rows.append(f"counters: ratio {summary['counter_ratio']:.2f}, right: {'yes' if summary['counted_right'] else 'NO'}")
    return "\n".join(rows)
