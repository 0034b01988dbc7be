import pytest

from smsgwd.simulator.behaviour import Fate
from smsgwd.simulator.message import SmscMessage
from smsgwd.simulator.receipts import ReceiptWriter, Schedule
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.pdu import DeliverSm
from smsgwd.smpp.tags import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

NOON = 1_795_262_400.0  # 2026-11-21 12:00 UTC


def _message(body: bytes = b"hello", data_coding: int = 0) -> SmscMessage:
    return SmscMessage(
        b"12345",
        b"3039",
        (5, 0, b"iSMS"),
        (1, 1, b"306912345678"),
        body,
        data_coding,
        1,
        Fate("DELIVRD", 0, False),
        0.0,
        NOON,
    )


def test_a_delivered_receipt_word_for_word():
    pdu = ReceiptWriter(tlvs=True, text=True).write(_message(), "DELIVRD", False, NOON + 61)
    assert pdu.short_message == (
        b"id:3039 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hello"
    )
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.destination_addr, pdu.dest_addr_ton) == (
        b"306912345678", 1, b"iSMS", 5,
    )  # fmt: skip
    assert pdu.esm_class == 0x04
    assert pdu.tlv(RECEIPTED_MESSAGE_ID) == b"3039"
    assert pdu.tlv(MESSAGE_STATE) == 2
    assert pdu.tlv(NETWORK_ERROR_CODE) is None
    pdu.sequence = 1
    back = decode(encode(pdu))
    assert isinstance(back, DeliverSm) and back.tlvs == pdu.tlvs


@pytest.mark.parametrize(("stat", "state", "error"), [("UNDELIV", 5, 1), ("EXPIRED", 3, 27), ("REJECTD", 8, 255)])
def test_failures_have_an_error_in_text_and_tlv(stat, state, error):
    pdu = ReceiptWriter(tlvs=True, text=True).write(_message(), stat, False, NOON)
    assert f"stat:{stat} err:{error:03d} ".encode() in pdu.short_message and b"dlvrd:000" in pdu.short_message
    assert pdu.tlv(MESSAGE_STATE) == state
    assert pdu.tlv(NETWORK_ERROR_CODE) == b"\x03" + error.to_bytes(2, "big")


def test_without_tlvs_or_without_text():
    message = _message()
    assert ReceiptWriter(tlvs=False, text=True).write(message, "DELIVRD", False, NOON).tlvs == ()
    bare = ReceiptWriter(tlvs=True, text=False).write(message, "DELIVRD", False, NOON)
    assert bare.short_message == b"" and bare.tlv(RECEIPTED_MESSAGE_ID) == b"3039"


def test_intermediate_notifications_say_so():
    pdu = ReceiptWriter(tlvs=True, text=True).write(_message(), "ENROUTE", True, NOON)
    assert pdu.esm_class == 0x20 and b"stat:ENROUTE" in pdu.short_message


def test_the_text_is_cut_at_20_and_left_out_when_it_is_no_text():
    writer = ReceiptWriter(tlvs=False, text=True)
    assert writer.write(_message(b"x" * 30), "DELIVRD", False, NOON).short_message.endswith(b"text:" + b"x" * 20)
    assert writer.write(_message(b"\x03\x91", 8), "DELIVRD", False, NOON).short_message.endswith(b"text:")


def test_the_schedule_gives_out_in_order_of_time_then_of_coming():
    schedule = Schedule()
    assert schedule.next_due() is None
    for due, item in ((3.0, "c"), (1.0, "a"), (1.0, "b"), (9.0, "d")):
        schedule.put(due, item)
    assert schedule.next_due() == 1.0
    assert schedule.take(0.5) == []
    assert schedule.take(3.0) == ["a", "b", "c"]
    assert len(schedule) == 1 and schedule.next_due() == 9.0
