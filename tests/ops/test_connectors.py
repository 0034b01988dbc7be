"""`connector` commands, with a desk that remembers what it was asked."""

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.operators import Caller
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ops.connectors import Connectors
from smsgwd.ops.registry import CommandError, Registry
from smsgwd.ports.dispatch import BindStatus, ConnectorStatus, ProviderStatus
from smsgwd.ports.store import QueueDepth, StoreCounts, StoreUnavailable
from tests.ops.asking import NOW_MS, Clock, Store, run


class Dispatcher:
    def status(self):
        binds = (BindStatus(0, "bound", 1, 10, -2.0), BindStatus(1, "waiting", 0, 10, -7.0, "connection refused"))
        return [
            ConnectorStatus(
                "a",
                "smpp",
                False,
                1,
                2,
                3,
                4,
                5,
                binds,
                rate=199.96,
                suspended_s=12.34,
                state="paused",
                throughput=200.0,
                window=10,
                answer_ms=31.4,
                errors=(("ESME_RTHROTTLED", 7),),
            )
        ]

    def down_for(self, connector):
        return {"a": 33.33}[connector]


class Desk:
    def __init__(self):
        self.asked = []
        self.trouble = None

    def _known(self, connector):
        if connector != "a":
            raise Refused(Refusal.INVALID, f"there is no connector {connector}; there are: a")

    def wish(self, connector):
        self._known(connector)
        return {
            "state": "paused",
            "throughput": 200.0,
            "window": None,
            "reason": "ticket 1",
            "who": "ann",
            "at": NOW_MS,
        }

    def config(self, connector):
        return {"host": "smsc.example"}

    def configured(self, connector):
        return 100.0, 10

    def want(self, *asked):
        self.asked.append(asked)
        return succeed(None) if self.trouble is None else fail(self.trouble)

    def limit(self, *asked):
        return self.want("limit", *asked)

    def rebind(self, connector, bind):
        self._known(connector)
        self.asked.append(("rebind", connector, bind))


def family(desk=None, **reads):
    reads = {"counts": StoreCounts((QueueDepth("a", 9, 0), QueueDepth("b", 1, 0)), 0, 0, 0, 0, 0, 0), **reads}
    return Connectors(Dispatcher(), desk or Desk(), Store(**reads), Clock())


def test_rate_and_times():
    [row] = run(family(), "connector", "list")
    assert (row["id"], row["up"], row["down_s"], row["suspended_s"], row["rate"]) == ("a", False, 33.3, 12.3, 200.0)
    assert (row["state"], row["binds"], row["answer_ms"]) == ("paused", "1/2", 31.4)


def test_one_with_everything():
    shown = run(family(), "connector", "show", id="a")
    assert shown["binds"][1] == {
        "bind": 1,
        "state": "waiting",
        "for_s": 7.0,
        "window_used": 0,
        "window": 10,
        "lost": 0,
        "last_error": "connection refused",
    }
    assert shown["wanted"]["reason"] == "ticket 1" and shown["wanted"]["at"].startswith("2026-05-28T")
    assert (shown["throughput"], shown["configured"]) == (200.0, {"throughput": 100.0, "window": 10})
    assert shown["errors"] == {"ESME_RTHROTTLED": 7}
    assert shown["queue"] == {"queued": 9} and shown["config"] == {"host": "smsc.example"}


class OfProvider(Dispatcher):
    def status(self):
        provider = ProviderStatus(
            "isms",
            "running",
            pid=4711,
            halted="parked",
            halted_why="Insufficient credits",
            balance=0.5,
            currency="EUR",
            balance_at=NOW_MS,
            facts=(("senders", "Shop"),),
            callback_url="https://sms.example.net/callback/a/unguessable",
        )
        return [ConnectorStatus("a", "provider", False, 0, 0, 0, 0, 0, (), provider=provider)]


@pytest.mark.parametrize(
    ("role", "url"),
    [("admin", "https://sms.example.net/callback/a/unguessable"), ("operate", "*** (role admin)")],
)
def test_what_only_a_provider_has_and_its_callback_address_is_for_admins(role, url):
    connectors = Connectors(OfProvider(), Desk(), Store(counts=StoreCounts((), 0, 0, 0, 0, 0, 0)), Clock())
    caller = Caller("ann", role, "socket", "")
    answer = Registry(connectors.commands()).run("connector", "show", {"id": "a"}, caller)
    told = answer.result["provider"]
    assert (told["plugin"], told["pid"], told["circuit"]) == ("isms", 4711, "closed")
    assert (told["halted"], told["halted_why"]) == ("parked", "Insufficient credits")
    assert (told["balance"], told["currency"]) == (0.5, "EUR")
    assert told["balance_at"].startswith("2026-05-28T")
    assert told["facts"] == {"senders": "Shop"}
    assert told["callback_url"] == url


def test_an_smpp_connector_has_nothing_of_a_provider():
    assert "provider" not in run(family(), "connector", "show", id="a")


def test_one_whose_queue_cannot_be_read():
    assert run(family(counts=StoreUnavailable("no disk")), "connector", "show", id="a")["queue"] == {"error": "no disk"}


@pytest.mark.parametrize("verb", ["show", "rebind"])
def test_one_that_there_is_not(verb):
    with pytest.raises(CommandError, match="there is no connector b; there are: a"):
        run(family(), "connector", verb, id="b")


def test_who_wants_it_is_told():
    desk = Desk()
    registry = Registry(family(desk).commands())
    registry.run("connector", "pause", {"id": "a", "reason": " ticket 1 "}, Caller("ann", "operate", "socket"))
    registry.run("connector", "set", {"id": "a", "rate": "12.5"}, Caller("bob", "operate", "socket"))
    assert desk.asked == [("a", "ann", "pause", "ticket 1"), ("limit", "a", "bob", {"throughput": 12.5})]


@pytest.mark.parametrize(
    ("params", "limits"),
    [
        ({"rate": "0"}, {"throughput": 0.0}),
        ({"rate": "config", "window": "20"}, {"throughput": None, "window": 20}),
        ({"window": "config"}, {"window": None}),
    ],
)
def test_limits(params, limits):
    desk = Desk()
    run(family(desk), "connector", "set", id="a", **params)
    assert desk.asked == [("limit", "a", "smsgwd", limits)]


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({}, "needs rate= or window="),
        ({"rate": "fast"}, "rate must be"),
        ({"rate": "-1"}, "rate must be"),
        ({"rate": "nan"}, "rate must be"),
        ({"rate": "inf"}, "rate must be"),
        ({"window": "0"}, "window must be"),
        ({"window": "10001"}, "window must be"),
    ],
)
def test_limits_that_make_no_sense(params, why):
    desk = Desk()
    with pytest.raises(CommandError, match=why):
        run(family(desk), "connector", "set", id="a", **params)
    assert desk.asked == []


def test_rebind_of_one_or_all():
    desk = Desk()
    run(family(desk), "connector", "rebind", id="a", bind="1")
    run(family(desk), "connector", "rebind", id="a")
    assert desk.asked == [("rebind", "a", 1), ("rebind", "a", None)]


def test_a_long_reason_is_refused():
    with pytest.raises(CommandError, match="at most 200"):
        run(family(), "connector", "pause", id="a", reason="x" * 201)


def test_what_the_desk_refuses_is_told():
    desk = Desk()
    desk.trouble = StoreUnavailable("no disk")
    with pytest.raises(CommandError, match="the store cannot be used: no disk"):
        run(family(desk), "connector", "stop", id="a")


def test_all_that_change_are_for_who_is_on_call_and_can_be_looked_at():
    for command in family().commands():
        assert command.examples
        assert command.needs == ("operate" if command.changes else "read")
        if command.changes:
            results = []
            command.look({"id": "a"}).addCallback(results.append)
            assert results == [
                {
                    "state": "paused",
                    "reason": "ticket 1",
                    "throughput": 200.0,
                    "window": 10,
                    "binds": ["bound", "waiting"],
                }
            ]
