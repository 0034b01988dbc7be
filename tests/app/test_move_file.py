"""`store.move`: which store counts, and what becomes of the file of the old one."""

import stat

import pytest

from smsgwd.app import move_file
from smsgwd.app.move_file import Move
from smsgwd.config.model.store import EmbeddedStore, RedisStore
from smsgwd.store.writer import CannotOpen

EMBEDDED = EmbeddedStore(kind="embedded")
REDIS = RedisStore(kind="redis", url="redis://gw:hunter2@127.0.0.1:1/0", prefix="shop", durability="server")


def a_move(source=EMBEDDED, target=REDIS, **fields):
    return Move("copying", move_file.plain(source), move_file.plain(target), "gw1", 1_000, **fields)


def test_it_is_read_as_it_was_written_and_only_its_owner_may(tmp_path):
    move_file.write(tmp_path, a_move(failed="no reason"))
    assert move_file.read(tmp_path) == a_move(failed="no reason")
    assert stat.S_IMODE((tmp_path / "store.move").stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["store.move"]
    move_file.remove(tmp_path)
    assert move_file.read(tmp_path) is None
    move_file.remove(tmp_path)


def test_sections_come_back_with_their_secrets_which_are_not_shown():
    again = move_file.section_of(move_file.plain(REDIS))
    assert again == REDIS
    assert again.url.get_secret_value() == "redis://gw:hunter2@127.0.0.1:1/0"
    assert move_file.shown(again) == "redis, prefix shop"


def test_other_options_make_no_other_store():
    assert move_file.place(REDIS) == move_file.place(REDIS.model_copy(update={"replicas": 1, "durability": "strict"}))
    assert move_file.place(REDIS) != move_file.place(REDIS.model_copy(update={"prefix": "other"}))
    assert move_file.place(EMBEDDED) != move_file.place(REDIS)


@pytest.mark.parametrize("text", ["", "{", '{"phase": "lost"}', "[]"])
def test_one_that_cannot_be_read_says_that_nobody_knows(tmp_path, text):
    (tmp_path / "store.move").write_text(text)
    with pytest.raises(CannotOpen, match="it is not known which store counts"):
        move_file.read(tmp_path)


def test_a_section_that_is_none_any_more_tells_no_secret():
    with pytest.raises(CannotOpen) as refused:
        move_file.section_of({**move_file.plain(REDIS), "url": "http://hunter2", "replicas": 99})
    assert "hunter2" not in str(refused.value)
    assert "redis.replicas, redis.url" in str(refused.value)


def test_the_old_database_is_closed_for_good_however_often(tmp_path):
    for name in ("store.db", "store.db-wal"):
        (tmp_path / name).write_text(name)
    move_file.close_old(tmp_path, a_move(moved_at=2_000))
    move_file.close_old(tmp_path, a_move(moved_at=2_000))
    assert {each.name for each in tmp_path.iterdir()} == {"store.moved", "store.db.moved", "store.db.moved-wal"}
    assert (tmp_path / "store.db.moved").read_text() == "store.db"
    with pytest.raises(CannotOpen, match=r"moved into another one \(redis, prefix shop\)") as refused:
        move_file.refuse_gone(tmp_path)
    assert "hunter2" not in (tmp_path / "store.moved").read_text() + str(refused.value)
    (tmp_path / "store.db").touch()
    move_file.refuse_gone(tmp_path)


def test_a_store_that_comes_back_is_not_gone_any_more(tmp_path):
    move_file.close_old(tmp_path, a_move())
    (tmp_path / "store.db").touch()
    move_file.close_old(tmp_path, a_move(REDIS, EMBEDDED))
    assert [each.name for each in tmp_path.iterdir()] == ["store.db"]
