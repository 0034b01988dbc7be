"""How much is let in at a time, and in whose turn."""

from types import SimpleNamespace

import pytest
from twisted.internet.task import Clock

from smsgwd.northbound import doorway as doorway_module
from smsgwd.northbound.esme.asks import BatchAsk
from smsgwd.northbound.esme.doorway import Doorway


class Bind:
    """A dialogue, as far as the doorway looks at it."""

    def __init__(self, tenant):
        self.bind = SimpleNamespace(account=SimpleNamespace(tenant=tenant))


def ask(dialogue, *numbers):
    return BatchAsk(dialogue, list(numbers), [f"item {number}" for number in numbers])


@pytest.fixture
def let_in():
    return []


@pytest.fixture
def reactor():
    return Clock()


@pytest.fixture
def doorway(let_in, reactor):
    return Doorway(let_in.append, most=100, reactor=reactor)


def test_what_fits_goes_in_at_once_and_whole(doorway, let_in):
    bind = Bind("t")
    assert doorway.enter(ask(bind, *range(80)))
    assert [len(each.items) for each in let_in] == [80]
    assert doorway.waiting == 0


def test_what_does_not_fit_waits_for_others_to_be_through_and_keeps_its_order(doorway, let_in):
    bind = Bind("t")
    doorway.enter(ask(bind, *range(250)))
    assert sum(len(each.items) for each in let_in) == 100
    assert doorway.waiting == 150
    doorway.enter(ask(bind, 250))
    doorway.left(100)
    doorway.left(100)
    assert [number for each in let_in for number in each.sequences] == list(range(251))


def test_tenants_go_in_turn_however_many_binds_they_have(doorway, let_in):
    doorway.enter(ask(Bind("x"), *range(100)))
    del let_in[:]
    greedy = [Bind("greedy") for _ in range(50)]
    for bind in greedy:
        doorway.enter(ask(bind, *range(500)))
    small = Bind("small")
    doorway.enter(ask(small, *range(64)))
    doorway.left(100)
    taken = {
        name: sum(len(e.items) for e in let_in if e.dialogue.bind.account.tenant == name)
        for name in ("greedy", "small")
    }
    assert taken == {"greedy": 64, "small": 36}
    del let_in[:]
    doorway.left(100)
    assert sum(len(each.items) for each in let_in if each.dialogue is small) == 28


def test_binds_of_a_tenant_go_in_turn(doorway, let_in):
    binds = [Bind("t") for _ in range(4)]
    for bind in binds:
        doorway.enter(ask(bind, *range(300)))
    for _ in range(8):
        doorway.left(64)
    shares = [sum(len(each.items) for each in let_in if each.dialogue is bind) for bind in binds]
    assert sum(shares) == 100 + 8 * 64
    assert max(shares) - min(shares) <= 100  # the first one had the empty room to itself


def test_what_waits_of_a_bind_that_goes_is_dropped_alone(doorway, let_in):
    gone, stays = Bind("t"), Bind("t")
    doorway.enter(ask(gone, *range(150)))
    doorway.enter(ask(stays, *range(10)))
    assert [len(each.items) for each in doorway.drop(gone)] == [50]
    assert doorway.waiting == 10
    assert doorway.drop(gone) == []
    del let_in[:]
    doorway.left(100)
    assert [each.dialogue for each in let_in] == [stays]
    assert doorway.waiting == 0


def test_everything_that_waits_can_be_taken_out(doorway):
    doorway.enter(ask(Bind("a"), *range(120)))
    doorway.enter(ask(Bind("b"), *range(5)))
    assert sum(len(each.items) for each in doorway.clear()) == 25
    assert doorway.waiting == 0


def test_beyond_what_may_wait_nothing_is_taken(doorway, monkeypatch):
    monkeypatch.setattr(doorway_module, "MOST_WAITING", 60)
    bind = Bind("t")
    doorway.enter(ask(bind, *range(100)))
    doorway.enter(ask(bind, *range(50)))
    assert not doorway.enter(ask(bind, *range(11)))
    assert doorway.waiting == 50
    assert doorway.enter(ask(bind, *range(10)))


def test_who_fills_it_is_refused_and_nobody_else(doorway, monkeypatch):
    monkeypatch.setattr(doorway_module, "MOST_WAITING", 60)
    greedy, modest = Bind("greedy"), Bind("modest")
    doorway.enter(ask(greedy, *range(100)))
    assert doorway.enter(ask(greedy, *range(60)))
    assert not doorway.enter(ask(Bind("greedy"), 1))
    assert doorway.enter(ask(modest, *range(20)))  # half of 60 is its share
    assert not doorway.enter(ask(modest, *range(15)))
    assert doorway.waiting == 80
    doorway.left(100)
    assert doorway.waiting == 0
    doorway.enter(ask(modest, *range(20)))
    assert doorway.enter(ask(greedy, *range(60)))  # nothing was left over in the books
    assert not doorway.enter(ask(greedy, 1))
    doorway.drop(greedy)
    assert doorway.enter(ask(greedy, *range(60)))


def test_submissions_that_are_over_at_once_do_not_pile_up_on_the_stack(reactor):
    seen = []

    def submit(each):
        seen.append(len(each.items))
        doorway.left(len(each.items))

    doorway = Doorway(submit, most=1, reactor=reactor)
    doorway.enter(ask(Bind("t"), *range(doorway_module.A_TURN)))
    assert sum(seen) == doorway_module.A_TURN


def test_an_account_that_changes_hands_while_it_waits_is_dropped_all_the_same(doorway, let_in):
    bind = Bind("old")
    doorway.enter(ask(bind, *range(150)))
    bind.bind.account.tenant = "new"
    doorway.enter(ask(bind, 150))
    assert sum(len(each.items) for each in doorway.drop(bind)) == 51
    assert doorway.waiting == 0
    doorway.enter(ask(bind, *range(5)))
    doorway.left(100)
    assert len(let_in[-1].items) == 5


def test_while_messages_pile_up_behind_fewer_go_in(let_in, reactor):
    ready = [0]
    doorway = Doorway(let_in.append, lambda: ready[0], most=100, fewer=30, reactor=reactor)
    bind = Bind("t")
    doorway.enter(ask(bind, *range(1000)))
    assert sum(len(each.items) for each in let_in) == 100
    ready[0] = doorway_module.CROWDED
    doorway.left(60)
    assert sum(len(each.items) for each in let_in) == 100
    doorway.left(40)
    assert sum(len(each.items) for each in let_in) == 130
    ready[0] = 0
    doorway.left(10)
    assert sum(len(each.items) for each in let_in) == 210


class Turns:
    """A reactor whose turns are taken one by one."""

    def __init__(self):
        self.calls = []

    def callLater(self, delay, call):
        self.calls.append(call)

    def turn(self):
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def test_what_is_refused_at_once_has_no_more_than_its_part_of_a_turn():
    reactor = Turns()
    seen = []

    def refuse(each):
        seen.append(len(each.items))
        doorway.left(len(each.items))

    doorway = Doorway(refuse, reactor=reactor)
    for _ in range(40):
        doorway.enter(ask(Bind("t"), *range(254)))
    assert sum(seen) < doorway_module.A_TURN + 254
    assert doorway.waiting == 40 * 254 - sum(seen)
    turns = 0
    while doorway.waiting:
        reactor.turn()
        turns += 1
    assert sum(seen) == 40 * 254
    assert turns == (sum(seen) - 1) // (doorway_module.A_TURN + 32)  # a turn ends with the ask that fills it
    reactor.turn()
    reactor.turn()
    assert reactor.calls == []
