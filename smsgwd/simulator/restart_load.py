"""The restart check: SIGTERM and a new start, again and again, while clients over HTTP and SMPP go on.

Nothing that was acknowledged may be lost, sent twice, or told twice: an orderly stop leaves nothing in doubt. Clients
may find connections closed and refused for a while, and come back by themselves. How long that takes is told.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, Final

from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Intake, Verdict, judge, settle, submit
from smsgwd.simulator.crash_mix import CrashMixOptions, Esmes, MixBooks, complete, merged, wait_for
from smsgwd.simulator.crash_smpp import judge_smpp
from smsgwd.simulator.record import read_pushes, read_submits
from smsgwd.simulator.stand import Stand, StandError
from smsgwd.simulator.submissions import number_of

_SECRET: Final = "whsec_c2VjcmV0IG9mIG9uZSBjcmFzaCBjaGVjaw=="  # noqa: S105 - of a gateway that lives for one check


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartOptions(CrashMixOptions):
    """One half of the messages comes over HTTP, the other over SMPP, at `rate` a second together; the gateway is
    restarted `kills` times meanwhile, again `pause_s` seconds after it is ready at the soonest."""

    messages: int = 20_000
    kills: int = 10
    rate: float = 500.0
    mo_rate: float = 0.0
    pause_s: float = 2.0


class Restarter(threading.Thread):
    """Stops the gateway with SIGTERM and starts it again, at seeded moments, in a thread: clients go on meanwhile."""

    def __init__(self, options: RestartOptions, stand: Stand) -> None:
        super().__init__(name="restarter", daemon=True)
        dice = Random(f"{options.seed}/restarts")
        span = options.messages / options.rate
        self._moments = sorted(dice.uniform(0.05, 0.9) * span for _ in range(options.kills))
        self._stand = stand
        self._pause_s = options.pause_s
        self.spans: list[tuple[float, float, float]] = []  #: SIGTERM, ended, ready again (s, monotonic)
        self.status = 0  #: the worst exit status
        self.problem: Exception | None = None

    def run(self) -> None:
        """The thread."""
        begun = time.monotonic()
        try:
            for moment in self._moments:
                time.sleep(max(0.0, begun + moment - time.monotonic()))
                self._restart()
        except Exception as problem:
            self.problem = problem

    def _restart(self) -> None:
        gateway, asked = self._stand.gateway, time.monotonic()
        self.status = max(self.status, abs(gateway.stop()))
        ended = time.monotonic()
        gateway.start()
        self._stand.wait_ready()
        self.spans.append((asked, ended, time.monotonic()))
        time.sleep(self._pause_s)


def run_restart_load(options: RestartOptions, directory: Path) -> Verdict:
    """The whole check in an empty directory. Raises StandError when a process fails to do its part."""
    half = options.messages // 2
    stand = Stand(directory, smsc=options.smsc(), secret=_SECRET, esmes=options.accounts, both=True)
    intake, books = Intake(), MixBooks(half)
    try:
        stand.start()
        restarter = Restarter(options, stand)
        esmes = Esmes(options, stand, books)

        def tick() -> None:
            for thread in (esmes, restarter):
                if thread.problem is not None:
                    raise StandError(f"{thread.name}: {thread.problem}")

        wall = time.time() - time.monotonic()
        esmes.start()
        restarter.start()
        submit(replace(options, rate=options.rate / 2), stand, intake, range(half, half * 2), tick)
        while not esmes.sent.is_set() or restarter.is_alive():
            tick()
            time.sleep(0.05)
        wait_for(options, lambda: (complete(books), books.received), tick)
        settle(options, stand, intake)
        time.sleep(options.settle_s)
        esmes.over.set()
        esmes.join()
        status = stand.stop()
    except BaseException:
        for process in (stand.gateway, stand.webhook, stand.smsc):
            process.kill_if_running()
        raise
    submits, pushes = read_submits(stand.smsc_record), read_pushes(stand.push_record)
    verdict = merged(
        {
            "HTTP": judge(intake, (), [at for at in submits if number_of(at.dest) >= half], pushes, 0.0),
            "SMPP": judge_smpp(books, (), [at for at in submits if number_of(at.dest) < half], 0.0, wall),
        },
        options.kills - len(restarter.spans),
        max(abs(status), restarter.status),
    )
    verdict.facts = {"restarts": len(restarter.spans), **down_times(restarter.spans, books)} | {
        name: value for name, value in verdict.facts.items() if "kill" not in name
    }
    verdict.failures["restarts that did not happen"] = verdict.failures.pop("kills that did not happen")
    return verdict


def down_times(spans: list[tuple[float, float, float]], books: Books) -> dict[str, Any]:
    """How long the gateway took to stop and to be ready again, and how long ESMEs had no answer (s, the worst)."""
    answers = sorted(at for at in books.accepted if at)
    gaps = [
        later - sooner
        for asked, _, ready in spans
        for sooner, later in pairwise(answers)
        if sooner <= ready and later >= asked
    ]
    return {
        "stop takes, s at most": round(max((ended - asked for asked, ended, _ in spans), default=0.0), 2),
        "start takes, s at most": round(max((ready - ended for _, ended, ready in spans), default=0.0), 2),
        "without an answer over SMPP, s at most": round(max(gaps, default=0.0), 2),
    }
