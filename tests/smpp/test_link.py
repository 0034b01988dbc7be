"""Bind, outbind, unbind, enquire_link and the timers, in both roles."""

import pytest

from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp import tags as t
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.errors import NotBound
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role, State

from .playbook import BINDS, bound_pair, carry, cut
from .strategies import submit


def kinds(events):
    return [type(event) for event in events]


def fresh(role, **config):
    return Session(role, SessionConfig(**config), 0.0)


@pytest.mark.parametrize("state", BINDS)
def test_each_bind_leads_to_its_state(state):
    esme, smsc = fresh(Role.ESME), fresh(Role.SMSC)
    esme.bind(BINDS[state](system_id=b"esme", password=b"pw"), 0.0)
    (request,) = carry(esme, smsc, 0.1)
    assert (request.pdu.system_id, request.pdu.password) == (b"esme", b"pw")
    assert smsc.accept_bind(request.pdu, 0.2, b"smsc") == [e.Bound(state, b"esme", 0x34)]
    assert carry(smsc, esme, 0.3) == [e.Bound(state, b"smsc", 0x34)]
    assert esme.is_bound and smsc.is_bound


@pytest.mark.parametrize(("version", "has_tlv"), [(0x00, False), (0x33, False), (0x34, True), (0x50, True)])
def test_sc_interface_version_goes_to_3_4_peers_only(version, has_tlv):
    smsc = fresh(Role.SMSC)
    bind = p.BindReceiver(sequence=1, interface_version=version)
    (request,) = smsc.receive(encode(bind), 0.1)
    smsc.accept_bind(request.pdu, 0.1)
    (resp,) = cut(smsc.data_to_send(0.1))
    assert (resp.tlv(t.SC_INTERFACE_VERSION) == 0x34) is has_tlv


def test_an_smsc_that_says_3_3_gets_no_tlvs_and_one_that_says_nothing_does():
    for tlvs, version in (((), 0x34), (((t.SC_INTERFACE_VERSION, b"\x33"),), 0x33)):
        esme = fresh(Role.ESME)
        sequence = esme.bind(p.BindTransceiver(), 0.0)
        esme.receive(encode(p.BindTransceiverResp(sequence=sequence, system_id=b"s", tlvs=tlvs)), 0.1)
        assert esme.peer_version == version


def test_a_refused_bind():
    esme, smsc = fresh(Role.ESME), fresh(Role.SMSC)
    esme.bind(p.BindTransmitter(system_id=b"x"), 0.0)
    (request,) = carry(esme, smsc, 0.1)
    (closed,) = smsc.reject_bind(request.pdu, s.ESME_RINVPASWD, 0.1)
    assert isinstance(closed, e.Closed)
    events = carry(smsc, esme, 0.2)
    assert kinds(events) == [e.BindFailed, e.Closed]
    assert events[0].status == s.ESME_RINVPASWD
    assert esme.state is smsc.state is State.CLOSED


def test_a_bind_answered_by_generic_nack():
    esme = fresh(Role.ESME)
    sequence = esme.bind(p.BindTransceiver(), 0.0)
    events = esme.receive(encode(p.GenericNack(sequence=sequence, status=s.ESME_RINVCMDID)), 0.1)
    assert kinds(events) == [e.BindFailed, e.Closed]


def test_bind_responses_that_answer_nothing_are_reported():
    esme = fresh(Role.ESME)
    sequence = esme.bind(p.BindTransceiver(), 0.0)
    for wrong in (p.BindTransceiverResp(sequence=sequence + 1), p.BindReceiverResp(sequence=sequence)):
        assert kinds(esme.receive(encode(wrong), 0.1)) == [e.ProtocolFault]
    assert esme.state is State.OPEN
    with pytest.raises(NotBound):
        esme.bind(p.BindTransceiver(), 0.2)


def test_a_second_bind_gets_ralybnd_while_deciding_and_after():
    smsc = fresh(Role.SMSC)
    (first,) = smsc.receive(encode(p.BindTransceiver(sequence=1)), 0.1)
    assert kinds(smsc.receive(encode(p.BindTransceiver(sequence=2)), 0.1)) == [e.ProtocolFault]
    smsc.accept_bind(first.pdu, 0.2)
    smsc.receive(encode(p.BindReceiver(sequence=3)), 0.3)
    answers = cut(smsc.data_to_send(0.3))
    assert [(pdu.sequence, pdu.status) for pdu in answers] == [(2, s.ESME_RALYBND), (1, 0), (3, s.ESME_RALYBND)]
    assert smsc.is_bound


def test_a_malformed_bind_is_refused_and_may_be_tried_again():
    smsc = fresh(Role.SMSC)
    bad = encode(p.BindTransceiver(sequence=1, system_id=b"x" * 15)).replace(b"x" * 15 + b"\0", b"x" * 16)
    (fault,) = smsc.receive(bad, 0.1)
    assert fault.status == s.ESME_RINVSYSID
    assert kinds(smsc.receive(encode(p.BindTransceiver(sequence=2)), 0.2)) == [e.BindRequest]


def test_accepting_late_does_nothing():
    smsc = fresh(Role.SMSC)
    (request,) = smsc.receive(encode(p.BindTransceiver(sequence=1)), 0.1)
    smsc.connection_lost(0.2)
    assert smsc.accept_bind(request.pdu, 0.3) == smsc.reject_bind(request.pdu, 5, 0.3) == []
    assert smsc.data_to_send(0.3) == b""


def test_before_the_bind_frames_are_short_and_faults_are_counted():
    smsc = fresh(Role.SMSC)
    assert kinds(smsc.receive((2000).to_bytes(4, "big"), 0.1)) == [e.ProtocolFault, e.Closed]
    smsc = fresh(Role.SMSC, max_open_faults=3)
    events = smsc.receive(b"".join(encode(submit(sequence=n)) for n in range(1, 20)), 0.1)
    assert kinds(events) == [e.ProtocolFault] * 4 + [e.Closed]
    assert [pdu.status for pdu in cut(smsc.data_to_send(0.1))] == [s.ESME_RINVBNDSTS] * 4


def test_outbind():
    esme, smsc = fresh(Role.ESME), fresh(Role.SMSC)
    smsc.outbind(p.Outbind(system_id=b"smsc"), 0.0)
    with pytest.raises(NotBound):
        smsc.outbind(p.Outbind(), 0.0)
    (event,) = carry(smsc, esme, 0.1)
    assert event.pdu.system_id == b"smsc"
    esme.bind(p.BindReceiver(system_id=b"esme"), 0.2)
    (request,) = carry(esme, smsc, 0.3)
    smsc.accept_bind(request.pdu, 0.3)
    assert kinds(carry(smsc, esme, 0.4)) == [e.Bound]
    with pytest.raises(NotBound):
        fresh(Role.ESME).outbind(p.Outbind(), 0.0)


def test_session_init():
    smsc, esme = fresh(Role.SMSC), fresh(Role.ESME)
    esme.bind(p.BindTransceiver(), 0.0)
    assert smsc.wake_at() == esme.wake_at() == 10.0
    assert kinds(smsc.tick(10.0)) == [e.Closed]
    events = esme.tick(10.0)
    assert kinds(events) == [e.BindFailed, e.Closed]
    assert events[1].abort


def test_session_init_ends_with_the_bind_however_long_its_answer_takes():
    smsc, esme = fresh(Role.SMSC), fresh(Role.ESME)
    esme.bind(p.BindTransceiver(), 0.0)
    (request,) = carry(esme, smsc, 9.0)
    assert smsc.wake_at() is None and smsc.tick(60.0) == []
    assert kinds(smsc.accept_bind(request.pdu, 60.0)) == [e.Bound]
    assert smsc.wake_at() == 90.0


def test_a_connection_lost_while_binding_is_a_failed_bind():
    esme = fresh(Role.ESME)
    esme.bind(p.BindTransceiver(), 0.0)
    assert kinds(esme.connection_lost(1.0)) == [e.BindFailed, e.Lost]


def test_enquire_link_keeps_a_silent_link_alive():
    esme, smsc = bound_pair()
    assert esme.wake_at() == 30.0
    assert esme.tick(30.0) == []
    assert carry(esme, smsc, 30.0) == []
    assert carry(smsc, esme, 30.1) == []
    assert esme.wake_at() == 60.1
    assert esme.is_bound


def test_a_dead_peer_is_noticed_after_two_misses():
    esme, _ = bound_pair()
    for now in (30.0, 40.0):
        assert esme.tick(now) == []
        assert [type(pdu) for pdu in cut(esme.data_to_send(now))] == [p.EnquireLink]
    (closed,) = esme.tick(50.0)
    assert isinstance(closed, e.Closed) and closed.abort


def test_traffic_instead_of_an_enquire_link_resp_will_do():
    esme, smsc = bound_pair()
    esme.tick(30.0)
    esme.data_to_send(30.0)
    smsc.request(p.DeliverSm(), 35.0)
    carry(smsc, esme, 35.0)
    assert esme.tick(64.9) == [] and esme.data_to_send(64.9) == b""


def test_inactivity_unbinds_unless_the_peer_keeps_its_link():
    _esme, smsc = bound_pair(config=SessionConfig(inactivity=100, enquire_link=0))
    smsc.receive(encode(p.EnquireLink(sequence=70)), 50.0)
    assert smsc.tick(149.9) == []
    smsc.data_to_send(149.9)
    smsc.receive(encode(p.EnquireLinkResp(sequence=1)), 149.9)
    smsc.tick(150.0)
    assert [type(pdu) for pdu in cut(smsc.data_to_send(150.0))] == [p.Unbind]


def test_a_pdu_begun_and_not_ended():
    _, smsc = bound_pair(config=SessionConfig(enquire_link=0))
    smsc.receive(encode(submit(sequence=9))[:30], 1.0)
    assert smsc.wake_at() == 11.0
    smsc.receive(encode(submit(sequence=9))[30:31], 9.0)
    assert kinds(smsc.tick(11.0)) == [e.Closed]


def test_a_pdu_ended_in_time_stops_the_clock():
    _, smsc = bound_pair(config=SessionConfig(enquire_link=0))
    data = encode(submit(sequence=9))
    smsc.receive(data[:30], 1.0)
    assert kinds(smsc.receive(data[30:], 9.0)) == [e.Request]
    assert smsc.wake_at() is None and smsc.tick(100.0) == []


def test_long_pdus_pass_once_bound():
    esme, smsc = bound_pair()
    payload = ((t.MESSAGE_PAYLOAD, b"x" * 5000),)
    esme.request(submit(short_message=b"", tlvs=payload), 1.0)
    (request,) = carry(esme, smsc, 1.0)
    assert request.pdu.tlvs == payload
    assert kinds(smsc.receive((65537).to_bytes(4, "big"), 1.0)) == [e.ProtocolFault, e.Closed]


def test_a_slow_stream_of_whole_pdus_is_no_stall():
    _, smsc = bound_pair(config=SessionConfig(enquire_link=0))
    stream = encode(submit(sequence=9)) * 5
    at = 0
    for now in range(1, 40):
        smsc.receive(stream[at : at + 15], float(now))
        at += 15
        if at < len(stream):
            assert smsc.tick(float(now)) == []


def test_unbind_of_an_idle_session():
    esme, smsc = bound_pair()
    esme.unbind(1.0)
    esme.unbind(1.0)
    assert esme.state is State.UNBINDING_SENT
    with pytest.raises(NotBound):
        esme.request(submit(), 1.0)
    assert kinds(carry(esme, smsc, 1.0)) == [e.PeerUnbound, e.Closed]
    assert kinds(carry(smsc, esme, 1.0)) == [e.Closed]


def test_our_unbind_waits_for_answers_in_both_directions():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0, "a")
    (request,) = carry(esme, smsc, 1.0)
    smsc.request(p.DeliverSm(), 1.0, "mo")
    (delivered,) = carry(smsc, esme, 1.0)
    esme.unbind(2.0)
    assert esme.data_to_send(2.0) == b"" and esme.wake_at() == 12.0
    smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence), 3.0)
    assert kinds(carry(smsc, esme, 3.0)) == [e.Response]
    assert esme.data_to_send(3.0) == b""
    esme.respond(p.DeliverSmResp(sequence=delivered.pdu.sequence), 4.0)
    assert [type(pdu) for pdu in cut(esme.data_to_send(4.0))] == [p.DeliverSmResp, p.Unbind]
    (closed,) = esme.tick(14.0)
    assert isinstance(closed, e.Closed) and closed.abort, "unbind_resp never came"


def test_our_unbind_waits_no_longer_than_the_drain_time():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0, "a")
    carry(esme, smsc, 1.0)
    esme.unbind(2.0)
    assert esme.tick(12.0) == []
    assert kinds(carry(esme, smsc, 12.0)) == [e.PeerUnbound]
    assert smsc.state is State.UNBINDING_RECEIVED, "it still owes an answer"
    smsc.respond(p.SubmitSmResp(sequence=2, message_id=b"1"), 13.0)
    assert smsc.wake_at() == 13.0
    assert kinds(smsc.tick(13.0)) == [e.Closed]
    events = carry(smsc, esme, 13.0)
    assert kinds(events) == [e.Response, e.Closed], "the answer comes before the unbind_resp and is not lost"


def test_messages_arriving_while_unbinding_are_refused_temporarily():
    _esme, smsc = bound_pair()
    smsc.unbind(1.0)
    smsc.data_to_send(1.0)
    (fault,) = smsc.receive(encode(submit(sequence=5)), 1.1)
    assert fault.status == s.ESME_RSYSERR
    assert cut(smsc.data_to_send(1.1)) == [p.SubmitSmResp(sequence=5, status=s.ESME_RSYSERR)]


def test_the_peers_unbind_waits_for_our_answers_up_to_the_drain_time():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0)
    carry(esme, smsc, 1.0)
    smsc.receive(encode(p.Unbind(sequence=77)), 2.0)
    assert smsc.data_to_send(2.0) == b""
    assert kinds(smsc.tick(12.0)) == [e.Closed]
    assert cut(smsc.data_to_send(12.0)) == [p.UnbindResp(sequence=77)]


def test_the_peers_unbind_waits_for_its_answers_to_us():
    esme, _ = bound_pair()
    sequence = esme.request(submit(), 1.0, "a")
    esme.data_to_send(1.0)
    assert kinds(esme.receive(encode(p.Unbind(sequence=77)), 2.0)) == [e.PeerUnbound]
    assert esme.data_to_send(2.0) == b""
    events = esme.receive(encode(p.SubmitSmResp(sequence=sequence, message_id=b"1")), 3.0)
    assert kinds(events) == [e.Response, e.Closed]
    assert cut(esme.data_to_send(3.0)) == [p.UnbindResp(sequence=77)]
    assert esme.connection_lost(3.0) == [e.Lost([], [])]


def test_both_sides_unbind_at_once():
    esme, smsc = bound_pair()
    esme.unbind(1.0)
    smsc.unbind(1.0)
    to_smsc, to_esme = esme.data_to_send(1.0), smsc.data_to_send(1.0)
    assert kinds(esme.receive(to_esme, 1.1)) == [e.PeerUnbound]
    assert kinds(smsc.receive(to_smsc, 1.1)) == [e.PeerUnbound]
    assert kinds(carry(esme, smsc, 1.2)) == [e.Closed]
    assert kinds(carry(smsc, esme, 1.2)) == [e.Closed]


def test_unbinding_an_unbound_session_closes_it():
    smsc = fresh(Role.SMSC)
    smsc.unbind(1.0)
    assert smsc.wake_at() == 1.0
    assert kinds(smsc.tick(1.0)) == [e.Closed]
    assert smsc.wake_at() is None


def test_a_nack_to_our_unbind_ends_the_session():
    esme, _ = bound_pair()
    esme.unbind(1.0)
    (unbind,) = cut(esme.data_to_send(1.0))
    assert kinds(esme.receive(encode(p.GenericNack(sequence=unbind.sequence)), 1.1)) == [e.Closed]


def test_an_esme_keeps_the_session_whatever_comes_before_its_bind_is_answered():
    """SMSCs with a backlog send receipts before they answer the bind: they are to come again, and the bind counts."""
    esme, smsc = fresh(Role.ESME, max_open_faults=3), fresh(Role.SMSC)
    esme.bind(p.BindTransceiver(system_id=b"esme"), 0.0)
    (request,) = carry(esme, smsc, 0.1)
    receipts = [p.DeliverSm(sequence=n, short_message=b"id:1 stat:DELIVRD") for n in range(1, 50)]
    assert kinds(esme.receive(b"".join(encode(pdu) for pdu in receipts), 0.2)) == [e.ProtocolFault] * 49
    assert [pdu.status for pdu in cut(esme.data_to_send(0.2))] == [s.ESME_RSYSERR] * 49
    smsc.accept_bind(request.pdu, 0.3)
    assert kinds(carry(smsc, esme, 0.3)) == [e.Bound]


def test_a_receipt_that_crosses_with_our_unbind_is_taken():
    esme, smsc = bound_pair()
    smsc.request(p.DeliverSm(), 1.0, "receipt")
    esme.unbind(1.0)
    assert [type(pdu) for pdu in cut(esme.data_to_send(1.0))] == [p.Unbind]
    (request,) = carry(smsc, esme, 1.1)
    assert isinstance(request, e.Request)
    assert esme.respond(p.DeliverSmResp(sequence=request.pdu.sequence), 1.2)
    assert kinds(carry(esme, smsc, 1.2)) == [e.Response]
