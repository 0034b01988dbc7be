"""One person's number: how it may be written, and which messages have to do with it."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

import sqlite3
from typing import Final

_BETWEEN: Final = " -.()/"
_OUT: Final = str.maketrans("", "", _BETWEEN)
_PAGE: Final = "SELECT id, msisdn, source, dest FROM message WHERE id > :after ORDER BY id LIMIT :most"


def _plain(column: str) -> str:
    """SQL: the column without what may stand between digits."""
    for mark in _BETWEEN:
        column = f"replace({column}, '{mark}', '')"
    return column


_HAS: Final = f"instr({_plain('source')}, :number) OR instr({_plain('dest')}, :number)"


def is_number(written: str, msisdn: str) -> bool:
    """True when an address as a tenant or an SMSC wrote it is this number (`msisdn`: digits, country code first).

    With '+', '00' or nothing before it, blanks and dashes between; a national form is not taken for it, since it may be
    somebody else's in another country.
    """
    plain = written.translate(_OUT).removeprefix("+")
    return bool(msisdn) and plain in (msisdn, f"00{msisdn}")


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
