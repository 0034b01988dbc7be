"""The process that fills another store: what it says of each command, and which it refuses."""

import gc
import sqlite3
import subprocess
import sys
from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred

from smsgwd.app import move_file, moves
from smsgwd.app.moves import Made
from smsgwd.cli import store_move
from smsgwd.cli.store_move import Worker
from smsgwd.store.copying import redis_out
from smsgwd.store.copying.moving import NotMoved
from tests.app.moves import EMBEDDED, REDIS


class Moving:
    """A move that does what it is told to."""

    def __init__(self):
        self.calls = []
        self.wrong = None

    async def bulk(self, told):
        self._called("bulk")
        for done in range(5):
            told(done, 5)

    async def follow(self, told):
        self._called("follow")
        return 4

    async def last(self, told):
        self._called("last")
        return 2

    async def done(self):
        self._called("done")

    async def abandon(self):
        self._called("abandon")

    def _called(self, name):
        self.calls.append(name)
        if self.wrong is not None:
            raise self.wrong


class World:
    def __init__(self, monkeypatch, into_redis=True):
        self.move, self.said, self.now, self.live, self.piece = Moving(), [], 0.0, [], True
        self.reasons = []

        async def live_nodes(store):
            return self.live

        async def unfinished(source):
            return self.piece

        monkeypatch.setattr(moves, "live_nodes", live_nodes)
        monkeypatch.setattr(redis_out.RedisSource, "unfinished", unfinished)

        async def reasons():
            return self.reasons

        store = SimpleNamespace(asking=SimpleNamespace(keys=None), reasons=reasons)
        made = Made(self.move, store, into_redis=into_redis, node="gw1")
        self.worker = Worker(made, self.said.append, lambda: self.now)

    def do(self, command):
        del self.said[:]
        Deferred.fromCoroutine(self.worker.do(command))
        return self.said[-1]


@pytest.fixture
def world(monkeypatch):
    return World(monkeypatch)


def test_each_command_is_one_step_and_says_what_came_of_it(world):
    for command, records in (("bulk", 0), ("follow", 4), ("last", 2), ("done", 0), ("abandon", 0)):
        assert world.do(command) == {"done": records, "step": command, "seconds": 0.0}
    assert world.move.calls == ["bulk", "follow", "last", "done", "abandon"]
    assert world.do("dance") == {"failed": "there is no command dance", "step": "dance"}


def test_progress_is_told_now_and_then(world):
    world.do("bulk")
    assert world.said[:-1] == [{"progress": [0, 5]}]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (NotMoved("a count differs"), "a count differs"),
        (OSError(28, "No space left on device", "/data/x"), "/data/x: No space left on device"),
        (sqlite3.OperationalError("disk I/O error"), "disk I/O error"),
        (ValueError("two\nlines"), "two lines"),
        (KeyError("secret"), "an error that should not be: KeyError; the log has it"),
    ],
)
def test_what_goes_wrong_is_a_line(world, capsys, wrong, why):
    world.move.wrong = wrong
    assert world.do("follow") == {"failed": why, "step": "follow"}
    assert ("Traceback" in capsys.readouterr().err) == isinstance(wrong, KeyError)


def test_a_redis_store_that_gateways_work_on_is_not_filled(world):
    world.live = ["gw1"]
    assert "stop gw1 first" in world.do("bulk")["failed"]
    assert world.move.calls == []


@pytest.mark.parametrize("command", ["bulk", "last"])
def test_a_server_that_no_gateway_would_start_on_is_not_filled(world, command):
    world.reasons = ["appendonly must be yes", "maxmemory-policy must be noeviction"]
    assert world.do(command)["failed"] == (
        "the server cannot be used: appendonly must be yes; the server cannot be used: maxmemory-policy must be"
        " noeviction"
    )
    assert world.move.calls == []


def test_only_its_own_gateway_may_work_on_a_redis_store_that_is_left(monkeypatch):
    world = World(monkeypatch, into_redis=False)
    world.live = ["gw1"]
    assert "done" in world.do("bulk")
    assert "stop gw1 first" in world.do("last")["failed"]
    world.live = ["gw1", "gw2"]
    assert "stop gw2 first" in world.do("bulk")["failed"]
    world.live = []
    assert "done" in world.do("last")


def test_a_store_that_was_there_before_is_not_abandoned(world):
    world.piece = False
    assert "done" in world.do("abandon")
    assert world.move.calls == []
    world.piece, world.live = True, ["gw7"]
    assert "stop gw7 first" in world.do("abandon")["failed"]
    assert world.move.calls == []


def test_the_stores_stay_open_while_it_waits_for_commands(world, monkeypatch, tmp_path):
    """Nothing but what `main` holds may be needed for that."""
    closed, taken = [], []

    @asynccontextmanager
    async def made(told, directory, reactor):
        try:
            yield world.worker._made
        finally:
            closed.append(True)

    monkeypatch.setattr(store_move, "made", made)
    move_file.write(tmp_path, move_file.Move("copying", {}, {}, "gw1", 1_000))
    over = Deferred()
    Deferred.fromCoroutine(store_move.work(tmp_path, None, taken.append, world.said.append, over))
    gc.collect()
    assert closed == []
    taken[0]("follow")
    assert world.said[-1]["done"] == 4
    over.callback(None)
    assert closed == [True]


def run(directory, said):
    return subprocess.run(
        [sys.executable, "-m", "smsgwd.cli.store_move", str(directory)],
        input=said, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_without_a_move_it_ends_with_the_reason(tmp_path):
    done = run(tmp_path, "bulk\n")
    assert (done.returncode, done.stdout) == (1, '{"failed": "there is no move under way", "step": ""}\n')
    assert "Traceback" not in done.stderr


def test_no_secret_is_in_what_it_says_of_a_server_that_is_not_there(tmp_path):
    away = REDIS.model_copy(update={"url": type(REDIS.url)("redis://gw:hunter2@127.0.0.1:1/0")})
    move_file.write(tmp_path, move_file.Move("copying", move_file.plain(EMBEDDED), move_file.plain(away), "gw1", 1_000))
    done = run(tmp_path, "bulk\n")
    assert done.returncode == 1
    assert '"failed"' in done.stdout
    assert "hunter2" not in done.stdout + done.stderr
