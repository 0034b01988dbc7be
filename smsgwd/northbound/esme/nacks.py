"""What becomes of deliveries that fail: what an ESME's answer means, and when a delivery is made again.

Only codes that say 'later' are tried again; the rest say 'never this one': it is kept as dead, for an operator.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from smsgwd.model.outbox import OutboxItem
from smsgwd.model.pushes import OutboxDead, OutboxRetry
from smsgwd.net.results import Results
from smsgwd.northbound.esme.lane import Lane
from smsgwd.smpp import status as s
from smsgwd.telemetry import get_logger

TEMPORARY: Final = frozenset(
    (
        s.ESME_RSYSERR,
        s.ESME_RMSGQFUL,
        s.ESME_RSUBMITFAIL,
        s.ESME_RTHROTTLED,
        s.ESME_RX_T_APPN,
        s.ESME_RQUERYFAIL,
        s.ESME_RDELIVERYFAILURE,
        s.ESME_RUNKNOWNERR,
    )
)
"""command_status (SMPP 3.4 s5.1.3) after which a delivery is made again."""

SLOW_DOWN: Final = frozenset((s.ESME_RTHROTTLED, s.ESME_RMSGQFUL))
"""Those of them that are about the bind rather than the one delivery: it gets nothing for a while."""

WAITS_S: Final = (5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds before the attempts after the first; the last one repeats."""

UNANSWERED_S: Final = 30.0
"""Seconds before what was not answered in time is sent again."""

MAX_AGE_MS: Final = 7 * 24 * 3_600_000
"""Age at which a delivery that fails is given up, in milliseconds."""

Entry = tuple[Lane, OutboxItem, OutboxItem | None]
"""A lane, an item of its that is out, and what that becomes with the result: None when nothing is owed any more."""

_JITTER: Final = 0.2
_TELL_S: Final = 1.0  # between log lines of one account

_log = get_logger("esme")


def retry_at(
    attempts: int,
    created_at: int,
    now_ms: int,
    random: Callable[[], float],
    waits_s: Sequence[float] = WAITS_S,
    max_age_ms: int = MAX_AGE_MS,
) -> int | None:
    """When a delivery that failed is due again (milliseconds since 1970), None when it is given up.

    `attempts` counts the one that failed just now. The wait is drawn within 20 % around its place in `waits_s`. What
    waited for its ESME longer than `max_age_ms` is given up only after its third attempt: our waiting says nothing
    about the delivery.
    """
    if now_ms - created_at >= max_age_ms and attempts >= 3:
        return None
    wait_s = waits_s[min(attempts, len(waits_s)) - 1]
    return now_ms + int(1000 * wait_s * (1 - _JITTER + 2 * _JITTER * random()))


def furthest_ms(waits_s: Sequence[float] = WAITS_S) -> int:
    """How far into the future `retry_at` puts a delivery at most, in milliseconds."""
    return 1 + int(1000 * max(*waits_s, UNANSWERED_S) * (1 + _JITTER))


class Nacks:
    """Turns failed deliveries into results. Wall times are milliseconds since 1970, `now` is monotonic seconds."""

    def __init__(
        self,
        results: Results[Entry],
        random: Callable[[], float],
        *,
        waits_s: Sequence[float] = WAITS_S,
        max_age_ms: int = MAX_AGE_MS,
    ) -> None:
        self._results = results
        self._random = random
        self._waits_s = waits_s
        self._max_age_ms = max_age_ms

    def refused(self, lane: Lane, item: OutboxItem, status: int, now_ms: int, now: float) -> None:
        """The ESME answered with an error."""
        if status in TEMPORARY:
            self._again(lane, item, s.status_name(status), self._waits_s, now_ms, now)
        else:
            self.give_up(lane, item, s.status_name(status), now_ms, now)

    def unanswered(self, lane: Lane, item: OutboxItem, now_ms: int, now: float) -> None:
        """The ESME did not answer in time."""
        self._again(lane, item, "not answered in time", (UNANSWERED_S,), now_ms, now)

    def give_up(self, lane: Lane, item: OutboxItem, reason: str, now_ms: int, now: float) -> None:
        """It is kept as dead; told in the log at most once a second an account."""
        lane.unsaved += 1
        if lane.dead is not None:
            lane.dead.inc()
        self._results.add(OutboxDead(item.id, now_ms, reason), (lane, item, None))
        if now - lane.told_at < _TELL_S:
            lane.untold += 1
            return
        _log.warning("esme.delivery_refused", tenant=item.tenant, account=lane.name, reason=reason, skipped=lane.untold)
        lane.told_at, lane.untold = now, 0

    def _again(
        self, lane: Lane, item: OutboxItem, reason: str, waits_s: Sequence[float], now_ms: int, now: float
    ) -> None:
        attempts = item.attempts + 1
        due = retry_at(attempts, item.created_at, now_ms, self._random, waits_s, self._max_age_ms)
        if due is None:
            self.give_up(lane, item, reason, now_ms, now)
            return
        lane.unsaved += 1
        if lane.retried is not None:
            lane.retried.inc()
        renewed = msgspec.structs.replace(item, due_at=due, attempts=attempts)
        self._results.add(OutboxRetry(item.id, due, reason), (lane, item, renewed))
