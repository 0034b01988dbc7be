"""Detail records: each message once, none lost."""

import errno
import os
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from smsgwd.app import cdr as module
from smsgwd.app.cdr import CdrWriter
from smsgwd.config.model.operations import Cdr
from smsgwd.model.message import Coding, Message, MessageView, State
from smsgwd.model.operators import DropFinals
from smsgwd.ports.store import FinalRecord, StoreUnavailable

NOW_MS = 1_780_000_000_000


def record(seq):
    message = Message(
        id=1000 + seq,
        submission=1000 + seq,
        tenant="shop",
        source="Shop",
        dest="306912345678",
        msisdn="306912345678",
        body=b"hush",
        coding=Coding.GSM7,
        parts=1,
        connector="sim",
        submitted_at=NOW_MS,
        deadline=NOW_MS + 1000,
        state=State.DELIVERED,
    )
    return FinalRecord(seq, MessageView(message, NOW_MS, NOW_MS, None, "a"), 0)


class Wall:
    def now_ms(self):
        return NOW_MS

    def monotonic(self):
        return 0.0


class Store:
    """Finals by seq; forgets only when it is told and not away."""

    def __init__(self, count=0):
        self.rows = {seq: record(seq) for seq in range(1, count + 1)}
        self.away = False
        self.commits = 0

    def finals(self, after, limit):
        if self.away:
            return fail(StoreUnavailable("away"))
        return succeed([self.rows[seq] for seq in sorted(self.rows) if seq > after][:limit])

    def commit(self, changes):
        self.commits += 1
        if self.away:
            return fail(StoreUnavailable("away"))
        for change in changes:
            assert isinstance(change, DropFinals)
            self.rows = {seq: row for seq, row in self.rows.items() if seq > change.upto}
        return succeed([0])


def at_once(call, *args, **named):
    """In the place of a thread."""
    try:
        return succeed(call(*args, **named))
    except Exception as error:
        return fail(error)


class TestCdrWriter(TestCase):
    def setUp(self):
        self.patch(module, "deferToThread", at_once)
        self.clock = Clock()
        self.kept = []
        self.directory = self.mktemp()

    def section(self, **options):

        return Cdr(directory=str(Path(self.directory).absolute()), **options)

    def writer(self, store, section=None):
        writer = CdrWriter(self.clock, Wall(), store, section or self.section(), lambda _: "", self.kept.append)
        writer.start()
        return writer

    def ids(self, writer):
        return [int(line.split(b",")[0]) for line in writer.path.read_bytes().splitlines()[1:]]

    def test_everything_is_written_once_and_forgotten(self):
        store = Store(2500)
        writer = self.writer(store)
        self.assertEqual(self.ids(writer), list(range(1001, 3501)))
        self.assertEqual((store.rows, writer.written, self.kept), ({}, 2500, [True]))
        store.rows = {1: record(9000)}
        self.clock.advance(1)
        self.assertEqual(self.ids(writer)[-1], 10000)

    def test_what_was_written_before_a_crash_is_not_written_again(self):
        store = Store(1500)
        first = self.writer(store)
        first.stop()
        store.rows = {seq: record(seq) for seq in range(1001, 1700)}  # the page was on the disk, not forgotten
        second = self.writer(store)
        self.assertEqual(self.ids(second), list(range(1001, 2700)))
        self.assertEqual(store.rows, {})

    def test_nor_where_the_file_was_put_aside_in_between(self):
        store = Store(10)
        first = self.writer(store)
        first.rotate()
        self.clock.advance(1)
        first.stop()
        store.rows = {seq: record(seq) for seq in range(6, 13)}
        second = self.writer(store)
        self.assertEqual(self.ids(second), [1011, 1012])

    def test_a_number_that_comes_again_is_no_line_that_was_written(self):
        store = Store(5)
        first = self.writer(store)
        first.stop()
        store.rows = {1: FinalRecord(1, record(700).view, 0)}  # numbers began anew, the message is another one
        second = self.writer(store)
        self.assertEqual(self.ids(second)[-1], 1700)

    def test_another_node_writes_for_a_while(self):
        store = Store(5)
        writer = self.writer(store)
        left = []
        writer.leave().addCallback(left.append)
        self.assertEqual(left, [None])
        store.rows = {6: record(6)}
        self.clock.advance(10)
        self.assertEqual(len(store.rows), 1)
        directory = str(Path(self.directory).absolute())
        writer.become(Cdr(directory=directory, format="json"))
        writer.become(Cdr())
        self.clock.advance(10)
        self.assertEqual((len(store.rows), self.kept), (1, [True, True, False]))
        writer.become(self.section())
        writer.start()
        self.assertEqual(self.ids(writer), list(range(1001, 1007)))
        writer.stop()
        writer.start()
        store.rows = {7: record(7)}
        self.clock.advance(10)
        self.assertEqual(len(store.rows), 1)

    def test_a_full_disk_delays_and_loses_nothing(self):
        store = Store(3)
        real = os.fsync
        broken = True

        def fsync(descriptor):
            if broken:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(descriptor)

        self.patch(os, "fsync", fsync)
        writer = CdrWriter(self.clock, Wall(), store, self.section(), lambda _: "", self.kept.append)
        writer.start()
        self.assertIn("No space left", writer.trouble)
        self.assertEqual(len(store.rows), 3)
        broken = False
        self.clock.advance(5)
        self.assertEqual((self.ids(writer), store.rows, writer.trouble), ([1001, 1002, 1003], {}, ""))

    def test_a_store_that_is_away_is_waited_for(self):
        store = Store(3)
        store.away = True
        writer = self.writer(store)
        self.assertTrue(writer.trouble)
        store.away = False
        self.clock.advance(5)
        self.assertEqual(self.ids(writer), [1001, 1002, 1003])

    def test_lines_that_could_not_be_forgotten_are_not_repeated(self):
        store = Store(3)
        commit = store.commit
        store.commit = lambda changes: fail(StoreUnavailable("away"))
        writer = self.writer(store)
        self.assertEqual(self.ids(writer), [1001, 1002, 1003])
        store.commit = commit
        store.rows[4] = record(4)
        self.clock.advance(5)
        self.assertEqual(self.ids(writer), [1001, 1002, 1003, 1004])

    def test_without_a_directory_nothing_is_remembered(self):
        writer = CdrWriter(self.clock, Wall(), Store(3), Cdr(), lambda _: "", self.kept.append)
        writer.start()
        self.assertEqual((self.kept, writer.path, self.clock.getDelayedCalls()), ([False], None, []))

    def test_forgetting_is_asked_until_the_store_can(self):
        asked = []

        def keep(on):
            asked.append(on)
            return fail(StoreUnavailable("full")) if len(asked) < 3 else succeed(None)

        writer = CdrWriter(self.clock, Wall(), Store(3), Cdr(), lambda _: "", keep)
        writer.start()
        self.clock.pump([5, 5, 5])
        self.assertEqual((asked, self.clock.getDelayedCalls()), ([False] * 3, []))
        self.successResultOf(writer.become(self.section()))
        self.assertEqual(asked[3:], [True])

    def test_turned_on_while_forgetting_is_asked(self):
        asked = []

        def keep(on):
            asked.append(on)
            return succeed(None) if on else fail(StoreUnavailable("full"))

        writer = CdrWriter(self.clock, Wall(), Store(3), Cdr(), lambda _: "", keep)
        writer.start()
        self.successResultOf(writer.become(self.section()))
        self.clock.pump([5, 5])
        self.assertEqual(asked, [False, True])

    def test_another_configuration_begins_where_the_old_one_ended(self):
        store = Store(2)
        writer = self.writer(store)
        old = writer.path
        store.rows = {3: record(3)}
        self.successResultOf(writer.become(self.section(format="json")))
        self.assertEqual(old.read_bytes().count(b"\n"), 3)
        self.assertEqual(writer.path.read_bytes().count(b'"id":"1003"'), 1)
        self.successResultOf(writer.become(Cdr()))
        self.assertEqual(self.kept, [True, True, False])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def held(self):
        """A writer that writes its first page, and what lets it go on."""
        gates = []

        def later(call, *args, **named):
            gate = Deferred()
            gates.append(lambda: gate.callback(call(*args, **named)))
            return gate

        self.patch(module, "deferToThread", later)
        store = Store(2)
        writer = self.writer(store)

        def on():
            while gates:
                gates.pop(0)()

        return writer, store, on

    def test_of_two_configurations_at_once_the_later_one_stays(self):
        writer, _, on = self.held()
        first = writer.path
        done = [writer.become(self.section(format="json")), writer.become(self.section())]
        on()
        for each in done:
            self.successResultOf(each)
        self.assertEqual(writer.path, first)
        self.assertEqual(self.ids(writer), [1001, 1002])

    def test_a_configuration_that_comes_before_the_end_begins_nothing(self):
        writer, store, on = self.held()
        became, stopped = writer.become(self.section(format="json")), writer.stop()
        on()
        self.successResultOf(became)
        self.successResultOf(stopped)
        store.rows = {3: record(3)}
        self.clock.advance(10)
        self.assertEqual((list(store.rows), self.clock.getDelayedCalls()), ([3], []))

    def test_a_line_in_the_file_of_before_is_not_written_to_the_next_one(self):
        store = Store(3)
        commit, store.commit = store.commit, lambda changes: fail(StoreUnavailable("away"))
        writer = self.writer(store)
        self.assertEqual(self.ids(writer), [1001, 1002, 1003])
        store.commit = commit
        store.rows[4] = record(4)
        self.directory = self.mktemp()
        self.successResultOf(writer.become(self.section()))
        self.assertEqual(self.ids(writer), [1004])

    def test_a_start_with_another_file_knows_what_stands_in_the_one_before(self):
        mark = Path(self.mktemp())
        store = Store(3)

        def started(section):
            writer = CdrWriter(self.clock, Wall(), store, section, lambda _: "", self.kept.append, mark)
            writer.start()
            return writer

        store.commit = lambda changes: fail(StoreUnavailable("killed here"))
        first = started(self.section())
        first.stop()
        del store.commit
        store.rows[4] = record(4)
        self.directory = self.mktemp()
        second = started(self.section(format="json"))
        self.assertEqual(self.ids(first), [1001, 1002, 1003])
        self.assertEqual(second.path.read_bytes().count(b"\n"), 1)
        self.assertEqual(mark.read_text(), f"{second.path}\n")

    def test_stopping_waits_for_what_is_being_written(self):
        gate = Deferred()
        self.patch(module, "deferToThread", lambda call, *args, **named: gate)
        writer = CdrWriter(self.clock, Wall(), Store(1), self.section(), lambda _: "", self.kept.append)
        writer.start()
        stopped = writer.stop()
        self.assertNoResult(stopped)
        gate.errback(OSError(errno.EIO, "gone"))
        self.successResultOf(stopped)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class TestInThreads(TestCase):
    def test_a_real_reactor_and_its_threads(self):

        store = Store(1200)
        section = Cdr(directory=str(Path(self.mktemp()).absolute()), format="json", max_mb=0.1)
        writer = CdrWriter(reactor, Wall(), store, section, lambda _: "20201", lambda _: None)
        writer.start()

        def done(_):
            files = sorted(section.directory.iterdir())
            lines = [line for path in files for line in path.read_bytes().splitlines()]
            self.assertEqual(len(lines), 1200)
            self.assertEqual(len(files), 2)  # a page each

        def empty(_):
            return writer.stop() if not store.rows else deferToThread(os.sched_yield).addCallback(empty)

        return empty(None).addCallback(done)
