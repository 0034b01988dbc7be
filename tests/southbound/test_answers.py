import pytest

from smsgwd.delivery.trouble import Action, defaults
from smsgwd.model.changes import Fail, GiveUp, Requeue
from smsgwd.smpp.pdu import SubmitSm
from smsgwd.southbound.answers import Answers, Throttle, unknown_id
from smsgwd.southbound.outgoing import Outgoing, Verdict
from tests.southbound.fakes import message

NOW = 1_780_000_000_000


def make(policy="resend", statuses=None):
    return Answers("sim", policy, statuses or {}, lambda: 0.5)


def outgoing(parts=1, **changes):
    out = Outgoing(message(1, parts=parts, **changes))
    out.begin([SubmitSm() for _ in range(parts)])
    return out


@pytest.mark.parametrize(("status", "action"), [*defaults().items(), (0x0B, Action.FAIL), (0x412, Action.FAIL)])
def test_every_status_has_a_verdict(status, action):
    out = outgoing()
    assert make().refused(out, 1, status) is action
    expected = {
        Action.THROTTLE: Verdict.AGAIN,
        Action.REBIND: Verdict.AGAIN,
        Action.RETRY: Verdict.RETRY,
        Action.FAIL: Verdict.FAIL,
    }
    assert out.verdict is expected[action] and out.error.smpp_status == status


def test_overrides():
    out = outgoing()
    assert make(statuses={0x0B: Action.THROTTLE}).refused(out, 1, 0x0B) is Action.THROTTLE


def test_policies_for_a_lost_answer():
    for policy, sent, verdict in (
        ("resend", False, Verdict.UNKNOWN),
        ("fail", False, Verdict.GIVE_UP),
        ("wait", True, Verdict.NONE),
    ):
        out = outgoing()
        assert make(policy).unanswered(out, 1, "no answer in time") is sent
        assert out.verdict is verdict


def test_changes():
    answers = make()
    out = outgoing(attempts=1)
    answers.refused(out, 1, 0x08)
    change = answers.change(out, NOW)
    assert isinstance(change, Requeue) and change.due_at == NOW + 11_250 and change.counts  # 15 s, three quarters
    answers.refused(out, 1, 0x0B)
    assert isinstance(answers.change(out, NOW), Fail)
    out = outgoing()
    make("fail").unanswered(out, 1, "lost")
    assert isinstance(answers.change(out, NOW), GiveUp)


def test_a_retry_beyond_validity():
    answers = make()
    out = outgoing(deadline=NOW + 10)
    answers.refused(out, 1, 0x08)
    change = answers.change(out, NOW)
    assert isinstance(change, Requeue) and change.due_at == NOW + 10
    out = outgoing(parts=2, deadline=NOW + 10)
    out.accept(1, "a")
    answers.refused(out, 2, 0x08)
    change = answers.change(out, NOW)
    assert isinstance(change, Fail) and change.part == 2  # the SMSC has part 1: no refund, so not expired


def test_three_lost_answers_in_a_row_postpone():
    answers = make()
    out = outgoing()
    for expected in (Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.RETRY):
        out.begin([SubmitSm()])
        answers.unanswered(out, 1, "lost")
        answers.conclude(out)
        assert out.verdict is expected
    assert out.unknowns == 0


def test_unknown_ids_are_no_smscs():
    from smsgwd.delivery.correlation import FORMATS, candidates, canonical

    key = canonical(unknown_id(12345, 2))
    for form in FORMATS:
        for given in ("0", "1", "12345", "12345.2", "?", "ff", "3039"):
            assert key not in candidates(given, form)


def test_the_throttle_counts_a_window_once_and_resets():
    throttle = Throttle()
    assert throttle.slow_down(0x58, 100.0)
    assert not throttle.slow_down(0x58, 100.5) and throttle.until == 101.0
    throttle.success(100.5)  # an answer from before the pause says nothing
    assert throttle.slow_down(0x58, 101.0) and throttle.until == 103.0
    throttle.success(103.0)
    assert throttle.slow_down(0x58, 104.0) and throttle.until == 105.0
    assert Throttle().until == 0.0
    queue_full = Throttle()
    queue_full.slow_down(0x14, 0.0)
    assert queue_full.until == 5.0
