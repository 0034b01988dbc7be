"""A move from the embedded store to Redis while the store is worked on: whatever changed meanwhile is there."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from unittest import mock

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Cancel, PutTenant
from smsgwd.model.upkeep import Purge
from smsgwd.store.copying import to_redis
from smsgwd.store.copying.copy import added_up
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.copying.to_redis import EmbeddedToRedis
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.writer import CannotOpen
from tests.store.contract_walk import WalkContract
from tests.store.every_contract import Broken, reopening
from tests.store.moving import Directory, Moving, answers, redis
from tests.store.samples import EURO, NOW, begin_anew, receipt, sent, submission, submit, tenant


def _nothing(done, total):
    """Nobody watches."""


class Following(Moving):
    """An embedded store that a move follows from its first moment on; `reopen` ends the move: it is a Redis store then.
    Once more reopened it goes back by an export, and a move begins again."""

    async def setUp(self):
        await super().setUp()
        await self._begin()

    async def tearDown(self):
        if self.kind == "embedded":
            await self.mover.abandon()
            await self._leave()
        await super().tearDown()

    async def _begin(self):
        self.target = ""
        self.target = self._as_redis(self._new_place)
        self._redis = redis(self.target)
        self.there = await self._redis.__aenter__()
        self.mover = EmbeddedToRedis(Path(self.place), self.there, fsync_ms=0)
        await self.mover.bulk(_nothing)

    async def _leave(self):
        await self._redis.__aexit__(None, None, None)

    def _as_redis(self, made):
        """Make something as a case whose store is the Redis store that is being filled."""
        kind, place = self.kind, self.place
        self.kind, self.place = "redis", self.target
        try:
            return made()
        finally:
            self.kind, self.place = kind, place

    async def reopen(self):
        if self.kind == "redis":
            found = await super().reopen()
            await self._begin()
            return found
        await self.mover.follow(_nothing)
        await self.store.close()
        await self.mover.last(_nothing)
        with self.assertRaises(CannotOpen):  # it is no store before it is done
            await self._as_redis(self.new_store).open()
        sums = await added_up(Directory(self.place))
        self.assertEqual(sums.differences(await added_up(RedisSource(self.there.asking))), [])
        await self.mover.done()
        await self.mover.done()
        self.assertFalse((Path(self.place) / "store.move.d").exists())
        await self._leave()
        self.kind, self.place = "redis", self.target
        self.store = self.new_store()
        found = await self.store.open()
        await self.healthy()
        return found


globals().update(reopening(Following, __name__))


class TestWalk(Broken, Following, WalkContract, TestCase):
    """A random walk with rounds of the move in it, each compared with the store as it was then."""

    timeout = 240
    walks = 8
    rounds = 0

    async def reopen(self):
        self.rounds += 1
        if self.kind == "redis" or self.rounds % 4 == 0:
            before = await answers(self.store)
            await super().reopen()
            after = await answers(self.store)
            for question, answer in before.items():
                self.assertEqual(after[question], answer, question)
            return
        await self.mover.follow(_nothing)
        sums = await added_up(Directory(self.place))
        self.assertEqual(sums.differences(await added_up(RedisSource(self.there.asking))), [])

    async def test_the_books_balance_after_any_walk(self):
        await super().test_the_books_balance_after_any_walk()
        self.assertGreater(self.rounds, 10)


class TestMove(TestCase):
    """What a move does besides."""

    timeout = 120

    async def setUp(self):
        begin_anew()
        self.directory = Path(self.mktemp()).absolute()
        self.store = EmbeddedStore(reactor, self.directory)
        await self.store.open()
        self.held = True
        await self.store.commit([PutTenant(tenant(credit=1000 * EURO))])
        self.prefix = f"move-{self.id().rpartition('.')[2]}"
        self._redis = redis(self.prefix)
        self.there = await self._redis.__aenter__()
        self.mover = self.new_mover()

    async def tearDown(self):
        await self.mover.abandon()
        await self._redis.__aexit__(None, None, None)
        await self.close()

    async def close(self):
        if self.held:
            self.held = False
            await self.store.close()

    def new_mover(self, fsync_ms=0):
        return EmbeddedToRedis(self.directory, self.there, fsync_ms=fsync_ms)

    @property
    def place(self):
        return self.directory / "store.move.d"

    async def names(self):
        return [name async for name in RedisSource(self.there.asking).names()]

    async def test_rounds_tell_how_much_has_changed(self):
        messages = submission(30)
        await self.store.commit([submit(*messages)])
        await self.mover.bulk(_nothing)
        self.assertEqual(await self.mover.follow(_nothing), 0)
        one, other, *_ = messages
        await self.store.commit([sent(one.id, "a"), receipt("a"), Cancel("demo", other.id, NOW)])
        told = []
        # two messages, their two pushes, what was reserved, and the tenant's counts
        changed = await self.mover.follow(lambda done, total: told.append((done, total)))
        self.assertGreaterEqual(changed, 5)
        self.assertEqual(told[-1], (changed, changed))
        await self.close()
        self.assertEqual(await self.mover.last(_nothing), 0)
        await self.mover.done()
        self.assertNotIn("meta:importing", await self.names())

    async def test_what_was_purged_is_gone(self):
        messages = submission(20, dlr_url=None)
        await self.store.commit([submit(*messages)])
        await self.store.commit([Cancel("demo", each.id, NOW) for each in messages])
        await self.mover.bulk(_nothing)
        (purged,) = await self.store.commit([Purge(NOW + 10**9, 7)])
        await self.mover.follow(_nothing)
        sums = await added_up(Directory(self.directory))
        found = await added_up(RedisSource(self.there.asking))
        self.assertEqual(sums.differences(found), [])
        self.assertLess(found.counts["message"], 20, purged)

    async def test_a_gateway_that_works_still_is_not_moved_from(self):
        await self.mover.bulk(_nothing)
        with self.assertRaisesRegex(NotMoved, "in use by another process"):
            await self.mover.last(_nothing)

    async def test_a_store_that_is_there_is_refused_and_left_as_it_is(self):
        await self.mover.bulk(_nothing)
        await self.mover.done()
        names = sorted(await self.names())
        again = self.new_mover()
        with self.assertRaisesRegex(NotMoved, "there is a store"):
            await again.bulk(_nothing)
        await again.abandon()
        self.assertEqual(sorted(await self.names()), names)
        self.assertFalse(self.place.exists())

    async def test_another_process_abandons_or_begins_anew(self):
        await self.store.commit([submit(*submission(5))])
        await self.mover.bulk(_nothing)
        self.assertTrue(list(self.place.iterdir()))
        self.assertEqual(self.place.stat().st_mode & 0o777, 0o700)
        second = self.new_mover()
        await second.bulk(_nothing)
        sums = await added_up(Directory(self.directory))
        self.assertEqual(sums.differences(await added_up(RedisSource(self.there.asking))), [])
        await self.new_mover().abandon()
        self.assertEqual(await self.names(), [])
        self.assertFalse(self.place.exists())

    async def test_another_process_says_it_is_done(self):
        await self.mover.bulk(_nothing)
        await self.close()
        await self.mover.last(_nothing)
        for _ in range(2):
            await self.new_mover().done()
        self.assertNotIn("meta:importing", await self.names())
        self.assertIn("t:demo", await self.names())

    async def test_the_last_round_and_done_wait_for_the_servers_disk(self):
        mover = self.new_mover()
        await mover.bulk(_nothing)
        await self.close()
        await mover.last(_nothing)
        waits = []
        confirmed = self.there.server.confirmed

        def nothing_fsynced(*words):
            waits.append(words[-1])
            return confirmed(*words).addCallback(lambda replies: [replies[0], [0, 0]])

        third = self.new_mover(fsync_ms=5000)
        with mock.patch.object(self.there.server, "confirmed", nothing_fsynced):
            again = self.new_mover(fsync_ms=5000)
        await again.bulk(_nothing)
        with self.assertRaisesRegex(ValueError, "has not fsynced"):
            await again.last(_nothing)
        with self.assertRaisesRegex(ValueError, "has not fsynced"):
            await again.done()
        self.assertEqual(waits, [("WAITAOF", 1, 0, 5000)] * 2)
        self.assertIn("meta:importing", await self.names())
        self.assertTrue(self.place.exists())
        await third.done()
        self.assertNotIn("meta:importing", await self.names())

    async def test_a_disk_without_room_is_told_before_anything_is_written(self):
        with mock.patch("smsgwd.store.copying.embedded_copies.shutil.disk_usage") as usage:
            usage.return_value = mock.Mock(free=1 << 20)
            with self.assertRaisesRegex(NotMoved, "1 MiB are free"):
                await self.mover.bulk(_nothing)
        await self.mover.abandon()
        self.assertEqual(await self.names(), [])

    async def test_what_is_no_store_of_this_version_is_not_moved(self):
        with self.assertRaisesRegex(NotMoved, "there is no store"):
            await EmbeddedToRedis(self.directory / "none", self.there, fsync_ms=0).bulk(_nothing)
        await self.close()
        connection = sqlite3.connect(self.directory / "store.db")
        connection.execute("PRAGMA user_version = 5")
        connection.close()
        with self.assertRaisesRegex(NotMoved, "schema version 5"):
            await self.mover.bulk(_nothing)

    async def test_a_target_that_lost_something_is_found_out(self):
        messages = submission(3)
        await self.store.commit([submit(*messages)])
        await self.mover.bulk(_nothing)
        await self.store.commit([Cancel("demo", messages[0].id, NOW)])
        finish = self.mover._target.finish

        async def losing():
            await finish()
            await self.there.server.call("UNLINK", self.there.keys.message(messages[0].id))

        with mock.patch.object(self.mover._target, "finish", losing), self.assertRaisesRegex(NotMoved, "message: 1 "):
            await self.mover.follow(_nothing)

    async def test_what_was_not_counted_is_found_out(self):
        await self.mover.bulk(_nothing)
        await self.close()
        other = mock.patch.object(to_redis.embedded_out, "counts", return_value={"tenant": 2})
        with other, self.assertRaisesRegex(NotMoved, "tenant: the store has 2, 1 were written"):
            await self.mover.last(_nothing)


_WRITER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA busy_timeout = 20000")
number = 0
for line in sys.stdin:
    for _ in range(int(line)):
        number += 1
        connection.execute("BEGIN IMMEDIATE")
        for kind in ("contact", "template"):  # both, or none
            connection.execute(
                "INSERT INTO record (kind, tenant, key, at, value) VALUES (?, 'demo', ?, ?, X'7B7D')",
                (kind, str(number), number),
            )
        connection.execute("COMMIT")
    print(number, flush=True)
"""


class TestBeside(TestCase):
    """Another process writes all the time."""

    timeout = 120

    async def test_each_copy_is_of_one_moment(self):
        directory = Path(self.mktemp()).absolute()
        store = EmbeddedStore(reactor, directory)
        await store.open()
        await store.close()
        writer = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(directory / "store.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ},
        )
        try:
            async with redis("move-beside") as there:
                mover = EmbeddedToRedis(directory, there, fsync_ms=0)
                self._ask(writer, 300)
                self._told(writer)
                self._ask(writer, 300)  # goes on while the copies are made
                await mover.bulk(_nothing)
                self._agree((await added_up(RedisSource(there.asking))).counts)
                self._ask(writer, 300)
                await mover.follow(_nothing)
                self._agree((await added_up(RedisSource(there.asking))).counts)
                self._told(writer)
                self.assertEqual(self._told(writer), 900)
                self.assertEqual(writer.wait(self._end(writer)), 0)
                await mover.last(_nothing)
                sums = await added_up(Directory(directory))
                self.assertEqual(sums.counts, {"record": 1800})
                self.assertEqual(sums.differences(await added_up(RedisSource(there.asking))), [])
                await mover.abandon()
        finally:
            writer.kill()
            writer.wait()
            writer.stdout.close()

    def _ask(self, writer, count):
        writer.stdin.write(f"{count}\n")
        writer.stdin.flush()

    def _told(self, writer):
        return int(writer.stdout.readline())

    def _end(self, writer):
        writer.stdin.close()
        return 60

    def _agree(self, counts):
        self.assertEqual(counts["record"] % 2, 0)
        self.assertGreaterEqual(counts["record"], 600)
