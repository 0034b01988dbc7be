"""`smsgwd bench startup`: from exec until the gateway is ready, bound to its SMSC, and has sent the first submit_sm.

The SMSC lives in this process, so each of these is seen when it happens; "ready" is what the gateway tells systemd.
The page cache is warm: it cannot be dropped without root. Files of this size were written moments before.
"""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from smsgwd.simulator.bulk_rows import Progress
from smsgwd.simulator.lean_smsc import LeanSmsc
from smsgwd.simulator.loaded_store import LIVE, LoadedStand, Past
from smsgwd.simulator.stand import StandError

_PATIENCE_S: Final = 120.0
TIMES: Final = ("ready_s", "bound_s", "first_submit_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupOptions:
    """How much is in the full store (0 and 0: only an empty one is started), and how often each is started.

    Each must be bound within its limit, in seconds (medians); 0 judges nothing.
    """

    finished: int = 1_000_000
    pending: int = 1_000_000
    runs: int = 5
    empty_s: float = 1.0
    full_s: float = 5.0


def run_startup(options: StartupOptions, directory: Path, progress: Progress) -> dict[str, Any]:
    """The whole bench in an empty directory. Raises StandError, LoadError, OSError, ValueError, sqlite3.Error."""
    past = Past(finished=options.finished, pending=options.pending, pending_on=LIVE)
    report: dict[str, Any] = {"empty": _measure(Past(pending_on=LIVE), options.runs, directory / "empty", progress)}
    limits = {"empty": options.empty_s}
    if past.finished or past.pending:
        report["full"] = _measure(past, options.runs, directory / "full", progress)
        limits["full"] = options.full_s
    summary: dict[str, Any] = {name: report[name]["median"] for name in limits}
    summary["ok"] = all(not limit or summary[name]["bound_s"] <= limit for name, limit in limits.items())
    return report | {"summary": summary}


def _measure(past: Past, runs: int, directory: Path, progress: Progress) -> dict[str, Any]:
    directory.mkdir()
    loaded = LoadedStand(directory)
    try:
        loaded.prepare()
        begun = time.monotonic()
        loaded.write(past, progress)
        took = max(1e-9, time.monotonic() - begun)
        size = loaded.file.stat().st_size
        found = []
        for number in range(runs):
            if not past.pending:  # something must be there to be sent
                loaded.write(Past(pending=1, pending_on=LIVE), first=number)
            found.append(_start(loaded))
        loaded.kill()
    except BaseException:
        loaded.kill()
        raise
    return {
        "store": {
            "finished": past.finished,
            "pending": past.pending,
            "file_mb": round(size / 1e6, 1),
            "rows_per_s": round((past.finished + past.pending) / took),
        },
        "runs": found,
        "median": {name: round(median(run[name] for run in found), 3) for name in found[0]},
    }


def _start(loaded: LoadedStand) -> dict[str, float]:
    """One start of the gateway, and its stop."""
    gateway = loaded.stand.gateway
    smsc = LeanSmsc(window=200)
    with _notified() as told:
        try:
            smsc.listen("127.0.0.1", loaded.smsc_port)
            at: dict[str, float] = {}
            smsc.loop.on_readable(told, lambda: _ready(told, at))
            begun = time.monotonic()
            gateway.start()
            while len(at) < len(TIMES):
                smsc.turn()
                now = time.monotonic()
                if smsc.stats.binds:
                    at.setdefault("bound_s", now)
                if smsc.stats.first_submit is not None:
                    at.setdefault("first_submit_s", smsc.stats.first_submit)
                gateway.check()
                if now - begun > _PATIENCE_S:
                    missing = ", ".join(name.removesuffix("_s") for name in TIMES if name not in at)
                    raise StandError(f"not within {_PATIENCE_S:g} s of its start: {missing}")
            found = {name: round(at[name] - begun, 3) for name in TIMES}
            found |= {"cpu_s": round(gateway.cpu_s(), 3), "rss_mb": gateway.rss_mb()}
            _stop(loaded, smsc)
        finally:
            smsc.close()
    return found


def _ready(told: socket.socket, at: dict[str, float]) -> None:
    """What the gateway tells systemd."""
    if b"READY=1" in told.recv(4096):
        at.setdefault("ready_s", time.monotonic())


def _stop(loaded: LoadedStand, smsc: LeanSmsc) -> None:
    """Stop the gateway while its SMSC goes on answering."""
    status: list[int] = []
    stopper = threading.Thread(target=lambda: status.append(loaded.stand.gateway.stop()), daemon=True)
    stopper.start()
    while stopper.is_alive():
        smsc.turn()
    if status != [0]:
        raise StandError(f"the gateway did not stop in order: {status}")


@contextmanager
def _notified() -> Iterator[socket.socket]:
    """A socket that a process started meanwhile takes for systemd's."""
    before = os.environ.get("NOTIFY_SOCKET")
    with tempfile.TemporaryDirectory(prefix="smsgwd-") as directory, socket.socket(
        socket.AF_UNIX, socket.SOCK_DGRAM
    ) as told:  # fmt: skip
        told.bind(str(Path(directory) / "notify"))
        told.setblocking(False)
        os.environ["NOTIFY_SOCKET"] = told.getsockname()
        try:
            yield told
        finally:
            if before is None:
                del os.environ["NOTIFY_SOCKET"]
            else:
                os.environ["NOTIFY_SOCKET"] = before


def table(report: dict[str, Any]) -> str:
    """The report of `run_startup`, readable."""
    rows = [f"{'store':<6} {'ready s':>8} {'bound s':>8} {'first submit_sm s':>18} {'CPU s':>7} {'RSS MB':>7}"]
    for name in ("empty", "full"):
        side = report.get(name)
        for what, run in [*(("", run) for run in side["runs"]), ("median", side["median"])] if side else ():
            rows.append(
                f"{name:<6} {run['ready_s']:>8.2f} {run['bound_s']:>8.2f} {run['first_submit_s']:>18.2f}"
                f" {run['cpu_s']:>7.2f} {run['rss_mb']:>7.1f}  {what}"
            )
        if side:
            store = side["store"]
            rows.append(
                f"{name}: {store['finished']:,} finished, {store['pending']:,} queued, {store['file_mb']:,.1f} MB"
            )
    return "\n".join(rows)
