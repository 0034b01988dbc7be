"""Receipts as values: read from a deliver_sm or data_sm, and composed for one.

TLVs come first (receipted_message_id, message_state, network_error_code), the text of short_message or message_payload
fills in the rest. What the text may look like stands in receipt_text.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Literal, NamedTuple

from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.message import Inbound, message_body
from smsgwd.smpp.receipt_text import CANONICAL_WORDS, STAT_WORDS, ReceiptText, compose_text, parse_date, parse_text
from smsgwd.smpp.tags import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID
from smsgwd.smpp.tlv import Tlvs, TlvValue, pack_tlvs

# UNKNOWN is not among them: SMSCs send it for "not known yet" too, so it ends a message only by an override.
FINAL_STATES: Final = frozenset(
    (
        MessageState.DELIVERED,
        MessageState.EXPIRED,
        MessageState.DELETED,
        MessageState.UNDELIVERABLE,
        MessageState.REJECTED,
        MessageState.SKIPPED,
    )
)

NO_OVERRIDES: Final[Mapping[str, MessageState]] = {}


class NetworkError(NamedTuple):
    """network_error_code (SMPP 3.4 s5.3.2.31): `network` 1 ANSI-136, 2 IS-95, 3 GSM, and others; `code` is its own."""

    network: int
    code: int


@dataclass(slots=True)
class Receipt:
    """What a receipt says.

    `message_id` is '' when it names none (octets read as Latin-1); `stat` the word or TLV value as received, upper
    case; `error` the err field as written, else the network error's code, else ''. Dates have no zone unless one was
    given. `source` tells where id and state came from.
    """

    message_id: str
    state: MessageState
    final: bool
    stat: str
    error: str
    network_error: NetworkError | None
    submit_date: datetime | None
    done_date: datetime | None
    text: str
    source: Literal["tlv", "text", "mixed"]


def id_text(message_id: bytes) -> str:
    """Return a message_id of the wire as text; Latin-1, so that any octets survive and compare."""
    return message_id.decode("latin-1")


def state_of(stat: str, overrides: Mapping[str, MessageState] = NO_OVERRIDES) -> MessageState:
    """Return the state of a stat word or digit; UNKNOWN for a word that nobody knows.

    `overrides` (upper-case word -> state) is the SMSC's own dictionary; it is asked for the word as written, then for
    the canonical word of its state, so that 'ACCEPTD' also covers 'ACCEPTED' and message_state 6.
    """
    if stat in overrides:
        return overrides[stat]
    if stat.isdecimal():
        state = MessageState(int(stat)) if int(stat) in _STATE_NUMBERS else MessageState.UNKNOWN
    else:
        state = STAT_WORDS.get(stat, MessageState.UNKNOWN)
    return overrides.get(CANONICAL_WORDS[state], state) if overrides else state


_STATE_NUMBERS: Final = frozenset(int(state) for state in MessageState)


def parse_receipt(
    pdu: Inbound,
    overrides: Mapping[str, MessageState] = NO_OVERRIDES,
    zone: tzinfo | None = None,
) -> Receipt | None:
    """Read a receipt; None when neither TLVs nor text give an id or a state. Never raises.

    `zone` is put on dates that carry none (the SMSC's local time).
    """
    tlv_id = pdu.tlv_bytes(RECEIPTED_MESSAGE_ID) if pdu.tlvs else None
    tlv_state = pdu.tlv_int(MESSAGE_STATE) if pdu.tlvs else None
    if tlv_state not in _STATE_NUMBERS:
        tlv_state = None
    found = parse_text(message_body(pdu), pdu.data_coding)
    if found is None:
        if not tlv_id and tlv_state is None:
            return None
        found = ReceiptText()
    stat = found.stat if tlv_state is None else str(tlv_state)
    state = state_of(stat, overrides)
    network_error = _network_error(pdu)
    error = found.err or (str(network_error.code) if network_error else "")
    from_tlv = (bool(tlv_id), tlv_state is not None)
    return Receipt(
        message_id=id_text(tlv_id) if tlv_id else found.message_id,
        state=state,
        final=state in FINAL_STATES,
        stat=stat,
        error=error,
        network_error=network_error,
        submit_date=_zoned(parse_date(found.submit_date), zone),
        done_date=_zoned(parse_date(found.done_date), zone),
        text=found.text,
        source="tlv" if all(from_tlv) else "mixed" if any(from_tlv) else "text",
    )


def _network_error(pdu: Inbound) -> NetworkError | None:
    raw = pdu.tlv_bytes(NETWORK_ERROR_CODE) if pdu.tlvs else None
    return NetworkError(raw[0], int.from_bytes(raw[1:], "big")) if raw else None


def _zoned(date: datetime | None, zone: tzinfo | None) -> datetime | None:
    return date.replace(tzinfo=zone) if date is not None and date.tzinfo is None else date


def compose_receipt(
    message_id: str,
    state: MessageState,
    *,
    submit_date: datetime,
    done_date: datetime,
    error: str = "000",
    text: bytes = b"",
    sub: int = 1,
    dlvrd: int | None = None,
    network_error: NetworkError | None = None,
) -> tuple[bytes, Tlvs]:
    """Return (short_message, tlvs) of a receipt: canonical text, and the same in TLVs.

    The caller sets esm_class 0x04, swaps the addresses and leaves the TLVs to the session for 3.3 peers. Raises
    EncodeError as compose_text does.
    """
    body = compose_text(message_id, state, submit_date, done_date, error, text, sub, dlvrd)
    values: list[tuple[int, TlvValue]] = [
        (RECEIPTED_MESSAGE_ID, message_id.encode("ascii")),
        (MESSAGE_STATE, int(state)),
    ]
    if network_error is not None:
        raw = bytes((network_error.network,)) + network_error.code.to_bytes(2, "big")
        values.append((NETWORK_ERROR_CODE, raw))
    return body, pack_tlvs(values)
