"""A connector's ready queue: a page of the store's backlog in memory, read on as it empties.

With `keep_order` what waits behind another message of its sender and recipient is out of the page and held (pairs.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.delivery.pages import PagedQueue
from smsgwd.model.message import Message, State
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import QueuedMessage, Store
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.pairs import Pairs
from smsgwd.telemetry import get_logger

_READ_AGAIN_S = 1.0
_WITHDRAWN_S = 120.0  # by then a cancellation is durable, or nobody waits for it any more
_HELD = 10  # times the capacity: what many messages to one number hold up is only themselves
_NONE: frozenset[int] = frozenset()
_PRIORITIES = range(4)
_log = get_logger("southbound")


class ReadyQueue:
    """Messages of one connector, in the order (-priority, id).

    A withdrawn message is handed out to nobody until it is restored; the notice is forgotten after two minutes.
    """

    def __init__(
        self,
        connector: str,
        capacity: int,
        store: Store,
        reactor: IReactorTime,
        clock: Clock,
        filled: Callable[[], None],
        *,
        keep_order: bool = False,
    ) -> None:
        self._connector = connector
        self._store = store
        self._reactor = reactor
        self._clock = clock
        self._filled = filled
        self._pages: PagedQueue[Outgoing] = PagedQueue(lambda out: out.key, capacity)
        self._keep_order = keep_order
        self._pairs = Pairs(_HELD * capacity) if keep_order else None  # stays when the order is kept no more
        self._held_is_first = False  # what `first` gave was held
        self._limit = self._pages.page
        self._withdrawn: dict[int, tuple[float, Outgoing | None]] = {}
        self._again: IDelayedCall | None = None
        self._unread: list[Message] = []  # that the store could not be asked about while we were stopped
        self._stopped = True

    def __len__(self) -> int:
        return len(self._pages) + (len(self._pairs) if self._pairs is not None else 0)

    def adopt(self, capacity: int, *, keep_order: bool) -> None:
        """Other settings, from now on. Without `keep_order` those that are held go when their turn comes, as before."""
        self._keep_order = keep_order
        self._pages.resize(capacity)
        self._limit = self._pages.page
        if self._pairs is not None:
            self._pairs.resize(_HELD * capacity)
        elif keep_order:
            self._pairs = Pairs(_HELD * capacity)

    @property
    def released(self) -> bool:
        """True when a message that was held may go now: have a look at what can be sent."""
        return self._pairs is not None and self._pairs.first() is not None

    def start(self) -> None:
        """Read from now on."""
        self._stopped = False
        unread, self._unread = self._unread, []
        for message in unread:
            self._fetch(message)
        self.read()

    def stop(self) -> None:
        """Read no more."""
        self._stopped = True
        if self._again is not None and self._again.active():
            self._again.cancel()
        self._again = None

    def offer(self, messages: Iterable[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """Messages, durable and QUEUED; `sent_parts` are the parts that an SMSC has of them, by message id.

        Where nobody says (None), the store is asked about those that were tried before.
        """
        add = self._pages.add
        for message in messages:
            if sent_parts is None and message.parts > 1 and message.attempts:
                self._fetch(message)
            elif sent_parts:
                add(Outgoing(message, sent_parts.get(message.id, _NONE)))
            else:
                add(Outgoing(message))

    def look_up(self, message: Message) -> None:
        """Ask the store whether it is still queued, and which parts an SMSC has; if so it is sent."""
        self._fetch(message)

    def first(self) -> Outgoing | None:
        """The message whose turn it is, still in the queue."""
        pages, pairs = self._pages, self._pairs
        while True:
            out = pages.peek()
            held = pairs.first() if pairs is not None else None
            if held is not None and (out is None or held.key < out.key):
                self._held_is_first = True
                if not held.over:
                    return held
                self.done(self.take())
            elif out is None:
                return None
            elif out.over:
                self.done(pages.pop())
            elif self._withdrawn and out.message.id in self._withdrawn:
                self._withdrawn[out.message.id] = (self._clock.monotonic(), pages.pop())
            elif not self._keep_order or pairs is None or not pairs.busy(out):
                self._held_is_first = False
                return out
            elif not pairs.full:
                pairs.hold(pages.pop())
            else:  # or all others would wait for this pair
                pairs.hold(pages.pop())
                pairs.hurry(out)

    def take(self) -> Outgoing:
        """Take out what `first` gave just now: `done` or `put_back` must follow."""
        pairs = self._pairs
        if pairs is None:
            return self._pages.pop()
        if self._held_is_first:
            return pairs.take()
        out = self._pages.pop()
        if self._keep_order:
            pairs.own(out)
        return out

    def done(self, out: Outgoing) -> bool:
        """It has left the store's queue, durably. True when one that was held may go now."""
        self._pages.done(out)
        return out.pair is not None and self._pairs is not None and self._pairs.leave(out)

    def put_back(self, out: Outgoing) -> None:
        """It is to be sent again, in its place."""
        behind = self._pairs.dissolve(out) if self._pairs is not None else ()
        self._pages.push_back((out, *behind))

    def same(self, out: Outgoing) -> Outgoing:
        """The object in which the message of `out` waits now: it is another after it was postponed or read again."""
        held = self._pairs.find(out.message.id) if self._pairs is not None else None
        return self._pages.waiting(out.key) or held or out

    def withdraw(self, message_id: int, *, unknowns: bool = False) -> bool:
        """Hand it out to nobody; False when an SMSC may have a part of it, or it is withdrawn already.

        With `unknowns` also one whose outcome was lost, as long as no part is known to be taken.
        """
        now = self._clock.monotonic()
        self._forget(now)
        if message_id in self._withdrawn:
            return False
        out = self._find(message_id)
        if out is not None and (out.taken or out.undurable or (out.unknowns and not unknowns)):
            return False
        if out is not None:
            self._remove(message_id)
        self._withdrawn[message_id] = (now, out)
        return True

    def gone(self, message_ids: Iterable[int]) -> None:
        """These were withdrawn, and belong to another connector now, durably."""
        for message_id in message_ids:
            _, out = self._withdrawn.pop(message_id, (0.0, None))
            if out is None:  # a page that was read meanwhile may have brought it
                out = self._remove(message_id)
            if out is not None:
                self.done(out)
        self._pages.void_read()  # and so may the one on its way

    def restore(self, message: Message) -> None:
        """Undo `withdraw`, with the message as the store has it now: it may say something else, or be due later."""
        _, out = self._withdrawn.pop(message.id, (0.0, None))
        if out is None:  # a page that was read meanwhile may have brought it as it was
            out = self._remove(message.id)
        self._pages.void_read()  # and so may the one on its way
        if out is not None:
            if message.state is State.QUEUED and out.message == message:
                self._pages.push_back((out,))
                return
            self.done(out)
        if message.state is State.QUEUED:
            self.offer((message,))

    def ended(self, messages: Collection[int]) -> None:
        """These are final in the store: those that wait here go."""
        wanted = frozenset(messages)
        for out in self._pages.remove(lambda out: out.message.id in wanted):
            self.done(out)
        if self._pairs is not None:
            self._pairs.remove_all(wanted, self._pages.done)

    def read(self) -> None:
        """Read a page if it is time to."""
        if self._pages.must_read and not self._stopped and self._again is None:
            after = self._pages.begin_read()
            self._store.ready(self._connector, after, self._limit).addCallbacks(
                self._read, self._read_failed, callbackArgs=(self._limit,)
            )

    def _read(self, page: Sequence[QueuedMessage], limit: int) -> None:
        self._pages.page_read([Outgoing(queued.message, queued.sent_parts) for queued in page], more=len(page) >= limit)
        self._filled()
        self.read()

    def _read_failed(self, failure: Failure) -> None:
        self._pages.read_failed()
        _log.error("connector.error", connector=self._connector, reason=f"queue not read: {failure.value!r}")
        if not self._stopped:
            self._again = self._reactor.callLater(_READ_AGAIN_S, self._read_again)

    def _read_again(self) -> None:
        self._again = None
        self.read()

    def _fetch(self, message: Message) -> None:
        """Ask the store which parts an SMSC has of a message that comes back: those are not sent again."""
        before = (-message.priority, message.id - 1)
        self._store.ready(self._connector, before, 1).addCallbacks(
            self._fetched, self._fetch_failed, callbackArgs=(message,), errbackArgs=(message,)
        )

    def _fetched(self, page: Sequence[QueuedMessage], message: Message) -> None:
        if page and page[0].message.id == message.id:  # else it is not queued any more
            self._pages.add(Outgoing(page[0].message, page[0].sent_parts))
            self._filled()

    def _fetch_failed(self, failure: Failure, message: Message) -> None:
        _log.error("connector.error", connector=self._connector, reason=f"message not read: {failure.value!r}")
        if self._stopped:
            self._unread.append(message)
        else:
            self._reactor.callLater(_READ_AGAIN_S, self._fetch, message)

    def _find(self, message_id: int) -> Outgoing | None:
        """A message that waits in memory."""
        found = (self._pages.waiting((-priority, message_id)) for priority in _PRIORITIES)
        held = self._pairs.find(message_id) if self._pairs is not None else None
        return held or next(filter(None, found), None)

    def _remove(self, message_id: int) -> Outgoing | None:
        """Take a message out of those that wait in memory."""
        found = (self._pages.remove_key((-priority, message_id)) for priority in _PRIORITIES)
        held = self._pairs.remove(message_id) if self._pairs is not None else None
        return held or next(filter(None, found), None)

    def _forget(self, now: float) -> None:
        """Forget notices whose cancellation is long since durable."""
        while self._withdrawn:
            message_id, (at, out) = next(iter(self._withdrawn.items()))
            if now - at < _WITHDRAWN_S:
                return
            del self._withdrawn[message_id]
            if out is not None:
                self.done(out)
