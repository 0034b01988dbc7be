"""Accounts where several nodes share the store: one of those that it is bound at gives it what it is owed."""

from twisted.internet.defer import Deferred, succeed

from smsgwd.model.outbox import esme_target
from smsgwd.northbound.esme.owed import SHARED_LOOK_S
from smsgwd.northbound.esme.shared_binds import SharedBinds
from tests.northbound.esme.outbox_fakes import Stand, many, owed

TARGET = esme_target("demo")


class Elsewhere:
    """Other nodes; `here` has the targets that are this node's."""

    def __init__(self, *here):
        self.here = set(here)
        self.said = []

    def mine(self, target):
        return target in self.here

    def bound(self, target):
        self.said.append(("bound", target))

    def unbound(self, target):
        self.said.append(("unbound", target))


def test_nothing_is_handed_out_before_the_account_is_ours_and_all_of_it_then():
    elsewhere = Elsewhere()
    stand = Stand(*many(1, 3), elsewhere=elsewhere)
    bind = stand.bind()
    assert elsewhere.said == [("bound", TARGET)]
    stand.advance(SHARED_LOOK_S)
    assert bind.connection.ids == []
    stand.outbox.come(TARGET)
    stand.settle()
    assert bind.connection.ids == [1, 2, 3]


def test_what_another_node_owes_is_read_when_it_says_so():
    stand = Stand(elsewhere=Elsewhere(TARGET))
    bind = stand.bind()
    stand.store.put(many(1, 2))
    stand.outbox.heard(TARGET)
    stand.settle()
    assert bind.connection.ids == [1, 2]
    stand.store.put([owed(3)])
    stand.answer(bind)
    stand.settle()
    stand.advance(SHARED_LOOK_S)
    assert bind.connection.ids == [1, 2, 3]


def test_an_account_that_another_node_has_next_leaves_when_nothing_of_it_is_out():
    stand = Stand(*many(1, 2), elsewhere=Elsewhere(TARGET))
    bind = stand.bind()
    gone = []
    stand.outbox.leave(TARGET).addCallback(gone.append)
    stand.offer(owed(3))
    assert bind.connection.ids == [1, 2]
    stand.answer(bind)
    assert gone == []
    stand.settle()
    assert gone == [None]
    assert stand.store.done == [1, 2]
    stand.outbox.come(TARGET)
    stand.settle()
    assert bind.connection.ids == [1, 2, 3]


def test_the_end_of_the_last_bind_is_told_and_what_was_out_is_left_to_the_next_node():
    elsewhere = Elsewhere(TARGET)
    stand = Stand(*many(1, 2), elsewhere=elsewhere)
    one, two = stand.bind(), stand.bind()
    stand.unbind(one)
    assert elsewhere.said == [("bound", TARGET), ("bound", TARGET)]
    gone = []
    stand.outbox.leave(TARGET).addCallback(gone.append)
    stand.unbind(two)
    assert elsewhere.said[2:] == [("unbound", TARGET)]
    assert gone == [None]
    assert stand.outbox.status() == []
    stand.outbox.leave(TARGET).addCallback(gone.append)
    assert gone == [None, None]


def test_who_is_bound_nowhere_is_told_of_when_another_node_owes_it_something():
    stand = Stand(elsewhere=Elsewhere())
    stand.outbox.heard(TARGET)
    stand.outbox.heard(TARGET)
    assert stand.absent == ["demo"]


class Counts:
    def __init__(self, *answers):
        self.answers = list(answers)
        self.said = []

    def reserve(self, account, count, most):
        self.said.append((account, count, most))
        return self.answers.pop(0)

    def tell(self, account, count):
        self.said.append((account, count))


def test_binds_that_are_being_let_in_count():
    slow, alive, answers = Deferred(), {"demo": 1}, []
    counts = Counts(slow, succeed(False), succeed(True))
    binds = SharedBinds(counts, lambda name: alive.get(name, 0))
    binds.reserve("demo", 4).addCallback(answers.append)
    binds.reserve("demo", 4).addCallback(answers.append)
    assert (counts.said, answers) == ([("demo", 2, 4), ("demo", 3, 4)], [False])
    slow.callback(True)
    binds.reserve("demo", 4).addCallback(answers.append)
    assert (counts.said[2:], answers) == ([("demo", 3, 4)], [False, True, True])
    alive["demo"] = 2
    binds.settled("demo")
    binds.settled("demo")
    assert counts.said[3:] == [("demo", 3), ("demo", 2)]
