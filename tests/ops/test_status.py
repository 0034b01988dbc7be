"""`status show`."""

from twisted.internet.defer import fail, succeed

from smsgwd.ops.status import Status
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus
from smsgwd.ports.store import StoreCounts, StoreUnavailable


class FakeClock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class FakeStore:
    healthy = True
    answer = succeed(StoreCounts((), 1, 2, 3, 4, 5, 6))

    def counts(self):
        return self.answer


class FakeDispatcher:
    def status(self):
        bind = BindStatus(0, "bound", 3, 10, 107.5, "")
        return [ConnectorStatus("a", "smpp", True, 1, 2, 3, 4, 5, (bind,))]


def shown(store, workers=None):
    clock = FakeClock()
    status = Status(
        node="gw1",
        version="1.2",
        clock=clock,
        store=store,
        dispatcher=FakeDispatcher(),
        phase=lambda: "running",
        addresses=lambda: {"http": ["127.0.0.1:8080"]},
        workers=workers,
    )
    [command] = status.commands()
    assert (command.noun, command.verb, command.changes) == ("status", "show", False)
    clock.now = 110.0
    found = []
    command.run({}).addCallback(found.append)
    return found[0]


def test_everything_is_gathered():
    found = shown(FakeStore())
    assert (found["node"], found["version"], found["phase"], found["uptime_s"]) == ("gw1", "1.2", "running", 10.0)
    assert found["store"]["healthy"] is True
    assert (found["store"]["scheduled"], found["store"]["orphans"]) == (1, 6)
    [bind] = found["connectors"][0]["binds"]
    assert bind["for_s"] == 2.5
    assert "since" not in bind  # monotonic: means nothing outside the process


def test_processes_that_serve_http_are_shown():
    class Workers:
        up, wanted, pids = 1, 2, [77]

    assert "http_workers" not in shown(FakeStore())
    assert shown(FakeStore(), Workers())["http_workers"] == {"up": 1, "of": 2, "pids": [77]}


def test_a_store_that_cannot_be_read_is_said():
    store = FakeStore()
    store.answer = fail(StoreUnavailable("no disk"))
    store.healthy = False
    found = shown(store)
    assert found["store"] == {"healthy": False, "error": "no disk"}
    assert found["connectors"][0]["id"] == "a"
