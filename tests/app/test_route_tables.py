"""Routing by another configuration: compiled beside the one in force, applied or dropped, never overtaken."""

from pathlib import Path

import msgspec
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.app.catalog import Catalog
from smsgwd.model.records import ROUTE
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock
from tests.app.test_catalog import Kept
from tests.config.files import good

NUMBER = "306912345678"
CONNECTOR = "- {{id: {0}, kind: smpp, host: h, port: 1, system_id: s, password: p}}"


def config(directory, *connectors, first):
    ways = "\n".join(CONNECTOR.format(name) for name in connectors)
    return good(directory, f"connectors:\n{ways}\nroutes:\n- {{connectors: [{first}]}}\n")


class PrepareTests(TestCase):
    timeout = 30

    async def begin(self):
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.kept = Kept()
        self.kept.put(ROUTE, "00005/mine", {"match": {"to": "30*"}, "connectors": ["b"]})
        self.catalog = Catalog(config(self.directory, "a", "b", first="a"), Clock(), FakeClock())
        await self.catalog.load(self.kept)
        self.catalog.tenants_changed([Tenant("demo")])

    def way(self, number):
        return self.catalog.routes.find("demo", "Shop", number, 1, 0, None, 1, 0).connectors

    async def test_it_counts_when_it_is_applied(self):
        await self.begin()
        prepared = await self.catalog.prepare(config(self.directory, "a", "b", "c", first="c"))
        assert self.way("447700900001") == ("a",)
        prepared.apply()
        assert self.way("447700900001") == ("c",)
        assert self.way(NUMBER) == ("b",)
        assert prepared.unusable == []

    async def test_a_stored_route_to_a_connector_that_is_gone_is_left_out_until_it_is_back(self):
        await self.begin()
        prepared = await self.catalog.prepare(config(self.directory, "a", first="a"))
        assert prepared.unusable == [("00005/mine", "connectors: no connector has the id 'b'")]
        prepared.apply()
        assert self.way(NUMBER) == ("a",)
        (await self.catalog.prepare(config(self.directory, "a", "b", first="a"))).apply()
        assert self.way(NUMBER) == ("b",)

    async def test_a_stored_route_may_name_a_new_connector_at_once(self):
        await self.begin()
        (await self.catalog.prepare(config(self.directory, "c", first="c"))).apply()
        value = msgspec.json.encode({"connectors": ["c"]})
        assert self.catalog.check(ROUTE, "", [("00001/x", value)]) is None

    async def test_what_is_dropped_changes_nothing_and_holds_up_nobody(self):
        await self.begin()
        prepared = await self.catalog.prepare(config(self.directory, "a", "b", "c", first="c"))
        self.kept.put(ROUTE, "00001/new", {"connectors": ["a"]})
        put = self.catalog.changed(ROUTE, "")
        for _ in range(5):
            await deferToThread(lambda: None)
        assert not put.called  # it is read when the other is decided: what is older must not come last
        prepared.drop()
        await put
        assert self.way(NUMBER) == ("a",)

    async def test_a_store_that_is_away_holds_up_nobody_either(self):
        await self.begin()
        self.kept.broken = True
        with self.assertRaises(StoreUnavailable):
            await self.catalog.prepare(config(self.directory, "a", "b", first="b"))
        self.kept.broken = False
        await self.catalog.changed(ROUTE, "")
