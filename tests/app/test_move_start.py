"""Which store a start uses where a move was under way, and what it does about it."""

from contextlib import asynccontextmanager
from types import SimpleNamespace

import pytest
from twisted.internet.defer import Deferred

from smsgwd.app import move_file, move_start
from smsgwd.app.move_file import Move, plain
from smsgwd.config.model.root import Config
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.writer import CannotOpen
from tests.app.moves import EMBEDDED, REDIS

OTHER = REDIS.model_copy(update={"prefix": "other"})


class Moving:
    def __init__(self):
        self.done_calls = 0
        self.wrong = None

    async def done(self):
        self.done_calls += 1
        if self.wrong is not None:
            raise self.wrong


@pytest.fixture
def moving(monkeypatch):
    found = Moving()

    @asynccontextmanager
    async def made(move, directory, reactor):
        yield SimpleNamespace(move=found)

    monkeypatch.setattr(move_start, "made", made)
    return found


def settled(directory, store):
    config = Config(node="gw1", data_dir=str(directory), store=store)
    config._path = directory / "f.yaml"
    found = []
    Deferred.fromCoroutine(move_start.settled(config, None)).addBoth(found.append)
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()
    return found[0]


def test_without_a_move_the_configuration_counts(tmp_path, moving):
    config, left = settled(tmp_path, REDIS)
    assert (config.store, left) == (REDIS, None)
    config, left = settled(tmp_path, EMBEDDED)
    assert (config.store, left) == (EMBEDDED, None)
    assert moving.done_calls == 0


def test_one_that_was_broken_off_leaves_the_store_it_came_from(tmp_path, moving):
    move = Move("copying", plain(REDIS), plain(EMBEDDED), "gw1", 1)
    move_file.write(tmp_path, move)
    for store in (EMBEDDED, OTHER):
        config, left = settled(tmp_path, store)
        assert (config.store, left) == (REDIS, move)
        assert config.path == tmp_path / "f.yaml"
    assert move_file.read(tmp_path) == move
    assert moving.done_calls == 0


def test_an_operator_who_went_back_is_through_with_it(tmp_path, moving):
    move_file.write(tmp_path, Move("copying", plain(EMBEDDED), plain(REDIS), "gw1", 1))
    config, left = settled(tmp_path, EMBEDDED)
    assert (config.store, left, move_file.read(tmp_path)) == (EMBEDDED, None, None)


def test_one_that_was_done_is_finished(tmp_path, moving):
    (tmp_path / "store.db").touch()
    move_file.write(tmp_path, Move("moved", plain(EMBEDDED), plain(REDIS), "gw1", 1, 2))
    new = REDIS.model_copy(update={"replicas": 1})
    config, left = settled(tmp_path, new)
    assert (config.store, left, moving.done_calls) == (new, None, 1)
    assert {each.name for each in tmp_path.iterdir()} == {"store.db.moved", "store.moved"}
    settled(tmp_path, new)
    with pytest.raises(CannotOpen, match="moved into another one"):
        settled(tmp_path, EMBEDDED)


@pytest.mark.parametrize("store", [EMBEDDED, OTHER])
def test_one_that_was_done_starts_on_no_other_store(tmp_path, moving, store):
    move_file.write(tmp_path, Move("moved", plain(EMBEDDED), plain(REDIS), "gw1", 1, 2))
    with pytest.raises(CannotOpen, match=r"moved into another one \(redis, prefix shop\)"):
        settled(tmp_path, store)
    assert move_file.read(tmp_path).phase == "moved"
    assert moving.done_calls == 0


def test_a_store_that_cannot_be_reached_is_told_and_tried_again(tmp_path, moving):
    move_file.write(tmp_path, Move("moved", plain(EMBEDDED), plain(REDIS), "gw1", 1, 2))
    moving.wrong = NotMoved("the server is away")
    with pytest.raises(CannotOpen, match="cannot be ended: the server is away"):
        settled(tmp_path, REDIS)
    assert move_file.read(tmp_path).phase == "moved"
    moving.wrong = None
    settled(tmp_path, REDIS)
    assert move_file.read(tmp_path) is None
