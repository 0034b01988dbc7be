"""Of one priority, sender and recipient one message at a time is out, and none overtakes another."""

import random
from collections import defaultdict

import pytest

from smsgwd.model.changes import Cancel
from smsgwd.model.message import State
from tests.southbound.fakes import DROP, MUTE, Bench, message


def to(number, recipient, **changes):
    return message(number, msisdn=f"30690000000{recipient}", dest=f"+30690000000{recipient}", **changes)


def bench_of(**changes):
    return Bench(**{"keep_order": True, **changes}).start()


def answer(bench, at, what=0):
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[at], what)
    bench.pump()


def test_one_of_a_pair_is_out_others_go_on():
    bench = bench_of()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(to(1, 1), to(2, 1), to(3, 2), to(4, 1, source="other"), to(5, 1, priority=2))
    bench.pump()
    assert sorted(bench.smsc.texts) == ["text 1", "text 3", "text 4", "text 5"]
    assert bench.dispatcher.status()[0].ready == 1
    answer(bench, bench.smsc.texts.index("text 1"))
    assert bench.smsc.texts[-1] == "text 2"


def test_all_of_one_pair_go_one_by_one():
    bench = bench_of(queue_capacity=10)
    bench.send(*(to(number, 1) for number in range(1, 101)))
    for _ in range(100):
        bench.pump()
    assert bench.smsc.texts == [f"text {number}" for number in range(1, 101)] and bench.idle
    assert not bench.connector._queue._pairs._lanes and not len(bench.connector._queue._pairs)


@pytest.mark.parametrize("capacity", [4, 40])
def test_many_to_one_number_hold_up_nobody_else(capacity):
    """Neither while they can be held, nor beyond that."""
    bench = bench_of(queue_capacity=capacity, session={"window": 200})
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(to(number, 1) for number in range(1, 101)), to(101, 2))
    for _ in range(60):
        bench.pump()
    assert "text 101" in bench.smsc.texts
    assert len(bench.connector._queue) <= 10 * capacity + capacity
    bench.smsc.script = lambda pdu: 0
    for at in range(len(bench.smsc.submits)):
        answer(bench, at)
    for _ in range(120):
        bench.pump()
    own = [text for text in bench.smsc.texts if text != "text 101"]
    assert own == [f"text {number}" for number in range(1, 101)] and bench.idle
    assert not bench.connector._queue._pairs._lanes and not len(bench.connector._queue._pairs)


def test_what_is_refused_for_now_is_not_overtaken():
    bench = bench_of(adaptive_rate=False)
    answers = iter([0x58, 0, 0x08, 0, 0])
    bench.smsc.script = lambda pdu: next(answers)
    bench.send(to(1, 1), to(2, 1), to(3, 1))
    bench.advance(1.2)
    assert bench.smsc.texts == ["text 1", "text 1", "text 2", "text 3"]  # text 2 is due later: no longer in the way
    assert bench.store.state(2) is State.WAITING and bench.idle


def test_a_lost_link_begins_again_with_the_first():
    bench = bench_of(binds=2)
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(to(number, number % 2) for number in range(1, 7)))
    bench.pump()
    bench.smsc.script = lambda pdu: 0
    bench.network.cut()
    bench.advance(2.0)
    assert sorted(bench.smsc.texts[:2]) == ["text 1", "text 2"]
    for recipient in (0, 1):
        own = [text for text in bench.smsc.texts[2:] if int(text[5:]) % 2 == recipient]
        assert own == sorted(own) and len(own) == 3
    assert bench.idle


def test_held_ones_can_be_withdrawn_restored_given_up_and_ended():
    bench = bench_of()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(to(number, 1) for number in range(1, 7)))
    bench.pump()
    assert bench.smsc.texts == ["text 1"]
    assert bench.dispatcher.withdraw(2, "sim") and not bench.dispatcher.withdraw(2, "sim")
    assert bench.dispatcher.withdraw(3, "sim")
    assert bench.dispatcher.give_up(4, "sim")
    bench.dispatcher.restore(bench.store.messages[3])
    bench.store.commit([Cancel("demo", 2, 0)])
    bench.store.messages[4].connector = "other"
    bench.dispatcher.gone([4], "sim")
    bench.store.messages[5].state = State.EXPIRED
    bench.dispatcher.ended([5])
    bench.smsc.script = lambda pdu: 0
    answer(bench, 0)
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3", "text 6"]
    bench.advance(130, step=5)
    bench.dispatcher.withdraw(77, "sim")
    assert bench.idle and not len(bench.connector._queue._pairs)


def test_the_next_one_goes_when_its_turn_was_taken_back():
    """The released one is withdrawn while no bind has room."""
    bench = bench_of(session={"window": 1})
    bench.smsc.script = lambda pdu: MUTE
    bench.send(to(1, 1), to(2, 1), to(3, 1), to(4, 2))
    bench.pump()
    bench.store.hold = True
    answer(bench, 0)  # text 4 takes the room
    assert bench.smsc.texts == ["text 1", "text 4"]
    bench.store.hold = False
    bench.store.release()
    bench.pump()
    assert bench.dispatcher.withdraw(2, "sim")
    bench.smsc.script = lambda pdu: 0
    answer(bench, 1)
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 4", "text 3"]


def test_no_more_are_held_than_ten_times_what_the_queue_holds():
    bench = bench_of(queue_capacity=8)
    bench.smsc.script = lambda pdu: MUTE
    bench.send(*(to(number, 1) for number in range(1, 301)), to(301, 2))
    for _ in range(100):
        bench.pump()
    assert len(bench.connector._queue._pairs) <= 81 and bench.dispatcher.status()[0].ready <= 92
    bench.smsc.script = lambda pdu: 0
    for at in range(len(bench.smsc.submits)):
        answer(bench, at)
    for _ in range(300):
        bench.pump()
    assert len(bench.smsc.submits) == 301 and bench.idle


@pytest.mark.parametrize("seed", range(12))
def test_no_weather_changes_the_order(seed):
    """Throttled, dropped, unanswered: what the SMSC takes for the first time comes in order of each pair."""
    rng = random.Random(seed)
    bench = bench_of(
        binds=rng.choice([1, 3]),
        queue_capacity=rng.choice([6, 20, 500]),
        adaptive_rate=rng.choice([True, False]),
        reconnect_max_s=2.0,
        session={"window": rng.choice([1, 5, 50]), "response": 2.0},
    )
    seen = defaultdict(list)
    fair = False

    def script(pdu):
        what = rng.random()
        if not fair and what < 0.15:
            return 0x58
        if not fair and what < 0.19:
            return DROP
        if not fair and what < 0.22:
            return MUTE
        number = int(pdu.short_message[5:])
        pair = (number % 5, bench.store.messages[number].priority)
        if number not in seen[pair]:
            seen[pair].append(number)
        return 0

    bench.smsc.script = script
    count = 0
    for _ in range(40):
        more = rng.randrange(12)
        fresh = [to(count + at, (count + at) % 5, priority=rng.randrange(2)) for at in range(1, more + 1)]
        count += more
        if fresh:
            bench.send(*fresh)
        if rng.random() < 0.1:
            bench.network.cut()
        bench.advance(rng.random(), step=0.1)
    fair = True
    bench.advance(400, step=0.5)
    # One that was refused or lost again and again is postponed, and lets the others go.
    missing = set(range(1, count + 1)).difference(*seen.values())
    assert all(bench.store.state(number) is State.WAITING for number in missing) and len(missing) <= 3
    assert bench.idle
    for numbers in seen.values():
        assert numbers == sorted(numbers)
