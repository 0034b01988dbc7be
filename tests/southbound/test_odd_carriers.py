"""What carriers do that no specification foresees, against a connector with a scripted SMSC."""

import struct

import pytest

from smsgwd.model.changes import PartSent
from smsgwd.model.message import State
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import SubmitSmResp
from tests.southbound.fakes import MUTE, Bench, message


def test_a_session_that_ended_in_order_after_a_long_time_was_a_good_one():
    """An SMSC that unbinds us every night does not make us wait longer each night."""
    bench = Bench().start()
    for _ in range(6):
        bench.advance(60, step=1)
        bench.smsc.connections[-1].unbind()
        bench.pump()
        assert not bench.dispatcher.up("sim")
        bench.advance(0.7, step=0.1)
        assert bench.dispatcher.up("sim")


@pytest.mark.parametrize("given", ["", " "], ids=["empty", "blank"])
def test_an_answer_without_an_id_takes_nobody_elses_receipt(given):
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    for pdu in bench.smsc.submits:
        bench.smsc.connections[0].respond(SubmitSmResp(sequence=pdu.sequence, message_id=given.encode()))
    bench.pump()
    assert bench.store.state(1) is bench.store.state(2) is State.SENT
    assert len({change.smsc_id for change in bench.store.changes(PartSent)}) == 2
    bench.smsc.receipt("0", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is bench.store.state(2) is State.SENT


def test_a_message_that_costs_the_bind_each_time_is_postponed():
    """0x04 to one message and to no other must not keep the link flapping for good."""
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x04 if pdu.short_message == b"text 1" else 0
    bench.send(message(1), message(2))
    bench.advance(30, step=0.1)
    assert bench.store.state(1) is State.WAITING
    assert bench.store.state(2) is State.SENT
    assert bench.smsc.texts.count("text 1") == 3
    assert bench.dispatcher.up("sim")


def test_an_smsc_that_answers_nothing_is_left_and_bound_anew():
    """It answers enquire_link and not one submit_sm: the session is broken behind its front."""
    bench = Bench(session={"response": 5.0, "drain": 1.0, "link_response": 1.0}).start()
    bench.smsc.script = lambda pdu: MUTE if len(bench.smsc.binds) == 1 else 0
    bench.send(*(message(number) for number in range(1, 30)))
    bench.advance(14, step=0.1)
    assert len(bench.smsc.binds) == 2 and bench.smsc.most_open == 1
    assert all(bench.store.state(number) is State.SENT for number in range(1, 30)) and bench.idle


def test_an_smsc_that_answers_some_is_kept():
    bench = Bench(session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE if pdu.short_message == b"text 1" else 0
    bench.send(message(1))
    for number in range(2, 12):
        bench.advance(1, step=0.1)
        bench.send(message(number))
    bench.advance(1, step=0.1)
    assert len(bench.smsc.binds) == 1
    assert all(bench.store.state(number) is State.SENT for number in range(2, 12))


def _answer_late(bench, pdu, smsc_id):
    body = smsc_id.encode() + b"\0"
    bench.network.wires[0].right.write(struct.pack(">IIII", 16 + len(body), 0x80000004, 0, pdu.sequence) + body)
    bench.pump()


def test_a_late_answer_tells_the_id_that_policy_wait_waits_for():
    bench = Bench(unknown_outcome="wait", session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.advance(5.5, step=0.1)
    assert bench.store.state(1) is State.SENT
    _answer_late(bench, bench.smsc.submits[0], "late-1")
    bench.smsc.receipt("late-1", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and bench.idle


def test_a_late_answer_to_a_message_sent_again_is_not_forgotten():
    """The receipt may name the first of the two."""
    bench = Bench(session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE if len(bench.smsc.submits) == 1 else "second"
    bench.send(message(1))
    bench.advance(5.5, step=0.1)
    assert bench.store.state(1) is State.SENT
    _answer_late(bench, bench.smsc.submits[0], "first")
    bench.smsc.receipt("first", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and bench.idle


def test_a_late_refusal_changes_nothing():
    bench = Bench(unknown_outcome="wait", session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.advance(5.5, step=0.1)
    sequence = bench.smsc.submits[0].sequence
    bench.network.wires[0].right.write(struct.pack(">IIII", 16, 0x80000004, 0x0B, sequence))
    bench.pump()
    assert bench.store.state(1) is State.SENT and bench.idle


def test_receipts_before_the_bind_is_answered_are_kept_by_the_smsc():
    """However many: they are refused for now, and the bind stands in the end."""
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: MUTE
    bench.start()
    wire = bench.network.wires[0].right
    bind = bench.smsc.binds[0]
    wire.write(b"".join(struct.pack(">IIII", 16, 5, 0, number) for number in range(1, 51)))
    wire.write(struct.pack(">IIII", 21, 0x80000009, 0, bind.sequence) + b"evil\0")
    bench.pump()
    assert bench.dispatcher.up("sim") and bench.smsc.most_open == 1


def test_a_late_answer_spares_the_second_sending():
    """If the message still waits for its turn when the answer comes, it is not sent again."""
    bench = Bench(session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE if pdu.short_message == b"text 1" else 0x14
    bench.send(message(1))
    bench.advance(4.5, step=0.1)
    bench.send(message(2))  # is told that the queue is full: nothing goes out for 5 s
    bench.advance(1, step=0.1)
    _answer_late(bench, bench.smsc.submits[0], "late-1")
    bench.smsc.script = lambda pdu: 0
    bench.advance(6, step=0.1)
    assert bench.smsc.texts == ["text 1", "text 2", "text 2"]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_recipient_whose_queue_is_full_does_not_hold_up_the_others():
    """ESME_RMSGQFUL again and again for one, while others get through: it is that one's queue, not the link's."""
    bench = Bench(session={"window": 4}).start()
    bench.smsc.script = lambda pdu: 0x14 if pdu.short_message == b"text 1" else 0
    bench.send(*(message(number) for number in range(1, 400)))
    bench.advance(20, step=0.25)
    assert bench.store.state(1) is State.WAITING and bench.smsc.texts.count("text 1") == 3
    assert all(bench.store.state(number) is State.SENT for number in range(2, 400))
    found = bench.store.messages[1]
    found.state = State.QUEUED  # its time has come again, and that costs the link nothing any more
    bench.send(message(400))
    bench.dispatcher.offer([found])
    bench.send(message(401))
    bench.advance(0.5)
    assert bench.store.state(1) is State.WAITING and bench.smsc.texts.count("text 1") == 4
    assert bench.store.state(400) is State.SENT and bench.store.state(401) is State.SENT
