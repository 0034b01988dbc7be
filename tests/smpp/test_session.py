"""Traffic: requests, responses, window, time-outs, drains and odd peers, between two real sessions."""

import struct
from itertools import accumulate, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.smpp import constants as c
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp import tags as t
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.errors import EncodeError, NotBound, WindowFull
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import Role, State
from smsgwd.smpp.tlv import pack_tlvs

from .playbook import bound_pair, carry, cut
from .strategies import submit


def kinds(events):
    return [type(event) for event in events]


def test_a_message_and_its_receipt_cross():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0, "ctx")
    (request,) = carry(esme, smsc, 1.5)
    assert request.pdu.short_message == b"hello"
    assert smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence, message_id=b"42"), 1.6)
    (response,) = carry(smsc, esme, 1.7)
    assert (response.pdu.message_id, response.context, response.sent_at) == (b"42", "ctx", 1.5)
    smsc.request(p.DeliverSm(esm_class=4, short_message=b"id:42"), 2.0, "receipt")
    (request,) = carry(smsc, esme, 2.0)
    esme.respond(p.DeliverSmResp(sequence=request.pdu.sequence), 2.1)
    assert carry(esme, smsc, 2.2)[0].context == "receipt"
    assert esme.outstanding == smsc.outstanding == esme.unanswered == smsc.unanswered == 0


def test_writes_are_coalesced_and_answers_may_come_in_any_order():
    esme, smsc = bound_pair()
    for number in range(5):
        esme.request(submit(), 1.0, number)
    data = esme.data_to_send(1.0)
    assert len(cut(data)) == 5
    assert esme.data_to_send(1.0) == b""
    requests = smsc.receive(data, 1.0)
    for request in reversed(requests):
        smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence, message_id=b"x"), 1.0)
    assert [event.context for event in carry(smsc, esme, 1.0)] == [4, 3, 2, 1, 0]


def test_the_window_is_full_and_opens_again():
    esme, smsc = bound_pair(config=SessionConfig(window=2))
    assert esme.room == 2
    esme.request(submit(), 1.0)
    esme.request(submit(), 1.0)
    assert esme.room == 0
    with pytest.raises(WindowFull):
        esme.request(submit(), 1.0)
    for request in carry(esme, smsc, 1.0):
        smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence), 1.0)
    carry(smsc, esme, 1.0)
    assert esme.room == 2
    esme.request(submit(), 1.0)


def test_link_pdus_pass_a_full_window():
    esme, _smsc = bound_pair(config=SessionConfig(window=1, response=0))
    esme.request(submit(), 0.0)
    esme.data_to_send(0.0)
    assert esme.receive(encode(p.EnquireLink(sequence=8)), 1.0) == []
    assert cut(esme.data_to_send(1.0)) == [p.EnquireLinkResp(sequence=8)]
    esme.tick(31.0)
    assert kinds_of_pdus(esme, 31.0) == [p.EnquireLink]


def kinds_of_pdus(session, now):
    return [type(pdu) for pdu in cut(session.data_to_send(now))]


def test_a_request_times_out_from_the_moment_it_was_handed_out():
    esme, _ = bound_pair(config=SessionConfig(enquire_link=0, response=60))
    esme.request(submit(), 1.0, "a")
    assert esme.wake_at() is None
    esme.data_to_send(5.0)
    esme.request(submit(), 6.0, "b")
    esme.data_to_send(7.0)
    assert esme.wake_at() == 65.0
    assert esme.tick(64.9) == []
    (event,) = esme.tick(65.0)
    assert (event.context, event.sequence, event.command_id) == ("a", 2, c.SUBMIT_SM)
    assert esme.wake_at() == 67.0
    assert [event.context for event in esme.tick(70.0)] == ["b"]
    assert esme.connection_lost(71.0) == [e.Lost([], [])]


def test_a_late_a_doubled_and_a_wrong_response_are_reported_not_matched():
    esme, _ = bound_pair(config=SessionConfig(enquire_link=0))
    sequence = esme.request(submit(), 0.0, "a")
    esme.data_to_send(0.0)
    wrong = encode(p.QuerySmResp(sequence=sequence))
    assert kinds(esme.receive(wrong, 1.0)) == [e.UnmatchedResponse]
    good = encode(p.SubmitSmResp(sequence=sequence, message_id=b"1"))
    assert kinds(esme.receive(good + good, 2.0)) == [e.Response, e.UnmatchedResponse]
    late = esme.request(submit(), 3.0, "b")
    esme.data_to_send(3.0)
    assert kinds(esme.tick(63.0)) == [e.TimedOut]
    (event,) = esme.receive(encode(p.SubmitSmResp(sequence=late, message_id=b"9")), 64.0)
    assert isinstance(event, e.UnmatchedResponse) and event.pdu.message_id == b"9"
    assert esme.state is State.BOUND_TRX


def test_a_generic_nack_with_a_known_sequence_fails_that_request():
    esme, _ = bound_pair()
    sequence = esme.request(submit(), 1.0, "a")
    esme.data_to_send(1.0)
    events = esme.receive(encode(p.GenericNack(sequence=sequence, status=s.ESME_RINVCMDID)), 1.1)
    assert events == [e.Response(p.GenericNack(sequence=sequence, status=3), "a", 1.0)]
    (event,) = esme.receive(encode(p.GenericNack(sequence=0, status=s.ESME_RINVCMDLEN)), 1.2)
    assert (event.status, event.command_id) == (s.ESME_RINVCMDLEN, c.GENERIC_NACK)
    assert esme.outstanding == 0


def test_malformed_requests_are_answered_and_cost_nothing_else():
    _esme, smsc = bound_pair()
    body = encode(submit())[16:].replace(b"iSMS", b"1" * 21)
    bad = struct.pack(">IIII", 16 + len(body), c.SUBMIT_SM, 0, 99) + body
    events = smsc.receive(bad + encode(submit(sequence=100)), 1.0)
    assert kinds(events) == [e.ProtocolFault, e.Request]
    assert (events[0].status, events[0].command_id, events[0].sequence) == (s.ESME_RINVSRCADR, c.SUBMIT_SM, 99)
    assert cut(smsc.data_to_send(1.0)) == [p.SubmitSmResp(sequence=99, status=s.ESME_RINVSRCADR)]
    assert smsc.unanswered == 1


def test_requests_over_the_inbound_limit_are_throttled():
    esme, smsc = bound_pair(config=SessionConfig(inbound_limit=2))
    for _ in range(3):
        esme.request(submit(), 1.0)
    assert kinds(carry(esme, smsc, 1.0)) == [e.Request, e.Request, e.ProtocolFault]
    (answer,) = cut(smsc.data_to_send(1.0))
    assert answer.status == s.ESME_RTHROTTLED
    smsc.respond(p.SubmitSmResp(sequence=2), 1.0)
    assert kinds(smsc.receive(encode(submit(sequence=50)), 1.0)) == [e.Request]


def test_a_response_that_cannot_be_composed_leaves_the_request_open():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0)
    carry(esme, smsc, 1.0)
    with pytest.raises(EncodeError):
        smsc.respond(p.SubmitSmResp(sequence=2, message_id=b"x" * 65), 1.0)
    assert smsc.unanswered == 1
    assert smsc.data_to_send(1.0) == b""


def test_a_request_that_cannot_be_composed_queues_nothing():
    esme, _ = bound_pair()
    with pytest.raises(EncodeError):
        esme.request(submit(destination_addr=b"3" * 21), 1.0)
    assert esme.outstanding == 0 and esme.data_to_send(1.0) == b""


def test_responding_to_a_session_that_is_over():
    _, smsc = bound_pair()
    smsc.connection_lost(1.0)
    assert smsc.respond(p.SubmitSmResp(sequence=1), 2.0) is False
    assert smsc.data_to_send(2.0) == b""
    assert smsc.receive(encode(submit()), 2.0) == smsc.tick(99.0) == []


def test_alerts_await_no_answer():
    esme, smsc = bound_pair(config=SessionConfig(window=1, inbound_limit=1))
    smsc.request(p.DeliverSm(), 1.0)
    smsc.request(p.AlertNotification(source_addr=b"1"), 1.0)
    assert kinds(carry(smsc, esme, 1.0)) == [e.Request, e.Request]
    assert (smsc.outstanding, esme.unanswered) == (1, 1)


def test_a_3_3_peer_gets_no_tlvs():
    _esme, smsc = bound_pair(version=0x33)
    assert smsc.peer_version == 0x33
    smsc.request(p.DeliverSm(short_message=b"id:1", tlvs=pack_tlvs({t.RECEIPTED_MESSAGE_ID: b"1"})), 1.0)
    (pdu,) = cut(smsc.data_to_send(1.0))
    assert pdu.tlvs == ()
    with pytest.raises(EncodeError):
        smsc.request(p.DeliverSm(tlvs=((t.MESSAGE_PAYLOAD, b"text"),)), 1.0)


def test_connection_lost_gives_each_context_exactly_once():
    esme, smsc = bound_pair()
    for name in "abcd":
        esme.request(submit(), 1.0, name)
    requests = carry(esme, smsc, 1.0)
    smsc.respond(p.SubmitSmResp(sequence=requests[1].pdu.sequence), 1.0)
    seen = [event.context for event in carry(smsc, esme, 1.0)]
    esme.request(submit(), 1.1, "e")
    for event in esme.connection_lost(2.0) + esme.connection_lost(3.0):
        seen += event.unanswered + event.unsent
    assert seen == ["b", "a", "c", "d", "e"]
    with pytest.raises(NotBound):
        esme.request(submit(), 4.0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_contexts_come_back_exactly_once_whatever_happens(data):
    """Random sends, answers, losses of time: no context is lost, none comes twice."""
    esme, smsc = bound_pair(config=SessionConfig(window=5, response=10, enquire_link=0))
    given_, returned, now, open_ = [], [], 0.0, []
    for step in range(data.draw(st.integers(1, 40))):
        now += data.draw(st.sampled_from((0.0, 0.5, 4.0, 11.0)))
        action = data.draw(st.sampled_from("rrfat"))
        events = []
        if action == "r" and esme.room:
            esme.request(submit(), now, step)
            given_.append(step)
        elif action == "f":
            open_ += carry(esme, smsc, now)
        elif action == "a" and open_:
            request = open_.pop(data.draw(st.integers(0, len(open_) - 1)))
            smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence), now)
            events = carry(smsc, esme, now)
        elif action == "t":
            events = esme.tick(now)
        returned += [event.context for event in events if isinstance(event, e.Response | e.TimedOut)]
    (lost,) = esme.connection_lost(now)
    assert sorted(returned + lost.unanswered + lost.unsent) == given_


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=6), st.sampled_from(list(Role)), st.booleans())
def test_noise_never_raises(chunks, role, framed):
    session = bound_pair()[0 if role is Role.ESME else 1]
    for chunk in chunks:
        if framed:
            chunk = struct.pack(">I", len(chunk) + 16) + (chunk + bytes(16))[:12] + chunk
        for event in session.receive(chunk, 1.0):
            assert isinstance(event, e.Event)
    session.tick(100.0)
    session.data_to_send(100.0)
    session.connection_lost(101.0)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_traffic_never_raises(data):
    _esme, smsc = bound_pair()
    stream = bytearray(b"".join(encode(submit(sequence=n)) for n in (1, 2)) + encode(p.EnquireLink(sequence=3)))
    for _ in range(data.draw(st.integers(1, 6))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    at = data.draw(st.integers(0, len(stream)))
    for chunk in (bytes(stream[:at]), bytes(stream[at:])):
        smsc.receive(chunk, 1.0)
    cut(smsc.data_to_send(1.0))


def test_a_session_split_at_every_octet_sees_the_same():
    stream = encode(submit(sequence=1)) + encode(p.EnquireLink(sequence=2)) + encode(p.Unbind(sequence=3))
    whole = bound_pair()[1].receive(stream, 1.0)
    for at in range(len(stream) + 1):
        smsc = bound_pair()[1]
        assert smsc.receive(stream[:at], 1.0) + smsc.receive(stream[at:], 1.0) == whole


def test_data_to_send_without_a_time_takes_the_last_one():
    esme, _ = bound_pair(config=SessionConfig(enquire_link=0, response=10))
    esme.request(submit(), 3.0)
    esme.data_to_send()
    assert esme.wake_at() == 13.0


@pytest.mark.parametrize("version", [0x33, 0x34])
def test_answers_to_many_requests_at_once(version):
    esme, smsc = bound_pair(version=version)
    for number in range(3):
        esme.request(submit(), 1.0, number)
    sequences = [event.pdu.sequence for event in carry(esme, smsc, 1.0)]
    given = list(zip(sequences, (0, 0x58, 0), (b"1", b"", b"3"), strict=True))
    with pytest.raises(EncodeError):
        smsc.respond_many(c.SUBMIT_SM_RESP, [*given, (1, 0, b"\0")], 1.0)
    assert smsc.unanswered == 3 and not smsc.data_to_send(1.0)
    assert smsc.respond_many(c.SUBMIT_SM_RESP, given, 1.0, pack_tlvs({t.CONGESTION_STATE: 50}))
    assert smsc.unanswered == 0
    answers = carry(smsc, esme, 1.0)
    assert [(each.context, each.pdu.status, each.pdu.message_id) for each in answers] == [
        (0, 0, b"1"),
        (1, 0x58, b""),
        (2, 0, b"3"),
    ]
    assert [each.pdu.tlv_int(t.CONGESTION_STATE) for each in answers] == [None if version == 0x33 else 50] * 3


def test_the_last_of_many_answers_lets_an_unbind_go_on():
    esme, smsc = bound_pair()
    esme.request(submit(), 1.0)
    (request,) = carry(esme, smsc, 1.0)
    smsc.unbind(1.0)
    assert not smsc.data_to_send(1.0)
    assert smsc.respond_many(c.SUBMIT_SM_RESP, [(request.pdu.sequence, 0, b"1")], 2.0)
    assert [type(each) for each in cut(smsc.data_to_send(2.0))] == [p.SubmitSmResp, p.Unbind]
    smsc.connection_lost(3.0)
    assert not smsc.respond_many(c.SUBMIT_SM_RESP, [(1, 0, b"1")], 3.0)


def test_another_window_counts_for_a_bound_session():
    esme, smsc = bound_pair(config=SessionConfig(window=2))
    for _ in range(2):
        esme.request(submit(), 1.0)
    esme.set_window(3)
    assert esme.room == 1
    esme.set_window(1)  # what is out above it is answered first
    assert esme.room == 0
    for request in carry(esme, smsc, 1.0):
        smsc.respond(p.SubmitSmResp(sequence=request.pdu.sequence), 1.0)
    carry(smsc, esme, 1.0)
    assert esme.room == 1


def test_many_requests_at_once():
    esme, smsc = bound_pair(config=SessionConfig(window=3))
    pdus = [submit(short_message=b"%d" % number) for number in range(4)]
    with pytest.raises(WindowFull):
        esme.request_many(pdus, 1.0, range(4))
    with pytest.raises(EncodeError):
        esme.request_many([pdus[0], submit(source_addr=b"1" * 30)], 1.0, range(2))
    with pytest.raises(ValueError, match="another kind"):
        esme.request_many([pdus[0], p.DataSm()], 1.0, range(2))
    with pytest.raises(NotBound):
        esme.request_many([p.DeliverSm()], 1.0, range(1))
    esme.request_many([], 1.0, [])
    assert esme.outstanding == 0 and not esme.data_to_send(1.0)
    esme.request_many(pdus[:3], 1.0, ["a", "b", "c"])
    requests = carry(esme, smsc, 1.5)
    assert [event.pdu.short_message for event in requests] == [b"0", b"1", b"2"]
    for event in requests:
        smsc.respond(p.SubmitSmResp(sequence=event.pdu.sequence), 2.0)
    assert [(event.context, event.sent_at) for event in carry(smsc, esme, 2.0)] == [("a", 1.5), ("b", 1.5), ("c", 1.5)]


def test_many_requests_to_a_3_3_peer_have_no_tlvs():
    esme, smsc = bound_pair(version=0x33)
    with pytest.raises(EncodeError):
        smsc.request_many([p.DeliverSm(tlvs=((t.MESSAGE_PAYLOAD, b"x"),))], 1.0, [1])
    smsc.request_many([p.DeliverSm(), p.DeliverSm(tlvs=((0x0427, b"\2"),))], 1.0, [1, 2])
    assert [event.pdu.tlvs for event in carry(smsc, esme, 1.0)] == [(), ()]


def grouped_pair():
    return bound_pair(config=SessionConfig(window=50, grouped=True))


def test_grouped_answers_come_before_the_requests_of_the_same_read():
    esme, smsc = grouped_pair()
    esme.request_many([submit()] * 3, 1.0, "abc")
    (requests,) = carry(esme, smsc, 1.0)
    assert type(requests) is e.Requests and [pdu.sequence for pdu in requests.pdus] == [2, 3, 4]
    smsc.request(p.DeliverSm(), 2.0, "receipt 1")
    smsc.respond_many(c.SUBMIT_SM_RESP, [(2, 0, b"1"), (3, 0x58, b"")], 2.0)
    smsc.request(p.DeliverSm(), 2.0, "receipt 2")
    smsc.respond(p.GenericNack(sequence=4, status=3), 2.0)
    responses, requests, nack = carry(smsc, esme, 2.5)
    assert responses.answers == [("a", 0, b"1", 1.0), ("b", 0x58, b"", 1.0)]
    assert [type(pdu) for pdu in requests.pdus] == [p.DeliverSm, p.DeliverSm]
    assert (type(nack), nack.context) == (e.Response, "c")


def flat(events):
    """Events of either style as plain values: requests in order, answers in order, the rest in order."""
    requests, answers, rest = [], [], []
    for event in events:
        if type(event) is e.Requests:
            requests += event.pdus
        elif type(event) is e.Request:
            requests.append(event.pdu)
        elif type(event) is e.Responses:
            answers += [answer[:3] for answer in event.answers]
        elif type(event) is e.Response:
            answers.append((event.context, event.pdu.status, getattr(event.pdu, "message_id", None)))
        else:
            rest.append(event)
    return requests, sorted(answers, key=repr), rest


@given(
    st.lists(
        st.one_of(
            st.builds(lambda n: ("resp", n), st.integers(2, 8)),
            st.builds(lambda n, tlv: ("odd", n, tlv), st.integers(2, 8), st.booleans()),
            st.builds(lambda n: ("nack", n), st.integers(2, 8)),
            st.just(("deliver",)),
            st.just(("torn",)),
            st.just(("enquire",)),
            st.just(("unbind",)),
        ),
        max_size=12,
    ),
    st.lists(st.integers(1, 120), max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_grouped_or_not_the_same_happens(script, cuts):
    sessions = []
    for grouped in (False, True):
        esme, _smsc = bound_pair(config=SessionConfig(window=50, grouped=grouped))
        esme.request_many([submit()] * 5, 1.0, range(5))
        esme.data_to_send(1.0)
        sessions.append(esme)
    frames = {
        "deliver": lambda: encode(p.DeliverSm(sequence=1, short_message=b"id:1")),
        "torn": lambda: encode(p.DeliverSm(sequence=2, short_message=b"id:1"))[:-1],
        "enquire": lambda: encode(p.EnquireLink(sequence=3)),
        "unbind": lambda: encode(p.Unbind(sequence=4)),
        "resp": lambda n: encode(p.SubmitSmResp(sequence=n, message_id=b"%d" % n)),
        "odd": lambda n, tlv: encode(
            p.SubmitSmResp(sequence=n, message_id=b"x", tlvs=((1, b"y"),)) if tlv else p.DataSmResp(sequence=n)
        ),
        "nack": lambda n: encode(p.GenericNack(sequence=n, status=8)),
    }
    stream = b""
    for name, *arguments in script:
        frame = frames[name](*arguments)
        stream += struct.pack(">I", len(frame)) + frame[4:]
    reads, at = [], 0
    for size in [*cuts, len(stream)]:
        reads.append(stream[at : at + size])
        at += size
    seen = []
    for session in sessions:
        events = [event for read in reads if read for event in session.receive(read, 2.0)]
        seen.append((flat(events), session.data_to_send(2.0), session.outstanding, session.unanswered, session.state))
    assert seen[0] == seen[1]


READS = st.lists(
    st.sampled_from(
        [
            encode(p.SubmitSmResp(sequence=2, message_id=b"42")),
            encode(p.SubmitSmResp(sequence=3, message_id=b"43")),
            encode(p.DeliverSm(sequence=7, esm_class=4, short_message=b"id:42")),
            encode(p.EnquireLink(sequence=8)),
            encode(p.EnquireLinkResp(sequence=4)),
            encode(p.GenericNack(sequence=3, status=3)),
            encode(p.Unbind(sequence=9)),
            encode(p.SubmitSm(sequence=10)),
            b"\0\0\0\x20\0",
        ]
    ),
    min_size=1,
    max_size=6,
)


@given(READS, st.lists(st.integers(1, 60), max_size=3), st.booleans())
@settings(max_examples=300, deadline=None)
def test_a_session_that_is_not_stirred_needs_neither_a_write_nor_a_sooner_timer(frames, cuts, grouped):
    config = SessionConfig(enquire_link=20.0, response=30.0, inactivity=0.0, grouped=grouped)
    esme, _ = bound_pair(config=config)
    esme.request(submit(), 1.0, "first")
    esme.request(submit(), 1.0, "second")
    esme.data_to_send(1.0)
    now, octets, places = 1.0, b"".join(frames), [0, *accumulate(cuts), None]
    for begin, end in pairwise(places):
        part = octets[begin:end]
        now += 1.0
        before = esme.wake_at()
        esme.receive(part, now)
        if not esme.stirred:
            assert esme.data_to_send(now) == b""
            after = esme.wake_at()
            assert after is None or (before is not None and after >= before)
        else:
            esme.data_to_send(now)


def test_answers_in_the_midst_of_traffic_do_not_stir_a_session():
    esme, _ = bound_pair()
    esme.request(submit(), 1.0, "ctx")
    esme.data_to_send(1.0)
    esme.wake_at()
    esme.receive(encode(p.SubmitSmResp(sequence=2, message_id=b"42")), 2.0)
    assert not esme.stirred
    esme.receive(b"\0\0\0\x20\0", 3.0)
    assert esme.stirred


def test_the_answer_to_a_bind_stirs_a_session():
    """From then on it asks for life signs: sooner than the bind would have had to be answered."""
    config = SessionConfig(session_init=60.0, enquire_link=5.0)
    esme = Session(Role.ESME, config, 0.0)
    esme.bind(p.BindTransceiver(system_id=b"a"), 0.0)
    esme.data_to_send(0.0)
    before = esme.wake_at()
    esme.receive(encode(p.BindTransceiverResp(sequence=1)), 1.0)
    assert esme.stirred
    assert before is not None and esme.wake_at() == 6.0 < before
    assert not esme.stirred
