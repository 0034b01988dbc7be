"""Binds: when they connect again, and that an SMSC never sees two sockets of one bind."""

import struct

import pytest

from smsgwd.model.message import State
from smsgwd.southbound.bind import BindState
from tests.southbound.fakes import MUTE, Bench, message


def bind_of(bench, index=0):
    return bench.connector._binds[index]


def test_what_a_bind_says():
    bench = Bench(system_type=b"VMA", address_range=b"306*", interface_version=0x33).start()
    (pdu,) = bench.smsc.binds
    assert (pdu.system_id, pdu.password, pdu.system_type, pdu.interface_version, pdu.address_range) == (
        b"gw",
        b"secret",
        b"VMA",
        0x33,
        b"306*",
    )
    assert bench.dispatcher.up("sim") and not bench.dispatcher.up("nobody")
    status = bench.dispatcher.status()[0].binds[0]
    assert (status.state, status.window, status.last_error) == ("bound", 10, "")


def test_a_refused_connection_is_tried_again_with_growing_waits():
    bench = Bench()
    bench.network.refuse = True
    bench.start()
    times = []
    seen = 1
    for _ in range(3000):
        bench.advance(0.1, step=0.1)
        if bench.network.attempts > seen:
            seen = bench.network.attempts
            times.append(bench.reactor.seconds())
    waits = [round(after - before, 1) for before, after in zip([0.0, *times], times, strict=False)]
    # half of 1, 2, 4, ... 60: random() is 0.5 here
    assert waits[:8] == pytest.approx([0.5, 1, 2, 4, 8, 16, 30, 30], abs=0.21)
    assert not bench.dispatcher.up("sim")
    assert bench.dispatcher.status()[0].binds[0].state == "waiting"
    bench.network.refuse = False
    bench.advance(31, step=0.5)
    assert bench.dispatcher.up("sim")


@pytest.mark.parametrize("status", [0x0D, 0x0E, 0x0F, 0x53])
def test_a_refused_bind_waits_long(status):
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: status
    bench.start()
    bench.advance(60, step=1)
    assert len(bench.smsc.binds) == 1 and bench.smsc.open == 0
    bench.advance(10, step=1)
    assert len(bench.smsc.binds) == 2
    bench.advance(110, step=1)
    assert len(bench.smsc.binds) == 2
    assert "refused" in bench.dispatcher.status()[0].binds[0].last_error


def test_already_bound_waits_a_minute():
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: 0x05 if len(bench.smsc.binds) == 1 else 0
    bench.start()
    bench.advance(59, step=1)
    assert len(bench.smsc.binds) == 1
    bench.advance(20, step=1)
    assert len(bench.smsc.binds) == 2 and bench.dispatcher.up("sim")


def test_another_refusal_is_tried_again_soon():
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: 0x08 if len(bench.smsc.binds) == 1 else 0
    bench.start()
    bench.advance(1)
    assert bench.dispatcher.up("sim")


def test_a_bind_without_an_answer_is_cut_and_tried_again():
    bench = Bench(session={"session_init": 10.0})
    bench.smsc.bind_status = lambda pdu: MUTE
    bench.start()
    bench.advance(9.9, step=0.1)
    assert bench.smsc.open == 1
    bench.smsc.bind_status = lambda pdu: 0
    bench.advance(0.3)
    assert bench.smsc.open == 0
    bench.advance(0.6)  # no refusal, so an ordinary wait
    assert bench.dispatcher.up("sim") and bench.smsc.most_open == 1


def test_a_link_that_drops_at_once_again_and_again_makes_no_hot_loop():
    bench = Bench().start()
    for _ in range(200):
        bench.network.cut()
        bench.advance(0.2, step=0.2)
    assert len(bench.smsc.binds) <= 8  # 40 s: 0.5 + 1 + 2 + 4 + 8 + 16 + ...


def test_a_link_that_lasted_is_made_again_at_once():
    bench = Bench().start()
    for _ in range(5):
        bench.network.cut()
        bench.advance(40, step=1)
    count = len(bench.smsc.binds)
    bench.network.cut()
    bench.advance(0.6)
    assert len(bench.smsc.binds) == count + 1


def test_one_socket_at_a_time_also_when_the_old_one_lingers():
    bench = Bench().start()
    wire = bench.network.wires[0]
    wire.left.peer_reads = False  # what we write gets nowhere
    bind_of(bench).rebind("test")
    bench.advance(10, step=0.5)
    assert len(bench.smsc.binds) == 1 and bench.smsc.most_open == 1  # unbind_resp is still awaited
    bench.advance(8, step=0.5)
    assert wire.left.aborted
    assert len(bench.smsc.binds) == 2 and bench.smsc.most_open == 1


def test_the_smsc_unbinds():
    bench = Bench().start()
    bench.smsc.connections[0].unbind()
    bench.pump()
    assert bench.smsc.open == 0
    bench.advance(1)
    assert bench.dispatcher.up("sim") and len(bench.smsc.binds) == 2


def test_the_smsc_unbinds_while_answers_are_due():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.smsc.connections[0].unbind()
    bench.advance(12, step=0.5)  # the SMSC's unbind comes when it has waited long enough for itself to answer
    bench.send(message(2))
    bench.pump()
    assert bind_of(bench).state is BindState.CLOSING and not bench.dispatcher.up("sim")
    assert len(bench.smsc.submits) == 1  # nothing new on a bind that is leaving
    bench.smsc.script = lambda pdu: 0
    bench.advance(12, step=0.5)
    assert bench.store.state(1) is State.SENT and bench.store.state(2) is State.SENT and bench.idle


def test_garbage_from_the_smsc_costs_the_link_and_no_message():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.network.wires[0].right.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    bench.pump()
    assert bench.smsc.open == 0
    bench.smsc.script = lambda pdu: 0
    bench.advance(1)
    assert bench.store.state(1) is State.SENT and bench.idle


def test_unknown_commands_and_stray_responses_are_survived():
    bench = Bench().start()
    out = bench.network.wires[0].right
    out.write(struct.pack(">IIII", 16, 0x00010200, 0, 5))
    out.write(struct.pack(">IIII", 16, 0x80000004, 0, 4711))
    out.write(struct.pack(">IIII", 16, 0x80000000, 3, 4712))
    out.write(struct.pack(">IIII", 16, 0x00000102, 0, 6) + b"")
    bench.pump()
    bench.send(message(1))
    bench.pump()
    assert bench.store.state(1) is State.SENT and len(bench.smsc.binds) == 1


def test_a_dead_peer_is_found_out():
    bench = Bench(session={"enquire_link": 30.0, "link_response": 10.0}).start()
    wire = bench.network.wires[0]
    wire.left.peer_reads = False
    bench.advance(60, step=1)
    assert wire.left.aborted
    assert len(bench.smsc.binds) == 2


def test_stopping_while_waiting_to_connect_again():
    bench = Bench()
    bench.network.refuse = True
    bench.start()
    bind = bind_of(bench)
    assert bind.state is BindState.WAITING
    bind.stop()
    assert bind.state is BindState.STOPPED
    bench.advance(100, step=1)
    assert bench.network.attempts == 1
    bench.network.refuse = False
    bind.start()
    bench.pump()
    assert bind.state is BindState.BOUND


def test_stopping_while_the_bind_is_not_answered_yet():
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: MUTE
    bench.start()
    bind = bind_of(bench)
    assert bind.state is BindState.BINDING
    bind.stop()
    bench.pump()
    assert bind.state is BindState.STOPPED and bench.smsc.open == 0


def test_a_generic_nack_answers_the_submit():
    bench = Bench(adaptive_rate=False).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    out = bench.network.wires[0].right
    out.write(struct.pack(">IIII", 16, 0x80000000, 0x58, bench.smsc.submits[0].sequence))
    out.write(struct.pack(">IIII", 16, 0x80000000, 0, bench.smsc.submits[1].sequence))  # says all is well: no answer
    bench.smsc.script = lambda pdu: 0
    bench.advance(1.1)
    assert bench.store.state(1) is State.SENT
    assert bench.store.state(2) is State.WAITING
