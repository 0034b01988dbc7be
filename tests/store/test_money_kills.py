"""What was acknowledged of money survives kill -9, and every sum is right after it."""

import random
import sqlite3
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.business import Book, Booked
from smsgwd.model.ledger import EntryKind
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.money_kills import run, verify, verify_finals
from tests.store.samples import NOW

_KILLS = 5


class TestMoneyKills(TestCase):
    timeout = 120

    async def test_every_sum_is_right_after_kill_9(self):
        directory, said, chance = self.mktemp(), [], random.Random(7)
        for number in range(_KILLS):
            said += run(directory, number, chance.randrange(100, 400))
            figures = verify(directory, said)
            ended = verify_finals(directory)
        self.assertGreater(ended, 50)
        self.assertGreaterEqual(len(said), 500)
        self.assertGreater(figures["messages"], 100)
        self.assertGreater(figures["booked"], 20)
        self.assertEqual({line[0] for line in said}, {"S", "B", "E", "N"})
        store = EmbeddedStore(reactor, directory)
        await store.open()
        (result,) = await store.commit([Book("child", EntryKind.TOPUP, 1, NOW, "last")])
        self.assertIsInstance(result, Booked)
        report = await store.ledger_check()
        await store.close()
        self.assertEqual((report.problems, report.entries), ((), figures["entries"] + 1))
        verify(directory, said)

    async def test_a_wrong_sum_is_found(self):
        """Of each kind of trouble the check is for."""
        directory = self.mktemp()
        said = run(directory, 1, 200)
        verify(directory, said)
        for sql, words in (
            ("UPDATE ledger SET amount = amount + 1 WHERE id = (SELECT max(id) FROM ledger)", "its ledger adds up to"),
            ("UPDATE ledger SET held = held + 1 WHERE id = (SELECT min(id) FROM ledger)", "reserved after entry"),
            ("UPDATE message SET price = price + 1 WHERE id = (SELECT max(id) FROM message WHERE state < 10)", "cost"),
            ("DELETE FROM tenant WHERE id = 'root'", "are found by their tenants"),
        ):
            with sqlite3.connect(Path(directory) / "store.db") as connection:
                self.assertEqual(connection.execute(sql).rowcount, 1)
            connection.close()
            store = EmbeddedStore(reactor, directory)
            await store.open()
            report = await store.ledger_check()
            self.assertTrue(any(words in problem for problem in report.problems), report.problems)
            self.assertTrue(any(words in problem for problem in (await store.check()).problems))
            await store.close()
