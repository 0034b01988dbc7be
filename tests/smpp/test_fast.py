"""fast.py answers the ordinary and leaves the rest to the tables; that it agrees with them is in test_codec.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.smpp import constants as c
from smsgwd.smpp import fast
from smsgwd.smpp import pdu as p
from smsgwd.smpp.codec import encode, encode_by_table
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.tables import PDUS
from smsgwd.smpp.tlv import pack_tlvs

from .strategies import raw_tlvs, submit

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
    frame = fast.ENCODERS[type(pdu)](pdu)
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
    assert fast.ENCODERS[type(pdu)](pdu) is None


answers = st.lists(
    st.tuples(
        st.integers(0, 2**32 - 1),
        st.sampled_from((0, 8, 0x58, 0xFFFFFFFF)),
        st.one_of(st.just(b""), st.binary(min_size=1, max_size=64).filter(lambda each: 0 not in each)),
    ),
    max_size=5,
)


@given(st.sampled_from((c.SUBMIT_SM_RESP, c.DELIVER_SM_RESP, c.DATA_SM_RESP)), answers, raw_tlvs)
def test_responses_by_the_dozen_are_those_of_the_tables(command_id, answers, tlvs):
    frames = fast.message_id_responses(command_id, answers, tlvs)
    cls = PDUS[command_id].cls
    assert frames == [
        encode_by_table(cls(sequence=sequence, status=status, message_id=message_id, tlvs=tlvs))
        for sequence, status, message_id in answers
    ]


@pytest.mark.parametrize(
    ("command_id", "answer"),
    [
        (c.SUBMIT_SM_RESP, (1, 0, b"a\0b")),
        (c.SUBMIT_SM_RESP, (1, 0, b"x" * 65)),
        (c.SUBMIT_SM_RESP, (2**32, 0, b"x")),
        (c.SUBMIT_SM_RESP, (1, -1, b"")),
        (c.QUERY_SM_RESP, (1, 0, b"x")),
    ],
)
def test_a_response_that_cannot_be_composed_says_so(command_id, answer):
    with pytest.raises(EncodeError):
        fast.message_id_responses(command_id, [answer])
