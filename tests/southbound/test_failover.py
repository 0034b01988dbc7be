"""Messages that leave a connector for another one, and a connector that sends nothing for a while."""

import pytest

from smsgwd.delivery.trouble import rule
from smsgwd.model.changes import Fail, PartSent, Requeue
from smsgwd.model.message import State
from smsgwd.smpp.constants import MessageState
from tests.southbound.fakes import DROP, MUTE, Bench, message, settings
from tests.southbound.test_answers import OtherWay

LONG = ("0123456789" * 40).encode()


def two(**changes):
    """Connectors `sim` and `other`; the SMSC tells them apart by their system_id."""
    bench = Bench(settings(id="other", system_id=b"gw2", group="other"), ways=OtherWay(), **changes).start()
    assert [pdu.system_id for pdu in bench.smsc.binds] == [b"gw", b"gw2"]
    return bench


def only(bench, connector, status):
    """This status for what comes on that connector's bind, while that stands."""
    first = bench.smsc.connections[0 if connector == "sim" else 1]
    plain = bench.smsc.answer
    bench.smsc.answer = lambda connection, pdu, what: plain(connection, pdu, status if connection is first else what)


def test_a_refusal_of_this_carrier_sends_it_to_the_next_at_once():
    bench = two()
    only(bench, "sim", 0x65)
    bench.send(message(1))
    bench.pump()
    assert len(bench.smsc.submits) == 2 and bench.store.state(1) is State.SENT
    (change,) = bench.store.changes(Requeue)
    assert (change.left, change.connector, change.due_at, change.counts) == ("sim", "other", 0, True)
    (sent,) = bench.store.changes(PartSent)
    assert sent.connector == "other" and bench.store.messages[1].tried == "sim"
    assert bench.idle and not bench.dispatcher.in_flight()


def test_when_all_have_refused_it_fails_once():
    bench = two()
    bench.smsc.script = lambda pdu: 0x65
    bench.send(message(1))
    bench.pump()
    assert len(bench.smsc.submits) == 2 and bench.store.state(1) is State.REJECTED
    (change,) = bench.store.changes(Fail)
    assert change.connector == "other" and bench.idle


def test_it_is_not_offered_before_it_is_durable():
    bench = two()
    only(bench, "sim", 0x65)
    bench.store.hold = True
    bench.send(message(1))
    bench.pump()
    assert len(bench.smsc.submits) == 1 and bench.dispatcher.in_flight() == {1}
    bench.store.hold = False
    bench.store.release()
    bench.pump()
    assert len(bench.smsc.submits) == 2 and bench.store.state(1) is State.SENT


def test_a_link_that_is_closed_after_each_bind_is_down_all_the_time():
    """Else what is queued there would never go over."""
    bench = Bench(reconnect_min_s=1.0, reconnect_max_s=1.0).start()
    bench.advance(10)
    for _ in range(10):
        assert bench.dispatcher.up("sim") and bench.dispatcher.down_for("sim") == 0
        bench.network.cut()
        bench.advance(0.4)
        down = bench.dispatcher.down_for("sim")
        while not bench.dispatcher.up("sim"):
            bench.advance(0.1)
    assert down > 4
    bench.send(message(1))
    bench.pump()
    bench.network.cut()
    bench.advance(0.4)
    assert bench.dispatcher.down_for("sim") < 1  # it had taken something


def test_one_that_ended_meanwhile_is_not_sent():
    bench = two()
    only(bench, "sim", 0x65)
    bench.store.hold = True
    bench.send(message(1))
    bench.pump()
    bench.store.messages[1].state = State.EXPIRED
    bench.store.hold = False
    bench.store.release()
    bench.pump()
    assert len(bench.smsc.submits) == 1 and bench.idle


def test_retries_move_on_after_their_attempts():
    bench = two(retry_attempts=2)
    bench.smsc.script = lambda pdu: 0x08
    bench.send(message(1, attempts=1))
    bench.pump()
    (change,) = bench.store.changes(Requeue)
    assert (change.left, change.connector) == ("sim", "other") and change.due_at > bench.clock.now_ms()
    assert bench.store.state(1) is State.WAITING and len(bench.smsc.submits) == 1 and bench.idle


def test_a_message_with_a_part_taken_stays():
    bench = two()
    bench.smsc.script = lambda pdu: 0x65 if pdu.short_message[5] == 2 else 0
    bench.send(message(1, body=LONG, parts=3))
    bench.pump()
    assert not bench.store.changes(Requeue) and bench.store.state(1) is State.UNDELIVERED and bench.idle


def test_a_part_that_is_known_too_late_keeps_it_here():
    """The answer to part 1 comes after its time, while the message is out again: it cannot go over any more."""
    bench = two(session={"response": 2.0})
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1, body=LONG, parts=3))
    bench.advance(1.0)
    first = bench.smsc.submits[0]
    bench.advance(1.5)  # given up, and sent again
    assert len(bench.smsc.submits) == 6
    bench.smsc.answer(bench.smsc.connections[0], first, "late")
    for pdu in bench.smsc.submits[3:]:
        bench.smsc.answer(bench.smsc.connections[0], pdu, 0x65)
    bench.smsc.script = lambda pdu: 0
    bench.pump()
    assert bench.store.changes(Requeue) and bench.store.messages[1].connector == "sim"
    assert [pdu.short_message[5] for pdu in bench.smsc.submits[6:]] == [2, 3]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_undelivered_goes_again_on_the_second_way():
    bench = two()
    bench.send(message(1, fallback="other"))
    bench.pump()
    bench.smsc.receipt("1", MessageState.UNDELIVERABLE, bind=0)
    bench.pump()
    assert bench.smsc.answers == [("1", 0)] and not bench.outbox.items
    assert len(bench.smsc.submits) == 2 and bench.store.state(1) is State.SENT
    assert bench.store.messages[1].connector == "other" and bench.store.messages[1].hops == 1
    bench.smsc.receipt("2", MessageState.DELIVERED, bind=1)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and len(bench.outbox.items) == 1


# ---------------------------------------------------------------------------------------------------- suspension


def test_a_suspended_connector_sends_nothing_for_a_while():
    bench = Bench(statuses={0x0D: rule("suspend")}, suspend_s=30.0, session={"window": 1}).start()
    bench.smsc.script = lambda pdu: 0x0D
    bench.send(message(1), message(2))
    bench.pump()
    assert len(bench.smsc.submits) == 1 and not bench.dispatcher.up("sim")
    status = bench.dispatcher.status()[0]
    assert status.suspended_s == 30.0 and not status.up and bench.smsc.open == 1
    bench.advance(10)
    assert bench.dispatcher.down_for("sim") == pytest.approx(10, abs=0.1)
    bench.smsc.script = lambda pdu: 0
    bench.advance(19, step=0.5)
    assert len(bench.smsc.submits) == 1
    bench.advance(1.5)
    assert bench.smsc.texts == ["text 1", "text 1", "text 2"] and bench.dispatcher.up("sim") and bench.idle
    assert bench.dispatcher.down_for("sim") == 0 and not bench.store.changes(Requeue)


def test_a_suspended_connector_lets_the_refused_message_go():
    bench = two(statuses={0x0D: rule("suspend")})
    only(bench, "sim", 0x0D)
    bench.send(message(1), message(2))
    bench.pump()
    assert [bench.store.state(number) for number in (1, 2)] == [State.SENT, State.SENT]
    assert all(change.left == "sim" for change in bench.store.changes(Requeue))
    assert not bench.dispatcher.up("sim") and bench.dispatcher.up("other")


def test_draining_forgets_a_suspension():
    bench = Bench(statuses={0x0D: rule("suspend")}).start()
    bench.smsc.script = lambda pdu: 0x0D
    bench.send(message(1))
    bench.pump()
    done = bench.dispatcher.drain(5)
    bench.pump()
    assert done.called and not [call for call in bench.reactor.getDelayedCalls() if call.active()]


# ---------------------------------------------------------------------------------------------------- giving up


def test_down_for_counts_from_the_last_bind():
    bench = Bench(binds=2)
    bench.network.refuse = True
    bench.start()
    bench.advance(3)
    assert bench.dispatcher.down_for("sim") == pytest.approx(3, abs=0.1)
    bench.network.refuse = False
    bench.advance(10)
    assert bench.dispatcher.down_for("sim") == 0
    bench.network.wires[0].cut()
    bench.pump()
    assert bench.dispatcher.down_for("sim") == 0
    bench.network.refuse = True
    bench.network.cut()
    bench.advance(2)
    assert 1.5 < bench.dispatcher.down_for("sim") < 3.5
    assert bench.dispatcher.down_for("nobody's") == float("inf")


@pytest.mark.parametrize(("policy", "given"), [("resend", True), ("wait", False), ("fail", False)])
def test_what_may_have_arrived_is_given_up_only_where_it_would_be_sent_again(policy, given):
    bench = Bench(unknown_outcome=policy).start()
    bench.smsc.script = lambda pdu: DROP
    bench.network.refuse = True
    bench.send(message(1))
    bench.pump()
    assert not bench.dispatcher.withdraw(1, "sim") or policy != "resend"
    waits = bench.store.state(1) is State.QUEUED
    assert waits is given
    if given:
        assert bench.dispatcher.give_up(1, "sim") and not bench.dispatcher.give_up(1, "sim")


def test_given_up_messages_are_gone_or_come_back():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2), message(3))
    bench.pump()
    assert not bench.dispatcher.give_up(1, "sim")  # it is out
    assert bench.dispatcher.give_up(2, "sim") and bench.dispatcher.give_up(3, "sim")
    bench.store.messages[2].connector = "other"
    bench.dispatcher.gone([2], "sim")
    bench.dispatcher.restore(bench.store.messages[3])
    bench.dispatcher.gone([5], "nobody's")
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3"] and bench.idle
    assert bench.dispatcher.give_up(9, "nobody's")


def test_a_page_read_meanwhile_brings_nothing_back():
    bench = Bench(queue_capacity=4, session={"window": 1})
    bench.store.keep(*(message(number) for number in range(1, 21)))
    assert all(bench.dispatcher.give_up(number, "sim") for number in range(11, 21))
    bench.start()
    for number in range(11, 21):
        bench.store.messages[number].connector = "other"
    bench.dispatcher.gone(range(11, 21), "sim")
    for _ in range(20):
        bench.pump()
    assert bench.smsc.texts == [f"text {number}" for number in range(1, 11)] and bench.idle


def test_what_waits_for_a_link_that_is_down_does_not_count_as_ready():
    """It would slow what comes in, for as long as the carrier is away."""
    bench = Bench(reconnect_min_s=60.0, reconnect_max_s=60.0).start()
    bench.network.cut()
    bench.advance(0.1)
    assert not bench.dispatcher.up("sim")
    bench.send(*(message(number) for number in range(1, 6)))
    bench.pump()
    assert bench.dispatcher.status()[0].ready == 5 and bench.dispatcher.ready() == 0
    assert bench.dispatcher.flows() == {"sim": (5, 0)}
