"""What the answer to a submit_sm, or its lack, means for the message: status → verdict, verdict → change.

The table of statuses is `delivery.trouble`'s; here stand the consequences.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from smsgwd.delivery.retry import retry_at
from smsgwd.delivery.trouble import THROTTLE_PAUSE_S, Action, action_for
from smsgwd.model.changes import Change, Fail, GiveUp, Note, Requeue
from smsgwd.model.message import Failure
from smsgwd.smpp.status import ESME_RMSGQFUL, status_name
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.settings import UnknownOutcome

_IN_A_ROW = 3  # after that many lost answers, or lost sessions, a message is postponed: it may be what kills the link
_SINGLED_OUT = 8  # more times than that throttled while others are not, and a message is postponed
_QUEUE_FULL = 2  # the same for ESME_RMSGQFUL, which often means the queue of the one recipient
_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 10.0

_VERDICTS = {
    Action.THROTTLE: Verdict.AGAIN,
    Action.REBIND: Verdict.AGAIN,
    Action.RETRY: Verdict.RETRY,
    Action.FAIL: Verdict.FAIL,
}


class Answers:
    """The policy of one connector."""

    def __init__(
        self,
        connector: str,
        unknown_outcome: UnknownOutcome,
        statuses: Mapping[int, Action],
        random: Callable[[], float],
    ) -> None:
        self._connector = connector
        self._unknown_outcome = unknown_outcome
        self._statuses = statuses
        self._random = random

    def refused(self, out: Outgoing, number: int, status: int) -> Action:
        """PDU `number` was answered with an error; what that asks of the link."""
        action = action_for(status, self._statuses)
        out.decide(_VERDICTS[action], Failure("smsc_rejected", status_name(status), status), number)
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
        elif out.error is not None and action_for(out.error.smpp_status or 0, self._statuses) is Action.REBIND:
            out.rebinds += 1
            if out.rebinds >= _IN_A_ROW:
                out.rebinds = 0
                out.verdict = Verdict.RETRY

    def change(self, out: Outgoing, now_ms: int) -> Change:
        """What the store is to do for a verdict of RETRY or worse; every part that was taken is durable by now."""
        message, connector = out.message, self._connector
        error = out.error or Failure("smsc_rejected")
        if out.verdict is Verdict.RETRY:
            due = retry_at(message.attempts + 1, now_ms, message.deadline, self._random)
            if due is not None or not out.taken:
                # Beyond its validity it only waits for the sweep that ends it as expired.
                return Requeue(message.id, message.deadline if due is None else due, connector, now_ms, error)
        elif out.verdict is Verdict.GIVE_UP:
            return GiveUp(message.id, connector, now_ms, error)
        return Fail(message.id, out.failed_part, connector, now_ms, error)

    def note(self, out: Outgoing, number: int, reason: str, now_ms: int) -> Note:
        """For the history: the answer to PDU `number` was lost."""
        detail = reason if out.message.parts == 1 else f"part {min(number, out.message.parts)}: {reason}"
        return Note(out.message.id, now_ms, "outcome_unknown", detail, self._connector)


def unknown_id(message_id: int, part: int) -> str:
    """An SMSC id that no SMSC gives: for a part that counts as sent although its id never came (policy `wait`)."""
    return f"?{message_id}.{part}"


class Throttle:
    """How long a connector pauses because its SMSC asks it to slow down. Times are monotonic seconds."""

    def __init__(self) -> None:
        self.until = 0.0
        self._times = 0
        self._taken = 0

    def slow_down(self, status: int, now: float) -> bool:
        """An answer asked for it; True when that begins a pause. The answers of one window are one request."""
        if now < self.until:
            return False
        pause = THROTTLE_PAUSE_S.get(status, _PAUSE_S) * 2.0 ** min(self._times, 10)
        self.until = now + min(_LONGEST_PAUSE_S, pause)
        self._times += 1
        return True

    def singles_out(self, out: Outgoing, status: int) -> bool:
        """This message was throttled again; True when others get through all the time and only it does not.

        So answers an SMSC whose queue for one recipient is full: that must not hold up all others, least of all when
        the message comes back from being postponed.
        """
        if out.throttled_at != self._taken:
            out.throttled_at = self._taken
            out.throttled += 1
        most = _QUEUE_FULL if status == ESME_RMSGQFUL else _SINGLED_OUT
        return out.throttled > (0 if out.message.attempts else most)

    def success(self, now: float, count: int = 1) -> None:
        """That many parts were taken: after the pause that means all is well again."""
        self._taken += count
        if count and self._times and now >= self.until:
            self._times = 0
