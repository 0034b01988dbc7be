"""Stores of the contract that go over into the embedded store while they are written to, when they are opened again."""

from pathlib import Path

from smsgwd.store.copying.copy import added_up
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.copying.to_embedded import RedisToEmbedded
from tests.store.moving import Directory, Moving, redis


def untold(done, total):
    """Nobody listens."""


class Following(Moving):
    """Begins as a Redis store, of which a bulk copy is made before anything is done. `reopen` makes it an embedded one,
    and that one a Redis store again, by a file."""

    kind = "redis"
    moves = 0

    async def setUp(self):
        await super().setUp()
        await self.begin()

    async def begin(self):
        """The bulk, beside the store that is open."""
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        self.server = redis(self.place)
        self.move_of = RedisToEmbedded(await self.server.__aenter__(), self.directory)
        await self.move_of.bulk(untold)

    async def reopen(self):
        if self.kind == "embedded":
            found = await super().reopen()
            await self.begin()
            return found
        await self.move_of.follow(untold)
        await self.store.close()
        await self.move_of.last(untold)
        async with redis(self.place) as there:
            sums = await added_up(RedisSource(there.asking))
        await self.move_of.done()
        await self.server.__aexit__(None, None, None)
        self.kind, self.place = "embedded", str(self.directory)
        self.assertEqual(sums.differences(await added_up(Directory(self.place))), [])
        self.assertEqual([each.name for each in self.directory.glob("store.*move*")], [])
        self.store = self.new_store()
        found = await self.store.open()
        self.moves += 1
        return found

    async def tearDown(self):
        await super().tearDown()
        if self.kind == "redis":
            await self.move_of.abandon()
            await self.server.__aexit__(None, None, None)
            self.assertEqual([each.name for each in self.directory.iterdir() if each.name != "store.lock"], [])
