"""What operators do to a connector while it runs: pause, stop, start, bind anew, other limits."""

import pytest

from smsgwd.delivery.trouble import rule
from smsgwd.model.message import State
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import SubmitSmResp
from tests.southbound.fakes import MUTE, Bench, message, settings


def status(bench):
    return bench.dispatcher.status()[0]


def answer_all(bench, first=0):
    for pdu in bench.smsc.submits[first:]:
        bench.smsc.answer(bench.smsc.connections[-1], pdu, 0)
    bench.pump()


def numbers(bench):
    return [int(text.split()[-1]) for text in bench.smsc.texts]


# ---------------------------------------------------------------------------------------------------- pause


def test_paused_it_sends_nothing_takes_receipts_and_is_not_up():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.pause("sim")
    bench.send(message(2), message(3))
    bench.advance(7)
    assert numbers(bench) == [1]
    assert not bench.dispatcher.up("sim") and bench.dispatcher.down_for("sim") == pytest.approx(7)
    assert (status(bench).state, status(bench).binds[0].state) == ("paused", "bound")
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED
    bench.dispatcher.resume("sim")
    bench.pump()
    assert numbers(bench) == [1, 2, 3] and bench.dispatcher.down_for("sim") == 0
    assert status(bench).state == "on" and bench.idle


def test_a_pause_before_the_start_holds_from_the_start_on():
    bench = Bench()
    bench.store.keep(message(1))
    bench.dispatcher.pause("sim")
    bench.pump()
    assert bench.network.attempts == 0
    bench.start()
    assert status(bench).binds[0].state == "bound" and numbers(bench) == []
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert numbers(bench) == [1]


def test_what_is_out_is_answered_in_a_pause_and_what_is_to_go_again_waits():
    bench = Bench(throughput=100).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    bench.dispatcher.pause("sim")
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[1], 0x14)
    bench.advance(5)
    assert bench.store.state(1) is State.SENT and len(bench.smsc.submits) == 2
    bench.smsc.script = lambda pdu: 0
    bench.dispatcher.resume("sim")
    bench.advance(5)
    assert numbers(bench) == [1, 2, 2] and bench.idle


def test_parts_of_a_message_that_has_begun_still_go():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1, body=b"x" * 200, parts=2), message(2))
    bench.pump()
    bench.dispatcher.pause("sim")
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.advance(1)
    assert len(bench.smsc.submits) == 2 and bench.store.state(1) is State.SENT


def test_resume_ends_a_suspension():
    bench = Bench(suspend_s=600, statuses={0x0F: rule("suspend")}).start()
    bench.smsc.script = lambda pdu: 0x0F
    bench.send(message(1))
    bench.pump()
    assert status(bench).suspended_s > 590
    bench.smsc.script = lambda pdu: 0
    bench.dispatcher.resume("sim")
    bench.pump()
    assert status(bench).suspended_s == 0 and bench.store.state(1) is State.SENT
    bench.smsc.script = lambda pdu: 0x0F
    bench.send(message(2))
    bench.pump()
    assert status(bench).suspended_s > 590  # the next one is as long as ever


def test_a_suspension_that_ends_does_not_end_the_pause():
    bench = Bench(suspend_s=10, statuses={0x0F: rule("suspend")}).start()
    bench.smsc.script = lambda pdu: 0x0F
    bench.send(message(1))
    bench.pump()
    assert status(bench).suspended_s > 9
    bench.smsc.script = lambda pdu: 0
    bench.dispatcher.pause("sim")
    bench.advance(20)
    assert len(bench.smsc.submits) == 1 and not bench.dispatcher.up("sim")
    assert bench.dispatcher.down_for("sim") == pytest.approx(20, abs=0.1)


# ---------------------------------------------------------------------------------------------------- stop, start


def test_stopped_it_has_its_answers_and_unbinds():
    bench = Bench(session={"window": 3}, queue_capacity=4).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 21)))
    bench.pump()
    done = bench.dispatcher.stop("sim")
    bench.advance(2)
    assert not done.called and status(bench).state == "stopped" and not bench.dispatcher.up("sim")
    answer_all(bench)
    assert done.called and bench.smsc.open == 0 and len(bench.smsc.submits) == 3
    bench.send(*(message(number) for number in range(21, 31)))
    bench.advance(100, step=1)
    assert bench.network.attempts == 1
    bench.smsc.script = lambda pdu: 0
    bench.dispatcher.start_one("sim")
    bench.pump()
    for _ in range(20):
        bench.pump()
    assert numbers(bench) == list(range(1, 31)) and bench.idle
    assert status(bench).binds_lost == 0


def test_stopped_what_never_is_answered_is_unknown_after_ten_seconds():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    done = bench.dispatcher.stop("sim")
    bench.advance(9.9)
    assert not done.called
    bench.advance(0.2)
    assert done.called and bench.smsc.open == 0 and status(bench).unknown == 1
    bench.smsc.script = lambda pdu: 0
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert numbers(bench) == [1, 1] and bench.idle  # policy resend


def test_started_again_before_it_has_stopped():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    done = bench.dispatcher.stop("sim")
    bench.dispatcher.start_one("sim")
    assert done.called
    bench.send(message(2))
    bench.pump()
    assert numbers(bench) == [1, 2] and bench.network.attempts == 1
    answer_all(bench)
    bench.advance(20)
    assert bench.idle and bench.smsc.open == 1 and len(bench.smsc.submits) == 2


def test_started_again_while_it_unbinds_it_binds_at_once():
    bench = Bench().start()
    bench.dispatcher.stop("sim")
    assert status(bench).binds[0].state == "closing"
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert (len(bench.smsc.binds), bench.smsc.open, bench.smsc.most_open) == (2, 1, 1)
    bench.send(message(1))
    bench.pump()
    assert bench.store.state(1) is State.SENT


@pytest.mark.parametrize("trouble", ["refuse", "silent"])
def test_stopped_while_it_cannot_connect(trouble):
    bench = Bench()
    setattr(bench.network, trouble, True)
    bench.start()
    done = bench.dispatcher.stop("sim")
    bench.pump()
    assert done.called and status(bench).binds[0].state == "stopped"
    setattr(bench.network, trouble, False)
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert bench.dispatcher.up("sim")


def test_a_stop_before_the_start_holds_from_the_start_on():
    bench = Bench()
    bench.store.keep(message(1))
    bench.dispatcher.stop("sim")
    bench.start()
    bench.advance(60, step=1)
    assert bench.network.attempts == 0
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert numbers(bench) == [1]


def test_stopped_twice_and_then_the_gateway():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    done = [bench.dispatcher.stop("sim"), bench.dispatcher.stop("sim"), bench.dispatcher.drain(3)]
    bench.advance(2.9)
    assert not any(each.called for each in done)
    bench.advance(0.2)
    assert all(each.called for each in done) and bench.smsc.open == 0


def test_reading_fails_while_it_stops_and_it_reads_again_when_it_starts():
    bench = Bench()
    bench.store.keep(*(message(number) for number in range(1, 6)))
    bench.store.read_fails = 1
    bench.start()
    bench.dispatcher.stop("sim")
    bench.pump()
    bench.dispatcher.start_one("sim")
    bench.pump()
    assert numbers(bench) == [1, 2, 3, 4, 5]


def test_nothing_is_started_while_the_gateway_stops():
    bench = Bench().start()
    bench.dispatcher.drain(1)
    bench.pump()
    with pytest.raises(ValueError, match="stopping"):
        bench.dispatcher.start_one("sim")
    with pytest.raises(ValueError, match="stopping"):
        bench.dispatcher.reconfigure([settings()])
    assert bench.smsc.open == 0


# ---------------------------------------------------------------------------------------------------- rebind


def test_one_of_two_binds_is_made_anew_and_the_other_goes_on():
    bench = Bench(binds=2, session={"window": 2}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 5)))
    bench.pump()
    first = bench.connector._binds[0]
    bench.dispatcher.rebind("sim", 0)
    bench.pump()
    assert [bind.state for bind in status(bench).binds] == ["closing", "bound"] and bench.dispatcher.up("sim")
    assert first.outstanding == 2
    bench.smsc.script = lambda pdu: 0
    bench.smsc.connections[1].respond(SubmitSmResp(sequence=2, message_id=b"a"))
    bench.send(message(5))
    bench.pump()
    assert len(bench.smsc.submits) == 5  # the other bind has room again
    for sequence in (2, 3):
        bench.smsc.connections[0].respond(SubmitSmResp(sequence=sequence, message_id=b"b%d" % sequence))
    bench.pump()
    assert [bind.state for bind in status(bench).binds] == ["bound", "bound"]
    assert len(bench.smsc.binds) == 3 and bench.smsc.most_open == 2 and status(bench).unknown == 0


def test_what_a_bind_that_leaves_has_out_and_is_not_answered_goes_again():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.dispatcher.rebind("sim")
    bench.smsc.script = lambda pdu: 0
    bench.advance(16)
    assert numbers(bench) == [1, 1] and status(bench).unknown == 1 and bench.idle


def test_all_binds_are_made_anew_without_a_wait():
    bench = Bench(binds=2, reconnect_min_s=30).start()
    bench.dispatcher.rebind("sim")
    bench.pump()
    assert [bind.state for bind in status(bench).binds] == ["bound", "bound"]
    assert (len(bench.smsc.binds), bench.smsc.open, bench.smsc.most_open) == (4, 2, 2)
    assert status(bench).binds_lost == 0
    bench.network.cut()
    bench.pump()
    assert status(bench).binds_lost == 2
    bench.advance(60, step=1)
    again = status(bench).binds[0]
    assert (again.state, again.lost, again.last_error) == ("bound", 1, "") and again.last_loss


def test_one_that_waits_tries_now():
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: 0x0E
    bench.start()
    assert status(bench).binds[0].state == "waiting"
    bench.smsc.bind_status = lambda pdu: 0
    bench.dispatcher.rebind("sim")
    bench.pump()
    assert bench.dispatcher.up("sim") and len(bench.smsc.binds) == 2


def test_one_that_connects_or_binds_begins_anew():
    bench = Bench()
    bench.network.silent = True
    bench.start()
    bench.network.silent = False
    bench.dispatcher.rebind("sim")
    bench.pump()
    assert bench.dispatcher.up("sim") and bench.network.attempts == 2
    bench = Bench()
    bench.smsc.bind_status = lambda pdu: MUTE
    bench.start()
    assert status(bench).binds[0].state == "binding"
    bench.smsc.bind_status = lambda pdu: 0
    bench.dispatcher.rebind("sim")
    bench.pump()
    assert bench.dispatcher.up("sim") and bench.smsc.most_open == 1


def test_a_stopped_one_is_not_bound_by_a_rebind():
    bench = Bench().start()
    bench.dispatcher.stop("sim")
    bench.pump()
    bench.dispatcher.rebind("sim")
    bench.advance(10)
    assert bench.smsc.open == 0


def test_what_there_is_not():
    bench = Bench().start()
    control = bench.dispatcher
    for call in (control.pause, control.resume, control.stop, control.start_one, control.rebind, control.settings):
        with pytest.raises(ValueError, match="there is no connector nope; there are: sim"):
            call("nope")
    with pytest.raises(ValueError, match="no bind 1"):
        control.rebind("sim", 1)


# ---------------------------------------------------------------------------------------------------- limits


def test_another_window_counts_on_bound_sessions():
    bench = Bench(session={"window": 2}, server={"inbound_limit": 0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 21)))
    bench.pump()
    assert len(bench.smsc.submits) == 2
    bench.dispatcher.set_limits("sim", window=5)
    bench.pump()
    assert len(bench.smsc.submits) == 5
    bench.dispatcher.set_limits("sim", window=3)
    for pdu in bench.smsc.submits[:2]:
        bench.smsc.answer(bench.smsc.connections[0], pdu, 0)
    bench.pump()
    assert len(bench.smsc.submits) == 5
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[2], 0)
    bench.pump()
    assert len(bench.smsc.submits) == 6
    assert (status(bench).window, status(bench).binds[0].window) == (3, 3)


def test_another_window_counts_for_a_session_that_is_being_made():
    bench = Bench(session={"window": 2})
    bench.dispatcher.start()
    bench.dispatcher.set_limits("sim", window=4)
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 21)))
    bench.pump()
    assert len(bench.smsc.submits) == 4


def test_another_rate_counts_at_once():
    bench = Bench().start()
    bench.dispatcher.set_limits("sim", throughput=5)
    bench.send(*(message(number) for number in range(1, 101)))
    bench.advance(4)
    sent = len(bench.smsc.submits)
    assert 20 <= sent <= 26 and status(bench).rate == 5 and status(bench).throughput == 5
    bench.dispatcher.set_limits("sim", throughput=20)
    bench.advance(2)
    assert sent + 38 <= len(bench.smsc.submits) <= sent + 62
    bench.dispatcher.set_limits("sim", throughput=0)
    for _ in range(10):
        bench.pump()
    assert len(bench.smsc.submits) == 100 and bench.idle


def test_a_lower_rate_holds_where_the_smsc_asked_to_slow_down():
    bench = Bench().start()
    answers = iter([0x58])
    bench.smsc.script = lambda pdu: next(answers, 0)
    bench.send(message(1))
    bench.advance(5)
    assert status(bench).rate > 0
    bench.dispatcher.set_limits("sim", throughput=0.5)
    assert status(bench).rate <= 0.5


# ---------------------------------------------------------------------------------------------------- figures


def test_what_is_counted_for_operators():
    bench = Bench().start()
    answers = iter([0, 0x0B, 0x0B, 0x45])
    bench.smsc.script = lambda pdu: next(answers)
    bench.send(*(message(number) for number in range(1, 5)))
    bench.reactor.advance(0.02)
    bench.pump()
    shown = status(bench)
    assert (shown.sent, shown.refused) == (1, 3)
    assert dict(shown.errors)["ESME_RINVDSTADR"] == 2 and shown.errors[0] == ("ESME_RINVDSTADR", 2)


def test_how_long_answers_take():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    for number in range(1, 40):
        bench.send(message(number))
        bench.pump()
        bench.reactor.advance(0.04)
        answer_all(bench, number - 1)
    assert status(bench).answer_ms == pytest.approx(40, abs=1)
    for number in range(40, 300):
        bench.send(message(number))
        bench.pump()
        bench.reactor.advance(0.01)
        answer_all(bench, number - 1)
    assert status(bench).answer_ms == pytest.approx(10, abs=1)
