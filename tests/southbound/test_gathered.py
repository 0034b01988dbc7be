"""What one turn brings on several binds is taken together, in an order that costs nothing."""

import datetime

from smsgwd.model.changes import PartSent, TakeReceipt
from smsgwd.model.message import State
from smsgwd.smpp.codec import encode
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.pdu import DeliverSm, SubmitSmResp
from smsgwd.smpp.receipt import compose_receipt
from smsgwd.smpp.status import ESME_RTHROTTLED
from tests.southbound.fakes import MUTE, Bench, message

WHEN = datetime.datetime(2026, 5, 1)


def muted(**changes):
    bench = Bench(**changes).start()
    bench.smsc.script = lambda pdu: MUTE
    return bench


def receipt(smsc_id, sequence=900):
    text, tlvs = compose_receipt(smsc_id, MessageState.DELIVERED, submit_date=WHEN, done_date=WHEN)
    return encode(DeliverSm(source_addr=b"306912345678", esm_class=4, short_message=text, tlvs=tlvs, sequence=sequence))


def read(bench, at, *frames):
    """The SMSC's octets arrive on this bind, in this turn."""
    bench.network.wires[at].left.protocol.dataReceived(b"".join(frames))


def answers_to(bench, at, status=0):
    """An answer to each request that is out on this bind."""
    session = bench.connector._binds[at].connection.session
    return [
        encode(SubmitSmResp(sequence=sequence, status=status, message_id=b"%d" % (1000 * at + sequence)))
        for sequence in list(session._window._pending)
    ]


def changes(bench):
    """Kinds of all changes committed from now on."""
    seen = []
    commit = bench.store.commit

    def watched(given):
        seen.append([type(change) for change in given])
        return commit(given)

    bench.store.commit = watched
    return seen


def test_answers_of_all_binds_are_one_run_of_one_commit_and_the_next_messages_leave_in_that_turn():
    bench = muted(binds=2, session={"window": 5})
    bench.send(*(message(number) for number in range(1, 21)))
    bench.pump()
    assert len(bench.smsc.submits) == 10
    seen = changes(bench)
    for at in (0, 1):
        read(bench, at, *answers_to(bench, at))
    assert bench.connector.counts.sent == 0  # nothing is looked at before the turn ends
    writes = [len(wire.left.writes) for wire in bench.network.wires]
    bench.reactor.advance(0)
    assert bench.connector.counts.sent == 10 and seen == [[PartSent] * 10]
    assert [len(wire.left.writes) - before for wire, before in zip(bench.network.wires, writes, strict=True)] == [1, 1]
    bench.pump()
    assert len(bench.smsc.submits) == 20


def test_a_receipt_that_is_read_before_its_answer_on_another_bind_finds_it_all_the_same():
    bench = muted(binds=2, session={"window": 5})
    bench.send(message(1))
    bench.pump()
    (sending,) = [at for at in (0, 1) if bench.connector._binds[at].outstanding]
    seen = changes(bench)
    (answer,) = answers_to(bench, sending)
    sequence = next(iter(bench.connector._binds[sending].connection.session._window._pending))
    read(bench, 1 - sending, receipt(str(1000 * sending + sequence)))
    read(bench, sending, answer)
    bench.reactor.advance(0)
    assert seen == [[PartSent, TakeReceipt]]
    bench.pump()
    assert bench.store.state(1) is State.DELIVERED


def test_what_a_refusal_weighs_came_before_it():
    bench = muted(session={"window": 5})
    bench.send(*(message(number) for number in range(1, 6)))
    bench.pump()
    good = answers_to(bench, 0)
    bad = answers_to(bench, 0, ESME_RTHROTTLED)
    order = []
    success, slow_down = bench.connector._throttle.success, bench.connector._throttle.slow_down
    bench.connector._throttle.success = lambda *args: (order.append(args[2]), success(*args))
    bench.connector._throttle.slow_down = lambda *args: (order.append("slower"), slow_down(*args))[1]
    read(bench, 0, good[0], good[1], bad[2], good[3])
    read(bench, 0, good[4])
    bench.reactor.advance(0)
    assert order == [2, "slower", 2]


def test_what_came_before_the_link_broke_in_the_same_turn_counts():
    bench = muted(session={"window": 5})
    bench.send(message(1), message(2))
    bench.pump()
    first, _ = answers_to(bench, 0)
    read(bench, 0, first, receipt("77"))
    bench.network.wires[0].left.abortConnection()
    bench.reactor.advance(0)
    assert bench.store.state(1) is State.SENT
    assert bench.connector._incoming.receipts == 1
    assert bench.connector.counts.unknown == 1  # that of the other one


def test_a_bug_in_taking_answers_costs_no_receipt():
    bench = muted(session={"window": 5})
    bench.send(message(1))
    bench.pump()
    (answer,) = answers_to(bench, 0)
    bench.connector._flights.accepted_lone = lambda taken: 1 / 0
    read(bench, 0, answer, receipt("77"))
    bench.reactor.advance(0)
    assert bench.connector._incoming.receipts == 1


def test_a_bug_in_taking_one_answer_costs_the_others_nothing():
    bench = muted(binds=2, session={"window": 5})
    bench.send(*(message(number) for number in range(1, 7)))
    bench.pump()
    bench.connector._answers.refused = lambda *args: 1 / 0
    bad = answers_to(bench, 0, ESME_RTHROTTLED)
    good = answers_to(bench, 0)
    read(bench, 0, good[0], bad[1], *good[2:])
    read(bench, 1, *answers_to(bench, 1))
    bench.reactor.advance(0)
    bench.pump()
    assert sum(bench.store.state(number) is State.SENT for number in range(1, 7)) == 5
