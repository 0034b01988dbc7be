"""A part of an embedded store: what `embedded_out` reads through a connection that sees these records only."""

# ruff: noqa: S608 -- SQL is put together from the names of this module only, values are always bound

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, Final

#: What is seen of each table: the kind of record it is part of, and the columns that this is named by. (SMSC ids of
#: messages are no part of theirs.)
_TABLES: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "message": ("message", ("id",)),
    "part": ("message", ("message",)),
    "event": ("message", ("message",)),
    "client_ref": ("message", ("message",)),
    "smsc": ("smsc", ("grp", "id")),
    "outbox": ("push", ("id",)),
    "tenant": ("tenant", ("id",)),
    "credential": ("tenant", ("tenant",)),
    "tally": ("tally", ("tenant",)),
    "ledger": ("entry", ("id",)),
    "parked": ("parked", ("id",)),
    "parked_key": ("parked", ("parked",)),
    "idempotency": ("answer", ("tenant", "key")),
    "refusal": ("refused", ("submission",)),
    "record": ("record", ("kind", "tenant", "key")),
    "link": ("link", ("code",)),
    "lookup": ("lookup", ("id",)),
    "mo_part": ("mo_part", ("grp", "source", "dest", "ref & 65535", "total", "width")),
    "optout": ("opt_out", ("tenant", "msisdn")),
    "audit": ("audit", ("id",)),
    "final": ("final", ("seq",)),
}


def narrow(connection: sqlite3.Connection, wanted: Mapping[str, Iterable[tuple[Any, ...]]]) -> None:
    """From now on the connection, which no other may share, sees the records with these keys, by kind, and no others.
    Raises sqlite3.Error."""
    execute = connection.execute
    execute("PRAGMA query_only = OFF")
    for table, (kind, columns) in _TABLES.items():
        names = [f"c{number}" for number in range(len(columns))]
        if (
            table == kind
            or execute("SELECT 1 FROM temp.sqlite_schema WHERE name = ?", (f"w_{kind}",)).fetchone() is None
        ):
            execute(f"CREATE TEMP TABLE IF NOT EXISTS w_{kind} ({', '.join(names)}, PRIMARY KEY ({', '.join(names)}))")
            marks = ", ".join("?" * len(names))
            connection.executemany(f"INSERT OR IGNORE INTO w_{kind} VALUES ({marks})", wanted.get(kind, ()))
        execute(
            f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table}"
            f" WHERE ({', '.join(columns)}) IN (SELECT {', '.join(names)} FROM w_{kind})"
        )
    execute("PRAGMA query_only = ON")
