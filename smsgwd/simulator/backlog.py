"""The check with a deep queue: messages pile up behind a dead SMSC, then it comes back.

One gateway, HTTP and SMPP, is looked at three times: with an empty queue, with a small one being drained, and with a
deep one, that it must take further messages beside, start with, and drain in order. What is asserted stands in
`judge_backlog`, which is pure.
"""

from __future__ import annotations

import contextlib
import http.client
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State
from smsgwd.simulator.backlog_rows import Pattern, fill, in_wrong_order, pattern_in, states_in
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.figures import percentiles
from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, TOKEN, Stand, StandError, esme_name
from smsgwd.simulator.submissions import Submissions
from smsgwd.simulator.submit_template import SubmitTemplate

_TEXT: Final = "Message {n}"
_HOUR_MS: Final = 3_600_000
_SCRAPE_S: Final = 5.0  # somebody reads /metrics meanwhile, three times as often as is usual
_MOMENT_S: Final = 2.0  # what was just started is given that long before it is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class BacklogOptions:
    """How deep the queue is and how long each state is measured.

    `small` messages make the queue whose draining is compared with (enough for caches and checkpoints to be as they
    will stay), `rate` a second are submitted for `seconds` over
    HTTP, then over SMPP. The limits: `rss_mb` above an idle gateway, `p99_times` the empty queue's 99th percentile (at
    least `p99_more_ms` more: what two runs of the same differ by), `restart_s` from exec to the first submit_sm,
    `drain_share` of the small queue's rate. With `times` 0 only what does not depend on the machine is judged.
    """

    messages: int = 1_000_000
    small: int = 100_000
    rate: float = 200.0
    seconds: float = 20.0
    seed: int = 1
    times: int = 1
    rss_mb: float = 200.0
    p99_times: float = 2.0
    p99_more_ms: float = 2.0
    restart_s: float = 5.0
    drain_share: float = 0.9
    stalled_s: float = 30.0


@dataclass(slots=True)
class Found:
    """What was measured and counted. Latencies in ms: p50, p99, max."""

    empty: dict[str, dict[str, float]] = field(default_factory=dict)  #: accept latency over http, smpp
    deep: dict[str, dict[str, float]] = field(default_factory=dict)
    refused: int = 0
    idle_mb: float = 0.0  #: of the gateway when nothing is queued and nothing was
    used_mb: float = 0.0  #: after the messages taken with an empty queue
    deep_mb: float = 0.0  #: the most, with the deep queue and a dead SMSC
    drained_mb: float = 0.0  #: the most, from the restart to the end of draining
    filled_s: float = 0.0
    file_mb: float = 0.0
    ready_s: float = 0.0  #: from exec until it is ready, with the SMSC dead
    bound_s: float = 0.0  #: from exec until the first bind, with the SMSC there
    first_s: float = 0.0  #: from exec until the SMSC had the first submit_sm
    small_rate: float = 0.0  #: messages a second, sent and with their receipt at the ESME
    deep_rate: float = 0.0
    scrape_s: float = 0.0  #: the slowest GET /metrics with the deep queue
    queued: int = 0  #: before the deep queue was drained
    sent: int = 0  #: different messages the SMSC got of them
    duplicates: int = 0
    wrong_order: int = 0
    not_delivered: int = 0  #: in the store, after all
    receipts_missing: int = 0  #: of the messages of the ESME
    exit_status: int = 0


def judge_backlog(found: Found, options: BacklogOptions) -> Verdict:
    """Compare the deep queue with the empty and the small one."""
    failures = {
        "submits refused or not answered": found.refused,
        "queued and not sent": found.queued - found.sent,
        "sent twice": found.duplicates,
        "sent in the wrong order": found.wrong_order,
        "messages not delivered in the end": found.not_delivered,
        "receipts that the ESME lacks": found.receipts_missing,
        "exit status of the last stop": abs(found.exit_status),
    }
    facts: dict[str, Any] = {
        "queued behind the dead SMSC": found.queued,
        "s to write them": round(found.filled_s, 1),
        "store file, MB": round(found.file_mb),
        "RSS idle, MB": found.idle_mb,
        "RSS after use, empty queue, MB": found.used_mb,
        "RSS deep queue, SMSC dead, MB": found.deep_mb,
        "RSS deep queue, draining, MB": found.drained_mb,
    }
    grown = max(found.deep_mb, found.drained_mb) - found.idle_mb
    share = found.deep_rate / found.small_rate if found.small_rate else 0.0
    limits = {"MB grown beyond the limit": max(0, math.ceil(grown - options.rss_mb))}
    for way, empty in found.empty.items():
        deep = found.deep[way]
        for name in ("p50", "p99", "max"):
            facts[f"accept {way} {name} ms, empty | deep"] = f"{empty[name]} | {deep[name]}"
        limit = max(options.p99_times * empty["p99"], empty["p99"] + options.p99_more_ms)
        limits[f"accept p99 {way}, us too much"] = max(0, round((deep["p99"] - limit) * 1000))
    facts |= {
        "slowest /metrics, deep queue, s": round(found.scrape_s, 3),
        "s from exec to ready, SMSC dead": round(found.ready_s, 2),
        "s from exec to bound": round(found.bound_s, 2),
        "s from exec to first submit_sm": round(found.first_s, 2),
        "drained, small queue, messages/s": round(found.small_rate),
        "drained, deep queue, messages/s": round(found.deep_rate),
        "  share of the small queue's": round(share, 3),
    }
    limits["restart, ms too much"] = max(0, round((found.first_s - options.restart_s) * 1000))
    limits["drained too slowly, per mille"] = max(0, math.ceil((options.drain_share - share) * 1000))
    return Verdict(facts=facts, failures=failures | limits if options.times else failures)


class Backlog:
    """One run of the check in an empty directory."""

    def __init__(self, options: BacklogOptions, directory: Path) -> None:
        self.found = Found()
        self._options = options
        (port,) = free_ports(1)
        self._stand = Stand(
            directory,
            smsc=("--port", str(port), "--receipt-window", "200"),  # its port is the same when it comes back
            overrides={
                # One bind: only then is the order in which things were sent the order in which they come.
                "connector": {"binds": 1, "window": 200, "timers": {"reconnect_min_s": 0.2, "reconnect_max_s": 1.0}},
            },
            esmes=1,
            lean=True,
            both=True,
        )
        self._store = directory / "data" / "store.db"
        paced = max(1, int(options.rate * options.seconds))
        # Numbers: small queue, deep queue, accepted over SMPP (twice), over HTTP (twice).
        bounds = [0, options.small, options.messages, paced, paced, paced, paced]
        for index in range(1, len(bounds)):
            bounds[index] += bounds[index - 1]
        self._small, self._deep, *self._paced = (range(*both) for both in pairwise(bounds))
        self._books = Books(self._paced[1].stop)
        self._begun_ms = int(time.time() * 1000) - 60_000
        self._deep_began_ms = self._begun_ms
        self._slowest = 0.0  # GET /metrics, s

    def run(self) -> Verdict:
        """The whole check. Raises StandError when a process fails to do its part."""
        try:
            self._run()
        except LoadError as problem:
            self.kill()
            raise StandError(str(problem)) from None
        except BaseException:
            self.kill()
            raise
        return judge_backlog(self.found, self._options)

    def kill(self) -> None:
        """End what runs."""
        for process in (self._stand.gateway, self._stand.webhook, self._stand.smsc):
            process.kill_if_running()

    def _run(self) -> None:
        stand, found = self._stand, self.found
        stand.start()
        stand.smsc.kill()
        time.sleep(_MOMENT_S)
        found.idle_mb = stand.gateway.rss_mb()
        found.empty = self._accept(0)
        found.used_mb = stand.gateway.rss_mb()
        stand.gateway.stop()
        pattern = pattern_in(self._store, esme_name(0))  # while something is queued
        self._drain(self._start_for_receipts(), len(self._paced[0]))
        stand.gateway.stop()
        stand.smsc.kill()
        self._fill(pattern, self._small, range(self._begun_ms - _HOUR_MS, self._begun_ms))
        found.small_rate = self._drain(self._start_for_receipts(), len(self._paced[0]) + len(self._small))
        stand.gateway.stop()
        stand.smsc.kill()
        filled = time.monotonic()
        self._fill(pattern, self._deep, range(self._begun_ms - 8 * _HOUR_MS, self._begun_ms - 2 * _HOUR_MS))
        found.filled_s = time.monotonic() - filled
        found.file_mb = self._store.stat().st_size / 1e6
        self._with_dead_smsc()
        self._with_smsc()
        self._settle()

    def _fill(self, pattern: Pattern, numbers: range, ages_ms: range) -> None:
        fill(self._store, pattern, numbers, seed=self._options.seed, ages_ms=ages_ms, node="bench")

    def _with_dead_smsc(self) -> None:
        """The deep queue is there and the SMSC is not: start, take messages, be killed."""
        stand, found = self._stand, self.found
        started = time.monotonic()
        stand.gateway.start()
        stand.wait_ready()
        found.ready_s = time.monotonic() - started
        time.sleep(_MOMENT_S)
        self._slowest = 0.0
        found.deep = self._accept(1)
        found.scrape_s = self._slowest
        found.deep_mb = stand.gateway.rss_peak_mb()
        stand.gateway.kill()  # the restart that follows is one after a crash

    def _with_smsc(self) -> None:
        """The SMSC is there again: start, be bound, send."""
        stand, found = self._stand, self.found
        found.queued = states_in(self._store)[State.QUEUED]
        stand.smsc.start()
        stand.smsc.port()
        started = time.monotonic()
        stand.gateway.start()
        while not found.first_s:
            now = stand.smsc.summary_now()
            passed = time.monotonic() - started
            if now["binds"] and not found.bound_s:
                found.bound_s = passed
            if now["submits"]:
                found.first_s = passed
            if passed > self._options.stalled_s:
                raise StandError(f"nothing was sent within {passed:.0f} s of the restart")
            time.sleep(0.02)
        stand.wait_ready()
        found.deep_rate = self._drain(self._bind("r"), self._books.size)
        told = stand.smsc.summary_now()
        found.sent, found.duplicates = told["unique_messages"], told["duplicates"]
        found.drained_mb = stand.gateway.rss_peak_mb()

    def _settle(self) -> None:
        found = self.found
        found.exit_status = self._stand.stop()
        small = range(first_id_at(self._begun_ms - _HOUR_MS), first_id_at(self._deep_began_ms))
        found.wrong_order = in_wrong_order(self._store, (small.start, small.stop))
        states = states_in(self._store)
        found.not_delivered = sum(states.values()) - states.get(State.DELIVERED, 0)
        books = self._books
        found.receipts_missing = books.size - books.received

    # ------------------------------------------------------------------ traffic
    def _accept(self, which: int) -> dict[str, dict[str, float]]:
        """Submit a paced load over HTTP, then over SMPP; how long each took to be acknowledged."""
        self._deep_began_ms = int(time.time() * 1000)
        return {"http": self._accept_http(self._paced[2 + which]), "smpp": self._accept_smpp(self._paced[which])}

    def _accept_http(self, numbers: range) -> dict[str, float]:
        stand, rate = self._stand, self._options.rate
        requests = Submissions(f"127.0.0.1:{stand.http_port}", TOKEN, _TEXT)
        took: list[float] = []

        def jobs() -> Iterator[Job]:
            for number in numbers:
                yield Job(requests.request(number), number)

        def answered(job: Job, status: int, body: bytes) -> Next:
            if status == 202:
                took.append(job.ended - job.due)
            return Next.DONE

        address = ("127.0.0.1", stand.http_port)
        load = HttpLoad(address, 32, jobs(), answered, lambda job: Next.DONE, rate=rate)
        with self._scraping():
            if not load.run(stand.gateway.check, timeout_s=60 + 2 * self._options.seconds):
                raise StandError("the load over HTTP was not through")
        self.found.refused += len(numbers) - len(took)
        return percentiles(took)

    def _accept_smpp(self, numbers: range) -> dict[str, float]:
        load = self._bind("t")
        books = self._books
        with self._scraping():
            load.run(
                numbers, rate=self._options.rate, receipts=False, stalled_s=self._options.stalled_s,
                tick=self._stand.gateway.check,
            )  # fmt: skip
        load.unbind()
        took = [books.accepted[number] - books.due[number] for number in numbers if books.accepted[number]]
        self.found.refused += len(numbers) - len(took)
        return percentiles(took)

    def _bind(self, mode: str) -> SmppLoad:
        plans = [BindPlan(esme_name(0), ESME_PASSWORD, 0, mode)]
        load = SmppLoad(("127.0.0.1", self._stand.smpp_port), plans, SubmitTemplate(_TEXT), self._books)
        load.bind()
        return load

    def _start_for_receipts(self) -> SmppLoad:
        """Start the gateway, have the ESME bound to receive, and only then the SMSC."""
        stand = self._stand
        stand.gateway.start()
        stand.wait_ready()
        load = self._bind("r")
        stand.smsc.start()
        stand.smsc.port()
        return load

    def _drain(self, load: SmppLoad, receipts: int) -> float:
        """Have the ESME receive until it has so many receipts in all; how many came a second."""
        stand, books, stalled_s = self._stand, self._books, self._options.stalled_s
        before, begun = books.received, time.monotonic()
        load.linger(lambda: books.received >= receipts, stalled_s, stand.gateway.check)
        times = [at for at in books.receipt if at >= begun]
        end = time.monotonic() + stalled_s
        while (told := stand.smsc.summary_now())["receipts_acked"] < told["submits"] and time.monotonic() < end:
            stand.gateway.check()
            time.sleep(0.05)  # those of the messages over HTTP
        load.unbind()
        return (books.received - before) / max(1e-9, max(times) - min(times)) if times else 0.0

    @contextlib.contextmanager
    def _scraping(self) -> Iterator[None]:
        """Read /metrics all the while, as Prometheus does."""
        over = threading.Event()

        def scrape() -> None:
            while not over.wait(_SCRAPE_S):
                begun = time.monotonic()
                with contextlib.suppress(OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection("127.0.0.1", self._stand.ops_port, timeout=30)
                    connection.request("GET", "/metrics")
                    connection.getresponse().read()
                    connection.close()
                self._slowest = max(self._slowest, time.monotonic() - begun)

        thread = threading.Thread(target=scrape, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def run_backlog(options: BacklogOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    return Backlog(options, directory).run()
