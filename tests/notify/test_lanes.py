"""Which lanes are in memory, and pages that come too late."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.model.outbox import OutboxTarget
from smsgwd.notify.lanes import LOOK_S, Lanes
from smsgwd.ports.store import StoreUnavailable
from tests.notify.fakes import NOW_MS, ReactorClock, item


class Slow:
    """Reads end when the test says so."""

    def __init__(self):
        self.pages = []
        self.looks = []

    def outbox(self, target, after, limit, known=()):
        self.pages.append(Deferred())
        return self.pages[-1]

    def outbox_targets(self, *, esmes=False, mine=None):
        self.looks.append(Deferred())
        return self.looks[-1]


def make():
    reactor, store, stirred, dropped = Clock(), Slow(), [], []
    lanes = Lanes(reactor, ReactorClock(reactor), store, 8, stirred.extend, dropped.append)
    return reactor, store, lanes, stirred, dropped


def test_one_read_at_a_time():
    _, store, lanes, stirred, _ = make()
    lane = lanes.lane("demo http://a", "demo")
    for _ in range(3):
        lanes.feed(lane, NOW_MS)
    assert len(store.pages) == 1
    store.pages[0].callback([item(1)])
    assert stirred == [lane]
    lanes.feed(lane, NOW_MS)
    assert len(store.pages) == 1
    assert lane.queue.complete


def test_a_page_for_what_was_forgotten_is_not_used():
    _, store, lanes, stirred, _ = make()
    lane = lanes.lane("demo http://a", "demo")
    lanes.feed(lane, NOW_MS)
    lane.forget()
    store.pages[0].callback([item(1)])
    assert stirred == []
    assert len(lane.queue) == 0
    lanes.feed(lane, NOW_MS)
    assert len(store.pages) == 2


def test_a_page_for_a_dropped_lane_is_not_used():
    reactor, store, lanes, stirred, dropped = make()
    lanes.look()
    store.looks[0].callback([])
    lane = lanes.lane("demo http://a", "demo")
    lanes.feed(lane, NOW_MS)
    far = [item(n, due_at=NOW_MS + 10**7, attempts=1) for n in range(1, lane.queue.page + 1)]
    store.pages[0].callback(far)
    while lane.queue.peek() is not None and len(lane.queue) > 10:
        lane.queue.done(lane.queue.pop())
    lanes.feed(lane, NOW_MS)
    assert len(store.pages) == 2
    for _ in range(10):
        reactor.advance(LOOK_S)
        store.looks[-1].callback([])
    assert dropped == [lane]
    del stirred[:]
    store.pages[1].callback([item(5000)])
    assert stirred == []


def test_a_look_that_fails_is_made_again_soon():
    reactor, store, lanes, _, _ = make()
    lanes.look()
    store.looks[0].errback(StoreUnavailable("closed"))
    reactor.advance(1)
    assert len(store.looks) == 2
    store.looks[1].callback([])
    reactor.advance(LOOK_S - 1)
    assert len(store.looks) == 2
    reactor.advance(1)
    assert len(store.looks) == 3
    lanes.stop()
    store.looks[2].callback([OutboxTarget("demo http://a", 1, NOW_MS)])
    assert len(lanes) == 0
    assert reactor.getDelayedCalls() == []


def test_the_more_lanes_the_less_each_may_hold():
    _, _, lanes, _, _ = make()
    sizes = []
    for n in range(2000):
        sizes.append(lanes.capacity)
        lanes.lane(f"demo http://h{n}", "demo")
    assert sizes[0] == 512
    assert sizes[-1] == 128
    assert sizes == sorted(sizes, reverse=True)
