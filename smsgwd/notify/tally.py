"""What the notifier counts."""

from collections.abc import Sequence

import msgspec

from smsgwd.model.outbox import OutboxItem
from smsgwd.telemetry import Metrics


class LaneStatus(msgspec.Struct, frozen=True):
    """One target, for operators."""

    target: str
    held: int  #: waiting in memory
    complete: bool  #: False: the store has more
    in_flight: int
    down: bool  #: only probed
    failures: int  #: in a row
    last_error: str


class Tally:
    """Since start: `pushed` were answered 2xx; `failed` attempts were not; of those `retried` and `dead` (given up).

    Counted into `metrics` too, where there are some.
    """

    def __init__(self, metrics: Metrics | None) -> None:
        self.pushed = 0
        self.failed = 0
        self.retried = 0
        self.dead = 0
        self._metrics = metrics
        if metrics is not None:
            self._ok = metrics.pushes.labels("receipt", "ok")
            self._failed = metrics.pushes.labels("receipt", "failed")
            self._gave_up = metrics.pushes.labels("receipt", "gave_up")

    def count_pushed(self, seconds: float, item: OutboxItem, now_ms: int) -> None:
        """A request was answered 2xx after `seconds`; it carried `item`, and perhaps more (`count_more`)."""
        self.pushed += 1
        if self._metrics is not None:
            self._ok.inc()
            self._metrics.push_seconds.observe(seconds)
            self._observe_age(item, now_ms)

    def count_more(self, items: Sequence[OutboxItem], now_ms: int) -> None:
        """What else the request carried."""
        self.pushed += len(items)
        if self._metrics is not None:
            self._ok.inc(len(items))
            for item in items:
                self._observe_age(item, now_ms)

    def _observe_age(self, item: OutboxItem, now_ms: int) -> None:
        """From the receipt to its push, for one that worked at its first attempt."""
        if self._metrics is not None and not item.attempts:
            self._metrics.receipt_push_seconds.observe(max(0.0, (now_ms - item.created_at) / 1000))

    def count_retried(self) -> None:
        """An attempt failed; another follows."""
        self.failed += 1
        self.retried += 1
        if self._metrics is not None:
            self._failed.inc()

    def count_dead(self) -> None:
        """A push was given up."""
        self.failed += 1
        self.dead += 1
        if self._metrics is not None:
            self._gave_up.inc()
