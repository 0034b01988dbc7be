"""What differs between two files of the embedded store, as keys of records (`embedded_out.KEYS`).

Each table is walked in the order of its key beside the same table of the other file: nothing is sorted, so that it
costs about what reading both costs. A table that is added to the schema is added to `TABLES`, or to `BESIDES`.
"""

# ruff: noqa: S608 -- SQL is put together from the schema's own names only

from __future__ import annotations

import sqlite3
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

#: By table: the kinds of the records that a row of it is in, each with the columns that name the record.
TABLES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "message": {"message": ("id",)},
    "part": {"message": ("message",)},
    "event": {"message": ("message",)},
    "smsc": {"message": ("message",)},
    "client_ref": {"message": ("message",)},
    "outbox": {"push": ("id",), "message": ("message",)},  # a message tells which pushes are about it
    "parked": {"parked": ("id",)},
    "parked_key": {"parked": ("parked",)},
    "idempotency": {"answer": ("tenant", "key")},
    "refusal": {"refused": ("submission",)},
    "tenant": {"tenant": ("id",)},
    "credential": {"tenant": ("tenant",)},
    "tally": {"tally": ("tenant",)},
    "ledger": {"entry": ("tenant", "id")},
    "record": {"record": ("kind", "tenant", "key")},
    "link": {"link": ("code",)},
    "lookup": {"lookup": ("id",)},
    "mo_part": {"mo_part": ("grp", "source", "dest", "ref", "total", "width", "seq")},
    "optout": {"opt_out": ("tenant", "msisdn")},
    "audit": {"audit": ("id",)},
    "final": {"final": ("seq",)},
}
#: Tables that follow from others, or are of the file itself; numbers that were given last are read anew each time.
BESIDES: Final = frozenset({"ledger_of", "mark", "meta", "sqlite_sequence"})


def attach(connection: sqlite3.Connection, before: Path) -> None:
    """Have the connection look at this file, too (as `was`). Raises sqlite3.Error."""
    connection.execute("ATTACH ? AS was", (str(before),))


def changes(connection: sqlite3.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """What names the records that are other, new or gone in the connection's own file, by kind, compared with the one
    attached. Raises sqlite3.Error."""
    found: dict[str, set[tuple[Any, ...]]] = defaultdict(set)
    for table, kinds in TABLES.items():
        width = sum(map(len, kinds.values()))
        for query in queries(connection, table):
            for row in connection.execute(query):
                for values in (row[:width], row[width:]):  # as it is, as it was
                    at = 0
                    for kind, columns in kinds.items():
                        key = values[at : at + len(columns)]
                        at += len(columns)
                        if key and key[0] is not None:
                            found[kind].add(key)
    return {kind: sorted(keys) for kind, keys in found.items()}


def queries(connection: sqlite3.Connection, table: str) -> tuple[str, str]:
    """What finds rows of a table that are new or other (the columns that name their records now, and then), and what
    finds those that are gone."""
    info = connection.execute(f"PRAGMA main.table_info('{table}')").fetchall()
    columns = [f'"{name}"' for _, name, *_ in info]
    key = [f'"{name}"' for _, name, _, _, _, place in sorted(info, key=lambda row: row[5]) if place]
    naming = [f'"{name}"' for names in TABLES[table].values() for name in names]
    same = " AND ".join(f"n.{each} = o.{each}" for each in key)
    other = " OR ".join(f"n.{each} IS NOT o.{each}" for each in columns if each not in key) or "false"
    both = ", ".join((*(f"n.{each}" for each in naming), *(f"o.{each}" for each in naming)))
    gone = ", ".join(f"o.{each}" for each in naming)
    return (
        f"SELECT {both} FROM main.{table} n LEFT JOIN was.{table} o ON {same} WHERE o.{key[0]} IS NULL OR {other}",
        f"SELECT {gone} FROM was.{table} o LEFT JOIN main.{table} n ON {same} WHERE n.{key[0]} IS NULL",
    )
