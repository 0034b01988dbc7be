"""What leaves in runs, and what does not."""

import pytest

from smsgwd.model.changes import Fail
from smsgwd.model.message import Coding, State
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.smpp.errors import NotBound
from tests.southbound.fakes import Bench, message


def states(bench, *numbers):
    return [bench.store.state(number) for number in numbers]


def test_what_was_offered_together_leaves_in_one_write():
    bench = Bench(session={"window": 100}).start()
    before = len(bench.network.wires[0].left.writes)
    bench.send(*(message(number) for number in range(1, 51)))
    bench.reactor.advance(0)
    assert len(bench.network.wires[0].left.writes) == before + 1
    bench.pump()
    assert bench.smsc.texts == [f"text {number}" for number in range(1, 51)]
    assert bench.connector.counts.submitted == bench.connector.counts.sent == 50 and bench.idle


def test_binds_share_what_is_offered():
    bench = Bench(binds=3, session={"window": 100}).start()
    bench.send(*(message(number) for number in range(1, 97)))
    bench.reactor.advance(0)
    shares = [bind.outstanding for bind in bench.connector._binds]
    assert sum(shares) == 96 and max(shares) - min(shares) <= 16
    bench.pump()
    assert bench.idle


def test_a_window_is_filled_and_no_more():
    bench = Bench(session={"window": 7}).start()
    bench.send(*(message(number) for number in range(1, 21)))
    bench.reactor.advance(0)
    assert bench.connector._binds[0].outstanding == 7
    bench.pump()
    assert len(bench.smsc.submits) == 20 and bench.idle


def test_no_more_is_out_than_the_store_makes_durable():
    """An SMSC answers at once and the store is held up: what is answered and not durable is out all the same."""
    bench = Bench(session={"window": 50}).start()
    bench.store.hold = True
    bench.send(*(message(number) for number in range(1, 1_201)))
    for _ in range(5):
        bench.pump()
    assert 500 <= bench.connector.counts.sent < 550 and len(bench.connector._flights.active) < 550
    bench.store.hold = False
    bench.store.release()
    for _ in range(5):
        bench.pump()
    assert len(bench.smsc.submits) == 1_200 and bench.idle


def test_one_that_cannot_be_sent_does_not_keep_the_others():
    """A body of 255 octets or more needs a TLV, and this SMSC takes none."""
    bench = Bench(session={"window": 50})
    bench.smsc.version = 0x33
    bench.start()
    raw = pack_wire(Wire(raw=True))
    bench.send(message(1), message(2, body=b"x" * 300, coding=Coding.BINARY, wire=raw), message(3))
    bench.pump()
    assert states(bench, 1, 2, 3) == [State.SENT, State.REJECTED, State.SENT]
    (change,) = bench.store.changes(Fail)
    assert change.error.code == "not_encodable" and "3.3" in change.error.detail
    assert bench.idle and bench.connector.counts.submitted == 2


def test_a_part_that_this_connector_cuts_in_two_keeps_its_place():
    bench = Bench(alphabet="latin1", session={"window": 50}).start()
    long = "€" * 80  # 160 septets to the price list, two parts in UCS-2
    bench.send(message(1), message(2, body=long.encode()), message(3))
    bench.pump()
    assert [pdu.data_coding for pdu in bench.smsc.submits] == [0, 8, 8, 0]
    assert states(bench, 1, 2, 3) == [State.SENT] * 3 and bench.idle


def test_one_that_cannot_be_encoded_is_refused_and_the_others_go():
    bench = Bench(session={"window": 50}).start()
    bench.send(message(1), message(2, source="much too long a sender"), message(3))
    bench.pump()
    assert states(bench, 1, 2, 3) == [State.SENT, State.REJECTED, State.SENT] and bench.idle


def test_a_bug_in_one_message_does_not_keep_the_others():
    """What the store has is no text: it is refused like any that cannot be sent, in a run and of several parts."""
    bench = Bench(session={"window": 50}).start()
    bench.send(
        message(1),
        message(2, body=b"\xff\xfe{"),
        message(3),
        message(4, body=b"\xff" * 300, parts=2),
        message(5),
    )
    bench.pump()
    assert states(bench, 1, 2, 3, 4, 5) == [
        State.SENT,
        State.REJECTED,
        State.SENT,
        State.REJECTED,
        State.SENT,
    ]
    assert {change.error.detail for change in bench.store.changes(Fail)} == {"internal error: UnicodeDecodeError"}
    assert bench.idle


def test_the_bucket_ends_a_run():
    bench = Bench(throughput=10.0, burst=5.0, session={"window": 50}).start()
    bench.send(*(message(number) for number in range(1, 13)))
    bench.pump()
    assert len(bench.smsc.submits) == 5
    bench.advance(0.35)
    assert len(bench.smsc.submits) == 8
    bench.advance(1.0)
    assert bench.smsc.texts == [f"text {number}" for number in range(1, 13)] and bench.idle


def test_what_expired_in_the_queue_is_not_sent():
    bench = Bench(session={"window": 50}).start()
    now = bench.clock.now_ms()
    bench.send(message(1), message(2, deadline=now), message(3))
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3"]


def test_a_session_that_takes_nothing_more_gives_them_back(monkeypatch):
    bench = Bench(session={"window": 50}).start()
    connection = bench.connector._binds[0].connection

    def leaving(*args):
        raise NotBound("leaving")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "request_many", leaving)
        patch.setattr(connection, "request", leaving)
        bench.send(message(1), message(2))
        assert not bench.dispatcher.in_flight() and len(bench.connector._queue) == 2
        assert not bench.connector._sender.begun
    bench.send(message(3))
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 2", "text 3"] and bench.idle


@pytest.mark.parametrize("status", [0x58, 0x0B])
def test_answers_of_one_read_keep_their_order(status):
    """Good and bad ones mixed: what is throttled goes again, in its place, what fails for good ends."""
    bench = Bench(session={"window": 50}).start()
    bench.smsc.script = lambda pdu: status if pdu.short_message in (b"text 2", b"text 4") else 0
    bench.send(*(message(number) for number in range(1, 6)))
    bench.pump()
    assert states(bench, 1, 3, 5) == [State.SENT] * 3
    bench.smsc.script = lambda pdu: 0
    bench.advance(30)
    ended = State.SENT if status == 0x58 else State.REJECTED
    assert states(bench, 2, 4) == [ended] * 2
    assert bench.idle
