"""What Jasmin tells of a message (docs.jasminsms.com, 'Receiving DLR'): at level 1 what the SMSC answered, at level 2
what became of the message."""

from __future__ import annotations

from typing import Final

from smsgwd.dialects.jasmin_answers import uuid_of
from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, SENT, OutboxItem
from smsgwd.smpp.receipt_text import stamp_of_minute
from smsgwd.smpp.status import ESME_RDELIVERYFAILURE, status_name

_TERMINAL: Final = 2
_BOTH: Final = 3
_WORDS: Final = {
    State.DELIVERED: "DELIVRD",
    State.UNDELIVERED: "UNDELIV",
    State.EXPIRED: "EXPIRED",
    State.REJECTED: "REJECTD",
    State.CANCELLED: "DELETED",
    State.UNKNOWN: "UNKNOWN",
}


def told(item: OutboxItem, level: int) -> dict[str, str] | None:
    """The parameters of a receipt where `level` (1, 2, 3) was asked for; None where it is not told.

    What an SMSC refused is told at level 1, with its command_status, and at level 2 to who asked for that alone.
    """
    if item.type == INTERMEDIATE:
        return None
    if item.type == SENT:
        return None if level == _TERMINAL else _first(item, "ESME_ROK")
    never_taken = item.smsc_id is None and item.state not in (State.DELIVERED, State.UNKNOWN)
    if never_taken and level != _TERMINAL:
        error = item.error
        status = None if error is None else error.smpp_status
        return _first(item, status_name(ESME_RDELIVERYFAILURE if status is None else status))
    return _last(item) if level in (_TERMINAL, _BOTH) else None


def _first(item: OutboxItem, status: str) -> dict[str, str]:
    return {"id": uuid_of(item.message_id), "level": "1", "message_status": status, "connector": item.connector}


def _last(item: OutboxItem) -> dict[str, str]:
    at = item.created_at if item.done_at is None else item.done_at
    word, code = _WORDS.get(item.state, "UNKNOWN"), "000"
    error = item.error
    if error is not None:
        if error.smpp_status is not None:
            code = f"{error.smpp_status:03d}"
        else:
            said, _, number = error.detail.partition(" ")
            if said.isascii() and said.isupper() and number.isascii() and number.isalnum() and len(number) <= 10:
                code = number.rjust(3, "0")  # the SMSC's own, of 'UNDELIV 069'
    return {
        "id": uuid_of(item.message_id),
        "level": "2",
        "message_status": word,
        "connector": item.connector,
        "id_smsc": item.smsc_id or "",
        "sub": "001",
        "dlvrd": "001" if item.state is State.DELIVERED else "000",
        "subdate": stamp_of_minute(item.submitted_at // 60_000).decode(),
        "donedate": stamp_of_minute(at // 60_000).decode(),
        "err": code,
        "text": "",
    }
