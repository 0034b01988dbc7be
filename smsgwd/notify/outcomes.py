"""What the end of a push makes of what it carried: done, again later, or given up; all of it becomes durable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from smsgwd.config.model.runtime import Notify
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxDone, OutboxRetry
from smsgwd.net.http_client import BadRequest, TargetRefused
from smsgwd.net.results import Results
from smsgwd.notify.backoff import Verdict, asked_wait_s, next_attempt, verdict_on
from smsgwd.notify.push import Push
from smsgwd.notify.tally import Tally
from smsgwd.notify.target import Lane
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.telemetry import get_logger

Entry = tuple[Lane, OutboxItem, OutboxItem | None]
"""A result: whose, of what, and the item as the store has it afterwards if it is owed still."""

_log = get_logger("notify")


class Outcomes:
    """Puts changes into `results` and counts in `tally`. Times are milliseconds since 1970 and monotonic seconds."""

    def __init__(self, results: Results[Entry], tally: Tally, settings: Notify, random: Callable[[], float]) -> None:
        self._results = results
        self._tally = tally
        self._random = random
        self.follow(settings)

    def follow(self, settings: Notify) -> None:
        """Retry and give up by these settings from now on."""
        self._settings = settings
        self._max_age_ms = int(settings.max_age_h * 3_600_000)

    def ended(self, push: Push, result: HttpAnswer | HttpFailure, now_ms: int, now: float) -> None:
        """An answer or a failure: all that the push carried shares its fate."""
        lane = push.lane
        if isinstance(result, HttpAnswer):
            verdict = verdict_on(result.status)
            if verdict is Verdict.FAILED:
                wait = asked_wait_s(result.status, result.headers)
                self.failed(push, f"HTTP {result.status}", now_ms, now, asked_s=wait)
                return
            if lane.succeeded(now - push.started):
                _log.debug("notify.pushed", tenant=lane.tenant, target=lane.name, note="the target answers again")
            if verdict is Verdict.GONE:
                _log.warning("notify.target_gone", tenant=lane.tenant, target=lane.name)
                self._dead(lane, push.items, "HTTP 410", now_ms)
            else:
                self._done(push, now_ms, now)
        elif isinstance(result, BadRequest):
            lane.breaker.abandoned(probe=push.probe)
            self.give_up(lane, push.items, str(result), now_ms)
        else:
            if isinstance(result, TargetRefused):
                _log.warning("notify.target_refused", tenant=lane.tenant, reason=str(result))
            self.failed(push, str(result), now_ms, now)

    def untold(self, push: Push, now_ms: int) -> None:
        """The style of what it carried has nothing to say of it: done without asking anybody."""
        lane, item = push.lane, push.item
        lane.breaker.abandoned(probe=push.probe)
        lane.unsaved += 1
        self._results.add(OutboxDone(item.id, now_ms), (lane, item, None))

    def failed(self, push: Push, reason: str, now_ms: int, now: float, *, asked_s: float = 0.0) -> None:
        """No good answer: everything is tried again by the rules, or given up when its time is over.

        The chance in the next attempt's time is drawn once a push, so that what went together may go together again.
        """
        lane, first = push.lane, push.item
        opened = lane.failed(first, now, probe=push.probe, random=self._random, error=reason)
        if opened or lane.breaker.failures == 1:
            _log.warning(
                "notify.push_failed", tenant=lane.tenant, target=lane.name, reason=reason,
                attempt=first.attempts + 1, paused=opened,
            )  # fmt: skip
        drawn = self._random()
        for item in push.items:
            due = next_attempt(
                created_at=item.created_at,
                attempts=item.attempts + 1,
                now_ms=now_ms,
                waits_s=self._settings.retry_s,
                max_age_ms=self._max_age_ms,
                asked_s=asked_s,
                random=lambda: drawn,
            )
            if due is None:
                self.give_up(lane, (item,), reason, now_ms)
            else:
                self._tally.count_retried()
                lane.unsaved += 1
                renewed = msgspec.structs.replace(item, due_at=due, attempts=item.attempts + 1)
                self._results.add(OutboxRetry(item.id, due, reason), (lane, item, renewed))

    def give_up(self, lane: Lane, items: Sequence[OutboxItem], reason: str, now_ms: int) -> None:
        """These are not tried again."""
        for _ in items:
            _log.error("notify.gave_up", tenant=lane.tenant, target=lane.name, reason=reason)
        self._dead(lane, items, reason, now_ms)

    def reap(self, lane: Lane, now_ms: int, now: float) -> None:
        """Give up what is too old, of a target that has been down for long."""
        expired = lane.expired(now_ms, now, self._max_age_ms)
        self.give_up(lane, expired, f"given up: the target is down ({lane.last_error})", now_ms)

    def _done(self, push: Push, now_ms: int, now: float) -> None:
        lane, item, more = push.lane, push.item, push.more
        self._tally.count_pushed(now - push.started, item, now_ms)
        lane.unsaved += 1
        self._results.add(OutboxDone(item.id, now_ms), (lane, item, None))
        if more:
            self._tally.count_more(more, now_ms)
            lane.unsaved += len(more)
            self._results.extend([OutboxDone(one.id, now_ms) for one in more], [(lane, one, None) for one in more])

    def _dead(self, lane: Lane, items: Sequence[OutboxItem], reason: str, now_ms: int) -> None:
        for item in items:
            self._tally.count_dead()
            lane.unsaved += 1
            self._results.add(OutboxDead(item.id, now_ms, reason), (lane, item, None))
