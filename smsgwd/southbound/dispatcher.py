"""All SMPP connectors as the rest of the gateway sees them: `ports.Dispatcher`."""

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
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.runtime import Runtime
from smsgwd.southbound.settings import Settings
from smsgwd.telemetry import ConnectorMetrics

_DURABLE_S = 2.0


class SmppDispatcher:
    """Makes the connectors, with one batch of changes for all of them, and leads each message to its own.

    `metrics` gives the bound metrics of a connector by id; `subscribers` says whom messages of subscribers are for,
    without it they are for nobody. `ways` says where else a message may go; without it none goes over to another
    connector. Messages for a connector that is not configured stay where they are: in the store.
    """

    def __init__(
        self,
        connectors: Iterable[Settings],
        runtime: Runtime,
        store: Store,
        outbox: Outbox,
        metrics: Callable[[str], ConnectorMetrics] | None = None,
        subscribers: Subscribers | None = None,
        ways: Ways | None = None,
        aside: Mapping[str, Callable[[Sequence[Message]], None]] | None = None,
    ) -> None:
        """`aside` are connectors that are none of ours, with whoever takes their messages."""
        self._runtime = runtime
        self._ways = ways
        self._aside = aside or {}
        self._batch = Batch(store, outbox, runtime.reactor, runtime.turn, self._resend)
        forms: dict[tuple[str, str], IdForm] = {}
        self._connectors: dict[str, Connector] = {}
        for settings in connectors:
            # What one connector of a group learns of the ids holds for all of them.
            form = forms.setdefault((settings.group, settings.id_format), IdForm(settings.group, settings.id_format))
            bound = metrics(settings.id) if metrics is not None else None
            self._connectors[settings.id] = Connector(
                settings, runtime, store, self._batch, form, self.offer, bound, subscribers, ways
            )

    def start(self) -> None:
        """Bind, and send what is queued."""
        for connector in self._connectors.values():
            connector.start()

    def drain(self, limit_s: float) -> Deferred[None]:
        """Take nothing more, wait up to `limit_s` seconds for answers, unbind; fires when all that is durable.

        A store that cannot make it durable is waited for 2 s: what it lacks is sent again after the next start.
        """
        all_closed = gatherResults([connector.drain(limit_s) for connector in self._connectors.values()])
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
        if connector is not None:
            connector.offer(messages, sent_parts)
        elif name in self._aside:
            self._aside[name](messages)

    def withdraw(self, message_id: int, connector: str) -> bool:
        """See ports.Dispatcher; nobody sends the messages of an unknown connector."""
        found = self._connectors.get(connector)
        return True if found is None else found.withdraw(message_id)

    def give_up(self, message_id: int, connector: str) -> bool:
        """See ports.Dispatcher; nobody sends the messages of an unknown connector."""
        found = self._connectors.get(connector)
        return True if found is None else found.give_up(message_id)

    def gone(self, message_ids: Sequence[int], connector: str) -> None:
        """See ports.Dispatcher."""
        found = self._connectors.get(connector)
        if found is not None:
            found.gone(message_ids)

    def down_for(self, connector: str) -> float:
        """See ports.Dispatcher; one that is not configured was never up."""
        found = self._connectors.get(connector)
        return float("inf") if found is None else found.down_for

    def restore(self, message: Message) -> None:
        """See ports.Dispatcher."""
        connector = self._connectors.get(message.connector)
        if connector is not None:
            connector.restore(message)
        elif message.state is State.QUEUED:
            self._offer(message.connector, (message,), None)

    def ended(self, messages: Collection[int]) -> None:
        """See ports.Dispatcher."""
        for connector in self._connectors.values():
            connector.ended(messages)

    def in_flight(self) -> frozenset[int]:
        """See ports.Dispatcher."""
        return frozenset().union(*(connector.in_flight() for connector in self._connectors.values()))

    def ready(self) -> int:
        """See ports.Dispatcher."""
        return sum(connector.ready for connector in self._connectors.values() if connector.up)

    def flows(self) -> dict[str, tuple[int, int]]:
        """Of each connector: messages in memory that wait for their turn, and PDUs that its SMSC has taken so far."""
        return {name: (connector.ready, connector.counts.sent) for name, connector in self._connectors.items()}

    def up(self, connector: str) -> bool:
        """See ports.Dispatcher."""
        found = self._connectors.get(connector)
        return found is not None and found.up

    def status(self) -> list[ConnectorStatus]:
        """See ports.Dispatcher."""
        return [connector.status() for connector in self._connectors.values()]

    def _resend(self, messages: Sequence[Message]) -> None:
        """Not delivered, and queued again on the second way of their route."""
        for message in messages:
            left = self._connectors.get((message.tried or "").rpartition(",")[2])
            if left is not None:
                left.counts.failover("undelivered")
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


def _late(failure: Failure) -> None:
    if not isinstance(failure.value, TimeoutError):
        failure.raiseException()
