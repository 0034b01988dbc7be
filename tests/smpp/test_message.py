import pytest

from smsgwd.smpp import tags as t
from smsgwd.smpp.message import Kind, classify, message_body
from smsgwd.smpp.pdu import DataSm, DeliverSm, EnquireLink
from smsgwd.smpp.tlv import pack_tlvs

RECEIPT = b"id:77 sub:001 dlvrd:001 submit date:1705111440 done date:1705111440 stat:DELIVRD err:000 text:hi"


@pytest.mark.parametrize(
    ("esm_class", "kind"),
    [
        (0x00, Kind.MO),
        (0x40, Kind.MO),
        (0x03, Kind.MO),
        (0x0C, Kind.MO),
        (0x04, Kind.RECEIPT),
        (0x44, Kind.RECEIPT),
        (0x84, Kind.RECEIPT),
        (0x20, Kind.INTERMEDIATE),
        (0x08, Kind.DELIVERY_ACK),
        (0x10, Kind.MANUAL_ACK),
        (0x18, Kind.CONVERSATION_ABORT),
    ],
)
def test_esm_class_decides(esm_class, kind):
    assert classify(DeliverSm(esm_class=esm_class, short_message=b"Hello")) is kind
    assert classify(DataSm(esm_class=esm_class)) is kind


def test_an_unmarked_receipt_is_known_by_its_text_or_tlvs():
    assert classify(DeliverSm(short_message=RECEIPT)) is Kind.RECEIPT
    assert classify(DeliverSm(short_message=RECEIPT), trust_text=False) is Kind.MO
    assert classify(DataSm(tlvs=pack_tlvs({t.MESSAGE_PAYLOAD: RECEIPT}))) is Kind.RECEIPT
    both = pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"1", t.MESSAGE_STATE: 2})
    assert classify(DeliverSm(tlvs=both), trust_text=False) is Kind.RECEIPT
    assert classify(DeliverSm(tlvs=both[:1])) is Kind.MO


def test_esm_class_beats_text():
    assert classify(DeliverSm(esm_class=0x10, short_message=RECEIPT)) is Kind.MANUAL_ACK


def test_where_the_body_is():
    payload = pack_tlvs({t.MESSAGE_PAYLOAD: b"payload"})
    assert message_body(DeliverSm(short_message=b"short")) == b"short"
    assert message_body(DeliverSm(tlvs=payload)) == b"payload"
    both = DeliverSm(short_message=b"short", tlvs=payload)
    assert message_body(both) == b"short"
    assert both.tlv(t.MESSAGE_PAYLOAD) == b"payload"
    assert message_body(DataSm(tlvs=payload)) == b"payload"
    assert message_body(EnquireLink()) == b""
