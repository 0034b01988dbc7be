"""The Redis store keeps the contract, on a real server."""

import itertools

from twisted.internet import reactor

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.every_contract import every
from tests.store.redis_server import shared_server

_prefixes = itertools.count(1)


class Redis:
    """Makes stores on one server, each test under a prefix of its own."""

    def new_store(self, **options):
        if not hasattr(self, "prefix"):
            self.prefix = f"t{next(_prefixes)}"
        return RedisStore(reactor, parse(shared_server().url), prefix=self.prefix, strict=False, **options)


globals().update(every(Redis, __name__))
