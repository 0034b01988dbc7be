"""Erasure: what tells of one person goes; what happened, and what it cost, stays (`smsgwd.store.erasure`).

SQLite overwrites what was there with zeros.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from smsgwd.delivery.lifecycle import Event
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.message import FINAL_FROM, Message
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.receipts import Receipt
from smsgwd.model.upkeep import Erase, Erased, EraseRest
from smsgwd.store.embedded.schema import PENDING
from smsgwd.store.embedded.work import Work
from smsgwd.store.erasure import ERASED, UNSENT, about, answer_without, push_tells, record_tells, without, zeroed
from smsgwd.store.numbers import is_number
from smsgwd.store.rows import Row

_FINAL: Final = int(FINAL_FROM)
_LOOKED_AT: Final = 4000  # rows in one step: some milliseconds
_receipt_of = msgspec.json.Decoder(Receipt).decode


@contextmanager
def _overwriting(connection: sqlite3.Connection) -> Iterator[None]:
    """What is deleted in here is overwritten in the file, not only forgotten."""
    (before,) = connection.execute("PRAGMA secure_delete").fetchone()
    connection.execute("PRAGMA secure_delete = ON").fetchall()
    try:
        yield
    finally:
        connection.execute(f"PRAGMA secure_delete = {('OFF', 'ON', 'FAST')[before]}").fetchall()


def erase(work: Work, change: Erase) -> Erased:
    """Remove what tells of the number from those messages of the list that are to or from it.

    Those that have not left end as CANCELLED; one of which an SMSC has a part already does so too, unrefunded, since
    its rest could not be sent without its text. A message that was sent still gets its receipt: that is found by id.
    """
    counts: Counter[str] = Counter()
    outbox: list[OutboxItem] = []
    cancelled: list[int] = []
    with _overwriting(work.connection):
        for message_id in change.ids:
            row = work.row(message_id)
            if row is None or not about(row.told, change.msisdn):
                continue
            counts["messages"] += 1
            before, row.told = row.told, without(row.told, change.msisdn)
            if row.state in UNSENT:
                outbox += work.settle(row, Event.CANCELLED, change.at, None)
                cancelled.append(row.id)
            counts["answers"] += _zero_answers(work, before, change.msisdn)
            _write(work, row, change.msisdn)
    if cancelled:
        counts["cancelled"] = len(cancelled)
    return Erased(+counts, tuple(cancelled), tuple(outbox))


def _write(work: Work, row: Row, msisdn: str) -> None:
    """The row as `told` has it now, without text; history and parts without words."""
    work.flush()
    told, execute = row.told, work.connection.execute
    execute(
        "UPDATE message SET source = ?, dest = ?, msisdn = ?, body = x'', client_ref = NULL, wire = ?,"
        " fallback = NULL, source_addr = NULL, dest_addr = NULL, callback = ?,"
        " dlr_url = CASE WHEN state >= ? AND instr(dlr_url, ?) THEN NULL ELSE dlr_url END,"
        " err_detail = CASE WHEN instr(err_detail, ?) THEN '' ELSE err_detail END WHERE id = ?",
        (told.source, told.dest, told.msisdn, told.wire, told.callback, _FINAL, msisdn, msisdn, row.id),
    )
    execute("DELETE FROM client_ref WHERE message = ?", (row.id,))
    execute("UPDATE event SET detail = '' WHERE message = ? AND detail != ''", (row.id,))
    execute("UPDATE part SET err_detail = '' WHERE message = ? AND instr(err_detail, ?)", (row.id, msisdn))
    work.forget(row.id)


def _zero_answers(work: Work, message: Message, msisdn: str) -> int:
    """The number in the answer kept for a repetition of the message's request; how many answers were changed."""
    found = work.connection.execute(
        "SELECT key, answer FROM idempotency WHERE made_at = ? AND tenant = ?", (message.submitted_at, message.tenant)
    ).fetchall()
    changed = 0
    for key, answer in found:
        without_it = answer_without(answer, message, msisdn)
        if without_it != answer:
            _put_answer(work.connection, message.tenant, key, without_it)
            changed += 1
    return changed


def _put_answer(connection: sqlite3.Connection, tenant: str, key: str, answer: bytes) -> None:
    connection.execute("UPDATE idempotency SET answer = ? WHERE tenant = ? AND key = ?", (answer, tenant, key))


def erase_rest(work: Work, change: EraseRest) -> Erased:
    """The next rows of what is no message, kind after kind; the result says when there are more to be looked at."""
    work.flush()
    walk = work.memory.walks.erase
    if walk.number != change.msisdn:
        walk.begin(change.msisdn)
    counts: Counter[str] = Counter()
    left = _LOOKED_AT
    with _overwriting(work.connection):
        while walk.kind < len(_KINDS):
            name, key, sql, goes = _KINDS[walk.kind]
            behind = f"WHERE ({key}) > ({', '.join('?' * len(walk.place))})" if walk.place else ""
            found = work.connection.execute(f"{sql} {behind} ORDER BY {key} LIMIT ?", (*walk.place, left)).fetchall()
            counts[name] += sum(goes(work, row, change.msisdn) for row in found)
            if len(found) == left:
                walk.place = found[-1][: key.count(",") + 1]
                return Erased(+counts, more=True)
            left -= len(found)
            walk.kind, walk.place = walk.kind + 1, ()
        if change.opt_out:
            counts["opt_outs"] += work.connection.execute(
                "DELETE FROM optout WHERE msisdn = ?", (change.msisdn,)
            ).rowcount
    work.memory.listed.clear()  # the number stands there, and may be on no list any more
    walk.begin("")
    return Erased(+counts)


def _receipt(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    number, orphan, encoded = row
    if msisdn.encode() not in encoded or not is_number(_receipt_of(encoded).msisdn, msisdn):
        return False
    work.connection.execute("DELETE FROM parked_key WHERE parked = ?", (number,))
    work.connection.execute("DELETE FROM parked WHERE id = ?", (number,))
    work.memory.parked -= not orphan
    return True


def _mo_part(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    if not (is_number(row[1], msisdn) or is_number(row[2], msisdn)):
        return False
    work.connection.execute(
        "DELETE FROM mo_part WHERE (grp, source, dest, ref, total, width, seq) = (?, ?, ?, ?, ?, ?, ?)", row
    )
    return True


def _push(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    """A subscriber's message that is owed, or was: it goes. A URL that tells the number goes with its push."""
    number, url, payload, status, kind = row
    if not push_tells(kind, url, payload, status == PENDING, msisdn):
        return False
    work.connection.execute("DELETE FROM outbox WHERE id = ?", (number,))
    return True


def _link(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    """A link leads where the text said, which was for this person alone: it leads nowhere any more."""
    code, number = row
    if number != msisdn:
        return False
    work.connection.execute("DELETE FROM link WHERE code = ?", (code,))
    return True


def _lookup(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    """That somebody looked up a number, and paid for it, stays. One that is open ends: nobody is told any more."""
    lookup_id, number, dest, state = row
    if number != msisdn and not is_number(dest, msisdn):
        return False
    known = LookupState(state)
    after = known if known.final else LookupState.UNKNOWN
    work.connection.execute(
        "UPDATE lookup SET dest = ?, msisdn = '', network = '', state = ?, facts = ?,"
        " done_at = coalesce(done_at, asked_at) WHERE id = ?",
        (ERASED, int(after), msgspec.json.encode(LookupFacts(after)), lookup_id),
    )
    return True


def _record(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    """A contact by its number, and its place in groups."""
    kind, _, key = row
    if not record_tells(kind, key, msisdn):
        return False
    work.connection.execute("DELETE FROM record WHERE kind = ? AND tenant = ? AND key = ?", row)
    work.counts.records(kind, row[1], -1)
    return True


def _refusal(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    """That a submission had a recipient that was refused."""
    if not is_number(row[1], msisdn):
        return False
    work.connection.execute("DELETE FROM refusal WHERE submission = ? AND dest = ?", row)
    return True


def _answer(work: Work, row: tuple[Any, ...], msisdn: str) -> bool:
    tenant, key, answer = row
    without_it = zeroed(answer, msisdn)
    if without_it == answer:
        return False
    _put_answer(work.connection, tenant, key, without_it)
    return True


#: Each kind: its name in the counts, its key, what is read of it (the key first), what is done with a row.
_KINDS: Final[tuple[tuple[str, str, str, Callable[[Work, tuple[Any, ...], str], bool]], ...]] = (
    ("receipts", "id", "SELECT id, orphan, receipt FROM parked", _receipt),
    (
        "subscriber_parts",
        "grp, source, dest, ref, total, width, seq",
        "SELECT grp, source, dest, ref, total, width, seq FROM mo_part",
        _mo_part,
    ),
    ("pushes", "id", "SELECT id, url, payload, status, type FROM outbox", _push),
    ("answers", "tenant, key", "SELECT tenant, key, answer FROM idempotency", _answer),
    ("links", "code", "SELECT code, msisdn FROM link", _link),
    ("lookups", "id", "SELECT id, msisdn, dest, state FROM lookup", _lookup),
    ("refusals", "submission, dest", "SELECT submission, dest FROM refusal", _refusal),
    ("contacts", "kind, tenant, key", "SELECT kind, tenant, key FROM record", _record),
)
