"""When messages are archived, what an archive forgets and clears up; on a real store."""

from prometheus_client import CollectorRegistry
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from smsgwd.app.archiving import Archiving
from smsgwd.app.roles import ARCHIVE
from smsgwd.config.model.runtime import Retention
from smsgwd.config.model.store import StoreArchive
from smsgwd.model.ids import node_of
from smsgwd.model.records import FORGET
from smsgwd.model.tenant import Tenant
from smsgwd.model.upkeep import EraseRest
from smsgwd.ports.nodes import NodeState, NodeView
from smsgwd.telemetry import Metrics
from tests.app.fakes import FakeClock
from tests.store.base import StoreCase
from tests.store.redis.archiving import InPostgres, WithArchive
from tests.store.samples import HOUR, NOW, message, receipt, sent, submit

DAY = 24 * HOUR
NUMBER = "306912345678"


class Nodes:
    fenced = ""

    def __init__(self):
        self.others = []

    def listed(self):
        return [NodeView(f"n{each}", NodeState.UP, "h", 1, "1", 0, number=each) for each in self.others]


class Cluster:
    node = "one"

    def __init__(self):
        self.nodes, self.number, self.roles = Nodes(), 1, {ARCHIVE}

    def owns(self, kind, name):
        return name in self.roles


class ArchivingCase(WithArchive, StoreCase):
    section = StoreArchive(after_h=24)

    async def setUp(self):
        await super().setUp()
        self.clock, self.cluster, self.reactor = FakeClock(NOW + 6000), Cluster(), Clock()
        self.archiving = Archiving(
            self.reactor,
            clock=self.clock,
            store=self.store,
            cluster=self.cluster,
            tenants=lambda: [Tenant("demo", texts_d=2.0)],
            section=self.section,
            retention=Retention(messages_d=90, texts_d=30),
            metrics=Metrics(CollectorRegistry()),
        )

    async def delivered(self):
        new = message(dlr_url=None)
        assert node_of(new.id) == 1
        await self.store.commit([submit(new), sent(new.id, f"A{new.id}"), receipt(f"A{new.id}")])
        return new.id

    async def left(self):
        return await self.store.asking.call("ZCARD", self.store.keys.messages)

    async def round(self, later_ms=0):
        """Step until a round is through."""
        self.clock.advance(later_ms / 1000)
        while await self.archiving.step() < 5:
            pass


class TestArchiving(ArchivingCase, TestCase):
    async def test_it_goes_when_it_has_ended_long_enough_ago(self):
        number = await self.delivered()
        await self.round()
        self.assertEqual(await self.left(), 1)
        await self.round(DAY - 2000)
        self.assertEqual(await self.left(), 1)
        await self.round(2000)
        self.assertEqual(await self.left(), 0)
        self.assertIsNotNone(await self.view(number))

    async def test_another_nodes_stay_unless_it_is_gone_for_a_day(self):
        await self.delivered()
        self.cluster.number, self.cluster.nodes.others = 2, [1, 2]
        await self.round(3 * DAY)
        self.assertEqual(await self.left(), 1)
        self.cluster.nodes.others = [2]
        self.cluster.roles = set()
        await self.round()
        self.assertEqual(await self.left(), 1)
        self.cluster.roles = {ARCHIVE}
        await self.round()
        self.assertEqual(await self.left(), 0)

    async def test_nothing_goes_without_a_lease(self):
        await self.delivered()
        self.cluster.nodes.fenced = "it is gone"
        self.clock.advance(3 * DAY / 1000)
        self.assertEqual(await self.archiving.step(), 5)
        self.assertEqual(await self.left(), 1)

    async def test_texts_and_days_go_by_their_age(self):
        number = await self.delivered()
        await self.round(25 * HOUR)
        self.assertEqual((await self.view(number)).message.body, "Καλημέρα €".encode())
        await self.round(DAY)
        self.assertEqual((await self.view(number)).message.body, b"")
        await self.round(92 * DAY)
        self.assertIsNone(await self.view(number))

    async def test_a_clock_that_was_set_forward_deletes_nothing(self):
        number = await self.delivered()
        await self.round(25 * HOUR)
        self.clock.wall += 200 * DAY
        await self.round(61_000)
        self.assertIsNotNone(await self.view(number))

    async def test_a_person_is_forgotten_in_the_archive(self):
        number = await self.delivered()
        await self.round(25 * HOUR)
        await self.store.server.call("HSET", self.store.keys.node_numbers, "one", 1, "gone", 2)
        await self.one(EraseRest(NUMBER, self.clock.now_ms()))
        await self.round()
        self.assertEqual((await self.view(number)).message.msisdn, "")
        self.assertEqual([each.tenant for each in await self.store.records(FORGET, None, "", 9)], ["gone"])
        await self.round(91 * DAY)
        self.assertEqual(await self.store.records(FORGET, None, "", 9), [])

    async def test_a_disk_that_takes_nothing_leaves_all_of_it_on_the_server(self):
        number = await self.delivered()
        archive, self.clock.wall = self.store.asking.archive, self.clock.wall + 2 * DAY

        def full(_):
            raise OSError(28, "No space left on device")

        put, archive._files.put = archive._files.put, full
        self.archiving.start()
        self.reactor.advance(2)
        await self.archiving.stop()
        self.assertEqual(await self.left(), 1)
        self.assertIsNotNone(await self.view(number))
        archive._files.put = put
        await self.round()
        self.assertEqual(await self.left(), 0)

    async def test_it_can_be_stopped_and_waits_for_what_is_under_way(self):
        number = await self.delivered()
        self.clock.advance(2 * DAY / 1000)
        self.archiving.start()
        self.reactor.advance(2)
        await self.archiving.stop()
        self.assertEqual(await self.left(), 0)
        self.assertEqual(self.reactor.getDelayedCalls(), [])
        self.assertIsNotNone(await self.view(number))


class TestSharedArchiving(InPostgres, ArchivingCase, TestCase):
    section = StoreArchive(kind="postgresql", url="postgresql://h/a", after_h=24)

    async def test_whoever_has_the_role_archives_everybodys(self):
        number = await self.delivered()
        self.cluster.number, self.cluster.nodes.others, self.cluster.roles = 2, [1, 2], set()
        self.clock.advance(25 * HOUR / 1000)
        self.assertGreaterEqual(await self.archiving.step(), 5)
        self.assertEqual(await self.left(), 1)
        self.cluster.roles = {ARCHIVE}
        await self.round()
        self.assertEqual(await self.left(), 0)
        self.assertIsNotNone(await self.view(number))

    async def test_texts_and_rows_go_by_their_age(self):
        number = await self.delivered()
        await self.round(25 * HOUR)
        await self.round(DAY)
        self.assertEqual((await self.view(number)).message.body, b"")
        await self.round(92 * DAY)
        self.assertIsNone(await self.view(number))

    async def test_a_person_is_forgotten_once_for_all_nodes(self):
        number = await self.delivered()
        await self.round(25 * HOUR)
        await self.store.server.call("HSET", self.store.keys.node_numbers, "one", 1, "gone", 2)
        await self.one(EraseRest(NUMBER, self.clock.now_ms()))
        self.cluster.roles = set()
        await self.archiving.step()
        self.assertEqual(len(await self.store.records(FORGET, None, "", 9)), 2)
        self.cluster.roles = {ARCHIVE}
        await self.round()
        self.assertEqual((await self.view(number)).message.msisdn, "")
        self.assertEqual(await self.store.records(FORGET, None, "", 9), [])
