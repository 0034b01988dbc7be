"""One run of `smsgwd bench http`: a stand, a warm-up, the load, and what was counted and measured."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smsgwd.simulator import figures
from smsgwd.simulator.http_load import HttpLoad, Job, Next
from smsgwd.simulator.measured import Measured
from smsgwd.simulator.record import PushLine, read_pushes, read_submits
from smsgwd.simulator.stand import TOKEN, Stand, StandError
from smsgwd.simulator.submissions import Submissions, decode_answer


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpBenchOptions:
    """What is sent how. `rate` is messages a second, 0 = as fast as the connections allow; times are seconds."""

    messages: int = 20_000
    connections: int = 64
    rate: float = 0.0
    warmup: int = 1_000
    text: str = "Message {n}"
    receipt_delay_ms: float = 0.0
    binds: int = 1
    window: int = 200
    stalled_s: float = 30.0


class _Intake:
    """What the gateway answered."""

    def __init__(self) -> None:
        self.accepted: dict[int, str] = {}
        self.parts = 0
        self.latencies: list[float] = []
        self.refused: dict[int, int] = {}
        self.unanswered = 0
        self.sample = b""  # the first refusal, for the report

    def answered(self, job: Job, status: int, body: bytes) -> Next:
        """Take an answer."""
        if status == 202:
            entry = decode_answer(body).messages[0]
            self.accepted[job.tag] = entry.id
            self.parts += entry.parts
            self.latencies.append(job.ended - job.due)
        else:
            self.refused[status] = self.refused.get(status, 0) + 1
            self.sample = self.sample or body[:500]
        return Next.DONE

    def lost(self, job: Job) -> Next:
        """A connection went without an answer: that must not happen here, so it is counted and not tried again."""
        self.unanswered += 1
        return Next.DONE


def run_http(options: HttpBenchOptions, directory: Path) -> dict[str, Any]:
    """One run in an empty directory. Raises StandError when a process fails or the warm-up does not come through."""
    smsc = ("--receipt-delay-ms", str(options.receipt_delay_ms), "--receipt-window", str(max(100, options.window)))
    connector = {"binds": options.binds, "window": options.window}
    stand = Stand(directory, smsc=smsc, overrides={"connector": connector})
    intake = _Intake()
    try:
        stand.start()
        requests = Submissions(f"127.0.0.1:{stand.http_port}", TOKEN, options.text)
        _drive(stand, requests, intake, range(options.warmup), options.connections, 0.0)
        if len(intake.accepted) != options.warmup:
            raise StandError(f"the warm-up was refused: {intake.refused}, {intake.sample!r}")
        if stand.wait_pushed(options.warmup, options.stalled_s) < options.warmup:
            raise StandError("the receipts of the warm-up were not pushed")
        intake.latencies.clear()
        measured = Measured({"gateway": stand.gateway, "smsc": stand.smsc, "webhook": stand.webhook})
        numbers = range(options.warmup, options.warmup + options.messages)
        _drive(stand, requests, intake, numbers, options.connections, options.rate)
        stand.wait_pushed(len(intake.accepted), options.stalled_s)
        measured.end()
        status = stand.stop()
    except BaseException:
        _stop_quietly(stand)
        raise
    return _report(options, stand, intake, measured, status)


def _drive(stand: Stand, requests: Submissions, intake: _Intake, numbers: range, connections: int, rate: float) -> None:
    def jobs() -> Iterator[Job]:
        for number in numbers:
            yield Job(requests.request(number), number)

    load = HttpLoad(("127.0.0.1", stand.http_port), connections, jobs(), intake.answered, intake.lost, rate=rate)
    limit = 60.0 + len(numbers) / (rate or 100.0)
    if not load.run(stand.gateway.check, timeout_s=limit):
        raise StandError(f"the load was not through after {limit:.0f} s")


def _report(
    options: HttpBenchOptions, stand: Stand, intake: _Intake, measured: Measured, status: int
) -> dict[str, Any]:
    submits = read_submits(stand.smsc_record)
    pushes = read_pushes(stand.push_record)
    found = figures.counts(intake.accepted, intake.parts, submits, pushes)
    found["refused"] = sum(intake.refused.values())
    found["unanswered"] = intake.unanswered
    messages = max(1, len(intake.accepted) - options.warmup)
    span = max(1e-9, _last_push(pushes, measured.begun) - measured.begun)
    shares = measured.shares()
    exact = figures.is_exact(found) and not found["refused"] and not found["unanswered"] and status == 0
    return {
        "messages": messages,
        "duration_s": round(span, 3),
        "messages_per_s": round(messages / span, 1),
        "accept_ms": figures.percentiles(intake.latencies),
        "push_ms": figures.percentiles(figures.push_latencies(submits, pushes, options.warmup)),
        "cpu_us_per_message": measured.per_message(messages),
        "cpu_share": shares,
        "rss_peak_mb": measured.rss_peak_mb,
        "counts": found,
        "refused_by_status": intake.refused,
        "gateway_exit": status,
        "exact": exact,
        "valid": figures.is_valid(shares),
    }


def _last_push(pushes: list[PushLine], otherwise: float) -> float:
    return max((push.at for push in pushes), default=otherwise)


def _stop_quietly(stand: Stand) -> None:
    """Stop what runs; the problem that brought us here is the one to report."""
    with contextlib.suppress(StandError):
        stand.stop()
