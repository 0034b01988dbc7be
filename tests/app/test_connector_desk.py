"""What operators want of connectors: durable before it counts, over restarts and reloads."""

import json

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from smsgwd.app.connector_desk import ConnectorDesk
from smsgwd.app.connector_shown import shown
from smsgwd.app.records import StoredRecords
from smsgwd.delivery.trouble import rule
from smsgwd.model.records import CONNECTOR, ConnectorWish
from smsgwd.model.refusals import Refused
from smsgwd.ports.store import StoreUnavailable
from smsgwd.southbound.settings import Settings
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock
from tests.southbound.fakes import Bench, settings


class FakeNodes:
    """The other nodes: what they are told, and `asked`, what they ask."""

    def __init__(self):
        self.told = []

    def start(self, wanted, rebind):
        self.asked = rebind

    def declare(self, connectors):
        self.declared = connectors

    def changed(self):
        self.looks = True

    def rebind(self, connector):
        self.told.append(connector)


class DeskTests(TestCase):
    timeout = 30

    async def setUp(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        self.clock = FakeClock()
        self.records = StoredRecords(self.store, self.clock)
        self.bench, self.desk = self.begun()
        self.bench.start()

    async def tearDown(self):
        await self.store.close()

    def begun(self, *configured: Settings):
        """A sending side with a scripted SMSC, and a desk, as after a start."""
        bench = Bench(settings(id="b"), throughput=100)
        return bench, ConnectorDesk(
            list(configured) or [settings(throughput=100), settings(id="b")],
            bench.dispatcher,
            self.records,
            self.clock,
        )

    async def again(self):
        """After a restart."""
        bench, desk = self.begun()
        await desk.start()
        bench.start()
        return bench, desk

    async def kept(self):
        return {record.key: json.loads(record.value) for record in await self.records.page(CONNECTOR, "", "", 99)}

    async def refusal(self, deferred):
        return (await self.assertFailure(deferred, Refused)).detail

    def of(self, bench, name="sim"):
        [found] = [each for each in bench.dispatcher.status() if each.id == name]
        return found

    async def test_a_pause_is_kept_and_told_again(self):
        await self.desk.want("sim", "ann", "pause", "ticket 1")
        self.assertEqual(self.of(self.bench).state, "paused")
        self.assertEqual(
            await self.kept(),
            {"sim": {"state": "paused", "reason": "ticket 1", "who": "ann", "at": self.clock.now_ms()}},
        )
        bench, desk = await self.again()
        self.assertEqual((self.of(bench).state, self.of(bench, "b").state), ("paused", "on"))
        self.assertEqual(self.of(bench).binds[0].state, "bound")
        self.assertEqual((desk.wish("sim")["reason"], desk.wish("b")["state"]), ("ticket 1", "on"))
        await desk.want("sim", "bob", "resume")
        self.assertEqual(self.of(bench).state, "on")
        self.assertEqual(await self.kept(), {})

    async def test_a_rebind_of_all_binds_is_told_the_other_nodes_and_done_when_they_ask(self):
        nodes = FakeNodes()
        bench = Bench(settings(id="b"), throughput=100)
        both = [settings(throughput=100), settings(id="b")]
        desk = ConnectorDesk(both, bench.dispatcher, self.records, self.clock, nodes=nodes)
        await desk.start()
        bench.start()
        done = []
        bench.dispatcher.rebind = lambda connector, bind: done.append((connector, bind))
        desk.rebind("sim", None)
        desk.rebind("b", 0)
        self.assertEqual((done, nodes.told), ([("sim", None), ("b", 0)], ["sim"]))
        nodes.asked("b")
        nodes.asked("of another configuration")
        desk._wishes["sim"] = ConnectorWish(state="stopped")
        nodes.asked("sim")
        self.assertEqual((done[2:], nodes.told), ([("b", None)], ["sim"]))

        def gone(connector, bind):
            raise ValueError("there is no bind 0")

        bench.dispatcher.rebind = gone
        nodes.asked("b")
        with self.assertRaisesRegex(Refused, "node binds"):
            desk.rebind("b", 0)

    async def test_it_counts_only_when_it_is_durable(self):
        committed = Deferred()
        commit = self.store.commit
        self.store.commit = lambda changes: committed.addCallback(lambda _: commit(changes))
        done = self.desk.want("sim", "ann", "pause")
        self.assertTrue(self.bench.dispatcher.up("sim"))
        committed.callback(None)
        await done
        self.assertFalse(self.bench.dispatcher.up("sim"))

    async def test_a_store_that_cannot_write_changes_nothing(self):
        def fails(changes):
            raise StoreUnavailable("disk full")

        self.store.commit = fails
        await self.assertFailure(self.desk.want("sim", "ann", "stop"), StoreUnavailable)
        await self.assertFailure(self.desk.limit("sim", "ann", {"throughput": 1.0}), StoreUnavailable)
        self.assertEqual((self.of(self.bench).state, self.of(self.bench).throughput), ("on", 100.0))
        self.assertEqual(self.desk.wish("sim")["state"], "on")

    async def test_a_stop_fires_when_it_is_closed_and_is_told_again(self):
        done = self.desk.want("b", "ann", "stop")
        while self.of(self.bench, "b").state != "stopped":  # it is kept before it counts: by then the desk has gone on
            await self.kept()
        self.assertFalse(done.called)
        self.bench.pump()
        await done
        self.assertEqual(self.bench.smsc.open, 1)
        bench, desk = await self.again()
        self.assertEqual((self.of(bench, "b").binds[0].state, bench.smsc.open), ("stopped", 1))
        self.assertIn("connector start b", await self.refusal(desk.want("b", "ann", "resume")))
        self.assertIn("connector start b", await self.refusal(desk.want("b", "ann", "pause")))
        with self.assertRaisesRegex(Refused, "connector start b"):
            desk.rebind("b", None)
        await desk.want("b", "ann", "start")
        bench.pump()
        self.assertEqual(bench.smsc.open, 2)

    async def test_limits_go_over_the_configuration_until_they_are_taken_back(self):
        await self.desk.limit("sim", "ann", {"throughput": 5.0})
        await self.desk.limit("sim", "ann", {"window": 3})
        self.assertEqual((self.of(self.bench).throughput, self.of(self.bench).window), (5.0, 3))
        self.assertEqual(self.desk.configured("sim"), (100, 10))
        bench, desk = await self.again()
        self.assertEqual((self.of(bench).throughput, self.of(bench).window), (5.0, 3))
        await desk.limit("sim", "ann", {"throughput": None})
        self.assertEqual((self.of(bench).throughput, self.of(bench).window), (100.0, 3))
        await desk.limit("sim", "ann", {"window": None})
        self.assertEqual((self.of(bench).throughput, self.of(bench).window), (100.0, 10))
        self.assertEqual(await self.kept(), {})

    async def test_a_reload_keeps_what_operators_want(self):
        await self.desk.limit("sim", "ann", {"throughput": 5.0})
        await self.desk.want("b", "ann", "pause")
        done = self.desk.reconfigure([settings(throughput=200), settings(id="b"), settings(id="c")])
        self.assertEqual((done.added, done.adjusted, done.rebound, done.removed), (("c",), (), (), ()))
        self.assertEqual((self.of(self.bench).throughput, self.of(self.bench, "b").state), (5.0, "paused"))
        await self.desk.limit("sim", "ann", {"throughput": None})
        self.assertEqual(self.of(self.bench).throughput, 200)

    async def test_one_that_comes_back_by_a_reload_is_as_operators_left_it(self):
        await self.desk.want("b", "ann", "pause")
        await self.desk.limit("b", "ann", {"window": 2})
        self.desk.reconfigure([settings(throughput=100)])
        self.bench.advance(1)
        self.assertIn("there are: sim", await self.refusal(self.desk.want("b", "ann", "resume")))
        done = self.desk.reconfigure([settings(throughput=100), settings(id="b")])
        self.bench.pump()
        self.assertEqual(done.added, ("b",))
        self.assertEqual((self.of(self.bench, "b").state, self.of(self.bench, "b").window), ("paused", 2))

    async def test_what_there_is_not(self):
        self.assertEqual(
            await self.refusal(self.desk.want("x", "ann", "pause")), "there is no connector x; there are: sim, b"
        )
        self.assertIn("sim, b", await self.refusal(self.desk.limit("x", "ann", {"window": 1})))
        for look in (self.desk.wish, self.desk.config, self.desk.configured):
            with self.assertRaisesRegex(Refused, "there are: sim, b"):
                look("x")
        with self.assertRaisesRegex(Refused, "sim has no bind 1; they are numbered from 0 to 0"):
            self.desk.rebind("sim", 1)
        self.assertEqual(await self.kept(), {})

    async def test_a_record_that_cannot_be_read_is_passed_over(self):
        await self.records.put(CONNECTOR, "", "b", b"{]")
        await self.records.put(CONNECTOR, "", "sim", b'{"state":"paused"}')
        bench, _ = await self.again()
        self.assertEqual((self.of(bench).state, self.of(bench, "b").state), ("paused", "on"))

    async def test_a_gateway_that_stops_takes_no_wishes(self):
        self.bench.dispatcher.drain(1)
        self.assertIn("stopping", await self.refusal(self.desk.want("sim", "ann", "start")))

    async def test_many_wishes_are_all_read(self):
        await self.records.put_many(CONNECTOR, "", [(f"a{n:04d}", b"{}") for n in range(600)])
        await self.records.put(CONNECTOR, "", "sim", b'{"state":"paused"}')
        bench, _ = await self.again()
        self.assertEqual(self.of(bench).state, "paused")


def test_no_secret_is_shown():
    found = shown(settings(statuses={0x58: rule("fail")}, tls_from=("smsc", True, None, None, None)))
    assert "secret" not in json.dumps(found) and found["system_id"] == "gw"
    assert found["statuses"] == {"0x58": "fail"} and found["interface_version"] == "3.4"
