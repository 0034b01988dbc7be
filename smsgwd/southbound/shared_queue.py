"""The ready queue of a connector whose messages several nodes send: this one holds what it has claimed, and no more
than it can send in some seconds, so that the others find something, too.

What a commit of this node makes ready it claims at once, as far as there is room here; the rest is nobody's, and
whoever has room takes it from the store (`look`): the most urgent first. Nothing is handed out that is not claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from twisted.python.failure import Failure

from smsgwd.model.message import Message, State
from smsgwd.ports.claims import Claims
from smsgwd.ports.store import QueuedMessage, Store
from smsgwd.southbound.outgoing import Outgoing
from smsgwd.southbound.queue import ReadyQueue
from smsgwd.southbound.runtime import Runtime


class SharedQueue(ReadyQueue):
    """See ReadyQueue. Nothing is taken before `come`.

    `in_hand`: how many messages should wait here at most. `able`: whether something could be sent now: a node that
    cannot claims nothing.
    """

    def __init__(
        self,
        claims: Claims,
        connector: str,
        *args: Any,
        in_hand: Callable[[], int],
        able: Callable[[], bool],
        **kw: Any,
    ) -> None:
        super().__init__(connector, *args, **kw)
        self._claims = claims
        self._in_hand = in_hand
        self._able = able
        self._here = False
        self._era = 0  # what was asked before `go` is none of ours
        self._more = True  # somebody may have left something to claim
        self._taking = False
        self._room = 0  # as it was said

    def present(self, here: bool) -> None:
        """`come` or `go`; nothing where that is so."""
        if here != self._here:
            self.come() if here else self.go()

    @property
    def able(self) -> bool:
        """Whether something could be sent now."""
        return self._able()

    def come(self) -> None:
        """This node sends for the connector from now on, what it has claimed before first."""
        self._here = self._more = True
        self._reread()

    def go(self) -> None:
        """It does not any more, or is to take anew: what waits is left to the store, what is out is answered for.
        Claims stand until somebody releases them."""
        self._here = False
        self._era += 1
        self._taking = False
        self._balance()
        pairs, pages = self._pairs, self._pages
        if pairs is not None:
            pairs.remove_all(pairs.ids(), pages.done)
        for message_id, (at, out) in list(self._withdrawn.items()):
            if out is not None:
                self._withdrawn[message_id] = (at, None)
                self.done(out)
        pages.forget()

    def look(self) -> None:
        """There may be something to claim."""
        self._more = True
        self.read()

    def look_again(self) -> None:
        """If nothing waits and nothing is out, see whether something was claimed and came to nobody."""
        if self._here and self._pages.idle:
            self._reread()

    def stop(self) -> None:
        """See ReadyQueue."""
        super().stop()
        self._balance()

    def offer(self, messages: Iterable[Message], sent_parts: Mapping[int, frozenset[int]] | None = None) -> None:
        """See ReadyQueue; what this node has not claimed is nobody's, or another's."""
        claimed = self._claims.claimed_here
        mine: list[Message] = []
        for message in messages:
            if claimed(message.id):
                mine.append(message)
            else:
                self._more = True
        if mine and self._here:
            super().offer(mine, sent_parts)
            self._balance()

    def restore(self, message: Message) -> None:
        """See ReadyQueue."""
        anew = self._claims.claimed_here(message.id)  # it was queued once more, and claimed
        _, out = self._withdrawn.pop(message.id, (0.0, None))
        if out is None:
            out = self._remove(message.id)
        self._pages.void_read()
        if out is not None:
            if not anew and self._here and message.state is State.QUEUED and out.message == message:
                self._pages.push_back((out,))
                return
            self.done(out)
        if self._here and message.state is State.QUEUED and (anew or out is not None):
            self._reread()
        else:  # it is another's, or nobody's, or the store's to tell
            self._more = True

    def read(self) -> None:
        """Read on what is claimed, or claim more, if it is time to."""
        if self._here and not self._stopped and self._again is None:
            if self._pages.must_read:
                after = self._pages.begin_read()
                self._claims.page(self._connector, after, self._limit).addCallbacks(
                    self._read, self._read_failed, callbackArgs=(self._limit,)
                )
            elif self._more and not self._taking and self._pages.complete:
                self._take()
        self._balance()

    def _take(self) -> None:
        most = min(self._in_hand(), self._limit)
        waiting = len(self)
        if 2 * waiting > most or not self._able():
            return
        self._taking, self._more = True, False
        self._claims.take(self._connector, most - waiting).addCallbacks(
            self._taken, self._not_taken, callbackArgs=(self._era,), errbackArgs=(self._era,)
        )

    def _taken(self, answer: tuple[list[QueuedMessage], bool], era: int) -> None:
        if era != self._era:
            return  # it is released with the rest
        page, more = answer
        self._taking = False
        self._more |= more
        for queued in page:
            self._pages.add(Outgoing(queued.message, queued.sent_parts))
        if page:
            self._filled()

    def _not_taken(self, _: Failure, era: int) -> None:
        if era == self._era:
            self._taking, self._more = False, True  # the next look; the store says itself what is wrong with it

    def _reread(self) -> None:
        """Read all that is claimed anew; what is out stays out."""
        self._pages.forget()
        self._filled()

    def _balance(self) -> None:
        """Have commits claim what can be sent soon, and leave the rest to whoever has room."""
        room = 0
        if self._here and not self._stopped and self._pages.complete and self._able():
            room = max(0, min(self._in_hand(), self._limit) - len(self))
        if room != self._room:
            self._room = room
            self._claims.accept(self._connector, room)

    def _fetch(self, message: Message) -> None:
        if not self._here:
            return  # whoever claims it asks
        before = (-message.priority, message.id - 1)
        self._claims.page(self._connector, before, 1).addCallbacks(
            self._fetched, self._fetch_failed, callbackArgs=(message,), errbackArgs=(message,)
        )


class Queued(Protocol):
    """Settings that a queue goes by."""

    @property
    def id(self) -> str:
        """The connector."""

    @property
    def queue_capacity(self) -> int:
        """Messages in memory, at most."""

    @property
    def keep_order(self) -> bool:
        """See ReadyQueue."""


def make_queue(
    settings: Queued,
    store: Store,
    runtime: Runtime,
    filled: Callable[[], None],
    in_hand: Callable[[], int],
    able: Callable[[], bool],
) -> tuple[ReadyQueue, SharedQueue | None]:
    """A connector's queue; where there are other nodes it is a shared one, which is the second, too."""
    given = (settings.id, settings.queue_capacity, store, runtime.reactor, runtime.clock, filled)
    if runtime.claims is None:
        return ReadyQueue(*given, keep_order=settings.keep_order), None
    queue = SharedQueue(runtime.claims, *given, keep_order=settings.keep_order, in_hand=in_hand, able=able)
    return queue, queue
