"""What /metrics reads when it is asked."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.app.scrape import Scrape
from smsgwd.app.tenant_counts import TenantCounts
from smsgwd.model.message import MessageView
from smsgwd.model.outbox import OutboxTarget
from smsgwd.model.tally import Tally
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus
from smsgwd.ports.store import FinalRecord, QueueDepth, Space, StoreCounts, StoreUnavailable
from smsgwd.telemetry import Metrics
from smsgwd.telemetry.metrics import MOST_TENANTS
from tests.app.fakes import FakeClock, now
from tests.app.made import message


class World:
    """Metrics, a clock, a store that answers what it is told to, and one connector."""

    def __init__(self, counts=None, **kwargs):
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self.clock = FakeClock()
        self.counted = counts
        self.owed = {False: [], True: []}
        self.looks = 0
        self.look_s = 0.0
        self.healthy = True
        self.state = "on"
        self.elsewhere = False
        self.scrape = Scrape(self.metrics, self, self, lambda: {"http": 6}, clock=self.clock, **kwargs)

    def counts(self):
        return fail(StoreUnavailable("closed")) if self.counted is None else succeed(self.counted)

    def space(self):
        return succeed(Space(1000, 300))

    def outbox_targets(self, *, esmes=False):
        self.looks += 1
        self.clock.advance(self.look_s)
        return succeed(self.owed[esmes])

    def status(self):
        binds = (BindStatus(0, "bound", 3, 10, 0.0), BindStatus(1, "waiting", 0, 10, 0.0))
        return [ConnectorStatus("sim", "smpp", True, 7, 3, 0, 0, 0, binds, state=self.state, elsewhere=self.elsewhere)]

    def value(self, name, **labels):
        return self.registry.get_sample_value("smsgwd_" + name, labels)


def counts(*queues, pending=5):
    return StoreCounts(queues, 2, 4, pending, 7, 3, 1, held=8)


def test_it_reads_what_is_not_counted_as_it_happens(tmp_path):
    world = World(
        counts(QueueDepth("sim", 9, 1_799_999_990_000), QueueDepth("b", 1, None)),
        ready=lambda: False,
        expiries=lambda: {"http": 1.5e9},
        data_dir=tmp_path,
    )
    world.owed = {
        False: [OutboxTarget("t", 4, 1_800_000_000_000 - 7000), OutboxTarget("u", 1, 1_800_000_060_000)],
        True: [OutboxTarget("@e", 1, 1_800_000_060_000)],
    }
    page = now(world.scrape())
    assert b'smsgwd_binds_bound{connector="sim"} 1.0' in page
    assert world.value("messages_queued", state="queued") == 10
    assert world.value("messages_queued", state="held") == 8
    assert (world.value("pushes_pending"), world.value("pushes_given_up")) == (5, 7)
    assert (world.value("receipts_parked"), world.value("receipts_orphaned")) == (3, 1)
    assert world.value("connections", listener="http") == 6
    assert (world.value("queue_messages", connector="sim"), world.value("queue_messages", connector="b")) == (9, 1)
    assert world.value("queue_oldest_seconds", connector="sim") == 10
    assert world.value("queue_oldest_seconds", connector="b") == 0
    assert world.value("outbox_overdue_seconds", kind="webhook") == 7
    assert world.value("outbox_overdue_seconds", kind="esme") == 0
    assert (world.value("store_bytes", what="used"), world.value("store_bytes", what="free")) == (700, 300)
    assert world.value("store_bytes", what="disk_free") > 0
    assert world.value("certificate_expires_timestamp_seconds", used_by="http") == 1.5e9
    assert world.value("ready") == 0


def test_a_queue_that_is_empty_again_is_zero():
    world = World(counts(QueueDepth("gone", 9, 1_799_999_990_000)))
    now(world.scrape())
    assert world.value("queue_oldest_seconds", connector="sim") == 0
    world.counted = counts()
    now(world.scrape())
    assert world.value("queue_messages", connector="gone") == 0
    assert world.value("queue_oldest_seconds", connector="gone") == 0


def test_what_operators_want_of_a_connector():
    world = World(counts())
    now(world.scrape())
    assert world.value("connector_state", connector="sim", state="on") == 1
    world.state = "paused"
    now(world.scrape())
    found = {
        state: world.value("connector_state", connector="sim", state=state) for state in ("on", "paused", "stopped")
    }
    assert found == {"on": 0, "paused": 1, "stopped": 0}
    assert world.value("connector_up", connector="sim") == 1


def test_a_connector_that_other_nodes_have_is_not_on_here():
    world = World(counts())
    world.elsewhere = True
    now(world.scrape())
    states = ("on", "paused", "stopped", "elsewhere")
    assert [world.value("connector_state", connector="sim", state=state) for state in states] == [0, 0, 0, 1]
    world.state = "stopped"
    now(world.scrape())
    assert [world.value("connector_state", connector="sim", state=state) for state in states] == [0, 0, 1, 0]


def test_how_far_detail_records_are_behind(tmp_path):
    writer = SimpleNamespace(path=tmp_path / "cdr.csv", written=12)
    world = World(counts(), cdr=lambda: writer)
    ended = MessageView(message(1), None, world.clock.wall - 90_000, None, None)
    world.finals = lambda after, limit: succeed([FinalRecord(1, ended)][:limit])
    now(world.scrape())
    assert (world.value("cdr_lines_total"), world.value("cdr_oldest_seconds")) == (12, 90)
    world.finals = lambda after, limit: succeed([])
    writer.written = 13
    now(world.scrape())
    assert (world.value("cdr_lines_total"), world.value("cdr_oldest_seconds")) == (13, 0)
    writer.path = None
    world.finals = None
    now(world.scrape())
    assert world.value("cdr_oldest_seconds") == 0, "none are written, none are owed"


def test_a_store_that_cannot_be_read_does_not_spoil_the_page():
    world = World(None)
    world.healthy = False
    page = now(world.scrape())
    assert b'smsgwd_window_in_use{connector="sim"} 3.0' in page
    assert world.value("store_healthy") == 0


def test_an_outbox_that_takes_long_is_not_looked_at_each_time():
    world = World(counts())
    world.look_s = 0.5
    now(world.scrape())
    now(world.scrape())
    assert world.looks == 2, "both kinds, once"
    world.clock.advance(20)
    now(world.scrape())
    assert world.looks == 4
    world.counted = counts(pending=0)
    now(world.scrape())
    assert world.looks == 4, "there is nothing to look at"
    assert world.value("outbox_overdue_seconds", kind="webhook") == 0


class _Tallies:
    def __init__(self):
        self.tallies = {}
        self.active = {}
        self.asked = []

    def tally(self, tenant):
        self.asked.append(tenant)
        return succeed(self.tallies.get(tenant))


def _tenants(world):
    registry = CollectorRegistry()
    counted = TenantCounts(Metrics(registry), world, lambda: list(world.tallies), lambda: world.active)

    def value(tenant, state):
        return registry.get_sample_value("smsgwd_tenant_messages_final_total", {"tenant": tenant, "state": state})

    return counted, value


def test_what_became_of_a_tenants_messages_is_counted_from_the_first_look():
    world = _Tallies()
    world.tallies = {"old": Tally(accepted=100, delivered=90, failed=5)}
    counted, value = _tenants(world)
    now(Deferred.fromCoroutine(counted.read()))
    assert value("old", "delivered") == 0
    world.tallies["old"] = Tally(accepted=103, delivered=92, failed=6, cancelled=1)
    world.tallies["new"], world.active["new"] = Tally(accepted=2, delivered=2), 2
    now(Deferred.fromCoroutine(counted.read()))
    assert [value("old", state) for state in ("delivered", "failed", "cancelled")] == [2, 1, 1]
    assert value("new", "delivered") == 2, "it has sent all its messages in this run"


def test_tenants_beyond_the_most_are_counted_together_some_at_a_time():
    world = _Tallies()
    names = [f"t{number:04d}" for number in range(MOST_TENANTS + 100)]
    world.tallies = {name: Tally() for name in names}
    world.active = dict.fromkeys(reversed(names), 1)
    counted, value = _tenants(world)
    now(Deferred.fromCoroutine(counted.read()))
    assert len(world.asked) == MOST_TENANTS + 50
    for name in names:
        world.tallies[name] = Tally(accepted=1, delivered=1)
    now(Deferred.fromCoroutine(counted.read()))
    now(Deferred.fromCoroutine(counted.read()))
    assert value(names[-1], "delivered") == 1, "it was among the first who sent"
    assert value(names[0], "delivered") is None
    assert value("_other", "delivered") == 100
