from typing import Any

import pytest
import structlog

from smsgwd.telemetry.ratelimit import _MAX_KEYS, RateLimit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def passed(limit: RateLimit, method: str = "info", **fields: Any) -> dict[str, Any] | None:
    try:
        return dict(limit(None, method, dict(fields)))
    except structlog.DropEvent:
        return None


def test_a_burst_passes_the_rest_is_counted_and_told() -> None:
    clock = Clock()
    limit = RateLimit(clock, burst=3, window_s=10)
    assert [passed(limit, event="e") is not None for _ in range(8)] == [True] * 3 + [False] * 5
    clock.now = 9.9
    assert passed(limit, event="e") is None
    clock.now = 10.0
    assert passed(limit, event="e") == {"event": "e", "left_out": 6}
    assert passed(limit, event="e") == {"event": "e"}


def test_kinds_are_apart_by_event_level_and_who() -> None:
    limit = RateLimit(Clock(), burst=1)
    assert passed(limit, event="e", connector="a")
    assert passed(limit, event="e", connector="b")
    assert passed(limit, event="f", connector="a")
    assert passed(limit, "error", event="e", connector="a")
    assert passed(limit, event="e", connector="a", reason="another") is None


def test_invented_names_do_not_grow_memory() -> None:
    limit = RateLimit(Clock(), burst=1)
    for number in range(_MAX_KEYS * 2):
        assert passed(limit, event="e", address=str(number))
    assert len(limit._windows) == _MAX_KEYS


@pytest.mark.parametrize(("burst", "window"), [(0, 1.0), (1, 0.0)])
def test_senseless_limits_are_refused(burst: int, window: float) -> None:
    with pytest.raises(ValueError):
        RateLimit(Clock(), burst, window)


def test_an_event_may_have_a_burst_of_its_own() -> None:
    limit = RateLimit(lambda: 0.0, burst=2, window_s=10, bursts={"message.watched": 5})
    written = {"message.watched": 0, "bind.lost": 0}
    for name in list(written) * 9:
        try:
            limit(None, "debug", {"event": name})
        except structlog.DropEvent:
            continue
        written[name] += 1
    assert written == {"message.watched": 5, "bind.lost": 2}
