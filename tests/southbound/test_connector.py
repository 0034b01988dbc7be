"""The connector between a scripted SMSC and a store whose commits fire when the test wants; no time but the clock's."""

import pytest
from twisted.internet.defer import Deferred

from smsgwd.delivery.trouble import rule
from smsgwd.model.changes import Cancel, Fail, GiveUp, Note, PartSent, Requeue, TakeReceipt
from smsgwd.model.message import State
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import DeliverSm, SubmitSmResp
from tests.southbound.fakes import DROP, MUTE, Bench, message, settings


def fired(done):
    return done.called and not done.paused


def test_a_message_is_sent_and_its_receipt_moves_it_on():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    (pdu,) = bench.smsc.submits
    assert pdu.short_message == b"text 1" and pdu.registered_delivery == 1
    assert bench.store.state(1) is State.SENT
    assert bench.idle
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED
    assert bench.smsc.answers == [("1", 0)]
    assert [item.type for item in bench.outbox.items] == ["message.delivered"]


def test_what_the_store_has_at_start_is_sent_in_order_of_priority_and_id():
    bench = Bench(session={"window": 1})
    bench.store.keep(message(3), message(1), message(2, priority=3), message(4, priority=0))
    bench.start()
    assert bench.smsc.texts == ["text 2", "text 1", "text 3", "text 4"]
    assert bench.idle


def test_a_large_backlog_goes_through_pages_once_each():
    bench = Bench(queue_capacity=50, session={"window": 10})
    bench.store.keep(*(message(number) for number in range(1, 501)))
    bench.start()
    most = 0
    for _ in range(200):
        bench.pump()
        most = max(most, len(bench.connector._queue))
        if len(bench.smsc.submits) == 500:
            break
    assert bench.smsc.texts == [f"text {number}" for number in range(1, 501)]
    assert most <= 50 and bench.idle


def test_the_window_is_never_exceeded():
    bench = Bench(session={"window": 7}, server={"inbound_limit": 0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 51)))
    bench.pump()
    assert len(bench.smsc.submits) == 7
    assert bench.dispatcher.in_flight() == frozenset(range(1, 8))
    status = bench.dispatcher.status()[0]
    assert (status.ready, status.in_flight, status.binds[0].window_used, status.up) == (43, 7, 7, True)


def test_one_commit_a_turn_for_all_connectors():
    bench = Bench(settings(id="other", group="other", session={"window": 50}), session={"window": 50}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number, connector="sim" if number % 2 else "other") for number in range(1, 41)))
    bench.pump()
    for connection in bench.smsc.connections:
        for sequence in range(2, 22):
            connection.respond(SubmitSmResp(sequence=sequence, message_id=b"%d" % sequence))
    bench.reactor.advance(0)
    before = bench.store.commits
    for wire in bench.network.wires:  # both connectors read in the same turn
        wire.left.protocol.dataReceived(wire.right.take())
    bench.reactor.advance(0)
    assert bench.store.commits - before == 1
    bench.pump()
    assert len(bench.store.batches) == 1 and len(bench.store.changes(PartSent)) == 40


def test_messages_stay_out_until_their_result_is_durable():
    bench = Bench().start()
    bench.store.hold = True
    bench.send(message(1))
    bench.pump()
    assert bench.dispatcher.in_flight() == {1}
    assert not bench.dispatcher.withdraw(1, "sim")
    bench.store.release()
    assert bench.dispatcher.in_flight() == frozenset() and bench.idle


def test_a_message_whose_validity_ended_is_left_to_the_sweep():
    bench = Bench().start()
    bench.send(message(1, deadline=bench.clock.now_ms()), message(2))
    bench.pump()
    assert bench.smsc.texts == ["text 2"]
    assert bench.store.state(1) is State.QUEUED and bench.idle


# ---------------------------------------------------------------------------------------------------- receipts


def test_a_receipt_before_its_response_is_parked_and_applied():
    bench = Bench().start()

    def script(pdu):
        bench.smsc.receipt("ABC", MessageState.DELIVERED)
        return MUTE

    bench.smsc.script = script
    bench.send(message(1))
    bench.pump()
    assert bench.store.parked and bench.smsc.answers == [("ABC", 0)]
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], "abc")
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and bench.idle
    assert [item.state for item in bench.outbox.items] == [State.DELIVERED]


def test_a_receipt_on_another_bind_of_the_account():
    bench = Bench(settings(id="other", system_id=b"gw2"), binds=2).start()
    bench.send(message(1))
    bench.pump()
    for bind in range(3):
        bench.smsc.receipt("1", MessageState.DELIVERED, bind=bind)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED
    assert [change.receipt.connector for change in bench.store.changes(TakeReceipt)].count("other") == 1


def test_a_receipt_is_answered_only_when_it_is_durable():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.store.hold = True
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.smsc.answers == []
    bench.store.release()
    bench.pump()
    assert bench.smsc.answers == [("1", 0)]


def test_receipts_of_a_failed_commit_are_given_back_to_the_smsc():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.store.broken = True
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.smsc.answers == [("1", 0x08)]
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.smsc.answers[1:] == [("1", 0x08)]  # at once, the store is known to be down
    bench.store.broken = False
    bench.store.healthy = True
    bench.advance(1.1)
    bench.smsc.receipt("1", MessageState.UNDELIVERABLE)
    bench.pump()
    assert bench.smsc.answers[2:] == [("1", 0)]
    assert bench.store.state(1) is State.UNDELIVERED


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (MessageState.DELIVERED, State.DELIVERED),
        (MessageState.EXPIRED, State.EXPIRED),
        (MessageState.DELETED, State.CANCELLED),
        (MessageState.UNDELIVERABLE, State.UNDELIVERED),
        (MessageState.REJECTED, State.REJECTED),
        (MessageState.ENROUTE, State.SENT),
        (MessageState.ACCEPTED, State.SENT),
        (MessageState.UNKNOWN, State.SENT),
    ],
)
def test_states_of_receipts(state, expected):
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.smsc.receipt("1", state)
    bench.pump()
    assert bench.store.state(1) is expected
    assert bench.smsc.answers == [("1", 0)]


def test_accepted_may_mean_delivered():
    bench = Bench(stat_words={"ACCEPTD": MessageState.DELIVERED}).start()
    bench.send(message(1))
    bench.pump()
    bench.smsc.receipt("1", MessageState.ACCEPTED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED


def test_an_intermediate_receipt_ends_nothing():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.smsc.receipt("1", MessageState.DELIVERED, intermediate=True)
    bench.pump()
    assert bench.store.state(1) is State.SENT
    (change,) = bench.store.changes(TakeReceipt)
    assert change.receipt.state is None and change.receipt.msisdn == "306912345678"


def test_a_subscribers_message_is_not_acknowledged_and_an_unreadable_receipt_is():
    bench = Bench().start()
    bench.smsc.deliver(DeliverSm(source_addr=b"30691", destination_addr=b"54001", short_message=b"STOP"), "mo")
    bench.smsc.deliver(DeliverSm(esm_class=0x04, short_message=b"nothing useful"), "unreadable")
    bench.pump()
    assert dict(bench.smsc.answers) == {"mo": 0x64, "unreadable": 0}
    assert bench.connector._incoming.mo_unrouted == 1 and bench.connector._incoming.unreadable == 1
    assert not bench.store.changes(TakeReceipt)


def test_too_many_receipts_awaiting_their_commit_stop_the_reading():
    bench = Bench(server={"window": 3000}).start()
    bench.store.hold = True
    for number in range(1500):
        bench.smsc.receipt(str(number), MessageState.DELIVERED)
    bench.pump()
    wire = bench.network.wires[0]
    assert not wire.left.reading
    bench.store.hold = False
    bench.store.release()
    bench.pump()
    assert wire.left.reading and len(bench.smsc.answers) == 1500


# ---------------------------------------------------------------------------------------------------- refusals


def test_a_permanent_refusal_rejects():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x0B
    bench.send(message(1))
    bench.pump()
    (change,) = bench.store.changes(Fail)
    assert (change.error.code, change.error.smpp_status, change.error.detail) == (
        "smsc_rejected",
        0x0B,
        "ESME_RINVDSTADR",
    )
    assert bench.store.state(1) is State.REJECTED and bench.idle
    assert bench.dispatcher.status()[0].refused == 1


def test_a_temporary_refusal_is_retried_later():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x08
    bench.send(message(1))
    bench.pump()
    (change,) = bench.store.changes(Requeue)
    now = bench.clock.now_ms()
    assert change.counts and now + 2500 <= change.due_at <= now + 5000
    assert bench.store.state(1) is State.WAITING and bench.idle
    bench.smsc.script = lambda pdu: 0
    found = bench.store.messages[1]
    found.state = State.QUEUED  # what the sweep does when it is due
    bench.dispatcher.offer([found])
    bench.pump()
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_retry_beyond_validity_waits_for_its_end():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x08
    deadline = bench.clock.now_ms() + 1000
    bench.send(message(1, deadline=deadline))
    bench.pump()
    assert bench.store.changes(Requeue)[0].due_at == deadline


def test_statuses_can_be_given_another_meaning():
    bench = Bench(statuses={0x400: rule("retry"), 0x08: rule("fail")}).start()
    answers = iter([0x400, 0x08])
    bench.smsc.script = lambda pdu: next(answers)
    bench.send(message(1), message(2))
    bench.pump()
    assert bench.store.state(1) is State.WAITING and bench.store.state(2) is State.REJECTED


def test_throttling_pauses_keeps_the_order_and_counts_no_attempt():
    bench = Bench(session={"window": 4}, adaptive_rate=False).start()
    bench.smsc.script = lambda pdu: 0x58
    bench.send(*(message(number) for number in range(1, 9)))
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 2", "text 3", "text 4"]
    bench.advance(0.9)
    assert len(bench.smsc.submits) == 4
    bench.smsc.script = lambda pdu: 0
    bench.advance(0.2)
    assert bench.smsc.texts[4:] == [f"text {number}" for number in range(1, 9)]
    assert not bench.store.changes(Requeue) and not bench.store.changes(Note)
    assert bench.idle


def test_throttling_counts_no_attempt_of_one_that_was_tried_before():
    bench = Bench(session={"window": 4}).start()
    answers = iter([0x58, 0])
    bench.smsc.script = lambda pdu: next(answers)
    bench.send(message(1, attempts=1))
    bench.advance(3)
    assert bench.smsc.texts == ["text 1", "text 1"] and bench.store.state(1) is State.SENT
    assert not bench.store.changes(Requeue) and bench.idle


def test_throttling_doubles_to_ten_seconds_and_a_success_resets_it():
    bench = Bench(session={"window": 1}, adaptive_rate=False).start()
    bench.smsc.script = lambda pdu: 0x58
    bench.send(message(1), message(2))
    bench.pump()
    pauses = []
    for _ in range(6):
        start = bench.reactor.seconds()
        count = len(bench.smsc.submits)
        while len(bench.smsc.submits) == count:
            bench.advance(0.1)
        pauses.append(round(bench.reactor.seconds() - start))
    assert pauses == [1, 2, 4, 8, 10, 10]
    bench.smsc.script = lambda pdu: 0 if pdu.short_message == b"text 1" else 0x58
    bench.advance(10.5)
    count = len(bench.smsc.submits)
    bench.advance(1.2)
    assert len(bench.smsc.submits) > count  # the pause is one second again


def test_a_full_queue_of_the_smsc_pauses_longer():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x14
    bench.send(message(1))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    bench.advance(4.8)
    assert len(bench.smsc.submits) == 1
    bench.advance(0.4)
    assert bench.store.state(1) is State.SENT


def test_rebind_puts_the_message_back_and_binds_anew():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x04
    bench.send(message(1))
    bench.pump()
    assert len(bench.smsc.binds) == 1 and bench.smsc.open == 0
    assert not bench.store.changes(Requeue)
    bench.smsc.script = lambda pdu: 0
    bench.advance(1.0)
    assert len(bench.smsc.binds) == 2 and bench.smsc.most_open == 1
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_message_that_cannot_be_put_into_pdus_is_refused():
    bench = Bench().start()
    bench.send(message(1, source="twelve chars"), message(2))
    bench.pump()
    assert bench.store.state(1) is State.REJECTED and bench.store.state(2) is State.SENT
    (change,) = bench.store.changes(Fail)
    assert change.error.code == "not_encodable" and "source_addr" in change.error.detail
    assert bench.idle


# ---------------------------------------------------------------------------------------------------- unknown outcomes


def test_a_link_that_drops_in_mid_window_sends_again_in_order():
    bench = Bench(session={"window": 5}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 11)))
    bench.pump()
    assert len(bench.smsc.submits) == 5
    bench.smsc.script = lambda pdu: 0
    bench.network.cut()
    bench.pump()
    assert len(bench.store.changes(Note)) == 5
    bench.advance(1.0)
    assert bench.smsc.texts[5:] == [f"text {number}" for number in range(1, 11)]
    assert bench.idle and bench.connector.counts.unknown == 5
    assert all(note.type == "outcome_unknown" for note in bench.store.changes(Note))


def test_the_order_is_kept_when_another_bind_takes_over():
    bench = Bench(binds=2, session={"window": 4}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 13)))
    bench.pump()
    first = bench.smsc.submits[:4]
    assert [pdu.short_message for pdu in first] == [b"text 1", b"text 2", b"text 3", b"text 4"]
    bench.smsc.script = lambda pdu: 0
    for pdu in bench.smsc.submits[4:]:
        bench.smsc.connections[1].respond(SubmitSmResp(sequence=pdu.sequence, message_id=b"x%d" % pdu.sequence))
    bench.network.wires[0].cut()
    bench.pump()
    assert bench.smsc.texts[8:12] == ["text 1", "text 2", "text 3", "text 4"]
    assert bench.idle


def test_no_answer_in_time_sends_again():
    bench = Bench(session={"response": 5.0}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    bench.advance(5.2)
    assert bench.smsc.texts == ["text 1", "text 1"] and bench.store.state(1) is State.SENT and bench.idle
    assert bench.smsc.open == 1


def test_a_late_answer_is_counted_and_harms_nobody():
    bench = Bench(session={"response": 5.0}, unknown_outcome="fail").start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.advance(5.2)
    assert bench.store.state(1) is State.UNKNOWN
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()
    assert bench.connector.counts.late == 1 and bench.idle


def test_a_late_answer_finds_its_message_waiting_to_be_sent_again():
    """Postponed, or left to the store and read again, it waits as another object than the one that was answered."""
    bench = Bench(session={"response": 5.0, "window": 2}).start()
    bench.smsc.script = lambda pdu: MUTE if pdu.short_message == b"text 1" else 0
    bench.send(message(1))
    for number in range(2, 8):  # others are answered: the link is not taken for dead
        bench.send(message(number))
        bench.advance(2.6)
    assert bench.store.state(1) is State.WAITING
    first = next(pdu for pdu in bench.smsc.submits if pdu.short_message == b"text 1")
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(8), message(9))
    bench.pump()  # the window is full
    bench.store.messages[1].state = State.QUEUED
    bench.dispatcher.offer((bench.store.messages[1],))
    sent = bench.smsc.texts.count("text 1")
    bench.smsc.answer(bench.smsc.connections[0], first, 0)
    bench.pump()
    assert bench.store.state(1) is State.SENT
    bench.smsc.script = lambda pdu: 0
    bench.advance(12)
    assert bench.smsc.texts.count("text 1") == sent and bench.idle


def test_policy_fail_gives_up():
    bench = Bench(unknown_outcome="fail").start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.network.cut()
    bench.advance(2)
    (change,) = bench.store.changes(GiveUp)
    assert change.error.code == "outcome_unknown"
    assert bench.store.state(1) is State.UNKNOWN and len(bench.smsc.submits) == 1 and bench.idle


def test_policy_wait_counts_as_sent():
    bench = Bench(unknown_outcome="wait").start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.network.cut()
    bench.advance(2)
    assert bench.store.state(1) is State.SENT and len(bench.smsc.submits) == 1 and bench.idle
    assert bench.store.changes(PartSent)[0].smsc_id == "?1.1"
    assert bench.store.changes(Note)


def test_a_message_that_kills_the_link_is_postponed_at_the_third_time():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: DROP if pdu.short_message == b"text 1" else 0
    bench.send(message(1), message(2))
    bench.advance(10)
    assert bench.smsc.texts == ["text 1"] * 3 + ["text 2"]
    assert bench.store.state(1) is State.WAITING and bench.store.state(2) is State.SENT
    assert bench.store.changes(Requeue)[0].error.code == "outcome_unknown" and bench.idle


def test_a_reset_of_the_count_when_an_answer_came_between():
    bench = Bench(session={"window": 1, "response": 2.0}).start()
    answers = iter([MUTE, MUTE, 0x08, MUTE, MUTE, 0])
    bench.smsc.script = lambda pdu: next(answers)
    bench.send(message(1))
    bench.advance(12)
    assert bench.store.state(1) is State.WAITING
    found = bench.store.messages[1]
    found.state = State.QUEUED
    bench.dispatcher.offer([found])
    bench.advance(12)
    assert bench.store.state(1) is State.SENT and len(bench.store.changes(Requeue)) == 1


# ---------------------------------------------------------------------------------------------------- store trouble


def test_a_failed_commit_is_kept_and_tried_until_it_works():
    bench = Bench(session={"window": 5}).start()
    bench.store.broken = True
    bench.send(*(message(number) for number in range(1, 31)))
    bench.pump()
    sent = len(bench.smsc.submits)
    assert sent < 30  # bounded by what was under way when the store failed
    bench.advance(10)
    assert len(bench.smsc.submits) == sent and bench.smsc.open == 1
    assert bench.store.batches == []
    bench.store.broken = False
    bench.advance(2.1)
    assert len(bench.smsc.submits) == 30  # none twice
    assert all(bench.store.state(number) is State.SENT for number in range(1, 31)) and bench.idle


def test_a_store_that_is_down_before_anything_was_sent_holds_everything():
    bench = Bench().start()
    bench.store.healthy = False
    bench.send(message(1))
    bench.advance(5)
    assert bench.smsc.submits == []
    bench.store.healthy = True
    bench.advance(1.1)
    assert bench.store.state(1) is State.SENT


def test_one_poisoned_change_does_not_keep_the_others():
    bench = Bench(session={"window": 20}).start()
    bench.store.poison = Fail
    bench.smsc.script = lambda pdu: 0x0B if pdu.short_message == b"text 3" else 0
    bench.send(*(message(number) for number in range(1, 6)))
    bench.pump()
    assert [bench.store.state(number) for number in (1, 2, 4, 5)] == [State.SENT] * 4
    assert bench.idle


def test_a_queue_that_cannot_be_read_is_read_later():
    bench = Bench()
    bench.store.keep(message(1))
    bench.store.read_fails = 2
    bench.start()
    assert not bench.smsc.submits
    bench.advance(2.2)
    assert bench.store.state(1) is State.SENT


# ---------------------------------------------------------------------------------------------------- rate


def test_parts_a_second():
    bench = Bench(throughput=10.0, burst=5.0, session={"window": 100}).start()
    bench.send(*(message(number) for number in range(1, 101)))
    bench.pump()
    assert len(bench.smsc.submits) == 5
    bench.advance(2.0)
    assert 24 <= len(bench.smsc.submits) <= 26
    bench.advance(3.0)
    assert 54 <= len(bench.smsc.submits) <= 56


def test_the_rate_holds_over_all_binds_and_counts_parts():
    bench = Bench(throughput=10.0, burst=1.0, binds=3, session={"window": 100}).start()
    text = ("a" * 400).encode()
    bench.send(*(message(number, body=text, parts=3) for number in range(1, 11)))
    bench.advance(3.0)
    assert 27 <= len(bench.smsc.submits) <= 36


# ---------------------------------------------------------------------------------------------------- many parts

LONG = ("0123456789" * 40).encode()  # 400 characters: three parts


def long_message(number, **changes):
    return message(number, body=LONG, parts=3, **changes)


def test_parts_go_back_to_back_on_one_bind():
    bench = Bench(binds=2, session={"window": 10}).start()
    places = []
    bench.smsc.script = lambda pdu: places.append(pdu.short_message[:6]) or 0
    bench.send(*(long_message(number) for number in range(1, 5)))
    bench.pump()
    refs = [place[3] for place in places]
    assert [place[5] for place in places] == [1, 2, 3] * 4
    assert len(set(refs)) == 4 and all(len(set(refs[at : at + 3])) == 1 for at in range(0, 12, 3))
    assert all(bench.store.state(number) is State.SENT for number in range(1, 5)) and bench.idle


def test_a_message_larger_than_the_window():
    bench = Bench(session={"window": 2}).start()
    bench.send(message(1), long_message(2), message(3))
    bench.pump()
    assert [pdu.esm_class for pdu in bench.smsc.submits] == [0, 0x40, 0x40, 0x40, 0]
    assert all(bench.store.state(number) is State.SENT for number in (1, 2, 3)) and bench.idle


def test_one_part_refused_for_good_breaks_the_message():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x0B if pdu.short_message[5] == 2 else 0
    bench.send(long_message(1))
    bench.pump()
    assert bench.store.state(1) is State.UNDELIVERED  # the others were taken
    assert bench.store.changes(Fail)[0].part == 2 and bench.idle


def test_a_refusal_waits_for_the_parts_that_are_still_out():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x0B if pdu.short_message[5] == 1 else MUTE
    bench.send(long_message(1))
    bench.pump()
    assert not bench.store.changes(Fail)
    bench.store.hold = True
    for pdu in bench.smsc.submits[1:]:
        bench.smsc.answer(bench.smsc.connections[0], pdu, 0)
    bench.pump()
    bench.store.hold = False
    assert not bench.store.changes(Fail)  # taken parts are not durable yet
    bench.store.release()
    bench.pump()
    assert bench.store.state(1) is State.UNDELIVERED and bench.idle


def test_only_the_parts_that_were_not_taken_are_sent_again():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x08 if pdu.short_message[5] == 2 else 0
    bench.send(long_message(1))
    bench.pump()
    assert bench.store.state(1) is State.WAITING
    ref = bench.smsc.submits[0].short_message[3]
    bench.smsc.script = lambda pdu: 0
    found = bench.store.messages[1]
    found.state = State.QUEUED
    again = Bench()  # a restart: only the store is the same
    again.store.messages, again.store.parts = bench.store.messages, bench.store.parts
    again.start()
    (pdu,) = again.smsc.submits
    assert (pdu.short_message[5], pdu.short_message[3]) == (2, ref)
    assert again.store.state(1) is State.SENT and again.idle


@pytest.mark.parametrize("told", [True, False])
def test_a_retry_leaves_out_the_parts_that_were_taken(told):
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x08 if pdu.short_message[5] == 2 else 0
    bench.send(long_message(1))
    bench.pump()
    found = bench.store.messages[1]
    assert found.state is State.WAITING and found.attempts == 1
    found.state = State.QUEUED
    bench.smsc.script = lambda pdu: 0
    if told:
        bench.dispatcher.offer([found], {1: frozenset({1, 3})})
    else:
        bench.store.read_fails = 1
        bench.dispatcher.offer([found])
    bench.advance(1.1)
    assert [pdu.short_message[5] for pdu in bench.smsc.submits] == [1, 2, 3, 2]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_throttled_part_is_sent_again_alone():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: 0x58 if pdu.short_message[5] == 3 else 0
    bench.send(long_message(1))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    bench.advance(1.1)
    assert [pdu.short_message[5] for pdu in bench.smsc.submits] == [1, 2, 3, 3]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_throttled_part_goes_again_when_the_others_are_durable():
    bench = Bench().start()
    bench.store.hold = True
    bench.smsc.script = lambda pdu: 0x58 if pdu.short_message[5] == 3 else 0
    bench.send(long_message(1))
    bench.pump()
    assert bench.dispatcher.in_flight() == {1} and not bench.dispatcher.withdraw(1, "sim")
    bench.smsc.script = lambda pdu: 0
    bench.advance(1.1)
    assert len(bench.smsc.submits) == 3 and bench.dispatcher.in_flight() == {1}
    bench.store.hold = False
    bench.store.release()
    bench.pump()
    assert [pdu.short_message[5] for pdu in bench.smsc.submits] == [1, 2, 3, 3]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_link_lost_between_the_parts():
    bench = Bench(session={"window": 2}).start()
    bench.smsc.script = lambda pdu: 0 if pdu.short_message[5] == 1 else MUTE
    bench.send(long_message(1))
    bench.pump()
    assert [pdu.short_message[5] for pdu in bench.smsc.submits] == [1, 2, 3]
    bench.smsc.script = lambda pdu: 0
    bench.network.cut()
    bench.advance(1.0)
    assert [pdu.short_message[5] for pdu in bench.smsc.submits[3:]] == [2, 3]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_a_link_lost_before_all_parts_were_written():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: DROP if len(bench.smsc.submits) == 2 else 0
    bench.send(long_message(1), message(2))
    bench.advance(2.0)
    assert [pdu.short_message[5] for pdu in bench.smsc.submits[:4]] == [1, 2, 2, 3]
    assert bench.store.state(1) is State.SENT and bench.store.state(2) is State.SENT and bench.idle


def test_receipts_of_parts_make_one_result():
    bench = Bench().start()
    bench.send(long_message(1))
    bench.pump()
    for number in ("3", "1"):
        bench.smsc.receipt(number, MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.SENT
    bench.smsc.receipt("2", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and len(bench.outbox.items) == 1


def test_a_message_that_is_final_already_is_not_sent_on():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(long_message(1))
    bench.pump()
    bench.store.messages[1].state = State.UNDELIVERED  # a receipt of part 1 said so
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.smsc.script = lambda pdu: 0
    bench.pump()
    assert len(bench.smsc.submits) <= 2 and bench.idle


def test_receipts_asked_for_the_last_part_only():
    bench = Bench(receipt_for_all_parts=False).start()
    bench.send(long_message(1))
    bench.pump()
    assert [pdu.registered_delivery for pdu in bench.smsc.submits] == [0, 0, 1]
    assert [(change.part, change.expects_receipt) for change in bench.store.changes(PartSent)] == [
        (1, False),
        (2, False),
        (3, True),
    ]


def test_one_payload_stands_for_all_parts():
    bench = Bench(long_messages="payload").start()
    bench.send(long_message(1))
    bench.pump()
    (pdu,) = bench.smsc.submits
    assert pdu.tlv_bytes(0x0424) == LONG and pdu.short_message == b""
    assert [(change.part, change.smsc_id) for change in bench.store.changes(PartSent)] == [(1, "1"), (2, "1"), (3, "1")]
    assert bench.store.state(1) is State.SENT and bench.idle


def test_more_pdus_than_parts_share_the_last():
    bench = Bench(long_messages="udh16").start()
    text = ("a" * 306).encode()  # two parts with 8-bit references, three with 16-bit ones
    bench.send(message(1, body=text, parts=2))
    bench.pump()
    assert [pdu.registered_delivery for pdu in bench.smsc.submits] == [1, 1, 0]
    assert [(change.part, change.smsc_id) for change in bench.store.changes(PartSent)] == [(1, "1"), (2, "2")]
    assert bench.store.state(1) is State.SENT and bench.idle


# ---------------------------------------------------------------------------------------------------- binds


def test_transmitter_and_receiver_pairs():
    bench = Bench(bind="tx_rx", binds=2).start()
    assert sorted(pdu.name for pdu in bench.smsc.binds) == ["bind_receiver"] * 2 + ["bind_transmitter"] * 2
    bench.send(*(message(number) for number in range(1, 4)))
    bench.pump()
    assert all(bench.store.state(number) is State.SENT for number in (1, 2, 3))
    rx = next(at for at, pdu in enumerate(bench.smsc.binds) if pdu.name == "bind_receiver")
    bench.smsc.receipt("1", MessageState.DELIVERED, bind=rx)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED


def test_binds_share_the_load():
    bench = Bench(binds=3, session={"window": 20}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 49)))
    bench.pump()
    assert [bind.window_used for bind in bench.dispatcher.status()[0].binds] == [16, 16, 16]


def test_the_others_go_on_when_one_bind_is_lost():
    bench = Bench(binds=2, session={"window": 5}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 11)))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    for pdu in list(bench.smsc.submits[:5]):
        bench.smsc.answer(bench.smsc.connections[0], pdu, 0)
    bench.network.wires[1].cut()
    bench.pump()
    assert all(bench.store.state(number) is State.SENT for number in range(1, 11)) and bench.idle


# ---------------------------------------------------------------------------------------------------- withdraw


def test_a_message_that_waits_can_be_withdrawn_and_restored():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2), message(3))
    bench.pump()
    assert not bench.dispatcher.withdraw(1, "sim")
    assert bench.dispatcher.withdraw(2, "sim")
    assert not bench.dispatcher.withdraw(2, "sim")  # somebody else is at it
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3"]
    bench.dispatcher.restore(bench.store.messages[2])
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3", "text 2"] and bench.idle


def test_a_withdrawn_message_is_not_sent_when_it_is_read_or_offered_meanwhile():
    bench = Bench(queue_capacity=4, session={"window": 1})
    bench.store.keep(*(message(number) for number in range(1, 11)))
    assert bench.dispatcher.withdraw(9, "sim")
    bench.start()
    bench.dispatcher.offer([bench.store.messages[9]])
    bench.pump()
    assert "text 9" not in bench.smsc.texts and len(bench.smsc.submits) == 9
    bench.dispatcher.restore(bench.store.messages[9])
    bench.pump()
    assert bench.smsc.texts[-1] == "text 9" and bench.idle


def test_a_cancelled_message_is_forgotten_in_time():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1), message(2))
    bench.pump()
    assert bench.dispatcher.withdraw(2, "sim")
    bench.store.commit([Cancel("demo", 2, 0)])
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()
    bench.advance(130, step=5)
    bench.dispatcher.withdraw(77, "sim")
    assert bench.connector._queue._withdrawn.keys() == {77} and bench.idle
    assert bench.smsc.texts == ["text 1"]


def test_what_may_have_arrived_cannot_be_withdrawn():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    bench.network.cut()
    bench.network.refuse = True
    bench.pump()
    assert len(bench.connector._queue) == 1
    assert not bench.dispatcher.withdraw(1, "sim")
    assert bench.dispatcher.withdraw(5, "nobody's")


# ---------------------------------------------------------------------------------------------------- drain


def test_drain_waits_for_answers_unbinds_and_ends():
    bench = Bench(session={"window": 3}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(message(number) for number in range(1, 7)))
    bench.pump()
    done = bench.dispatcher.drain(20)
    bench.send(message(9))
    bench.advance(1)
    assert len(bench.smsc.submits) == 3 and bench.smsc.open == 1 and not fired(done)
    for pdu in bench.smsc.submits:
        bench.smsc.answer(bench.smsc.connections[0], pdu, 0)
    bench.pump()
    assert fired(done) and bench.smsc.open == 0 and len(bench.smsc.submits) == 3
    assert [bench.store.state(number) for number in (1, 2, 3, 4)] == [State.SENT] * 3 + [State.QUEUED]
    assert not [call for call in bench.reactor.getDelayedCalls() if call.active()]


def test_drain_ends_at_its_limit():
    bench = Bench().start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    done = bench.dispatcher.drain(5)
    bench.advance(5.1)
    assert fired(done) and bench.smsc.open == 0
    assert bench.store.state(1) is State.QUEUED


def test_drain_finishes_a_message_that_was_begun():
    bench = Bench(session={"window": 1}).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(long_message(1), message(2))
    bench.pump()
    done = bench.dispatcher.drain(20)
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()
    assert fired(done) and bench.store.state(1) is State.SENT and bench.store.state(2) is State.QUEUED


def test_drain_while_nothing_is_bound():
    for prepare in ("refuse", "silent"):
        bench = Bench()
        setattr(bench.network, prepare, True)
        bench.start()
        done = bench.dispatcher.drain(5)
        bench.pump()
        assert fired(done)
        bench.advance(100, step=1)
        assert bench.network.attempts == 1


def test_drain_waits_for_the_last_commit():
    bench = Bench().start()
    bench.store.hold = True
    bench.send(message(1))
    bench.pump()
    done = bench.dispatcher.drain(20)
    bench.pump()
    assert not fired(done) and bench.smsc.open == 0
    bench.store.release()
    assert fired(done) and bench.store.state(1) is State.SENT


def test_drain_does_not_wait_for_a_broken_store_for_ever():
    bench = Bench().start()
    bench.store.broken = True
    bench.send(message(1))
    bench.pump()
    done: Deferred = bench.dispatcher.drain(20)
    bench.advance(3)
    assert fired(done)


def test_receipts_are_taken_while_draining():
    bench = Bench().start()
    bench.send(message(1))
    bench.pump()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(2))
    bench.pump()
    done = bench.dispatcher.drain(20)
    bench.smsc.receipt("1", MessageState.DELIVERED)
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED and not fired(done)
