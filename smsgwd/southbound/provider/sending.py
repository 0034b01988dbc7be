"""What goes when: from the ready queue in groups, through bucket and circuit, to the plugin, and verdicts back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from twisted.internet.interfaces import IDelayedCall

from smsgwd.delivery.rate import LinkRate
from smsgwd.providers import verdicts as said
from smsgwd.providers.message import Outbound
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.encode import CannotEncode
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.provider.calls import Done, Send
from smsgwd.southbound.provider.circuit import Circuit
from smsgwd.southbound.provider.groups import Groups
from smsgwd.southbound.provider.link import ProviderLink
from smsgwd.southbound.provider.outbound import outbound
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.verdicts import bad, name_of, of_group, refused
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.suspension import FOR_GOOD, Suspension
from smsgwd.telemetry import get_logger
from smsgwd.telemetry.provider_metrics import VerdictName

_SOONEST_S: Final = 0.002
_STORE_AGAIN_S: Final = 1.0
_PAUSE_S: Final = 1.0  # after 'too much at once' without a wish; twice as long each time in a row
_LONGEST_PAUSE_S: Final = 60.0
_LONGEST_WISH_S: Final = 600.0
_ONE_THING: Final = ("the whole message",)  # what stands for its PDU: a provider gets it in one piece
_KINDS: Final = 64  # of refusals that are told apart
_log = get_logger("southbound")

Group = Sequence[tuple[Outgoing, Outbound]]


class ProviderSending:
    """The sending of one connector; `join` before the first `pump`. Implements `life.Sending`."""

    _queue: ReadyQueue
    _flights: Flights
    _suspension: Suspension

    def __init__(
        self,
        settings: ProviderSettings,
        runtime: Runtime,
        batch: Batch,
        rate: LinkRate,
        circuit: Circuit,
        counts: Counts,
        link: ProviderLink,
        callback_url: Callable[[int], str],
        *,
        pumped: Callable[[], None],
        accepted: Callable[[Outgoing, str], None],
        seen: Callable[[VerdictName, int], None],
    ) -> None:
        """`pumped` is called after each look at what can be sent, `accepted` with each message that was taken and its
        foreign id, `seen` with the name of a verdict and how many messages got it."""
        self.taking = False
        self.suspended = False
        self.calls = 0  #: under way
        self.refusals: dict[str, int] = {}  #: provider's words, since the start
        self._runtime = runtime
        self._batch = batch
        self._rate = rate
        self._circuit = circuit
        self._counts = counts
        self._link = link
        self._callback_url = callback_url
        self._pumped = pumped
        self._accepted = accepted
        self._seen = seen
        self._groups = Groups(settings.plugin.together, settings.together)
        self._until = 0.0  # the provider wants a pause
        self._pauses = 0  # in a row
        self._unreachable = False  # the pause is not the provider's wish
        self._wake: IDelayedCall | None = None
        self._wake_at = 0.0
        self._pumping = False
        self.adopt(settings)

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, for what is begun from now on."""
        self._settings = settings
        self._groups.adopt(settings.plugin.together, settings.together)

    def join(self, queue: ReadyQueue, flights: Flights, suspension: Suspension) -> None:
        """Where messages come from, who has them while they are out, and what stops them for a while."""
        self._queue = queue
        self._flights = flights
        self._suspension = suspension

    @property
    def unfinished(self) -> bool:
        """See `life.Sending`: a message goes in one piece."""
        return False

    @property
    def pumping(self) -> bool:
        """See `life.Sending`."""
        return self._pumping

    @property
    def waiting(self) -> int:
        """Messages that have left the queue and are not sent yet."""
        return len(self._groups)

    def pump(self) -> None:
        """Send what can be sent now, and see to it that this is called again when more can be."""
        if self._pumping:
            return
        self._pumping = True
        try:
            if self._can_send:
                self._fill()
            elif self._groups:
                self.put_back(lambda out: True)
        finally:
            self._pumping = False
        self._queue.read()
        self._pumped()

    def put_back(self, wanted: Callable[[Outgoing], bool]) -> None:
        """Those of the messages that wait for their group go back to their places in the queue."""
        for out in self._groups.remove(wanted):
            self._queue.put_back(out)

    def sleep_no_more(self) -> None:
        """See `life.Sending`."""
        if self._wake is not None and self._wake.active():
            self._wake.cancel()
        self._wake = None

    def sent_again(self) -> None:
        """What the provider asked for before does not count any more: an operator, or another plugin."""
        self._until, self._pauses = 0.0, 0

    @property
    def _can_send(self) -> bool:
        return self.taking and not self.suspended and self._link.state == "running" and self._runtime.lease.held

    def _fill(self) -> None:
        settings, clock = self._settings, self._runtime.clock
        while self._can_send and self.calls < settings.window and not self._flights.crowded:
            now = clock.monotonic()
            if now < self._until:
                self._sleep(self._until - now)
                return
            if not self._circuit.allows:
                if self._circuit.wait > 0:
                    self._sleep(self._circuit.wait)
                return  # or a probe is under way: its end has this called
            now_ms = clock.now_ms()
            self._gather(now_ms)
            group = self._groups.first()
            if not group:
                return
            if min(out.message.deadline for out, _ in group) <= now_ms:
                self._drop_late(now_ms)
                continue
            if not self._batch.working:
                self._sleep(_STORE_AGAIN_S)
                return
            group = group[:1] if self._circuit.is_open else self._paced(group)
            parts = sum(out.message.parts for out, _ in group)
            if not self._rate.take(parts, now):
                self._sleep(self._rate.wait(parts, now))
                return
            self._groups.take(group)
            self._send(group)

    def _drop_late(self, now_ms: int) -> None:
        """It became too late for some that wait for their group: the sweep ends them as expired."""
        for out in self._groups.remove(lambda out: out.message.deadline <= now_ms):
            self._queue.done(out)

    def _paced(self, group: Group) -> Group:
        """As many of a group as may go at once; what is more would be too much in one second."""
        settings = self._settings
        if not settings.throughput:
            return group
        left = settings.throughput if settings.burst is None else settings.burst
        for at, (out, _) in enumerate(group):
            left -= out.message.parts
            if left < 0:
                return group[: max(1, at)]
        return group

    def _gather(self, now_ms: int) -> None:
        """Take from the queue what may make groups."""
        queue, groups = self._queue, self._groups
        binary = self._settings.plugin.binary
        while (out := queue.first()) is not None and groups.wants(out):
            queue.take()
            if out.message.deadline <= now_ms:
                queue.done(out)  # too late: the sweep ends it as expired
                continue
            try:
                message = outbound(out.message, self._callback_url, binary=binary)
            except CannotEncode as error:
                self._cannot(out, str(error))
            except Exception as error:  # or it would be in nobody's hands, and the next ones never sent
                _log.error("connector.error", connector=self._settings.id, reason=f"message: {type(error).__name__}")
                self._cannot(out, "it cannot be read")
            else:
                groups.add(out, message)

    def _cannot(self, out: Outgoing, reason: str) -> None:
        """It is none for this provider: another connector may take it."""
        out.begin(_ONE_THING)
        out.todo = []
        self._flights.begun(out)
        refused(out, said.Permanent("not_encodable", reason, "connector"), 0, 0)
        self._flights.conclude(out)

    def _send(self, group: Group) -> None:
        for out, _ in group:
            out.begin(_ONE_THING)
            out.todo = []
            out.open = 1
            self._flights.begun(out)
        self.calls += 1
        self._counts.submitted += len(group)
        probe = self._circuit.begin()
        began = self._runtime.clock.monotonic()
        call = self._link.runner.call(Send([message for _, message in group]), self._settings.call_s)
        call.addCallback(self._answered, group, probe, began)
        call.addErrback(lambda failure: _log.error("daemon.unhandled_error", exc_info=failure.value))

    def _answered(self, done: Done, group: Group, probe: bool, began: float) -> None:
        self.calls -= 1
        seconds = self._runtime.clock.monotonic() - began
        verdicts = of_group(done, len(group))
        good = None if self._link.leaving and done.trouble else _worked(done, verdicts)
        self._circuit.ended(probe=probe, good=good, reason=done.trouble or _reason(verdicts))
        self._unreachable = done.verdicts is None and done.halted is None
        latency_ms = int(1000 * seconds)
        for (out, _), verdict in zip(group, verdicts, strict=True):
            out.open -= 1
            self._take(out, verdict, latency_ms)
            self._flights.conclude(out)
        taken = sum(isinstance(verdict, said.Accepted) for verdict in verdicts)
        if taken:
            self._counts.answer(0, seconds, taken)
            self._pauses = 0
        self._pump_soon()

    def _take(self, out: Outgoing, verdict: said.Verdict, latency_ms: int) -> None:
        """Decide over one message; what it asks of the connector is done, too."""
        self._seen(name_of(verdict), 1)
        if isinstance(verdict, said.Accepted):
            foreign_id = verdict.foreign_id
            if foreign_id.startswith("?") or foreign_id.isspace():
                foreign_id = ""  # so we call what has none: it would be another message's
            self._flights.accepted(out, 1, foreign_id, latency_ms)
            self._accepted(out, foreign_id)
            return
        if isinstance(verdict, said.Unknown):
            self._counts.unknown += 1
            self._flights.unanswered(out, 1, verdict.reason)
            if self._settings.unknown_outcome == "wait":
                self._accepted(out, "")
            return
        refused(out, verdict, self._runtime.clock.now_ms(), latency_ms)
        if isinstance(verdict, said.Permanent | said.Temporary):
            self._counts.refused += 1
            word = verdict.code if isinstance(verdict, said.Permanent) else verdict.reason
            if word in self.refusals or len(self.refusals) < _KINDS:
                self.refusals[word] = self.refusals.get(word, 0) + 1
        else:
            self.asked_for(verdict)

    def asked_for(self, verdict: said.SlowDown | said.Park | said.Stop) -> None:
        """The provider asks for a pause, or for more than that."""
        if isinstance(verdict, said.SlowDown):
            self._slow_down(verdict)
        else:
            self._stay_away(verdict)

    def _slow_down(self, verdict: said.SlowDown) -> None:
        """The verdicts of one call are one wish; of several wishes the longest holds."""
        now = self._runtime.clock.monotonic()
        wish = verdict.seconds
        if now < self._until:
            if wish is not None:
                self._until = max(self._until, now + min(_LONGEST_WISH_S, wish))
            return
        self._counts.throttled += not self._unreachable
        if wish is None:
            wish = min(_LONGEST_PAUSE_S, _PAUSE_S * 2.0 ** min(self._pauses, 10))
            self._pauses += 1
        self._until = now + min(_LONGEST_WISH_S, max(0.1, wish))

    def _stay_away(self, verdict: said.Park | said.Stop) -> None:
        """Nothing goes for a while, or until somebody has mended it."""
        if self._suspension.left(self._runtime.clock.monotonic()):
            return
        if isinstance(verdict, said.Park):
            _log.error("provider.parked", connector=self._settings.id, reason=verdict.reason)
            self._suspension.begin(verdict.reason, verdict.seconds)
        else:
            _log.error("provider.stopped", connector=self._settings.id, reason=verdict.reason)
            self._suspension.begin(verdict.reason, FOR_GOOD)

    def _pump_soon(self) -> None:
        self._runtime.turn.add_early(self.pump)

    def _sleep(self, seconds: float) -> None:
        """Look again after that time, or sooner if that was planned."""
        seconds = max(_SOONEST_S, seconds)
        at = self._runtime.clock.monotonic() + seconds
        if self._wake is not None and self._wake.active():
            if self._wake_at <= at:
                return
            self._wake.cancel()
        self._wake_at = at
        self._wake = self._runtime.reactor.callLater(seconds, self._woken)

    def _woken(self) -> None:
        self._wake = None
        self.pump()


def _worked(done: Done, verdicts: Sequence[said.Verdict]) -> bool | None:
    """Whether a call shows that the provider works; None = it tells nothing of that."""
    if isinstance(done.halted, said.SlowDown | said.Park | said.Stop):
        return None
    return (done.verdicts is not None or done.halted is not None) and not bad(verdicts)


def _reason(verdicts: Sequence[said.Verdict]) -> str:
    return next((verdict.reason for verdict in verdicts if isinstance(verdict, said.Temporary | said.Unknown)), "")
