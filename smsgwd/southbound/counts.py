"""What a connector counts: plain numbers as things happen, handed to the metrics once a turn."""

from __future__ import annotations

from bisect import bisect_left

from prometheus_client import Histogram

from smsgwd.telemetry import ConnectorMetrics

_WEIGHT = 1 / 32  # of one run of answers in the time that is shown
_SHOWN = 10
_STATUSES = 64  # that are told apart: they are the SMSC's to choose


class Counts:
    """Numbers since the start. `metrics` is None where nobody looks."""

    __slots__ = (
        "_answers",
        "_in_flight",
        "_metrics",
        "_rate",
        "_ready",
        "_receipts",
        "_seen",
        "answer_s",
        "binds",
        "binds_lost",
        "errors",
        "late",
        "receipts",
        "refused",
        "sent",
        "submitted",
        "throttled",
        "unknown",
    )

    def __init__(self, metrics: ConnectorMetrics | None) -> None:
        self._metrics = metrics
        self._answers: dict[int, int] = {}
        self._receipts: dict[str, int] = {}
        self._seen = (0, 0, 0)
        self._in_flight = self._ready = 0
        self._rate = 0.0
        self.submitted = 0  #: PDUs written
        self.sent = 0  #: PDUs taken
        self.refused = 0
        self.receipts = 0  #: that a provider's reports made
        self.throttled = 0
        self.unknown = 0  #: answers that never came
        self.late = 0  #: answers that came when nobody waited any more
        self.binds = 0  #: binds that stand
        self.binds_lost = 0  #: that nobody here wanted to end
        self.answer_s = 0.0  #: time to an answer, the recent ones weighing most; 0 = none so far
        self.errors: dict[int, int] = {}  #: answers with an error, by status

    def answer(self, status: int, seconds: float, count: int = 1) -> None:
        """`count` answers came `seconds` after their requests were written."""
        before = self.answer_s
        self.answer_s = before + (seconds - before) * _WEIGHT if before else seconds
        if status:
            errors = self.errors
            if status in errors or len(errors) < _STATUSES:
                errors[status] = errors.get(status, 0) + count
        if self._metrics is not None:
            observe_many(self._metrics.answer_seconds, seconds, count)
            self._answers[status] = self._answers.get(status, 0) + count

    def bound(self) -> None:
        """A bind stands."""
        self.binds += 1
        if self._metrics is not None:
            self._metrics.binds_bound.set(self.binds)

    def unbound(self, *, lost: bool) -> None:
        """A bind stands no more; `lost`: nobody here wanted that."""
        self.binds -= 1
        self.binds_lost += lost
        if self._metrics is not None:
            self._metrics.binds_bound.set(self.binds)
            if lost:
                self._metrics.binds_lost.inc()

    def most_errors(self) -> list[tuple[int, int]]:
        """(status, how many) of answers with an error, the most frequent first."""
        return sorted(self.errors.items(), key=lambda each: -each[1])[:_SHOWN]

    def receipt(self, state: str, count: int = 1) -> None:
        """So many receipts came with this state."""
        self._receipts[state] = self._receipts.get(state, 0) + count

    def receipt_after_final(self) -> None:
        """A receipt came for what was final already."""
        if self._metrics is not None:
            self._metrics.receipts_late.inc()

    def failover(self, why: str) -> None:
        """A message went over to another connector: `refused`, `retries` or `undelivered`."""
        if self._metrics is not None:
            self._metrics.failover(why).inc()

    def mo(self, result: str) -> None:
        """A subscriber's message came: `kept`, or `unrouted` (there is nobody who gets it)."""
        if self._metrics is not None:
            self._metrics.mo(result).inc()

    def flush(self, in_flight: int, ready: int, rate: float = 0.0) -> None:
        """Hand on what happened since the last time. `rate` is in parts a second."""
        metrics = self._metrics
        if metrics is not None:
            submitted, throttled, unknown = self._seen
            self._seen = (self.submitted, self.throttled, self.unknown)
            if self.submitted != submitted:
                metrics.submitted.inc(self.submitted - submitted)
            if self.throttled != throttled:
                metrics.throttled.inc(self.throttled - throttled)
            if self.unknown != unknown:
                metrics.unknown.inc(self.unknown - unknown)
            if self._answers:
                for status, count in self._answers.items():
                    metrics.answered(status).inc(count)
                self._answers.clear()
            if self._receipts:
                for state, count in self._receipts.items():
                    metrics.receipt(state).inc(count)
                self._receipts.clear()
            if in_flight != self._in_flight:
                self._in_flight = in_flight
                metrics.window_in_use.set(in_flight)
            if rate != self._rate:
                self._rate = rate
                metrics.rate.set(rate)
            if ready != self._ready:
                self._ready = ready
                metrics.queue_depth.set(ready)


def observe_many(histogram: Histogram, value: float, count: int) -> None:
    """Observe a value `count` times; the client has no call for that, and one each would cost 1.5 us."""
    if count > 1:
        bounds = histogram._upper_bounds
        histogram._sum.inc(value * count)
        histogram._buckets[bisect_left(bounds, value)].inc(count)
    else:
        histogram.observe(value)
