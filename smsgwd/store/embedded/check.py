"""Looking for damage: what SQLite says of its file, and what must hold between our tables."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final

from smsgwd.ports.store import CheckReport
from smsgwd.store.embedded.ledger import compare
from smsgwd.store.embedded.operators import space
from smsgwd.store.embedded.recount import COUNTS, NUMBERS
from smsgwd.store.embedded.upkeep import Control

_MOST_PROBLEMS: Final = 100
_MOST_OF_ONE: Final = 10
_QUICK: Final = "SELECT said(quick_check) FROM pragma_quick_check"  # 100 lines at most, as always
_DEEP: Final = "SELECT said(integrity_check) FROM pragma_integrity_check"

#: What must find nothing: what it would mean, and a query of ids (the state numbers are those of model.message).
_INVARIANTS: Final = (
    (
        "message {} has a state that is none",
        "SELECT id FROM message WHERE state NOT IN (0, 1, 2, 3, 10, 11, 12, 13, 14, 15)",
    ),
    ("message {} ended and has no time of it", "SELECT id FROM message WHERE state >= 10 AND done_at IS NULL"),
    ("message {} is to be sent and has no connector", "SELECT id FROM message WHERE state < 3 AND connector = ''"),
    ("message {} has no parts", "SELECT id FROM message WHERE parts < 1"),
    (
        "message {} was taken by an SMSC and has no time of it",
        "SELECT id FROM message WHERE state = 3 AND state < 10 AND sent_at IS NULL",
    ),
    (
        "push {} is owed and its message is gone",
        "SELECT o.id FROM outbox o WHERE o.status = 0 AND o.payload IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = o.message)",
    ),
    (
        "push {} was given up and its message is gone",
        "SELECT o.id FROM outbox o WHERE o.status = 2 AND o.payload IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = o.message)",
    ),
    (
        "message {} has a part beyond its number of parts",
        "SELECT p.message FROM part p JOIN message m ON m.id = p.message WHERE p.part < 1 OR p.part > m.parts",
    ),
    (
        "message {} is gone and a part of it is there",
        "SELECT p.message FROM part p WHERE NOT EXISTS (SELECT 1 FROM message m WHERE m.id = p.message)",
    ),
    (
        "message {} has an SMSC id for a part that it does not have",
        # the place is the part, and times 256 how often the message had gone over to another way (Work.map_smsc)
        "SELECT s.message FROM smsc s JOIN message m ON m.id = s.message"
        " WHERE (s.part & 255) < 1 OR (s.part & 255) > m.parts",
    ),
    (
        "parked receipt {} is gone and can still be looked for",
        "SELECT k.parked FROM parked_key k WHERE NOT EXISTS (SELECT 1 FROM parked p WHERE p.id = k.parked)",
    ),
)


def check(control: Control, deep: bool) -> CheckReport:
    """See Store.check. Each query sees a snapshot of its own, so that the write-ahead log is held back for as short as
    can be. Raises sqlite3.Error only where the file cannot be opened or asked at all."""
    begun = time.perf_counter()
    problems: list[str] = []
    invariants = (*_INVARIANTS, *COUNTS, *(NUMBERS if deep else ()))
    control.total = 2 + len(invariants)
    with control.reading() as connection:
        for text in _of_the_file(control, connection, _DEEP if deep else _QUICK, problems):
            if text != "ok":
                problems.extend(text.splitlines())
        control.done = 1
        for meaning, sql in invariants:
            found = _rows(control, connection, f"{sql} LIMIT {_MOST_OF_ONE}", problems)
            problems.extend(meaning.format(number) for (number,) in found)
            control.done += 1
        problems += _of_the_ledger(control, connection)
        control.done += 1
        size = space(connection)
        counted = _rows(control, connection, "SELECT count(*) FROM message", problems)
    return CheckReport(
        problems=tuple(dict.fromkeys(problems))[:_MOST_PROBLEMS],
        messages=int(counted[0][0]) if counted else 0,
        bytes=size.bytes,
        free_bytes=size.free_bytes,
        seconds=time.perf_counter() - begun,
    )


def _of_the_file(control: Control, connection: sqlite3.Connection, sql: str, problems: list[str]) -> list[str]:
    """What SQLite says of its file. Where a damaged page keeps it from coming to the end it says what it found first,
    and fails at the next row: that the row before is not lost, it is taken when it is made."""
    said: list[str] = []
    connection.create_function("said", 1, lambda text: said.append(str(text)))
    _rows(control, connection, sql, problems)
    return said


def _of_the_ledger(control: Control, connection: sqlite3.Connection) -> list[str]:
    control.look()
    try:
        return compare(connection)[0][:_MOST_OF_ONE]
    except sqlite3.DatabaseError as error:
        control.look()
        return [str(error)]


def _rows(control: Control, connection: sqlite3.Connection, sql: str, problems: list[str]) -> list[tuple[Any, ...]]:
    """What a query finds; damage that it meets is a problem found, too."""
    control.look()
    try:
        return connection.execute(sql).fetchall()
    except sqlite3.DatabaseError as error:
        control.look()
        problems.append(str(error))
        return []
