"""The messages that are out: from their first PDU written until what became of them is durable."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from smsgwd.model.changes import Change, Fail, Ignored, Moved, PartSent, Requeue, Result
from smsgwd.model.message import Failure, Message, State
from smsgwd.ports.clock import Clock
from smsgwd.southbound.answers import Answers, unknown_id
from smsgwd.southbound.batch import Batch, Then
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.outgoing import Outgoing, Verdict
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.settings import Policy

_ONE = frozenset((1,))
# An SMSC may take messages faster than the store makes that durable: then memory, what a kill makes unknown, and the
# time that receipts wait for their commit would grow as long as there is something to send.
_MOST_OUT = 500  # or the windows of all binds, if they are more
_NO_VERDICT = Verdict.NONE


class Flights:
    """Turns answers into changes, and verdicts into what they ask for.

    An accepted part is a change at once. A verdict is acted on when no PDU of the message is unanswered and every
    accepted part is durable: refund or not depends on them, and what is sent again.
    """

    def __init__(
        self,
        settings: Policy,
        batch: Batch,
        clock: Clock,
        answers: Answers,
        queue: ReadyQueue,
        counts: Counts,
        id_form: IdForm,
        stop_writing: Callable[[Outgoing], None],
        look_again: Callable[[], None],
        hand_over: Callable[[Sequence[Message]], None],
    ) -> None:
        """`hand_over` gets what belongs to another connector now, durably."""
        self.active: dict[int, Outgoing] = {}  #: by message id: with a PDU unanswered, or a change not durable
        self._settings = settings
        self._batch = batch
        self._clock = clock
        self._answers = answers
        self._queue = queue
        self._counts = counts
        self._id_form = id_form
        self._stop_writing = stop_writing
        self._look_again = look_again
        self._hand_over = hand_over
        self._durable = self._are_durable  # one object, so that the batch calls it once for many
        self._most = _most_out(settings)
        self._held = False  # the sender waits for fewer

    def adopt(self, settings: Policy, id_form: IdForm) -> None:
        """Other settings, for what is answered from now on."""
        self._settings = settings
        self._id_form = id_form
        self._most = _most_out(settings)

    @property
    def crowded(self) -> bool:
        """True when so many are out that nothing new is to leave: what is durable next has the sender look again."""
        if len(self.active) < self._most:
            return False
        self._held = True
        return True

    def begun(self, out: Outgoing) -> None:
        """It has left the queue and is about to be written."""
        self.active[out.message.id] = out

    def accepted(self, out: Outgoing, number: int, smsc_id: str, latency_ms: int) -> None:
        """PDU `number` was taken under this id, so many milliseconds after it was written."""
        self._counts.sent += 1
        if smsc_id.strip():
            self._id_form.given(smsc_id, out.message.dest_addr or out.message.msisdn)
            self._sent(out, number, smsc_id, latency_ms)
        else:  # no id is no reason to share receipts with others that have none
            self._sent(out, number, unknown_id(out.message.id, number), latency_ms)

    def accepted_lone(self, answers: Sequence[tuple[Outgoing, bytes, int]]) -> None:
        """Messages of one PDU each were taken under these ids: `accepted` and `conclude` of each, at a third.

        The third of each is the time from its writing to its answer (ms).
        """
        self._counts.sent += len(answers)
        settings, form, then = self._settings, self._id_form.form, self._durable
        given = self._id_form.given
        group, connector, now = settings.group, settings.id, self._clock.now_ms()
        entries: list[tuple[Change, Then, Outgoing, bool]] = []
        for out, message_id, took in answers:
            message = out.message
            smsc_id = message_id.decode("latin-1")
            if smsc_id.strip():
                given(smsc_id, message.dest_addr or message.msisdn)
            else:  # no id is no reason to share receipts with others that have none
                smsc_id = unknown_id(message.id, 1)
            out.sent = out.taken = _ONE
            out.undurable += 1
            sent = PartSent(message.id, 1, smsc_id, group, connector, now, form, True, took)
            entries.append((sent, then, out, False))
        self._batch.add_many(entries)

    def accepted_late(self, out: Outgoing, number: int, smsc_id: str) -> None:
        """PDU `number` was given up, and taken all the same: its receipt will have this id.

        If the message waits to be sent again, the parts that PDU stands for are left out.
        """
        parts = out.parts_with_id_of(number)
        if not smsc_id.strip() or not parts:
            return
        self._id_form.given(smsc_id, out.message.dest_addr or out.message.msisdn)
        for part in parts:
            self._batch.add(self._part_sent(out, part, smsc_id, self._clock.now_ms(), None))
        if out.message.id not in self.active:
            waiting = self._queue.same(out)
            waiting.taken = waiting.taken | set(parts)
            waiting.over = waiting.over or len(waiting.taken) >= out.message.parts

    def unanswered(self, out: Outgoing, number: int, reason: str) -> None:
        """PDU `number` went out and no answer will come: the policy says what that means."""
        self._batch.add(self._answers.note(out, number, reason, self._clock.now_ms()))
        if self._answers.unanswered(out, number, reason):
            self._sent(out, number, unknown_id(out.message.id, number), None)
        else:
            self._stop_writing(out)

    def superseded(self, message_id: int) -> None:
        """It goes another way now: nothing more of it is to be written."""
        out = self.active.get(message_id)
        if out is not None:
            out.over = True
            self._stop_writing(out)
            self.conclude(out)

    def unsendable(self, out: Outgoing, reason: str) -> None:
        """No PDUs can be made of it for this connector: it is refused."""
        self.begun(out)
        out.undurable += 1
        error = Failure("not_encodable", reason)
        self._batch.add(Fail(out.message.id, 1, self._settings.id, self._clock.now_ms(), error), self._durable, out)

    def conclude(self, out: Outgoing) -> None:
        """Act on the verdict, if no PDU of this message is out or to be written any more."""
        if out.open or out.todo:
            return
        self._answers.conclude(out)
        if not out.undurable:
            self._act(out)

    def _act(self, out: Outgoing) -> None:
        """Nothing of it is out, and the store knows of every part that was taken."""
        if out.verdict is Verdict.NONE or out.over:
            self._finished(out)
        elif out.verdict <= Verdict.UNKNOWN or (out.verdict is Verdict.SUSPENDED and not self._answers.can_leave(out)):
            # Only now: in the queue it may be left to the store again, with what the store knows of it.
            out.verdict = Verdict.NONE
            self.active.pop(out.message.id, None)
            self._queue.put_back(out)
        else:
            change = self._answers.change(out, self._clock.now_ms())
            out.verdict = Verdict.NONE
            out.undurable += 1
            if isinstance(change, Requeue) and change.left:
                self._batch.add(change, self._gone_over, (out, change))
            else:
                self._batch.add(change, self._durable, out)

    def _gone_over(self, results: Sequence[Result], moves: Sequence[tuple[Outgoing, Requeue]]) -> None:
        """These belong to other connectors now, but for those that ended meanwhile."""
        self._are_durable(results, [out for out, _ in moves])
        gone = [
            (out, change) for result, (out, change) in zip(results, moves, strict=True) if isinstance(result, Moved)
        ]
        for result, (out, _) in zip(results, moves, strict=True):
            if isinstance(result, Ignored) and result.reason == "left" and out.message.parts > 1:
                self._queue.look_up(out.message)  # an SMSC has a part of it after all, which an answer told too late
        for _, change in gone:
            self._counts.failover("retries" if change.due_at else "refused")
        at_once = [_moved(out.message, change) for out, change in gone if not change.due_at]
        if at_once:
            self._hand_over(at_once)

    def _sent(self, out: Outgoing, number: int, smsc_id: str, latency_ms: int | None) -> None:
        now = self._clock.now_ms()
        for part, part_id in out.accept(number, smsc_id):
            out.undurable += 1
            self._batch.add(self._part_sent(out, part, part_id, now, latency_ms), self._durable, out)

    def _part_sent(self, out: Outgoing, part: int, smsc_id: str, now_ms: int, latency_ms: int | None) -> PartSent:
        settings, form = self._settings, self._id_form.form
        receipt = settings.receipt_for_all_parts or part >= min(len(out.pdus), out.message.parts)
        group, connector = settings.group, settings.id
        return PartSent(out.message.id, part, smsc_id, group, connector, now_ms, form, receipt, latency_ms)

    def _are_durable(self, results: Sequence[Result], outs: Sequence[Outgoing]) -> None:
        """A change of each of these messages is durable."""
        forget, done = self.active.pop, self._queue.done
        back = False
        for result, out in zip(results, outs, strict=True):
            out.undurable -= 1
            if type(result) is Ignored and result.reason != "repeated":
                # Final by a receipt, a cancellation or a sweep: nothing more of it is to be sent.
                out.over = True
                self._stop_writing(out)
            if not (out.undurable or out.open or out.todo):
                if out.verdict is _NO_VERDICT or out.over:
                    forget(out.message.id, None)
                    if done(out):
                        back = True  # one that waited behind it may go
                else:
                    back = back or out.verdict <= Verdict.SUSPENDED
                    self._act(out)
        if back or (self._held and len(self.active) < self._most):
            self._held = False
            self._look_again()

    def _finished(self, out: Outgoing) -> None:
        self.active.pop(out.message.id, None)
        self._queue.done(out)


def _most_out(settings: Policy) -> int:
    return max(_MOST_OUT, settings.most_out)


def _moved(message: Message, change: Requeue) -> Message:
    """The message as the store has it after it went over."""
    tried = f"{message.tried},{change.left}" if message.tried else change.left
    return msgspec.structs.replace(
        message,
        connector=change.connector,
        tried=tried,
        attempts=message.attempts + change.counts,
        state=State.QUEUED,
        due_at=0,
    )
