"""Nodes of several versions on one server: each has its functions, and what no node calls any more goes."""

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.app.cluster import SharedCluster
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.store import RedisStore
from tests.store.redis_server import Server


class Versions(TestCase):
    timeout = 128

    def setUp(self):
        self.server = Server(appendfsync="always")
        self.addCleanup(self.server.close)

    async def node(self, name, version):
        """A node that has joined, as this version would make it."""
        store = RedisStore(reactor, parse(self.server.url), prefix="g", node=name)
        source = f"{store.library.source}\n-- {version}\n"
        store.server._library = store.library = Library.of("g", source)
        cluster = SharedCluster(name, lambda: 0, store, reactor)
        await cluster.join()
        await store.open()
        self.addCleanup(store.close)
        return cluster

    def libraries(self):
        found = self.server.client.call("FUNCTION", "LIST")
        return sorted(dict(zip(each[::2], each[1::2], strict=True))[b"library_name"].decode() for each in found)

    async def until(self, holds):
        while not holds():
            await deferLater(reactor, 0.01)

    async def test_one_after_another_is_upgraded(self):
        first, second = await self.node("a", "old"), await self.node("b", "old")
        [old] = self.libraries()
        await first.stop()
        first = await self.node("a", "new")
        assert old in self.libraries() and len(self.libraries()) == 2
        await first.nodes.refresh()
        await second.nodes.refresh()
        # Both are well, each with functions of its own.
        assert [each.name for each in first.nodes.live()] == [each.name for each in second.nodes.live()] == ["a", "b"]
        assert not first.nodes.fenced and not second.nodes.fenced
        await second.stop()
        second = await self.node("b", "new")
        await self.until(lambda: old not in self.libraries())
        assert len(self.libraries()) == 1
        await first.stop()
        await second.stop()
