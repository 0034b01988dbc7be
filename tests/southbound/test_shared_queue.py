"""A connector of which this node has some binds, or none: what it sends is what it has claimed."""

from dataclasses import replace

from twisted.internet.defer import Deferred

from smsgwd.model.message import State
from smsgwd.ports.store import QueuedMessage
from smsgwd.southbound.bind_owner import BindState
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from tests.southbound.fakes import Bench, FakeOutbox, message, settings


class Lease:
    held = True


class FakeClaims:
    """Claims of one node on a fake store; `free` and `own` are ids."""

    def __init__(self, store):
        self.store = store
        self.free = []
        self.own = []
        self.fresh = set()
        self.room = {}
        self.takes = []

    def submit(self, *messages):
        """A commit of this node makes them ready: so many as there is room for are claimed."""
        self.store.keep(*messages)
        for at, each in enumerate(messages):
            if at < self.room.get(each.connector, 0):
                self.own.append(each.id)
                self.fresh.add(each.id)
            else:
                self.free.append(each.id)

    def accept(self, connector, room):
        self.room[connector] = room

    def claimed_here(self, message_id):
        mine = message_id in self.fresh
        self.fresh.discard(message_id)
        return mine

    def _fire(self, answer):
        done = Deferred()
        self.store.reactor.callLater(0, lambda: done.callback(answer()))
        return done

    def _ready(self, ids):
        found = [self.store.messages[number] for number in ids]
        return sorted((each for each in found if each.state is State.QUEUED), key=lambda m: (-m.priority, m.id))

    def page(self, connector, after, limit):
        def answer():
            page = [each for each in self._ready(self.own) if after is None or (-each.priority, each.id) > after]
            return [QueuedMessage(each, frozenset(self.store.parts[each.id])) for each in page[:limit]]

        return self._fire(answer)

    def take(self, connector, limit):
        self.takes.append(limit)

        def answer():
            page = self._ready(self.free)[:limit]
            for each in page:
                self.free.remove(each.id)
                self.own.append(each.id)
            return [QueuedMessage(each, frozenset()) for each in page], len(page) == limit

        return self._fire(answer)


class Node(Bench):
    """A bench whose connector may be others', too: at first this node has none of its binds."""

    def __init__(self, **changes):
        super().__init__(**changes)
        self.claims = FakeClaims(self.store)
        self.lease = Lease()
        runtime = replace(self.runtime, claims=self.claims, lease=self.lease)
        self.dispatcher = ConnectorDispatcher([settings(**changes)], runtime, self.store, FakeOutbox())
        self.connector = self.dispatcher._connectors["sim"]
        self.start()

    def share(self, mine, **how):
        self.dispatcher.share("sim", mine, **how)
        self.pump()

    def submit(self, *messages):
        self.claims.submit(*messages)
        self.dispatcher.offer(messages)
        self.pump()

    @property
    def bound(self):
        return sum(bind.state is BindState.BOUND for bind in self.connector._all.all)


def test_without_binds_nothing_is_bound_claimed_or_sent():
    node = Node(binds=3)
    node.submit(message(1))
    node.dispatcher.queue("sim").look()
    node.advance(5)
    assert (node.bound, node.smsc.binds, node.smsc.submits, node.claims.takes) == (0, [], [], [])
    assert node.dispatcher.down_for("sim") == 0  # that is others' matter
    assert node.dispatcher.settings("sim").binds == 3
    assert not node.dispatcher.up("sim")
    node.dispatcher.shares.elsewhere = lambda connector: connector == "sim"
    assert node.dispatcher.up("sim")


def test_binds_and_rate_follow_what_the_node_owns_and_the_others_stay():
    node = Node(binds=4, throughput=100.0, burst=10.0)
    node.share(2)
    assert (node.bound, node.connector.settings.throughput, node.connector.settings.burst) == (2, 50.0, 5.0)
    node.share(3)
    assert (node.bound, len(node.smsc.binds), node.connector.settings.throughput) == (3, 3, 75.0)
    node.share(1)
    assert (node.bound, len(node.smsc.binds)) == (1, 3)
    node.dispatcher.set_limits("sim", throughput=40.0, window=7)
    assert (node.connector.settings.throughput, node.connector.settings.session.window) == (10.0, 7)
    assert node.dispatcher.settings("sim").throughput == 40.0
    left = node.dispatcher.left("sim")
    assert left.called
    node.share(0)
    assert (node.bound, node.smsc.open) == (0, 0)


def test_a_reload_tells_of_what_is_others_part_too():
    node = Node(binds=2)
    node.share(1)
    done = node.dispatcher.reconfigure([settings(binds=3)])
    assert (done.adjusted, node.bound) == (("sim",), 1)
    assert node.dispatcher.reconfigure([settings(binds=3)]).adjusted == ()
    node.share(3)
    assert node.bound == 3


def test_what_others_may_have_left_is_waited_for():
    node = Node(binds=1)
    node.share(1)
    node.smsc.script = lambda pdu: None
    node.submit(message(1))
    assert len(node.smsc.submits) == 1
    node.share(0)
    left = node.dispatcher.left("sim")
    assert (left.called, node.dispatcher.busy("sim")) == (False, True)
    node.smsc.answer(node.smsc.connections[0], node.smsc.submits[0], 0)
    node.pump()
    assert (left.called, node.dispatcher.busy("sim"), node.bound) == (True, False, 0)


def test_what_is_not_claimed_is_not_handed_out_and_taken_when_there_is_room():
    node = Node(throughput=10.0, burst=1.0)
    node.share(1)
    messages = [message(number) for number in range(1, 61)]
    node.submit(*messages)
    assert len(node.claims.own) == 20  # two seconds' worth
    assert len(node.claims.free) == 40
    node.claims.free = node.claims.free[:10]  # another node has claimed the rest
    node.dispatcher.queue("sim").look()
    node.advance(8)
    assert sorted(node.smsc.texts) == sorted(f"text {number}" for number in (*range(1, 21), *range(21, 31)))
    assert node.idle


def test_the_most_urgent_of_what_is_nobodys_goes_first():
    node = Node(throughput=10.0, burst=1.0)
    node.share(1)
    node.claims.room["sim"] = 0
    node.submit(message(1), message(2, priority=3))
    node.advance(1)
    assert node.smsc.texts == ["text 2", "text 1"]


def test_who_leaves_drops_what_waits_and_finds_its_claims_when_it_comes_back():
    node = Node(throughput=1.0, burst=1.0)
    node.share(1)
    node.submit(message(1), message(2), message(3))
    assert node.smsc.texts == ["text 1"]
    node.share(0)
    assert len(node.dispatcher.queue("sim")) == 0
    assert node.claims.room["sim"] == 0
    node.claims.own.remove(3)  # of what it had claimed that is another's now
    node.share(1)
    node.advance(5)
    assert node.smsc.texts == ["text 1", "text 2"]


def test_one_that_a_reload_removed_and_brings_back_holds_nothing_of_what_was_released():
    node = Node(throughput=1.0, burst=1.0)
    node.share(1)
    node.smsc.script = lambda pdu: None
    node.submit(message(1), message(2), message(3))
    assert node.smsc.texts == ["text 1"]
    node.smsc.script = lambda pdu: 0
    node.dispatcher.reconfigure([])
    node.share(0)  # it waits for its answer, and has no binds any more
    node.dispatcher.reconfigure([settings(throughput=1.0, burst=1.0)])
    node.smsc.answer(node.smsc.connections[0], node.smsc.submits[0], 0)
    node.pump()
    assert not node.dispatcher.busy("sim")
    node.claims.own, node.claims.free = [], [2]  # released, and 3 another node took
    node.share(1)
    node.advance(10)
    assert node.smsc.texts == ["text 1", "text 2"]


def test_without_the_lease_nothing_is_written_and_no_bind_begun():
    node = Node(binds=2)
    node.share(2)
    node.lease.held = False
    node.submit(message(1))
    node.network.cut()
    node.advance(30)
    assert (node.smsc.submits, len(node.smsc.binds)) == ([], 2)
    node.lease.held = True
    node.advance(70)
    assert (node.smsc.texts, len(node.smsc.binds)) == (["text 1"], 4)


def test_a_fenced_node_cuts_its_binds_and_what_was_out_is_left_to_others():
    node = Node(binds=2)
    node.share(2)
    node.smsc.script = lambda pdu: None
    node.submit(message(1), message(2))
    assert len(node.smsc.submits) == 2
    node.lease.held = False
    node.share(0, cut=True)
    assert (node.smsc.open, node.dispatcher.busy("sim"), len(node.dispatcher.queue("sim"))) == (0, False, 0)


def test_a_cancellation_that_failed_since_another_node_has_it_sends_nothing():
    node = Node()
    node.share(1)
    node.claims.room["sim"] = 0
    foreign = message(1)
    node.store.keep(foreign)  # claimed by another node
    assert node.dispatcher.withdraw(1, "sim")
    node.dispatcher.restore(foreign)
    node.advance(5)
    assert node.smsc.submits == []


def test_what_was_withdrawn_in_vain_is_sent_once():
    node = Node(throughput=1.0, burst=1.0)
    node.share(1)
    node.submit(message(1), message(2), message(3))
    assert node.dispatcher.withdraw(2, "sim")
    node.advance(3)
    assert node.smsc.texts == ["text 1", "text 3"]
    node.dispatcher.restore(message(2, attempts=1))  # it is not as it was
    node.advance(3)
    assert node.smsc.texts == ["text 1", "text 3", "text 2"]
    assert node.idle


def test_a_claim_that_came_to_nobody_is_found():
    node = Node()
    node.share(1)
    node.store.keep(message(1))
    node.claims.own.append(1)
    node.advance(5)
    assert node.smsc.submits == []
    node.dispatcher.queue("sim").look_again()
    node.pump()
    assert node.smsc.texts == ["text 1"]


def test_one_that_cannot_send_claims_nothing():
    node = Node()
    node.network.refuse = True
    node.share(1)
    node.submit(message(1))
    node.dispatcher.queue("sim").look()
    node.pump()
    assert (node.claims.takes, node.claims.free, node.claims.own) == ([], [1], [])
    node.network.refuse = False
    node.advance(5)
    assert node.smsc.texts == ["text 1"]
