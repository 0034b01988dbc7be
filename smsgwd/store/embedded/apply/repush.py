"""What was pushed, or given up, is owed again."""

# ruff: noqa: S608 -- SQL is put together from the texts of this module only, values are always bound

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.message import FINAL_FROM
from smsgwd.model.operators import Repush, Repushed
from smsgwd.store.embedded.outbox_place import MARGIN_MS, beyond, first_at
from smsgwd.store.embedded.schema import PENDING
from smsgwd.store.embedded.trace import pushes_of
from smsgwd.store.embedded.work import Work
from smsgwd.store.owed import TYPES, whom
from smsgwd.store.rows import Row

_LOOKED_AT: Final = 20_000  # rows in one step: some milliseconds
_LATE_MS: Final = 600_000  # a push of a receipt that was parked tells of the receipt's time, and comes that much later
_AGAIN: Final = (
    "UPDATE outbox SET status = 0, attempts = 0, due_at = ?, done_at = NULL, last_error = NULL"
    " WHERE id = ? AND status != 0"
)
_STATUS: Final = "SELECT status, target FROM outbox WHERE id = ? AND message = ?"
# One whose message is gone could tell nothing any more.
_TELLS: Final = "(o.payload IS NOT NULL OR EXISTS (SELECT 1 FROM message m WHERE m.id = o.message))"
_ROWS: Final = (
    "SELECT o.id, o.message, o.target FROM outbox o WHERE o.id > ? AND o.id <= ? AND o.status != 0"
    f" AND o.created_at >= ? AND o.created_at < ? AND {_TELLS}"
)
_ONE: Final = (
    "SELECT o.message, o.target FROM outbox o WHERE o.id = ? AND o.status != 0"
    f" AND (? = '' OR o.tenant = ?) AND {_TELLS}"
)


def repush(work: Work, change: Repush) -> Repushed:
    """Owe the receipts of these messages again, or these pushes, or the pushes of a span of time, up to a number of
    rows looked at."""
    work.flush()
    if change.push_ids:
        return _of_pushes(work, change)
    return _of_messages(work, change) if change.message_ids else _of_time(work, change)


def _of_messages(work: Work, change: Repush) -> Repushed:
    """The final receipt of each: as its row is kept, else anew, under the number it had."""
    work.prefetch(change.message_ids)
    targets: dict[str, None] = {}
    count = 0
    for number in change.message_ids:
        row = work.row(number)
        if row is None or row.state < FINAL_FROM or change.tenant not in ("", row.told.tenant):
            continue
        target = _of_message(work, row, change.at)
        if target:
            targets[target] = None
            count += 1
    for number in change.message_ids:  # what is final is remembered no more
        row = work.memory.rows.get(number)
        if row is not None and row.state >= FINAL_FROM:
            work.forget(number)
    return Repushed(count, tuple(targets))


def _of_message(work: Work, row: Row, at: int) -> str:
    """Owe one again; its target, '' where nobody is to be told or it is owed already."""
    execute = work.connection.execute
    kept = _kept(work, row)
    if kept is not None:
        number, status, target = kept
        if status == PENDING:
            return ""
        execute(_AGAIN, (at, number))
        _needed(work, row.id, target)
        return target
    who = whom(row)
    if who is None:
        return ""
    target, url = who
    number = work.pushes.add(row.id, target, row.told.tenant, url, TYPES[row.state], at, None, again=row.push)
    work.pushes.flush()
    if row.push != number:
        execute("UPDATE message SET push = ? WHERE id = ?", (number, row.id))
        row.push = number
    return target


def _kept(work: Work, row: Row) -> tuple[int, int, str] | None:
    """Number, status and target of the push of how a message ended, where its row is there."""
    number = row.push
    if number is None:  # it ended before that was kept
        number = next((each.id for each in pushes_of(work.connection, row.id) if each.type == TYPES[row.state]), None)
        if number is None:
            return None
    found = work.connection.execute(_STATUS, (number, row.id)).fetchone()
    return None if found is None else (number, *found)


def _of_pushes(work: Work, change: Repush) -> Repushed:
    """These rows."""
    execute = work.connection.execute
    targets: dict[str, None] = {}
    count = 0
    for number in dict.fromkeys(change.push_ids):
        found = execute(_ONE, (number, change.tenant, change.tenant)).fetchone()
        if found is not None:
            execute(_AGAIN, (change.at, number))
            _needed(work, *found)
            targets[found[1]] = None
            count += 1
    return Repushed(count, tuple(targets))


def _of_time(work: Work, change: Repush) -> Repushed:
    """The next rows of a span of time; the result says where to go on."""
    connection = work.connection
    if not change.after:
        first = first_at(connection, change.from_ms - MARGIN_MS) - 1
    else:
        first = change.after
    end = beyond(connection, change.to_ms + _LATE_MS)
    (last,) = connection.execute(
        "SELECT max(id) FROM (SELECT id FROM outbox WHERE id > ? AND id < ? ORDER BY id LIMIT ?)",
        (first, end, _LOOKED_AT),
    ).fetchone()
    if last is None:
        return Repushed(0, (), first)
    conditions = ""
    values: list[Any] = []
    for name, wanted in (("tenant", change.tenant), ("target", change.target)):
        if wanted:
            conditions += f" AND o.{name} = ?"
            values.append(wanted)
    found = connection.execute(
        f"{_ROWS}{conditions} ORDER BY o.id LIMIT ?",
        (first, last, change.from_ms, change.to_ms, *values, change.limit),
    ).fetchall()
    connection.executemany(_AGAIN, [(change.at, number) for number, _, _ in found])
    for _, message, target in found:
        _needed(work, message, target)
    reached = found[-1][0] if len(found) == change.limit else last
    further = connection.execute("SELECT 1 FROM outbox WHERE id > ? AND id < ? LIMIT 1", (reached, end)).fetchone()
    return Repushed(len(found), tuple(dict.fromkeys(target for _, _, target in found)), reached, further is not None)


def _needed(work: Work, message: int, target: str) -> None:
    """A push of this message is pending again."""
    if target.startswith("@"):
        work.memory.esmes = True
    purged = work.memory.walks.messages
    if message < purged.owed_below:
        purged.owed.add(message)
