"""What an operator was told to be written down is there after kill -9."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from twisted.internet import reactor
from twisted.trial.unittest import TestCase

from smsgwd.model.operators import DONE
from smsgwd.ports.store import AuditFilter
from smsgwd.store.embedded.store import EmbeddedStore

ROOT = Path(__file__).resolve().parents[2]


def _run(directory, kill_after):
    """What the process said until it was killed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.audit_kills", str(directory)],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    said = []
    try:
        for line in process.stdout:
            said.append(tuple(line.split()))
            if len(said) == kill_after:
                process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    return said


class TestAuditKills(TestCase):
    timeout = 60

    async def test_nothing_that_was_acknowledged_is_lost(self):
        directory, said = Path(self.mktemp()).resolve(), []
        for count in (31, 50):
            said += _run(directory, count)
        self.assertGreaterEqual(len(said), 81)
        store = EmbeddedStore(reactor, directory)
        await store.open()
        kept = {each.id: each for each in await store.audit(AuditFilter(), None, 100_000)}
        await store.close()
        for word, number in said:
            entry = kept[int(number)]
            if word == "done":
                self.assertEqual(entry.outcome, DONE)
        begun = [number for word, number in said if word == "begun"]
        self.assertEqual(len(set(begun)), len(begun))
