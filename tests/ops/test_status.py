"""`status show`."""

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.spooled import SpoolView
from smsgwd.ops.registry import CommandError
from smsgwd.ops.status import Status
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus, ProviderStatus
from smsgwd.ports.store import QueueDepth, StoreCounts, StoreUnavailable
from tests.ops.test_nodes import FakeNodes


class FakeClock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


class FakeStore:
    healthy = True
    trouble = ""
    answer = succeed(StoreCounts((), 1, 2, 3, 4, 5, 6))

    def counts(self):
        return self.answer

    spool = None

    def spooled(self):
        return self.spool


class FakeDispatcher:
    def __init__(self, **changes):
        bind = BindStatus(0, "bound", 3, 10, 107.5, "")
        values = {"up": True, "ready": 1, "in_flight": 2, "sent": 3, "refused": 4, "receipts": 5, "binds": (bind,)}
        self.connector = ConnectorStatus("a", "smpp", **{**values, **changes})

    def status(self):
        return [self.connector]

    def down_for(self, connector):
        return 0.0 if self.connector.up else 41.4


def shown(store, workers=None, phase="running", nodes=None, params=None, **connector):
    clock = FakeClock()
    status = Status(
        node="gw1",
        version="1.2",
        clock=clock,
        store=store,
        dispatcher=FakeDispatcher(**connector),
        phase=lambda: phase,
        addresses=lambda: {"http": ["127.0.0.1:8080"]},
        workers=workers,
        nodes=nodes,
    )
    [command] = status.commands()
    assert (command.noun, command.verb, command.changes) == ("status", "show", False)
    clock.now = 110.0
    found = []
    command.run(params or {}).addCallback(found.append)
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
    store.trouble = "disk I/O error"
    found = shown(store)
    assert found["store"] == {"healthy": False, "error": "no disk"}
    assert found["attention"] == ["the store cannot write, submissions are refused: disk I/O error"]
    assert found["connectors"][0]["id"] == "a"


def test_what_waits_on_the_disk_is_said():
    store = FakeStore()
    store.answer = fail(StoreUnavailable("no server"))
    store.healthy = False
    store.trouble = "no server"
    store.spool = SpoolView(7, 1000, 10, True, 2, "no space left")
    found = shown(store)
    assert found["store"]["spool"] == {
        "messages": 7, "oldest": 1000, "most": 10, "away": True, "aside": 2, "trouble": "no space left"
    }  # fmt: skip
    assert found["attention"] == [
        "the store cannot write, submissions wait on this node's disk: no server",
        "7 of 10 messages wait on this node's disk only, for the store",
        "the spool cannot be written: no space left",
        "submissions from the spool that the store could not apply: 2 (spool.db: aside)",
    ]
    store.spool = SpoolView(10, 1000, 10, True, 0, "")
    assert shown(store)["attention"][0] == "the store cannot write, submissions are refused: no server"


def test_a_drain_that_was_forgotten_is_said():
    store = FakeStore()
    store.answer = succeed(StoreCounts((), 0, 0, 0, 0, 0, 0))
    [said] = shown(store, phase="drained")["attention"]
    assert said == "new messages are refused, as an operator wanted: drain end takes that back"


def test_nothing_needs_attention():
    store = FakeStore()
    store.answer = succeed(StoreCounts((QueueDepth("a", 5, 1), QueueDepth("@test", 1, 1)), 1, 2, 3, 0, 5, 0))
    assert shown(store)["attention"] == []
    assert shown(store, up=False)["attention"] == []  # all its binds stand: it only receives


@pytest.mark.parametrize(
    ("connector", "said"),
    [
        ({"state": "paused", "up": False}, "a was paused by an operator: connector show a"),
        ({"suspended_s": 12.4, "up": False}, "a is suspended for another 12 s: connector show a"),
        (
            {"up": False, "binds": (BindStatus(0, "waiting", 0, 10, 107.5, "connection refused"),)},
            "a has been down for 41 s: connection refused",
        ),
        ({"up": False, "binds": ()}, "a has been down for 41 s"),
    ],
)
def test_a_connector_that_needs_somebody(connector, said):
    store = FakeStore()
    store.answer = succeed(StoreCounts((), 1, 2, 3, 0, 5, 0))
    assert shown(store, **connector)["attention"] == [said]


def test_what_waits_for_somebody_in_the_store():
    class Workers:
        up, wanted, pids = 1, 2, [77]

    store = FakeStore()
    store.answer = succeed(StoreCounts((QueueDepth("old", 5, 1),), 1, 2, 3, 4, 5, 6, 7))
    assert shown(store, Workers())["attention"] == [
        "5 messages wait for old, which is not configured: queue move",
        "receipts of no message that is known: 6 (dlr orphans)",
        "pushes that were given up: 4 (outbox list)",
        "messages that are held until somebody decides: 7 (held list)",
        "1 of 2 HTTP workers are up",
    ]


def test_nodes_that_share_the_store_are_told():
    found = shown(FakeStore(), nodes=FakeNodes())
    assert [row["node"] for row in found["nodes"]] == ["a", "b", "c"]
    assert "node c (h3) is lost: start it, or node forget c" in found["attention"]
    assert "cluster" not in found
    found = shown(FakeStore(), nodes=FakeNodes(), params={"cluster": "yes"})
    assert found["cluster"]["sums"]["accepted_s"] == 6.0
    assert [row["connector"] for row in found["cluster"]["connectors"]] == ["x", "y"]


def test_all_nodes_of_a_store_that_is_not_shared():
    assert "nodes" not in shown(FakeStore())
    with pytest.raises(CommandError, match="shares its store with no other"):
        shown(FakeStore(), params={"cluster": "yes"})


def test_the_address_of_a_providers_callbacks_is_not_told():
    provider = ProviderStatus("isms", "running", balance=0.5, callback_url="https://gw.test/callback/a/unguessable")
    [row] = shown(FakeStore(), provider=provider)["connectors"]
    assert row["provider"]["balance"] == 0.5 and "callback_url" not in row["provider"]
