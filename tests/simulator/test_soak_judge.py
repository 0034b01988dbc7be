"""What a soak is failed for, and what it is not."""

import sqlite3
from array import array
from pathlib import Path

import pytest

from smsgwd.model.message import State
from smsgwd.simulator.books import Books
from smsgwd.simulator.record import LinkLine, PushLine, SubmitLine
from smsgwd.simulator.soak_judge import AtSmscs, InStore, Pushed, Taken, judge_messages, second_half, slope


def _submit(number: int, at: float = 1.0, **fields: object) -> SubmitLine:
    found = SubmitLine(at, f"s{number}", "bench", f"+30690{number:08d}", 0, 0, 1, "00", at)
    for name, value in fields.items():
        setattr(found, name, value)
    return found


def _push(number: int, state: str = "delivered", hook: str = "", status: int = 200) -> PushLine:
    name = hook or f"h{number}"
    return PushLine(1.0, name, f"message.{state}", str(100 + number), f"+30690{number:08d}", state, status)


def _smscs(*records: list[SubmitLine | LinkLine]) -> AtSmscs:
    found = AtSmscs(4)
    for record in records:
        found.take(record, record)
    return found


class _World:
    """Two messages over HTTP and two over SMPP, all accepted, delivered and told; tests spoil it."""

    def __init__(self, tmp_path: Path) -> None:
        self.taken = Taken(2, array("Q", [100, 101]), Books(4))
        for number in (2, 3):
            self.taken.books.accepted[number] = 1.0
            self.taken.books.receipts[number] = 1
        self.rows = {number: (100 + number, State.DELIVERED) for number in range(4)}
        self.submits: list[SubmitLine | LinkLine] = [_submit(number) for number in range(4)]
        self.pushes = [_push(0), _push(1)]
        self._path = tmp_path / "store.db"

    def failures(self) -> dict[str, int]:
        connection = sqlite3.connect(self._path)
        connection.executescript(
            "CREATE TABLE message (id INTEGER, msisdn TEXT, state INTEGER);"
            "CREATE TABLE parked (id); CREATE TABLE outbox (status INTEGER)"
        )
        rows = [(row, f"30690{number:08d}", state) for number, (row, state) in self.rows.items()]
        connection.executemany("INSERT INTO message VALUES (?, ?, ?)", rows)
        connection.commit()
        connection.close()
        store, pushed = InStore(4), Pushed(4)
        store.take(self._path)
        pushed.take(self.pushes)
        counts, _ = judge_messages(self.taken, store, _smscs(self.submits), pushed)
        return {name: count for name, count in counts.items() if count}


@pytest.fixture
def world(tmp_path: Path) -> _World:
    return _World(tmp_path)


def test_when_all_is_well_nothing_is_wrong(world: _World):
    assert world.failures() == {}


def test_what_is_not_in_the_store_is_lost(world: _World):
    del world.rows[0], world.rows[2]
    assert world.failures() == {"accepted, not in the store": 2}


def test_what_is_not_final_is_told(world: _World):
    world.rows[3] = (103, State.SENT)
    assert world.failures() == {"accepted, without a final state": 1}


def test_delivered_to_nobody(world: _World):
    del world.submits[1]
    assert world.failures() == {"delivered, and at no SMSC": 1}


def test_an_expired_one_need_be_at_no_smsc(world: _World):
    del world.submits[3]
    world.rows[3] = (103, State.EXPIRED)
    assert world.failures() == {}


def test_pushes_must_come_once_and_say_what_the_store_says(world: _World):
    world.pushes = [_push(0, status=503), _push(1, "undelivered"), _push(1, hook="another")]
    found = world.failures()
    assert found == {
        "never pushed": 1,
        "pushed with another state than the store's": 1,
        "pushed a second final state": 1,
    }


def test_a_push_again_under_its_name_is_no_second_one(world: _World):
    world.pushes += [_push(0), _push(0, status=503)]
    assert world.failures() == {}


def test_an_esmes_receipt_must_come_once(world: _World):
    world.taken.books.receipts[2] = 0
    world.taken.books.repeats.append((3, 2.0))
    assert world.failures() == {"no receipt at its ESME": 1, "receipts twice at their ESME": 1}


def test_what_was_refused_must_not_be_there(world: _World):
    world.taken.ids[1] = 0
    assert world.failures() == {"refused, and in the store": 1}


def test_another_id_than_accepted(world: _World):
    world.taken.ids[0] = 77
    assert world.failures() == {"stored under another id than accepted": 1}


def test_a_duplicate_needs_a_reason():
    assert _smscs([_submit(1), _submit(1, 2.0)]).duplicates() == (1, 0, [1])


@pytest.mark.parametrize(
    ("first", "events"),
    [
        (_submit(1, answered=False), []),
        (_submit(1, link=3), [LinkLine("closed", 1.2, 3)]),
        (_submit(1, link=3), [LinkLine("unanswered", 1.2, 3, "s1")]),
        (_submit(1, link=3), [LinkLine("stalled", 0.5, 3, until=0.9)]),
    ],
)
def test_a_lost_answer_is_a_reason(first: SubmitLine, events: list[LinkLine]):
    assert _smscs([first, *events], [_submit(1, 2.0, id="other")]).duplicates() == (1, 0, [])


@pytest.mark.parametrize(
    ("first", "events"),
    [
        (_submit(1, link=3), [LinkLine("closed", 1.5, 3)]),
        (_submit(1, link=3), [LinkLine("closed", 1.2, 4)]),
        (_submit(1, link=3), [LinkLine("unanswered", 1.2, 3, "s2")]),
        (_submit(1, 5.0, link=3), [LinkLine("stalled", 0.5, 3, until=0.9)]),
        (_submit(1, stat="EXPIRED"), []),
    ],
)
def test_what_is_no_reason(first: SubmitLine, events: list[LinkLine]):
    assert _smscs([first, *events], [_submit(1, 9.0, id="other")]).duplicates() == (1, 0, [1])


def test_one_reason_explains_one_duplicate():
    lines = [_submit(1, answered=False), _submit(1, 2.0), _submit(1, 3.0)]
    assert _smscs([*lines]).duplicates() == (2, 0, [1])


def test_a_bad_receipt_explains_one_too():
    assert _smscs([_submit(1, stat="UNDELIV")], [_submit(1, 2.0)]).duplicates() == (1, 1, [])
    other = _submit(2, stat="REJECTD", receipt="s1")
    assert _smscs([other, _submit(1)], [_submit(1, 2.0)]).duplicates() == (1, 1, [])


def test_parts_are_told_apart():
    parts = [_submit(1, esm_class=0x40, udh=f"0500030702{seq:02x}") for seq in (1, 2)]
    assert _smscs(list(parts)).duplicates() == (0, 0, [])
    assert _smscs([_submit(1, sar="7/2/1"), _submit(1, sar="7/2/2")]).duplicates() == (0, 0, [])


def test_the_slope_is_that_of_the_second_half():
    samples = [(float(at), 100.0 - at if at < 50 else 50.0 + (at - 50) * 0.5) for at in range(101)]
    assert slope(second_half(samples)) == pytest.approx(0.5)
    assert slope([]) == slope([(1.0, 5.0)]) == 0.0
