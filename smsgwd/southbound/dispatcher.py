"""All connectors as the rest of the gateway sees them: `ports.Dispatcher` and, for operators, `Control`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace
from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.python.failure import Failure

from smsgwd.model.changes import Fail, Moved, Requeue, Result
from smsgwd.model.message import Failure as Error
from smsgwd.model.message import Message, State
from smsgwd.ports.dispatch import ConnectorStatus, Ways
from smsgwd.ports.mo import Subscribers
from smsgwd.ports.push import Outbox
from smsgwd.ports.store import Store
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.connector import Connector
from smsgwd.southbound.divided import AnyConnector, Divided
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.provider.connector import ProviderConnector
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.reconfigured import Reconfigured
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from smsgwd.southbound.shares import AnySettings, Shares
from smsgwd.telemetry import ConnectorMetrics

#: Makes the connector of a provider, given the batch of changes, its metrics, and who takes what goes over.
Providers = Callable[
    [ProviderSettings, Batch, ConnectorMetrics | None, Callable[[Sequence[Message]], None]], ProviderConnector
]

_DURABLE_S = 2.0
_LOOK_AGAIN_S = 0.1
_ANSWERS_S = 10.0  # for which answers are waited for before a connector unbinds; what is out then has no known outcome


class ConnectorDispatcher(Divided):
    """Makes the connectors, with one batch of changes for all of them, and leads each message to its own.

    `metrics` gives the bound metrics of a connector by id; `subscribers` says whom messages of subscribers are for,
    without it they are for nobody. `ways` says where else a message may go; without it none goes over to another
    connector. Messages for a connector that is not configured stay where they are: in the store.
    """

    def __init__(
        self,
        connectors: Iterable[AnySettings],
        runtime: Runtime,
        store: Store,
        outbox: Outbox,
        metrics: Callable[[str], ConnectorMetrics] | None = None,
        subscribers: Subscribers | None = None,
        ways: Ways | None = None,
        aside: Mapping[str, Callable[[Sequence[Message]], None]] | None = None,
        forget: Callable[[str], None] | None = None,
        providers: Providers | None = None,
    ) -> None:
        """`providers` makes connectors of providers. `aside` are connectors that are none of ours, with whoever takes
        their messages; `forget` is called with each
        that a reload removed, when it is closed."""
        #: Called when a message came for a connector that a reload removed: it was on its way when that happened.
        self.stranded: Callable[[], object] = lambda: None
        self._runtime = runtime
        self._store = store
        self._metrics = metrics
        self._forget = forget
        self._providers = providers
        self._subscribers = subscribers
        self._stopping = False
        self._ways = ways
        self._aside = aside or {}
        self.shares = Shares(shared=runtime.claims is not None)
        self._batch = Batch(store, outbox, runtime.reactor, runtime.turn, self._resend)
        self._forms: dict[tuple[str, str], IdForm] = {}
        self._connectors: dict[str, AnyConnector] = {settings.id: self._make(settings) for settings in connectors}
        #: By a reload, and not closed yet: they may have messages out. By id, and whether it is a provider's.
        self._leaving: dict[tuple[str, bool], AnyConnector] = {}

    @property
    def batch(self) -> Batch:
        """The changes of all connectors."""
        return self._batch

    def start(self) -> None:
        """Bind, and send what is queued."""
        for connector in self._connectors.values():
            connector.start()

    def drain(self, limit_s: float) -> Deferred[None]:
        """Take nothing more, wait up to `limit_s` seconds for answers, unbind; fires when all that is durable.

        A store that cannot make it durable is waited for 2 s: what it lacks is sent again after the next start.
        """
        self._stopping = True
        every = (*self._connectors.values(), *self._leaving.values())
        all_closed = gatherResults([connector.life.drain(limit_s) for connector in every])
        return all_closed.addCallback(lambda _: self._durable())

    def _durable(self) -> Deferred[None]:
        done = self._batch.idle().addTimeout(_DURABLE_S, self._runtime.reactor)
        return done.addErrback(_late)

    def offer(self, messages: Sequence[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """See ports.Dispatcher."""
        if len(self._connectors) == 1 or len(messages) == 1:
            first = messages[0].connector if messages else ""
            if all(message.connector == first for message in messages):
                self._offer(first, messages, sent_parts)
                return
        by_connector: dict[str, list[Message]] = {}
        for message in messages:
            by_connector.setdefault(message.connector, []).append(message)
        for name, own in by_connector.items():
            self._offer(name, own, sent_parts)

    def _offer(self, name: str, messages: Sequence[Message], sent_parts: Mapping[int, frozenset[int]] | None) -> None:
        connector = self._connectors.get(name)
        if self._leaving:
            for leaving in self._gone(name):
                leaving.offer(messages, sent_parts)  # it may come back, and must know of all
        if connector is not None:
            connector.offer(messages, sent_parts)
        elif name in self._aside:
            self._aside[name](messages)
        elif messages:
            self.stranded()

    def withdraw(self, message_id: int, connector: str) -> bool:
        """See ports.Dispatcher; nobody sends the messages of an unknown connector."""
        return all(found.withdraw(message_id) for found in self._who_have(connector))

    def give_up(self, message_id: int, connector: str) -> bool:
        """See ports.Dispatcher; nobody sends the messages of an unknown connector."""
        return all(found.give_up(message_id) for found in self._who_have(connector))

    def gone(self, message_ids: Sequence[int], connector: str) -> None:
        """See ports.Dispatcher."""
        for found in self._who_have(connector):
            found.gone(message_ids)

    def down_for(self, connector: str) -> float:
        """See ports.Dispatcher; one that is not configured was never up."""
        found = self._connectors.get(connector)
        if found is None:
            return float("inf")
        return 0.0 if self.shares.covered(connector) else found.down_for

    def restore(self, message: Message) -> None:
        """See ports.Dispatcher."""
        having = self._who_have(message.connector)
        for connector in having:
            connector.restore(message)
        if not having and message.state is State.QUEUED:
            self._offer(message.connector, (message,), None)

    def ended(self, messages: Collection[int]) -> None:
        """See ports.Dispatcher."""
        for connector in (*self._connectors.values(), *self._leaving.values()):
            connector.ended(messages)

    def in_flight(self) -> frozenset[int]:
        """See ports.Dispatcher."""
        every = (*self._connectors.values(), *self._leaving.values())
        return frozenset().union(*(connector.in_flight() for connector in every))

    def ready(self) -> int:
        """See ports.Dispatcher."""
        return sum(connector.ready for connector in self._connectors.values() if connector.up)

    def flows(self) -> dict[str, tuple[int, int]]:
        """Of each connector: messages in memory that wait for their turn, and PDUs that its SMSC has taken so far."""
        return {name: (connector.ready, connector.counts.sent) for name, connector in self._connectors.items()}

    def up(self, connector: str) -> bool:
        """See ports.Dispatcher."""
        found = self._connectors.get(connector)
        return found is not None and (found.up or (self.shares.shared and self.shares.elsewhere(connector)))

    def status(self) -> list[ConnectorStatus]:
        """See ports.Dispatcher."""
        return [self._status(connector) for connector in self._connectors.values()]

    def _status(self, connector: AnyConnector) -> ConnectorStatus:
        status = connector.status()
        return replace(status, elsewhere=True) if self.shares.has_none(connector.id) else status

    # ------------------------------------------------------------------ ports.dispatch.Control
    def pause(self, connector: str) -> None:
        """See ports.dispatch.Control."""
        self._known(connector).life.pause()

    def resume(self, connector: str) -> None:
        """See ports.dispatch.Control."""
        found = self._known(connector)
        if isinstance(found, ProviderConnector):
            found.try_now()
        found.life.resume()

    def stop(self, connector: str) -> Deferred[None]:
        """See ports.dispatch.Control; answers are waited for up to 10 s."""
        return self._known(connector).life.stop(_ANSWERS_S)

    def start_one(self, connector: str) -> None:
        """See ports.dispatch.Control."""
        found = self._known(connector)
        if isinstance(found, ProviderConnector):
            found.try_now()
        found.life.begin_again()

    def rebind(self, connector: str, bind: int | None = None) -> None:
        """See ports.dispatch.Control; ValueError also for a bind that there is not."""
        found = self._known(connector)
        if isinstance(found, Connector):
            found.rebind(bind)
        elif bind:
            raise ValueError(f"there is no bind {bind}: a provider's plugin counts as one, 0")
        else:
            found.rebind(_ANSWERS_S)

    def set_limits(self, connector: str, *, throughput: float | None = None, window: int | None = None) -> None:
        """See ports.dispatch.Control."""
        found = self._known(connector)
        if self.shares.shared:
            now = self.shares.limited(found.settings, throughput, window)
            throughput = now.throughput
        found.set_limits(throughput, window)

    def provider(self, connector: str) -> ProviderConnector | None:
        """A connector of kind provider by its name; None where there is none."""
        found = self._connectors.get(connector)
        return found if isinstance(found, ProviderConnector) else None

    def providers(self) -> list[ProviderConnector]:
        """All connectors of kind provider."""
        return [each for each in self._connectors.values() if isinstance(each, ProviderConnector)]

    def settings(self, connector: str) -> AnySettings:
        """What a connector goes by now. ValueError for one that there is not."""
        return self.shares.whole(self._known(connector).settings)

    def reconfigure(self, connectors: Sequence[AnySettings]) -> Reconfigured:
        """These are the connectors from now on. Those that are the same as before do not notice.

        What is new is bound. What is gone takes nothing more, waits for its answers (10 s at most) and unbinds; its
        messages stay in the store, and whoever moves them must ask `give_up` as ever. One of which only live settings
        changed keeps its binds; one whose link changed is drained in the same way and bound anew, and its queue goes
        on. What operators want of them stays as it is, but for `throughput` and `window`, which are as given here.
        ValueError while the gateway stops.
        """
        if self._stopping:
            raise ValueError("the gateway is stopping")
        done: dict[str, list[str]] = {"added": [], "adjusted": [], "rebound": [], "": []}
        before, self._connectors = self._connectors, {}
        kinds = {settings.id: isinstance(settings, ProviderSettings) for settings in connectors}
        gone = {name: each for name, each in before.items() if kinds.get(name) is not _is_provider(each)}
        for name, connector in gone.items():
            self._leaving[name, _is_provider(connector)] = connector
        for settings in connectors:
            name = settings.id
            found = None if name in gone else before.get(name)
            if found is None:
                found = self._come(settings)
                done["added"].append(name)
            else:
                done[self._reconfigured(found, settings)].append(name)
            self._connectors[name] = found
        for connector in gone.values():
            connector.life.drain(_ANSWERS_S).addCallback(self._closed, connector)
        return Reconfigured(
            tuple(done["added"]), tuple(gone), adjusted=tuple(done["adjusted"]), rebound=tuple(done["rebound"])
        )

    def _reconfigured(self, connector: AnyConnector, settings: AnySettings) -> str:
        differs = "adjusted" if self.shares.whole(connector.settings) != settings else ""  # perhaps none of our part
        settings = self.shares.part(settings)
        if isinstance(connector, Connector) and isinstance(settings, Settings):
            return connector.reconfigure(settings, self._form(settings), _ANSWERS_S) or differs
        if isinstance(connector, ProviderConnector) and isinstance(settings, ProviderSettings):
            return connector.reconfigure(settings, _ANSWERS_S) or differs
        raise TypeError("one kind of connector is no other")

    def _come(self, settings: AnySettings) -> AnyConnector:
        """A connector that was not there, or was about to go: it is the one that knows what it has out."""
        connector = self._leaving.pop((settings.id, isinstance(settings, ProviderSettings)), None)
        if connector is not None:
            self._reconfigured(connector, settings)
            connector.life.begin_again()
        else:
            connector = self._make(settings)
        if not connector.life.started and not self._gone(settings.id):
            connector.start()
        return connector  # one of another kind that leaves has messages out: it begins when that is closed

    def _closed(self, _: None, connector: AnyConnector) -> None:
        """All binds of one that is to go are closed: it goes when what it was answered is durable."""
        name, key = connector.id, (connector.id, _is_provider(connector))
        if self._leaving.get(key) is not connector or not connector.life.over or self._stopping:
            return
        if any(True for _ in connector.in_flight()):
            self._runtime.reactor.callLater(_LOOK_AGAIN_S, self._closed, None, connector)
            return
        del self._leaving[key]
        connector.forget()
        instead = self._connectors.get(name)
        if instead is not None:  # of the other kind
            if not instead.life.started:
                instead.start()
        elif self._forget is not None and not self._gone(name):
            self._forget(name)

    def _make(self, settings: AnySettings) -> AnyConnector:
        settings = self.shares.part(settings)
        bound = self._metrics(settings.id) if self._metrics is not None else None
        if isinstance(settings, ProviderSettings):
            if self._providers is None:
                raise ValueError(f"{settings.id}: there is nobody who runs provider plugins here")
            return self._providers(settings, self._batch, bound, self.offer)
        return Connector(
            settings,
            self._runtime,
            self._store,
            self._batch,
            self._form(settings),
            self.offer,
            bound,
            self._subscribers,
            self._ways,
        )

    def _form(self, settings: Settings) -> IdForm:
        """What one connector of a group learns of the ids holds for all of them."""
        key = (settings.group, settings.id_format)
        if key not in self._forms:
            self._forms[key] = IdForm(*key)
        return self._forms[key]

    def _gone(self, connector: str) -> list[AnyConnector]:
        """Those of this name that a reload removed, or made one of another kind, and that may have messages out."""
        found = (self._leaving.get((connector, False)), self._leaving.get((connector, True)))
        return [each for each in found if each is not None]

    def _who_have(self, connector: str) -> list[AnyConnector]:
        """All connectors of this name: those that are not closed yet, which may have it out, and the one that is."""
        found = self._connectors.get(connector)
        return self._gone(connector) if found is None else [*self._gone(connector), found]

    def _known(self, connector: str) -> AnyConnector:
        found = self._connectors.get(connector)
        if found is None:
            raise ValueError(f"there is no connector {connector}; there are: {', '.join(self._connectors) or 'none'}")
        if self._stopping:
            raise ValueError("the gateway is stopping")
        return found

    def _resend(self, messages: Sequence[Message]) -> None:
        """Not delivered, and queued again on the second way of their route."""
        for message in messages:
            having = self._who_have((message.tried or "").rpartition(",")[2])
            if having:
                having[-1].counts.failover("undelivered")
            for left in having:
                left.superseded(message.id)
        self.offer([message for message in messages if message.connector in self._connectors])
        for message in messages:
            if message.connector not in self._connectors:
                self._no_such_way(message)

    def _no_such_way(self, message: Message) -> None:
        """Its second way was taken out of the configuration: it goes by another of its route, or is not delivered."""
        gone, now = message.connector, self._runtime.clock.now_ms()
        error = Error("undelivered", f"connector {gone} of its second way is not configured")
        way = None if self._ways is None else self._ways.next_way(message, gone)
        if way is None or way not in self._connectors:
            self._batch.add(Fail(message.id, 1, gone, now, error))
            return
        change = Requeue(message.id, 0, way, now, error, counts=False, left=gone)
        moved = replace(message, connector=way, tried=f"{message.tried},{gone}")
        self._batch.add(change, self._on_another_way, moved)

    def _on_another_way(self, results: Sequence[Result], messages: Sequence[Message]) -> None:
        self.offer([message for result, message in zip(results, messages, strict=True) if isinstance(result, Moved)])


def _is_provider(connector: AnyConnector) -> bool:
    return isinstance(connector, ProviderConnector)


def _late(failure: Failure) -> None:
    if not isinstance(failure.value, TimeoutError):
        failure.raiseException()
