"""Which messages have to do with one person's number. Runs in a reader thread."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Final

from smsgwd.store.numbers import BETWEEN, is_number

_PAGE: Final = "SELECT id, msisdn, source, dest FROM message WHERE id > :after ORDER BY id LIMIT :most"


def _plain(column: str) -> str:
    """SQL: the column without what may stand between digits."""
    for mark in BETWEEN:
        column = f"replace({column}, '{mark}', '')"
    return column


_HAS: Final = f"instr({_plain('source')}, :number) OR instr({_plain('dest')}, :number)"


def find_number(connection: sqlite3.Connection, msisdn: str, after: int, limit: int) -> tuple[list[int], int | None]:
    """See Store.find_number. SQLite looks at all rows of the page; Python sees only those it may be about."""
    found = connection.execute(
        f"SELECT id, msisdn, source, dest FROM ({_PAGE}) WHERE msisdn = :number OR {_HAS}",
        {"after": after, "most": limit, "number": msisdn},
    ).fetchall()
    page = {"after": after, "most": limit}
    (last, looked_at) = connection.execute(f"SELECT max(id), count(*) FROM ({_PAGE})", page).fetchone()
    ids = [
        number
        for number, to, source, dest in found
        if to == msisdn or is_number(source, msisdn) or is_number(dest, msisdn)
    ]
    return ids, last if looked_at == limit else None
