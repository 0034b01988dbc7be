"""Receipts: matched, applied, parked until their response comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from smsgwd.delivery.combine import combined
from smsgwd.delivery.correlation import candidates, likeliest, same_number
from smsgwd.delivery.lifecycle import RECEIPT_EVENTS, TABLE
from smsgwd.model.changes import Ignored, Moved, Noted, Parked, TakeReceipt
from smsgwd.model.message import FINAL_FROM, Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.receipts import Receipt
from smsgwd.model.wire import ASKS_INTERMEDIATE
from smsgwd.store.embedded.rows import STATES, PartRow, Row
from smsgwd.store.embedded.work import Work

_WELL: Final = State.DELIVERED
#: Formats of ids whose likeliest form is the canonical one.
ALIKE: Final = ("auto", "same")

#: What a receipt makes of a message: by its state, the state after by the state before (of delivery.lifecycle).
_AFTER: Final[dict[int, dict[int, State]]] = {
    int(state): {int(before): moves[event] for before, moves in TABLE.items() if event in moves}
    for state, event in RECEIPT_EVENTS.items()
}
_STEP_MS: Final = 60_000  # how far the wall clock may have been set back between two messages' times
_encode = msgspec.json.encode
_receipt_of = msgspec.json.Decoder(Receipt).decode


def take_receipt(work: Work, change: TakeReceipt) -> Moved | Noted | Parked | Ignored:
    """Find the message and apply the receipt to it, or park the receipt."""
    receipt = change.receipt
    found = _find_known(work, receipt) or work.by_smsc(receipt.group, likeliest(receipt.smsc_id, receipt.id_format))
    if found is None:
        keys = candidates(receipt.smsc_id, receipt.id_format)
        found = _find_other(work, receipt, keys[1:])
        if found is None:
            _park(work, receipt, keys)
            return Parked()
    return _apply(work, found[0], found[1], receipt)


def _find_known(work: Work, receipt: Receipt) -> tuple[Row, int] | None:
    """The message in memory whose SMSC id is kept as the receipt writes it: the most frequent case."""
    ids = work.memory.ids.get(receipt.group)
    if ids is None or receipt.id_format not in ALIKE:
        return None
    place = ids.get(receipt.smsc_id)
    if place is None:
        return None
    row = work.memory.rows.get(place[0])
    return None if row is None else (row, place[1])


def _find_other(work: Work, receipt: Receipt, keys: Sequence[str]) -> tuple[Row, int] | None:
    """By another form of its id than the likeliest; that counts only when the receipt's number is the message's."""
    group = receipt.group
    for key in keys:
        found = work.by_smsc(group, key)
        if found is not None and same_number(receipt.msisdn, found[0].told.msisdn):
            return found
    return None


def _park(work: Work, receipt: Receipt, keys: Sequence[str]) -> None:
    cursor = work.connection.execute(
        "INSERT INTO parked (received_at, receipt) VALUES (?, ?)", (receipt.received_at, _encode(receipt))
    )
    number = cursor.lastrowid
    work.connection.executemany(
        "INSERT OR IGNORE INTO parked_key (grp, key, parked, form) VALUES (?, ?, ?, ?)",
        [(receipt.group, key, number, form) for form, key in enumerate(keys)],
    )
    work.memory.parked += 1


def apply_parked(work: Work, group: str, key: str, row: Row, part: int, at: int) -> tuple[OutboxItem, ...]:
    """Apply the receipts that were parked for this SMSC id, in the order they came; what the tenant is owed for it.

    `at` is when the id came: a receipt from long before it and before the message is of another message. One from just
    before it is not, though the message may look younger after the wall clock was set back.
    """
    oldest = min(row.told.submitted_at, at) - _STEP_MS
    outbox: tuple[OutboxItem, ...] = ()
    waiting = work.connection.execute(
        "SELECT p.id, k.form, p.receipt FROM parked_key k JOIN parked p ON p.id = k.parked"
        " WHERE k.grp = ? AND k.key = ? ORDER BY p.id",
        (group, key),
    ).fetchall()
    for number, form, encoded in waiting:
        receipt = _receipt_of(encoded)
        if form and not same_number(receipt.msisdn, row.told.msisdn):
            continue
        if receipt.received_at < oldest:  # of another message, which had this id before
            continue
        work.connection.execute("DELETE FROM parked_key WHERE parked = ?", (number,))
        work.connection.execute("DELETE FROM parked WHERE id = ?", (number,))
        work.memory.parked -= 1
        result = _apply(work, row, part, receipt)
        if isinstance(result, (Moved, Noted)):
            outbox += result.outbox
    return outbox


def _apply(work: Work, row: Row, part: int, receipt: Receipt) -> Moved | Noted | Ignored:
    state = receipt.state
    if state is None:
        return _intermediate(work, row, receipt)
    if row.parts > 1:
        return _apply_to_part(work, row, part, state, receipt)
    if row.state >= FINAL_FROM:
        return _too_late(work, row, STATES[row.state], state, receipt)
    return _settle(work, row, state, receipt, _failure(state, receipt))


def _intermediate(work: Work, row: Row, receipt: Receipt) -> Noted:
    """History only; an ESME that asked for it hears of it, once for each word of the SMSC's."""
    owed: tuple[OutboxItem, ...] = ()
    asked = row.told.account is not None and row.told.asks & ASKS_INTERMEDIATE and row.state < FINAL_FROM
    if asked and not work.told(row.id, "receipt", _words(receipt)):
        owed = (work.notify(row, receipt.received_at),)
    _event(work, row, receipt)
    return Noted(row.id, owed)


def _apply_to_part(work: Work, row: Row, number: int, state: State, receipt: Receipt) -> Moved | Noted | Ignored:
    """One part of several: its own first final state stands; all of them together decide for the message."""
    parts = work.parts(row)
    part = parts.get(number)
    if part is None:  # the response came when the message was final already
        part = PartRow(number, receipt.smsc_id, State.SENT.value, None, None, None, None, None)
    if part.state >= FINAL_FROM:
        return _too_late(work, row, STATES[part.state], state, receipt)
    error = _failure(state, receipt)
    part.state = int(state)
    part.done_at = receipt.received_at if receipt.done_at is None else receipt.done_at
    if part.sent_at is None:
        part.sent_at = receipt.received_at
    if error is not None:
        part.err_code, part.err_detail, part.err_smpp = error.code, error.detail, error.smpp_status
    work.put_part(row, part)
    for twin in list(parts.values()):  # parts that travelled in the same PDU share its id and its fate
        if twin.smsc_id == part.smsc_id and twin.state < FINAL_FROM:
            work.put_part(row, shared(part, twin.part, twin.sent_at))
    _event(work, row, receipt, f"part {number} of {row.parts}")
    if row.state >= FINAL_FROM:
        return Ignored("final", row.id)
    whole = combined([STATES[part.state] for part in parts.values()], row.parts)
    if whole is None:
        return Noted(row.id)
    return _settle(work, row, whole, receipt, error if whole is state else _failure(whole, receipt))


def shared(part: PartRow, number: int, sent_at: int | None) -> PartRow:
    """Part `number`, which travelled in the same PDU as `part`, with the result of that one."""
    return PartRow(
        number,
        part.smsc_id,
        part.state,
        part.sent_at if sent_at is None else sent_at,
        part.done_at,
        part.err_code,
        part.err_detail,
        part.err_smpp,
    )


def _settle(work: Work, row: Row, state: State, receipt: Receipt, error: Failure | None) -> Moved | Ignored:
    after = _AFTER[int(state)].get(row.state)
    if after is None:
        return Ignored("not_queued", row.id)
    if row.sent_at is None and row.parts == 1:
        row.sent_at = receipt.received_at
        work.changed(row)
    return Moved(row.id, after, work.end(row, after, receipt.received_at, error, receipt.done_at))


def _too_late(work: Work, row: Row, stands: State, state: State, receipt: Receipt) -> Ignored:
    _event(work, row, receipt, "late")
    return Ignored("repeated" if stands is state else "final", row.id)


def _failure(state: State, receipt: Receipt) -> Failure | None:
    return None if state is _WELL else Failure(state.public, _words(receipt))


def _words(receipt: Receipt) -> str:
    """The SMSC's own words, such as 'UNDELIV 069'."""
    return f"{receipt.status} {receipt.error}".strip()


def _event(work: Work, row: Row, receipt: Receipt, remark: str = "") -> None:
    words = _words(receipt) or ("" if receipt.state is None else receipt.state.public)
    work.event(
        row.id,
        receipt.received_at,
        "receipt",
        f"{words} ({remark})" if remark else words,
        connector=receipt.connector,
        smsc_id=receipt.smsc_id,
    )
