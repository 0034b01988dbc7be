"""Leases of nodes: held, lost, had again; and what each sees of the others. The server is a real one."""

from __future__ import annotations

import os
import subprocess

import msgspec
import pytest

from smsgwd.ports.nodes import NodeLives, NodeState, NodeView, NoSuchNode, NotShared, Pin
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.alone import Alone
from smsgwd.store.redis.errors import Refused, Unreachable
from smsgwd.store.redis.nodes import EVERY_S, MARGIN_S, TTL_MS, NameTaken, place_of_this_process
from smsgwd.store.redis.program import Program
from tests.store.redis.peers import LIBRARY, Gateway

GOOD_S = TTL_MS / 1000 - MARGIN_S


@pytest.fixture
def gateway(monkeypatch):
    return Gateway(monkeypatch)


def failed(deferred):
    box = []
    deferred.addErrback(box.append)
    assert box, "it has not failed"
    return box[0].value


def commit(gateway, fence, value="x"):
    """What the server says to a commit under this lease: [] = it was done."""
    program = Program()
    program.fence = fence
    program.sets[f"{gateway.keys.base}row"] = f"12345678{value}".encode()
    keys, args = program.encode()
    return gateway.client.call(*LIBRARY.call(("FCALL", "smsgwd_commit", len(keys), *keys, *args)))


def test_a_lease_that_is_renewed_stays(gateway):
    a = gateway.peer("a")
    key, token = a.lease.fence()
    for _ in range(20):
        gateway.client.call("PEXPIRE", key, 100_000)
        gateway.pass_(EVERY_S + 0.05)
        assert gateway.client.call("PTTL", key) > 200_000
    assert a.lease.held
    assert a.heard() == []
    assert gateway.client.call("GET", key) == token == a.lease.token.encode()
    assert commit(gateway, a.lease.fence()) == []


def test_a_pause_and_another_node_has_the_name_meanwhile(gateway):
    a = gateway.peer("a")
    before = a.lease.fence()
    gateway.ends("a")
    other = gateway.peer("a")
    assert commit(gateway, before) == [b"fenced"]
    assert commit(gateway, other.lease.fence()) == []
    a.clock.advance(EVERY_S)
    assert a.heard() == [("fenced", "the server has it no more")]
    assert not a.lease.held
    assert commit(gateway, a.lease.fence()) == [b"fenced"]
    gateway.pass_(10)
    assert other.lease.held
    assert a.heard() == []
    assert a.lease.why == "another process has its name on host (process 101)"
    other.nodes.stop()
    a.clock.advance(0.25)
    assert a.heard() == ["unfenced"]
    assert commit(gateway, a.lease.fence()) == []
    assert commit(gateway, before) == [b"fenced"]


def test_a_node_knows_before_the_server_does(gateway):
    a = gateway.peer("a")
    a.calls.down = True
    gateway.pass_(GOOD_S - 0.1)
    assert a.lease.held
    assert a.lease.why == "not connected"
    gateway.pass_(0.15)
    assert not a.lease.held
    assert a.heard() == [("fenced", f"no answer for {GOOD_S:g} s")]
    assert gateway.client.call("EXISTS", gateway.keys.node("a")) == 1
    assert commit(gateway, a.lease.fence()) == [b"fenced"]


def test_it_counts_from_when_a_renewal_was_sent(gateway):
    a = gateway.peer("a")
    a.calls.slow = True
    gateway.pass_(EVERY_S + 0.001, step=EVERY_S)
    a.calls.down = True  # for those behind it
    gateway.pass_(1.5)
    a.calls.answer()
    gateway.pass_(GOOD_S - 1.6)
    assert a.lease.held
    gateway.pass_(0.15)
    assert not a.lease.held


def test_after_a_pause_nothing_is_done_before_the_timer(gateway):
    a = gateway.peer("a")
    a.clock.rightNow += GOOD_S + 0.01  # and no timer has run yet
    assert not a.lease.held


def test_the_server_goes_away_and_comes_back(gateway):
    a = gateway.peer("a")
    a.calls.down = True
    gateway.pass_(60)
    assert len(a.heard()) == 1
    a.calls.down = False
    gateway.pass_(0.3)
    assert a.heard() == ["unfenced"]  # its own lease was still there: that is no other's
    assert a.lease.held
    assert a.lease.why == ""
    assert commit(gateway, a.lease.fence()) == []


def test_the_server_has_forgotten_everything(gateway):
    a = gateway.peer("a")
    gateway.client.call("FLUSHALL")
    a.lease.doubt()
    assert [each if isinstance(each, str) else each[0] for each in a.heard()] == ["fenced", "unfenced"]
    assert a.lease.held
    assert [view.name for view in a.nodes.live()] == ["a"]


def test_a_new_lease_whose_answer_is_lost_is_still_its_own(gateway):
    a = gateway.peer("a")
    gateway.ends("a")
    a.calls.slow = True
    a.clock.advance(EVERY_S)
    a.calls.answer()  # lost; the new one is asked for
    assert a.heard() == [("fenced", "the server has it no more")]
    a.calls.lose()
    a.calls.slow = False
    assert not a.lease.held
    a.clock.advance(0.25)
    assert a.heard() == ["unfenced"]
    assert a.lease.held


def test_an_answer_that_comes_too_late_is_no_lease(gateway):
    a = gateway.peer("a")
    gateway.ends("a")
    a.calls.slow = True
    a.clock.advance(EVERY_S)
    a.calls.answer()
    gateway.pass_(GOOD_S + 0.1)
    a.calls.answer()
    assert a.heard() == [("fenced", "the server has it no more")]
    a.calls.slow = False
    gateway.pass_(0.3)
    assert a.heard() == ["unfenced"]


def test_a_name_is_one_process_alone(gateway):
    gateway.peer("a")
    second = gateway.process("a")
    start = second.start()
    for _ in range(20):
        gateway.pass_(0.25)
    error = failed(start)
    assert isinstance(error, NameTaken)
    assert str(error) == "node 'a' runs already on host (process 100): each node needs a name of its own"
    assert not second.lease.held
    assert second.lease.fence()[1] == b"-"


def test_a_predecessor_that_was_killed_is_waited_for(gateway):
    gateway.peer("a")
    second = gateway.process("a")
    second.start()
    gateway.pass_(1, second)
    assert not second.lease.held
    gateway.ends("a")
    gateway.pass_(0.3, second)
    assert second.lease.held
    assert second.heard() == []


def test_a_predecessor_of_this_machine_that_has_ended_is_not_waited_for(gateway):
    here = place_of_this_process()
    assert here
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid, place, waits in ((ended.pid, "another", True), (os.getpid(), here, True), (ended.pid, here, False)):
        name = f"n{pid}{place == here}"
        first = gateway.process(name)
        first.lease._about = msgspec.structs.replace(first.lease._about, pid=pid, place=place)
        first.start()
        assert first.lease.held
        second = gateway.process(name)
        second.lease._about = msgspec.structs.replace(second.lease._about, place=here)
        second.start()
        assert second.lease.held is not waits


def test_a_start_without_a_server_fails(gateway):
    a = gateway.process("a")
    a.calls.down = True
    assert isinstance(failed(a.start()), Unreachable)
    a.calls.down = False
    a.start()
    assert a.lease.held


def test_a_server_that_refuses(gateway):
    a = gateway.process("a")
    gateway.client.call("SADD", gateway.keys.node("a"), 1)
    assert isinstance(failed(a.start()), Refused)


def test_whoever_stops_is_gone_at_once(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1)
    a.nodes.stop()
    assert a.heard() == []
    assert not a.lease.held
    assert commit(gateway, a.lease.fence()) == [b"fenced"]
    gateway.pass_(5)
    assert [view.name for view in b.nodes.listed()] == ["b"]
    assert gateway.client.call("EXISTS", gateway.keys.node("a")) == 0


def test_what_is_known_of_nodes(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(4)
    assert [(view.name, view.state, view.pid) for view in a.nodes.live()] == [
        ("a", NodeState.UP, 100),
        ("b", NodeState.UP, 101),
    ]
    view = b.nodes.listed()[0]
    assert (view.host, view.version, view.since, view.load) == ("host", "1.0", 1000, {"queued": 7.0})
    assert 0 <= view.age_s < 60
    gateway.ends("b")
    gateway.pass_(2, a)
    assert [view.name for view in a.nodes.live()] == ["a"]
    assert [(view.name, view.state) for view in a.nodes.listed()] == [("a", "up"), ("b", "lost")]


def test_load_is_told_again_and_again(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1)
    a.load = {"queued": 9.0}
    made = len(b.heard())
    gateway.pass_(4)
    assert b.nodes.live()[0].load == {"queued": 9.0}
    assert len(b.heard()) == made == 0  # no reason to share anything out anew


def test_a_look_at_this_moment(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1)
    a.load = {"queued": 9.0}
    a.clock.advance(EVERY_S)
    done = []
    b.nodes.refresh().addCallback(done.append)
    assert done == [None]
    assert b.nodes.live()[0].load == {"queued": 9.0}
    b.calls.slow = True
    waits = [b.nodes.refresh(), b.nodes.refresh()]
    assert not any(each.called for each in waits)
    b.calls.answer()  # the first look was begun before the second wish: that one takes another look
    assert [each.called for each in waits] == [True, False]
    b.calls.answer()
    assert waits[1].called
    b.calls.slow, b.calls.down = False, True
    assert isinstance(failed(b.nodes.refresh()), StoreUnavailable)
    b.nodes.stop()
    assert isinstance(failed(b.nodes.refresh()), StoreUnavailable)


def test_how_old_a_lease_is(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    assert a.lease.age_s == 0.0
    a.calls.down = True
    a.clock.advance(0.5)
    assert a.lease.age_s == 0.5
    gateway.pass_(5)
    assert a.lease.age_s > 5  # counts on
    assert a.nodes.fenced == f"no answer for {GOOD_S:g} s" or a.nodes.fenced == "not connected"
    assert b.nodes.fenced == ""
    gateway.ends("a")
    gateway.pass_(1, b)
    leases = {view.name: view.lease_s for view in b.nodes.listed()}
    assert leases["a"] == -1
    assert 0 <= leases["b"] < 3


def test_a_drain_with_the_intake(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    said = a.intake
    gateway.pass_(1)
    b.nodes.drain("a")
    gateway.pass_(1)
    assert said == []
    assert [(view.state, view.intake) for view in b.nodes.live()] == [("draining", True), ("up", True)]
    b.nodes.drain("a", intake=False)
    gateway.pass_(1)
    assert said == [False]
    assert [(view.state, view.intake) for view in b.nodes.live()] == [("draining", False), ("up", True)]
    b.nodes.undrain("a")
    gateway.pass_(1)
    assert said == [False, True]
    assert b.nodes.live()[0].state == NodeState.UP


def test_a_node_that_does_not_come_back_is_forgotten(gateway):
    a, _ = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1)
    assert isinstance(failed(a.nodes.forget("b")), NodeLives)
    assert isinstance(failed(a.nodes.forget("c")), NoSuchNode)
    gateway.ends("b")
    a.nodes.forget("b")
    assert [view.name for view in a.nodes.listed()] == ["a"]


def test_nodes_that_know_of_other_binds_are_told(gateway):
    a, _ = gateway.peer("a", {"x": 2}), gateway.peer("b", {"x": 3})
    gateway.pass_(2)
    assert [(view.name, view.alike) for view in a.nodes.listed()] == [("a", True), ("b", False)]
    assert a.nodes.binds() == {"x": 2}


def test_nodes_of_other_versions_are_read_as_far_as_can_be(gateway):
    a = gateway.peer("a")
    told = msgspec.json.encode({"host": "h", "pid": 1, "version": "9", "since": 2, "more": [1]})
    gateway.client.call("HSET", gateway.keys.nodes, "newer", b"1795000000000 " + told)
    gateway.client.call("HSET", gateway.keys.nodes, "odd", b"1795000000000 ?")
    a.lease.why = ""
    gateway.client.call("SET", gateway.keys.nodes_mark, "other")
    a.nodes.roster.look()
    found = {view.name: view for view in a.nodes.listed()}
    assert found["newer"].version == "9"
    assert found["odd"].host == ""


def test_a_node_lost_for_a_day_is_listed_no_more(gateway):
    a, b = gateway.peer("a"), gateway.peer("b")
    gateway.ends("b")
    facts = gateway.client.call("HGET", gateway.keys.nodes, "b")
    at, _, text = facts.partition(b" ")
    gateway.client.call("HSET", gateway.keys.nodes, "b", b"%d %b" % (int(at) - 86_401_000, text))
    gateway.client.call("SET", gateway.keys.nodes_mark, "other")
    gateway.pass_(3, a)
    assert [view.name for view in a.nodes.listed()] == ["a"]
    b.clock.advance(1)  # it lived after all
    gateway.pass_(1)
    assert [view.name for view in a.nodes.live()] == ["a", "b"]


def test_a_death_is_seen_when_the_lease_ends(gateway):
    a, _ = gateway.peer("a"), gateway.peer("b")
    gateway.pass_(1, a)
    gateway.client.call("PEXPIRE", gateway.keys.node("b"), 400)
    a.nodes.roster.look()
    made = len(a.calls.made)
    gateway.pass_(0.35, a)
    assert "smsgwd_look" not in a.calls.made[made:]
    gateway.pass_(0.1, a)
    assert "smsgwd_look" in a.calls.made[made:]


@pytest.mark.parametrize(
    ("keys", "opens"), [(("k1",), True), (("k1", "k0"), True), (("k2", "k1"), False), (("k2",), False), ((), True)]
)
def test_nodes_with_other_secret_keys_are_told(gateway, keys, opens):
    a = gateway.peer("a")
    b = gateway.process("b")
    b.keys = keys
    b.start()
    gateway.pass_(4)
    assert [view.opens for view in a.nodes.listed()] == [True, opens]
    assert [view.opens for view in b.nodes.listed()] == [opens, True]


def test_alone():
    said, view = [], NodeView("a", NodeState.UP, "host", 1, "1.0", 1000)
    alone = Alone(lambda: view, lambda *what: said.append(what), lambda thing: said.append(thing))
    alone.things({"x": 2}, ["u:upkeep"])
    assert said == [("b:x:0", None), ("b:x:1", None), ("u:upkeep", None)]
    said.clear()
    alone.things({"x": 1, "y": 1}, ["u:upkeep"])
    assert said == ["b:x:1", ("b:y:0", None)]
    assert alone.owners() == {"b:x:0": "a", "b:y:0": "a", "u:upkeep": "a"}
    assert alone.owns("b:x:0")
    assert not alone.owns("b:x:1")
    assert (alone.name, alone.alone, alone.live(), alone.listed(), alone.pins()) == ("a", True, [view], [view], [])
    assert (alone.binds(), alone.fenced) == ({"x": 1, "y": 1}, "")
    assert alone.refresh().called
    for asked in (alone.drain("a"), alone.undrain("a"), alone.move(Pin("x", None, "a")), alone.forget("a")):
        assert isinstance(failed(asked), NotShared)
