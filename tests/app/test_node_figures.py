"""What a node tells the others, and what its metrics say of all of them."""

from types import SimpleNamespace

from prometheus_client import CollectorRegistry

from smsgwd.app.cluster import Cluster
from smsgwd.app.node_figures import NodeFigures
from smsgwd.app.node_metrics import NodeMetrics
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock
from tests.ops.test_nodes import FakeNodes


class Connectors:
    """One with a bind that stands and one that does not; one without binds here."""

    def status(self):
        binds = (BindStatus(0, "bound", 3, 10, 0.0), BindStatus(1, "waiting", 0, 10, 0.0))
        return [
            ConnectorStatus("x", "smpp", True, 7, 3, 0, 0, 0, binds),
            ConnectorStatus("y", "smpp", False, 0, 0, 0, 0, 0),
        ]


def test_rates_are_those_since_the_last_time():
    clock, counters, cpu = FakeClock(), {"accepted": 100.0, "final_expired": 1.0}, [1.0]
    figures = NodeFigures(lambda: dict(counters), Connectors(), clock, lambda: cpu[0])
    assert figures() == {"claimed": 10.0, "in_flight": 3.0, "bound:x": 1.0}  # no time has gone by
    clock.advance(1)
    figures()
    counters.update(accepted=160.0, submitted=4.0, final_expired=2.0, final_unknown=3.0)
    cpu[0] = 1.5
    clock.advance(2)
    told = figures()
    assert (told["accepted_s"], told["sent_s"], told["failed_s"], told["cpu"]) == (30.0, 2.0, 2.0, 0.25)
    clock.advance(0.1)
    counters["accepted"] = 1e6
    assert figures()["accepted_s"] == 30.0  # too soon to tell


def test_metrics_of_nodes():
    registry = CollectorRegistry()
    metrics, cluster = Metrics(registry), Cluster("a", lambda: 0)
    cluster.nodes = FakeNodes()
    cluster.leases_lost = 2
    cluster.take_overs.update(b=3, t=5)
    tries = SimpleNamespace(conflicts=4, answers_lost=1)
    count = NodeMetrics(metrics, cluster, Connectors(), tries)

    def value(name, **labels):
        return registry.get_sample_value("smsgwd_" + name, labels)

    for _ in range(2):  # counted once
        count()
        assert [value("nodes", state=state) for state in ("up", "draining", "lost")] == [1, 1, 1]
        assert (value("node_lease_held"), value("node_leases_lost_total")) == (1, 2)
        assert [value("node_owned", kind=kind) for kind in ("binds", "targets", "roles")] == [3, 1, 2]
        assert [value("node_takeovers_total", kind=kind) for kind in ("binds", "targets", "roles")] == [3, 5, 0]
        assert (value("node_binds_unowned"), value("messages_claimed")) == (1, 10)
        assert (value("store_conflicts_total"), value("store_answers_lost_total")) == (4, 1)
    cluster.lease = SimpleNamespace(held=False)
    cluster.nodes = FakeNodes(fenced="why")
    count()
    assert (value("node_lease_held"), value("node_binds_unowned")) == (0, 0)


def test_a_process_alone_has_its_lease_and_claims_nothing():
    registry = CollectorRegistry()
    NodeMetrics(Metrics(registry), Cluster("a", lambda: 0), Connectors(), None)()
    assert registry.get_sample_value("smsgwd_nodes", {"state": "up"}) == 1
    assert registry.get_sample_value("smsgwd_node_lease_held") == 1
    assert registry.get_sample_value("smsgwd_node_lease_age_seconds") == 0
    assert registry.get_sample_value("smsgwd_messages_claimed") == 0
