import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.defer import fail, succeed
from twisted.internet.task import Clock

from smsgwd.app.retention import Retention
from smsgwd.config.model.runtime import Retention as Section
from smsgwd.model.tenant import Tenant
from smsgwd.model.upkeep import BlankTexts, Purge, Purged, PurgeIds, PurgeLeftovers
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock

DAY = 86_400_000


class Store:
    def __init__(self):
        self.healthy = True
        self.log = []
        self.left = {}
        self.errors = {}

    def commit(self, changes):
        [change] = changes
        self.log.append(change)
        if type(change) in self.errors:
            return fail(self.errors[type(change)])
        left = self.left.get(type(change), 0)
        went = min(left, change.limit)
        self.left[type(change)] = left - went
        return succeed([Purged(went, more=left > went)])


class World:
    def __init__(self, *tenants, **section):
        self.reactor, self.clock, self.store = Clock(), FakeClock(), Store()
        self.metrics = Metrics(CollectorRegistry())
        self.retention = Retention(
            self.reactor,
            clock=self.clock,
            store=self.store,
            tenants=lambda: tenants,
            section=Section(**section),
            mo_kept_ms=3 * DAY,
            metrics=self.metrics,
        )
        self.retention.start()

    def run(self, seconds, step=0.01):
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.reactor.advance(step)

    def asked(self, kind):
        return [change for change in self.store.log if isinstance(change, kind)]


def test_each_kind_is_asked_for_with_its_age():
    world = World(Tenant("a"), Tenant("b", texts_d=2.0), Tenant("c", texts_d=90.0), messages_d=90, texts_d=30)
    world.run(3)
    now = world.asked(PurgeLeftovers)[0].at
    assert [change.before for change in world.asked(Purge)] == [pytest.approx(now - 90 * DAY, abs=1000)]
    assert [change.before for change in world.asked(PurgeIds)] == [pytest.approx(now - 90 * DAY, abs=1000)]
    assert [(each.tenant, round((now - each.before) / DAY)) for each in world.asked(BlankTexts)] == [
        ("a", 30),
        ("b", 2),
    ]
    [left] = world.asked(PurgeLeftovers)
    ages = (left.pushes_before, left.orphans_before, left.mo_before, left.mo_done_before)
    assert [round((now - at) / DAY) for at in ages] == [30, 14, 30, 3]
    assert [round((now - at) / DAY) for at in (left.links_before, left.lookups_before)] == [30, 90]
    assert left.most_orphans == 100_000


def test_idle_it_looks_again_after_a_minute_and_at_ids_after_an_hour():
    world = World()
    world.run(125, step=0.1)
    assert len(world.asked(Purge)) == len(world.asked(PurgeLeftovers)) == 3
    assert len(world.asked(PurgeIds)) == 1
    world.run(3600, step=1.0)
    assert len(world.asked(PurgeIds)) == 2


def test_no_more_rows_a_second_than_is_set():
    world = World(rows_s=1000)
    world.store.left[Purge] = 100_000
    world.run(12)
    gone = 100_000 - world.store.left[Purge]
    assert 8500 <= gone <= 10_300
    assert max(change.limit for change in world.asked(Purge)) == 100
    assert world.metrics.purged.labels("messages")._value.get() == gone


def test_kinds_take_turns():
    world = World()
    world.store.left = {Purge: 100_000, PurgeLeftovers: 100_000, PurgeIds: 100_000}
    world.run(4)
    counts = [len(world.asked(kind)) for kind in (Purge, PurgeLeftovers, PurgeIds)]
    assert min(counts) >= 10 and max(counts) - min(counts) <= 1


def test_it_rests_while_the_store_cannot_write():
    world = World()
    world.store.healthy = False
    world.run(20, step=0.1)
    assert world.store.log == []
    world.store.healthy = True
    world.run(6, step=0.1)
    assert len(world.asked(Purge)) == 1


@pytest.mark.parametrize("error", [StoreUnavailable("disk full"), RuntimeError("a bug")])
def test_a_kind_that_fails_does_not_hold_up_the_others(error):
    world = World()
    world.store.errors[Purge] = error
    world.store.left[PurgeLeftovers] = 1000
    world.run(30, step=0.1)
    assert len(world.asked(Purge)) == 1
    assert world.store.left[PurgeLeftovers] == 0
    world.run(60, step=0.1)
    assert len(world.asked(Purge)) == 2


def test_after_stop_nothing_begins():
    world = World()
    world.run(3)
    world.retention.stop()
    count = len(world.store.log)
    world.run(200, step=1.0)
    assert len(world.store.log) == count
    assert world.reactor.getDelayedCalls() == []


def test_what_is_kept_for_seconds_is_looked_at_in_time():
    world = World(Tenant("a", texts_d=0.0001))
    world.run(20, step=0.1)
    assert len(world.asked(BlankTexts)) >= 4


def test_a_round_under_way_is_begun_anew_when_the_clock_was_set_back():
    world = World()
    world.store.left = {Purge: 100_000}
    world.run(4)
    world.clock.wall -= 1000 * DAY
    seen = len(world.asked(Purge))
    world.run(4)
    later = world.asked(Purge)[seen:]
    assert later
    assert all(change.before < world.clock.wall for change in later)


def test_a_jump_forward_is_believed_when_it_has_lasted_for_an_hour():
    world = World()
    world.store.left = {Purge: 1_000_000}
    world.run(4)
    world.clock.wall += 365 * DAY
    seen = len(world.store.log)
    world.run(3000, step=1.0)
    assert len(world.store.log) == seen
    world.run(900, step=1.0)
    assert world.asked(Purge)[-1].before > world.clock.wall - 91 * DAY


def test_a_jump_forward_that_is_taken_back_costs_nothing():
    world = World()
    world.run(4)
    world.clock.wall += 365 * DAY
    world.run(100, step=1.0)
    world.clock.wall -= 365 * DAY
    seen = len(world.asked(Purge))
    world.run(100, step=1.0)
    assert len(world.asked(Purge)) > seen
    assert all(change.before < world.clock.wall - 89 * DAY for change in world.asked(Purge))
