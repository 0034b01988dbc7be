"""Very many messages out of nothing: a message that the gateway wrote, multiplied in SQL, while no gateway runs on it.

Whatever the gateway left of that message goes with it: its rows of `message`, `smsc`, `outbox` and `event`, with every
column as the gateway makes it; its tenant's messages are numbered, marked and counted anew (`bulk_numbers`). Rows are
made by SQLite itself: one that went through Python would take twice as long.
"""

# ruff: noqa: S608 -- SQL is put together from names of the schema and of this module, values are always bound

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smsgwd.model.ids import first_id_at, node_number
from smsgwd.model.message import FINAL_FROM, State
from smsgwd.simulator.bulk_numbers import has_numbers, renumber
from smsgwd.simulator.submissions import DIGITS

Progress = Callable[[int, int], None]  #: rows of `message` written so far, of how many
PRIORITIES: Final = 4
_AT_ONCE: Final = 20_000  # messages of a transaction, all of one pattern
_CACHE_KIB: Final = 512 * 1024
_TABLES: Final = ("smsc", "outbox", "event")  # what belongs to a message: their column `message` says to which
_MOST_PUSHES: Final = 8  # rows of `outbox` of a message
_IDS_A_MS: Final = first_id_at(1 << 41) - first_id_at((1 << 41) - 1)
_NODES: Final = _IDS_A_MS >> 10  # ids of a millisecond and node: node numbers have ten bits
# By the row's index `i`: when it was accepted (ms since 1970), its submission's id, its eight digits.
_AT: Final = ":begin + i * :span / :count"
_DUE: Final = ":due0 + i * :due_span / :count"
_SUBMISSION: Final = ":id0 + i * :span / :count * :a_ms"
_COUNTED_ID: Final = "CAST(:smsc0 + i AS TEXT)"
_DRAWN_ID: Final = "printf('old%010d', i * 2654435761 % 4294967296)"  # an odd factor: none comes twice
_NUMBER: Final = f"printf('%0{DIGITS}d', :number + i)"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message by column, and what belongs to it: rows by column, by table."""

    message: Mapping[str, Any]
    others: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """What is written: `numbers` are the last eight digits of destination and text.

    They are accepted evenly within `ages_ms` (ms since 1970), at most one a millisecond. With `priorities` these
    differ; what is queued keeps its pattern's deadline. SMSC ids count up from `first_smsc_id`; with `drawn_ids` they
    are in no order, as with carriers that draw them. Rows of `outbox` are written for what was accepted at
    `pushes_from_ms` or later. With `due_ms` they are scheduled for moments spread evenly within it (ms since 1970).
    """

    numbers: range
    ages_ms: range
    node: str = "bulk"
    priorities: bool = False
    seed: int = 0
    first_smsc_id: int = 1_000_000_000
    drawn_ids: bool = False
    pushes_from_ms: int = 0
    due_ms: range | None = None


def pattern_in(file: Path, tenant: str, state: State) -> Pattern:
    """The newest message of one part of a tenant in this state. Raises ValueError, sqlite3.Error."""
    with closing(sqlite3.connect(file)) as connection:
        connection.row_factory = sqlite3.Row
        found = connection.execute(
            "SELECT * FROM message WHERE tenant = ? AND state = ? AND parts = 1 ORDER BY id DESC LIMIT 1",
            (tenant, int(state)),
        ).fetchone()
        if found is None:
            raise ValueError(f"no {state.name.lower()} message of {tenant} in {file}")
        others = {
            table: [dict(row) for row in connection.execute(f"SELECT * FROM {table} WHERE message = ?", (found["id"],))]
            for table in _TABLES
        }
    return Pattern(dict(found), others)


@contextmanager
def loading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes fast and without a journal; all is on the disk afterwards. Raises sqlite3.Error.

    Nobody may run on the store, and what was interrupted is of no use.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF").fetchall()
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA locking_mode = EXCLUSIVE").fetchall()
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        yield connection
        connection.execute("PRAGMA locking_mode = NORMAL").fetchall()
        connection.execute("PRAGMA journal_mode = WAL").fetchall()
    os.sync()  # else the gateway's first fsync would pay for it


def fill(
    connection: sqlite3.Connection, patterns: Sequence[Pattern], bulk: Bulk, progress: Progress = lambda done, of: None
) -> None:
    """Write a message for each number, of the patterns in turn (thousands each). Raises ValueError, sqlite3.Error."""
    count = len(bulk.numbers)
    if not count:
        return
    if bulk.numbers.step != 1 or len(bulk.ages_ms) < count:
        raise ValueError(f"{count} messages need as many milliseconds, not {len(bulk.ages_ms)}, and numbers in turn")
    known = {
        "begin": bulk.ages_ms.start,
        "span": len(bulk.ages_ms),
        "count": count,
        "id0": first_id_at(bulk.ages_ms.start) + node_number(bulk.node) * _NODES,
        "a_ms": _IDS_A_MS,
        "number": bulk.numbers.start,
        "seed": bulk.seed,
        "smsc0": bulk.first_smsc_id,
        "pushes": bulk.pushes_from_ms,
    }
    if bulk.due_ms is not None:
        known |= {"due0": bulk.due_ms.start, "due_span": len(bulk.due_ms)}
    statements = [list(_statements(pattern, bulk)) for pattern in patterns]
    numbered = has_numbers(connection)
    taken: Counter[str] = Counter()  # messages written, by tenant: they are older than what is there, as a rule
    at_once = max(1, min(_AT_ONCE, count // (50 * len(patterns))))
    for turn, start in enumerate(range(0, count, at_once)):
        stop = min(count, start + at_once)
        place = turn % len(patterns)
        owner = patterns[place].message.get("tenant", "")
        connection.execute("BEGIN")
        for sql, values in statements[place]:
            connection.execute(sql, known | values | {"lo": start, "hi": stop, "taken": taken[owner]})
        connection.execute("COMMIT")
        taken[owner] += stop - start
        progress(stop, count)
    for owner in taken if numbered else ():
        renumber(connection, owner)


def _statements(pattern: Pattern, bulk: Bulk) -> Iterator[tuple[str, dict[str, Any]]]:
    """The INSERTs that multiply a pattern by i from :lo to :hi, with the values that never change."""
    message = pattern.message
    smsc_id = _DRAWN_ID if bulk.drawn_ids else _COUNTED_ID
    made = {
        "id": f"{_SUBMISSION} + 1",
        "submission": _SUBMISSION,
        "dest": f":dest || {_NUMBER}",
        "msisdn": f":msisdn || {_NUMBER}",
        "submitted_at": _AT,
    }
    if "seq" in message:
        made["seq"] = ":taken + i - :lo + 1"
    values: dict[str, Any] = {name: message[name][:-DIGITS] for name in ("dest", "msisdn")}
    body = bytes(message["body"])
    if body[-DIGITS:].isdigit() and body.isascii():
        made["body"] = f"CAST(:text || {_NUMBER} AS BLOB)"
        values["text"] = body[:-DIGITS].decode()
    if message["state"] >= FINAL_FROM:
        made |= {"sent_at": _AT, "done_at": _AT, "deadline": f"{_AT} + :valid"}
        values["valid"] = message["deadline"] - message["submitted_at"]
    if bulk.due_ms is not None:
        made |= {"due_at": _DUE, "deadline": f"{_DUE} + :valid"}
        values["valid"] = message["deadline"] - message["due_at"]
    if message.get("smsc_id") is not None:
        made["smsc_id"] = smsc_id
    if message.get("push") is not None:  # the push of its final state
        places = [place for place, row in enumerate(pattern.others.get("outbox", ())) if row["id"] == message["push"]]
        made["push"] = _push_id(places[0]) if places else "NULL"
    if bulk.priorities:
        made["rank"] = f"-((i * 2654435761 + :seed) / 8192 % {PRIORITIES})"
    yield _insert("message", message, made, values)
    for table, rows in pattern.others.items():
        for place, row in enumerate(rows):
            yield _insert(table, row, _made(table, row, place, smsc_id), {})


def _push_id(place: int) -> str:
    """The number of a push, the `place`-th of its message."""
    return f"1 + (:number + i) * {_MOST_PUSHES} + {place}"


def _made(table: str, row: Mapping[str, Any], place: int, smsc_id: str) -> dict[str, str]:
    """What differs from row to row in a table that belongs to a message; `place` is the row's among those."""
    made = {"message": f"{_SUBMISSION} + 1"}
    if table == "smsc":
        made["id"] = smsc_id
    elif table == "outbox":  # the gateway's own ids begin far above
        made["id"] = _push_id(place)
    else:
        made["id"] = "NULL"  # SQLite numbers them
    for name in ("at", "sent_at", "done_at", "created_at", "due_at"):
        if row.get(name):
            made[name] = _AT
    return made


def _insert(
    table: str, row: Mapping[str, Any], made: Mapping[str, str], values: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    """One INSERT: the columns that are `made` by an expression, the others as they are in the row."""
    columns = ", ".join(row)
    chosen = ", ".join(f"({made[name]})" if name in made else f":_{name}" for name in row)
    only = f" WHERE {_AT} >= :pushes" if table == "outbox" else ""
    # By the SMSC's id: an index takes what comes in order much faster.
    order = f" ORDER BY {1 + list(row).index('id')}" if table == "smsc" else ""
    sql = (
        "WITH RECURSIVE n (i) AS (SELECT :lo UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :hi)"
        f" INSERT INTO {table} ({columns}) SELECT {chosen} FROM n{only}{order}"
    )
    return sql, {f"_{name}": value for name, value in row.items() if name not in made} | dict(values)
