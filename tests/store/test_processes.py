"""The embedded store among processes: killed in mid-traffic, out of disk, two at once."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.store.embedded import ledger
from smsgwd.store.embedded.store import EmbeddedStore
from smsgwd.store.writer import CannotOpen
from tests.store.samples import URL
from tests.store.traffic import BATCH, LANES

_ROOT = Path(__file__).resolve().parents[2]
_KILLS = 3
_CREDIT = 10**15


class TestProcesses(TestCase):
    timeout = 120

    def setUp(self):
        self.directory = Path(self.mktemp()).resolve()

    def start(self, *arguments):
        """A process of traffic.py on this test's directory."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.store.traffic", str(self.directory), *map(str, arguments)],
            cwd=_ROOT,
            env=os.environ | {"PYTHONPATH": str(_ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()

    async def check(self, said):
        """Everything acknowledged is there, nothing is there twice, and the money fits."""
        store = EmbeddedStore(reactor, self.directory)
        await store.open()
        await store.close()
        connection = sqlite3.connect(self.directory / "store.db")
        self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        states = dict(connection.execute("SELECT id, state FROM message"))
        esme = {number for (number,) in connection.execute("SELECT id FROM message WHERE account = 'acme'")}
        mapped = {number for (number,) in connection.execute("SELECT message FROM smsc")}
        pushes = {
            number: (owner, status)
            for number, owner, status in connection.execute("SELECT id, message, status FROM outbox")
        }
        balance = ledger.funds(connection, "demo").balance
        self.assertEqual(ledger.compare(connection)[0], [])
        (price,) = connection.execute("SELECT sum(price) FROM message").fetchone()
        connection.close()
        for number in said["S"]:
            self.assertIn(int(number[0]), states)
        for number in said["P"]:
            self.assertGreaterEqual(states[int(number[0])], State.SENT)
            self.assertIn(int(number[0]), mapped)
        for number, push in said["R"]:
            self.assertEqual(states[int(number)], State.DELIVERED)
            if int(number) not in esme:
                self.assertEqual(pushes[int(push)][0], int(number))
        for push in said["D"]:
            self.assertEqual(pushes[int(push[0])][1], 1)
        for push in said["G"]:
            self.assertNotIn(int(push[0]), pushes)
        delivered = {number for number, state in states.items() if state == State.DELIVERED}
        owed = [number for number, _ in pushes.values()]
        self.assertEqual(len(owed), len(set(owed)))
        self.assertEqual(set(owed) - esme, delivered - esme)
        # What an ESME took is gone; a kill may come between that and its being said, once a lane and kill.
        unsaid = len(delivered & esme) - len(set(owed) & esme) - len(said["G"])
        self.assertGreaterEqual(unsaid, 0)
        self.assertLessEqual(unsaid, _KILLS * LANES * BATCH)
        self.assertEqual(balance, _CREDIT - price)

    async def test_what_was_acknowledged_survives_kill_9(self):
        said = defaultdict(list)
        for number in range(_KILLS):
            process = self.start(1)
            for lines, line in enumerate(process.stdout):
                kind, *words = line.split()
                said[kind].append(words)
                if lines == 1500 + 333 * number:
                    process.send_signal(signal.SIGKILL)  # what it said until then is still read
            self.assertEqual(process.wait(), -signal.SIGKILL)
        for kind in "SPRDG":
            self.assertGreater(len(said[kind]), 250)
        self.assertEqual(len({tuple(words) for words in said["S"]}), len(said["S"]))
        await self.check(said)

    async def test_a_full_disk_refuses_and_recovers(self):
        """No file may grow beyond a size: writes fail as on a full disk, then work again."""
        process = self.start(1, 700_000)
        said = defaultdict(list)
        for line in process.stdout:
            kind, *words = line.split()
            said[kind].append(words)
            if line == "X\n":
                process.stdin.write("lift\n")
                process.stdin.flush()
        self.assertEqual(process.wait(), 0)
        self.assertEqual(said["H"], [["1"], ["0"], ["1"]])
        self.assertEqual(len(said["X"]), 1)
        self.assertGreater(len(said["D"]), 0)
        await self.check(said)

    async def test_two_processes_on_one_directory(self):
        process = self.start(1)
        self.assertTrue(any(line.startswith("D") for line in process.stdout), "the child died")
        second = EmbeddedStore(reactor, self.directory)
        with self.assertRaises(CannotOpen) as caught:
            await second.open()
        self.assertIn(f"in use by another process (pid {process.pid})", str(caught.exception))
        process.kill()
        process.stdout.read()
        process.wait()
        third = EmbeddedStore(reactor, self.directory)
        self.assertGreater(await third.open(), 0)
        await third.close()

    async def test_two_stores_in_one_process(self):
        first, second = (EmbeddedStore(reactor, self.directory) for _ in range(2))
        await first.open()
        with self.assertRaises(CannotOpen):
            await second.open()
        self.assertFalse(second.healthy)
        await second.close()
        await first.close()

    async def test_the_files_are_not_for_everybody(self):
        store = EmbeddedStore(reactor, self.directory)
        await store.open()
        await store.counts()
        for path in (self.directory, *self.directory.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o007, 0, path)
        await store.close()

    async def test_a_directory_that_cannot_be(self):
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        self.directory.write_text("a file")
        store = EmbeddedStore(reactor, self.directory / "data")
        with self.assertRaises(CannotOpen) as caught:
            await store.open()
        self.assertIn(str(self.directory), str(caught.exception))

    async def test_a_file_that_is_no_database(self):
        self.directory.mkdir(parents=True)
        (self.directory / "store.db").write_bytes(b"this is no database, " * 1000)
        with self.assertRaises(CannotOpen) as caught:
            await EmbeddedStore(reactor, self.directory).open()
        self.assertIn("store.db", str(caught.exception))
        (self.directory / "store.db").unlink()
        store = EmbeddedStore(reactor, self.directory)
        self.assertEqual(await store.open(), 0)
        self.assertEqual(await store.outbox(f"demo {URL}", None, 1), [])
        await store.close()
