import sqlite3
from pathlib import Path
from queue import SimpleQueue

import pytest

from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.reader import Reader

_ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"


@pytest.fixture
def reader(tmp_path):
    path = Path(tmp_path) / "store.db"
    open_writer(path).close()
    found = Reader("test", path, limit_s=0.05)
    found.start()
    yield found
    ended = SimpleQueue()
    found.stop(lambda: ended.put(True))
    assert ended.get(timeout=10)
    found.join(10)
    assert not found.is_alive()


def _ask(reader, query):
    answers = SimpleQueue()
    reader.put(query, answers.put)
    return answers.get(timeout=10)


def test_a_query_that_takes_too_long_is_ended_and_the_next_is_answered(reader):
    answer = _ask(reader, lambda connection: connection.execute(_ENDLESS).fetchall())
    assert isinstance(answer, StoreUnavailable)
    assert "longer than 0.05 s" in str(answer)
    assert _ask(reader, lambda connection: connection.execute("SELECT 7").fetchone()) == (7,)


def test_a_query_that_fails_ends_nothing(reader):
    def wrong(connection):
        raise ValueError("wrong")

    assert isinstance(_ask(reader, wrong), ValueError)
    assert isinstance(_ask(reader, lambda connection: connection.execute("SELEC")), sqlite3.OperationalError)
    assert _ask(reader, lambda connection: connection.execute("SELECT 7").fetchone()) == (7,)


def test_a_connection_that_broke_is_opened_anew(reader):
    def broken(connection):
        raise sqlite3.OperationalError("disk I/O error")

    assert isinstance(_ask(reader, broken), StoreUnavailable)
    assert _ask(reader, lambda connection: connection.execute("SELECT 7").fetchone()) == (7,)


def test_askers_have_their_turns(tmp_path):
    """However much one of them has asked for, another waits for one query of its, not for all."""
    path = Path(tmp_path) / "store.db"
    open_writer(path).close()
    reader = Reader("test", path)
    said = []
    for number in range(3):
        reader.put(lambda connection, n=number: n, lambda answer: said.append(("greedy", answer)), "greedy")
    for number in range(2):
        reader.put(lambda connection, n=number: n, lambda answer: said.append(("modest", answer)), "modest")
    reader.put(lambda connection: 0, lambda answer: said.append(("nobody", answer)))
    reader.stop(lambda: None)
    reader.start()
    reader.join(10)
    assert not reader.is_alive()
    assert said == [("greedy", 0), ("modest", 0), ("nobody", 0), ("greedy", 1), ("modest", 1), ("greedy", 2)]
