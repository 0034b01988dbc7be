"""What a move from Redis to the embedded store refuses, leaves, and finds; and what a node writes meanwhile."""

import contextlib
import itertools
import json
import os
import sqlite3
import stat
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from smsgwd.model.business import PutRecord, PutTenant
from smsgwd.model.changes import Cancel, OutboxDone
from smsgwd.model.message import State
from smsgwd.model.operators import DropFinals
from smsgwd.model.records import CONTACT, Record
from smsgwd.model.spooled import Waiting
from smsgwd.model.tenant import Credential
from smsgwd.model.upkeep import Purge
from smsgwd.store.copying import redis_changes, stamps
from smsgwd.store.copying.copy import added_up
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.copying.redis_in import NotEmpty, RedisCopy
from smsgwd.store.copying.redis_out import RedisSource
from smsgwd.store.copying.to_embedded import RedisToEmbedded
from smsgwd.store.embedded.lock import DirectoryLock
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.redis.errors import Unreachable
from smsgwd.store.redis.tx import STAMP
from smsgwd.store.spool_file import FILE, SpoolFile
from smsgwd.store.writer import CannotOpen
from tests.store.copying.following import untold
from tests.store.moving import Directory, redis
from tests.store.redis.test_upkeep import UpkeepCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit, tenant

_DAY = 24 * HOUR


class MoveCase(UpkeepCase):
    """A store with some of everything, a directory, and a move from the one to the other."""

    async def setUp(self):
        await super().setUp()
        self.directory = Path(self.mktemp())
        self.directory.mkdir()
        server = redis(self.prefix)
        self.tool = await server.__aenter__()
        self.addCleanup(server.__aexit__, None, None, None)
        self.move = self.new_move()

    def new_move(self):
        """As another process has it."""
        return RedisToEmbedded(self.tool, self.directory, now=lambda: NOW / 1000)

    def left(self):
        """What is in the directory."""
        return sorted(each.name for each in self.directory.iterdir() if each.name != "store.lock")

    async def moved(self):
        """The embedded store, open, once all of it is there; it was compared."""
        await self.store.close()
        await self.move.last(untold)
        sums = await added_up(RedisSource(self.tool.asking))
        await self.move.done()
        self.assertEqual(sums.differences(await added_up(Directory(self.directory))), [])
        store = EmbeddedStore(reactor, str(self.directory), keep_finals=True)
        await store.open()
        self.addCleanup(store.close)
        self.assertEqual((await store.check(deep=True)).problems, ())
        self.assertEqual((await store.ledger_check()).problems, ())
        return store

    async def refused(self, doing, *words, kind=NotMoved):
        """It is not done, and why."""
        with self.assertRaises(kind) as caught:
            await doing
        for word in words:
            self.assertIn(word, str(caught.exception))


class TestFollowing(MoveCase, TestCase):
    """The node goes on writing."""

    async def work(self, steps):
        """Messages come, end and go."""
        for step in steps:
            new = submission(12, dlr_url=None if step % 2 else message().dlr_url)
            waits = message(state=State.SCHEDULED, due_at=NOW + HOUR)
            contact = PutRecord(Record(CONTACT, "demo", f"40{step}", b"{}", NOW))
            await self.store.commit([submit(*new, waits), contact])
            results = await self.store.commit(
                [
                    *(sent(each.id, f"{each.id}") for each in new[:6]),
                    *(receipt(f"{each.id}") for each in new[:4]),
                    *(Cancel("demo", each.id, NOW) for each in (*new[6:9], waits)),
                ]
            )
            owed = [item.id for result in results for item in getattr(result, "outbox", ())]
            await self.store.commit([OutboxDone(number, NOW) for number in owed[::2]])
            await self.store.commit(
                [Purge(NOW + _DAY + step * HOUR, limit=7), PutTenant(tenant(f"t{step}", credentials=()))]
            )

    async def working(self, doing):
        """What a round says, beside which the store is written to all the time."""
        found = Deferred.fromCoroutine(doing)
        steps = itertools.takewhile(lambda step: not found.called or step < 5, itertools.count())
        await self.work(steps)
        return await found

    async def test_all_that_was_written_meanwhile_is_there(self):
        self.patch(redis_changes, "_LOOKED_AT", 20)
        self.patch(stamps, "_PAGE", 5)
        await self.store.keep_finals(True)
        await self.working(self.move.bulk(untold))
        self.assertGreater(await self.working(self.move.follow(untold)), 50)
        await self.store.commit([DropFinals(5)])
        store = await self.moved()
        self.assertGreater((await store.check()).messages, 50)
        self.assertGreater(len(await store.tenants()), 5)

    async def test_a_quiet_round_finds_nothing(self):
        said = []
        await self.move.bulk(lambda done, total: said.append((done, total)))
        self.assertEqual(said[-1], (6, 6))
        self.assertEqual(await self.move.follow(untold), 0)
        await self.store.commit([submit(message())])
        # the message, an entry of the ledger, counts
        self.assertEqual(await self.move.follow(untold), 3)
        self.assertEqual(await self.move.follow(untold), 0)
        store = await self.moved()
        self.assertEqual((await store.check()).messages, 7)

    async def test_what_only_one_may_have_goes_over_to_another(self):
        first, second = message(client_ref="once", dlr_url=None), message(client_ref="once", dlr_url=None)
        await self.store.commit([submit(first, unique=(0,)), Cancel("demo", first.id, NOW)])
        name = (Credential("password", "name", "$argon2id$x", 1),)
        await self.store.commit([PutTenant(tenant("zed", credentials=name))])
        await self.move.bulk(untold)
        while (await self.one(Purge(NOW + _DAY, limit=500))).more:
            pass
        self.assertIsNone(await self.view(first.id))
        await self.store.commit([submit(second, unique=(0,)), PutTenant(tenant("zed", credentials=()), replace=True)])
        await self.store.commit([PutTenant(tenant("abc", credentials=name))])
        self.assertGreater(await self.move.follow(untold), 3)
        store = await self.moved()
        self.assertEqual((await store.message("demo", second.id)).message.client_ref, "once")
        self.assertEqual({each.id for each in await store.tenants()}, {"abc", "demo", "zed"})

    async def test_what_ended_and_is_written_down_goes(self):
        await self.store.keep_finals(True)
        await self.store.commit([Cancel("demo", each.id, NOW) for each in (self.queued, self.due, self.held)])
        first, *_ = await self.store.finals(0, 9)
        await self.move.bulk(untold)
        await self.store.commit([DropFinals(first.seq)])
        self.assertEqual(await self.move.follow(untold), 1)
        await self.store.commit(
            [Cancel("demo", self.sent.id, NOW), submit(new := message()), Cancel("demo", new.id, NOW)]
        )
        store = await self.moved()
        self.assertEqual(
            [each.view.message.id for each in await store.finals(0, 9)], [self.due.id, self.held.id, new.id]
        )


class TestRefused(MoveCase, TestCase):
    """What cannot be done, and that nothing is left of it."""

    async def test_there_is_a_store_already(self):
        (self.directory / "store.db").touch()
        await self.refused(self.move.bulk(untold), "there is a store already")
        self.assertEqual(self.left(), ["store.db"])

    async def test_a_piece_of_an_import_is_no_source(self):
        self.call("SET", self.keys.importing, b"12345678")
        await self.refused(self.move.bulk(untold), "import")

    async def test_nodes_that_work_on_the_store(self):
        await self.move.bulk(untold)
        self.call("HSET", self.keys.nodes, "n7", b"", "n8", b"")
        self.call("SET", self.keys.node("n7"), b"token")
        await self.refused(self.move.last(untold), "n7")
        await self.move.abandon()
        self.assertEqual(self.left(), [])

    async def test_what_waits_in_the_spool(self):
        spool = SpoolFile(self.directory / FILE, self.prefix, 10)
        spool.put([[Waiting(submit(message()))]], NOW)
        spool.close()
        await self.move.bulk(untold)
        await self.refused(self.move.last(untold), "wait")

    async def test_somebody_has_the_directory(self):
        await self.move.bulk(untold)
        lock = DirectoryLock(self.directory)
        lock.acquire()
        self.addCleanup(lock.release)
        await self.refused(self.move.last(untold), str(os.getpid()))

    async def test_a_row_that_cannot_be_read(self):
        self.call("SETRANGE", self.keys.message(self.queued.id), STAMP, b"\xc1" * 9)
        await self.refused(self.move.bulk(untold), "cannot be read")

    async def test_the_server_goes(self):
        await self.move.bulk(untold)
        await self.tool.server.close()
        await self.refused(self.move.follow(untold), kind=Unreachable)
        await self.move.abandon()
        self.assertEqual(self.left(), [])

    async def test_an_index_that_says_something_else(self):
        await self.move.bulk(untold)
        self.call("ZADD", self.keys.refusals, 0, b"12345678")
        await self.refused(self.move.last(untold), "refused: the server's index has 1, 0 were read")

    async def test_a_file_that_is_other_than_it_was_written(self):
        await self.move.bulk(untold)
        with contextlib.closing(sqlite3.connect(self.directory / "store.db.moving")) as file, file:
            file.execute("UPDATE message SET dest = 'x' WHERE id = ?", (self.queued.id,))
        self.assertEqual(len(await self.move._following.differences()), 1)
        with contextlib.closing(sqlite3.connect(self.directory / "store.db.moving")) as file, file:
            file.execute("DELETE FROM audit")
            file.execute("DELETE FROM part")
            file.execute("CREATE TRIGGER worse AFTER INSERT ON part BEGIN UPDATE part SET state = 12; END")
        await self.store.commit([receipt("A1"), submit(message())])
        await self.refused(self.move.follow(untold), "message: the copy has as many (2)")


class TestDone(MoveCase, TestCase):
    """The end of it, and what comes again after a crash."""

    async def test_the_old_store_is_not_opened_again(self):
        await self.move.bulk(untold)
        self.assertEqual(self.left(), ["store.db.moving", "store.db.moving-shm", "store.db.moving-wal", "store.move.d"])
        self.assertEqual(stat.S_IMODE((self.directory / "store.move.d").stat().st_mode), 0o700)
        await self.store.close()
        await self.move.last(untold)
        self.assertEqual(self.left(), ["store.db.moving", "store.move.d"])
        await self.move.done()
        self.assertEqual(self.left(), ["store.db"])
        self.assertEqual(stat.S_IMODE((self.directory / "store.db").stat().st_mode), 0o640)
        said = json.loads(self.call("GET", self.keys.moved)[STAMP:])
        self.assertTrue(said["to"].endswith(f"{self.directory}/store.db"))
        self.assertEqual(said["at"], NOW)
        words = ("was moved to", self.keys.moved)
        await self.refused(self.new_store().open(), *words, kind=CannotOpen)
        await self.refused(RedisCopy(self.tool.asking, self.tool.server).begin(), *words, kind=NotEmpty)
        await self.refused(RedisToEmbedded(self.tool, Path(self.mktemp())).bulk(untold), *words)
        self.call("DEL", self.keys.moved)
        self.store = self.new_store()
        await self.store.open()

    async def test_done_is_done_again(self):
        await self.move.bulk(untold)
        await self.store.close()
        await self.move.last(untold)
        self.move._lock.release()  # as a process that is gone
        await self.new_move().done()
        said = self.call("GET", self.keys.moved)
        self.directory.joinpath("store.move.d").mkdir()
        again = RedisToEmbedded(self.tool, self.directory, now=lambda: NOW / 1000 + 9)
        await again.done()
        self.assertEqual(self.call("GET", self.keys.moved), said)
        self.assertEqual(self.left(), ["store.db"])

    async def test_done_of_nothing(self):
        await self.refused(self.move.done(), "there is no store")
        self.assertIsNone(self.call("GET", self.keys.moved))

    async def test_done_writes_over_nothing(self):
        await self.move.bulk(untold)
        await self.store.close()
        await self.move.last(untold)
        (self.directory / "store.db").write_bytes(b"of another")
        await self.refused(self.move.done(), "there is a store already")
        self.assertEqual((self.directory / "store.db").read_bytes(), b"of another")

    async def test_what_another_process_left_goes_with_the_next_one(self):
        await self.move.bulk(untold)
        await self.store.commit([submit(message())])
        second = self.new_move()
        await second.bulk(untold)
        self.assertEqual(await second.follow(untold), 0)
        await self.new_move().abandon()
        self.assertEqual(self.left(), [])
        self.assertIsNone(self.call("GET", self.keys.moved))
        self.assertEqual(await self.problems(), ())
