"""What answers mean, for the message and for the link."""

import pytest

from smsgwd.delivery.rate import LinkRate
from smsgwd.delivery.trouble import Action, Rule, Scope, defaults, rule
from smsgwd.model.changes import Fail, GiveUp, Requeue
from smsgwd.model.message import DEVICE_THEN_NETWORK, Failure
from smsgwd.smpp.pdu import SubmitSm
from smsgwd.southbound.answers import Answers, unknown_id
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.throttle import Throttle
from tests.southbound.fakes import message, settings

NOW = 1_780_000_000_000


class OtherWay:
    """A route with two connectors, the second of which is `to`."""

    def __init__(self, to="other"):
        self.to = to

    def next_way(self, message, left):
        return None if self.to in (left, *(message.tried or "").split(",")) else self.to

    def beyond(self, message, left):
        return self.next_way(message, left) if message.channel == DEVICE_THEN_NETWORK else None


def make(policy="resend", statuses=None, ways=None, **changes):
    return Answers(settings(unknown_outcome=policy, statuses=statuses or {}, **changes), lambda: 0.5, ways)


def outgoing(parts=1, **changes):
    out = Outgoing(message(1, parts=parts, **changes))
    out.begin([SubmitSm() for _ in range(parts)])
    return out


@pytest.mark.parametrize(("status", "known"), [*defaults().items(), (0x412, Rule(Scope.CONNECTOR, Action.FAILOVER))])
def test_every_status_has_a_verdict(status, known):
    out = outgoing()
    assert make().refused(out, 1, status) is known.action
    expected = {
        Action.THROTTLE: Verdict.AGAIN,
        Action.REBIND: Verdict.AGAIN,
        Action.RETRY: Verdict.RETRY,
        Action.FAILOVER: Verdict.FAILOVER,
        Action.FAIL: Verdict.FAIL,
    }
    assert out.verdict is expected[known.action] and out.error.smpp_status == status


def test_overrides():
    out = outgoing()
    assert make(statuses={0x0B: rule("throttle")}).refused(out, 1, 0x0B) is Action.THROTTLE
    out = outgoing()
    assert make(statuses={0x0B: rule("suspend")}).refused(out, 1, 0x0B) is Action.SUSPEND
    assert out.verdict is Verdict.SUSPENDED


def refused(answers, out, status):
    answers.refused(out, 1, status, 7)
    return answers.change(out, NOW)


def test_failover_goes_to_the_next_way_at_once_or_fails():
    change = refused(make(ways=OtherWay()), outgoing(), 0x412)
    assert isinstance(change, Requeue) and (change.left, change.connector, change.due_at) == ("sim", "other", 0)
    assert change.counts and change.latency_ms == 7 and change.error.smpp_status == 0x412
    assert isinstance(refused(make(), outgoing(), 0x412), Fail)
    assert isinstance(refused(make(ways=OtherWay()), outgoing(tried="other"), 0x412), Fail)


def test_after_a_phone_the_network_is_next_at_once():
    """What a phone refuses goes on, be it with an error that may pass; what it does not answer waits."""
    for status in (0x08, 0x0B, 0xFE):
        change = refused(make(ways=OtherWay()), outgoing(channel=DEVICE_THEN_NETWORK), status)
        assert isinstance(change, Requeue) and (change.left, change.connector, change.due_at) == ("sim", "other", 0)
    waits = refused(make(ways=OtherWay()), outgoing(channel="device"), 0x08)
    assert isinstance(waits, Requeue) and waits.connector == "sim" and waits.due_at > NOW
    tried = refused(make(ways=OtherWay()), outgoing(channel=DEVICE_THEN_NETWORK, tried="other"), 0x08)
    assert isinstance(tried, Requeue) and tried.connector == "sim"
    lost = outgoing(channel=DEVICE_THEN_NETWORK)
    lost.decide(Verdict.RETRY, Failure("outcome_unknown", "no answer"), 1)
    change = make(ways=OtherWay()).change(lost, NOW)
    assert isinstance(change, Requeue) and change.connector == "sim"


def test_what_any_carrier_would_refuse_goes_to_none():
    for statuses in (
        {},
        {0x0B: Rule(Scope.MESSAGE, Action.FAILOVER)},
        {0x0B: Rule(Scope.DESTINATION, Action.FAILOVER)},
    ):
        change = refused(make(statuses=statuses, ways=OtherWay()), outgoing(), 0x0B)
        assert isinstance(change, Fail) and change.latency_ms == 7


def test_a_message_of_which_an_smsc_has_a_part_stays():
    for status, kind in ((0x412, Fail), (0x08, Requeue)):
        out = outgoing(parts=2, attempts=2)
        out.accept(1, "a")
        answers = make(ways=OtherWay())
        answers.refused(out, 2, status)
        change = answers.change(out, NOW)
        assert isinstance(change, kind) and change.connector == "sim" and not getattr(change, "left", "")


@pytest.mark.parametrize(("attempts", "goes"), [(0, False), (1, False), (2, True), (3, False), (5, True)])
def test_retries_are_shared_among_the_connectors(attempts, goes):
    change = refused(make(ways=OtherWay()), outgoing(attempts=attempts), 0x08)
    assert isinstance(change, Requeue) and change.due_at > NOW
    assert (change.connector, change.left) == (("other", "sim") if goes else ("sim", ""))


def test_retries_go_on_here_when_there_is_no_other_way_or_the_recipient_is_the_trouble():
    for answers, status in ((make(), 0x08), (make(ways=OtherWay()), 0xFE)):
        change = refused(answers, outgoing(attempts=2), status)
        assert isinstance(change, Requeue) and (change.connector, change.left) == ("sim", "")


def test_the_schedule_is_the_connectors():
    answers = make(retry_waits_s=(1.0, 100.0), retry_attempts=1, ways=OtherWay())
    dues = [refused(answers, outgoing(attempts=attempts), 0x08).due_at - NOW for attempts in range(4)]
    assert dues == [750, 75_000, 75_000, 75_000]


def test_a_suspended_connector_lets_go_where_it_can():
    suspend = {0x0F: rule("suspend")}
    assert refused(make(statuses=suspend, ways=OtherWay()), outgoing(), 0x0F).left == "sim"
    for answers in (make(statuses=suspend), make(statuses={0x0F: rule("suspend", "destination")}, ways=OtherWay())):
        out = outgoing()
        answers.refused(out, 1, 0x0F)
        assert not answers.can_leave(out)


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


def pausing():
    return Throttle(LinkRate(0.0, None, 0.0), adaptive=False)


def test_the_throttle_counts_a_window_once_and_resets():
    throttle = pausing()
    assert throttle.slow_down(0x58, 100.0, 99.0)
    assert not throttle.slow_down(0x58, 100.5, 99.0) and throttle.until == 101.0
    throttle.success(100.5, 100.0)  # an answer from before the pause says nothing
    assert throttle.slow_down(0x58, 101.0, 99.0) and throttle.until == 103.0
    throttle.success(103.0, 102.0)
    assert throttle.slow_down(0x58, 104.0, 99.0) and throttle.until == 105.0
    assert pausing().until == 0.0
    queue_full = pausing()
    queue_full.slow_down(0x14, 0.0, 0.0)
    assert queue_full.until == 5.0


def test_an_adaptive_link_slows_down_and_pauses_only_for_a_full_queue():
    rate = LinkRate(0.0, None, 0.0)
    throttle = Throttle(rate, adaptive=True)
    throttle.success(1.0, 0.9, 50)
    assert throttle.slow_down(0x58, 1.0, 0.9) and throttle.until == 0.0 and rate.rate > 0
    assert not throttle.slow_down(0x58, 1.0, 0.9)
    assert throttle.slow_down(0x14, 1.0, 0.9) and throttle.until == 6.0
