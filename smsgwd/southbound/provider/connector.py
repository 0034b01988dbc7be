"""One provider connector: what `southbound.connector.Connector` is for an SMSC, with a plugin in the place of binds.

Queue, flights, policy of answers, rate, suspension and life are the same; see there for what each method promises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from twisted.internet.defer import Deferred

from smsgwd.delivery.rate import LinkRate
from smsgwd.model.message import Message
from smsgwd.ports.dispatch import ConnectorStatus, Ways
from smsgwd.ports.store import Store
from smsgwd.providers.verdicts import Park, SlowDown, Stop
from smsgwd.southbound.answers import Answers
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.flights import Flights
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.life import Life
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.provider.calls import Call, Done
from smsgwd.southbound.provider.circuit import Circuit
from smsgwd.southbound.provider.link import ProviderLink
from smsgwd.southbound.provider.parts import Asking, Figures
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.runner import Runner
from smsgwd.southbound.provider.sending import ProviderSending
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.status import bind_status, counted, provider_status
from smsgwd.southbound.reconfigured import changed
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.shared_queue import make_queue
from smsgwd.southbound.shares import in_hand
from smsgwd.telemetry import ConnectorMetrics, ProviderMetrics
from smsgwd.telemetry.provider_metrics import VerdictName

#: What the plugin was made with, or fixes the meaning of what is out: it is drained and made anew. All others count
#: from the next message on.
MADE_WITH: Final = ("plugin", "group", "options", "connect_s", "answer_s", "callbacks", "callback_base", "isolated")


@dataclass(frozen=True, slots=True)
class Tools:
    """What a connector needs of the gateway. `runner` makes what runs its plugin, `permits` gives the limit of its
    account, `callback_url` an address for reports on a message (0 = on none in particular), '' where it takes none."""

    runtime: Runtime
    store: Store
    batch: Batch
    runner: Callable[[ProviderSettings, Permits], Runner]
    permits: Callable[[ProviderSettings], Permits]
    callback_url: Callable[[ProviderSettings, int], str]
    asking: Callable[[ProviderConnector], Asking]
    figures: Callable[[ProviderConnector], Figures]
    ways: Ways | None = None
    metrics: ConnectorMetrics | None = None
    provider_metrics: ProviderMetrics | None = None


class ProviderConnector:
    """Gives the messages of one connector to its plugin, and takes what the provider says of them."""

    def __init__(
        self, settings: ProviderSettings, tools: Tools, hand_over: Callable[[Sequence[Message]], None]
    ) -> None:
        """`hand_over` gets the messages that belong to another connector now."""
        runtime = tools.runtime
        self.id = settings.id
        self.counts = Counts(tools.metrics)
        self.callbacks = 0  #: taken, since the start
        self._settings = settings
        self._next: ProviderSettings | None = None  # those that the plugin is being made anew for
        self._tools = tools
        self._runtime = runtime
        self._batch = tools.batch
        self._metrics = tools.provider_metrics
        self._permits = tools.permits(settings)
        self._answers = Answers(settings, runtime.random, tools.ways)
        self._rate = LinkRate(settings.throughput, settings.burst, runtime.clock.monotonic())
        self._circuit = Circuit(settings.id, runtime.clock, runtime.random)
        self._down_since: float | None = runtime.clock.monotonic()
        self._looking = False
        self._here = runtime.claims is None  # else when this node has it
        self._queue, self.shared_queue = make_queue(
            settings,
            tools.store,
            runtime,
            self._look_soon,
            lambda: in_hand(self._settings, self._rate, self.counts),
            lambda: self.up,
        )
        self._link = ProviderLink(
            tools.runner(settings, self._permits), lambda: self._sending.calls > 0, self._state_changed
        )
        self._sending = ProviderSending(
            settings,
            runtime,
            tools.batch,
            self._rate,
            self._circuit,
            self.counts,
            self._link,
            lambda message_id: tools.callback_url(self._settings, message_id),
            pumped=self._pumped,
            accepted=self._accepted,
            seen=self._seen,
        )
        self._flights = Flights(
            settings,
            tools.batch,
            runtime.clock,
            self._answers,
            self._queue,
            self.counts,
            IdForm(settings.group, "exact"),
            _nothing_to_stop,
            self._look_soon,
            hand_over,
        )
        self.life = Life(
            settings.id, settings.suspend_s, runtime, self._sending, self._queue, self._link, self._look_soon
        )
        self._sending.join(self._queue, self._flights, self.life.suspension)
        self.asking = tools.asking(self)
        self.figures = tools.figures(self)
        tools.batch.when_working_again(self._look_soon)

    # ------------------------------------------------------------------ what the dispatcher calls
    def start(self) -> None:
        """Run the plugin, and send what is queued, unless operators want it stopped."""
        self._down_since = self._runtime.clock.monotonic()
        self.life.start()

    def forget(self) -> None:
        """It is closed, and will not be started again."""
        self._batch.tell_no_more(self._look_soon)

    @property
    def settings(self) -> ProviderSettings:
        """What it goes by now, or will when its plugin is made anew."""
        return self._next or self._settings

    def reconfigure(self, settings: ProviderSettings, limit_s: float) -> str:
        """Other settings: '' where they are the same, `adjusted` in place, or `rebound`: drained, and the plugin made
        anew, within `limit_s` or soon after."""
        names = changed(self._settings, settings)
        if self._next is None and not names:
            return ""
        if self._next is None and not any(name in MADE_WITH for name in names):
            self._adopt(settings)
            self.life.bring_up_to_date()
            return "adjusted"
        self._next = settings
        self.life.between_binds(self._anew, limit_s)
        return "rebound"

    def present(self, here: bool) -> None:
        """Whether this node has the connector: else others send for it and ask for states, and the plugin runs here for
        callbacks alone."""
        if self.shared_queue is not None and here != self._here:
            self._sending.put_back(_every)
            self._here = here
            self.shared_queue.present(here)
            self._state_changed()

    def set_limits(self, throughput: float | None, window: int | None) -> None:
        """See ports.dispatch.Control."""
        settings = self.settings
        if throughput is not None:
            settings = replace(settings, throughput=throughput)
        if window is not None:
            settings = replace(settings, window=window)
        if self._next is not None:
            self._next = settings
        else:
            self._adopt(settings)

    def rebind(self, limit_s: float) -> None:
        """See ports.dispatch.Control: end the plugin and run it anew, and try the provider at once."""
        self._next = self.settings
        self.life.between_binds(self._anew, limit_s)

    def try_now(self) -> None:
        """An operator wants it tried, whatever the provider asked for before, and though it did not answer."""
        self._circuit.reset()
        self._sending.sent_again()

    def _anew(self) -> None:
        """Nothing is out: make the plugin by the settings that were waiting for that."""
        settings, self._next = self._next, None
        if settings is not None:
            self._permits = self._tools.permits(settings)
            self._link.runner = self._tools.runner(settings, self._permits)
            self._adopt(settings)
            self.life.suspension.end()
            self.try_now()

    def _adopt(self, settings: ProviderSettings) -> None:
        now = self._runtime.clock.monotonic()
        self._settings = settings
        self._permits.follow(settings.requests_s)
        self._answers.adopt(settings)
        self._rate.set_ceiling(settings.throughput, settings.burst, now)
        self._sending.put_back(_every)
        self._sending.adopt(settings)
        self._queue.adopt(settings.queue_capacity, keep_order=settings.keep_order)
        self._flights.adopt(settings, IdForm(settings.group, "exact"))
        self.life.suspension.adopt(settings.suspend_s)
        self.asking.adopt(settings)
        self.figures.adopt(settings)
        self._look_soon()

    def offer(self, messages: Iterable[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """Durable and QUEUED for this connector."""
        self._queue.offer(messages, sent_parts)
        self._look_soon()

    def withdraw(self, message_id: int) -> bool:
        """See ports.Dispatcher."""
        self._ungroup((message_id,))
        taken = message_id not in self._flights.active and self._queue.withdraw(message_id)
        self._look_soon()
        return taken

    def give_up(self, message_id: int) -> bool:
        """See ports.Dispatcher."""
        self._ungroup((message_id,))
        unknowns = self._answers.resends
        return message_id not in self._flights.active and self._queue.withdraw(message_id, unknowns=unknowns)

    def gone(self, message_ids: Sequence[int]) -> None:
        """See ports.Dispatcher."""
        self._queue.gone(message_ids)
        self._look_soon()

    @property
    def down_for(self) -> float:
        """See ports.Dispatcher."""
        now = self._runtime.clock.monotonic()
        down = 0.0 if self._down_since is None else now - self._down_since
        return max(down, self._circuit.open_for, self.life.off_for(now))

    def restore(self, message: Message) -> None:
        """See ports.Dispatcher."""
        self._queue.restore(message)
        self._look_soon()

    def ended(self, messages: Collection[int]) -> None:
        """See ports.Dispatcher."""
        self._ungroup(messages)
        self._queue.ended(messages)
        self.asking.ended(messages)
        self._look_soon()

    def superseded(self, message_id: int) -> None:
        """It goes another way now, durably: nothing more of it is sent here."""
        self.ended((message_id,))
        self._flights.superseded(message_id)

    def in_flight(self) -> Iterable[int]:
        """Ids of messages that are out, or answered and not durable."""
        return self._flights.active

    @property
    def up(self) -> bool:
        """True when something could be sent now, or tried with."""
        sending = self._sending
        return sending.taking and not sending.suspended and self._link.state == "running" and self._circuit.passable

    @property
    def ready(self) -> int:
        """Messages in memory that wait for their turn."""
        return len(self._queue) + self._sending.waiting

    def status(self) -> ConnectorStatus:
        """For operators."""
        now = self._runtime.clock.monotonic()
        return ConnectorStatus(
            id=self.id,
            kind="provider",
            up=self.up,
            ready=self.ready,
            in_flight=len(self._flights.active),
            suspended_s=self.life.suspension.left(now),
            state=self.life.wanted.value,
            binds=(bind_status(self.settings, self._link, self._sending, self._circuit, self._down_since or now),),
            rate=self._rate.rate,
            provider=provider_status(
                self._settings,
                self._link,
                self._circuit,
                self.life.suspension,
                self._permits,
                self.asking,
                self.figures,
                now,
                callbacks=self.callbacks,
                callback_url=self._tools.callback_url(self._settings, 0),
            ),
            **counted(self.settings, self.counts, self._sending, self._circuit),
        )

    # ------------------------------------------------------------------ what else is asked of the plugin
    def call(self, call: Call, *, record: bool = False, limit_s: float | None = None) -> Deferred[Done]:
        """Ask the plugin something besides sending; see `runner.Runner.call`. `limit_s` None = its `call_s`."""
        return self._link.runner.call(call, self._settings.call_s if limit_s is None else limit_s, record=record)

    @property
    def may_ask(self) -> bool:
        """False while the provider is to be left alone: it runs no plugin, does not answer, or refuses us."""
        suspension = self.life.suspension
        refused = suspension.for_good and suspension.left(self._runtime.clock.monotonic()) > 0
        return self._link.state == "running" and not self._circuit.is_open and not refused

    def heard(self, done: Done) -> None:
        """A question other than sending was answered: what it asks of the connector holds for sending, too."""
        if isinstance(done.halted, SlowDown | Park | Stop):
            self._sending.asked_for(done.halted)

    def reported(self, message_id: int, foreign_id: str) -> None:
        """The provider reports on a message whose answer has not come, or was lost: it has taken it."""
        out = self._flights.active.get(message_id)
        if out is not None:
            self._flights.accepted_late(out, 1, foreign_id)
            self._flights.superseded(message_id)  # whatever its answer is, or that there is none
        else:
            self.ended((message_id,))  # it waits to be sent again

    # ------------------------------------------------------------------ inside
    def _ungroup(self, message_ids: Collection[int]) -> None:
        """Messages that wait for a group wait in the queue again: who asks for them looks there."""
        if self._sending.waiting:
            wanted = frozenset(message_ids)
            self._sending.put_back(lambda out: out.message.id in wanted)

    def _accepted(self, out: Outgoing, foreign_id: str) -> None:
        self.asking.accepted(out.message, foreign_id, self._runtime.clock.now_ms())

    def _seen(self, verdict: VerdictName, count: int) -> None:
        if self._metrics is not None:
            self._metrics.verdict(verdict).inc(count)

    def _state_changed(self) -> None:
        """The plugin began, ended or failed."""
        running = self._link.state == "running"
        if running:
            self._down_since = None
        elif self._down_since is None:
            self._down_since = self._runtime.clock.monotonic()
        if running and self._here:
            self.asking.start()
            self.figures.start()
        else:
            self.asking.stop()
            self.figures.stop()
        if self._metrics is not None:
            self._metrics.running.set(running)
        self._look_soon()

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            self._runtime.turn.add_early(self._look)

    def _look(self) -> None:
        self._looking = False
        self._sending.pump()

    def _pumped(self) -> None:
        if self.life.busy:
            self.life.look()
        self.counts.flush(len(self._flights.active), self.ready, self._rate.rate)
        if self._metrics is not None:
            suspension = self.life.suspension
            halted = suspension.left(self._runtime.clock.monotonic()) > 0
            self._metrics.halted("parked", halted and not suspension.for_good)
            self._metrics.halted("stopped", halted and suspension.for_good)
            self._metrics.circuit_open.set(self._circuit.is_open)


def _nothing_to_stop(out: Outgoing) -> None:
    """A message goes in one piece: nothing of it is left to be written."""


def _every(out: Outgoing) -> bool:
    return True
