"""Pushes where several nodes share the store: to the targets that are this node's, and no others."""

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from smsgwd.config.model.runtime import Notify
from smsgwd.notify.lanes import SHARED_LOOK_S
from smsgwd.notify.notifier import Notifier
from smsgwd.ports.push import HttpAnswer
from tests.notify.fakes import SECRET, FakeHttp, FakeStore, ReactorClock, item

OK = HttpAnswer(200, {}, b"")
ONE, TWO = "http://one.example/dlr", "http://two.example/dlr"
FIRST, SECOND = "demo http://one.example", "demo http://two.example"


class Stand:
    """Two nodes over one store; `owners` says whose a target is. With `quiet` the test answers."""

    def __init__(self, *items):
        self.reactor = Clock()
        self.store = FakeStore(self.reactor, items)
        self.owners = {FIRST: "a", SECOND: "b"}
        self.quiet = False
        self.https = {name: FakeHttp(self._answer) for name in "ab"}
        self.nodes = {name: self._node(name) for name in "ab"}
        for node in self.nodes.values():
            node.start()
        self.turns()

    def _answer(self, *_):
        return None if self.quiet else OK

    def _node(self, name):
        return Notifier(
            self.reactor, ReactorClock(self.reactor), self.store, self.https[name], lambda tenant: (SECRET,), Notify(),
            random=lambda: 0.5, mine=lambda target: self.owners.get(target) == name,
        )  # fmt: skip

    def turns(self, seconds=0.0):
        self.reactor.advance(seconds)
        for _ in range(20):
            self.reactor.advance(0)

    def pushed(self, name):
        return [url for url, *_ in self.https[name].posts]


def test_each_pushes_to_its_own():
    stand = Stand(item(1, ONE), item(2, TWO), item(3, ONE))
    assert (stand.pushed("a"), stand.pushed("b")) == ([ONE, ONE], [TWO])
    assert sorted(stand.store.done) == [1, 2, 3]


def test_what_another_node_owes_is_read_when_it_says_so_and_found_by_looking_when_it_is_not_heard():
    stand = Stand()
    stand.store.put([item(1, ONE)])
    stand.nodes["a"].heard(FIRST)
    stand.turns()
    assert stand.pushed("a") == [ONE]
    stand.store.put([item(2, ONE)])
    stand.turns(SHARED_LOOK_S - 1)
    assert stand.store.done == [1]
    stand.turns(2)
    assert stand.store.done == [1, 2]
    assert stand.pushed("b") == []


def test_a_call_during_a_read_is_not_missed():
    stand = Stand()
    stand.store.put([item(1, ONE)])
    outbox, answers = stand.store.outbox, []

    def slow(*args):
        """As the store is now; told later."""
        answer = Deferred()
        outbox(*args).addCallback(lambda items: answers.append((answer, items)))
        return answer

    stand.store.outbox = slow
    stand.nodes["a"].heard(FIRST)
    stand.turns()
    [(answer, items)] = answers
    stand.store.outbox = outbox
    stand.store.put([item(2, ONE)])
    stand.nodes["a"].heard(FIRST)
    answer.callback(items)
    stand.turns()
    assert stand.pushed("a") == [ONE, ONE]
    assert stand.store.done == [1, 2]


def test_a_target_that_leaves_is_pushed_to_by_the_next_once_what_was_out_is_durable():
    stand = Stand()
    stand.quiet = True
    stand.store.put([item(number, ONE) for number in range(1, 6)])
    stand.nodes["a"].heard(FIRST)
    stand.turns()
    out = len(stand.pushed("a"))
    assert 0 < out < 5
    del stand.owners[FIRST]
    gone = []
    stand.nodes["a"].leave(lambda target: target == FIRST).addCallback(gone.append)
    stand.quiet = False
    for answer in stand.https["a"].open:
        assert gone == []
        answer.callback(OK)
    stand.turns()
    assert gone == [None]
    assert stand.pushed("a") == [ONE] * out, "nothing new was begun"
    assert stand.nodes["a"].status() == []

    stand.owners[FIRST] = "b"
    stand.nodes["b"].come(lambda target: target == FIRST)
    stand.turns()
    assert stand.store.done == [1, 2, 3, 4, 5]
    assert len(stand.pushed("b")) == 5 - out


def test_a_target_without_anything_out_leaves_at_once():
    stand = Stand(item(1, ONE))
    gone = []
    stand.nodes["a"].leave(lambda target: True).addCallback(gone.append)
    assert gone == [None]
    assert stand.nodes["a"].status() == []


def test_a_target_that_is_back_before_what_was_out_is_answered_gets_nothing_twice():
    stand = Stand()
    stand.quiet = True
    stand.store.put([item(number, ONE) for number in range(1, 6)])
    stand.nodes["a"].heard(FIRST)
    stand.turns()
    out = len(stand.pushed("a"))
    del stand.owners[FIRST]
    stand.nodes["a"].leave(lambda target: target == FIRST)
    stand.owners[FIRST], stand.quiet = "a", False
    stand.nodes["a"].come(lambda target: target == FIRST)
    stand.turns()
    for answer in stand.https["a"].open:
        answer.callback(OK)
    stand.turns(2)
    assert sorted(stand.store.done) == [1, 2, 3, 4, 5]
    assert len(stand.pushed("a")) == 5 > out > 0


def test_what_is_gained_while_a_look_is_under_way_is_looked_for_again():
    stand = Stand()
    stand.turns(SHARED_LOOK_S)
    stand.store.put([item(1, TWO)])
    look = stand.nodes["a"]._lanes
    look._timer.cancel()
    look.look()
    stand.owners[SECOND] = "a"
    stand.store.put([item(2, TWO)])
    stand.nodes["a"].come(lambda target: target == SECOND)
    stand.turns()
    assert sorted(stand.store.done) == [1, 2]
