"""The snapshot for screens."""

import pytest
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.app.figures import Figures
from smsgwd.app.stages import Stages
from smsgwd.model.changes import Submit, Submitted
from smsgwd.model.tally import Tally
from smsgwd.ops.figures import Figures as Commands
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus, ProviderStatus
from smsgwd.ports.store import QueueDepth, Space, StoreCounts, StoreUnavailable
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock, now
from tests.app.made import message


class NoHistory:
    def read(self, span, connector):
        return {"span": span, "connector": connector}


class World:
    def __init__(self, tmp_path):
        self.metrics = Metrics(CollectorRegistry())
        self.clock = FakeClock()
        self.stages = Stages(self.metrics, self.clock.now_ms)
        self.healthy = True
        self.away = False
        self.figures = Figures(
            node="n1",
            metrics=self.metrics,
            store=self,
            dispatcher=self,
            clock=self.clock,
            stages=self.stages,
            phase=lambda: "running",
            data_dir=tmp_path,
        )

    def counts(self):
        if self.away:
            return fail(StoreUnavailable("disk full"))
        queues = (QueueDepth("sim", 9, self.clock.wall - 5000), QueueDepth("gone", 1, self.clock.wall - 60_000))
        return succeed(StoreCounts(queues, 2, 4, 5, 6, 3, 1, held=8))

    def space(self):
        return succeed(Space(1000, 300))

    def tally(self, tenant):
        return succeed(Tally(accepted=100, delivered=len(tenant)))

    def status(self):
        binds = (BindStatus(0, "bound", 3, 10, 0.0), BindStatus(1, "waiting", 0, 10, 0.0, "refused"))
        return [ConnectorStatus("sim", "smpp", True, 7, 3, 40, 2, 30, binds, rate=5.0)]

    def send(self, tenant, number):
        self.stages([Submit(tenant, [message(at) for at in range(number)], self.clock.wall)], [Submitted({})])

    def gather(self, tenants=20):
        return now(Deferred.fromCoroutine(self.figures.gather(tenants)))


def test_counters_are_added_up(tmp_path):
    world = World(tmp_path)
    world.metrics.accepted.labels("http").inc(5)
    world.metrics.accepted.labels("smpp").inc(2)
    world.metrics.refused.labels("http", "no_credit").inc(3)
    world.metrics.final.labels("delivered").inc(4)
    world.metrics.pushes.labels("receipt", "ok").inc(6)
    world.metrics.esme_deliveries.labels("acc", "ok").inc(1)
    world.metrics.esme_deliveries.labels("acc", "lost").inc(1)
    counters = world.gather()["counters"]
    assert (counters["accepted"], counters["accepted_http"], counters["accepted_smpp"]) == (7, 5, 2)
    assert (counters["refused"], counters["final_delivered"]) == (3, 4)
    assert (counters["pushed"], counters["push_failures"], counters["pushes_given_up"]) == (7, 1, 0)


def test_histograms_are_given_by_stage_as_what_each_bucket_has(tmp_path):
    world = World(tmp_path)
    world.metrics.accept_seconds.labels("http").observe(0.0009)
    world.metrics.accept_seconds.labels("smpp").observe(0.0009)
    world.metrics.accept_seconds.labels("smpp").observe(99)
    spread = world.gather()["latency"]["accept"]
    assert dict(zip(spread["bounds"], spread["counts"][:-1], strict=True))[0.001] == 2
    assert spread["counts"][-1] == 1
    assert sum(spread["counts"]) == 3


def test_connectors_have_their_queue_and_queues_that_nobody_serves_are_told(tmp_path):
    found = World(tmp_path).gather()
    [row] = found["connectors"]
    assert (row["bound"], row["binds"], row["window_used"], row["window_open"]) == (1, 2, 3, 20)
    assert (row["queued"], row["oldest_s"], row["rate"], row["last_error"]) == (9, 5.0, 5.0, "refused")
    assert found["strays"] == [{"connector": "gone", "queued": 1, "oldest_s": 60.0}]
    store = found["store"]
    assert (store["used"], store["queued"], store["held"], store["orphans"]) == (700, 10, 8, 1)
    assert store["disk_free"] > 0


def test_tenants_who_send_most_come_first_and_only_so_many(tmp_path):
    world = World(tmp_path)
    for tenant, number in (("a", 1), ("bb", 3), ("ccc", 2)):
        world.send(tenant, number)
    assert [row["tenant"] for row in world.gather(2)["tenants"]] == ["bb", "ccc"]
    assert world.gather(1)["tenants"][0]["delivered"] == 2


def test_a_store_that_is_away_leaves_out_what_it_knows(tmp_path):
    world = World(tmp_path)
    world.away, world.healthy = True, False
    found = world.gather()
    assert found["store"]["error"] == "disk full"
    assert found["store"]["healthy"] is False
    assert found["connectors"][0]["id"] == "sim"
    assert found["tenants"] == []


def test_the_command_takes_how_many_tenants(tmp_path):
    world = World(tmp_path)
    world.send("shop", 1)
    registry = Registry(Commands(world.figures.gather, NoHistory()).commands())
    assert now(registry.run("figures", "show", {"tenants": "0"}))["tenants"] == []
    assert len(now(registry.run("figures", "show", {}))["tenants"]) == 1
    with pytest.raises(CommandError, match="from 0 to 200"):
        registry.run("figures", "show", {"tenants": "201"})


def test_the_history_is_asked_for_with_its_span(tmp_path):
    registry = Registry(Commands(World(tmp_path).figures.gather, NoHistory()).commands())
    assert registry.run("figures", "history", {}) == {"span": "hour", "connector": ""}
    wanted = {"span": "day", "connector": "sim"}
    assert registry.run("figures", "history", wanted) == wanted
    with pytest.raises(CommandError, match="span: one of hour, day"):
        registry.run("figures", "history", {"span": "week"})


def test_the_address_of_a_providers_callbacks_is_no_figure(tmp_path):
    world = World(tmp_path)
    provider = ProviderStatus("isms", "running", balance=0.5, callback_url="https://gw.test/callback/a/unguessable")
    world.status = lambda: [ConnectorStatus("a", "provider", True, 0, 0, 0, 0, 0, (), provider=provider)]
    [row] = world.gather()["connectors"]
    assert row["provider"]["balance"] == 0.5 and "callback_url" not in row["provider"]
