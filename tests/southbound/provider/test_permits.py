"""Permits: in no second more requests than the rate, whoever asks, in the order of asking."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from smsgwd.southbound.provider.permits import Permits, part_of


def taken(clock, permits, count, key="k"):
    """Asks so often; the list of those that were granted."""
    granted = []
    for number in range(count):
        permits.ask(key, lambda number=number: granted.append((number, clock.seconds())))
    return granted


def test_no_limit():
    clock = Clock()
    permits = Permits(clock, 0)
    assert len(taken(clock, permits, 1000)) == 1000
    for _ in range(1000):
        permits.ended()
    assert clock.getDelayedCalls() == []


def test_a_place_is_free_a_second_after_the_end():
    clock = Clock()
    permits = Permits(clock, 2)
    granted = taken(clock, permits, 3)
    assert [number for number, _ in granted] == [0, 1]
    clock.advance(100)
    assert len(granted) == 2
    permits.ended()
    clock.advance(0.999)
    assert len(granted) == 2
    clock.advance(0.001)
    assert granted[2] == (2, 101.0)
    assert (permits.under_way, permits.waiting, permits.most_waiting, permits.granted) == (2, 0, 1, 3)


def test_less_than_one_a_second():
    clock = Clock()
    permits = Permits(clock, 0.1)
    granted = taken(clock, permits, 2)
    permits.ended()
    clock.advance(9.9)
    assert len(granted) == 1
    clock.advance(0.1)
    assert len(granted) == 2


def test_another_rate():
    clock = Clock()
    permits = Permits(clock, 0.01)
    granted = taken(clock, permits, 5)
    permits.ended()
    permits.follow(2)  # the one that has ended counts for its 100 s
    assert len(granted) == 2
    permits.ended()
    clock.advance(1)
    assert len(granted) == 3
    permits.follow(10)
    assert len(granted) == 5
    permits.follow(0)
    assert len(taken(clock, permits, 100)) == 100


def test_who_is_gone_gets_no_turn():
    clock = Clock()
    permits = Permits(clock, 1)
    taken(clock, permits, 1)
    gone, stays = taken(clock, permits, 3, "gone"), taken(clock, permits, 1, "stays")
    permits.forget("gone")
    permits.ended()
    clock.advance(1)
    assert (gone, len(stays), permits.waiting) == ([], 1, 0)
    assert clock.getDelayedCalls() == []


def test_nobody_is_woken_for_nothing():
    clock = Clock()
    permits = Permits(clock, 1)
    taken(clock, permits, 1)
    taken(clock, permits, 1, "gone")
    permits.ended()
    assert len(clock.getDelayedCalls()) == 1
    permits.forget("gone")
    assert clock.getDelayedCalls() == []


def test_one_that_fails_keeps_nobody_waiting():
    clock = Clock()
    permits = Permits(clock, 5)

    def fails():
        raise ValueError("in a connector")

    permits.ask("a", fails)
    assert len(taken(clock, permits, 4)) == 4
    permits.ended()


def test_ended_once_too_often():
    with pytest.raises(ValueError, match="more requests have ended"):
        Permits(Clock(), 1).ended()


def test_asking_and_ending_inside_of_a_grant():
    """A request that fails at once, and the next one that follows it."""
    clock = Clock()
    permits = Permits(clock, 3)
    done = []

    def go():
        done.append(clock.seconds())
        permits.ended()
        if len(done) < 9:
            permits.ask("k", go)

    permits.ask("k", go)
    for _ in range(40):
        clock.advance(0.1)
    assert len(done) == 9
    assert [round(at) for at in done] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


@given(st.integers(1, 12), st.integers(0, 2**32))
@settings(max_examples=60, deadline=None)
def test_in_no_second_arrive_more(rate, seed):
    """Wherever between start and end the provider counts a request."""
    dice = random.Random(seed)
    clock = Clock()
    permits = Permits(clock, rate)
    arrived = []

    def start():
        took = dice.choice((0.0, 0.01, 0.3, 2.5))
        clock.callLater(took * dice.random(), lambda: arrived.append(clock.seconds()))
        clock.callLater(took, permits.ended)

    for _ in range(60):
        clock.callLater(dice.random() * 5, permits.ask, "k", start)
    while len(arrived) < 60:
        clock.advance(0.02)
    arrived.sort()
    for at, later in zip(arrived, arrived[rate:], strict=False):
        assert later - at >= 0.999


@given(st.one_of(st.integers(1, 1000), st.floats(0.01, 1000)), st.integers(1, 20))
def test_the_parts_of_nodes_are_the_whole(rate, nodes):
    parts = [part_of(rate, place, nodes) for place in range(nodes)]
    whole = rate if nodes == 1 else int(rate) or rate
    assert sum(parts) == pytest.approx(whole)
    assert min(parts) > 0
    if whole >= nodes:
        assert all(part == int(part) for part in parts) or nodes == 1
        assert max(parts) - min(parts) <= 1


def test_no_limit_has_no_parts():
    assert part_of(0, 3, 5) == 0


def test_a_node_has_its_part_of_whatever_the_rate_is():
    clock = Clock()
    permits = Permits(clock, 5)
    permits.divide(0, 2)
    assert permits.rate == 3
    permits.follow(9)
    assert permits.rate == 5
    assert len(taken(clock, permits, 9)) == 5
    permits.divide(0, 1)
    assert permits.rate == 9
    assert permits.under_way == 9
