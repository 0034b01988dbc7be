"""What one account is owed, page by page, and the binds that take it. Nothing here asks the store or sends anything."""

from __future__ import annotations

from typing import Final

import msgspec
from prometheus_client import Counter

from smsgwd.delivery.pages import Key, PagedQueue
from smsgwd.model.outbox import OutboxItem
from smsgwd.northbound.esme.account import EsmeAccount, EsmeBind
from smsgwd.northbound.esme.receipt_templates import composer
from smsgwd.telemetry import Metrics

STUCK_AFTER: Final = 3
"""Deliveries in a row that a bind did not answer in time; from then on it is only probed."""

_FIRST_PROBE_S: Final = 30.0
_LONGEST_PROBE_S: Final = 300.0
_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 10.0


Counters = tuple[Counter | None, Counter | None, Counter | None, Counter | None]
"""Of deliveries that were answered well, are tried again, were not answered, are given up."""


def counters_of(metrics: Metrics | None, account: str) -> Counters:
    """The counters of an account; Nones without metrics."""
    if metrics is None:
        return (None, None, None, None)
    labels = metrics.esme_deliveries.labels
    return (labels(account, "ok"), labels(account, "retried"), labels(account, "lost"), labels(account, "gave_up"))


def _key(item: OutboxItem) -> Key:
    return (item.due_at, item.id)


class LaneStatus(msgspec.Struct, frozen=True):
    """One account's deliveries, for operators."""

    account: str
    held: int  #: waiting in memory
    complete: bool  #: False: the store has more
    in_flight: int  #: without an answer
    receivers: int
    stuck: int  #: of those, only probed since they do not answer


class Outlet:
    """One bind that receives, as its account's lane sees it. Times are monotonic seconds."""

    __slots__ = (
        "_pause_s",
        "_probe_s",
        "bind",
        "compose",
        "connection",
        "in_flight",
        "lane",
        "not_before",
        "over",
        "unanswered",
    )

    def __init__(self, lane: Lane, bind: EsmeBind) -> None:
        self.lane = lane
        self.bind = bind
        self.connection = bind.connection
        self.compose = composer(bind.version, bind.account.owner.credential.esme.receipts_by)
        self.in_flight = 0
        self.unanswered = 0  #: not answered in time, since the last answer
        self.not_before = 0.0  #: it gets nothing until then
        self.over = False  #: its session takes no more
        self._pause_s = 0.0
        self._probe_s = _FIRST_PROBE_S

    @property
    def stuck(self) -> bool:
        """True while it is only probed: one delivery at a time, at growing intervals."""
        return self.unanswered >= STUCK_AFTER

    def room(self, now: float) -> int:
        """How many deliveries it takes now."""
        if self.over or not self.bind.alive or now < self.not_before or not self.connection.writable:
            return 0
        if self.unanswered >= STUCK_AFTER:
            return 0 if self.in_flight else min(1, self.connection.session.room)
        free = self.bind.account.window - self.in_flight
        return min(free, self.connection.session.room) if free > 0 else 0

    def answered(self, count: int) -> None:
        """It answered `count` deliveries."""
        self.in_flight -= count
        if self.unanswered:
            self.unanswered = 0
            self.not_before = 0.0
            self._probe_s = _FIRST_PROBE_S

    def took(self, now: float) -> None:
        """It took a delivery, so it need not be slowed down any more."""
        if self._pause_s and now >= self.not_before:
            self._pause_s = 0.0

    def slow_down(self, now: float) -> bool:
        """It asked for it; True when that begins a pause, 1 s and twice as long each time, up to 10 s."""
        if now < self.not_before:
            return False
        self._pause_s = min(_LONGEST_PAUSE_S, self._pause_s * 2 or _FIRST_PAUSE_S)
        self.not_before = now + self._pause_s
        return True

    def missed(self, count: int, now: float) -> None:
        """It did not answer `count` deliveries in time."""
        was_probe = self.stuck and self.in_flight == 1
        self.in_flight -= count
        self.unanswered += count
        if self.stuck:
            if was_probe:
                self._probe_s = min(_LONGEST_PROBE_S, self._probe_s * 2)
            self.not_before = now + self._probe_s


class Lane:
    """The deliveries of one account, while something is bound that receives, or a result is not durable yet.

    An item is *out* from when it is handed out until its result is durable or it is put back.
    """

    __slots__ = (
        "_turn",
        "account",
        "dead",
        "lost",
        "name",
        "ok",
        "ours",
        "outlets",
        "queue",
        "read_after_ms",
        "retried",
        "target",
        "told_at",
        "unsaved",
        "untold",
    )

    def __init__(self, target: str, account: EsmeAccount, capacity: int, counters: Counters) -> None:
        self.target = target
        self.name = account.name
        self.account = account
        self.queue: PagedQueue[OutboxItem] = PagedQueue(_key, capacity)
        self.outlets: list[Outlet] = []
        self.ours = True  #: no other node gives the account anything
        self.unsaved = 0  #: answered, result not durable yet
        self.read_after_ms = 0  #: no page is read before: the store could not be read
        self.told_at = float("-inf")  #: when a refusal was logged last (monotonic)
        self.untold = 0  #: refusals since then
        self.ok, self.retried, self.lost, self.dead = counters
        self._turn = 0

    @property
    def in_flight(self) -> int:
        """Deliveries without an answer."""
        return sum(outlet.in_flight for outlet in self.outlets)

    @property
    def status(self) -> LaneStatus:
        """For operators."""
        return LaneStatus(
            account=self.name,
            held=len(self.queue),
            complete=self.queue.complete,
            in_flight=self.in_flight,
            receivers=len(self.outlets),
            stuck=sum(outlet.stuck for outlet in self.outlets),
        )

    def next_outlet(self, now: float) -> tuple[Outlet, int] | None:
        """The bind whose turn it is, with its room; None when none takes anything now."""
        outlets = self.outlets
        count = len(outlets)
        turn = self._turn
        for _ in range(count):
            turn = turn + 1 if turn + 1 < count else 0
            room = outlets[turn].room(now)
            if room > 0:
                self._turn = turn
                return outlets[turn], room
        return None

    def add(self, bind: EsmeBind) -> Outlet:
        """A bind more."""
        self.account = bind.account
        outlet = Outlet(self, bind)
        self.outlets.append(outlet)
        return outlet

    def remove(self, outlet: Outlet) -> None:
        """A bind less."""
        self.outlets.remove(outlet)

    def wake_at(self, now: float) -> float | None:
        """When a bind that has to wait takes something again (monotonic), None when only an event can tell."""
        return min((each.not_before for each in self.outlets if each.not_before > now), default=None)
