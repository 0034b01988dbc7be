"""Rates of which this node has a share."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.accounts.directory import Account
from smsgwd.model.tenant import Credential, EsmeSettings, Tenant
from smsgwd.northbound.pace import REFUSED
from smsgwd.northbound.shared_pace import SharedPace
from smsgwd.ports.store import StoreUnavailable
from tests.net.fake_wire import FakeClock

SHOP = Tenant("shop", throughput=100)


class World:
    """One node of several; `asked` has what it told, `share` is what it is given of each rate."""

    def __init__(self, nodes=2, share=0.75):
        self.clock = FakeClock()
        self.reactor = self.clock.reactor
        self.nodes, self.share = nodes, share
        self.asked = []
        self.answer = lambda rates: succeed([rate * self.share for _, rate, _ in rates])
        self.pace = SharedPace(self.clock, 1.0, self.reactor, self.ask, lambda: self.nodes)

    def ask(self, rates, nodes):
        self.asked.append((rates, nodes))
        return self.answer(rates)

    def pass_(self, seconds, step=0.01):
        for _ in range(round(seconds / step)):
            self.reactor.advance(step)

    def taken(self, seconds, tenant=SHOP, each=5):
        """What is taken while much more is asked for."""
        count = 0
        for _ in range(round(seconds / 0.01)):
            count += sum(self.pace.take(tenant, 1) == 0 for _ in range(each))
            self.pass_(0.01)
        return count


def test_it_goes_by_the_share_it_is_given():
    world = World(share=0.75)
    world.taken(2)  # the burst
    assert world.taken(4) == pytest.approx(4 * 75, abs=2)
    world.share = 0.25
    world.taken(0.5)
    assert world.taken(4) == pytest.approx(4 * 25, abs=2)


def test_bursts_are_divided():
    world = World(nodes=4)
    assert sum(world.pace.take(SHOP, 1) == 0 for _ in range(100)) == 25
    alone = World(nodes=1)
    assert sum(alone.pace.take(SHOP, 1) == 0 for _ in range(200)) == 100


def test_before_the_first_answer_it_has_a_tenth_of_an_equal_share():
    world = World(nodes=2)
    world.answer = lambda rates: Deferred()
    world.taken(1)
    assert world.taken(4) == pytest.approx(4 * 5, abs=1)


def test_what_is_wanted_is_told_soon_and_then_every_quarter_of_a_second():
    world = World()
    world.taken(1.0, each=2)
    told = [rates[0] for rates, nodes in world.asked]
    assert len(told) == 4
    assert {name for name, _, _ in told} == {"t:shop"}
    assert told[-1][2] == pytest.approx(200, rel=0.05)  # also what was refused


def test_who_wants_nothing_asks_no_more():
    world = World()
    world.taken(1)
    world.pass_(5)
    asked = len(world.asked)
    assert world.asked[-1][0][0][2] < 5
    world.pass_(60)
    assert len(world.asked) == asked
    assert world.reactor.getDelayedCalls() == []
    world.pace.take(SHOP, 1)
    world.pass_(0.02)
    assert len(world.asked) == asked + 1


def test_without_the_server_the_last_share_holds():
    world = World(share=0.5)
    world.taken(2)
    world.answer = lambda rates: fail(StoreUnavailable("away"))
    assert world.taken(4) == pytest.approx(4 * 50, abs=2)
    world.share = 0.25
    world.answer = lambda rates: succeed([rate * world.share for _, rate, _ in rates])
    world.taken(0.5)
    assert world.taken(4) == pytest.approx(4 * 25, abs=2)


def test_one_question_at_a_time():
    world = World()
    world.answer = lambda rates: Deferred()
    world.taken(2)
    assert len(world.asked) == 1


def test_an_answer_about_a_rate_of_before_counts_no_more():
    world = World()
    waiting = Deferred()
    world.answer = lambda rates: waiting
    world.taken(0.1)
    faster = Tenant("shop", throughput=1000)
    world.pace.take(faster, 1)
    waiting.callback([100.0])
    world.answer = lambda rates: succeed([rate * 0.75 for _, rate, _ in rates])
    world.taken(2, faster, each=20)
    assert world.taken(2, faster, each=20) == pytest.approx(2 * 750, rel=0.02)


def test_accounts_have_their_own_rates_and_share_the_tenants():
    world = World()
    credential = Credential("smpp", "ann", "$h", esme=EsmeSettings(throughput=40))
    owner = Account(SHOP, credential)
    waits = [world.pace.reserve(owner, 1) for _ in range(60)]
    assert waits.count(0.0) == 20  # of the account's burst
    assert REFUSED in waits
    world.pass_(0.02)
    [(rates, _)] = world.asked
    assert {(name, rate) for name, rate, _ in rates} == {("t:shop", 100), ("a:ann", 40)}


def test_without_a_limit_nobody_is_asked():
    world = World()
    free = Tenant("free")
    assert all(world.pace.take(free, 1) == 0 for _ in range(1000))
    assert world.pace.reserve(Account(free, Credential("smpp", "ann", "$h")), 1) == 0
    assert world.asked == [] == world.reactor.getDelayedCalls()
