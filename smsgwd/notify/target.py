"""One target's lane: what it is owed, page by page, how much may be under way, and whether it answers at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smsgwd.delivery.breaker import Breaker
from smsgwd.delivery.pages import Key, PagedQueue
from smsgwd.model.message import State
from smsgwd.model.outbox import OutboxItem
from smsgwd.notify.turns import Turns

OPEN_CAPACITY = 64
"""Items in memory for a target that is only probed."""

COMPANY_S = 0.1
"""Longest wait for company while a request of the lane is under way, seconds."""
ALONE_FROM = 2
"""Failed attempts from which on a receipt goes alone: one that makes a server fail must not take others along."""

_SENT = State.SENT
_FIRST_WINDOW = 2
_MOST_PASSED_OVER = 8
_SLOW_S = 2.0
_REAP_AFTER_S = 3600.0
_FURTHEST_MS = 24 * 3_600_000
_READ_AGAIN_MS = 1000


def _key(item: OutboxItem) -> Key:
    return (item.due_at, item.id)


class Lane:
    """Pushes of one target (`model.outbox.target_of`). Wall times are milliseconds since 1970,
    others monotonic seconds.

    An item is *out* from `take` until its result is durable (`settled`).
    """

    __slots__ = (
        "_capacity",
        "_furthest_ms",
        "_most",
        "_proven",
        "_slow",
        "_window",
        "along",
        "batch",
        "begun_at",
        "breaker",
        "closed",
        "in_flight",
        "last_error",
        "name",
        "queue",
        "read_after_ms",
        "suspect_path",
        "tenant",
        "turns",
        "unsaved",
        "used_at",
        "waiting",
    )

    def __init__(self, name: str, tenant: str, most: int, capacity: int, furthest_ms: int = _FURTHEST_MS) -> None:
        """`most` pushes at once, `capacity` items in memory; no push is put off for longer than `furthest_ms`."""
        self.name = name
        self.tenant = tenant
        self.breaker = Breaker()
        self.in_flight = 0  #: requests
        self.along = 0  #: items under way beyond one a request
        self.batch = 1  #: most receipts in a request
        self.begun_at = 0.0  #: the last request
        self.unsaved = 0  #: answered, result not durable yet
        self.waiting = False  #: for a slot
        self.closed = False  #: another node pushes to this target: nothing new is begun
        self.read_after_ms = 0  #: no page is read before: the store could not be read
        self.used_at = 0.0
        self.last_error = ""
        self.suspect_path = ""  #: path of the last failed probe
        self._most = most
        self._furthest_ms = furthest_ms
        self._window = _FIRST_WINDOW
        self._proven = False
        self._slow = False
        self._capacity = capacity
        self.queue: PagedQueue[OutboxItem] = PagedQueue(_key, capacity)
        self.turns = Turns()

    def follow(self, most: int, furthest_ms: int) -> None:
        """Other limits from now on; pushes under way above `most` go on."""
        self._most, self._furthest_ms = most, furthest_ms
        self._window = min(self._window, most)

    @property
    def suspect(self) -> bool:
        """True unless it has answered well and quickly lately."""
        return self._slow or not self._proven or self.breaker.failures > 0

    @property
    def idle(self) -> bool:
        """True when nothing is out."""
        return not self.in_flight and not self.unsaved

    def due_at(self, item: OutboxItem, now_ms: int) -> int:
        """When an item is due, `now_ms` or later.

        What was not tried yet, or is due very far off, is due at once: the wall clock was set back.
        """
        due = item.due_at
        return due if item.attempts and now_ms < due <= now_ms + self._furthest_ms else now_ms

    def may_read(self, now_ms: int) -> bool:
        """False for a second after the store could not be read."""
        return not now_ms < self.read_after_ms <= now_ms + _READ_AGAIN_MS

    def store_failed(self, now_ms: int) -> None:
        """The store could not be read."""
        self.read_after_ms = now_ms + _READ_AGAIN_MS

    def ready(self, now_ms: int, now: float) -> bool:
        """True when a push could be made now, given a slot."""
        if self.closed:
            return False
        if self.breaker.is_open:
            if self.in_flight or not self.breaker.may_probe(now):
                return False
        elif self.in_flight >= self._window or self._capacity == OPEN_CAPACITY:
            return False  # in the second case `fit` comes first, as soon as the probe's result is durable
        head = self._head() if self.turns.leading else self.queue.peek()
        if head is None or (head.attempts and self.due_at(head, now_ms) > now_ms):
            return False
        return self.batch == 1 or not self._gathers(head, now)

    def _gathers(self, head: OutboxItem, now: float) -> bool:
        """True while a request is under way and few wait: the next one is to be fuller, so requests get fewer.

        At idle nothing waits for company, and nothing waits for more than COMPANY_S.
        """
        if not self.in_flight or not _goes_with_others(head):
            return False
        return len(self.queue) < min(self.batch, self._capacity // 2) and now < self.begun_at + COMPANY_S

    def wake_at_ms(self, now_ms: int, now: float) -> int | None:
        """When the lane should be looked at again, if nothing happens before; None when only an event can change it."""
        if self.closed or (self.in_flight >= self._window and not self.breaker.is_open):
            return None  # the end of a push comes first
        wake: int | None = None
        head = self._head()
        if head is not None:
            wake = self.due_at(head, now_ms)
            if self.breaker.is_open:
                wake = max(wake, now_ms + int(1000 * (self.breaker.probe_at - now)) + 1)
            elif self.batch > 1:
                wake = max(wake, now_ms + int(1000 * (self.begun_at + COMPANY_S - now)) + 1)
            if wake <= now_ms:
                wake = None
        if self.read_after_ms and not self.may_read(now_ms):
            wake = self.read_after_ms if wake is None else min(wake, self.read_after_ms)
        return wake

    def lagging(self, now_ms: int) -> int:
        """How many items could be pushed now and wait for their turn in memory, if the target answers well; else 0."""
        count = len(self.queue)
        if not count or self.suspect:
            return 0
        head = self.queue.peek()
        return 0 if head is None or self.due_at(head, now_ms) > now_ms else count

    def take(self, now_ms: int) -> tuple[OutboxItem, bool]:
        """The next item, which is out from now on, and whether it is a probe. Only when `ready`."""
        self.in_flight += 1
        first = self.queue.pop()
        if not self.breaker.is_open:
            if first.state is _SENT:
                self.turns.out(first)
            return first, False
        self.breaker.probing = True
        if _path(first) == self.suspect_path:
            # The URL that failed last time may be the only bad one of this origin: give another one a try.
            others = self.queue.remove(
                lambda item: (
                    self.due_at(item, now_ms) <= now_ms
                    and _path(item) != self.suspect_path
                    and not self.turns.follows(item)
                )
            )
            if others:
                others.sort(key=_key)
                self.queue.push_back([first, *others[1:]])
                first = others[0]
        self.turns.out(first)
        return first, True

    def _head(self) -> OutboxItem | None:
        """The first item whose turn it is; what waits for another push about the same message is put aside."""
        queue, turns = self.queue, self.turns
        while True:
            head = queue.peek()
            if head is None or not turns.follows(head):
                return head
            turns.hold(queue.pop())

    def company(self, first: OutboxItem, now_ms: int) -> list[OutboxItem]:
        """Receipts that go in one request with `first`, which was taken: due, for the same URL, few of others between.

        They are out from now on.
        """
        if self.batch == 1 or self.breaker.is_open or not _goes_with_others(first):
            return []
        queue, url = self.queue, first.url
        company: list[OutboxItem] = []
        others: list[OutboxItem] = []
        while len(company) < self.batch - 1 and len(others) < _MOST_PASSED_OVER:
            item = self._head()
            if item is None or (item.attempts and self.due_at(item, now_ms) > now_ms):
                break
            queue.pop()
            if item.url == url and _goes_with_others(item):
                self.turns.out(item)
                company.append(item)
            else:
                others.append(item)
        if others:
            queue.push_back(others)
        self.along += len(company)
        return company

    def put_back(self, items: Sequence[OutboxItem]) -> None:
        """Some of the company found no room."""
        self.along -= len(items)
        self.queue.push_back(items)

    def expired(self, now_ms: int, now: float, max_age_ms: int) -> list[OutboxItem]:
        """Items to give up without asking (they are out then): too old, and the target has not answered for an hour."""
        opened_at = self.breaker.opened_at
        if opened_at is None or now - opened_at < _REAP_AFTER_S:
            return []
        return self.queue.remove(lambda item: item.created_at + max_age_ms <= now_ms)

    def succeeded(self, elapsed_s: float) -> bool:
        """A push was answered well. True when the target was down before."""
        self._slow = elapsed_s > _SLOW_S
        self._proven = True
        self.suspect_path = ""
        if self.breaker.succeeded():
            self._window = _FIRST_WINDOW
            return True
        if self._window < self._most:
            self._window += 1
        return False

    def failed(self, item: OutboxItem, now: float, *, probe: bool, random: Callable[[], float], error: str) -> bool:
        """A push failed. True when from now on the target is only probed."""
        self._window = max(1, self._window // 2)
        self.last_error = error
        if probe:
            self.suspect_path = _path(item)
        return self.breaker.failed(now, probe=probe, random=random)

    def settled(self, item: OutboxItem, renewed: OutboxItem | None) -> None:
        """The result of an item is durable; `renewed` is the item as the store has it now, if it is owed still."""
        self.unsaved -= 1
        self.queue.done(item)
        if renewed is not None:
            self.queue.add(renewed)
        elif self.turns.leading:
            waited = self.turns.settled(item)
            if waited:
                self.queue.push_back(waited)

    def fit(self, capacity: int) -> None:
        """Hold few items while the target is only probed, up to `capacity` otherwise; when nothing is out."""
        if not self.idle:
            return
        if self.breaker.is_open:
            if self._capacity != OPEN_CAPACITY:
                self.forget(OPEN_CAPACITY)
        elif self._capacity == OPEN_CAPACITY and capacity > OPEN_CAPACITY:
            self.forget(capacity)

    def close(self) -> None:
        """Begin nothing new: the target is another node's. What waits is left to the store."""
        self.closed = True
        self.queue.forget()
        self.turns.forget()

    def reopen(self) -> None:
        """It is ours again; what is out is not handed out a second time."""
        self.closed = False
        self.queue.forget()

    def forget(self, capacity: int | None = None) -> None:
        """Leave everything to the store again and read it anew; only when `idle`."""
        self._capacity = capacity or self._capacity
        self.queue = PagedQueue(_key, self._capacity)
        self.turns.forget()


def _goes_with_others(item: OutboxItem) -> bool:
    """True for what may be coalesced: receipts in the native form that have not failed again and again."""
    return item.attempts < ALONE_FROM and item.payload is None and item.callback is None  # no receipt has a payload


def _path(item: OutboxItem) -> str:
    return item.url.partition("?")[0]
