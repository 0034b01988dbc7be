"""What the tests of links share."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.library import Library
from smsgwd.store.redis.reach import link_to

SOURCE = """
redis.register_function('put', function(keys, args) return redis.call('SET', keys[1], args[1]) end)
redis.register_function('got', function(keys, args) return redis.call('GET', keys[1]) end)
"""
LIBRARY = Library("tests", SOURCE)


class LinkCase(TestCase):
    """Tests with links, which are closed afterwards."""

    timeout = 128

    def link(self, url, **options):
        """A link to an address; `changes` has what it says of itself, `waiting` who waits for that."""
        self.changes: list[bool] = []
        self.waiting: list[tuple[bool, Deferred[None]]] = []
        options = {"library": LIBRARY, "jitter": lambda: 1.0, "on_change": self.changed, **options}
        link = link_to(reactor, parse(url), **options)
        self.addCleanup(link.close)
        return link

    async def linked(self, url, **options):
        """The same, connected."""
        link = self.link(url, **options)
        await link.connect()
        return link

    def changed(self, up):
        self.changes.append(up)
        for wanted, waiter in list(self.waiting):
            if wanted is up:
                self.waiting.remove((wanted, waiter))
                waiter.callback(None)

    def next_change(self, up):
        """Fires when a link says it is up, or down, the next time."""
        waiter: Deferred[None] = Deferred()
        self.waiting.append((up, waiter))
        return waiter

    async def soon(self, call):
        """The reply of `call()`, made again and again while the server is out of reach."""
        while True:
            try:
                return await call()
            except Unreachable:
                await deferLater(reactor, 0.02)
