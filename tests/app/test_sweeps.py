import pytest
from twisted.internet.task import Clock

from smsgwd.app.sweeps import Sweeps
from smsgwd.model.changes import Expire, Promote, Promoted, Swept
from smsgwd.model.upkeep import Tidy, TimeOutReceipts
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock, FakeDispatcher, FakeOutbox, FakeStore


class World:
    def __init__(self):
        self.reactor = Clock()
        self.clock = FakeClock()
        self.store = FakeStore()
        self.store.answers = {
            Expire: Swept((), (), False),
            TimeOutReceipts: Swept((), (), False),
            Promote: Promoted((), False),
            Tidy: 0,
        }
        self.dispatcher = FakeDispatcher()
        self.outbox = FakeOutbox()
        self.failures = []
        self.sweeps = Sweeps(
            self.reactor,
            clock=self.clock,
            store=self.store,
            dispatcher=self.dispatcher,
            outbox=self.outbox,
            receipt_wait_ms=72 * 3_600_000,
            keys_kept_ms=86_400_000,
            pushes_kept_ms=86_400_000,
            orphan_after_ms=900_000,
            failed=self.failures.append,
        )

    def advance(self, seconds):
        self.clock.advance(seconds)
        self.reactor.advance(seconds)

    def settle(self):
        while self.store.waiting:
            self.store.finish()

    def asked(self, kind):
        return [change for changes in self.store.log for change in changes if isinstance(change, kind)]


@pytest.fixture
def world():
    world = World()
    world.sweeps.start()
    world.sweeps.lead()
    world.advance(0)
    return world


def test_a_start_queues_expires_and_times_out_at_once(world):
    assert len(world.asked(Promote)) == len(world.asked(Expire)) == len(world.asked(TimeOutReceipts)) == 1
    assert world.asked(TimeOutReceipts)[0].deadline_before == world.clock.wall - 72 * 3_600_000


def test_parts_that_were_taken_are_told_so_that_they_are_not_sent_again(world):
    world.store.answers[Promote] = Promoted(("message",), False, {7: frozenset({1, 2})})
    world.settle()
    assert world.dispatcher.offered == ["message"]
    assert world.dispatcher.sent_parts == {7: frozenset({1, 2})}


def test_a_scheduled_message_wakes_the_sweep_at_its_time(world):
    world.settle()
    world.sweeps.wake_at(world.clock.wall + 10_000)
    world.advance(9.9)
    world.settle()
    assert len(world.asked(Promote)) == 1
    world.store.answers[Promote] = Promoted(("message",), False)
    world.advance(0.2)
    world.settle()
    assert len(world.asked(Promote)) == 2
    assert world.dispatcher.offered == ["message"]


def test_a_time_noted_while_a_sweep_runs_is_not_lost(world):
    world.sweeps.wake_at(world.clock.wall + 5_000)
    world.store.due = world.clock.wall + 5_000
    world.settle()
    world.advance(5.1)
    assert len(world.asked(Promote)) == 2


def test_the_store_tells_the_next_time_after_a_start(world):
    world.store.due = world.clock.wall + 20_000
    world.settle()
    world.advance(20.1)
    assert len(world.asked(Promote)) == 2


def test_a_retry_that_nobody_told_of_is_found(world):
    world.settle()
    world.advance(3)
    world.store.due = world.clock.wall + 5_000
    for _ in range(7):
        world.advance(1)
        world.settle()
    assert world.asked(Promote)[-1].at >= world.store.due
    assert len(world.asked(Promote)) >= 2


def test_looking_goes_on_after_the_store_could_not_be_read(world):
    world.settle()
    world.store.due = StoreUnavailable("no")
    world.advance(1.1)
    assert len(world.failures) == 1
    world.store.due = world.clock.wall + 1_000
    for _ in range(3):
        world.advance(1.1)
        world.settle()
    assert len(world.asked(Promote)) >= 2


def test_a_full_sweep_goes_on_soon(world):
    world.store.answers[Promote] = Promoted(("a",), True)
    world.store.finish(None)
    world.settle()
    world.sweeps.wake_at(world.clock.wall + 60_000)
    world.store.answers[Promote] = Promoted(("b",), False)
    world.advance(0.05)
    world.settle()
    assert world.dispatcher.offered == ["a", "b"]


def test_many_that_expire_at_once_are_ended_in_small_commits_with_room_between(world):
    world.settle()
    world.store.answers[Expire] = Swept(tuple(range(200)), (), True)
    world.advance(2.1)
    before = len(world.asked(Expire))
    for _ in range(10):
        world.settle()
        world.advance(0.021)
    assert 9 <= len(world.asked(Expire)) - before <= 10
    assert all(change.limit == 200 for change in world.asked(Expire))


def test_expiry_leaves_alone_what_is_being_sent_and_pushes_what_ended(world):
    world.settle()
    world.dispatcher.flying = {7}
    world.store.answers[Expire] = Swept((5,), ("push",), False)
    world.advance(2.1)
    world.settle()
    assert world.asked(Expire)[-1].excluding == frozenset({7})
    assert world.outbox.items == ["push"]
    assert world.dispatcher.gone == [5]


def test_a_store_that_fails_is_reported_and_asked_again(world):
    world.store.fail(StoreUnavailable("full"))
    assert len(world.failures) == 1
    world.settle()
    before = len(world.store.log)
    world.advance(1.1)
    assert len(world.store.log) > before


def test_leftovers_go_every_minute(world):
    world.settle()
    for _ in range(61):
        world.advance(1)
        world.settle()
    [change] = world.asked(Tidy)
    assert change.keys_before <= world.clock.wall - 86_400_000


def test_after_stop_nothing_begins(world):
    world.settle()
    world.sweeps.stop()
    count = len(world.store.log)
    world.advance(200)
    assert len(world.store.log) == count
    assert world.reactor.getDelayedCalls() == []


def test_what_is_owed_for_those_who_opted_out_meanwhile_is_pushed(world):
    world.store.answers[Promote] = Promoted((), False, {}, ("push",))
    world.settle()
    assert world.outbox.items == ["push"]


def test_a_wall_clock_that_is_set_back_is_told_once_even_after_a_failure(world):
    """A step forward before it that nobody needed to notice counts too."""
    world.settle()
    world.clock.wall += 3_600_000
    world.advance(1.1)
    world.settle()
    world.clock.wall -= 3_600_000
    world.store.answers[Promote] = Promoted((), False)
    world.advance(1.1)
    assert world.asked(Promote)[-1].set_back == pytest.approx(3_600_000, abs=100)
    world.settle()
    world.sweeps.wake_at(world.clock.wall)
    world.advance(1.1)
    world.settle()
    assert world.asked(Promote)[-1].set_back == 0


def test_other_times_count_from_the_next_sweep_on(world):
    world.settle()
    world.sweeps.follow(receipt_wait_ms=3_600_000, keys_kept_ms=7_200_000, pushes_kept_ms=60_000)
    world.advance(61)
    world.settle()
    now = world.clock.wall
    assert world.asked(TimeOutReceipts)[-1].deadline_before == now - 3_600_000
    [tidy] = world.asked(Tidy)
    assert tidy == Tidy(now - 7_200_000, now - 60_000, now - 900_000)


def test_a_node_that_does_not_lead_expires_what_it_has_and_nothing_else(world):
    world.settle()
    world.sweeps.leave()
    before = len(world.asked(Expire))
    for _ in range(130):
        world.advance(1)
        world.settle()
    assert len(world.asked(Expire)) >= before + 60
    assert len(world.asked(Promote)) == len(world.asked(TimeOutReceipts)) == 1
    assert world.asked(Tidy) == []
    world.sweeps.lead()
    world.sweeps.lead()
    world.advance(0)
    world.settle()
    assert len(world.asked(Promote)) == len(world.asked(TimeOutReceipts)) == 2
    world.advance(60)
    world.settle()
    assert len(world.asked(Tidy)) == 1


def test_one_that_leads_no_more_while_it_commits_begins_nothing_anew(world):
    world.store.answers[Promote] = Promoted(("message",), True)
    world.sweeps.leave()
    world.settle()
    world.advance(30)
    world.settle()
    assert world.dispatcher.offered == ["message"], "what it has committed is handed on"
    assert len(world.asked(Promote)) == 1


def test_who_leads_is_told_of_what_is_due_before_it_looks_again_and_not_of_each_message():
    world = World()
    told = []
    world.sweeps._tell_due = told.append
    world.sweeps.start()
    now = world.clock.wall
    for due in (now + 500, now + 500, now + 700, now + 300, now + 5000):
        world.sweeps.wake_at(due)
    assert told == [now + 500, now + 300]
    world.advance(0.4)
    world.sweeps.wake_at(now + 600)
    assert told == [now + 500, now + 300, now + 600]
