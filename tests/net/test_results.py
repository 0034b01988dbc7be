"""One commit at a time, in order, kept while the store cannot."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.model.changes import OutboxDone
from smsgwd.net.results import Results
from smsgwd.ports.store import StoreUnavailable


class Commits:
    def __init__(self):
        self.begun = []

    def commit(self, changes):
        self.begun.append(([change.id for change in changes], Deferred()))
        return self.begun[-1][1]


def make():
    reactor, store, saved = Clock(), Commits(), []
    return reactor, store, Results(reactor, store, saved.extend), saved


def add(results, *numbers):
    for number in numbers:
        results.add(OutboxDone(number, 0), number)


def test_a_turn_is_a_commit_and_what_comes_meanwhile_is_the_next():
    reactor, store, results, saved = make()
    add(results, 1, 2, 3)
    assert store.begun == []
    reactor.advance(0)
    add(results, 4, 5)
    reactor.advance(10)
    assert [numbers for numbers, _ in store.begun] == [[1, 2, 3]]
    assert (len(results), saved) == (5, [])
    store.begun[0][1].callback([None] * 3)
    assert (len(results), saved) == (2, [1, 2, 3])
    reactor.advance(0)
    store.begun[1][1].callback([None] * 2)
    assert (len(results), saved) == (0, [1, 2, 3, 4, 5])
    assert reactor.getDelayedCalls() == []


def test_failed_ones_are_committed_again_a_second_later_before_the_newer_ones():
    reactor, store, results, saved = make()
    add(results, 1, 2)
    reactor.advance(0)
    add(results, 3)
    store.begun[0][1].errback(StoreUnavailable("disk full"))
    reactor.advance(0.9)
    assert (len(store.begun), len(results), saved) == (1, 3, [])
    reactor.advance(0.1)
    assert store.begun[1][0] == [1, 2, 3]
    store.begun[1][1].callback([None] * 3)
    assert saved == [1, 2, 3]


def test_one_that_the_store_cannot_take_keeps_no_other():
    reactor, store, saved, reported = Clock(), Commits(), [], []
    results = Results(reactor, store, saved.extend, reported.append)
    add(results, *range(20))
    for _ in range(40):
        reactor.advance(0)
        if store.begun and not store.begun[-1][1].called:
            numbers, done = store.begun[-1]
            if 13 in numbers:
                done.errback(OverflowError("a bug"))
            else:
                done.callback([None] * len(numbers))
    assert saved == [number for number in range(20) if number != 13]
    assert len(results) == 0
    assert reported == ["result left out: OverflowError"]
    add(results, *range(100, 200))
    for _ in range(20):
        reactor.advance(0)
        if not store.begun[-1][1].called:
            store.begun[-1][1].callback([])
    assert saved[19:] == list(range(100, 200))
    assert reactor.getDelayedCalls() == []


def test_a_commit_is_bounded():
    reactor, store, results, saved = make()
    add(results, *range(2500))
    for _ in range(3):
        reactor.advance(0)
        store.begun[-1][1].callback([])
    assert [len(numbers) for numbers, _ in store.begun] == [1000, 1000, 500]
    assert saved == list(range(2500))


def test_stopped():
    reactor, store, results, _ = make()
    add(results, 1)
    results.stop()
    add(results, 2)
    reactor.advance(5)
    assert store.begun == []
    assert reactor.getDelayedCalls() == []


def test_several_at_once():
    reactor, store, results, saved = make()
    results.extend([], [])
    assert reactor.getDelayedCalls() == []
    results.extend([OutboxDone(1, 0), OutboxDone(2, 0)], [1, 2])
    add(results, 3)
    reactor.advance(0)
    results.extend([OutboxDone(4, 0)], [4])
    reactor.advance(0)
    assert [numbers for numbers, _ in store.begun] == [[1, 2, 3]]
    store.begun[0][1].callback([None] * 3)
    reactor.advance(0)
    store.begun[1][1].callback([None])
    assert saved == [1, 2, 3, 4]


def test_what_the_store_does_not_tell_itself_is_told():
    reactor, store, told = Clock(), Commits(), []
    results = Results(reactor, store, lambda entries: None, told.append)
    add(results, 1)
    for error in (StoreUnavailable("disk full"), RuntimeError("bug")):
        reactor.advance(1)
        assert told == []
        store.begun[-1][1].errback(error)
    assert told == ["result left out: RuntimeError"]
