"""What an answer means for a push, and when it is made again."""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

LEAST_ATTEMPTS = 3
"""Attempts without which nothing is given up for its age: our own outage is not the tenant's."""

_JITTER = 0.2
_LONGEST_RETRY_AFTER_S = 3600.0


class Verdict(Enum):
    """What an answer means."""

    DONE = "done"
    GONE = "gone"  #: the tenant wants no more of it (410): given up at once
    FAILED = "failed"  #: try again


def verdict_on(status: int) -> Verdict:
    """The meaning of an HTTP status: 2xx is success, 410 the end, everything else (redirects too) a failure."""
    if 200 <= status < 300:
        return Verdict.DONE
    return Verdict.GONE if status == 410 else Verdict.FAILED


def asked_wait_s(status: int, headers: Mapping[str, str]) -> float:
    """Seconds the target asks for by Retry-After on 429 and 503 (RFC 9110 s10.2.3), at most an hour; else 0.

    The form with a date is not used: it depends on the target's clock.
    """
    if status not in (429, 503):
        return 0.0
    value = headers.get("retry-after", "")
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        return 0.0
    return min(float(value), _LONGEST_RETRY_AFTER_S)


def next_attempt(
    *,
    created_at: int,
    attempts: int,
    now_ms: int,
    waits_s: Sequence[float],
    max_age_ms: int,
    asked_s: float,
    random: Callable[[], float],
) -> int | None:
    """When a failed push is due again (milliseconds since 1970), or None when it is given up.

    `attempts` counts the one that failed just now. The wait is drawn within 20 % around its place in `waits_s`, whose
    last one repeats. The last attempt is made when `max_age_ms` ends, never earlier.
    """
    end = created_at + max_age_ms
    if now_ms >= end and attempts >= LEAST_ATTEMPTS:
        return None
    wait_s = waits_s[min(attempts, len(waits_s)) - 1] * (1 - _JITTER + 2 * _JITTER * random())
    due = now_ms + int(1000 * max(wait_s, asked_s))
    return end if now_ms < end < due else due


def furthest_ms(waits_s: Sequence[float]) -> int:
    """How far into the future `next_attempt` puts a push at most, in milliseconds."""
    return 1 + int(1000 * max(max(waits_s) * (1 + _JITTER), _LONGEST_RETRY_AFTER_S))
