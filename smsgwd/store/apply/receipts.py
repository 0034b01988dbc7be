"""Receipts: matched, applied, parked until their response comes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.delivery.combine import combined
from smsgwd.delivery.correlation import EXACT, candidates, likeliest, same_number
from smsgwd.delivery.lifecycle import RECEIPT_EVENTS, TABLE
from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.changes import Ignored, Moved, Noted, Parked, Resent, TakeReceipt
from smsgwd.model.message import FINAL_FROM, Failure, State
from smsgwd.model.outbox import OutboxItem
from smsgwd.model.receipts import Receipt
from smsgwd.model.wire import ASKS_INTERMEDIATE
from smsgwd.store.apply.operate import stopped, unstop
from smsgwd.store.apply.ways import LEFT, SECOND_WAY, resend
from smsgwd.store.rows import STATES, PartRow, Row
from smsgwd.store.work import Work

_WELL: Final = State.DELIVERED
_SENT: Final = int(State.SENT)
#: Formats of ids whose likeliest form is the canonical one, or the id itself.
ALIKE: Final = ("auto", "same", EXACT)

#: What a receipt makes of a message: by its state, the state after by the state before (of delivery.lifecycle).
_AFTER: Final[dict[int, dict[int, State]]] = {
    int(state): {int(before): moves[event] for before, moves in TABLE.items() if event in moves}
    for state, event in RECEIPT_EVENTS.items()
}
_STEP_MS: Final = 60_000  # how far the wall clock may have been set back between two messages' times


#: What a receipt that has found its message does.
Applied = Moved | Noted | Resent | Ignored


def take_receipt(work: Work, change: TakeReceipt) -> Applied | Parked:
    """Find the message and apply the receipt to it, or park the receipt."""
    receipt = change.receipt
    # In memory, by an id that is kept as the receipt writes it: the most frequent case.
    found = work.known(receipt.group, receipt.smsc_id) if receipt.id_format in ALIKE else None
    if found is None:
        found = work.by_smsc(receipt.group, likeliest(receipt.smsc_id, receipt.id_format))
    if found is None:
        keys = candidates(receipt.smsc_id, receipt.id_format)
        found = find_other(work, receipt, keys[1:])
        if found is None:
            work.park(receipt, keys)
            return Parked()
    return apply_receipt(work, found[0], found[1], receipt)


def find_other(work: Work, receipt: Receipt, keys: Sequence[str]) -> tuple[Row, int] | None:
    """By another form of its id than the likeliest; that counts only when the receipt's number is the message's."""
    group = receipt.group
    for key in keys:
        found = work.by_smsc(group, key)
        if found is not None and same_number(receipt.msisdn, found[0].told.msisdn):
            return found
    return None


def apply_parked(
    work: Work, group: str, key: str, row: Row, place: int, at: int
) -> tuple[tuple[OutboxItem, ...], Resent | None]:
    """Apply the receipts that were parked for this SMSC id, in the order they came: what the tenant is owed for it,
    and the message where it is to be sent on its second way.

    `at` is when the id came: a receipt from long before it and before the message is of another message. One from just
    before it is not, though the message may look younger after the wall clock was set back.
    """
    oldest = oldest_for(row, at)
    outbox: tuple[OutboxItem, ...] = ()
    resent: Resent | None = None
    for parked in work.parked_under(group, key):
        receipt = parked.receipt
        if parked.form and not same_number(receipt.msisdn, row.told.msisdn):
            continue
        if receipt.received_at < oldest:  # of another message, which had this id before
            continue
        work.unpark(parked.id)
        result = apply_receipt(work, row, place, receipt)
        if isinstance(result, (Moved, Noted)):
            outbox += result.outbox
        elif isinstance(result, Resent):
            resent = Resent(result.message, outbox + result.outbox)
            outbox = ()
    return outbox, resent


def oldest_for(row: Row, at: int) -> int:
    """Receipts received before this time (ms) are of another message, which had the SMSC id before."""
    return min(row.told.submitted_at, at) - _STEP_MS


def apply_receipt(work: Work, row: Row, place: int, receipt: Receipt) -> Applied:
    """What a receipt makes of the message it is for; `place` is what its SMSC id stands for (`Work.map_smsc`)."""
    if place >> 8 != row.hops:
        return _of_another_way(work, row, place >> 8, receipt)
    state = receipt.state
    if state is None:
        return _intermediate(work, row, receipt)
    if row.parts > 1:
        return _apply_to_part(work, row, place, state, receipt)
    if row.state >= FINAL_FROM:
        return _too_late(work, row, STATES[row.state], state, receipt)
    return _settle(work, row, state, receipt, _failure(state, receipt))


def _of_another_way(work: Work, row: Row, way: int, receipt: Receipt) -> Moved | Ignored:
    """The way this tells of was given up: it is history, whatever it says, for the message goes (or went) another.

    Except where the message was left to another connector before its answer came (`LEFT`): a carrier that has
    delivered it after all tells the truth, so a whole message ends as delivered, once. That it failed there says
    nothing, for the other connector has it.
    """
    if way == row.hops | LEFT and receipt.state is _WELL and row.parts == 1 and row.state < FINAL_FROM:
        _event(work, row, receipt, "of the connector it was on before")
        if stopped(row):
            unstop(work, row, receipt.received_at)
        settled = _settle(work, row, _WELL, receipt, None)
        assert not isinstance(settled, Resent)
        return settled
    _event(work, row, receipt, "late, earlier way")
    return Ignored("superseded", row.id)


def _intermediate(work: Work, row: Row, receipt: Receipt) -> Noted:
    """History only; whoever asked for it hears of it, once for each word of the SMSC's."""
    owed: tuple[OutboxItem, ...] = ()
    asked = row.told.asks & ASKS_INTERMEDIATE and row.state < FINAL_FROM
    if asked and not work.told(row.id, "receipt", _words(receipt)):
        owed = work.notify(row, receipt.received_at)
    _event(work, row, receipt)
    return Noted(row.id, owed)


def _apply_to_part(work: Work, row: Row, place: int, state: State, receipt: Receipt) -> Applied:
    """One part of several: its own first final state stands; all of them together decide for the message."""
    parts, number = work.parts(row), place & 0xFF
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
        part.latency,
    )


def _settle(work: Work, row: Row, state: State, receipt: Receipt, error: Failure | None) -> Moved | Resent | Ignored:
    after = _AFTER[int(state)].get(row.state)
    if after is None:
        return Ignored("not_queued", row.id)
    owed: tuple[OutboxItem, ...] = ()
    if row.state != _SENT and row.told.asks & TELL_SENT and _all_taken(work, row):  # it overtook the response
        owed = work.sent(row, receipt.received_at)
    if row.fallback is not None and after in SECOND_WAY:
        resent = resend(work, row, receipt.received_at, after, _words(receipt))
        if resent is not None:
            return Resent(resent.message, owed) if owed else resent
    if row.sent_at is None and row.parts == 1:
        row.sent_at = receipt.received_at
        work.changed(row)
    return Moved(row.id, after, owed + work.end(row, after, receipt.received_at, error, receipt.done_at))


def _all_taken(work: Work, row: Row) -> bool:
    """True when an SMSC has told of every part of the message."""
    if row.parts == 1:
        return True
    parts = work.parts(row)
    return len(parts) == row.parts and all(part.sent_at is not None for part in parts.values())


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
