"""Whatever an SMSC, a network and a store do to it, no message is lost, stuck or sent twice without a reason."""

import random
from collections import Counter

import pytest

from smsgwd.model.changes import Note, PartSent, Requeue
from smsgwd.model.message import State
from tests.southbound.fakes import DROP, MUTE, Bench, message

LONG = b"0123456789" * 40


class Storm:
    """A run with a seed; the SMSC remembers which parts it took."""

    def __init__(self, seed):
        self.rng = rng = random.Random(seed)
        self.bench = bench = Bench(
            binds=rng.choice([1, 1, 2, 3]),
            bind=rng.choice(["transceiver", "tx_rx"]),
            throughput=rng.choice([0.0, 0.0, 40.0]),
            keep_order=rng.choice([False, True]),
            adaptive_rate=rng.choice([False, True]),
            queue_capacity=rng.choice([4, 20, 200]),
            reconnect_max_s=4.0,
            session={"window": rng.choice([1, 2, 5, 20]), "response": 3.0},
            server={"drain": 1.0, "link_response": 1.0},
        )
        self.taken = Counter()
        self.weather = "storm"
        self.mute = []  # (connection, pdu, status) of what may be answered late
        bench.smsc.script = self.script
        self.answer, bench.smsc.answer = bench.smsc.answer, self.answer_or_note

    def script(self, pdu):
        key = (pdu.destination_addr, pdu.short_message)
        what = self.rng.random()
        if self.weather == "fair" or what < 0.70:
            self.taken[key] += 1
            return 0
        if what < 0.76:
            return 0x58
        if what < 0.80:
            return 0x08
        if what < 0.83:
            return 0x0B
        if what < 0.86:
            return 0x04
        if what < 0.93:
            self.later = 0x0B
            return MUTE
        if what < 0.96:
            self.taken[key] += 1  # it took it, and nobody hears of it, or too late
            self.later = 0
            return MUTE
        return DROP

    def answer_or_note(self, connection, pdu, what):
        if what is MUTE:
            self.mute.append((connection, pdu, self.later))
        self.answer(connection, pdu, what)

    def step(self):
        bench, rng = self.bench, self.rng
        what = rng.random()
        if what < 0.05:
            bench.network.cut()
        elif what < 0.10:
            bench.store.hold = not bench.store.hold
            if not bench.store.hold:
                bench.store.release()
        elif what < 0.15:
            bench.store.broken = not bench.store.broken
            bench.store.healthy = not bench.store.broken
        elif what < 0.18:
            bench.network.refuse = not bench.network.refuse
        elif what < 0.21 and bench.smsc.connections:
            connection = rng.choice(bench.smsc.connections)
            if connection.session.is_bound:
                connection.unbind()
        elif what < 0.35 and self.mute:
            connection, pdu, status = self.mute.pop(rng.randrange(len(self.mute)))
            if connection.session.is_bound:
                self.answer(connection, pdu, status)
        self.promote()
        bench.advance(rng.choice([0.0, 0.05, 0.3, 1.0]))

    def promote(self):
        """What the sweep does: messages that wait are due at some time."""
        store = self.bench.store
        due = [each for each in store.messages.values() if each.state is State.WAITING and self.rng.random() < 0.5]
        for each in due:
            each.state = State.QUEUED
        self.bench.dispatcher.offer(due)

    def calm(self):
        bench = self.bench
        self.weather = "fair"
        bench.network.refuse = False
        bench.store.broken = bench.store.hold = False
        bench.store.healthy = True
        bench.store.release()
        for _ in range(120):
            self.promote()
            bench.advance(1.0, step=0.25)
            if bench.idle and all(
                each.state not in (State.QUEUED, State.WAITING) for each in bench.store.messages.values()
            ):
                return


@pytest.mark.parametrize("seed", range(40))
def test_storm(seed):
    storm = Storm(seed)
    bench, rng = storm.bench, storm.rng
    bench.start()
    number = 0
    for _ in range(40):
        batch = []
        for _ in range(rng.randrange(0, 6)):
            number += 1
            long = rng.random() < 0.3
            batch.append(
                message(
                    number,
                    body=LONG if long else f"text {number}".encode(),
                    parts=3 if long else 1,
                    msisdn=f"3069{number:08d}",
                    priority=rng.choice([0, 1, 1, 3]),
                )
            )
        bench.send(*batch)
        storm.step()
    storm.calm()

    states = Counter(each.state.name for each in bench.store.messages.values())
    assert set(states) <= {"SENT", "REJECTED", "UNDELIVERED"}, states
    assert bench.idle and not bench.connector._sender.begun and not bench.dispatcher.in_flight()
    assert bench.dispatcher.status()[0].binds[0].window_used == 0

    # What the store calls sent was taken, part by part.
    parts = Counter((change.message_id, change.part) for change in bench.store.changes(PartSent))
    for each in bench.store.messages.values():
        if each.state is State.SENT:
            assert all(parts[each.id, part] >= 1 for part in range(1, each.parts + 1))
            took = sum(count for (dest, _), count in storm.taken.items() if dest == each.msisdn.encode())
            assert took >= each.parts

    # Nothing was taken twice that had not been out with its answer lost.
    doubtful = {change.message_id for change in bench.store.changes(Note)}
    doubtful |= {change.message_id for change in bench.store.changes(Requeue) if change.error.code == "outcome_unknown"}
    for (dest, _), count in storm.taken.items():
        if count > 1:
            assert int(dest[4:]) in doubtful
    assert bench.smsc.most_open <= len(bench.connector._binds)

    done = bench.dispatcher.drain(5)
    bench.advance(6)
    assert done.called and not done.paused and bench.smsc.open == 0
    assert not [call for call in bench.reactor.getDelayedCalls() if call.active()]
