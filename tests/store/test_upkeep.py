"""Check, backup and vacuum of the embedded store, while it is used, and what damage does to it."""

import contextlib
import itertools
import sqlite3
import stat
from pathlib import Path
from unittest import mock

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Cancel, PutTenant
from smsgwd.model.message import State
from smsgwd.model.upkeep import Purge
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.connection import CHECKPOINT_PAGES, open_writer
from smsgwd.store.embedded.migrations import migrate
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import HOUR, NOW, message, submission, submit, tenant


def _autocheckpoint(writer):
    return writer.execute("PRAGMA wal_autocheckpoint").fetchone()


class _Case(TestCase):
    timeout = 120

    async def setUp(self):
        self.directory = Path(self.mktemp()).absolute()
        self.damage = []
        self.store = self.new_store(self.directory)
        await self.store.open()
        await self.one(PutTenant(tenant()))

    async def tearDown(self):
        await self.store.close()

    def new_store(self, directory):
        return EmbeddedStore(reactor, directory, on_damage=self.damage.append)

    async def one(self, change):
        (result,) = await self.store.commit([change])
        return result

    async def fill(self, count, **fields):
        """So many messages, of which none has left."""
        messages = []
        for start in range(0, count, 1000):
            some = submission(min(1000, count - start), dlr_url=None, **fields)
            await self.one(submit(*some))
            messages += some
        return messages

    async def end(self, messages):
        await self.store.commit([Cancel("demo", each.id, NOW) for each in messages])

    @property
    def file(self):
        return self.directory / "store.db"

    @property
    def wal(self):
        return self.directory / "store.db-wal"


class TestCheck(_Case):
    async def test_a_sound_store_has_no_problems(self):
        await self.fill(300)
        for deep in (False, True):
            report = await self.store.check(deep=deep)
            self.assertEqual((report.problems, report.messages), ((), 300))
            self.assertGreater(report.bytes, 4096)
            self.assertGreater(report.seconds, 0)
        self.assertEqual(self.store.upkeep(), {})

    async def test_what_must_hold_between_tables_is_looked_at(self):
        one, two, three = await self.fill(3)
        await self.end([three])
        await self.store.close()
        with sqlite3.connect(self.file) as connection:
            connection.execute("UPDATE message SET connector = '' WHERE id = ?", (one.id,))
            connection.execute("UPDATE message SET state = 7 WHERE id = ?", (two.id,))
            connection.execute("UPDATE message SET done_at = NULL WHERE id = ?", (three.id,))
            connection.execute("INSERT INTO part (message, part, state) VALUES (?, 2, 3), (5, 1, 3)", (one.id,))
            connection.execute("INSERT INTO smsc VALUES ('g', 'x', ?, 258)", (one.id,))
            connection.execute("INSERT INTO parked_key VALUES ('g', 'x', 9, 0)")
            connection.execute("UPDATE ledger SET balance = -1")
            (entry,) = connection.execute("SELECT min(id) FROM ledger").fetchone()
            connection.execute(
                "INSERT INTO outbox (id, message, target, tenant, url, type, created_at, due_at, status)"
                " VALUES (81, 6, 't', 'demo', 'u', 'x', 0, 0, 0), (82, 6, 't', 'demo', 'u', 'x', 0, 0, 2),"
                " (83, 6, 't', 'demo', 'u', 'x', 0, 0, 1)"
            )
        connection.close()
        self.store = self.new_store(self.directory)
        await self.store.open()
        report = await self.store.check()
        self.assertEqual(
            set(report.problems),
            {
                f"message {two.id} has a state that is none",
                f"message {three.id} ended and has no time of it",
                f"message {one.id} is to be sent and has no connector",
                f"message {one.id} has a part beyond its number of parts",
                f"message {one.id} has an SMSC id for a part that it does not have",
                "message 5 is gone and a part of it is there",
                "push 81 is owed and its message is gone",
                "push 82 was given up and its message is gone",
                "parked receipt 9 is gone and can still be looked for",
                f"tenant demo has a balance of -1 after entry {entry}, its ledger adds up to -120000",
            },
        )

    async def test_one_check_at_a_time(self):
        await self.fill(2000)
        first = self.store.check()
        self.assertIn("check", self.store.upkeep())
        await self.assertFailure(self.store.check(), ValueError)
        await first

    async def test_a_piece_of_work_that_gets_no_thread_keeps_no_store_open(self):
        with mock.patch("threading.Thread.start", side_effect=RuntimeError("can't start new thread")):
            await self.assertFailure(self.store.check(), StoreUnavailable)
        self.assertEqual(self.store.upkeep(), {})
        self.assertEqual((await self.store.check()).problems, ())

    async def test_closing_ends_what_is_running(self):
        await self.fill(3000)
        running = [self.store.check(deep=True), self.store.backup(str(self.directory / "copy.db"))]
        closing = self.store.close()
        for work in running:
            with contextlib.suppress(StoreUnavailable):
                await work
        await closing
        self.assertEqual(list(self.directory.glob("*.partial")), [])


class TestBackup(_Case):
    async def test_a_copy_of_a_moment_while_commits_go_on(self):
        before = await self.fill(20_000)
        path = self.directory / "copy" / "store.db"
        path.parent.mkdir()
        copying = self.store.backup(str(path))
        seen, during = set(), []
        while not copying.called:
            seen.update((p.done, p.total) for p in self.store.upkeep().values())
            during += await self.fill(20)
            await deferLater(reactor, 0.001, lambda: None)
        size = await copying
        self.assertEqual(size, path.stat().st_size)
        self.assertGreater(len(during), 0)
        self.assertGreater(len({done for done, total in seen if total}), 1, "progress was seen")
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o640)
        self.assertEqual([p.name for p in path.parent.iterdir()], ["store.db"])
        copy = self.new_store(path.parent)
        highest = await copy.open()
        try:
            report = await copy.check(deep=True)
            self.assertEqual(report.problems, ())
            # one moment: all of before, and of what came meanwhile the first so many
            came = [m.id for m in during if m.id <= highest]
            self.assertEqual(report.messages, len(before) + len(came))
            self.assertEqual((await copy.message("demo", before[-1].id)).message, before[-1])
            await copy.commit([submit(message())])
        finally:
            await copy.close()

    async def test_the_log_is_folded_into_the_file_afterwards(self):
        await self.fill(30_000)
        copying = self.store.backup(str(self.directory / "copy.db"))
        while not copying.called:
            await self.fill(3000)
        await copying
        await self.fill(3000)
        with sqlite3.connect(self.file) as connection:
            _, frames, folded = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        connection.close()
        self.assertLess(frames, 8000)
        self.assertLessEqual(folded, frames)

    async def test_the_log_is_folded_again_after_a_piece_of_work_that_could_not_begin(self):
        """As when no descriptors are left: for its own connection, or for the one that folds."""

        async def folded_by_itself():
            await self.fill(3)
            (pages,) = await self.store._upkeep.run("look", lambda control: control.on_writer(_autocheckpoint))
            return pages

        for first_bad in (1, 2):
            calls, connect = itertools.count(1), sqlite3.connect

            def connect_or_not(*args, _connect=connect, _calls=calls, _bad=first_bad, **options):
                if next(_calls) >= _bad:
                    raise sqlite3.OperationalError("unable to open database file")
                return _connect(*args, **options)

            with mock.patch.object(sqlite3, "connect", connect_or_not), contextlib.suppress(StoreUnavailable):
                await self.store.check()
            self.assertGreater(next(calls), first_bad)
            self.assertEqual(await folded_by_itself(), CHECKPOINT_PAGES)

    async def test_pushes_of_a_restored_copy_have_ids_that_nobody_knows(self):
        """Receivers drop a push whose id they have seen: that of one made after the copy must not come again."""
        path = self.directory / "copy" / "store.db"
        path.parent.mkdir()
        await self.store.backup(str(path))
        first = message()
        [_, result] = await self.store.commit([submit(first), Cancel("demo", first.id, NOW)])
        copy = self.new_store(path.parent)
        await copy.open()
        try:
            second = message()
            [_, again] = await copy.commit([submit(second), Cancel("demo", second.id, NOW)])
        finally:
            await copy.close()
        self.assertGreater(again.outbox[0].id, result.outbox[0].id)
        self.assertLess(again.outbox[0].id, 1 << 53, "a JSON number may be all that a receiver can read")

    async def test_places_that_cannot_be(self):
        there = self.directory / "there.db"
        there.write_bytes(b"precious")
        for path, words in (
            (there, "there is such a file"),
            (self.file, "there is such a file"),
            (self.directory / "none" / "copy.db", "there is no such directory"),
            ("copy.db", "must be an absolute path"),
        ):
            error = await self.assertFailure(self.store.backup(str(path)), ValueError)
            self.assertIn(words, str(error))
        self.assertEqual(there.read_bytes(), b"precious")

    async def test_nothing_is_left_of_one_that_could_not_be_written(self):
        await self.fill(100)
        place = self.directory / "copies"
        place.mkdir()
        (place / "copy.db.partial").mkdir()  # cannot be made anew
        await self.assertFailure(self.store.backup(str(place / "copy.db")), StoreUnavailable)
        (place / "copy.db.partial").rmdir()
        (place / "copy.db.partial").write_bytes(b"of one that was killed")
        await self.store.backup(str(place / "copy.db"))
        self.assertEqual([p.name for p in place.iterdir()], ["copy.db"])


class TestScrub(_Case):
    async def test_the_log_is_emptied_unless_somebody_reads_in_it(self):
        log = self.file.with_name(self.file.name + "-wal")
        await self.fill(500)
        self.assertGreater(log.stat().st_size, 0)
        self.assertTrue(await self.store.scrub())
        self.assertEqual(log.stat().st_size, 0)
        reader = sqlite3.connect(self.file, isolation_level=None)
        try:
            await self.fill(5)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM message").fetchone()
            await self.fill(5)
            with mock.patch("smsgwd.store.embedded.scrub._TRIES", 2):
                self.assertFalse(await self.store.scrub())
        finally:
            reader.close()
        self.assertTrue(await self.store.scrub())
        await self.fill(5)


class TestVacuum(_Case):
    async def test_free_space_is_given_back_in_steps_while_commits_go_on(self):
        messages = await self.fill(20_000)
        await self.end(messages[:-1000])
        while (await self.one(Purge(NOW + HOUR, limit=2000))).more:
            pass
        before = (await self.store.check()).free_bytes
        self.assertGreater(before, 2_000_000)
        giving = self.store.vacuum()
        self.assertIn("vacuum", self.store.upkeep())
        more = []
        while not giving.called:
            more += await self.fill(1)
            await deferLater(reactor, 0.01, lambda: None)
        given = await giving
        self.assertGreater(given, before // 2)
        report = await self.store.check(deep=True)
        self.assertEqual((report.problems, report.messages), ((), 1000 + len(more)))
        self.assertLess(report.free_bytes, 600_000)
        self.assertEqual((await self.store.message("demo", messages[-1].id)).message, messages[-1])

    async def test_a_file_from_before_is_written_anew_once(self):
        directory = Path(self.mktemp())
        directory.mkdir()
        connection = sqlite3.connect(directory / "store.db", isolation_level=None)
        migrate(connection)
        connection.execute("CREATE TABLE filler (x)")
        connection.execute("INSERT INTO filler VALUES (zeroblob(3000000))")
        connection.execute("DROP TABLE filler")
        self.assertEqual(connection.execute("PRAGMA auto_vacuum").fetchone(), (0,))
        connection.close()
        old = self.new_store(directory)
        await old.open()
        try:
            given, _ = await gatherResults([old.vacuum(), old.commit([PutTenant(tenant())])])
            self.assertGreater(given, 2_000_000)
            self.assertEqual((await old.check(deep=True)).problems, ())
        finally:
            await old.close()
        connection = open_writer(directory / "store.db")
        self.assertEqual(connection.execute("PRAGMA auto_vacuum").fetchone(), (2,))
        connection.close()


class TestDamage(_Case):
    async def spoiled(self):
        """Messages, with a page of theirs overwritten behind the store's back; the store is opened anew."""
        messages = await self.fill(1000)
        await self.fill(1, dest="here: the page to spoil")
        messages += await self.fill(1000)
        await self.store.close()
        self.page = self.file.read_bytes().index(b"here: the page to spoil") // 4096
        self.overwrite(self.page)
        self.store = self.new_store(self.directory)
        await self.store.open()
        return messages

    def overwrite(self, page):
        with self.file.open("r+b") as file:
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)

    async def test_damage_is_told_and_what_does_not_touch_it_goes_on(self):
        messages = await self.spoiled()
        hit = []
        for each in messages[950:1050]:
            try:
                await self.store.message("demo", each.id)
            except StoreUnavailable:
                hit.append(each)
        self.assertTrue(2 <= len(hit) < 50, len(hit))
        self.assertEqual(len(self.damage), 1)  # not once for each
        self.assertIn("malformed", self.damage[0])
        new = [message() for _ in range(4)]
        outcomes = [
            self.store.commit([change])
            for change in (
                submit(new[0]),
                Cancel("demo", hit[0].id, NOW),
                submit(new[1]),
                Cancel("demo", hit[1].id, NOW),
                submit(new[2]),
            )
        ]
        for place in (1, 3):
            await self.assertFailure(outcomes[place], StoreUnavailable)
        for place in (0, 2, 4):
            await outcomes[place]
        self.assertTrue(self.store.healthy)
        await self.store.commit([submit(new[3])])
        for each in new:
            self.assertEqual((await self.store.message("demo", each.id)).message.state, State.QUEUED)
        self.assertEqual(len(self.damage), 1)

    async def test_a_check_says_where(self):
        await self.spoiled()
        for deep in (False, True):
            report = await self.store.check(deep=deep)
            self.assertTrue(report.problems)
            self.assertIn(f"Page {self.page + 1}", " ".join(report.problems))

    async def test_where_nothing_can_be_written_the_store_is_not_healthy(self):
        await self.fill(2000)
        await self.store.close()
        with sqlite3.connect(self.file) as connection:
            (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'message_tenant'").fetchone()
        connection.close()
        self.overwrite(root - 1)
        self.store = self.new_store(self.directory)
        await self.store.open()
        for _ in range(4):
            await self.assertFailure(self.store.commit([submit(message())]), StoreUnavailable)
        self.assertFalse(self.store.healthy)
        self.assertEqual(len(self.damage), 1)
