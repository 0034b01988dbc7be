import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.delivery.bucket import TokenBucket


def test_no_rate_lets_everything_through():
    bucket = TokenBucket(0, None, 0.0)
    assert bucket.unlimited
    assert all(bucket.take(255, 0.0) for _ in range(1000))
    assert bucket.wait(255, 0.0) == 0


def test_burst_then_rate():
    bucket = TokenBucket(10, 5, 100.0)
    assert [bucket.take(1, 100.0) for _ in range(6)] == [True] * 5 + [False]
    assert bucket.wait(1, 100.0) == pytest.approx(0.1)
    assert not bucket.take(1, 100.05)
    assert bucket.take(1, 100.1)


def test_a_message_is_reserved_whole():
    bucket = TokenBucket(10, 5, 0.0)
    assert bucket.take(3, 0.0)
    assert not bucket.take(3, 0.0)
    assert bucket.wait(3, 0.0) == pytest.approx(0.1)
    assert bucket.take(2, 0.0)  # what was refused took nothing


def test_a_message_larger_than_the_burst_goes_when_full_and_is_paid_afterwards():
    bucket = TokenBucket(2, 2, 0.0)
    assert bucket.take(10, 0.0)
    assert bucket.wait(1, 0.0) == pytest.approx(4.5)
    assert not bucket.take(1, 4.4)
    assert bucket.take(1, 4.5)


def test_default_burst_is_a_second_and_at_least_one_part():
    assert [TokenBucket(0.5, None, 0.0).take(1, 0.0)] == [True]
    bucket = TokenBucket(20, None, 0.0)
    assert sum(bucket.take(1, 0.0) for _ in range(50)) == 20


def test_give_back_and_a_clock_that_stands_still_or_goes_back():
    bucket = TokenBucket(10, 2, 50.0)
    assert bucket.take(2, 50.0)
    bucket.give_back(1)
    assert bucket.take(1, 49.0)
    assert not bucket.take(1, 40.0)


def test_negative_rate_is_refused():
    with pytest.raises(ValueError, match="-1"):
        TokenBucket(-1, None, 0.0)


@given(st.floats(1, 500), st.floats(1, 100), st.lists(st.tuples(st.integers(1, 12), st.floats(0, 0.5)), max_size=60))
def test_never_more_than_burst_plus_rate(rate, burst, asks):
    bucket = TokenBucket(rate, burst, 0.0)
    now, sent, last = 0.0, 0, 0
    for parts, step in asks:
        now += step
        if bucket.take(parts, now):
            sent += parts
            last = parts
    assert sent <= burst + rate * now + last + 1e-6


@given(st.floats(0.5, 500), st.floats(1, 50), st.lists(st.integers(1, 12), max_size=40))
def test_wait_is_exact(rate, burst, asks):
    bucket = TokenBucket(rate, burst, 0.0)
    now = 0.0
    for parts in asks:
        delay = bucket.wait(parts, now)
        if delay:
            assert not bucket.take(parts, now + delay * 0.9)
        now += delay + 1e-6
        assert bucket.take(parts, now)


def test_a_reservation_is_made_at_once_and_tells_when_it_may_go():
    bucket = TokenBucket(10, 5, 0.0)
    assert [bucket.reserve(2, 0.0) for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.3])
    assert bucket.in_use(0.0) == pytest.approx(1.6)
    bucket.give_back(2)
    assert bucket.reserve(1, 0.0) == pytest.approx(0.2)
    assert bucket.reserve(1, 10.0) == 0
    assert TokenBucket(0, None, 0.0).reserve(1000, 0.0) == 0


@given(st.floats(1, 500), st.floats(1, 50), st.lists(st.integers(1, 12), min_size=1, max_size=40))
def test_reservations_go_in_order_and_never_faster_than_the_rate(rate, burst, asks):
    bucket = TokenBucket(rate, burst, 0.0)
    waits = [bucket.reserve(parts, 0.0) for parts in asks]
    assert waits == sorted(waits)
    for at, wait in enumerate(waits):
        assert sum(asks[: at + 1]) <= burst + rate * wait + 1e-6
