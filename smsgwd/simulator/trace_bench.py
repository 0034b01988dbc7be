"""`smsgwd bench trace`: how long the whole way of one message takes to tell, among very many.

The past, with a push for each message, is written into the store while no gateway runs (bulk_rows.py): half of the
messages know the number of their push, those of the other half ended before that was kept, so that their pushes are
looked for by time. Messages are drawn by lot and asked for over the admin socket, as `smsgwctl message trace` does:
first with nothing of the file in the page cache, then the same ones again.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows, figures
from smsgwd.simulator.admin_client import AdminClient
from smsgwd.simulator.bulk_rows import Bulk, Progress
from smsgwd.simulator.stand import TENANT, TOKEN, Stand, StandError

_DAY_MS: Final = 24 * 3_600_000
_DAYS: Final = 28  # of the past: within `retention`, nothing is cleared up meanwhile
_READY_S: Final = 120.0
_SETTLE_S: Final = 2.0  # first sweeps and counts are over then
_TO: Final = "+3069000000000"
_KINDS: Final = {"known": "IS NOT NULL", "searched": "IS NULL"}  # by `message.push`


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceOptions:
    """`messages` are kept, each with a push; `requests` are drawn of each kind. 99 of 100 must be told within
    `limit_ms` (0 = any)."""

    messages: int = 10_000_000
    requests: int = 300
    limit_ms: float = 50.0
    seed: int = 1


def run_trace(options: TraceOptions, directory: Path, progress: Progress = lambda done, of: None) -> dict[str, Any]:
    """Make the store, ask, and measure. Raises StandError, ValueError, OSError, sqlite3.Error."""
    stand = Stand(directory, overrides={"retention": {"pushes_d": 90}})
    file = directory / "data" / "store.db"
    try:
        stand.start()
        _send_one(stand)
        stand.gateway.stop()
        store = _write(options, file, progress)
        chosen = {kind: _drawn(options, file, condition) for kind, condition in _KINDS.items()}
        _forget(file)
        stand.gateway.start()
        store["ready_s"] = round(stand.wait_ready(_READY_S), 2)
        time.sleep(_SETTLE_S)
        with stand.admin() as admin:
            found = {
                f"{kind}, {cache}": _traced(admin, ids) for cache in ("cold", "warm") for kind, ids in chosen.items()
            }
        peak = stand.gateway.rss_peak_mb()
        stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.webhook, stand.smsc):
            process.kill_if_running()
        with contextlib.suppress(StandError):
            stand.stop()
        raise
    slowest = max(each["p99"] for each in found.values())
    return {
        "store": store,
        "trace_ms": found,
        "rss_peak_mb": peak,
        "summary": {"slowest_p99_ms": slowest, "ok": not options.limit_ms or slowest <= options.limit_ms},
    }


def _send_one(stand: Stand) -> None:
    """The message that all others are made of, with its receipt pushed."""
    link = http.client.HTTPConnection("127.0.0.1", stand.http_port, timeout=60)
    try:
        body = json.dumps({"from": "Bench", "to": _TO, "text": "Message 00000000"})
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        link.request("POST", "/v1/messages", body, headers)
        answer = link.getresponse()
        if answer.status != 202:
            raise StandError(f"the first message was answered with {answer.status}: {answer.read()[:200]!r}")
    finally:
        link.close()
    if stand.wait_pushed(1) != 1:
        raise StandError("the receipt of the first message was not pushed")


def _write(options: TraceOptions, file: Path, progress: Progress) -> dict[str, Any]:
    begun = time.monotonic()
    now = int(time.time() * 1000)
    known = bulk_rows.pattern_in(file, TENANT, State.DELIVERED)
    if known.message["push"] is None or not known.others["outbox"]:
        raise StandError("the first message does not know its push")
    before = replace(known, message=dict(known.message) | {"push": None})
    bulk = Bulk(numbers=range(options.messages), ages_ms=range(now - _DAYS * _DAY_MS, now - _DAY_MS))
    with bulk_rows.loading(file) as connection:
        bulk_rows.fill(connection, [known, before], bulk, progress)
    took = max(1e-9, time.monotonic() - begun)
    size = round(file.stat().st_size / 1e6, 1)
    return {"messages": options.messages, "file_mb": size, "fill_s": round(took, 1)}


def _drawn(options: TraceOptions, file: Path, condition: str) -> list[int]:
    """Ids of messages drawn by lot. Raises StandError when there are none."""
    chance = random.Random(options.seed)
    with closing(sqlite3.connect(file)) as connection:
        low, high = connection.execute("SELECT min(id), max(id) FROM message").fetchone()
        sql = f"SELECT id FROM message WHERE id >= ? AND push {condition} ORDER BY id LIMIT 1"  # noqa: S608 -- ours
        found = [connection.execute(sql, (chance.randint(low, high),)).fetchone() for _ in range(options.requests)]
    ids = list(dict.fromkeys(row[0] for row in found if row is not None))
    if not ids:
        raise StandError("no such message was written")
    return ids


def _forget(file: Path) -> None:
    """Have the system drop what it has of the file in memory, as far as it does that for anybody."""
    os.sync()
    number = os.open(file, os.O_RDONLY)
    try:
        os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(number)


def _traced(admin: AdminClient, ids: list[int]) -> dict[str, float]:
    """Percentiles of how long each took (ms). Raises StandError when a message is told without its push."""
    taken = []
    for number in ids:
        begun = time.perf_counter()
        found = admin.run("message", "trace", id=str(number))
        taken.append(time.perf_counter() - begun)
        if found["id"] != str(number) or not found["pushes"]:
            raise StandError(f"message {number} was told without its push")
    return figures.percentiles(taken)


def table(report: dict[str, Any]) -> str:
    """Readable."""
    store = report["store"]
    rows = [
        f"{store['messages']:,} messages with their pushes: {store['file_mb']:,.0f} MB,"
        f" written in {store['fill_s']:.0f} s, ready in {store['ready_s']:.1f} s",
        f"{'push':<18} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8}",
    ]
    rows += [
        f"{name:<18} {each['p50']:>8.2f} {each['p99']:>8.2f} {each['max']:>8.2f}"
        for name, each in report["trace_ms"].items()
    ]
    return "\n".join(rows)
