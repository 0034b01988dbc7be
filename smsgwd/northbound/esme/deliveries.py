"""What is owed to an ESME as the PDU that brings it: receipts (SMPP 3.4 appendix B) and subscribers' messages.

A receipt's text and its TLVs say the same; a peer of 3.3 gets the text alone. Dates are UTC. `err` is the SMSC's own
code where its receipt gave one, else the command_status with which it refused the message, in decimal; at least three
digits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from smsgwd.model.message import Failure, State
from smsgwd.model.mo import unpack_mo
from smsgwd.model.outbox import INTERMEDIATE, MO, OutboxItem
from smsgwd.model.wire import Wire, unpack_wire
from smsgwd.smpp.constants import VERSION_3_4, EsmClass, MessageState
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.pdu import DataSm, DeliverSm, Pdu
from smsgwd.smpp.receipt_text import CANONICAL_TEXT, CANONICAL_WORDS, stamp_of_minute
from smsgwd.smpp.tags import (
    MESSAGE_PAYLOAD,
    MESSAGE_STATE,
    NETWORK_ERROR_CODE,
    RECEIPTED_MESSAGE_ID,
    USER_MESSAGE_REFERENCE,
)
from smsgwd.smpp.tlv import Tlvs

Composer = Callable[[OutboxItem], Pdu]
"""Makes the PDU of an item. Raises EncodeError when no PDU can carry it, or what the store has cannot be read."""

_SHORT_MESSAGE_MAX: Final = 254  # octets (SMPP 3.4 s5.2.22); more travel as message_payload
_GSM: Final = 3  # network type of network_error_code (s5.3.2.31): what an SMSC's err nearly always is

_STATES: Final = {
    State.DELIVERED: MessageState.DELIVERED,
    State.UNDELIVERED: MessageState.UNDELIVERABLE,
    State.EXPIRED: MessageState.EXPIRED,
    State.REJECTED: MessageState.REJECTED,
    State.CANCELLED: MessageState.DELETED,
    State.UNKNOWN: MessageState.UNKNOWN,
}
_Form = tuple[int, bytes, tuple[int, bytes], int]  # dlvrd, stat, TLV message_state, esm_class


def _form(state: MessageState, esm_class: int) -> _Form:
    delivered = int(state is MessageState.DELIVERED)
    return delivered, CANONICAL_WORDS[state].encode("ascii"), (MESSAGE_STATE, bytes((state,))), esm_class


_FORMS: Final = {state: _form(word, EsmClass.RECEIPT) for state, word in _STATES.items()}
_NOT_FINAL: Final = _form(MessageState.ENROUTE, EsmClass.INTERMEDIATE)


class _Addresses(msgspec.Struct, frozen=True, gc=False):
    """What the receipts of messages with one `Message.wire` have in common: addresses swapped."""

    service_type: bytes
    source_ton: int
    source_npi: int
    dest_ton: int
    dest_npi: int
    echoed: Tlvs


_PLAIN: Final = _Addresses(b"", 0, 0, 0, 0, ())


def composer(version: int, receipts_by: str = "deliver_sm") -> Composer:
    """How items become PDUs for a peer of an interface_version; data_sm is for 3.4 and later."""
    if version < VERSION_3_4:
        return _for_3_3
    return _in_data_sm if receipts_by == "data_sm" else _in_deliver_sm


def _in_deliver_sm(item: OutboxItem) -> Pdu:
    """A deliver_sm with TLVs."""
    if item.type == MO:
        return mo_pdu(item)
    body, tlvs, esm_class, at = receipt_of(item)
    return deliver_sm(item, body, tlvs, esm_class, at)


def _for_3_3(item: OutboxItem) -> Pdu:
    """A deliver_sm without TLVs (SMPP 3.4 s3.4); the session refuses a text that only a TLV could carry."""
    if item.type == MO:
        return mo_pdu(item)
    body, _, esm_class, at = receipt_of(item)
    return deliver_sm(item, body, (), esm_class, at)


def _in_data_sm(item: OutboxItem) -> Pdu:
    """Receipts as data_sm (SMPP 3.4 s4.7.1), the text in message_payload; messages as they came."""
    if item.type == MO:
        return mo_pdu(item)
    body, tlvs, esm_class, at = receipt_of(item)
    return DataSm(
        service_type=at.service_type,
        source_addr_ton=at.source_ton,
        source_addr_npi=at.source_npi,
        source_addr=_octets(item.dest, "source_addr"),
        dest_addr_ton=at.dest_ton,
        dest_addr_npi=at.dest_npi,
        destination_addr=_octets(item.source, "destination_addr"),
        esm_class=esm_class,
        tlvs=(*tlvs, (MESSAGE_PAYLOAD, body)),
    )


def deliver_sm(item: OutboxItem, body: bytes, tlvs: Tlvs, esm_class: int, at: _Addresses) -> DeliverSm:
    """A receipt with this text and these TLVs, addressed. Raises EncodeError for addresses that SMPP cannot carry."""
    return DeliverSm(
        service_type=at.service_type,
        source_addr_ton=at.source_ton,
        source_addr_npi=at.source_npi,
        source_addr=_octets(item.dest, "source_addr"),
        dest_addr_ton=at.dest_ton,
        dest_addr_npi=at.dest_npi,
        destination_addr=_octets(item.source, "destination_addr"),
        esm_class=esm_class,
        short_message=body,
        tlvs=tlvs,
    )


def receipt_of(item: OutboxItem) -> tuple[bytes, Tlvs, int, _Addresses]:
    """Text, TLVs, esm_class and addressing of a receipt. Raises EncodeError when its `wire` cannot be read."""
    wire = item.wire
    at = _PLAIN if wire is None else _addresses(wire)
    done_at = item.done_at
    failure = item.error
    if item.type == INTERMEDIATE:  # it tells of its own moment, whatever the message has become since
        (dlvrd, stat, state, esm_class), done_at, failure = _NOT_FINAL, None, None
    else:
        dlvrd, stat, state, esm_class = _FORMS.get(item.state, _NOT_FINAL)
    err, network = (b"000", ()) if failure is None else _error(failure)
    message_id = b"%d" % item.message_id
    submitted = stamp_of_minute(item.submitted_at // 60_000)
    done = stamp_of_minute((item.created_at if done_at is None else done_at) // 60_000)
    body = CANONICAL_TEXT % (message_id, 1, dlvrd, submitted, done, stat, err, b"")
    return body, ((RECEIPTED_MESSAGE_ID, message_id + b"\0"), state, *network, *at.echoed), esm_class, at


@lru_cache(4096)  # few wires differ unless the ESME numbers its messages
def _addresses(wire: bytes) -> _Addresses:
    try:
        said: Wire = unpack_wire(wire)
    except msgspec.MsgspecError as error:
        raise EncodeError("wire", f"cannot be read: {error}") from None
    return _Addresses(
        service_type=_octets(said.service_type, "service_type"),
        source_ton=said.dest_ton,
        source_npi=said.dest_npi,
        dest_ton=said.source_ton,
        dest_npi=said.source_npi,
        echoed=tuple((tag, value) for tag, value in said.tlvs if tag == USER_MESSAGE_REFERENCE),
    )


@lru_cache(1024)
def _error(failure: Failure) -> tuple[bytes, Tlvs]:
    """err and, where an SMSC's receipt gave a number, network_error_code."""
    status = failure.smpp_status
    if status is not None:
        return b"%03d" % status, ()
    word, _, code = failure.detail.partition(" ")
    if not (word.isupper() and code.isascii() and code.isalnum() and len(code) <= 10):
        return b"000", ()
    if not code.isdigit() or not 0 < int(code) <= 0xFFFF:
        return code.encode("ascii").rjust(3, b"0"), ()
    return code.encode("ascii").rjust(3, b"0"), ((NETWORK_ERROR_CODE, bytes((_GSM,)) + int(code).to_bytes(2, "big")),)


def mo_pdu(item: OutboxItem) -> DeliverSm:
    """A subscriber's message as it came; its body in message_payload when short_message cannot take it.

    Raises EncodeError when what the store has cannot be read.
    """
    try:
        mo = unpack_mo(item.payload or b"")
    except msgspec.MsgspecError as error:
        raise EncodeError("payload", f"cannot be read: {error}") from None
    body, tlvs = mo.body, mo.tlvs
    if len(body) > _SHORT_MESSAGE_MAX:
        body, tlvs = b"", (*tlvs, (MESSAGE_PAYLOAD, body))
    return DeliverSm(
        service_type=_octets(mo.service_type, "service_type"),
        source_addr_ton=mo.source_ton,
        source_addr_npi=mo.source_npi,
        source_addr=_octets(mo.source, "source_addr"),
        dest_addr_ton=mo.dest_ton,
        dest_addr_npi=mo.dest_npi,
        destination_addr=_octets(mo.dest, "destination_addr"),
        esm_class=mo.esm_class,
        protocol_id=mo.protocol_id,
        priority_flag=mo.priority,
        data_coding=mo.data_coding,
        short_message=body,
        tlvs=tlvs,
    )


def _octets(text: str, field: str) -> bytes:
    """As the codec reads and writes them: one octet a character. Raises EncodeError naming the field."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise EncodeError(field, "has characters that SMPP addresses cannot carry") from None
