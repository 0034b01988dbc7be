"""One timer for all."""

from twisted.internet.task import Clock

from smsgwd.net.wakeups import Wakeups
from tests.notify.fakes import NOW_MS, ReactorClock


def make():
    reactor, woken = Clock(), []
    clock = ReactorClock(reactor)
    return reactor, clock, Wakeups(reactor, clock.now_ms, woken.extend), woken


def test_in_order_with_one_timer():
    reactor, _, wakeups, woken = make()
    times = {n: NOW_MS + n * 7919 % 50_000 for n in range(1, 501)}
    for lane, when in times.items():
        wakeups.set(lane, when)
        assert len(reactor.getDelayedCalls()) == 1
    for _ in range(501):
        reactor.advance(0.1)
    assert sorted(woken) == sorted(times)
    assert [times[lane] for lane in woken] == sorted(times.values())
    assert len(wakeups) == len(reactor.getDelayedCalls()) == 0


def test_an_earlier_time_replaces_a_later_one():
    reactor, _, wakeups, woken = make()
    wakeups.set("a", NOW_MS + 9000)
    wakeups.set("a", NOW_MS + 2000)
    wakeups.set("a", NOW_MS + 5000)
    reactor.advance(2)
    assert woken == ["a"]
    reactor.advance(60)
    assert woken == ["a"]


def test_forgotten_lanes_are_not_woken():
    reactor, _, wakeups, woken = make()
    wakeups.set("a", NOW_MS + 1000)
    wakeups.set("b", NOW_MS + 2000)
    wakeups.forget("a")
    reactor.advance(1)
    reactor.advance(1)
    assert woken == ["b"]


def test_far_times_are_reached_and_jumps_of_the_wall_clock_noticed():
    reactor, clock, wakeups, woken = make()
    wakeups.set("a", NOW_MS + 3_600_000)
    for _ in range(59):
        reactor.advance(60)
    assert woken == []
    reactor.advance(60)
    assert woken == ["a"]
    wakeups.set("b", clock.now_ms() + 3_600_000)
    clock.offset_ms += 4_000_000
    reactor.advance(60)
    assert woken == ["a", "b"]


def test_stop():
    reactor, _, wakeups, woken = make()
    wakeups.set("a", NOW_MS + 1000)
    wakeups.stop()
    wakeups.set("b", NOW_MS + 1000)
    reactor.advance(10)
    assert woken == []
    assert reactor.getDelayedCalls() == []
