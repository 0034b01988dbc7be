"""Every (state, sender, command): the table against a second statement of SMPP 3.4 s2.3, and in the flesh."""

import struct

import pytest

from smsgwd.smpp import constants as c
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp import status as s
from smsgwd.smpp.codec import encode
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.errors import NotBound
from smsgwd.smpp.fields import ListDestination
from smsgwd.smpp.session import Session
from smsgwd.smpp.session_table import INBOUND, TABLE, Action, Role, State, rule_for
from smsgwd.smpp.tables import PDUS, command_name

from .playbook import bound_pair, carry, cut

O, OB, TX, RX, TRX, US, UR, CL = State  # noqa: E741
E, S = Role

# request -> {sender: states where it is legal}, written down again from the specification
LEGAL = {
    "bind_transmitter": {E: {O, OB}},
    "bind_receiver": {E: {O, OB}},
    "bind_transceiver": {E: {O, OB}},
    "outbind": {S: {O}},
    "unbind": {E: {TX, RX, TRX, US}, S: {TX, RX, TRX, US}},
    "enquire_link": {E: {O, OB, TX, RX, TRX, US, UR}, S: {O, OB, TX, RX, TRX, US, UR}},
    "submit_sm": {E: {TX, TRX}},
    "submit_multi": {E: {TX, TRX}},
    "query_sm": {E: {TX, TRX}},
    "cancel_sm": {E: {TX, TRX}},
    "replace_sm": {E: {TX, TRX}},
    "data_sm": {E: {TX, TRX}, S: {RX, TRX}},
    "deliver_sm": {S: {RX, TRX}},
    "alert_notification": {S: {RX, TRX}},
}
RESPONSES = {
    "bind_transmitter_resp": {S: {O, OB}},
    "bind_receiver_resp": {S: {O, OB}},
    "bind_transceiver_resp": {S: {O, OB}},
    "unbind_resp": {E: {US}, S: {US}},
    "enquire_link_resp": LEGAL["enquire_link"],
    "submit_sm_resp": {S: {TX, TRX, US, UR}},
    "submit_multi_resp": {S: {TX, TRX, US, UR}},
    "query_sm_resp": {S: {TX, TRX, US, UR}},
    "cancel_sm_resp": {S: {TX, TRX, US, UR}},
    "replace_sm_resp": {S: {TX, TRX, US, UR}},
    "data_sm_resp": {S: {TX, TRX, US, UR}, E: {RX, TRX, US, UR}},
    "deliver_sm_resp": {E: {RX, TRX, US, UR}},
    "generic_nack": {E: set(State) - {CL}, S: set(State) - {CL}},
}
MESSAGES = {"submit_sm", "submit_multi", "query_sm", "cancel_sm", "replace_sm", "data_sm", "deliver_sm"}
MESSAGES.add("alert_notification")
CASES = [(state, sender, spec.command_id) for state in State for sender in Role for spec in PDUS.values()]


def name_case(value):
    return command_name(value) if isinstance(value, int) and not isinstance(value, State) else value.name


def expected_refusal(state, name, sender):
    if state in (TX, RX, TRX) and name.startswith("bind_"):
        return s.ESME_RALYBND
    if state in (US, UR) and name in MESSAGES:
        return s.ESME_RSYSERR
    if state in (O, OB) and sender is S and name in {"deliver_sm", "data_sm", "alert_notification"}:
        return s.ESME_RSYSERR
    return s.ESME_RINVBNDSTS


@pytest.mark.parametrize(("state", "sender", "command_id"), CASES, ids=name_case)
def test_every_cell(state, sender, command_id):
    rule = TABLE[state, sender][command_id]
    name = command_name(command_id)
    legal = state in (LEGAL | RESPONSES)[name].get(sender, set())
    assert rule.legal == legal
    if not legal:
        if command_id & c.RESPONSE_BIT or state is CL:
            assert rule.action is Action.IGNORE
        else:
            assert (rule.action, rule.status) == (Action.REFUSE, expected_refusal(state, name, sender))


@pytest.mark.parametrize("state", State)
def test_unknown_commands(state):
    for sender in Role:
        assert rule_for(state, sender, 0x80007777).action is Action.IGNORE
        rule = rule_for(state, sender, 0x7777)
        if state is CL:
            assert rule.action is Action.IGNORE
        else:
            assert (rule.action, rule.status) == (Action.REFUSE, s.ESME_RINVCMDID)


def in_state(role, state):
    """A real session of `role` brought to `state` by real traffic."""
    config = SessionConfig(max_open_faults=1000)
    if state in (O, OB):
        session = Session(role, config, 0.0)
        if state is OB:
            if role is S:
                session.outbind(p.Outbind(system_id=b"x"), 0.0)
                session.data_to_send(0.0)
            else:
                session.receive(encode(p.Outbind(sequence=1, system_id=b"x")), 0.0)
        return session
    pair = bound_pair(state if state in (TX, RX, TRX) else TRX, config)
    ours, theirs = pair if role is E else pair[::-1]
    if state is US:
        ours.unbind(0.0)
        ours.data_to_send(0.0)
    elif state is UR:
        # one request of the peer's stays unanswered, so the unbind waits
        theirs.request(p.DataSm(), 0.0)
        carry(theirs, ours, 0.0)
        ours.receive(encode(p.Unbind(sequence=900)), 0.0)
    elif state is CL:
        ours.connection_lost(0.0)
    assert ours.state is state
    return ours


def sample(command_id):
    cls = PDUS[command_id].cls
    fields = {"dest_addresses": (ListDestination(b"x"),)} if cls is p.SubmitMulti else {}
    return encode(cls(sequence=555, **fields))


def test_what_comes_in_follows_the_table_but_for_messages_that_cross_with_an_unbind():
    differ = {
        (state, sender, command_name(command_id))
        for state, sender, command_id in CASES
        if INBOUND[state, sender][command_id] != TABLE[state, sender][command_id]
    }
    assert differ == {(state, S, name) for state in (US, UR) for name in ("deliver_sm", "data_sm")}


@pytest.mark.parametrize(("state", "sender", "command_id"), CASES, ids=name_case)
def test_every_command_arriving_in_every_state(state, sender, command_id):
    session = in_state(sender.peer, state)
    before = session.unanswered
    events = session.receive(sample(command_id), 1.0)
    answers = cut(session.data_to_send(1.0))
    rule = INBOUND[state, sender][command_id]
    kinds = [type(event) for event in events]
    if state is CL:
        assert (kinds, answers) == ([], [])
    elif rule.action is Action.REFUSE:
        assert kinds == [e.ProtocolFault]
        (answer,) = answers
        assert (answer.sequence, answer.status) == (555, rule.status)
        assert answer.command_id == command_id | c.RESPONSE_BIT or isinstance(answer, p.GenericNack)
        assert session.state is state and session.unanswered == before, "an illegal PDU changes nothing"
    elif rule.action is Action.IGNORE:
        assert (kinds, answers, session.state) == ([e.ProtocolFault], [], state)
    elif rule.action is Action.REQUEST:
        assert (kinds, answers, session.state) == ([e.Request], [], state)
        assert session.unanswered == before + (command_id != c.ALERT_NOTIFICATION)
    elif rule.action is Action.RESPONSE:
        assert (kinds, answers, session.state) == ([e.UnmatchedResponse], [], state)
    elif rule.action is Action.ENQUIRE_LINK:
        assert (kinds, answers, session.state) == ([], [p.EnquireLinkResp(sequence=555)], state)
    elif rule.action is Action.ENQUIRE_LINK_RESP:
        assert (kinds, answers, session.state) == ([], [], state)
    elif rule.action is Action.BIND:
        assert (kinds, answers, session.state) == ([e.BindRequest], [], state)
    elif rule.action is Action.OUTBIND:
        assert (kinds, answers, session.state) == ([e.OutbindRequest], [], OB)
    elif rule.action is Action.UNBIND:
        assert kinds[0] is e.PeerUnbound
        assert answers == [p.UnbindResp(sequence=555)]
        assert session.state is (US if state is US else CL)
    else:
        assert rule.action in (Action.NACK, Action.BIND_RESP, Action.UNBIND_RESP)
        assert (kinds, answers, session.state) == ([e.ProtocolFault], [], state), "they refer to nothing of ours"


@pytest.mark.parametrize(("state", "sender", "command_id"), CASES, ids=name_case)
def test_every_command_sent_in_every_state(state, sender, command_id):
    session = in_state(sender, state)
    fields = {"dest_addresses": (ListDestination(b"x"),)} if command_id == c.SUBMIT_MULTI else {}
    pdu = PDUS[command_id].cls(**fields)
    if TABLE[state, sender][command_id].action is Action.REQUEST:
        assert session.request(pdu, 1.0) >= 1
        assert cut(session.data_to_send(1.0)) == [pdu]
        return
    outstanding = session.outstanding
    with pytest.raises(NotBound):
        session.request(pdu, 1.0)
    assert session.state is state and session.outstanding == outstanding
    assert session.data_to_send(1.0) == b"", "an illegal request raises and nothing happens"


def test_a_malformed_body_in_an_illegal_state_is_refused_before_it_is_read():
    session = Session(S, SessionConfig(), 0.0)
    bad = struct.pack(">IIII", 18, c.SUBMIT_SM, 0, 5) + b"\xff\xff"
    (event,) = session.receive(bad, 0.1)
    assert event.status == s.ESME_RINVBNDSTS
