"""When a failed attempt is made again: the connector's waits, with jitter, within the validity of the message."""

from collections.abc import Callable, Sequence

#: The spacing where the configuration says no other: 5 s, growing threefold to half an hour.
WAITS_S = (5.0, 15.0, 45.0, 135.0, 405.0, 1215.0, 1800.0)


def retry_at(
    attempts: int, now_ms: int, deadline_ms: int, random: Callable[[], float], waits_s: Sequence[float] = WAITS_S
) -> int | None:
    """When to try again after `attempts` counted attempts (milliseconds), or None when validity ends before it.

    The last wait repeats; between half of it and all of it is drawn with `random` (0 ≤ random() < 1), so that
    messages that failed together do not come back together.
    """
    longest = waits_s[min(max(0, attempts - 1), len(waits_s) - 1)]
    at = now_ms + int(1000 * longest * (0.5 + random() / 2))
    return at if at < deadline_ms else None
