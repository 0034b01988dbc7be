"""Taking messages out of connectors' queues: back from the sending side, one change in the store, then on.

So a kill at any moment leaves each message in exactly one place, and none is sent while it is being moved. What goes
over to another connector (`reroute`), and what operators do with queues (`queue_desk`), does it this way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec import structs

from smsgwd.app.messages import let_go
from smsgwd.model.changes import Change, Reroute, Rerouted, Swept
from smsgwd.model.message import Message, State
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store, StoreUnavailable

#: Messages of one change, which others wait for: some ten milliseconds.
PAGE: Final = 500
#: Seconds between two pages: traffic goes before.
PAUSE_S: Final = 0.02
#: States of what has not left.
UNSENT: Final = (State.SCHEDULED, State.WAITING, State.QUEUED)
_NONE_SENT: Final[Mapping[int, frozenset[int]]] = {}


class Handover:
    """Hands messages over, a page at a time."""

    def __init__(self, *, clock: Clock, store: Store, dispatcher: Dispatcher) -> None:
        self._clock = clock
        self._store = store
        self._dispatcher = dispatcher

    async def move(
        self, left: str, taken: Mapping[int, tuple[Message, str]], reason: str
    ) -> Sequence[tuple[Message, str]]:
        """Commit that these, which `Dispatcher.give_up` took back from `left`, go to the connectors beside them; those
        that did. What did not become durable goes back to `left`. Raises StoreUnavailable."""
        moves = tuple((message_id, target) for message_id, (_, target) in taken.items())
        moved: Sequence[int] = ()
        try:
            [result] = await self._store.commit([Reroute(left, moves, self._clock.now_ms(), reason)])
            if isinstance(result, Rerouted):
                moved = result.messages
        finally:
            over = [taken[message_id] for message_id in moved]
            if over:
                self._dispatcher.gone(moved, left)
                self._dispatcher.offer(
                    [structs.replace(message, connector=target) for message, target in over], _NONE_SENT
                )
            there = frozenset(moved)
            await self._restore([message for message, _ in taken.values() if message.id not in there])
        return over

    async def withdraw(self, messages: Iterable[Message]) -> list[Message]:
        """Take back those of which nothing is on its way, as the store has them now: `leave` must follow. Raises
        StoreUnavailable, having taken back none."""
        held = [message for message in messages if self._dispatcher.withdraw(message.id, message.connector)]
        if not held:
            return []
        now: dict[int, Message] = {}
        try:
            for tenant in {message.tenant for message in held}:
                ids = [message.id for message in held if message.tenant == tenant]
                views = await self._store.messages_at(tenant, ids)
                now |= {view.message.id: view.message for view in views}
        except BaseException:
            for message in held:
                self._dispatcher.restore(message)
            raise
        # Between read and withdrawal one may have gone to another connector, which may be sending it.
        there = []
        for message in held:
            found = now.get(message.id)
            if found is None or found.connector != message.connector:
                let_go(self._dispatcher, message)
            elif found.state not in UNSENT:
                self._dispatcher.restore(found)
            else:
                there.append(found)
        return there

    async def leave(self, messages: Sequence[Message], change: Change) -> Rerouted | Swept:
        """Make a change by which messages that were withdrawn leave their queues (`Hold`, `Discard`): the sending side
        forgets those of its result and gets the others back. Raises StoreUnavailable, having given all back."""
        over: frozenset[int] = frozenset()
        try:
            [result] = await self._store.commit([change])
            if not isinstance(result, Rerouted | Swept):
                raise TypeError(f"a store answered {type(result).__name__} to a {type(change).__name__}")
            over = frozenset(result.messages)
        finally:
            by_connector: dict[str, list[int]] = {}
            for message in messages:
                if message.id in over:
                    by_connector.setdefault(message.connector, []).append(message.id)
            for connector, ids in by_connector.items():
                self._dispatcher.gone(ids, connector)
            await self._restore([message for message in messages if message.id not in over])
        return result

    async def _restore(self, kept: Sequence[Message]) -> None:
        """Give back what stays, as the store has it now: it may have ended since its page was read."""
        for message in kept:
            try:
                view = await self._store.message(message.tenant, message.id)
            except StoreUnavailable:
                view = None
            self._dispatcher.restore(message if view is None else view.message)
