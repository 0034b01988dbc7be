import contextlib
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp import constants as c
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp.codec import decode, decode_by_table, encode, encode_by_table
from smsgwd.smpp.errors import EncodeError, PduError
from smsgwd.smpp.fields import ListDestination, SmeDestination, Unsuccess
from smsgwd.smpp.tables import PDUS, RESPONSES, command_name, response_to

from .strategies import any_pdu, pdus, submit


def frame(command_id, body=b"", status=0, sequence=7):
    return struct.pack(">IIII", 16 + len(body), command_id, status, sequence) + body


@pytest.mark.parametrize("command_id", sorted(PDUS), ids=command_name)
def test_every_pdu_survives_the_round_trip(command_id):
    @settings(max_examples=60, deadline=None)
    @given(pdus(command_id))
    def check(pdu):
        data = encode(pdu)
        assert int.from_bytes(data[:4], "big") == len(data)
        assert decode(data) == pdu
        assert data == encode_by_table(pdu)

    check()


def test_the_tables_hold_every_pdu_of_smpp_3_4():
    names = {spec.name for spec in PDUS.values()}
    assert len(PDUS) == 27
    requests = "bind_transmitter bind_receiver bind_transceiver unbind submit_sm submit_multi deliver_sm data_sm"
    requests += " query_sm cancel_sm replace_sm enquire_link"
    for name in requests.split():
        assert {name, f"{name}_resp"} <= names
    assert {"outbind", "alert_notification", "generic_nack"} <= names
    assert len(RESPONSES) == 12


def test_submit_sm_octet_by_octet():
    data = encode(submit(sequence=9, esm_class=0x40, data_coding=8, validity_period=b"000001000000000R"))
    parts = [b"\0", b"\x05\0iSMS\0", b"\x01\x01", b"306912345678\0", b"\x40\0\0", b"\0", b"000001000000000R\0"]
    assert data[16:] == b"".join([*parts, b"\x01\0\x08\0", b"\x05hello"])


@settings(max_examples=300, deadline=None)
@given(any_pdu, st.data())
def test_fast_and_table_agree_on_mutated_frames(pdu, data):
    octets = bytearray(encode(pdu))
    for _ in range(data.draw(st.integers(0, 4))):
        octets[data.draw(st.integers(16, max(16, len(octets) - 1))) % len(octets)] = data.draw(st.integers(0, 255))
    octets = octets[: data.draw(st.integers(16, len(octets)))]
    octets[4:8] = pdu.command_id.to_bytes(4, "big")
    octets[:4] = len(octets).to_bytes(4, "big")
    octets = bytes(octets)
    outcomes = []
    for how in (decode, lambda x: decode_by_table(x, *struct.unpack(">III", x[4:16]))):
        try:
            outcomes.append(how(octets))
        except PduError as error:
            assert error.sequence == int.from_bytes(octets[12:16], "big")
            assert error.command_status in s.STATUS_NAMES
            outcomes.append((error.command_status, error.reason))
    assert outcomes[0] == outcomes[1]
    if pdu.command_id & c.RESPONSE_BIT:
        assert isinstance(outcomes[0], p.Pdu), "a response never fails to decode"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_random_octets_raise_nothing_but_pdu_error(data):
    with contextlib.suppress(PduError):
        decode(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(PDUS)), st.binary(max_size=200))
def test_random_bodies_raise_nothing_but_pdu_error(command_id, body):
    try:
        pdu = decode(frame(command_id, body))
    except PduError as error:
        assert error.command_id == command_id
        assert not command_id & c.RESPONSE_BIT
    else:
        assert pdu.command_id == command_id


FIELD_FAULTS = [
    ("service_type", b"TOOLNG", s.ESME_RINVSERTYP),
    ("source_addr", b"1" * 21, s.ESME_RINVSRCADR),
    ("destination_addr", b"1" * 21, s.ESME_RINVDSTADR),
    ("schedule_delivery_time", b"2" * 15, s.ESME_RINVSCHED),
    ("validity_period", b"2" * 17, s.ESME_RINVEXPIRY),
    ("short_message", b"x" * 255, s.ESME_RINVMSGLEN),
]


def by_hand(pdu):
    """Compose without any check."""
    body = b""
    for name, _kind in PDUS[pdu.command_id].fields:
        value = getattr(pdu, name)
        if isinstance(value, int):
            body += bytes((value,))
        elif name == "short_message":
            body += bytes((len(value),)) + value
        else:
            body += value + b"\0"
    return frame(pdu.command_id, body)


@pytest.mark.parametrize(("field", "value", "status"), FIELD_FAULTS)
def test_a_field_that_is_too_long_gets_its_precise_status_both_ways(field, value, status):
    pdu = submit(sequence=7, **{field: value})
    with pytest.raises(PduError) as caught:
        decode(by_hand(pdu))
    assert (caught.value.command_status, caught.value.sequence) == (status, 7)
    with pytest.raises(EncodeError) as refused:
        encode(pdu)
    assert (refused.value.field, refused.value.command_status) == (field, status)


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("system_id", b"x" * 16, s.ESME_RINVSYSID),
        ("password", b"x" * 9, s.ESME_RINVPASWD),
        ("system_type", b"x" * 13, s.ESME_RINVSYSTYP),
        ("address_range", b"x" * 41, s.ESME_RBINDFAIL),
    ],
)
def test_bind_fields(field, value, status):
    with pytest.raises(PduError) as caught:
        decode(by_hand(p.BindTransceiver(**{field: value})))
    assert caught.value.command_status == status


def test_longest_legal_values_pass():
    pdu = submit(service_type=b"x" * 5, source_addr=b"1" * 20, destination_addr=b"2" * 20, short_message=b"x" * 254)
    assert decode(encode(pdu)) == pdu
    delivered = p.DeliverSm(sequence=7, short_message=b"x" * 255)
    assert decode(by_hand(delivered)) == delivered  # SMPP 5.0 SMSCs
    with pytest.raises(EncodeError):
        encode(delivered)


@pytest.mark.parametrize("field", ["service_type", "source_addr", "destination_addr", "validity_period"])
def test_an_embedded_nul_is_never_composed(field):
    value = b"12345678\x001234567" if field == "validity_period" else b"a\0b"
    with pytest.raises(EncodeError) as refused:
        encode(submit(**{field: value}))
    assert refused.value.field == field


@pytest.mark.parametrize("field", ["esm_class", "source_addr_ton", "data_coding", "sequence", "status"])
@pytest.mark.parametrize("value", [-1, 2**32])
def test_integers_out_of_range_are_refused(field, value):
    with pytest.raises(EncodeError):
        encode(submit(**{field: value}))
    if field in ("sequence", "status"):
        with pytest.raises(EncodeError):
            encode(p.SubmitSmResp(**{field: value}))


def test_sm_length_beyond_the_pdu():
    body = encode(submit())[16:]
    lying = body.replace(b"\x05hello", b"\xc8hello")
    with pytest.raises(PduError) as caught:
        decode(frame(c.SUBMIT_SM, lying))
    assert caught.value.command_status == s.ESME_RINVMSGLEN


@pytest.mark.parametrize("cut", range(16, len(encode(submit()))))
def test_a_submit_sm_cut_anywhere_is_a_pdu_error(cut):
    data = encode(submit(sequence=3))[16:cut]
    with pytest.raises(PduError) as caught:
        decode(frame(c.SUBMIT_SM, data, sequence=3))
    assert caught.value.sequence == 3


def test_unknown_commands_keep_their_body():
    pdu = decode(frame(0x00010203, b"vendor\0stuff"))
    assert isinstance(pdu, p.UnknownPdu)
    assert (pdu.command_id, pdu.body) == (0x00010203, b"vendor\0stuff")
    assert encode(pdu) == frame(0x00010203, b"vendor\0stuff")


def test_a_lying_header_is_an_error():
    with pytest.raises(PduError):
        decode(frame(c.ENQUIRE_LINK) + b"x")
    with pytest.raises(PduError):
        decode(b"\0\0")


def test_submit_multi():
    pdu = p.SubmitMulti(dest_addresses=(SmeDestination(1, 1, b"306912345678"), ListDestination(b"friends")))
    data = encode(pdu)
    assert b"\x02\x01\x01\x01306912345678\0\x02friends\0" in data
    for body, status in (
        (data[16:].replace(b"\x02\x01\x01\x013069", b"\x02\x09\x01\x013069"), s.ESME_RINVDESTFLAG),
        (data[16:].replace(b"\x02\x01\x01\x013069", b"\x00\x01\x01\x013069"), s.ESME_RINVNUMDESTS),
    ):
        with pytest.raises(PduError) as caught:
            decode(frame(c.SUBMIT_MULTI, body))
        assert caught.value.command_status == status
    with pytest.raises(EncodeError):
        encode(p.SubmitMulti())
    with pytest.raises(EncodeError):
        encode(p.SubmitMulti(dest_addresses=(ListDestination(b"x"),) * 255))


def test_a_torn_submit_multi_resp_keeps_what_is_whole():
    pdu = p.SubmitMultiResp(message_id=b"1", unsuccess_smes=(Unsuccess(1, 1, b"1", 11), Unsuccess(1, 1, b"2", 11)))
    data = encode(pdu)
    torn = decode(frame(pdu.command_id, data[16:-2]))
    assert torn.unsuccess_smes == pdu.unsuccess_smes[:1]


def test_response_to_knows_every_request():
    assert isinstance(response_to(c.SUBMIT_SM, 5, 0x58), p.SubmitSmResp)
    assert response_to(c.SUBMIT_SM, 5, 0x58).status == 0x58
    assert isinstance(response_to(c.ALERT_NOTIFICATION, 5), p.GenericNack)
    assert isinstance(response_to(0x7777, 5), p.GenericNack)


def test_repr_shows_no_secret_and_no_text():
    bind = p.BindTransceiver(system_id=b"tenant", password=b"hunter2")
    assert "hunter2" not in repr(bind)
    message = submit(short_message=b"top secret", tlvs=((0x0424, b"top secret"),))
    assert "secret" not in repr(message)
