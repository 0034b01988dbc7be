from types import SimpleNamespace

from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock

from smsgwd.app import observe as observe_module
from smsgwd.app.observe import Intake, Lag, Requests, Results, Strays
from smsgwd.model.changes import Ignored, Moved, Noted, Parked, Submitted, Swept
from smsgwd.model.message import State
from smsgwd.model.upkeep import Erased, Rematched
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus
from smsgwd.ports.store import QueueDepth, StoreCounts, StoreUnavailable
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock
from tests.app.made import message


class World:
    def __init__(self):
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)

    def value(self, name, **labels):
        return self.registry.get_sample_value("smsgwd_" + name, labels)


def test_intake_counts_items_parts_and_refusals():
    world = World()
    observe = Intake(world.metrics)
    observe("http", 2, 5, {"no_credit": 3})
    observe("http", 0, 0, {"no_credit": 1})
    observe("smpp", 3, 3, {"no_route": 2})
    assert world.value("messages_accepted_total", intake="http") == 2
    assert world.value("parts_accepted_total") == 8
    assert world.value("messages_refused_total", intake="http", code="no_credit") == 4
    assert world.value("messages_accepted_total", intake="smpp") == 3
    assert world.value("messages_refused_total", intake="smpp", code="no_route") == 2


def test_results_count_what_ended_and_what_was_parked():
    world = World()
    Results(world.metrics)(
        [
            Submitted({}),
            Moved(1, State.SENT),
            Moved(1, State.DELIVERED),
            Moved(2, State.REJECTED),
            Swept((3, 4), (), False),
            Swept((5,), (), False, State.UNKNOWN),
            Parked(),
            Noted(6),
            Ignored("final", 1),
            None,
        ]
    )
    found = {state: world.value("messages_final_total", state=state.public) for state in State if state.final}
    assert found == {
        State.DELIVERED: 1,
        State.REJECTED: 1,
        State.EXPIRED: 2,
        State.UNKNOWN: 1,
        State.UNDELIVERED: 0,
        State.CANCELLED: 0,
    }
    assert world.value("receipts_early_total") == 1


def test_requests_are_counted_by_route_and_timed_when_they_submit():
    world = World()
    observe = Requests(world.metrics, "http")
    observe("POST /v1/messages", 202, 0.01)
    observe("", 400, 0.5)
    assert world.value("http_requests_total", listener="http", route="POST /v1/messages", status="202") == 1
    assert world.value("http_requests_total", listener="http", route="none", status="400") == 1
    assert world.value("accept_seconds_count", intake="http") == 1


class _Store:
    healthy = True

    def __init__(self, counts):
        self.counts = lambda: counts


def test_a_look_for_queues_that_was_asked_for_meanwhile_is_not_forgotten():
    pages, adopted, reactor = [], [], Clock()
    store = SimpleNamespace(counts=lambda: pages.append(Deferred()) or pages[-1])
    strays = Strays(reactor, store, _Dispatcher(), lambda names: adopted.append(list(names)))
    strays.start()
    strays.look_soon()  # the look under way may have seen nothing of it
    pages[0].callback(StoreCounts((), 0, 0, 0, 0, 0, 0))
    assert adopted == [[]] and len(pages) == 1
    reactor.advance(1)
    pages[1].callback(StoreCounts((QueueDepth("gone", 1, 0),), 0, 0, 0, 0, 0, 0))
    assert adopted == [[], ["gone"]]
    for _ in range(100):  # a message each: one look a second
        strays.look_soon()
    reactor.advance(0.9)
    assert len(pages) == 2
    reactor.advance(0.2)
    assert len(pages) == 3
    strays.stop()


class _Dispatcher:
    def status(self):
        binds = (BindStatus(0, "bound", 3, 10, 0.0), BindStatus(1, "waiting", 0, 10, 0.0))
        return [ConnectorStatus("sim", "smpp", True, 7, 3, 0, 0, 0, binds)]


def test_queues_of_connectors_that_are_not_configured_are_named(monkeypatch):
    said = []
    log = SimpleNamespace(warning=lambda event, **values: said.append((event, values)))
    monkeypatch.setattr(observe_module, "_log", log)
    counts = StoreCounts((QueueDepth("gone", 9, 0), QueueDepth("sim", 1, 0)), 0, 0, 0, 0, 0, 0)
    reactor, adopted = Clock(), []
    store = _Store(succeed(counts))
    strays = Strays(reactor, store, _Dispatcher(), lambda names: adopted.append(list(names)))
    strays.start()
    assert said == [("connector.missing", {"connector": "gone", "queued": 9})]
    store.counts = lambda: fail(StoreUnavailable("closed"))
    reactor.advance(300)
    store.counts = lambda: succeed(counts)
    reactor.advance(300)
    assert len(said) == 1, "once each"
    assert adopted == [["gone"], ["gone"]]
    del adopted[:]
    strays.stop()
    reactor.advance(600)
    assert adopted == [[]], "another node may look now"
    strays.start()
    assert adopted == [[], ["gone"]]


def test_a_late_reactor_is_measured():
    world = World()
    reactor, clock = Clock(), FakeClock()
    lag = Lag(reactor, clock, world.metrics)
    clock.advance(0.75)  # the half second, and a quarter that something blocked
    reactor.advance(0.5)
    assert world.value("reactor_lag_seconds_count") == 1
    assert abs(world.value("reactor_lag_seconds_sum") - 0.25) < 1e-9
    lag.stop()
    assert reactor.getDelayedCalls() == []


def test_results_count_second_ways_and_what_an_erasure_cancelled():
    world = World()
    Results(world.metrics)(
        [
            Rematched(5, 1, 9, False, (), (message(1, connector="c", tried="a,b"), message(3, tried="a"))),
            Erased({"messages": 3}, (4, 5)),
            Erased({"messages": 3}),
        ]
    )
    assert world.value("failovers_total", connector="a", why="undelivered") == 1
    assert world.value("failovers_total", connector="b", why="undelivered") == 1
    assert world.value("messages_final_total", state="cancelled") == 2
