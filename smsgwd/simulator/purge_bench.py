"""What clearing up costs those who send: the same load over HTTP while nothing is to be purged, and while much is.

The store holds a history of finished messages from long ago. The load is measured five times: with that history kept,
while a backup is written, while it is purged, while the free space is given back, and with nothing left to purge. What
is asserted stands in `judge_purge`, which is pure.
"""

from __future__ import annotations

import contextlib
import http.client
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.figures import percentiles
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.purge_rows import ROWS_EACH, fill, left_in, pattern_in
from smsgwd.simulator.stand import TOKEN, Stand, StandError
from smsgwd.simulator.submissions import Submissions

_CTL: Final = "from smsgwd.cli.ctl import main; main()"
_DAY_MS: Final = 86_400_000
_AGE_DAYS: Final = 100
_KEPT_DAYS: Final = 3650
_WARM_UP: Final = 200  # messages
_LOOK_S: Final = 1.0
_PURGED: Final = "smsgwd_purged_rows_total"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeOptions:
    """How much there is to purge, and what is measured meanwhile.

    `rows` of old messages (with their history and SMSC ids) are written first. `rate` messages a second are sent over
    `connections`; for `seconds` while nothing is purged, before and after, and in between until all is. `rows_s` is
    `retention.rows_s`. The 99th percentile may grow by `more_ms`; with 0 only is judged whether all that should go
    went. What was just started is given `moment_s` before it is measured.
    """

    rows: int = 5_000_000
    rate: float = 500.0
    seconds: float = 30.0
    connections: int = 32
    rows_s: int = 20_000
    more_ms: float = 20.0
    moment_s: float = 3.0
    stalled_s: float = 60.0


@dataclass(slots=True)
class Measured:
    """What the load saw of one state. Seconds of latency; `refused` counts answers that are no 202, and none at all."""

    name: str
    latencies: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class History:
    """What became of the old messages."""

    rows: int
    purged: int = 0  #: as the gateway counts
    left: dict[str, int] = field(default_factory=dict)  #: rows by table, at the end
    mb: dict[str, float] = field(default_factory=dict)  #: size of the file by moment


def judge_purge(options: PurgeOptions, states: list[Measured], history: History) -> Verdict:
    """Compare what the load saw while purging (the state of that name) with the first and the last state.

    The worse of those two counts: a machine that others use too is not the same for minutes.
    """
    facts: dict[str, Any] = {"old rows": history.rows, "rows purged": history.purged}
    shown = {state.name: percentiles(state.latencies) for state in states}
    for state in states:
        found = shown[state.name]
        facts[f"{state.name}: accept ms p50/p99/max"] = f"{found['p50']} / {found['p99']} / {found['max']}"
        facts[f"{state.name}: s"] = round(state.seconds, 1)
    purging = next(state for state in states if state.name == "purging")
    more = shown["purging"]["p99"] - max(shown[states[0].name]["p99"], shown[states[-1].name]["p99"])
    facts["rows purged a second"] = round(history.purged / max(1e-9, purging.seconds))
    facts["p99 while purging, ms more"] = round(more, 2)
    facts |= {f"file {moment}, MB": size for moment, size in history.mb.items()}
    return Verdict(
        facts=facts,
        failures={
            "old rows that are still there": sum(history.left.values()),
            "rows purged too few": max(0, history.rows - history.purged),
            "refused or not answered": sum(state.refused for state in states),
            "states without a measurement": sum(not state.latencies for state in states),
            "ms of p99 beyond the limit": max(0, round(more - options.more_ms)) if options.more_ms else 0,
        },
    )


def run_purge(options: PurgeOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    return _Run(options, directory).run()


class _Run:
    def __init__(self, options: PurgeOptions, directory: Path) -> None:
        self._options = options
        self._directory = directory
        self._file = directory / "data" / "store.db"
        self._history = History(options.rows // ROWS_EACH * ROWS_EACH)
        self._number = 0

    def run(self) -> Verdict:
        options, history = self._options, self._history
        begun_ms = int(time.time() * 1000)
        with self._stand(_KEPT_DAYS) as stand:
            warm_up = Measured("")
            self._load(stand, warm_up, lambda: self._number >= _WARM_UP)
            if warm_up.refused or stand.wait_pushed(_WARM_UP) < _WARM_UP:
                raise StandError("the warm-up did not come through")
        messages = options.rows // ROWS_EACH
        size = fill(self._file, pattern_in(self._file), messages, begun_ms - _AGE_DAYS * _DAY_MS)
        history.mb["with the history"] = _mb(size)
        with self._stand(_KEPT_DAYS) as stand:
            states = [
                self._steady(stand, "nothing to purge"),
                self._command(stand, "backup", "store", "backup", f"file={self._copy}"),
            ]
            history.mb["of the backup"] = _mb(self._copy.stat().st_size)
            self._copy.unlink()
        with self._stand(_AGE_DAYS - 10) as stand:
            states.append(self._purging(stand))
            history.mb["after purging"] = _mb(self._file.stat().st_size)
            states.append(self._command(stand, "vacuum", "store", "vacuum"))
            states.append(self._steady(stand, "nothing left to purge"))
        history.mb["after vacuum and a stop"] = _mb(self._file.stat().st_size)
        history.left = left_in(self._file, begun_ms - _DAY_MS)
        return judge_purge(options, states, history)

    @property
    def _copy(self) -> Path:
        return (self._directory / "copy.db").absolute()

    @contextlib.contextmanager
    def _stand(self, kept_days: float) -> Iterator[Stand]:
        """Everything started anew on the same data."""
        retention = {"messages_d": kept_days, "texts_d": _KEPT_DAYS, "rows_s": self._options.rows_s}
        stand = Stand(self._directory, overrides={"retention": retention})
        try:
            stand.start()
            yield stand
            status = stand.stop()
        except BaseException:
            with contextlib.suppress(StandError):
                stand.stop()
            raise
        if status:
            raise StandError(f"the gateway ended with status {status}")

    def _steady(self, stand: Stand, name: str) -> Measured:
        """The load for a while, with nothing else to do."""
        measured = Measured(name)
        self._moment(stand)
        end = time.monotonic() + self._options.seconds
        self._load(stand, measured, lambda: time.monotonic() >= end)
        return measured

    def _command(self, stand: Stand, name: str, *words: str) -> Measured:
        """The load while an operator's command runs."""
        measured = Measured(name)
        self._moment(stand)
        socket = str(self._directory / "admin.sock")
        command = [sys.executable, "-c", _CTL, "--socket", socket, "--json", *words]
        log = self._directory / f"{name}.log"
        with log.open("wb") as out:
            child = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        try:
            self._load(stand, measured, lambda: child.poll() is not None)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if child.returncode:
            raise StandError(f"store {name} ended with status {child.returncode}:\n{log.read_text()[-1000:]}")
        return measured

    def _purging(self, stand: Stand) -> Measured:
        """The load until all old rows are gone, or none went for `stalled_s`."""
        measured, history = Measured("purging"), self._history
        begun = looked = changed = time.monotonic()

        def through() -> bool:
            nonlocal looked, changed
            now = time.monotonic()
            if now - looked < _LOOK_S:
                return False
            looked, before = now, history.purged
            history.purged = _purged(stand)
            if history.purged != before:
                changed = now
            return history.purged >= history.rows or now - changed > self._options.stalled_s

        self._load(stand, measured, through)
        measured.seconds = max(1e-9, changed - begun)
        return measured

    def _moment(self, stand: Stand) -> None:
        """Let the load run for a moment, not measured."""
        end = time.monotonic() + self._options.moment_s
        self._load(stand, Measured(""), lambda: time.monotonic() >= end)

    def _load(self, stand: Stand, into: Measured, enough: Callable[[], bool]) -> None:
        requests = Submissions(f"127.0.0.1:{stand.http_port}", TOKEN, "Message {n}")
        over = False

        def jobs() -> Iterator[Job]:
            while not over:
                yield Job(requests.request(self._number), self._number)
                self._number += 1

        def answered(job: Job, status: int, _body: bytes) -> Next:
            if status == 202:
                into.latencies.append(job.ended - job.due)
            else:
                into.refused += 1
            return Next.DONE

        def lost(_job: Job) -> Next:
            into.refused += 1
            return Next.DONE

        def tick() -> None:
            nonlocal over
            over = over or enough()

        begun = time.monotonic()
        address = ("127.0.0.1", stand.http_port)
        load = HttpLoad(address, self._options.connections, jobs(), answered, lost, rate=self._options.rate)
        if not load.run(tick, timeout_s=3600.0):
            raise StandError("the load was not through after an hour")
        stand.gateway.check()
        into.seconds = time.monotonic() - begun


def _purged(stand: Stand) -> int:
    """Rows deleted for their age since the gateway's start, as it counts them."""
    connection = http.client.HTTPConnection("127.0.0.1", stand.ops_port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    except (OSError, http.client.HTTPException) as problem:
        stand.gateway.check()
        raise StandError(f"the gateway gives no metrics: {problem}") from None
    finally:
        connection.close()
    return sum(int(float(line.rpartition(" ")[2])) for line in lines if line.startswith(_PURGED))


def _mb(size: int) -> float:
    return round(size / 1e6, 1)
