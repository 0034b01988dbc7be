"""Where a message's octets are, and what kind of message an inbound PDU is."""

from enum import Enum

from smsgwd.smpp.constants import EsmClass
from smsgwd.smpp.pdu import DataSm, Pdu, ShortMessagePdu, SubmitMulti
from smsgwd.smpp.receipt_text import looks_like_receipt
from smsgwd.smpp.tags import MESSAGE_PAYLOAD, MESSAGE_STATE, RECEIPTED_MESSAGE_ID

Inbound = ShortMessagePdu | DataSm


class Kind(Enum):
    """What a deliver_sm or data_sm carries (SMPP 3.4 s5.2.12)."""

    MO = "mo"
    RECEIPT = "receipt"
    INTERMEDIATE = "intermediate"
    DELIVERY_ACK = "delivery_ack"
    MANUAL_ACK = "manual_ack"
    CONVERSATION_ABORT = "conversation_abort"


_BY_TYPE = {
    EsmClass.RECEIPT: Kind.RECEIPT,
    EsmClass.INTERMEDIATE: Kind.INTERMEDIATE,
    EsmClass.DELIVERY_ACK: Kind.DELIVERY_ACK,
    EsmClass.MANUAL_ACK: Kind.MANUAL_ACK,
    EsmClass.CONVERSATION_ABORT: Kind.CONVERSATION_ABORT,
}


def message_body(pdu: Pdu) -> bytes:
    """Return the message's octets (with its UDH): short_message, or TLV message_payload when sm_length is 0.

    With both present short_message is returned; SMPP 3.4 s5.3.2.32 forbids that, and both stay readable on the PDU.
    """
    # one class a test: a union would be built anew at each call, and this is hot
    if isinstance(pdu, ShortMessagePdu) and pdu.short_message:
        return pdu.short_message
    if isinstance(pdu, SubmitMulti) and pdu.short_message:
        return pdu.short_message
    return (pdu.tlvs and pdu.tlv_bytes(MESSAGE_PAYLOAD)) or b""


def classify(pdu: Inbound, *, trust_text: bool = True) -> Kind:
    """Tell receipts, notifications and acks from mobile-originated messages.

    The type bits of esm_class (mask 0x3C, so that 0x44 is a receipt too) decide. Where they say nothing, receipt TLVs
    or a whole receipt text do; `trust_text=False` switches the latter off for SMSCs that mark receipts properly,
    since a subscriber could type one.
    """
    kind = _BY_TYPE.get(pdu.esm_class & EsmClass.TYPE_MASK)
    if kind is not None:
        return kind
    if pdu.tlvs and pdu.tlv(RECEIPTED_MESSAGE_ID) is not None and pdu.tlv(MESSAGE_STATE) is not None:
        return Kind.RECEIPT
    if trust_text and looks_like_receipt(message_body(pdu)):
        return Kind.RECEIPT
    return Kind.MO
