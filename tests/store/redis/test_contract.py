"""The Redis store keeps the contract, on a real server."""

import itertools
import re
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store import contract
from tests.store.every_contract import every
from tests.store.redis_server import shared_server

_prefixes = itertools.count(1)


class Redis:
    """Makes stores on one server, each test under a prefix of its own."""

    def new_store(self, **options):
        if not hasattr(self, "prefix"):
            self.prefix = f"t{next(_prefixes)}"
        return RedisStore(reactor, parse(shared_server().url), prefix=self.prefix, strict=False, **options)


def test_no_part_of_the_contract_is_left_out():
    """Every class that is called a contract in this folder is among those below."""
    written = set()
    for path in Path(contract.__file__).parent.glob("contract*.py"):
        written |= set(re.findall(r"^class (\w+)Contract\(", path.read_text(), re.MULTILINE))
    assert written - {"Statement"} == {name.removeprefix("Test") for name in every(Redis, __name__)}  # it is in Money's


globals().update(every(Redis, __name__))


class Node(Redis):
    """One of several: it claims what it sends, for some connectors as soon as it is there."""

    def new_store(self, **options):
        store = super().new_store(node="n1", **options)
        store.memory.room = lambda connector: 99 * (connector != "b")
        return store


class TestSendingOfANode(Node, contract.SendingContract, TestCase):
    pass


class TestQueriesOfANode(Node, contract.QueryContract, TestCase):
    pass


class TestSweepsOfANode(Node, contract.SweepContract, TestCase):
    pass


class TestWaysOfANode(Node, contract.WaysContract, TestCase):
    pass
