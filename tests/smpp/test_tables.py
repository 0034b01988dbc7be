"""The declarations against the wire forms of SMPP 3.4 chapter 4, written out by hand."""

import pytest

from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.fields import ListDestination, SmeDestination, Unsuccess
from smsgwd.smpp.tables import PDUS, RESPONSES, command_name

ID = b"4711"
WHEN = b"170511144000000+"
WIRE = [
    (p.BindTransmitter(system_id=b"id", password=b"pw", system_type=b"t", addr_ton=1, addr_npi=2, address_range=b"^3"),
     0x00000002, [b"id\0", b"pw\0", b"t\0", b"\x34\x01\x02", b"^3\0"]),
    (p.BindReceiver(system_id=b"id"), 0x00000001, [b"id\0", b"\0", b"\0", b"\x34\0\0", b"\0"]),
    (p.BindTransceiver(interface_version=0x33), 0x00000009, [b"\0", b"\0", b"\0", b"\x33\0\0", b"\0"]),
    (p.BindTransmitterResp(system_id=b"smsc"), 0x80000002, [b"smsc\0"]),
    (p.BindReceiverResp(system_id=b"smsc"), 0x80000001, [b"smsc\0"]),
    (p.BindTransceiverResp(system_id=b"smsc"), 0x80000009, [b"smsc\0"]),
    (p.Outbind(system_id=b"id", password=b"pw"), 0x0000000B, [b"id\0", b"pw\0"]),
    (p.Unbind(), 0x00000006, []),
    (p.UnbindResp(), 0x80000006, []),
    (p.GenericNack(status=3), 0x80000000, []),
    (p.EnquireLink(), 0x00000015, []),
    (p.EnquireLinkResp(), 0x80000015, []),
    (p.SubmitSm(service_type=b"CMT", source_addr_ton=1, source_addr_npi=2, source_addr=b"30", dest_addr_ton=3,
                dest_addr_npi=4, destination_addr=b"40", esm_class=5, protocol_id=6, priority_flag=7,
                schedule_delivery_time=WHEN, validity_period=WHEN, registered_delivery=8, replace_if_present_flag=9,
                data_coding=10, sm_default_msg_id=11, short_message=b"text"),
     0x00000004, [b"CMT\0", b"\x01\x02", b"30\0", b"\x03\x04", b"40\0", b"\x05\x06\x07", WHEN, b"\0", WHEN, b"\0",
                  b"\x08\x09\x0a\x0b", b"\x04text"]),
    (p.DeliverSm(destination_addr=b"40", short_message=b"text"),
     0x00000005, [b"\0", b"\0\0\0", b"\0\0", b"40\0", b"\0\0\0", b"\0", b"\0", b"\0\0\0\0", b"\x04text"]),
    (p.SubmitSmResp(message_id=ID), 0x80000004, [ID, b"\0"]),
    (p.DeliverSmResp(), 0x80000005, [b"\0"]),
    (p.SubmitMulti(source_addr=b"30", dest_addresses=(SmeDestination(1, 2, b"40"), ListDestination(b"list")),
                   registered_delivery=1, data_coding=8, short_message=b"hi"),
     0x00000021, [b"\0", b"\0\0", b"30\0", b"\x02", b"\x01\x01\x02", b"40\0", b"\x02", b"list\0", b"\0\0\0", b"\0",
                  b"\0", b"\x01\0\x08\0", b"\x02hi"]),
    (p.SubmitMultiResp(message_id=ID, unsuccess_smes=(Unsuccess(1, 2, b"40", 0x0B),)),
     0x80000021, [ID, b"\0", b"\x01", b"\x01\x02", b"40\0", b"\0\0\0\x0b"]),
    (p.DataSm(service_type=b"CMT", source_addr_ton=1, source_addr=b"3" * 64, dest_addr_npi=2, destination_addr=b"4",
              esm_class=4, registered_delivery=1, data_coding=8),
     0x00000103, [b"CMT\0", b"\x01\0", b"3" * 64, b"\0", b"\0\x02", b"4\0", b"\x04\x01\x08"]),
    (p.DataSmResp(message_id=ID), 0x80000103, [ID, b"\0"]),
    (p.QuerySm(message_id=ID, source_addr_ton=1, source_addr_npi=2, source_addr=b"30"),
     0x00000003, [ID, b"\0", b"\x01\x02", b"30\0"]),
    (p.QuerySmResp(message_id=ID, final_date=WHEN, message_state=2, error_code=9),
     0x80000003, [ID, b"\0", WHEN, b"\0", b"\x02\x09"]),
    (p.CancelSm(service_type=b"CMT", message_id=ID, source_addr_ton=1, source_addr=b"30", dest_addr_npi=2,
                destination_addr=b"40"),
     0x00000008, [b"CMT\0", ID, b"\0", b"\x01\0", b"30\0", b"\0\x02", b"40\0"]),
    (p.CancelSmResp(), 0x80000008, []),
    (p.ReplaceSm(message_id=ID, source_addr=b"30", schedule_delivery_time=WHEN, registered_delivery=1,
                 sm_default_msg_id=2, short_message=b"hi"),
     0x00000007, [ID, b"\0", b"\0\0", b"30\0", WHEN, b"\0", b"\0", b"\x01\x02", b"\x02hi"]),
    (p.ReplaceSmResp(), 0x80000007, []),
    (p.AlertNotification(source_addr_ton=1, source_addr_npi=2, source_addr=b"30", esme_addr_ton=3, esme_addr_npi=4,
                         esme_addr=b"40", tlvs=((0x0422, b"\0"),)),
     0x00000102, [b"\x01\x02", b"30\0", b"\x03\x04", b"40\0", b"\x04\x22\x00\x01\x00"]),
]  # fmt: skip


@pytest.mark.parametrize(("pdu", "command_id", "parts"), WIRE, ids=lambda value: getattr(value, "name", ""))
def test_wire_form(pdu, command_id, parts):
    pdu.sequence = 0x01020304
    body = b"".join(parts)
    data = encode(pdu)
    assert data[:4] == (16 + len(body)).to_bytes(4, "big")
    assert data[4:8] == command_id.to_bytes(4, "big")
    assert data[8:16] == pdu.status.to_bytes(4, "big") + b"\x01\x02\x03\x04"
    assert data[16:] == body
    assert decode(data) == pdu


def test_every_pdu_is_written_out_above():
    assert {command_id for _, command_id, _ in WIRE} == set(PDUS)


def test_responses_are_the_requests_with_the_response_bit():
    for command_id, cls in RESPONSES.items():
        assert cls.command_id == command_id | 0x80000000
        assert cls.name == f"{command_name(command_id)}_resp"


def test_unknown_ids_have_a_name():
    assert command_name(0x10203) == "0x00010203"
