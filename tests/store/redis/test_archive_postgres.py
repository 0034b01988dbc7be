"""The archive in PostgreSQL: as the files do, and what they need not."""

import sys

import psycopg
from twisted.trial.unittest import TestCase

from smsgwd.model.ids import first_id_at
from smsgwd.model.message import State
from smsgwd.ports.store import MessageFilter, StoreUnavailable
from smsgwd.store.archive.postgres import PostgresArchive
from smsgwd.store.archive.row import ArchivedRow
from smsgwd.store.writer import CannotOpen
from tests.store.postgres_server import shared_postgres
from tests.store.redis.archiving import InPostgres, archive
from tests.store.redis.test_archive import ArchiveCase
from tests.store.samples import NOW, message, submit


class TestArchiveInPostgres(InPostgres, ArchiveCase, TestCase):
    def sql(self, query):
        with psycopg.connect(self.url, autocommit=True) as db:
            cursor = db.execute(query)
            return cursor.fetchall() if cursor.description else None

    def nothing_tells_of(self, number):
        rows = self.sql("SELECT * FROM smsgwd_archived")
        self.assertEqual(len(rows), 3)
        self.assertNotIn(number, repr(rows))

    async def test_every_node_sees_what_another_archived(self):
        other = PostgresArchive(self.url, 0, lambda: NOW)
        self.addCleanup(other.close)
        self.assertEqual(other.open(), 0)
        ids = await self.delivered(3)
        await archive(self.store)
        self.assertGreaterEqual(other.highest, max(ids))
        self.assertEqual([row.id for row in other.rows(ids)], ids)
        self.assertEqual(other.ids("demo", 0, first_id_at(NOW + 60_000), 2, True), ids[:0:-1])

    async def test_away_and_back(self):
        ids = await self.delivered(2)
        await archive(self.store)
        await self.delivered()
        server = shared_postgres()
        server.stop()
        try:
            for _ in range(2):  # the second is not even tried
                with self.assertRaisesRegex(StoreUnavailable, "PostgreSQL"):
                    await self.store.message("demo", ids[0])
            with self.assertRaisesRegex(StoreUnavailable, "PostgreSQL"):
                await archive(self.store)
            self.assertEqual(await self.on_the_server(), 1)
            new = message()
            await self.store.commit([submit(new)])
            self.assertEqual(await self.state(new.id), State.QUEUED)
            self.assertEqual(len(await self.store.asking.archive.check()), 1)
            self.assertEqual(await self.reopen(), max(new.id, *ids))  # a gateway starts without it
            with self.assertRaisesRegex(StoreUnavailable, "PostgreSQL"):
                await self.store.messages("demo", MessageFilter(), None, 9)
        finally:
            server.start()
        self.monotonic += 3
        self.assertEqual(await archive(self.store), 1)
        self.assertEqual(len(await self.store.messages("demo", MessageFilter(), None, 9)), 4)

    async def test_a_server_that_was_started_anew_is_not_noticed(self):
        ids = await self.delivered(2)
        await archive(self.store)
        shared_postgres().stop()
        shared_postgres().start()
        self.assertEqual(await self.state(ids[0]), State.DELIVERED)

    async def test_a_failure_makes_a_new_connection(self):
        """One that has become a standby's takes no rows, and goes on answering."""
        kept = self.new_archive()
        self.addCleanup(kept.close)
        kept.open()
        kept._db.execute("SET default_transaction_read_only = on")
        row = ArchivedRow(7, "demo", 1, NOW, None, b"")
        with self.assertRaisesRegex(OSError, "read-only"):
            kept.put([row])
        kept.put([row])
        self.assertEqual(kept.rows([7]), [row])

    async def test_tables_of_a_newer_version_are_left_alone(self):
        self.sql("UPDATE smsgwd_archive SET version = 2")
        await self.store.close()
        with self.assertRaisesRegex(CannotOpen, "another version"):
            await self.new_store().open()
        self.sql("UPDATE smsgwd_archive SET version = 1")
        self.store = self.new_store()
        await self.store.open()

    async def test_what_is_newer_than_all_there_asks_nobody(self):
        kept = PostgresArchive("postgresql:///none?host=/nowhere", 3_600_000, lambda: NOW)
        self.assertEqual(kept.open(), 0)
        with self.assertRaises(OSError):
            kept.first_number("demo", NOW)  # nobody knows yet
        kept._seen = 0
        self.assertIsNone(kept.first_number("demo", NOW))
        self.assertEqual(kept.numbered("demo", NOW, 1, 9, 9), [])
        self.assertLess(kept.highest, first_id_at(NOW))

    async def test_any_bytes_are_an_smscs_id(self):
        kept = self.new_archive()
        self.addCleanup(kept.close)
        kept.put([ArchivedRow(7, "demo", 1, NOW, None, b"", ("a\0b", "\udc80"))])
        self.assertEqual(kept.called(["a\0b"], 1, 9), [7])
        self.assertEqual(kept.called(["\udc80"], 1, 9), [7])
        self.assertEqual(kept.called(["a"], 1, 9), [])

    async def test_numbers_are_found_where_clocks_differ(self):
        kept = self.new_archive()
        self.addCleanup(kept.close)
        rows = [(first_id_at(NOW), 1, NOW), (first_id_at(NOW + 9), 3, NOW + 9), (first_id_at(NOW + 20), 2, NOW + 20)]
        kept.put([ArchivedRow(number, "t", seq, at, b"x", b"") for number, seq, at in rows])
        self.assertEqual(kept.first_number("t", NOW + 1), 2)
        self.assertEqual(kept.numbered("t", NOW, 2, 9, 9), [(2, rows[2][0]), (3, rows[1][0])])


def test_files_need_no_driver():
    """It is imported only where it is configured."""
    import subprocess

    code = "import smsgwd.app.storing, smsgwd.store.archive.threaded, sys; sys.exit('psycopg' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
