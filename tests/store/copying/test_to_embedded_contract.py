"""The contract on a Redis store that goes over into an embedded one in the middle of each test."""

import sqlite3

from twisted.trial.unittest import TestCase

from smsgwd.store.redis.errors import Unreachable
from tests.store.contract_walk import WalkContract
from tests.store.copying.following import Following
from tests.store.every_contract import EVERY
from tests.store.test_moving import _reopening


def _case(contract, wanted):
    """The contract with those tests only that open their store again."""
    others = {name: None for name in dir(contract) if name.startswith("test_") and name not in wanted}
    name = f"Test{contract.__name__.removesuffix('Contract')}"
    return type(name, (Following, contract, TestCase), {"__module__": __name__, **others})


for _each in EVERY:
    if _each is not WalkContract and (_wanted := _reopening(_each)):
        globals()[f"Test{_each.__name__.removesuffix('Contract')}"] = _case(_each, _wanted)


class TestWalk(Following, WalkContract, TestCase):
    """A random walk, which goes over from the one kind of store to the other and back, again and again."""

    walks = 6
    broken = False

    def new_store(self, **options):
        return super().new_store(before_commit=self._before_commit, **options)

    def trouble(self, on):
        self.broken = on

    def _before_commit(self):
        if self.broken and self.kind == "redis":
            raise Unreachable("the server is away")
        if self.broken:
            raise sqlite3.OperationalError("database or disk is full")

    async def reopen(self):
        found = await super().reopen()
        await self.healthy()
        return found
