from collections import Counter

import pytest

from smsgwd.simulator.behaviour import Behaviour, Bucket, Fate, wants_intermediate, wants_receipt
from smsgwd.simulator.options import SmscOptions


def _answers(options: SmscOptions, count: int = 10_000) -> list[int]:
    behaviour = Behaviour(options, 0.0)
    return [behaviour.answer(0.0) for _ in range(count)]


def test_without_options_everything_is_accepted_and_delivered():
    behaviour = Behaviour(SmscOptions(), 0.0)
    assert {behaviour.answer(0.0) for _ in range(1000)} == {0}
    assert {behaviour.fate() for _ in range(1000)} == {("DELIVRD", 0.0, False)}


def test_shares_of_answers():
    options = SmscOptions(throttle_pct=10, reject_pct=20, reject_status=0x0B, status_mix=((0x14, 5.0),))
    found = Counter(_answers(options))
    assert set(found) == {0, 0x58, 0x0B, 0x14}
    assert found[0x58] == pytest.approx(1000, rel=0.15)
    assert found[0x0B] == pytest.approx(2000, rel=0.15)
    assert found[0x14] == pytest.approx(500, rel=0.2)


def test_a_hundred_percent_is_all():
    assert set(_answers(SmscOptions(reject_pct=100))) == {0x45}


def test_equal_seeds_give_equal_runs_and_others_do_not():
    options = SmscOptions(reject_pct=50, seed=7)
    assert _answers(options, 200) == _answers(options, 200)
    assert _answers(options, 200) != _answers(SmscOptions(reject_pct=50, seed=8), 200)


def test_fates_do_not_depend_on_how_many_answers_were_drawn():
    options = SmscOptions(undeliv_pct=50, reject_pct=50)
    one, other = Behaviour(options, 0.0), Behaviour(options, 0.0)
    for _ in range(17):
        other.answer(0.0)
    assert [one.fate() for _ in range(100)] == [other.fate() for _ in range(100)]


def test_shares_of_fates_and_the_spread_of_delays():
    options = SmscOptions(
        undeliv_pct=10, state_mix=(("EXPIRED", 20.0),), receipt_delay_ms=100, receipt_spread_ms=50, before_resp_pct=30
    )
    behaviour = Behaviour(options, 0.0)
    fates = [behaviour.fate() for _ in range(10_000)]
    found = Counter(fate.stat for fate in fates)
    assert found["UNDELIV"] == pytest.approx(1000, rel=0.15)
    assert found["EXPIRED"] == pytest.approx(2000, rel=0.15)
    assert 0.1 <= min(fate.delay for fate in fates) < 0.101 and 0.149 < max(fate.delay for fate in fates) <= 0.15
    assert sum(fate.before_response for fate in fates) == pytest.approx(3000, rel=0.1)


def test_the_bucket_throttles_above_its_rate():
    bucket = Bucket(10.0, 2.0, now=0.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(0.1), bucket.take(0.1)] == [True, False]
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]  # it holds no more than its burst


def test_max_rate_answers_throttled():
    behaviour = Behaviour(SmscOptions(max_rate=10), 0.0)
    assert [behaviour.answer(0.0), behaviour.answer(0.0), behaviour.answer(0.1)] == [0, 0x58, 0]


@pytest.mark.parametrize(
    ("registered", "delivered", "failed"),
    [(0, False, False), (1, True, True), (2, False, True), (3, True, False), (0x10, False, False), (0x11, True, True)],
)
def test_registered_delivery_is_honoured(registered, delivered, failed):
    assert wants_receipt(registered, "DELIVRD") is delivered
    assert wants_receipt(registered, "UNDELIV") is failed
    assert wants_intermediate(registered) is bool(registered & 0x10)


def test_numbers_with_a_fate_of_their_own():
    numbers = (("0091", "UNDELIV"), ("0092", 0x0B), ("0093", "none"))
    behaviour = Behaviour(SmscOptions(numbers=numbers, reject_pct=100, receipt_delay_ms=500), 0.0)
    assert [behaviour.answer(0.0, b"30690000" + end) for end in (b"0091", b"0092", b"0093", b"0094")] == [
        0,
        0x0B,
        0,
        0x45,
    ]
    assert behaviour.fate(b"306900000091") == Fate("UNDELIV", 0.5, False)
    assert behaviour.fate(b"306900000093").delay > 1e5
    assert behaviour.fate(b"306900000094") == Fate("DELIVRD", 0.5, False)
