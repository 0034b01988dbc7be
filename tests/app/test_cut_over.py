"""The end of a move: what counts whatever fails or dies, step by step."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.app import move_file
from smsgwd.app.cut_over import LAST_S, CutOver
from smsgwd.store.copying.moving import NotMoved
from tests.app.moves import World


@pytest.fixture
def world(tmp_path):
    """A gateway that has stopped for its move."""
    (tmp_path / "store.db").write_text("old")
    made = World(tmp_path)
    Deferred.fromCoroutine(made.mover.begin(hold=False))
    assert made.cut == [made.mover]
    made.over = CutOver(made.mover, made.clock)
    return made


def test_the_last_round_then_the_moment_then_the_old_store_is_closed(world, tmp_path, monkeypatch):
    phases = []
    ask = world.mover.ask

    def watched(step):
        phases.append((step, move_file.read(tmp_path).phase))
        return ask(step)

    monkeypatch.setattr(world.mover, "ask", watched)
    Deferred.fromCoroutine(world.over.end())
    assert phases == [("last", "copying"), ("done", "moved")]
    assert {each.name for each in tmp_path.iterdir()} == {"store.db.moved", "store.moved"}
    assert world.assistants.ended == 1
    assert not world.clock.getDelayedCalls()


def test_a_last_round_that_fails_leaves_the_old_store(world, tmp_path):
    world.assistants.answers["last"] = NotMoved("a count differs")
    Deferred.fromCoroutine(world.over.end())
    written = move_file.read(tmp_path)
    assert (written.phase, written.failed) == ("copying", "a count differs")
    assert (tmp_path / "store.db").read_text() == "old"
    assert "done" not in world.assistants.asked


def test_a_last_round_without_end_leaves_the_old_store(world, tmp_path):
    del world.assistants.answers["last"]
    Deferred.fromCoroutine(world.over.end())
    world.clock.advance(LAST_S)
    assert move_file.read(tmp_path).phase == "copying"
    assert (tmp_path / "store.db").exists()


def test_what_fails_after_the_moment_is_left_to_the_next_start(world, tmp_path):
    world.assistants.answers["done"] = NotMoved("the server is away")
    Deferred.fromCoroutine(world.over.end())
    written = move_file.read(tmp_path)
    assert (written.phase, written.failed) == ("moved", "")
    assert (tmp_path / "store.db").exists()


def test_a_disk_that_takes_no_moment_leaves_the_old_store(world, tmp_path, monkeypatch):
    write = move_file.write

    def full(directory, move):
        if move.phase == "moved":
            raise OSError(28, "No space left on device")
        write(directory, move)

    monkeypatch.setattr(move_file, "write", full)
    Deferred.fromCoroutine(world.over.end())
    assert move_file.read(tmp_path).phase == "copying"
    assert "No space left" in world.mover.failed
    assert "done" not in world.assistants.asked


def test_a_signal_before_the_moment_leaves_the_old_store(world, tmp_path):
    del world.assistants.answers["last"]
    Deferred.fromCoroutine(world.over.end())
    world.over.stop("SIGTERM")
    assert move_file.read(tmp_path).phase == "copying"
    assert "SIGTERM" in world.mover.failed


def test_a_signal_while_the_gateway_stops_asks_for_nothing_more(world, tmp_path):
    world.over.stop("SIGTERM")
    Deferred.fromCoroutine(world.over.end())
    assert "last" not in world.assistants.asked
    assert move_file.read(tmp_path).phase == "copying"


def test_a_signal_after_the_moment_changes_nothing(world, tmp_path):
    del world.assistants.answers["done"]
    Deferred.fromCoroutine(world.over.end())
    world.over.stop("SIGTERM")
    world.assistants.waiting.callback(0)
    assert move_file.read(tmp_path) is None
    assert (tmp_path / "store.db.moved").exists()


def test_what_came_to_this_nodes_disk_meanwhile_keeps_it_back(world, tmp_path, monkeypatch):
    from smsgwd.app import cut_over
    from smsgwd.store.writer import CannotOpen

    def left(directory):
        raise CannotOpen("spool.db: 3 messages wait")

    monkeypatch.setattr(cut_over, "refuse_left", left)
    Deferred.fromCoroutine(world.over.end())
    assert "3 messages wait" in world.mover.failed
    assert "last" not in world.assistants.asked
