"""The contract on a Redis store that goes over into an embedded one in the middle of each test."""

from twisted.trial.unittest import TestCase

from tests.store.contract_walk import WalkContract
from tests.store.copying.following import Following
from tests.store.every_contract import Broken, reopening

globals().update(reopening(Following, __name__))


class TestWalk(Broken, Following, WalkContract, TestCase):
    """A random walk, which goes over from the one kind of store to the other and back, again and again."""

    walks = 6

    async def reopen(self):
        found = await super().reopen()
        await self.healthy()
        return found
