"""One test for each fault that other stacks have been seen to have (ours must have none of them)."""

import struct

import pytest

from smsgwd.smpp import constants as c
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp import tags as t
from smsgwd.smpp.codec import decode, encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.errors import EncodeError, PduError
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role, State

from .playbook import bound_pair, cut
from .strategies import submit


def frame(command_id, body=b"", status=0, sequence=7):
    return struct.pack(">IIII", 16 + len(body), command_id, status, sequence) + body


@pytest.mark.parametrize("status", [0x100, 0x101, 0x112, 0x400, 0x412, 0x4FF, 0x1000, 0xFFFFFFFF])
def test_vendor_and_reserved_statuses_survive(status):
    resp = decode(frame(c.SUBMIT_SM_RESP, b"id7\0", status))
    assert (resp.status, resp.message_id) == (status, b"id7")
    assert decode(encode(resp)) == resp


def test_values_that_cannot_be_composed_do_not_cost_the_bind():
    esme, _smsc = bound_pair()
    long = encode(p.DeliverSm(short_message=b"x" * 254))
    long = long[:-255] + b"\xff" + b"x" * 255
    long = struct.pack(">I", len(long)) + long[4:12] + struct.pack(">I", 9) + long[16:]
    (event,) = esme.receive(long, 1.0)
    assert len(event.pdu.short_message) == 255
    assert esme.state is State.BOUND_TRX
    odd = encode(p.DeliverSm(sequence=10, sm_default_msg_id=255))
    assert esme.receive(odd, 1.0)[0].pdu.sm_default_msg_id == 255


def test_error_response_bodies_are_kept():
    assert decode(frame(c.BIND_TRANSCEIVER_RESP, b"smsc\0", 0x0D)).system_id == b"smsc"


@pytest.mark.parametrize("body", [b"", b"\0", b"4711\0", b"4711", b"4711\0junk", b"4711\0\0", b"\xff" * 300])
@pytest.mark.parametrize("command_id", [c.DELIVER_SM_RESP, c.SUBMIT_SM_RESP, c.DATA_SM_RESP, c.BIND_RECEIVER_RESP])
@pytest.mark.parametrize("status", [0, 0x58])
def test_responses_decode_with_any_body(command_id, body, status):
    pdu = decode(frame(command_id, body, status))
    value = pdu.system_id if isinstance(pdu, p.BindResp) else pdu.message_id
    assert value == (b"4711" if body.startswith(b"4711") else b"")


def test_deliver_sm_resp_with_a_message_id_or_no_body_is_accepted():
    _esme, smsc = bound_pair()
    for body in (b"", b"4711\0"):
        sequence = smsc.request(p.DeliverSm(), 1.0, "mo")
        smsc.data_to_send(1.0)
        (event,) = smsc.receive(frame(c.DELIVER_SM_RESP, body, sequence=sequence), 1.1)
        assert (event.context, event.pdu.status) == ("mo", 0)


def test_bind_resp_without_body_binds():
    esme = Session(Role.ESME, SessionConfig(), 0.0)
    sequence = esme.bind(p.BindTransceiver(system_id=b"a"), 0.0)
    (event,) = esme.receive(frame(c.BIND_TRANSCEIVER_RESP, sequence=sequence), 0.1)
    assert isinstance(event, e.Bound)


@pytest.mark.parametrize(
    "tlv",
    [
        struct.pack(">HHB", t.USER_MESSAGE_REFERENCE, 1, 5),  # two octets are due
        struct.pack(">HH3s", t.RECEIPTED_MESSAGE_ID, 3, b"abc"),  # NUL forgotten
    ],
)
def test_a_malformed_tlv_costs_itself_only(tlv):
    _esme, smsc = bound_pair()
    body = encode(submit())[16:] + tlv
    (event,) = smsc.receive(frame(c.SUBMIT_SM, body), 1.0)
    assert isinstance(event, e.Request)
    assert event.pdu.short_message == b"hello"
    assert len(event.pdu.tlvs) == 1


def test_a_truncated_tlv_is_an_error_response_with_the_sequence_and_the_session_stays():
    _esme, smsc = bound_pair()
    for tail, status in ((b"\x02\x04\x00\x02\x05", s.ESME_RINVPARLEN), (b"\x02\x04\x01", s.ESME_RINVOPTPARSTREAM)):
        bad = frame(c.SUBMIT_SM, encode(submit())[16:] + tail, sequence=77)
        events = smsc.receive(bad + encode(submit(sequence=78)), 1.0)
        assert [type(event) for event in events] == [e.ProtocolFault, e.Request]
        assert cut(smsc.data_to_send(1.0)) == [p.SubmitSmResp(sequence=77, status=status)]
        assert smsc.state is State.BOUND_TRX


def test_a_generic_nack_without_a_status_is_no_success():
    _esme, smsc = bound_pair()
    sequence = smsc.request(p.DeliverSm(), 1.0, "a")
    smsc.data_to_send(1.0)
    (event,) = smsc.receive(encode(p.GenericNack(sequence=sequence)), 1.1)
    assert (event.context, event.pdu.status) == ("a", s.ESME_RUNKNOWNERR)


@pytest.mark.parametrize("command_id", [0x00000111, 0x00000112, 0x00010200, 0x0000000A])
def test_unknown_commands_are_nacked_with_their_sequence_and_lose_nothing_behind_them(command_id):
    _esme, smsc = bound_pair()
    events = smsc.receive(frame(command_id, b"body", sequence=41) + encode(submit(sequence=42)), 1.0)
    assert [type(event) for event in events] == [e.ProtocolFault, e.Request]
    assert cut(smsc.data_to_send(1.0)) == [p.GenericNack(sequence=41, status=s.ESME_RINVCMDID)]
    assert smsc.state is State.BOUND_TRX


@pytest.mark.parametrize(
    "tag",
    [0x0001, 0x00FF, 0x0100, 0x01FF, 0x0200, 0x0428, 0x0500, 0x0600, 0x060B, 0x11FF, 0x1200, 0x1400, 0x3FFF, 0xFFFF],
)
def test_unknown_reserved_and_vendor_tlvs_are_kept(tag):
    pdu = submit(tlvs=((tag, b"\x01"), (0x1401, b"x"), (tag, b"\x02")))
    assert decode(encode(pdu)).tlvs == pdu.tlvs


@pytest.mark.parametrize("tag", [t.CALLBACK_NUM_PRES_IND, t.CALLBACK_NUM_ATAG, t.ITS_SESSION_INFO, t.USSD_SERVICE_OP])
def test_tlvs_that_others_cannot_encode(tag):
    raw = {t.CALLBACK_NUM_ATAG: b"\x01Home", t.ITS_SESSION_INFO: b"\x01\x02"}.get(tag, b"\x01")
    pdu = decode(encode(submit(tlvs=((tag, raw),))))
    assert pdu.tlv(tag) is not None


def test_a_tlv_is_taken_wherever_it_stands():
    assert decode(encode(submit(tlvs=((t.RECEIPTED_MESSAGE_ID, b"7\0"),)))).tlv(t.RECEIPTED_MESSAGE_ID) == b"7"


@pytest.mark.parametrize(
    "fields",
    [
        {"source_addr_ton": 7},
        {"dest_addr_npi": 2},
        {"dest_addr_npi": 11},
        {"priority_flag": 4},
        {"esm_class": 0x0C},
        {"registered_delivery": 3},
        *({"data_coding": value} for value in range(0xF8, 0x100)),
    ],
)
def test_reserved_values_pass_unchanged(fields):
    pdu = submit(**fields)
    assert decode(encode(pdu)) == pdu


def test_a_system_id_that_is_not_utf8_is_surfaced_and_answered():
    smsc = Session(Role.SMSC, SessionConfig(), 0.0)
    bind = encode(p.BindTransceiver(sequence=1, system_id=b"caf\xe9"))
    (event,) = smsc.receive(bind, 0.1)
    assert event.pdu.system_id == b"caf\xe9"
    smsc.reject_bind(event.pdu, s.ESME_RINVSYSID, 0.2)
    assert cut(smsc.data_to_send(0.2)) == [p.BindTransceiverResp(sequence=1, status=s.ESME_RINVSYSID)]


@pytest.mark.parametrize(
    "head", [b"\x80\0\0\0", b"GET / HTTP/1.1\r\n", b"\0\0\0\x0f", b"\0\0\0\0", b"\x16\x03\x01\x02"]
)
def test_an_impossible_length_closes_at_its_fourth_octet(head):
    for session in (Session(Role.SMSC, SessionConfig(), 0.0), bound_pair()[1]):
        events = session.receive(head[:4], 0.1)
        assert [type(event) for event in events] == [e.ProtocolFault, e.Closed]
        assert cut(session.data_to_send(0.1)) == [p.GenericNack(status=s.ESME_RINVCMDLEN)]


def test_sequence_numbers_wrap():
    esme, _ = bound_pair(first_sequence=0x7FFFFFFE)
    assert esme.request(submit(), 1.0) == 0x7FFFFFFF
    assert esme.request(submit(), 1.0) == 1


def test_connection_lost_returns_every_pending_request_once():
    esme, _ = bound_pair()
    for name in "abc":
        esme.request(submit(), 1.0, name)
    esme.data_to_send(1.0)
    esme.request(submit(), 1.0, "d")
    (lost,) = esme.connection_lost(2.0)
    assert (lost.unanswered, lost.unsent) == (["a", "b", "c"], ["d"])
    assert esme.connection_lost(3.0) == []
    assert esme.wake_at() is None


def test_comparing_pdus_prints_nothing(capsys):
    assert submit() != submit(short_message=b"x")
    assert capsys.readouterr() == ("", "")


def test_enquire_link_before_the_bind_is_answered_ok():
    smsc = Session(Role.SMSC, SessionConfig(), 0.0)
    assert smsc.receive(encode(p.EnquireLink(sequence=3)), 0.1) == []
    assert cut(smsc.data_to_send(0.1)) == [p.EnquireLinkResp(sequence=3)]


def test_addresses_over_20_octets_are_refused():
    body = encode(submit())[16:].replace(b"306912345678", b"3" * 30)
    with pytest.raises(PduError) as caught:
        decode(frame(c.SUBMIT_SM, body))
    assert caught.value.command_status == s.ESME_RINVDSTADR


def test_latin1_addresses_stay_octets():
    pdu = submit(source_addr=b"Caf\xe9")
    assert decode(encode(pdu)).source_addr == b"Caf\xe9"


def test_a_truncated_tlv_is_not_dropped_silently():
    with pytest.raises(PduError):
        decode(frame(c.SUBMIT_SM, encode(submit())[16:] + b"\x02\x04\x00\x09ab"))


def test_the_encoder_lets_no_nul_through():
    with pytest.raises(EncodeError):
        encode(submit(source_addr=b"i\0SMS"))
