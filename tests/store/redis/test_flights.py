"""Commits that are sent before the one in front of them is answered: whatever becomes of them, each is done once."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smsgwd.model.changes import PutTenant, Submitted
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis import writer as module
from smsgwd.store.redis.apply.table import apply
from smsgwd.store.redis.writer import Fenced
from smsgwd.store.writer import Batch
from tests.store.redis.nodes import Node
from tests.store.redis.test_unknown_commits import AWAY, FSYNCED, LOST, NEVER, PRICE, Desk
from tests.store.samples import EURO, message, submit, tenant


class Flying(Desk):
    """A writer of which several commits may be under way; the test says when answers come."""

    def send(self, *changes, ticket):
        self.writer.transact([Batch(ticket, changes)])
        for flight in self.writer._under_way:
            flight.wait = self.answer_all  # the reactor's part, where the thread would wait for it

    def answer_all(self):
        """All answers that are under way come."""
        while self.wire.flying:
            self.wire.land()

    def rest(self):
        """And what has to be seen to is."""
        self.answer_all()
        self.writer.rest()

    def answers(self):
        """What was answered, by ticket: each once."""
        told = [outcome for report in self.reports for outcome in report.outcomes]
        assert len(dict(told)) == len(told)
        return dict(told)

    def is_well(self):
        """It goes on: a further message is taken."""
        (result,) = self.commit(submit(message()))
        assert isinstance(result, Submitted)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "_PAUSE_S", 0.0)


@pytest.fixture
def desk():
    found = Flying()
    yield found
    found.node.close()


def test_the_next_one_is_computed_on_what_was_not_answered_yet(desk):
    desk.commit(submit(message()))  # what there is to be known of the tenant is known
    desk.node.asked = 0
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    assert desk.node.asked == 2  # nothing but the commits
    assert desk.answers() == {}
    desk.rest()
    assert [type(each[0]) for each in desk.answers().values()] == [Submitted, Submitted]
    assert desk.taken() == (3, 3 * PRICE)
    assert desk.node.asked - 1 == 2  # `taken` asked once


def test_nobody_hears_of_one_before_the_one_in_front_of_it_is_known(desk):
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.wire.land(1)
    assert desk.answers() == {}
    desk.rest()
    assert list(desk.answers()) == [1, 2]
    assert desk.taken() == (2, 2 * PRICE)


def test_what_another_node_changed_is_computed_again_with_what_follows(desk):
    desk.commit(submit(message()))
    other = Node(desk.node.keys.base.strip("{}:"), "b")
    other.run(lambda work: apply(work, [PutTenant(tenant(credit_limit=9 * EURO), replace=True)]))
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.rest()
    assert [type(each[0]) for each in desk.answers().values()] == [Submitted, Submitted]
    assert desk.taken() == (3, 3 * PRICE)
    assert desk.writer.conflicts
    desk.is_well()
    other.close()


def test_a_server_that_goes_before_it_says_what_has_changed_ends_nothing(desk):
    desk.commit(submit(message()))
    other = Node(desk.node.keys.base.strip("{}:"), "b")
    other.run(lambda work: apply(work, [PutTenant(tenant(credit_limit=9 * EURO), replace=True)]))
    away = []

    def ask(commands):
        if away:
            raise away.pop()
        return desk.node.ask(commands)

    desk.wire.ask = ask
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    away.append(AWAY)
    desk.rest()
    assert not away
    assert [type(each[0]) for each in desk.answers().values()] == [Submitted, Submitted]
    assert desk.taken() == (3, 3 * PRICE)
    other.close()


@pytest.mark.parametrize(
    "steps",
    [
        (LOST, LOST),
        (None, LOST),
        (None, NEVER),
        (LOST, NEVER),
        (NEVER, NEVER),
        (NEVER, LOST),  # the second came without the first, and was refused
        (LOST, LOST, LOST),  # so was what had become of both
        (LOST, LOST, AWAY, LOST, AWAY),
        (LOST, NEVER, LOST, LOST),
        (NEVER, NEVER, NEVER, None, LOST),
    ],
    ids=lambda steps: " ".join({LOST: "lost", NEVER: "never", AWAY: "away"}.get(each, "well") for each in steps),
)
def test_what_was_lost_on_the_way_is_done_once(desk, steps):
    desk.plan(*steps)
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.rest()
    assert [type(each[0]) for each in desk.answers().values()] == [Submitted, Submitted]
    assert desk.taken() == (2, 2 * PRICE)
    assert not desk.wire.plan
    desk.is_well()


def test_what_was_not_confirmed_is_told_once_it_is():
    desk = Flying(FSYNCED)
    desk.plan([0, 0], [0, 0])
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.rest()
    assert [type(each[0]) for each in desk.answers().values()] == [Submitted, Submitted]
    assert desk.taken() == (2, 2 * PRICE)
    desk.is_well()
    desk.node.close()


def test_one_that_cannot_be_computed_fails_alone(desk):
    double = message()
    desk.send(submit(double), ticket=1)
    desk.send(submit(double), ticket=2)  # its number is taken: known before the first is answered
    desk.rest()
    first, second = desk.answers().values()
    assert isinstance(first[0], Submitted)
    assert isinstance(second, Exception)
    assert desk.taken() == (1, PRICE)
    desk.is_well()


def test_without_the_lease_both_are_refused(desk):
    desk.writer._fence = lambda: (desk.node.keys.message(1), b"nobody's")
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.rest()
    assert [type(each) for each in desk.answers().values()] == [Fenced, Fenced]
    assert desk.taken() == (0, 0)
    desk.writer._fence = lambda: None
    desk.is_well()


def test_what_nobody_knows_when_the_store_closes_is_told_as_such(desk):
    desk.plan(LOST, LOST, AWAY, AWAY)
    desk.send(submit(message()), ticket=1)
    desk.send(submit(message()), ticket=2)
    desk.writer.stop(lambda: None)
    desk.rest()
    assert [type(each) for each in desk.answers().values()] == [StoreUnavailable, StoreUnavailable]


_STEPS = st.sampled_from([None, None, LOST, NEVER, AWAY])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plan=st.lists(_STEPS, max_size=14),
    turns=st.lists(st.sampled_from(["send", "land", "land later one", "rest"]), min_size=2, max_size=12),
    confirmed=st.booleans(),
)
def test_whatever_happens_each_is_done_once_or_refused(plan, turns, confirmed):
    desk = Flying(FSYNCED if confirmed else None)
    desk.plan(*plan)
    sent = 0
    for turn in turns:
        flying = desk.wire.flying
        if turn == "rest":
            desk.rest()
        elif turn == "send":
            sent += 1
            desk.send(submit(message()), ticket=sent)
        elif flying:
            desk.wire.land(-1 if turn == "land later one" else 0)
    desk.rest()
    answers = desk.answers()
    assert sorted(answers) == list(range(1, sent + 1))
    taken = sum(not isinstance(each, Exception) for each in answers.values())
    assert all(isinstance(each, StoreUnavailable) for each in answers.values() if isinstance(each, Exception))
    assert desk.taken() == (taken, taken * PRICE)
    desk.plan()
    desk.is_well()
    desk.node.close()
