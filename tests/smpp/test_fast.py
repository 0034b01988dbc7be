"""fast.py answers the ordinary and leaves the rest to the tables; that it agrees with them is in test_codec.py."""

import pytest

from smsgwd.smpp import fast
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import encode, encode_by_table
from smsgwd.smpp.tlv import pack_tlvs

from .strategies import submit

WHEN = b"000001000000000R"
ORDINARY = [
    submit(),
    submit(service_type=b"CMT"),
    submit(validity_period=WHEN),
    submit(tlvs=pack_tlvs({0x0204: 7})),
    p.DeliverSm(esm_class=4, short_message=b"id:1"),
    p.SubmitSmResp(message_id=b"4711"),
    p.DeliverSmResp(),
]


@pytest.mark.parametrize("pdu", ORDINARY, ids=repr)
def test_the_ordinary_takes_the_fast_way(pdu):
    frame = fast.ENCODERS[pdu.command_id](pdu)
    assert frame == encode_by_table(pdu)
    assert fast.DECODERS[pdu.command_id](frame, pdu.status, pdu.sequence) == pdu


def test_a_bare_error_response_is_decoded_fast():
    pdu = p.SubmitSmResp(sequence=5, status=0x58)
    assert len(encode(pdu)) == 16
    assert fast.DECODERS[pdu.command_id](encode(pdu), 0x58, 5) == pdu


def test_a_scheduled_message_is_decoded_fast():
    pdu = submit(schedule_delivery_time=WHEN, validity_period=WHEN)
    assert fast.DECODERS[pdu.command_id](encode(pdu), 0, 0) == pdu


@pytest.mark.parametrize(
    "pdu",
    [
        submit(source_addr=b"1" * 21),
        submit(short_message=b"x" * 255),
        submit(esm_class=256),
        submit(service_type=b"\0"),
    ],
    ids=["address", "text", "integer", "NUL"],
)
def test_faults_are_left_to_the_tables(pdu):
    assert fast.ENCODERS[pdu.command_id](pdu) is None
