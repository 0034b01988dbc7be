"""The judge of the crash check must see every kind of loss: each test plants one."""

import pytest

from smsgwd.simulator.aftermath import Kill
from smsgwd.simulator.crash import Intake, judge
from smsgwd.simulator.record import PushLine, SubmitLine

KILL = 100.0


def _submit(number, at=50.0, body="00"):
    return SubmitLine(at, "s", "bench", f"+30690{number:08d}", 0, 0, 1, body, at)


def _push(number, message=None, state="delivered", status=200, signed=True):
    return PushLine(
        60.0, f"msg_{number}", f"message.{state}", message or f"m{number}", f"+30690{number:08d}", state, status, signed
    )


def _judge(submits, pushes, accepted=(1, 2), unknowable=(), refused=(), unsent=(1,)):
    intake = Intake(accepted={number: f"m{number}" for number in accepted}, unknowable=set(unknowable))
    intake.refused.update(refused)
    return judge(intake, [Kill(KILL, frozenset(unsent))], submits, pushes, 0.1)


def test_all_is_well():
    verdict = _judge([_submit(1), _submit(2)], [_push(1), _push(2), _push(2)])
    assert verdict.ok and verdict.facts["pushes repeated (same webhook-id)"] == 1
    assert "FAILED" not in verdict.table()


def test_a_duplicate_of_what_was_unanswered_at_the_kill_is_no_failure():
    verdict = _judge([_submit(1, KILL - 0.05), _submit(1, KILL + 2), _submit(2)], [_push(1), _push(2)])
    assert verdict.ok
    assert verdict.facts["duplicates at the SMSC"] == 1
    assert verdict.facts["  oldest before its kill, ms"] == pytest.approx(50, abs=0.2)


def test_what_was_read_late_is_explained_while_the_next_gateway_has_not_started():
    lines = [_submit(1, KILL + 0.5), _submit(1, KILL + 2), _submit(2)]
    intake = Intake(accepted={1: "m1", 2: "m2"})
    for started, ok in ((KILL + 0.4, True), (KILL + 0.1, False)):
        assert judge(intake, [Kill(KILL, frozenset({1}), started)], lines, [_push(1), _push(2)], 0.1).ok is ok


def test_the_parts_of_a_message_are_no_duplicates():
    verdict = _judge([_submit(1), _submit(1, body="01"), _submit(2)], [_push(1), _push(2)])
    assert verdict.ok and verdict.facts["duplicates at the SMSC"] == 0


def test_an_unknowable_message_may_be_there_or_not():
    assert _judge([_submit(1), _submit(2), _submit(3)], [_push(1), _push(2), _push(3)], unknowable=(3, 4)).ok


@pytest.mark.parametrize(
    ("failure", "submits", "pushes", "more"),
    [
        ("lost: 202 and not at the SMSC", [_submit(1)], [_push(1), _push(2)], {}),
        ("never pushed: 202 and no receipt", [_submit(1), _submit(2)], [_push(1)], {}),
        ("never pushed: 202 and no receipt", [_submit(1), _submit(2)], [_push(1), _push(2, status=500)], {}),
        ("more than one final state", [_submit(1), _submit(2)], [_push(1), _push(2), _push(2, state="expired")], {}),
        ("admitted twice", [_submit(1), _submit(2)], [_push(1), _push(2), _push(2, message="m9")], {}),
        ("202 names another id than pushed", [_submit(1), _submit(2)], [_push(1), _push(2, message="m9")], {}),
        ("duplicates not explained by a kill", [_submit(1), _submit(1, 51.0), _submit(2)], [_push(1), _push(2)], {}),
        (
            "duplicates not explained by a kill",
            [_submit(1, KILL - 0.2), _submit(1, KILL + 2), _submit(2)], [_push(1), _push(2)], {},
        ),
        (
            "duplicates not explained by a kill",
            [_submit(1, KILL + 3), _submit(1, KILL + 4), _submit(2)], [_push(1), _push(2)], {},
        ),
        (
            "duplicates not explained by a kill",
            [_submit(1, KILL - 0.05), _submit(1, KILL + 2), _submit(2)], [_push(1), _push(2)], {"unsent": (2,)},
        ),
        ("at the SMSC, sent by nobody", [_submit(1), _submit(2), _submit(3)], [_push(1), _push(2)], {}),
        ("pushes with a wrong signature", [_submit(1), _submit(2)], [_push(1), _push(2), _push(2, signed=False)], {}),
        ("requests refused", [_submit(1), _submit(2)], [_push(1), _push(2)], {"refused": {422: 1}}),
    ],
)  # fmt: skip
def test_each_failure_is_seen(failure, submits, pushes, more):
    verdict = _judge(submits, pushes, **more)
    assert not verdict.ok and verdict.failures[failure] == 1
    assert "FAILED" in verdict.table()
