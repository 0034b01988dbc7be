"""What other nodes change of tenants and records is heard, in whatever way it was missed."""

import pytest
from twisted.internet.defer import Deferred, ensureDeferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.model.business import DropRecord, PutRecord, PutTenant
from smsgwd.model.records import CONNECTOR, SENDER, Record
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.redis.apply.records import drop_record, put_record
from smsgwd.store.redis.apply.tenants import put_tenant
from smsgwd.store.redis.changed import Changed
from smsgwd.store.redis.errors import Unreachable
from tests.store.redis.nodes import nodes
from tests.store.samples import tenant


class Link:
    """A link to the shared server that hears what the test publishes."""

    def __init__(self, node):
        self.node, self.down = node, False

    def listen(self, pattern, heard):
        self.pattern, self.heard = pattern, heard

    def call(self, *args, read=False):
        return fail(Unreachable("down")) if self.down else succeed(self.node.ask([args])[0])


class World:
    """Node a hears what b does: `seen` is what it was asked to follow."""

    def __init__(self):
        self.a, self.b = nodes("a", "b")
        self.link, self.clock = Link(self.a), Clock()
        self.seen = []
        self.answer = lambda: succeed(None)
        self.changed = Changed(self.link, self.a.keys, "a", self.clock)
        ensureDeferred(self.changed.begin())
        self.changed.follow = self.follow
        self.number = 0

    def follow(self, heard):
        self.seen.append(heard)
        return self.answer()

    def told(self, topic, node="b", number=None):
        """A commit happened, and is published."""
        self.number = number or self.number + 1
        self.a.ask([("SET", self.a.keys.changed_number, self.number)])
        self.link.heard(b"", f"{self.number}\0{node}\0{topic}".encode())

    def put(self, node, name):
        """A tenant, by a node that may not be heard."""
        node.run(lambda work: put_tenant(work, PutTenant(Tenant(name))))
        self.number += 1

    def heard(self, seconds=0.0):
        self.clock.advance(seconds)
        seen, self.seen = self.seen, []
        return seen


@pytest.fixture
def world():
    made = World()
    yield made
    made.a.close()
    made.b.close()


def published(node, do):
    """What a commit tells, of which node."""
    attempt = node.begin(do)
    topics = attempt.program.topics
    assert attempt.commit()
    return None if topics is None else (topics.node, [*topics.names])


def test_what_changes_is_told_by_the_commit(world):
    a = world.a
    sender = Record(SENDER, "demo", "Shop", b"{}", 1)
    wish = Record(CONNECTOR, "", "sim", b"{}", 1)
    assert published(a, lambda work: put_tenant(work, PutTenant(tenant()))) == ("a", ["t:demo"])
    assert published(a, lambda work: put_tenant(work, PutTenant(tenant(), replace=True))) == ("a", ["t:demo"])
    assert published(a, lambda work: put_record(work, PutRecord(sender))) == ("a", ["r:sender:demo"])
    assert published(a, lambda work: drop_record(work, DropRecord(SENDER, "demo", "", True))) == (
        "a",
        ["r:sender:demo"],
    )
    assert published(a, lambda work: drop_record(work, DropRecord(SENDER, "demo", "Shop"))) is None
    assert published(a, lambda work: put_record(work, PutRecord(wish))) is None
    stored = a.stored()
    assert stored["changed"] == {b"t:demo": 2, b"r:sender:demo": 4}


def test_what_is_told_is_followed_at_once_and_together(world):
    world.changed.start()
    assert world.heard() == []
    world.told("t:x")
    world.told("t:y")
    assert world.heard() == [{"t:x": False, "t:y": False}]


def test_own_changes_are_told_apart(world):
    world.changed.start()
    world.told("t:x", "a")
    world.told("t:y", "a")
    world.told("t:y", "b")
    assert world.heard() == [{"t:x": True, "t:y": False}]


def test_one_that_was_missed_is_found_with_the_next(world):
    world.changed.start()
    world.clock.advance(0)
    for name in "xyz":
        world.put(world.b, name)
    world.told("t:z", number=3)
    assert world.heard() == [{"t:x": False, "t:y": False, "t:z": False}]
    world.told("t:z", number=3)
    assert world.heard() == []


def test_it_is_looked_for_now_and_then(world):
    world.changed.start()
    world.clock.advance(0)
    world.put(world.b, "x")
    assert world.heard(9.9) == []
    assert world.heard(0.2) == [{"t:x": False}]
    assert world.heard(60) == []


def test_it_is_looked_for_when_the_link_is_up_again(world):
    world.changed.start()
    world.clock.advance(0)
    world.put(world.b, "x")
    world.changed.link_changed(False)
    assert world.heard() == []
    world.changed.link_changed(True)
    assert world.heard() == [{"t:x": False}]


def test_what_changed_between_the_beginning_and_the_start_is_followed(world):
    world.changed.follow = None
    world.put(world.b, "x")
    world.told("t:x", number=1)
    assert world.heard(100) == []
    world.changed.follow = world.follow
    world.changed.start()
    assert world.heard() == [{"t:x": False}]


def test_what_could_not_be_followed_is_followed_later(world):
    world.changed.start()
    world.answer = lambda: fail(StoreUnavailable("away"))
    world.told("t:x")
    assert world.heard() == [{"t:x": False}]
    world.answer = lambda: succeed(None)
    assert world.heard(1.1) == [{"t:x": False}]
    assert world.heard(5) == []


def test_a_server_that_is_away_is_asked_again(world):
    world.changed.start()
    world.clock.advance(0)
    world.put(world.b, "x")
    world.link.down = True
    world.clock.pump([1.0] * 15)
    assert world.heard() == []
    world.link.down = False
    assert world.heard(1.1) == [{"t:x": False}]


def test_a_server_that_lost_its_last_writes_may_have_anything(world):
    world.changed.start()
    for name in "xy":
        world.put(world.b, name)
    world.told("t:y")
    world.heard()
    world.a.ask([("SET", world.a.keys.changed_number, 1)])
    assert world.heard(10) == [None]
    world.put(world.b, "z")
    assert world.heard(10) == [{"t:y": False, "t:z": False}]


def test_a_look_ends_when_all_is_followed(world):
    world.changed.start()
    world.clock.advance(0)
    waiting = Deferred()
    world.answer = lambda: waiting
    world.put(world.b, "x")
    ended = []
    world.changed.look().addCallback(ended.append)
    assert ended == []
    waiting.callback(None)
    assert ended == [None]
    assert world.seen == [{"t:x": False}]


def test_after_the_stop_nothing_is_followed(world):
    world.changed.start()
    world.changed.stop()
    world.told("t:x")
    assert world.heard(30) == []
    assert world.clock.getDelayedCalls() == []


def test_a_tenant_that_is_not_what_it_was_is_not_replaced(world):
    a, b = world.a, world.b
    first = tenant()
    a.run(lambda work: put_tenant(work, PutTenant(first)))
    one, two = (tenant(throughput=number) for number in (1, 2))
    assert a.run(lambda work: put_tenant(work, PutTenant(one, replace=True, was=first)))
    assert b.run(lambda work: put_tenant(work, PutTenant(two, replace=True, was=first))) is False
    assert b.run(lambda work: put_tenant(work, PutTenant(two, replace=True, was=one)))
    turned = tenant(throughput=2, credentials=two.credentials[::-1])
    assert b.run(lambda work: put_tenant(work, PutTenant(one, replace=True, was=turned)))  # the same in another order
