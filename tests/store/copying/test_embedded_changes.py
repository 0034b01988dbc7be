"""Every table is compared, by a walk that sorts nothing."""

import contextlib

import pytest

from smsgwd.store.copying import embedded_out
from smsgwd.store.copying.embedded_changes import BESIDES, TABLES, attach, changes, queries
from smsgwd.store.copying.records import Copy
from smsgwd.store.embedded.connection import open_writer
from smsgwd.store.embedded.migrations import migrate

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table'"


@pytest.fixture
def pair(tmp_path):
    """Two empty stores, one attached to the other; the connections to both."""
    with contextlib.ExitStack() as stack:
        now, was = (
            stack.enter_context(contextlib.closing(open_writer(tmp_path / f"{name}.db"))) for name in ("now", "was")
        )
        migrate(now)
        migrate(was)
        attach(now, tmp_path / "was.db")
        yield now, was


def test_every_table_is_compared_or_follows_from_others(pair):
    there = {name for (name,) in pair[0].execute(_TABLES)}
    assert there == TABLES.keys() | BESIDES
    assert not TABLES.keys() & BESIDES


def test_what_names_a_record_is_said_alike_where_it_is_read():
    kinds = {kind for kinds in TABLES.values() for kind in kinds}
    assert kinds == embedded_out.KEYS.keys()
    tags = {each.__struct_config__.tag for each in Copy.__args__}
    assert tags - {"numbers"} == kinds
    for names in TABLES.values():
        for kind, columns in names.items():
            assert len(columns) == len(embedded_out.KEYS[kind])


@pytest.mark.parametrize("table", sorted(TABLES))
def test_both_tables_are_walked_and_nothing_is_sorted(pair, table):
    for query in queries(pair[0], table):
        plan = [row[3] for row in pair[0].execute(f"EXPLAIN QUERY PLAN {query}")]
        assert len(plan) == 2, plan
        walked, looked = plan
        assert walked.startswith("SCAN"), plan
        info = pair[0].execute(f"PRAGMA main.table_info('{table}')").fetchall()
        assert looked.startswith("SEARCH"), plan
        assert looked.count("=?") == sum(place > 0 for *_, place in info), plan  # one row, not some
        assert "TEMP B-TREE" not in walked + looked and "AUTOMATIC" not in looked, plan


def _put(connection, table, **fields):
    """A row of a table, with something in each column that must have it."""
    info = connection.execute(f"PRAGMA main.table_info('{table}')").fetchall()
    blank = {"INTEGER": 1, "TEXT": "a", "BLOB": b"{}"}
    values = {name: blank[kind] for _, name, kind, *_ in info} | fields
    names = ", ".join(f'"{name}"' for name in values)
    connection.execute(
        f"INSERT INTO main.{table} ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_row_that_is_new_other_or_gone_names_its_records(pair, table):
    now, was = pair
    _put(now, table)
    new = changes(now)
    assert new.keys() == TABLES[table].keys()
    _put(was, table)
    assert changes(now) == {}
    info = now.execute(f"PRAGMA main.table_info('{table}')").fetchall()
    for _, name, kind, _, _, key in info:
        if not key:
            old = now.execute(f'SELECT "{name}" FROM main.{table}').fetchone()
            now.execute(f'UPDATE main.{table} SET "{name}" = ?', ("b" if kind == "TEXT" else 2,))
            assert new.keys() <= changes(now).keys(), name
            now.execute(f'UPDATE main.{table} SET "{name}" = ?', old)
    assert changes(now) == {}
    now.execute(f"DELETE FROM main.{table}")
    assert changes(now) == new


def test_what_goes_over_from_one_record_to_another_names_both(pair):
    now, was = pair
    _put(was, "smsc", message=7)
    _put(now, "smsc", message=8)
    _put(was, "credential", tenant="one")
    _put(now, "credential", tenant="two")
    assert changes(now) == {"message": [(7,), (8,)], "tenant": [("one",), ("two",)]}


def test_a_value_that_becomes_nothing_is_a_change(pair):
    now, was = pair
    _put(was, "message", err_code=None)
    _put(now, "message", err_code="")
    assert changes(now) == {"message": [(1,)]}
