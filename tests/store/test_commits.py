"""When the embedded store answers, what shares a commit, and what a failing commit does."""

import itertools
import sqlite3
import threading
import time

from twisted.internet import reactor, task
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import PutTenant, Submitted
from smsgwd.model.message import State
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded import writer as writer_module
from smsgwd.store.embedded.connection import open_reader, open_writer
from smsgwd.store.embedded.store import EmbeddedStore
from tests.store.samples import NOW, message, receipt, sent, submit, tenant


class _Reactor:
    """Threads call back for real; time is a clock's."""

    def __init__(self):
        self.clock = task.Clock()
        self.callFromThread = reactor.callFromThread
        self.callLater = self.clock.callLater


class _Gate:
    """A `before_commit` that can hold a commit back, or break it."""

    def __init__(self):
        self.open = threading.Event()
        self.open.set()
        self.error = None
        self.reached = Deferred()

    def hold(self):
        """Hold the next commit; fires when it is reached."""
        self.open.clear()
        self.reached = Deferred()
        return self.reached

    def __call__(self):
        if not self.open.is_set():
            reactor.callFromThread(self.reached.callback, None)
            assert self.open.wait(30)
        if self.error is not None:
            raise self.error


class _Case(TestCase):
    timeout = 60

    async def setUp(self):
        self.gate, self.reactor = _Gate(), _Reactor()
        self.health, self.commits = [], []
        self.changed = Deferred()
        self.directory = self.mktemp()
        self.store = self.new_store()
        await self.store.open()
        await self.store.commit([PutTenant(tenant(credit=1_000_000))])
        self.commits.clear()

    def new_store(self, **options):
        """A store behind the gate."""
        return EmbeddedStore(
            self.reactor,
            self.directory,
            before_commit=self.gate,
            on_health=self._on_health,
            observe_commit=lambda seconds, changes: self.commits.append(changes),
            **options,
        )

    def _on_health(self, healthy):
        self.health.append(healthy)
        changed, self.changed = self.changed, Deferred()
        changed.callback(healthy)

    async def tearDown(self):
        self.gate.error = None
        self.gate.open.set()
        await self.store.close()


class TestDurability(_Case):
    async def test_nothing_is_answered_while_its_commit_is_held_back(self):
        reached = self.gate.hold()
        new = message()
        asked = self.store.commit([submit(new)])
        await reached
        self.assertFalse(asked.called)
        self.assertIsNone(await self.store.message("demo", new.id))
        self.assertFalse(asked.called)
        self.gate.open.set()
        self.assertEqual(await asked, [Submitted({})])
        self.assertEqual((await self.store.message("demo", new.id)).message, new)

    async def test_what_waits_shares_one_commit(self):
        reached = self.gate.hold()
        asked = [self.store.commit([submit(message())])]
        await reached
        asked += [self.store.commit([submit(message()), submit(message())]) for _ in range(10)]
        self.gate.open.set()
        await gatherResults(asked)
        self.assertEqual(self.commits, [1, 20])

    async def test_a_transaction_is_bounded(self):
        await self.store.close()
        self.store = self.new_store(most=8)
        await self.store.open()
        reached = self.gate.hold()
        asked = [self.store.commit([submit(message())])]
        await reached
        asked += [self.store.commit([submit(message()), submit(message())]) for _ in range(10)]
        self.gate.open.set()
        await gatherResults(asked)
        self.assertEqual(self.commits, [1, 8, 8, 4])

    async def test_starts_are_spaced_while_busy_and_immediate_after_a_pause(self):
        await self.store.close()
        starts = []
        self.store = EmbeddedStore(
            reactor, self.directory, gap_s=0.05, before_commit=lambda: starts.append(time.monotonic())
        )
        await self.store.open()
        asked = time.monotonic()
        await self.store.commit([submit(message())])
        self.assertLess(starts[0] - asked, 0.04)
        for _ in range(3):
            await self.store.commit([submit(message())])
        gaps = [later - earlier for earlier, later in itertools.pairwise(starts)]
        self.assertGreater(min(gaps), 0.04)

    async def test_the_file_is_synced_at_every_commit(self):
        """FULL (2) is what SQLite promises durability for in write-ahead logging (sqlite.org/pragma.html)."""
        connection = open_writer(self.store._directory / "probe.db")
        self.assertEqual(connection.execute("PRAGMA synchronous").fetchone(), (2,))
        self.assertEqual(connection.execute("PRAGMA journal_mode").fetchone(), ("wal",))
        connection.close()

    async def test_a_reader_cannot_write(self):
        connection = open_reader(self.store._directory / "store.db")
        with self.assertRaises(sqlite3.OperationalError):
            connection.execute("DELETE FROM message")
        connection.close()


class TestFailingCommits(_Case):
    async def refuse(self, error=None):
        """Break the next commits."""
        self.gate.error = error or sqlite3.OperationalError("database or disk is full")

    async def test_every_batch_of_the_transaction_fails_and_nothing_changed(self):
        reached = self.gate.hold()
        first = self.store.commit([submit(message())])
        await reached
        news = [message() for _ in range(3)]
        asked = [self.store.commit([submit(new)]) for new in news]
        await self.refuse()
        self.gate.open.set()
        for each in (first, *asked):
            with self.assertRaises(StoreUnavailable) as caught:
                await each
            self.assertIn("disk is full", str(caught.exception))
        self.assertFalse(self.store.healthy)
        self.assertEqual(self.health, [True, False])
        self.assertIn("disk is full", self.store.trouble)
        self.gate.error = None
        for new in news:
            self.assertIsNone(await self.store.message("demo", new.id))
        self.assertEqual((await self.store.funds("demo")).balance, 1_000_000)

    async def test_reads_go_on(self):
        new = message()
        await self.store.commit([submit(new)])
        await self.refuse()
        with self.assertRaises(StoreUnavailable):
            await self.store.commit([submit(message())])
        self.assertEqual((await self.store.message("demo", new.id)).message, new)
        self.assertEqual(len(await self.store.ready("sim", None, 9)), 1)

    async def test_it_finds_out_by_itself_that_writing_works_again(self):
        await self.refuse()
        with self.assertRaises(StoreUnavailable):
            await self.store.commit([submit(message())])
        for _ in range(3):  # still broken: it keeps trying, once a second
            calls = self.reactor.clock.getDelayedCalls()
            self.assertEqual(len(calls), 1)
            seen = len(self.commits)
            self.reactor.clock.advance(1.0)
            while len(self.commits) == seen:
                await task.deferLater(reactor, 0.001)
            self.assertFalse(self.store.healthy)
        self.gate.error = None
        changed = self.changed
        self.reactor.clock.advance(1.0)
        self.assertIs(await changed, True)
        self.assertTrue(self.store.healthy)
        self.assertEqual(await self.store.commit([submit(message())]), [Submitted({})])
        self.assertEqual(self.health, [True, False, True])
        self.assertEqual(self.reactor.clock.getDelayedCalls(), [])

    async def test_a_working_commit_ends_it_too(self):
        await self.refuse()
        with self.assertRaises(StoreUnavailable):
            await self.store.commit([submit(message())])
        self.gate.error = None
        await self.store.commit([submit(message())])
        self.assertTrue(self.store.healthy)
        seen = len(self.commits)
        self.reactor.clock.advance(1.0)  # the probe that is due has nothing to do
        await self.store.commit([submit(message())])
        self.assertEqual(self.commits[seen:], [1])

    async def test_what_is_remembered_between_transactions_is_as_before(self):
        """Balance, the count of parked receipts and outbox ids do not keep what was rolled back."""
        await self.store.commit([PutTenant(tenant("poor", credit=10)), receipt("A1")])
        await self.refuse()
        early = message()
        with self.assertRaises(StoreUnavailable):
            await self.store.commit(
                [submit(message(tenant="poor", price=10)), submit(early), sent(early.id, "A1"), receipt("A2")]
            )
        self.gate.error = None
        result = await self.store.commit([submit(message(tenant="poor", price=10))])
        self.assertEqual(result, [Submitted({})])
        results = await self.store.commit([submit(early), sent(early.id, "A1")])
        self.assertEqual(results[1].state, State.DELIVERED)
        self.assertEqual((await self.store.counts()).parked, 0)

    async def test_a_mistake_fails_its_batch_alone(self):
        reached = self.gate.hold()
        asked = [self.store.commit([submit(message())])]
        await reached
        bad = message(source="\ud800")  # no UTF-8 for it
        asked += [self.store.commit([submit(message())]) for _ in range(5)]
        poison = self.store.commit([submit(message()), submit(bad)])
        asked += [self.store.commit([submit(message())]) for _ in range(5)]
        self.gate.open.set()
        with self.assertRaises(UnicodeEncodeError):
            await poison
        self.assertEqual(await gatherResults(asked), [[Submitted({})]] * 11)
        self.assertEqual((await self.store.funds("demo")).balance, 1_000_000 - 11 * 40_000)
        self.assertEqual(self.health, [True])

    async def test_an_unknown_change_fails_its_batch_alone(self):
        with self.assertRaises(KeyError):
            await self.store.commit([object()])
        self.assertEqual(await self.store.commit([submit(message())]), [Submitted({})])

    async def test_a_connection_that_cannot_roll_back_is_replaced(self):
        opened = []

        class Broken(sqlite3.Connection):
            def execute(self, sql, *arguments):
                if sql == "ROLLBACK" and len(opened) == 1:
                    raise sqlite3.OperationalError("disk I/O error")
                return super().execute(sql, *arguments)

        def open_broken(path):
            open_writer(path).close()
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Broken)
            opened.append(connection)
            return connection

        await self.store.close()
        self.patch(writer_module, "open_writer", open_broken)
        self.store = self.new_store()
        await self.store.open()
        await self.refuse()
        with self.assertRaises(StoreUnavailable):
            await self.store.commit([submit(message())])
        self.gate.error = None
        self.assertEqual(await self.store.commit([submit(message())]), [Submitted({})])
        self.assertEqual(len(opened), 2)

    async def test_an_observer_that_fails_keeps_no_answer_back(self):
        def broken(seconds, changes):
            raise ValueError("observer")

        self.store.observe_commit = broken
        self.assertEqual(await self.store.commit([submit(message())]), [Submitted({})])
        self.store.observe_commit = None
        await task.deferLater(reactor, 0)  # the answer left before the reactor logged it
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)

    async def test_each_durable_batch_is_shown_with_its_results(self):
        seen = []
        self.store.observe_batch = lambda changes, results: seen.append((changes, results))
        first, second = [submit(message())], [submit(message()), submit(message())]
        answers = await gatherResults([self.store.commit(first), self.store.commit(second)])
        self.assertEqual(seen, [(first, answers[0]), (second, answers[1])])
        wrong = self.store.commit([object()])
        await self.assertFailure(wrong, KeyError)
        await self.refuse()
        await self.assertFailure(self.store.commit([submit(message())]), StoreUnavailable)
        self.assertEqual(len(seen), 2)
        self.gate.error = None
        self.store.observe_batch = None
        await self.store.commit([submit(message())])
        self.assertEqual(len(seen), 2)

    async def test_close_while_broken(self):
        await self.refuse()
        asked = self.store.commit([submit(message(submitted_at=NOW))])
        closed = self.store.close()
        with self.assertRaises(StoreUnavailable):
            await asked
        await closed
        self.assertEqual(self.reactor.clock.getDelayedCalls(), [])


class TestOrderOfAnswer(TestCase):
    async def test_the_answer_leaves_after_commit_returned(self):
        """Not only after `before_commit`: COMMIT, which does the fsync, has returned before anybody hears."""
        log = []

        class Spy(sqlite3.Connection):
            def execute(self, sql, *arguments):
                result = super().execute(sql, *arguments)
                if sql == "COMMIT":
                    time.sleep(0.02)
                    log.append("commit returned")
                return result

        def open_spy(path):
            open_writer(path).close()
            return sqlite3.connect(path, isolation_level=None, check_same_thread=False, factory=Spy)

        self.patch(writer_module, "open_writer", open_spy)
        store = EmbeddedStore(reactor, self.mktemp())
        await store.open()
        log.clear()
        for _ in range(3):
            await store.commit([submit(message())])
            log.append("answered")
        await store.close()
        self.assertEqual(log, ["commit returned", "answered"] * 3)
