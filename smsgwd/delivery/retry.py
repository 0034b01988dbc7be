"""When a failed attempt is made again: full-jitter exponential backoff within the validity of the message."""

from collections.abc import Callable

_FIRST_S = 5.0
_FACTOR = 3.0
_LONGEST_S = 1800.0


def retry_at(attempts: int, now_ms: int, deadline_ms: int, random: Callable[[], float]) -> int | None:
    """When to try again after `attempts` counted attempts (milliseconds), or None when validity ends before it.

    The spacing grows 5 s, 15 s, 45 s, ... to 30 minutes; between half of it and all of it is drawn with `random`
    (0 ≤ random() < 1), so that messages that failed together do not come back together.
    """
    ceiling = min(_LONGEST_S, _FIRST_S * _FACTOR ** min(max(0, attempts - 1), 10))
    at = now_ms + int(1000 * ceiling * (0.5 + random() / 2))
    return at if at < deadline_ms else None
