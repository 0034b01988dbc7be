"""Start and stop of the daemon against services that answer when the test says so."""

import platform
import signal
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.app import daemon as daemon_module
from smsgwd.app import process
from smsgwd.app.daemon import Daemon
from smsgwd.ports.store import StoreCounts, StoreUnavailable


class Calls:
    """Records what is called on it, by name; answers a fired Deferred or what `answers` holds."""

    def __init__(self, log, name, answers):
        self._log, self._name, self._answers = log, name, answers

    def __getattr__(self, method):
        def called(*args, **kwargs):
            name = f"{self._name}.{method}"
            self._log.append(name)
            return self._answers.get(name, succeed(None))

        return called


class Reactor:
    running = True

    def __init__(self, log):
        self._log = log

    def callFromThread(self, function, *args):
        function(*args)

    def callLater(self, delay, function, *args):
        return SimpleNamespace(active=lambda: False, cancel=lambda: None)

    def listenUNIX(self, *args, **kwargs):
        self._log.append("listenUNIX")
        return Calls(self._log, "admin_port", {})

    def stop(self):
        self._log.append("reactor.stop")


@pytest.fixture
def world(monkeypatch, tmp_path):
    nothing = StoreCounts((), 0, 0, 0, 0, 0, 0)
    log, answers = [], {"store.open": succeed(0), "store.counts": succeed(nothing), "dispatcher.status": []}

    def calls(name):
        return Calls(log, name, answers)

    core = SimpleNamespace(
        clock=SimpleNamespace(monotonic=lambda: 0.0, now_ms=lambda: 0),
        metrics=None,
        store=calls("store"),
        cluster=calls("cluster"),
        tenancy=calls("tenancy"),
        catalog=calls("catalog"),
        tracing=calls("tracing"),
        spool=calls("spool"),
    )
    names = (
        "dispatcher",
        "notifier",
        "esme_outbox",
        "smpp",
        "http_client",
        "pipeline",
        "api",
        "sweeps",
        "desk",
        "rerouter",
        "retention",
        "authenticator",
        "business",
        "watch",
        "secret_desk",
        "connectors",
        "operations",
        "admin",
        "callbacks",
    )
    services = SimpleNamespace(http=None, ops=None, **{name: calls(name) for name in names})
    services.smpp.sections = {}

    def build_services(*args, **kwargs):
        log.append("services built")
        return services

    monkeypatch.setattr(daemon_module, "build_core", lambda *args: core)
    monkeypatch.setattr(daemon_module, "build_services", build_services)
    monkeypatch.setattr(daemon_module, "build_control", lambda *args, **kwargs: None)
    monkeypatch.setattr(daemon_module, "refuse_unsupported", lambda config: None)
    monkeypatch.setattr(daemon_module, "Lag", lambda *args: calls("lag"))
    monkeypatch.setattr(daemon_module, "Strays", lambda *args: calls("strays"))
    monkeypatch.setattr(daemon_module, "Duties", lambda *args: calls("duties"))
    monkeypatch.setattr(daemon_module.signal, "signal", lambda *args: None)
    config = SimpleNamespace(
        node="gw",
        path="f",
        store=SimpleNamespace(kind="embedded"),
        data_dir=tmp_path,
        tenants=(),
        listeners=SimpleNamespace(ops=None, http=None, callbacks=None),
        admin=SimpleNamespace(socket=tmp_path / "admin.sock", mode=0o660),
        shutdown=SimpleNamespace(drain_s=1.0),
    )
    return SimpleNamespace(log=log, answers=answers, daemon=Daemon(config, Reactor(log)))


def terminate(daemon):
    daemon._signalled(signal.SIGTERM, None)


def test_it_starts_and_ends_in_order(world):
    world.daemon._begin()
    assert world.log == [
        "cluster.join", "store.open", "catalog.load", "tenancy.load", "services built", "notifier.start",
        "esme_outbox.start", "business.start", "operations.start", "connectors.start", "dispatcher.start",
        "sweeps.start", "watch.look", "rerouter.start", "listenUNIX", "duties.begin", "cluster.start",
        "secret_desk.start",
    ]  # fmt: skip
    del world.log[:]
    terminate(world.daemon)
    assert world.log == [
        "pipeline.close", "api.close", "smpp.close", "callbacks.close", "callbacks.stop",
        "secret_desk.stop", "watch.stop", "business.stop", "sweeps.stop",
        "retention.stop", "rerouter.stop", "strays.stop",
        "desk.stop", "duties.end", "dispatcher.drain", "connectors.stop", "smpp.stop", "esme_outbox.stop",
        "notifier.stop", "operations.stop", "http_client.close",
        "authenticator.stop", "admin_port.stopListening", "admin.stop", "spool.stop", "cluster.stop", "store.close",
        "tracing.stop", "lag.stop",
        "authenticator.stop", "reactor.stop",
    ]  # fmt: skip
    assert world.daemon.exit_status == 0


@pytest.mark.parametrize(
    "step", ["store.open", "catalog.load", "tenancy.load", "esme_outbox.start", "business.start", "operations.start"]
)
def test_a_signal_during_the_start_ends_it_and_nothing_more_is_opened(world, step):
    world.answers[step] = waiting = Deferred()
    world.daemon._begin()
    assert world.log[-1] == step
    terminate(world.daemon)
    assert world.log[-1] == "reactor.stop"
    seen = list(world.log)
    waiting.callback(0)
    assert world.log == seen
    assert world.daemon.exit_status == 0


def test_a_start_that_trips_over_the_stop_is_no_failure(world):
    world.answers["tenancy.load"] = waiting = Deferred()
    world.answers["store.close"] = closing = Deferred()
    world.daemon._begin()
    terminate(world.daemon)
    waiting.errback(StoreUnavailable("the store is not open"))
    assert "reactor.stop" not in world.log
    closing.callback(None)
    assert world.log[-1] == "reactor.stop"
    assert world.daemon.exit_status == 0


def test_a_start_that_fails_ends_with_1(world):
    world.answers["tenancy.load"] = fail(ValueError("two tenants share a name"))
    world.daemon._begin()
    assert world.log[-1] == "reactor.stop"
    assert world.daemon.exit_status == 1


def test_a_second_signal_ends_it_at_once_and_a_third_changes_nothing(world):
    world.answers["dispatcher.drain"] = draining = Deferred()
    world.daemon._begin()
    terminate(world.daemon)
    terminate(world.daemon)
    terminate(world.daemon)
    draining.callback(None)
    assert world.log.count("reactor.stop") == 1
    assert world.daemon.exit_status == 1


def test_as_many_files_as_the_system_allows(monkeypatch):
    asked = []
    limits = SimpleNamespace(
        RLIMIT_NOFILE=7,
        getrlimit=lambda what: (1024, 65536),
        setrlimit=lambda what, values: asked.append((what, values)),
    )
    monkeypatch.setattr(process, "resource", limits)
    process.raise_file_limit()
    assert asked == [(7, (65536, 65536))]


def test_a_limit_that_cannot_be_raised_stops_nobody(monkeypatch):
    def refuse(what, values):
        raise ValueError("current limit exceeds maximum limit")

    limits = SimpleNamespace(RLIMIT_NOFILE=7, getrlimit=lambda what: (1024, -1), setrlimit=refuse)
    monkeypatch.setattr(process, "resource", limits)
    process.raise_file_limit()


def test_the_c_library_takes_the_limit_of_large_blocks():
    assert process.give_large_blocks_back() is (platform.libc_ver()[0] == "glibc")
    assert process.give_back() is (platform.libc_ver()[0] == "glibc")
