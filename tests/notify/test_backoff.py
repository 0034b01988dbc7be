"""What answers mean, and when a push is made again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.config.model.runtime import Notify
from smsgwd.notify.backoff import LEAST_ATTEMPTS, Verdict, asked_wait_s, next_attempt, verdict_on

HOUR_MS = 3_600_000


@pytest.mark.parametrize("status", range(200, 600))
def test_verdicts(status):
    expected = Verdict.DONE if status < 300 else Verdict.GONE if status == 410 else Verdict.FAILED
    assert verdict_on(status) is expected


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [(429, "7", 7), (503, "120", 120), (503, "86400", 3600), (500, "7", 0), (503, "", 0), (503, "-1", 0),
     (503, "1.5", 0), (503, "Wed, 21 Oct 2026 07:28:00 GMT", 0), (503, "\u0667", 0), (503, "9" * 30, 0)],
)  # fmt: skip
def test_retry_after(status, value, seconds):
    assert asked_wait_s(status, {"retry-after": value}) == seconds
    assert asked_wait_s(status, {}) == 0


def attempt(attempts=1, now_ms=0, created_at=0, random=0.5, asked_s=0.0, max_age_h=48):
    return next_attempt(
        created_at=created_at, attempts=attempts, now_ms=now_ms, waits_s=Notify().retry_s,
        max_age_ms=max_age_h * HOUR_MS, asked_s=asked_s, random=lambda: random,
    )  # fmt: skip


def test_the_schedule():
    assert [attempt(n) // 1000 for n in range(1, 10)] == [5, 30, 120, 600, 1800, 3600, 7200, 7200, 7200]


def test_jitter_is_a_fifth_to_each_side():
    assert attempt(4, random=0.0) == 480_000
    assert attempt(4, random=0.999999) == pytest.approx(720_000, abs=10)


def test_what_the_target_asks_for_is_the_least():
    assert attempt(1, asked_s=60) == 60_000
    assert attempt(5, asked_s=60) == 1_800_000


def test_the_last_attempt_is_at_the_end_of_the_age_and_then_it_is_given_up():
    end = 48 * HOUR_MS
    assert attempt(20, now_ms=end - 1000) == end
    assert attempt(21, now_ms=end) is None
    assert attempt(LEAST_ATTEMPTS - 1, now_ms=end) > end


@given(st.integers(0, 400), st.floats(0, 0.9999), st.integers(0, 60 * HOUR_MS))
def test_never_earlier_than_the_age_and_always_later_than_now(attempts, random, now_ms):
    due = attempt(attempts + 1, now_ms=now_ms, random=random)
    if due is None:
        assert now_ms >= 48 * HOUR_MS
    else:
        assert due > now_ms


def test_a_day_of_failures_is_always_survived():
    now, attempts = 0, 0
    while now is not None and now < 24 * HOUR_MS:
        attempts += 1
        now = attempt(attempts, now_ms=now, random=0.99, max_age_h=24)
    assert now == 24 * HOUR_MS
    assert attempt(attempts + 1, now_ms=now, max_age_h=24) is None
