from itertools import pairwise

import pytest

from smsgwd.providers.plugin import Poll
from smsgwd.southbound.provider.poll_table import GRACE_S, PollTable
from tests.net.fake_wire import FakeClock

DAY_MS = 86_400_000


@pytest.fixture
def clock():
    return FakeClock()


def made(clock, poll=None, random=0.0, most=100):
    """A table without chance."""
    return PollTable(poll or Poll(first_s=5, factor=2, longest_s=60, group=10), clock, lambda: random, most)


def asked_at(clock, table, until_s, message_id=1):
    """Seconds at which a message is asked for whose state never changes."""
    times = []
    while (due := table.next_due()) is not None and due <= until_s:
        clock.reactor.advance(max(0.0, due - clock.monotonic()))
        times.append(round(clock.monotonic(), 1))
        assert table.take(9) == [message_id]
        table.again([message_id])
    return times


def test_the_first_question_and_growing_intervals(clock):
    table = made(clock)
    table.add(1, clock.now_ms(), clock.now_ms() + DAY_MS)
    times = asked_at(clock, table, 300)
    assert times[0] == 5.0
    gaps = [round(b - a, 1) for a, b in pairwise(times)]
    assert gaps[:3] == [4.5, 8.6, 16.2]  # its age, less a tenth
    assert set(gaps[4:]) == {54.0}  # the longest, less a tenth
    assert gaps == sorted(gaps)


def test_chance_spreads_them(clock):
    early, late = made(clock, random=0.0), made(clock, random=0.99)
    for table in (early, late):
        table.add(1, clock.now_ms(), clock.now_ms() + DAY_MS)
    assert early.next_due() == 5.0
    assert 5.0 < late.next_due() <= 5.5


def test_behind_callbacks_the_first_question_comes_late(clock):
    table = made(clock, Poll(first_s=5, factor=2, longest_s=60, after_callbacks_s=600))
    table.add(1, clock.now_ms(), clock.now_ms() + DAY_MS)
    assert asked_at(clock, table, 800) == [600.0, 654.0, 708.0, 762.0]


def test_one_last_question_when_validity_is_over(clock):
    table = made(clock)
    table.add(1, clock.now_ms(), clock.now_ms() + 30_000)
    assert asked_at(clock, table, 9999)[-1] == 30 + GRACE_S
    assert len(table) == 0
    assert table.next_due() is None


def test_a_last_question_without_an_answer_is_asked_again_for_an_hour(clock):
    table = made(clock)
    table.add(1, clock.now_ms(), clock.now_ms())
    clock.reactor.advance(10)
    assert table.take(1) == [1]
    assert table.again([1], asked=False) == []
    clock.reactor.advance(3600)
    assert table.take(1) == [1]
    assert table.again([1], asked=False) == [1]
    assert len(table) == 0


def test_what_a_start_finds_is_asked_for_soon_and_not_at_once(clock):
    now = clock.now_ms()
    table = made(clock, random=0.5)
    table.add(1, now - 3_600_000, now + DAY_MS, late=True)
    table.add(2, now - 1_000, now + DAY_MS, late=True)
    assert table.next_due() <= 10.0
    clock.reactor.advance(10.0)
    assert sorted(table.take(9)) == [1, 2]


def test_a_group_takes_what_is_due_in_a_moment(clock):
    table = made(clock)
    for number in range(1, 6):
        table.add(number, clock.now_ms(), clock.now_ms() + DAY_MS)
        clock.reactor.advance(0.5)
    assert table.take(9) == []
    clock.reactor.advance(2.5)  # the first is due
    assert table.take(9) == [1, 2, 3]
    assert table.take(9) == []
    assert table.next_due() == 6.5


def test_bounded_and_known_ones_are_kept_as_they_are(clock):
    table = made(clock, most=2)
    now = clock.now_ms()
    assert [table.add(number, now, now + DAY_MS) for number in (1, 2, 3)] == [True, True, False]
    assert table.add(1, now + 999_000, now + DAY_MS)
    assert table.next_due() == 5.0
    table.drop([1])
    assert table.add(3, now, now + DAY_MS)
    assert (len(table), table.room) == (2, 0)


def test_room_is_made_by_those_that_are_asked_for_seldom(clock):
    table = made(clock)
    now = clock.now_ms()
    table.add(1, now - 3_600_000, now + DAY_MS, late=True)
    table.add(2, now - 5_000, now + DAY_MS, late=True)
    assert sorted(table.take(9)) == [1, 2]
    assert table.again([1, 2], spare=True) == []
    assert len(table) == 1
    clock.reactor.advance(100)
    assert table.take(9) == [2]


def test_dropped_ones_leave_nothing_behind(clock):
    table = made(clock, most=100)
    now = clock.now_ms()
    for number in range(50_000):
        assert table.add(number, now, now + DAY_MS)
        table.drop([number])
    assert len(table) == 0
    assert len(table._heap) <= 2000  # memory is bounded: that is what it is for
    assert table.next_due() is None


def test_dropped_while_it_is_asked_for(clock):
    table = made(clock)
    table.add(1, clock.now_ms(), clock.now_ms() + DAY_MS)
    clock.reactor.advance(5)
    assert table.take(9) == [1]
    table.drop([1])
    assert table.again([1]) == []
    assert table.next_due() is None
