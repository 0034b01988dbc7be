"""Which node is answered what of a queue that several read, and what the server's functions for that do."""

from random import Random

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.model.changes import Cancel, Ignored, Promote, Requeue, Submit
from smsgwd.model.message import Failure, State
from smsgwd.ports.looking import QueueShape
from smsgwd.ports.store import QueueDepth
from smsgwd.store.redis import claims, reads_queues
from smsgwd.store.redis.apply.table import apply
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import id8, number_of, queued
from smsgwd.store.redis.rows import row_from
from smsgwd.store.redis.tx import STAMP
from tests.store.redis.nodes import nodes
from tests.store.samples import NOW, begin_anew, message, sent


def now(coroutine):
    """What a query that need not wait returns, or raises."""
    box = []
    Deferred.fromCoroutine(coroutine).addBoth(box.append)
    (result,) = box
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


def answering(node):
    """How queries of a node ask the server."""
    return lambda *command: succeed(node.ask([command])[0])


class Gateway:
    """Nodes `a` and `b` on one server, with what each asks."""

    def __init__(self):
        begin_anew()
        self.a, self.b = nodes("a", "b")
        self.asking = {node: Asking(node.keys, answering(node)) for node in (self.a, self.b)}

    def local(self, *owners):
        for node in (self.a, self.b):
            node.memory.room = lambda connector, on=node in owners: 99 * on

    def submit(self, node, *messages):
        node.run(lambda work: work.insert(messages))

    def ready(self, node, after=None, limit=99, connector="sim"):
        """Ids of a page."""
        page = now(reads_queues.ready(self.asking[node], node.memory.node, connector, after, limit))
        return [each.message.id for each in page]

    def own(self, node, after=None, limit=99):
        """Ids of a page of what a node has claimed."""
        page = now(reads_queues.claimed(self.asking[node], node.memory.node, "sim", after, limit))
        return [each.message.id for each in page]

    def take(self, node, limit=99, token=claims.ANY_LEASE):
        """Ids of what a node claims now."""
        page, more = now(reads_queues.take(self.asking[node], node.memory.node, token, "sim", limit))
        assert more == (len(page) == limit)
        return [each.message.id for each in page]

    def members(self, node="", connector="sim"):
        """What stands in a queue."""
        key = self.a.keys.queue(connector, node)
        return [number_of(member) for member in self.a.ask([("ZRANGE", key, 0, -1)])[0]]

    def names(self):
        return self.a.ask([("ZRANGE", self.a.keys.queues, 0, -1)])[0]

    def row(self, number):
        return self.a.ask([("GET", self.a.keys.message(number))])[0]


@pytest.fixture
def gateway():
    made = Gateway()
    yield made
    made.a.close()
    made.b.close()


def _in_order(messages):
    return [each.id for each in sorted(messages, key=lambda m: (-m.priority, m.id))]


def test_nodes_share_a_queue_page_by_page(gateway):
    messages = [message(priority=n % 4) for n in range(40)]
    gateway.submit(gateway.a, *messages)
    every = _in_order(messages)
    assert gateway.take(gateway.a, 15) == every[:15]
    assert gateway.take(gateway.b, 15) == every[15:30]
    assert gateway.own(gateway.a) == every[:15]
    assert gateway.take(gateway.a, 15) == every[30:]
    last = messages[[each.id for each in messages].index(every[14])]
    assert gateway.own(gateway.a, (-last.priority, last.id), 15) == every[30:]
    assert gateway.members() == []
    assert sorted(gateway.members("a") + gateway.members("b")) == sorted(every)
    assert gateway.names() == [b"sim", b"sim\0a", b"sim\0b"]


def test_who_looks_takes_nothing_and_sees_nothing_of_others(gateway):
    messages = [message() for _ in range(6)]
    gateway.submit(gateway.a, *messages)
    every = _in_order(messages)
    assert gateway.ready(gateway.b, limit=4) == every[:4]
    assert gateway.members() == every
    assert gateway.take(gateway.a, 2) == every[:2]
    assert gateway.ready(gateway.b) == every[2:]
    assert gateway.ready(gateway.a) == every  # its own, and what is nobody's
    assert gateway.members("a") == every[:2]
    assert gateway.ready(gateway.b, (-1, every[2]), 2) == every[3:5]


def test_the_most_urgent_is_claimed_first_whatever_was_claimed_before(gateway):
    usual = [message() for _ in range(4)]
    gateway.submit(gateway.b, *usual)
    gateway.take(gateway.a, 2)
    urgent = message(priority=3)
    gateway.submit(gateway.b, urgent)
    assert gateway.take(gateway.a, 2) == [urgent.id, usual[2].id]
    assert gateway.own(gateway.a, None, 3) == [urgent.id, usual[0].id, usual[1].id]


def test_what_is_ready_anew_is_nobodys_or_claimed_by_the_commit(gateway):
    mine, foreign, gone = message(), message(), message()
    gateway.local(gateway.a)
    gateway.submit(gateway.a, mine)
    gateway.submit(gateway.b, foreign)
    assert (gateway.members("a"), gateway.members()) == ([mine.id], [foreign.id])
    memory = gateway.a.memory
    assert not memory.claimed_here(foreign.id)
    assert memory.claimed_here(mine.id)
    assert not memory.claimed_here(mine.id)  # it is told once
    attempt = gateway.a.begin(lambda work: work.insert([gone]))
    memory.claims_end()  # what that commit claims may be released before it is known
    assert attempt.commit()
    assert not memory.claimed_here(gone.id)
    assert gateway.own(gateway.a) == [mine.id, gone.id]


def test_a_claim_or_release_that_comes_late_does_nothing(gateway):
    one, two = message(), message()
    gateway.submit(gateway.a, one, two)
    lease = gateway.a.keys.node("a")
    gateway.a.ask([("SET", lease, "t1")])
    assert gateway.take(gateway.a, 1, b"t1") == [one.id]
    gateway.a.ask([("SET", lease, "t2")])
    assert gateway.take(gateway.a, 1, b"t1") == []
    assert now(claims.release(gateway.asking[gateway.a], "sim", "a", b"t1")) == 0
    assert now(claims.release(gateway.asking[gateway.b], "sim", "a")) == 0  # it lives
    assert gateway.members("a") == [one.id]
    gateway.a.ask([("DEL", lease)])
    assert now(claims.claimed_by(gateway.asking[gateway.b])) == [("sim", "a")]
    assert now(claims.release(gateway.asking[gateway.b], "sim", "a")) == 1
    assert gateway.members() == [one.id, two.id]


def test_released_claims_are_for_whoever_sends_now(gateway):
    messages = [message(priority=n % 2) for n in range(2500)]
    gateway.submit(gateway.a, *messages)
    every = _in_order(messages)
    assert gateway.take(gateway.a, 2300) == every[:2300]
    assert now(claims.release(gateway.asking[gateway.b], "sim", "a")) == 2300
    assert gateway.members() == every
    assert gateway.names() == [b"sim"]
    assert now(claims.release(gateway.asking[gateway.a], "sim", "a")) == 0
    assert now(claims.release(gateway.asking[gateway.a], "sim", "")) == 0
    assert gateway.take(gateway.b, 9) == every[:9]


def test_what_is_not_to_be_sent_any_more_leaves_the_queue_and_shortens_no_page(gateway):
    messages = [message() for _ in range(6)]
    gateway.submit(gateway.a, *messages)
    every = gateway.take(gateway.a)
    own = gateway.a.keys.queue("sim", "a")
    gateway.a.ask([("ZADD", own, 0, queued(1, 77))])  # of a message that is gone
    gateway.submit(gateway.a, other := message(connector="other"))
    gateway.a.ask([("ZADD", own, 0, queued(2, other.id))])
    assert gateway.own(gateway.a, limit=3) == every[:3]
    assert gateway.members("a") == every


def test_what_changed_since_it_was_looked_at_stays_in_its_queue(gateway):
    one, two = message(), message()
    gateway.submit(gateway.a, one, two)
    gateway.take(gateway.a)
    stale = [
        (queued(1, each.id), gateway.a.keys.message(each.id), stamp)
        for each, stamp in ((one, b"\0" * STAMP), (two, gateway.row(two.id)[:STAMP]))
    ]
    now(claims.unclaim(gateway.asking[gateway.a], "sim", "a", stale))
    assert gateway.members("a") == [one.id]


def test_figures_count_what_is_claimed_too(gateway):
    old, young, urgent = message(submitted_at=NOW - 5), message(), message(priority=3)
    gateway.submit(gateway.a, old, young, urgent)
    assert gateway.take(gateway.b, 2) == [urgent.id, old.id]
    ask = gateway.asking[gateway.a]
    assert now(reads_queues.counts(ask)).queues == (QueueDepth("sim", 3, NOW - 5),)
    assert now(reads_queues.queue_shapes(ask, NOW)) == [QueueShape("sim", (3, 0, 0, 0, 0, 0, 0, 0), NOW - 5)]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_behind_a_place_in_an_index(gateway, seed):
    """Also where many have one score, and where the place is nobody's."""
    random = Random(seed)
    index = f"{gateway.a.keys.base}index"
    pairs = sorted({(random.randrange(4), id8(random.getrandbits(63))) for _ in range(60)})
    for score, member in pairs:
        gateway.a.ask([("ZADD", index, score, member)])
    ask = gateway.asking[gateway.a]
    for _ in range(30):
        place = random.choice([*pairs, (random.randrange(-1, 5), id8(random.getrandbits(63)))])
        high, limit = random.randrange(-1, 5), random.randrange(1, 40)
        expected = [(member, score) for score, member in pairs if (score, member) > place]
        found = now(ask.scored(index, "-inf", f"({high}", limit, after=place))
        assert found == [pair for pair in expected if pair[1] < high][:limit]
        assert now(ask.scored(index, "-inf", "+inf", limit, after=place)) == expected[:limit]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_nodes_do_a_message_stands_in_one_queue(gateway, seed):
    """Two nodes send, put back, cancel and release in any order: what is ready is in one queue, once."""
    random = Random(seed)
    both = (gateway.a, gateway.b)
    local = {node: {"sim"} for node in both}
    for node in both:
        node.memory.room = lambda connector, on=local[node]: 2 * (connector in on)
    known: dict[int, set[str]] = {}  # by message: who was answered it and has not given it back
    for step in range(150):
        node, name = random.choice(((gateway.a, "a"), (gateway.b, "b")))
        kind = random.randrange(7)
        mine = [number for number, who in known.items() if name in who]
        if kind == 0:
            new = [message(priority=random.randrange(3)) for _ in range(random.randrange(1, 4))]
            node.run(lambda work, new=new: apply(work, [Submit("demo", new, NOW)]))
            known |= {each.id: set() for each in new}
        elif kind == 1 and "sim" in local[node]:
            for number in gateway.take(node, random.randrange(1, 4)):
                known[number].add(name)
                assert known[number] == {name}
        elif kind == 2 and mine:
            number = random.choice(mine)
            node.run(lambda work, number=number: apply(work, [sent(number, f"{number:x}")]))
            del known[number]
        elif kind == 3 and mine:
            number = random.choice(mine)
            due_at = random.choice((0, NOW + step))
            change = Requeue(number, due_at, "sim", NOW, Failure("x"))
            node.run(lambda work, change=change: apply(work, [change]))
            known[number] = set()
        elif kind == 4 and known:
            number = random.choice(list(known))
            (result,) = node.run(lambda work, number=number: apply(work, [Cancel("demo", number, NOW)]))
            if isinstance(result, Ignored):  # the other node has it: it may be on its way
                assert known[number] or number not in gateway.members()
            else:
                del known[number]
        elif kind == 5:
            node.run(lambda work, at=NOW + step: apply(work, [Promote(at)]))
        elif kind == 6:
            local[node].symmetric_difference_update({"sim"})
            if "sim" not in local[node]:
                now(claims.release(gateway.asking[node], "sim", name))
                for who in known.values():
                    who.discard(name)
        standing = gateway.members() + gateway.members("a") + gateway.members("b")
        rows = {number: row_from(gateway.row(number)[STAMP:]) for number in standing}
        ready = [number for number in standing if rows[number].state == State.QUEUED]
        assert len(ready) == len(set(ready))
        waiting = now(reads_queues.waiting(gateway.asking[node], "", (State.QUEUED,), 0, 999))
        assert sorted(ready) == [view.message.id for view in waiting]
        queued_ones = [number for number in known if row_from(gateway.row(number)[STAMP:]).state == State.QUEUED]
        assert sorted(ready) == sorted(queued_ones)
