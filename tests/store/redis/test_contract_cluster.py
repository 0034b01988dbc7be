"""The Redis store keeps the contract on a cluster of three masters; each test's keys are in another slot."""

import functools
import itertools

from twisted.internet import reactor

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.slots import slot_of
from smsgwd.store.redis.store import RedisStore
from tests.store.every_contract import every
from tests.store.redis_sets import ClusterSet

_prefixes = itertools.count(1)


@functools.cache
def _cluster():
    """The masters of this test process; they end with it."""
    return ClusterSet()


class Cluster:
    """Makes stores on the masters."""

    def new_store(self, **options):
        if not hasattr(self, "prefix"):
            self.prefix = f"c{next(_prefixes)}"
        return RedisStore(reactor, parse(_cluster().url), prefix=self.prefix, strict=False, **options)


def test_three_masters_have_keys():
    """What is below is no test of one server."""
    cluster = _cluster()
    assert len({cluster.owner(slot_of([f"{{c{number}}}:m:1"])).port for number in range(1, 50)}) == 3


globals().update(every(Cluster, __name__))
TestWalk.walks = 6  # noqa: F821 -- one of the classes just made; each step is a few round trips more than on one server
