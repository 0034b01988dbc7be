"""Who owns what: taken once it is free, given up when it should be another's, lost with the lease."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.ports.nodes import NodeState, NoSuchNode, Pin
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.nodes import TTL_MS, About, NodeLease
from smsgwd.store.redis.placing import SharedNodes
from smsgwd.store.redis.reach import link_to
from smsgwd.store.redis.wakes import Wakes
from tests.store.redis.peers import LIBRARY, Gateway
from tests.store.redis_server import Server

FOUR = [f"b:x:{at}" for at in range(4)]


@pytest.fixture
def gateway(monkeypatch):
    return Gateway(monkeypatch)


def failed(deferred):
    box = []
    deferred.addErrback(box.append)
    assert box, "it has not failed"
    return box[0].value


def stored(gateway):
    """Things and whose they are, as the server has it."""
    flat = gateway.client.call("HGETALL", gateway.keys.owned)
    return {
        thing.decode(): holder.partition(b" ")[2].decode() for thing, holder in zip(flat[::2], flat[1::2], strict=True)
    }


def test_one_node_has_all_of_it(gateway):
    a = gateway.peer("a", {"x": 2, "y": 1}, ["u:upkeep"])
    things = {"b:x:0", "b:x:1", "b:y:0", "u:upkeep"}
    assert set(a.heard()) == {("gained", thing, None) for thing in things}
    assert stored(gateway) == dict.fromkeys(things, "a")
    gateway.pass_(5)
    assert a.heard() == []
    assert set(a.held(*things)) == things


def test_the_second_gets_half_once_the_first_has_let_go(gateway):
    a = gateway.peer("a", {"x": 4})
    a.holds = True
    b = gateway.peer("b", {"x": 4})
    gateway.pass_(3)
    (one, two) = a.going
    assert len(a.held(*FOUR)) == 2  # what it lets go of is not its any more
    assert b.heard() == []
    assert set(stored(gateway).values()) == {"a"}
    a.going[one].callback(None)
    gateway.pass_(1)
    assert b.heard() == [("gained", one, None)]
    a.going[two].callback(None)
    gateway.pass_(1)
    assert b.heard() == [("gained", two, None)]
    assert b.held(*FOUR) == sorted(a.going)
    assert sorted(a.held(*FOUR) + b.held(*FOUR)) == FOUR
    gateway.pass_(1)
    assert a.nodes.owners() == b.nodes.owners() == stored(gateway)


def test_a_let_go_that_fails_gives_it_up_as_well(gateway):
    a = gateway.peer("a", {"x": 2})
    a.holds = True
    b = gateway.peer("b", {"x": 2})
    gateway.pass_(1)
    (thing,) = a.going
    a.going[thing].errback(StoreUnavailable("no"))
    gateway.pass_(1)
    assert b.held(thing) == [thing]


def test_the_dead_ones_part_is_taken_over_and_said_whose_it_was(gateway):
    a, b = gateway.peer("a", {"x": 4}), gateway.peer("b", {"x": 4})
    gateway.pass_(3)
    mine = b.held(*FOUR)
    a.heard(), b.heard()
    gateway.ends("b")
    gateway.pass_(0.8, a)
    assert sorted(a.heard()) == [("gained", thing, "b") for thing in mine]
    assert a.held(*FOUR) == FOUR
    b.clock.advance(1)  # it goes on, and is too late
    assert b.heard()[:2] == [("lost", thing) for thing in mine]
    assert b.held(*FOUR) == []
    gateway.pass_(3)
    assert sorted(a.held(*FOUR) + b.held(*FOUR)) == FOUR
    assert len(b.held(*FOUR)) == 2


def test_a_living_node_is_not_robbed(gateway):
    a = gateway.peer("a", {"x": 2})
    b = gateway.peer("b")
    b.nodes._place = lambda: b.nodes._ownership.wants(["b:x:0", "b:x:1"])
    gateway.pass_(5)
    assert b.heard() == []
    assert a.held(*FOUR) == ["b:x:0", "b:x:1"]


def test_nodes_that_are_configured_differently_leave_each_other_what_they_have(gateway):
    a = gateway.peer("a", {"x": 2, "y": 2})
    b = gateway.peer("b", {"x": 2})
    gateway.pass_(3)
    assert a.held(*FOUR, "b:y:0", "b:y:1") == ["b:x:0", "b:x:1", "b:y:0", "b:y:1"]
    gateway.ends("a")
    gateway.pass_(2, b)
    assert b.held(*FOUR) == ["b:x:0", "b:x:1"]  # of what it knows it takes what is free
    gateway.pass_(2)
    assert a.held(*FOUR, "b:y:0", "b:y:1") == ["b:y:0", "b:y:1"]
    b.nodes.things({"x": 2, "y": 2}, ())
    gateway.pass_(3)
    assert len(a.held(*FOUR, "b:y:0", "b:y:1")) == len(b.held(*FOUR, "b:y:0", "b:y:1")) == 2


def test_the_server_decides_when_two_see_it_differently(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1)
    for peer in (a, b):
        peer.nodes._place = lambda: None
        peer.nodes._ownership.wants(["u:upkeep"])
    assert a.heard() == [("gained", "u:upkeep", None)]
    assert b.heard() == []
    gateway.ends("a")
    gateway.pass_(1, b)
    assert b.heard() == [("gained", "u:upkeep", "a")]


def test_after_a_fence_its_own_things_come_back_as_its_own_former_life(gateway):
    a = gateway.peer("a", {"x": 2})
    a.heard()
    a.calls.down = True
    gateway.pass_(4)
    lost = a.heard()
    assert lost[:2] == [("lost", "b:x:0"), ("lost", "b:x:1")]
    assert lost[2][0] == "fenced"
    a.calls.down = False
    gateway.pass_(2)
    assert a.heard() == ["unfenced", ("gained", "b:x:0", "a"), ("gained", "b:x:1", "a")]


def test_a_node_killed_and_started_again_takes_its_own_back(gateway):
    gateway.peer("a", {"x": 2})
    gateway.ends("a")
    again = gateway.peer("a", {"x": 2})
    gateway.pass_(1, again)
    assert again.heard() == [("gained", "b:x:0", "a"), ("gained", "b:x:1", "a")]


def test_what_the_server_says_is_anothers_is_lost(gateway):
    """After a failover that has lost the last writes."""
    a = gateway.peer("a", {"x": 2})
    a.heard()
    gateway.client.call("HSET", gateway.keys.owned, "b:x:1", "token b")
    gateway.client.call("SET", gateway.keys.nodes_mark, "other")
    gateway.pass_(1)
    assert a.heard() == [("lost", "b:x:1"), ("gained", "b:x:1", "b")]


def test_a_take_whose_answer_is_lost_is_taken_again(gateway):
    a = gateway.peer("a")
    gateway.pass_(1)
    a.calls.slow = True
    a.nodes.things({"x": 1}, ())
    a.calls.lose()
    a.calls.slow = False
    assert stored(gateway) == {"b:x:0": "a"}
    assert a.heard() == []
    gateway.pass_(1)
    assert a.heard() == [("gained", "b:x:0", None)]


def test_what_is_taken_under_a_lease_that_is_lost_meanwhile_is_not_gained(gateway):
    a = gateway.peer("a")
    gateway.pass_(1)
    a.calls.slow = True
    a.nodes.things({"x": 1}, ())
    a.clock.rightNow += 2.5
    a.calls.answer()
    assert a.heard() == []
    assert a.held("b:x:0") == []
    a.calls.slow = False
    gateway.pass_(2)
    assert a.heard()[-1] == ("gained", "b:x:0", "a")


def test_giving_up_without_an_answer_is_done_again(gateway):
    a = gateway.peer("a", {"x": 2})
    gateway.pass_(1)
    a.calls.slow = True
    a.nodes.things({"x": 1}, ())
    a.calls.down = True
    a.calls.lose()
    assert a.held(*FOUR) == ["b:x:0"]
    a.calls.slow = a.calls.down = False
    gateway.pass_(1)
    assert stored(gateway) == {"b:x:0": "a"}
    assert a.lease.held


def test_what_is_wanted_again_while_it_is_let_go_comes_back(gateway):
    a = gateway.peer("a", {"x": 1})
    a.holds = True
    a.heard()
    a.nodes.things({}, ())
    a.nodes.things({"x": 1}, ())
    assert a.heard() == [("let go", "b:x:0")]
    assert a.held("b:x:0") == []
    a.going["b:x:0"].callback(None)
    assert a.heard() == [("gained", "b:x:0", None)]
    assert a.held("b:x:0") == ["b:x:0"]


def test_a_callback_that_raises_is_not_the_others_loss(gateway):
    a = gateway.peer("a")
    gateway.pass_(1)
    said = []

    def gained(thing, dead):
        said.append(thing)
        raise ValueError(thing)

    a.nodes._ownership._on_gained = gained
    a.nodes.things({"x": 3}, ())
    assert said == ["b:x:0", "b:x:1", "b:x:2"]
    assert a.lease.held


def test_many_things_go_in_pieces(gateway):
    others = [f"t:{at:04}" for at in range(2500)]
    a = gateway.peer("a", {}, others)
    assert len(a.held(*others)) == 2500
    assert a.calls.made.count("smsgwd_take") == 3
    b = gateway.peer("b", {}, others)
    gateway.pass_(3)
    assert len(a.held(*others)) + len(b.held(*others)) == 2500
    assert 1000 < len(b.held(*others)) < 1500


def test_a_drained_node_gives_everything_to_the_others(gateway):
    a, b = gateway.peer("a", {"x": 4}), gateway.peer("b", {"x": 4})
    gateway.pass_(3)
    b.nodes.drain("a")
    gateway.pass_(2)
    assert b.held(*FOUR) == FOUR
    assert a.held(*FOUR) == []
    assert [view.state for view in a.nodes.live()] == [NodeState.DRAINING, NodeState.UP]
    a.nodes.undrain("a")
    gateway.pass_(3)
    assert len(a.held(*FOUR)) == len(b.held(*FOUR)) == 2


def test_drained_all_keep_what_they_have(gateway):
    a = gateway.peer("a", {"x": 2}, ["u:upkeep"])
    a.heard()
    a.nodes.drain("a")
    gateway.pass_(2)
    assert a.heard() == []
    a.nodes.things({"x": 1}, ["u:upkeep"])
    assert a.heard() == [("let go", "b:x:1")]
    assert a.held("b:x:0", "u:upkeep") == ["b:x:0", "u:upkeep"]


def test_a_start_ends_a_drain_a_new_lease_does_not(gateway):
    a = gateway.peer("a")
    a.nodes.drain("a")
    gateway.ends("a")
    gateway.pass_(2)
    assert a.nodes.live()[0].state is NodeState.DRAINING
    a.nodes.stop()
    again = gateway.peer("a")
    gateway.pass_(1, again)
    assert again.nodes.live()[0].state is NodeState.UP


def test_pins(gateway):
    a, b = gateway.peer("a", {"x": 4}), gateway.peer("b", {"x": 4})
    gateway.pass_(3)
    a.nodes.move(Pin("x", None, "b"))
    a.nodes.move(Pin("x", 3, "a"))
    gateway.pass_(3)
    assert (a.held(*FOUR), b.held(*FOUR)) == (FOUR[3:], FOUR[:3])
    assert b.nodes.pins() == [Pin("x", None, "b"), Pin("x", 3, "a")]
    gateway.ends("b")
    gateway.pass_(2, a)
    assert a.held(*FOUR) == FOUR  # while its node lives
    gateway.pass_(3)
    assert b.held(*FOUR) == FOUR[:3]
    b.nodes.move(Pin("x"))
    b.nodes.move(Pin("x", 3))
    gateway.pass_(3)
    assert b.nodes.pins() == []
    assert len(a.held(*FOUR)) == 2


def test_names_with_odd_letters(gateway):
    a, b = gateway.peer("a", {"x:y %1": 2}), gateway.peer("b", {"x:y %1": 2})
    gateway.pass_(1)
    a.nodes.move(Pin("x:y %1", 1, "b"))
    a.nodes.move(Pin("x:y %1", 0, "a"))
    gateway.pass_(3)
    assert b.held("b:x:y %1:0", "b:x:y %1:1") == ["b:x:y %1:1"]
    assert b.nodes.pins() == [Pin("x:y %1", 0, "a"), Pin("x:y %1", 1, "b")]


def test_what_operators_say_of_nobody(gateway):
    a = gateway.peer("a")
    for said in (a.nodes.drain("b"), a.nodes.undrain("b"), a.nodes.move(Pin("x", None, "b"))):
        assert isinstance(failed(said), NoSuchNode)
    a.calls.down = True
    assert isinstance(failed(a.nodes.drain("a")), StoreUnavailable)


def test_whoever_stops_leaves_nothing_owned(gateway):
    a, b = gateway.peer("a", {"x": 4}), gateway.peer("b", {"x": 4})
    gateway.pass_(3)
    b.heard()
    a.nodes.stop()
    assert set(stored(gateway).values()) == {"b"}
    gateway.pass_(1, b)
    assert [dead for _, _, dead in b.heard()] == [None, None]
    assert b.held(*FOUR) == FOUR


KINDS = ("ends", "pause", "down", "up", "slow", "answer", "lose", "drain", "undrain", "time")
steps_of_three = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 2)), max_size=25)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps_of_three)
def test_never_two_owners_and_all_is_well_in_the_end(monkeypatch, steps):
    gateway = Gateway(monkeypatch)
    binds, roles = {"x": 4, "y": 1}, ["u:upkeep"]
    peers = [gateway.peer(name, binds, roles) for name in "abc"]
    everything = [*FOUR, "b:y:0", "u:upkeep"]

    def alone():
        owners = [thing for peer in peers for thing in peer.held(*everything)]
        assert len(owners) == len(set(owners))

    for what, at in steps:
        peer = peers[at]
        if what == "ends":
            # a lease ends at the server only after its node knows
            peer.calls.lose()
            peer.calls.down = True
            gateway.pass_(2.5, peer)
            gateway.ends(peer.name)
        elif what == "pause":
            # it stands still; its timers are late when it goes on
            gateway.ends(peer.name)
            gateway.pass_(2, *(other for other in peers if other is not peer))
            peer.clock.rightNow += 10
        elif what in ("down", "up"):
            peer.calls.down = what == "down"
        elif what == "slow":
            peer.calls.slow = True
        elif what in ("answer", "lose"):
            getattr(peer.calls, what)()
            peer.calls.slow = False
        elif what == "time":
            gateway.pass_(1)
        else:
            getattr(peer.nodes, what)(peer.name).addErrback(lambda _: None)
        alone()
    for peer in peers:
        peer.calls.down = peer.calls.slow = False
        peer.calls.answer()
        alone()
        peer.nodes.undrain(peer.name)
    gateway.pass_(6)
    alone()
    assert sorted(thing for peer in peers for thing in peer.held(*everything)) == sorted(everything)
    shares = [len(peer.held(*FOUR, "b:y:0")) for peer in peers]
    assert sorted(shares) == [1, 2, 2]


class Living(TestCase):
    """With the real reactor, links and times."""

    timeout = 128

    async def node(self, name, said):
        link = link_to(reactor, parse(self.server.url), library=LIBRARY, timeout_s=1.0)
        await link.connect()
        self.addCleanup(link.close)
        lease = NodeLease(link, self.keys, name, About("h", 1, "1", 1), reactor, reactor.seconds)
        nodes = SharedNodes(
            link, self.keys, lease, reactor,
            on_gained=lambda thing, dead: said.append((thing, dead)),
            let_go=lambda thing: None,
            on_lost=lambda thing: said.append((thing, "lost")),
        )  # fmt: skip
        nodes.things({"x": 2}, [])
        await nodes.start()
        self.addCleanup(nodes.stop)
        return nodes

    async def until(self, holds):
        while not holds():
            await deferLater(reactor, 0.01)

    def test_a_death_and_who_takes_over(self):
        return Deferred.fromCoroutine(self.death())

    async def death(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.keys = Keys("living")
        first, second = [], []
        dying = await self.node("a", first)
        living = await self.node("b", second)
        await self.until(lambda: len(second) == 1 and living.owns(second[0][0]))
        began = reactor.seconds()
        dying.roster.stop()
        dying.lease._timer.cancel()  # as a process does that is killed or stands still
        await self.until(lambda: len(second) == 2)
        took = reactor.seconds() - began
        assert second[1] == (next(thing for thing, _ in first if thing != second[0][0]), "a")
        assert not dying.lease.held
        assert took > TTL_MS / 1000 - 1.0
        dying.lease._timer = None

    def test_a_server_is_killed_and_started_again(self):
        return Deferred.fromCoroutine(self.killed())

    async def killed(self):
        self.server = Server(appendfsync="always")
        self.addCleanup(self.server.close)
        self.keys = Keys("killed")
        said = []
        nodes = await self.node("a", said)
        await self.until(lambda: len(said) == 2)
        await nodes.drain("a")
        await self.until(lambda: nodes.live()[0].state is NodeState.DRAINING)
        self.server.restart()
        await nodes.roster._calls.call("PING").addErrback(lambda _: None)
        await self.until(lambda: nodes.roster._calls.up)
        await nodes.undrain("a")
        await self.until(lambda: nodes.live()[0].state is NodeState.UP)
        await self.until(lambda: nodes.owns("b:x:0") and nodes.owns("b:x:1"))

    def test_calls_between_nodes(self):
        return Deferred.fromCoroutine(self.calls())

    async def calls(self):
        server = Server()
        self.addCleanup(server.close)
        heard = []
        keys, other = Keys("g*[1]"), Keys("gg1")
        link = link_to(reactor, parse(server.url), on_change=lambda up: wakes.link_changed(up))
        wakes = Wakes(link, keys, heard.append)
        self.addCleanup(link.close)
        await link.connect()
        assert heard == [""]
        server.client.call("PUBLISH", other.wake("x"), "")
        server.client.call("PUBLISH", keys.wake("sim:1"), "")
        await self.until(lambda: heard[1:])
        server.restart()
        await self.until(lambda: heard[2:])
        server.client.call("PUBLISH", keys.wake("records"), "")
        await self.until(lambda: heard[3:])
        assert heard == ["", "sim:1", "", "records"]
