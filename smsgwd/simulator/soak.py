"""The soak: every fault of the simulators at once under a steady load, then an account of every message.

The gateway stands between a tenant over HTTP, others over SMPP, and two SMSCs of one route. What is asserted is in
`soak_judge`; this drives it. A run has a load, a time to settle (validities and receipt waits have to pass), a verdict.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.record import each_push, each_smsc_line
from smsgwd.simulator.smpp_load import BindPlan, SmppLoad
from smsgwd.simulator.soak_judge import AtSmscs, InStore, Pushed, Taken, judge_messages, second_half, slope
from smsgwd.simulator.soak_stand import SmscFaults, SoakStand
from smsgwd.simulator.stand import ESME_PASSWORD, TOKEN, StandError, esme_name
from smsgwd.simulator.submissions import Submissions, decode_answer
from smsgwd.simulator.submit_template import SubmitTemplate

_LATER = (409, 429, 503)
_LONG_EVERY = 20  # each so many-th message over HTTP goes in two parts
_SAMPLE_S = 1.0
_SWEEP_S = 60.0  # the gateway looks for messages whose receipt is overdue so often
_LEAST_JUDGED_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakOptions:
    """How much and how long; half of `rate` (messages/s) comes over HTTP. Faults are multiplied by `faults`."""

    rate: float = 1_000.0
    seconds: float = 600.0
    seed: int = 1
    faults: float = 1.0
    mo_rate: float = 5.0
    accounts: int = 4
    connections: int = 32
    validity_s: int = 60
    receipt_wait_h: float = 0.01
    settle_s: float = 420.0
    growth_mb: float = 5.0

    @property
    def messages(self) -> int:
        """All of them."""
        return max(2, int(self.rate * self.seconds))


class _Esmes(threading.Thread):
    """The load of ESMEs, beside the one over HTTP; binds stay up and take receipts until `finish`."""

    def __init__(self, options: SoakOptions, address: tuple[str, int], books: Books, first: int) -> None:
        super().__init__(name="esmes", daemon=True)
        plans = [BindPlan(esme_name(number), ESME_PASSWORD, number) for number in range(options.accounts)]
        template = SubmitTemplate("Soak {n}")
        self._load = SmppLoad(address, plans, template, books, window=100, reconnect=True)
        self._rate = options.rate / 2
        self._numbers = range(first, books.size)
        self._over = threading.Event()
        self.sent = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        """See Thread."""
        try:
            self._load.bind()
            if not self._load.run(
                self._numbers, rate=self._rate, receipts=False, stalled_s=60.0, tick=self._stop_if_over
            ):
                raise StandError("the ESMEs' load was not through: nothing came for 60 s")
            self.sent.set()
            while not self._over.is_set():
                self._load.linger(self._over.is_set, 3600.0, lambda: None)
            self._load.unbind()
        except BaseException as problem:  # told to the main thread, whatever it is
            self.failure = problem
        finally:
            self.sent.set()
            self._load.close()

    def _stop_if_over(self) -> None:
        if self._over.is_set():
            raise StandError("stopped before all was sent")

    def check(self) -> None:
        """Raise what ended it."""
        if self.failure is not None:
            raise StandError(f"the ESMEs' load failed: {self.failure!r}")

    def finish(self) -> None:
        """Unbind, and wait until it has."""
        self._over.set()
        self.join(30.0)


class _Meter:
    """The gateway's memory, a sample a second."""

    def __init__(self, stand: SoakStand) -> None:
        self._stand = stand
        self._next = 0.0
        self.samples: list[tuple[float, float]] = []

    def look(self) -> None:
        """Called often. Raises StandError when a process is down."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _SAMPLE_S
            for process in (self._stand.gateway, self._stand.webhook, *self._stand.smscs):
                process.check()
            self.samples.append((now, self._stand.gateway.rss_mb()))

    def write(self, file: Path) -> None:
        """Keep the samples: seconds from the first, MB, a line each."""
        first = self.samples[0][0] if self.samples else 0.0
        file.write_text("".join(f"{at - first:.1f} {megabytes}\n" for at, megabytes in self.samples))


def run_soak(options: SoakOptions, directory: Path) -> Verdict:
    """The whole soak in an empty directory. Raises StandError when a process fails to do its part."""
    faults = SmscFaults(rate=options.rate, times=options.faults, seed=options.seed)
    stand = SoakStand(
        directory,
        faults,
        accounts=options.accounts,
        validity_s=options.validity_s,
        receipt_wait_h=options.receipt_wait_h,
        mo_rate=options.mo_rate,
        mo_count=int(options.mo_rate * options.seconds),
    )
    border = options.messages // 2
    taken = Taken(border, array("Q", bytes(8 * border)), Books(options.messages))
    meter = _Meter(stand)
    esmes: _Esmes | None = None
    try:
        stand.start()
        esmes = _Esmes(options, ("127.0.0.1", stand.smpp_port), taken.books, border)
        esmes.start()
        began = time.monotonic()
        put_off = _http_load(options, stand, taken, meter)
        while not esmes.sent.wait(0.2):
            meter.look()
        esmes.check()
        lasted = time.monotonic() - began
        under_load = list(meter.samples)
        settled = _settle(options, stand, meter)
        esmes.check()
        esmes.finish()
        peak = stand.gateway.rss_peak_mb()
        meter.write(directory / "rss.txt")
        status = stand.stop()
    except BaseException:
        if esmes is not None:
            esmes.finish()
        stand.kill()
        raise
    return _verdict(options, stand, taken, under_load, {
        "load lasted, s": round(lasted, 1), "until all was final, s": settled, "put off and sent again": put_off,
        "RSS peak, MB": peak, "exit status": status,
    })  # fmt: skip


def _http_load(options: SoakOptions, stand: SoakStand, taken: Taken, meter: _Meter) -> int:
    """Send the numbers below the border over HTTP; how many answers said later."""
    host = f"127.0.0.1:{stand.http_port}"
    key = f"soak-{options.seed}-"
    short = Submissions(host, TOKEN, "Soak {n}", key_prefix=key)
    long = Submissions(host, TOKEN, "Soak {n} " * 12, key_prefix=key)
    put_off = 0

    def jobs() -> Iterator[Job]:
        for number in range(taken.border):
            yield Job((short if number % _LONG_EVERY else long).request(number), number)

    def answered(job: Job, status: int, body: bytes) -> Next:
        nonlocal put_off
        if status == 202:
            taken.ids[job.tag] = int(decode_answer(body).messages[0].id)
        elif status in _LATER:
            put_off += 1
            return Next.AGAIN
        else:
            taken.refused[status] += 1
        return Next.DONE

    load = HttpLoad(
        ("127.0.0.1", stand.http_port), options.connections, jobs(), answered, lambda _: Next.AGAIN, options.rate / 2
    )
    limit = 120.0 + options.seconds * 3
    if not load.run(meter.look, timeout_s=limit):
        raise StandError(f"the HTTP load was not through after {limit:.0f} s")
    return put_off


def _settle(options: SoakOptions, stand: SoakStand, meter: _Meter) -> float:
    """Wait until every message is final and every push answered; how long that took (s)."""
    began = time.monotonic()
    path = stand.directory / "data" / "store.db"
    while time.monotonic() < began + options.settle_s:
        meter.look()
        with contextlib.suppress(sqlite3.OperationalError):
            connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1.0)
            try:
                query = (
                    "SELECT EXISTS (SELECT 1 FROM message WHERE state < 10)"
                    " OR EXISTS (SELECT 1 FROM outbox WHERE status = 0)"
                )
                if not connection.execute(query).fetchone()[0]:
                    break
            finally:
                connection.close()
        time.sleep(1.0)
    return round(time.monotonic() - began, 1)


def _verdict(
    options: SoakOptions,
    stand: SoakStand,
    taken: Taken,
    samples: list[tuple[float, float]],
    facts: dict[str, Any],
) -> Verdict:
    size = taken.books.size
    smscs, pushed, store = AtSmscs(size), Pushed(size), InStore(size)
    for record in stand.smsc_records:
        smscs.take(each_smsc_line(record), each_smsc_line(record))
    pushed.take(each_push(stand.push_record))
    store.take(stand.directory / "data" / "store.db")
    failures, cases = judge_messages(taken, store, smscs, pushed)
    summaries = [smsc.summary() for smsc in stand.smscs]
    made = sum(summary["mo_made"] for summary in summaries)
    steady = _steady(options, samples)
    a_second = slope(steady)
    growth = a_second * (steady[-1][0] - steady[0][0]) if steady else 0.0
    duplicates, again, _ = smscs.duplicates()
    accepted = sum(map(bool, taken.ids)) + taken.books.accepted_count
    found: dict[str, Any] = {
        "messages": size,
        "accepted": accepted,
        "accepted a second": round(accepted / max(0.001, facts["load lasted, s"]), 1),
        **facts,
        **{f"ended {state}": count for state, count in sorted(store.states_counted.items())},
        "RSS slope of the 2nd half, MB/h": round(a_second * 3600, 2) if steady else "not judged: too short",
        "  growth in it, MB": round(growth, 2),
        "duplicates at the SMSCs": duplicates,
        "  sent again after a bad receipt": again,
        "pushes": pushed.lines,
        "  failed on purpose": pushed.failed,
        "  repeated": pushed.repeated,
        "receipts without a message": store.parked,
        "subscribers' messages": made,
        **{f"injected: {name}": count for name, count in sorted(_injected(summaries).items())},
    }
    if cases:
        found["cases"] = cases
    exit_status = found.pop("exit status")
    failures |= {
        "subscribers' messages lost": made - len(pushed.mo),
        "subscribers' messages pushed twice": sum(count - 1 for count in pushed.mo.values()),
        "subscribers' messages torn": pushed.mo_torn,
        "RSS grows": int(growth > options.growth_mb),
        "exit status of the gateway": abs(exit_status),
    }
    return Verdict(found, failures)


def _steady(options: SoakOptions, samples: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The samples that tell of a leak: of the second half, and not of the time in which what waits still gathers.

    Messages without a receipt wait for it as long as `validity_s` and `receipt_wait_h` say; before that has passed the
    gateway has more to keep each second. Empty when less than a minute is left.
    """
    if not samples:
        return []
    gathered = samples[0][0] + options.validity_s + options.receipt_wait_h * 3600 + _SWEEP_S
    found = [sample for sample in second_half(samples) if sample[0] >= gathered]
    return found if found and found[-1][0] - found[0][0] >= _LEAST_JUDGED_S else []


def _injected(summaries: list[dict[str, Any]]) -> Counter[str]:
    """What the simulators did wrong, by name."""
    found: Counter[str] = Counter()
    for summary in summaries:
        found.update(summary["faults"])
        for status, count in summary["refused"].items():
            found[f"refused {status}"] += count
        for name in (
            "drops", "garbage_sent", "binds", "binds_refused", "unanswered", "receipts_before_response",
            "receipts_redelivered", "mo_sent",
        ):  # fmt: skip
            found[name.replace("_", " ")] += summary[name]
    return found
