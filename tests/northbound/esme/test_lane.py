"""Room of a bind: window, session, pauses, probes."""

from smsgwd.northbound.esme.lane import Lane
from tests.northbound.esme.outbox_fakes import Stand, owed


def make(window=10, limit=1000):
    stand = Stand()
    account = stand.account(window=window)
    lane = Lane("@demo", account, 100, (None, None, None, None))
    return lane, lane.add(stand.bind(limit=limit))


def test_the_smaller_of_window_and_session_counts():
    _, outlet = make(window=10, limit=4)
    assert outlet.room(0) == 4
    _, outlet = make(window=10, limit=40)
    outlet.in_flight = 7
    assert outlet.room(0) == 3
    outlet.bind.account.window = 5
    assert outlet.room(0) == 0
    outlet.answered(7)
    assert outlet.room(0) == 5
    outlet.bind.alive = False
    assert outlet.room(0) == 0


def test_pauses_grow_and_end_with_the_first_delivery_taken():
    _, outlet = make()
    assert outlet.slow_down(100.0)
    assert not outlet.slow_down(100.5)
    assert (outlet.room(100.9), outlet.room(101.0)) == (0, 10)
    pauses = []
    now = 101.0
    for _ in range(6):
        assert outlet.slow_down(now)
        pauses.append(outlet.not_before - now)
        now = outlet.not_before
    assert pauses == [2, 4, 8, 10, 10, 10]
    outlet.took(now - 1)
    outlet.slow_down(now)
    assert outlet.not_before - now == 10
    outlet.took(now + 10)
    outlet.slow_down(now + 10)
    assert outlet.not_before - now == 11


def test_probes_are_rarer_and_rarer_until_one_is_answered():
    _, outlet = make()
    outlet.in_flight = 10
    outlet.missed(2, 0.0)
    assert outlet.room(0.0) == 2
    outlet.missed(8, 0.0)
    assert outlet.stuck
    waits = []
    now = 0.0
    for _ in range(6):
        waits.append(outlet.not_before - now)
        assert (outlet.room(outlet.not_before - 0.1), outlet.room(outlet.not_before)) == (0, 1)
        outlet.in_flight = 1
        now = outlet.not_before + 60
        assert outlet.room(now) == 0
        outlet.missed(1, now)
    assert waits == [30, 60, 120, 240, 300, 300]
    outlet.in_flight = 1
    outlet.answered(1)
    assert not outlet.stuck
    assert outlet.room(now) == 10


def test_turns_skip_those_without_room():
    lane, first = make()
    second, third = lane.add(first.bind), lane.add(first.bind)
    second.over = True
    assert [lane.next_outlet(0.0)[0] for _ in range(4)] == [third, first, third, first]
    lane.remove(first)
    assert lane.next_outlet(0.0) == (third, 10)
    third.slow_down(5.0)
    assert lane.next_outlet(5.0) is None
    assert lane.wake_at(5.0) == 6.0
    assert lane.wake_at(6.0) is None


def test_status():
    lane, outlet = make()
    lane.queue.begin_read()
    lane.queue.page_read([owed(1), owed(2)], more=False)
    outlet.in_flight = 3
    outlet.unanswered = 3
    shown = lane.status
    assert (shown.account, shown.held, shown.complete, shown.in_flight) == ("demo", 2, True, 3)
    assert (shown.receivers, shown.stuck) == (1, 1)
