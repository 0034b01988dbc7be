"""Messages are taken back, changed in the store, and forgotten or given back: never lost, never in two places."""

import pytest
from msgspec.structs import replace
from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed

from smsgwd.app.handover import Handover
from smsgwd.model.changes import Reroute, Rerouted, Swept
from smsgwd.model.message import HELD, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock, now
from tests.app.made import message, view


class Store:
    """Has `all` messages; answers commits with `answer`, at once unless `hold` is a Deferred."""

    def __init__(self, *messages):
        self.all = {each.id: each for each in messages}
        self.log = []
        self.answer = None
        self.hold = None
        self.unreadable = False

    def commit(self, changes):
        self.log += changes
        if isinstance(self.answer, Exception):
            return fail(self.answer)
        if self.hold is not None:
            return self.hold.addCallback(lambda _: [self.answer])
        return succeed([self.answer])

    def message(self, tenant, message_id):
        if self.unreadable:
            return fail(StoreUnavailable("closed"))
        found = self.all.get(message_id)
        return succeed(None if found is None else view(found))

    def messages_at(self, tenant, ids):
        if self.unreadable:
            return fail(StoreUnavailable("closed"))
        return succeed([view(self.all[each]) for each in ids if each in self.all and self.all[each].tenant == tenant])


class Dispatcher:
    def __init__(self, flying=()):
        self.flying = set(flying)
        self.withdrawn, self.let_go, self.restored, self.offered = [], [], [], []

    def withdraw(self, message_id, connector):
        if message_id in self.flying:
            return False
        self.withdrawn.append((message_id, connector))
        return True

    def gone(self, ids, connector):
        self.let_go += [(each, connector) for each in ids]

    def restore(self, message):
        self.restored.append((message.id, message.connector, message.state))

    def offer(self, messages, sent_parts=None):
        self.offered += [(each.id, each.connector) for each in messages]


def world(*messages, flying=()):
    store, dispatcher = Store(*messages), Dispatcher(flying)
    return store, dispatcher, Handover(clock=FakeClock(), store=store, dispatcher=dispatcher)


def done(coroutine):
    return now(ensureDeferred(coroutine))


def test_only_those_are_taken_back_of_which_nothing_is_on_its_way():
    store, dispatcher, handover = world(message(1), message(2), message(3, tenant="other"), flying={2})
    taken = done(handover.withdraw(list(store.all.values())))
    assert [each.id for each in taken] == [1, 3]
    assert dispatcher.withdrawn == [(1, "a"), (3, "a")] and dispatcher.restored == []
    assert done(handover.withdraw([message(2)])) == []


def test_what_went_elsewhere_since_it_was_read_is_let_go():
    """It is another connector's, which may be sending it: the one asked forgets its notice, and that is all."""
    _, dispatcher, handover = world(message(1, connector="b"), message(2, state=State.SENT), message(4))
    taken = done(handover.withdraw([message(1), message(2), message(3), message(4)]))
    assert [each.id for each in taken] == [4]
    assert dispatcher.restored == [(1, "a", State.SENT), (2, "a", State.SENT), (3, "a", State.SENT)]


def test_what_is_taken_back_is_as_the_store_has_it_now():
    _, _, handover = world(message(1, state=State.SCHEDULED, due_at=HELD))
    [taken] = done(handover.withdraw([message(1)]))
    assert taken.state is State.SCHEDULED


def test_a_store_that_cannot_be_read_takes_nothing_back():
    store, dispatcher, handover = world(message(1), message(2))
    store.unreadable = True
    with pytest.raises(StoreUnavailable):
        done(handover.withdraw(list(store.all.values())))
    assert dispatcher.restored == [(1, "a", State.QUEUED), (2, "a", State.QUEUED)]


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        (Hold((1, 2), 5, "why"), Rerouted((1,))),
        (Discard((1, 2), 5, "why"), Swept((1,), (), False, State.REJECTED)),
    ],
)
def test_those_of_the_result_are_forgotten_and_the_others_given_back(change, answer):
    messages = [message(1, connector="b"), message(2)]
    store, dispatcher, handover = world(*messages)
    store.answer = answer
    assert done(handover.leave(messages, change)) is answer
    assert store.log == [change]
    assert dispatcher.let_go == [(1, "b")]
    assert dispatcher.restored == [(2, "a", State.QUEUED)]


def test_nothing_is_forgotten_before_the_change_is_durable():
    store, dispatcher, handover = world(message(1))
    store.answer, store.hold = Rerouted((1,)), Deferred()
    going = ensureDeferred(handover.leave([message(1)], Hold((1,), 5, "why")))
    assert dispatcher.let_go == [] and dispatcher.restored == []
    store.hold.callback(None)
    assert now(going) == Rerouted((1,))
    assert dispatcher.let_go == [(1, "a")]


@pytest.mark.parametrize("broken", [StoreUnavailable("disk full"), RuntimeError("a bug")])
def test_a_change_that_fails_gives_all_back(broken):
    store, dispatcher, handover = world(message(1), message(2))
    store.answer = broken
    with pytest.raises(type(broken)):
        done(handover.leave([message(1), message(2)], Hold((1, 2), 5, "why")))
    assert dispatcher.restored == [(1, "a", State.QUEUED), (2, "a", State.QUEUED)] and dispatcher.let_go == []


def test_an_answer_of_another_kind_is_a_bug_and_gives_all_back():
    store, dispatcher, handover = world(message(1))
    store.answer = 7
    with pytest.raises(TypeError, match="int to a Hold"):
        done(handover.leave([message(1)], Hold((1,), 5, "why")))
    assert dispatcher.restored == [(1, "a", State.QUEUED)]


def test_a_move_hands_on_what_moved_and_gives_back_the_rest_as_it_is_now():
    store, dispatcher, handover = world(message(1), replace(message(2), state=State.EXPIRED))
    store.answer = Rerouted((1,))
    taken = {1: (message(1), "b"), 2: (message(2), "b")}
    assert done(handover.move("a", taken, "why")) == [(message(1), "b")]
    assert store.log == [Reroute("a", ((1, "b"), (2, "b")), FakeClock().wall, "why")]
    assert dispatcher.let_go == [(1, "a")] and dispatcher.offered == [(1, "b")]
    assert dispatcher.restored == [(2, "a", State.EXPIRED)]
