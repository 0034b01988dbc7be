"""What the answer to a submit_sm, or its lack, means for the message: status → verdict, verdict → change.

The table of statuses is `delivery.trouble`'s; here stand the consequences. How long the link pauses is `throttle.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.delivery.retry import retry_at
from smsgwd.delivery.trouble import Action, Scope, rule_for
from smsgwd.model.changes import Change, Fail, GiveUp, Note, Requeue
from smsgwd.model.message import Failure
from smsgwd.ports.dispatch import Ways
from smsgwd.smpp.status import status_name
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.settings import Policy

_IN_A_ROW = 3  # after that many lost answers, or lost sessions, a message is postponed: it may be what kills the link

_VERDICTS = {
    Action.THROTTLE: Verdict.AGAIN,
    Action.REBIND: Verdict.AGAIN,
    Action.SUSPEND: Verdict.SUSPENDED,
    Action.RETRY: Verdict.RETRY,
    Action.FAILOVER: Verdict.FAILOVER,
    Action.FAIL: Verdict.FAIL,
}


class Answers:
    """The policy of one connector."""

    def __init__(self, settings: Policy, random: Callable[[], float], ways: Ways | None = None) -> None:
        """Without `ways` no message goes over to another connector."""
        self._connector = settings.id
        self._random = random
        self._ways = ways
        self.adopt(settings)

    def adopt(self, settings: Policy) -> None:
        """Other settings, for what is answered from now on."""
        self._unknown_outcome = settings.unknown_outcome
        self._statuses = settings.statuses
        self._waits_s = settings.retry_waits_s
        self._attempts = settings.retry_attempts

    @property
    def resends(self) -> bool:
        """True when a message whose outcome is unknown is sent again."""
        return self._unknown_outcome == "resend"

    def refused(self, out: Outgoing, number: int, status: int, latency_ms: int | None = None) -> Action:
        """PDU `number` was answered with an error after so many milliseconds; what that asks of the link."""
        action = rule_for(status, self._statuses).action
        out.decide(_VERDICTS[action], Failure("smsc_rejected", status_name(status), status), number, latency_ms)
        return action

    def unanswered(self, out: Outgoing, number: int, reason: str) -> bool:
        """PDU `number` went out and no answer will come; True when it counts as sent (policy `wait`)."""
        if self._unknown_outcome == "wait":
            return True
        verdict = Verdict.GIVE_UP if self._unknown_outcome == "fail" else Verdict.UNKNOWN
        out.decide(verdict, Failure("outcome_unknown", reason), number)
        return False

    def conclude(self, out: Outgoing) -> None:
        """All PDUs of the attempt are answered: a message whose outcome is lost again and again is postponed.

        So is one that is answered each time with a status that asks for a new bind.
        """
        if out.verdict is Verdict.UNKNOWN:
            out.unknowns += 1
            if out.unknowns >= _IN_A_ROW:
                out.unknowns = 0
                out.verdict = Verdict.RETRY
        elif out.verdict is not Verdict.AGAIN:
            out.unknowns = out.rebinds = 0
        elif out.error is not None and rule_for(out.error.smpp_status or 0, self._statuses).action is Action.REBIND:
            out.rebinds += 1
            if out.rebinds >= _IN_A_ROW:
                out.rebinds = 0
                out.verdict = Verdict.RETRY

    def can_leave(self, out: Outgoing) -> bool:
        """True when it can go over to another connector: no SMSC has a part of it, and its route has another way."""
        return self._way(out) is not None and (out.error is None or self._goes_over(out.error))

    def change(self, out: Outgoing, now_ms: int) -> Change:
        """What the store is to do for a verdict of SUSPENDED or worse; what was taken is durable by now."""
        message, connector = out.message, self._connector
        error = out.error or Failure("smsc_rejected")
        if out.verdict is Verdict.RETRY:
            way = self._after_phone(out, error)
            if way is not None:
                return Requeue(message.id, 0, way, now_ms, error, left=connector, latency_ms=out.latency_ms)
            change = self._retry(out, error, now_ms)
            if change is not None:
                return change
        elif out.verdict is Verdict.FAILOVER or out.verdict is Verdict.SUSPENDED:
            way = self._way(out) if self._goes_over(error) else None
            if way is not None:
                return Requeue(message.id, 0, way, now_ms, error, left=connector, latency_ms=out.latency_ms)
        elif out.verdict is Verdict.GIVE_UP:
            return GiveUp(message.id, connector, now_ms, error)
        if self._ways is not None and not out.taken and not out.sent:
            way = self._ways.beyond(message, connector)
            if way is not None:
                return Requeue(message.id, 0, way, now_ms, error, left=connector, latency_ms=out.latency_ms)
        return Fail(message.id, out.failed_part, connector, now_ms, error, out.latency_ms)

    def _retry(self, out: Outgoing, error: Failure, now_ms: int) -> Requeue | None:
        """Later, here or on the next way; None when its validity ends before, and an SMSC has a part of it."""
        message, connector = out.message, self._connector
        attempts = message.attempts + 1
        # Attempts are counted over all connectors: each has had its share when the number is a multiple of it.
        exhausted = attempts % self._attempts == 0 and self._goes_over(error)
        way = self._way(out) if exhausted else None
        due = retry_at(attempts, now_ms, message.deadline, self._random, self._waits_s)
        if due is None:
            if out.taken:
                return None
            due = message.deadline  # beyond its validity it only waits for the sweep that ends it as expired
        if way is None and out.not_before >= message.deadline and self._goes_over(error):
            way = self._way(out)  # by the time that is wished for here it is too late
        if way is None:
            due = max(due, out.not_before)
            return Requeue(message.id, due, connector, now_ms, error, latency_ms=out.latency_ms)
        return Requeue(message.id, due, way, now_ms, error, left=connector, latency_ms=out.latency_ms)

    def _goes_over(self, error: Failure) -> bool:
        """Whether another carrier may take what this one refused so."""
        status = error.smpp_status
        return status is None or rule_for(status, self._statuses).scope is Scope.CONNECTOR

    def _after_phone(self, out: Outgoing, error: Failure) -> str | None:
        """The next way of a message that goes by the network where a phone fails: who asks for that does not wait for
        this phone to be tried again. None for what got no answer, which the phone may be sending."""
        if error.smpp_status is None or self._ways is None or self._ways.beyond(out.message, self._connector) is None:
            return None
        return self._way(out)

    def _way(self, out: Outgoing) -> str | None:
        if self._ways is None or out.taken or out.sent:
            return None
        return self._ways.next_way(out.message, self._connector)

    def note(self, out: Outgoing, number: int, reason: str, now_ms: int) -> Note:
        """For the history: the answer to PDU `number` was lost."""
        detail = reason if out.message.parts == 1 else f"part {min(number, out.message.parts)}: {reason}"
        return Note(out.message.id, now_ms, "outcome_unknown", detail, self._connector)


def unknown_id(message_id: int, part: int) -> str:
    """An SMSC id that no SMSC gives: for a part that counts as sent although its id never came (policy `wait`)."""
    return f"?{message_id}.{part}"
