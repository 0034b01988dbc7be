"""Counts that took long are given again for a while; others are taken anew."""

import pytest

from smsgwd.store.embedded.counted import Counted


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def _counting(clock, *takes):
    asked = []

    def count(connection):
        asked.append(connection)
        clock.now += takes[len(asked) - 1]
        if takes[len(asked) - 1] > 5:
            raise OSError("interrupted")
        return len(asked)

    return Counted(count, clock)


def test_cheap_counts_are_always_new(clock):
    counts = _counting(clock, 0.001, 0.04, 0.001)
    assert [counts(None) for _ in range(3)] == [1, 2, 3]


def test_expensive_ones_rest_twenty_times_as_long(clock):
    counts = _counting(clock, 0.2, 0.2)
    assert counts(None) == 1
    clock.now += 3.9
    assert counts(None) == 1
    clock.now += 0.2
    assert counts(None) == 2


def test_what_failed_is_asked_again(clock):
    counts = _counting(clock, 6.0, 0.2)
    with pytest.raises(OSError):
        counts(None)
    assert counts(None) == 2
