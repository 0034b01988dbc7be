"""Asking a provider what became of messages, where it does not tell by itself, or might not.

What is asked for is in the store: SENT messages of the connector. When each is asked for next is in `poll_table`, which
is bounded: new messages enter as they are accepted, those from before a start, and those that found no room, by a walk
through the store. One question is out at a time, so that sending goes first where requests are limited.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from smsgwd.model.message import Message, MessageView
from smsgwd.ports.clock import Clock
from smsgwd.ports.push import Outbox
from smsgwd.ports.sent import SentRow
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.providers.message import Sent
from smsgwd.providers.reports import Report
from smsgwd.providers.verdicts import Park, SlowDown, Stop, Temporary
from smsgwd.southbound.answers import unknown_id
from smsgwd.southbound.provider.calls import AskStates, Done
from smsgwd.southbound.provider.closing import Closing
from smsgwd.southbound.provider.poll_table import GRACE_S, MOST, PollTable
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.provider.walk import SentWalk
from smsgwd.telemetry import ProviderMetrics, get_logger
from smsgwd.telemetry.provider_metrics import PollOutcome

_LOOK_AGAIN_S: Final = 5.0  # while the provider is left alone
_BACK_OFF_S: Final = 5.0  # after a question without an answer, doubled for each in a row
_LONGEST_S: Final = 300.0
_LATE_MS: Final = 86_400_000  # what a start asks for the last time: validity that has ended since then
_FOR_EVER_MS: Final = 1 << 60
_WALK_EVERY_S: Final = 60.0  # at least, where the table is too small
_WALK_ANYWAY_S: Final = 1800.0  # for what nobody told of: SENT by a late answer, or not yet when it was looked up
_log = get_logger("southbound")


class Polling:
    """Of one connector (`parts.Asking`); also closes what the provider never tells the end of (`closing`).

    `ask` puts a question to the plugin and never fails, `take` makes reports durable: its Deferred fires with False
    where that cannot be now. `may_ask` is False while the provider is to be left alone. `heard` gets each Done.
    """

    def __init__(
        self,
        settings: ProviderSettings,
        reactor: IReactorTime,
        clock: Clock,
        store: Store,
        ask: Callable[[AskStates], Deferred[Done]],
        take: Callable[[Sequence[Report]], Deferred[bool]],
        outbox: Outbox,
        *,
        random: Callable[[], float],
        may_ask: Callable[[], bool] = lambda: True,
        heard: Callable[[Done], object] = lambda _: None,
        metrics: ProviderMetrics | None = None,
        most: int = MOST,
    ) -> None:
        self._id = settings.id
        self._poll = settings.poll
        self._reactor = reactor
        self._clock = clock
        self._store = store
        self._ask = ask
        self._take = take
        self._random = random
        self._may_ask = may_ask
        self._heard = heard
        self._metrics = metrics
        self._most = most
        self._table = PollTable(settings.poll or settings.plugin.poll, clock, random, most)
        self._walk = SentWalk(reactor, store, settings.id, self._found, self._walked)
        self._walked_from = self._walked_at = 0.0  # when the last walk began: wall ms, monotonic s
        self._missed = True  # the store has messages that the table does not know, and the walk might not find
        self._crowded = False  # the walk waits for room
        self._closing = Closing(settings, reactor, clock, store, outbox, self.ended, metrics)
        self._running = False
        self._out = False  # a question is
        self._rest_until = 0.0  # monotonic
        self._failures = 0  # in a row
        self._timer: IDelayedCall | None = None
        self._timer_at = 0.0  # monotonic
        self.questions = 0  #: put to the plugin since the start
        self.trouble = ""  #: why the last question had no answer; '' = it had one

    @property
    def waiting(self) -> int:
        """Messages in memory that are to be asked for."""
        return len(self._table)

    # ------------------------------------------------------------------ what the connector calls
    def start(self) -> None:
        """Ask from now on: also for what the store has from before."""
        if self._running:
            return
        self._running = True
        self._closing.start()
        self._walk.resume()
        self._look()

    def stop(self) -> None:
        """Ask no more. What is known stays known for another `start`."""
        self._running = False
        self._closing.stop()
        self._walk.halt()
        self._unset()

    def adopt(self, settings: ProviderSettings) -> None:
        """Other settings, from now on."""
        before, self._poll = self._poll, settings.poll
        self._closing.adopt(settings)
        if settings.poll is None:
            self._table.clear()
        else:
            self._table.adopt(settings.poll)
            if before is None:
                self._missed = True
                self._walked_at = self._walked_from = 0.0
        self._look()

    def accepted(self, message: Message, foreign_id: str, sent_ms: int) -> None:
        """The provider has taken it."""
        del foreign_id  # it is in the store
        if self._poll is None:
            return
        if self._table.add(message.id, sent_ms, message.deadline):
            self._seen()
        else:
            self._missed = True
        due = self._table.next_due()
        if self._running and not self._out and (self._timer is None or due is None or due < self._timer_at):
            self._look()

    def ended(self, message_ids: Collection[int]) -> None:
        """These are final. Those that nobody tells of here are found out before they are asked for."""
        self._table.drop(message_ids)
        self._seen()

    def resumed(self) -> None:
        """The provider need be left alone no more: ask now."""
        self._rest_until = 0.0
        self._look()

    # ------------------------------------------------------------------ when
    def _look(self) -> None:
        """Put the next question if it is time, else come back when it will be."""
        self._unset()
        if not self._running or self._out or self._poll is None:
            return
        self._look_for_more()
        now = self._clock.monotonic()
        due = self._table.next_due()
        if now < self._rest_until:
            self._set(self._rest_until - now)
        elif due is None or due > now:
            times = [each for each in (due, self._next_walk(now)) if each is not None]
            if times:  # none: the end of the walk looks again
                self._set(min(times) - now)
        elif not self._may_ask() or not self._store.healthy:  # answers may not be durable yet
            self._set(_LOOK_AGAIN_S)
        else:
            ids = self._table.take(self._poll.group)
            self._out = True
            Deferred.fromCoroutine(self._question(ids)).addErrback(self._broken, ids).addBoth(self._over)

    def _set(self, seconds: float) -> None:
        seconds = max(0.01, seconds)
        self._timer_at = self._clock.monotonic() + seconds
        self._timer = self._reactor.callLater(seconds, self._look)

    def _unset(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _over(self, _: object) -> None:
        self._out = False
        self._seen()
        self._look()

    def _broken(self, failure: Failure, ids: Sequence[int]) -> None:
        if not isinstance(failure.value, StoreUnavailable):
            _log.error("connector.error", connector=self._id, reason=repr(failure.value))
        self._table.again(ids, asked=False)
        self._rest(_BACK_OFF_S)

    def _rest(self, seconds: float) -> None:
        self._rest_until = self._clock.monotonic() + seconds

    # ------------------------------------------------------------------ a question
    async def _question(self, ids: Sequence[int]) -> None:
        views = await self._store.still_sent(self._id, ids)
        open_ids = {view.message.id for view in views}
        self._table.drop(number for number in ids if number not in open_ids)
        if not views:
            return
        if not self._running or not self._may_ask():  # it changed meanwhile
            self._table.again(list(open_ids), asked=False)
            return
        views.sort(key=lambda view: view.message.id)
        self.questions += 1
        done = await self._ask(AskStates(tuple(map(_sent, views))))
        self._heard(done)
        if done.reports is None or done.trouble or done.halted is not None:
            self._no_answer(done, list(open_ids))
            return
        self._failures, self.trouble = 0, ""
        await self._answered(views, done.reports)

    async def _answered(self, views: Sequence[MessageView], reports: Sequence[Report]) -> None:
        told: dict[int, bool] = {}  # by message: whether its state is final
        nameless = {view.message.id for view in views if view.smsc_id == unknown_id(view.message.id, 1)}
        news: list[Report] = []
        for report in reports:
            numbers = _meant(views, report)
            final = report.state is not None and report.state.final
            for number in numbers:
                told[number] = told.get(number, False) or final
            if numbers and (final or (report.foreign_id and nameless.issuperset(numbers))):
                news.append(report)
        kept = not news or await self._take(news)
        final_ids = [number for number, final in told.items() if final]
        if kept:
            self._table.drop(final_ids)
            self._count("final", len(final_ids))
        else:
            self._table.again(final_ids, asked=False)
            self._rest(_BACK_OFF_S)
        others = [view.message.id for view in views if not told.get(view.message.id)]
        self._count("on_way", sum(number in told for number in others))
        self._count("not_known", sum(number not in told for number in others))
        self._later(others, asked=True)

    def _no_answer(self, done: Done, ids: Sequence[int]) -> None:
        verdict = done.halted
        self._failures += 1
        seconds = min(_LONGEST_S, _BACK_OFF_S * 2 ** min(self._failures - 1, 10)) * (0.9 + 0.2 * self._random())
        wish: float | None = None
        if isinstance(verdict, (SlowDown, Park)):
            wish = verdict.seconds
        elif isinstance(verdict, Temporary):
            wish = verdict.retry_after_s
        self.trouble = done.trouble or _reason(done)
        if self._failures == 1:
            _log.warning("provider.states_failed", connector=self._id, reason=self.trouble)
        self._rest(max(seconds, wish or 0.0))
        self._count("failed", len(ids))
        self._later(ids, asked=False)

    def _later(self, ids: Sequence[int], *, asked: bool) -> None:
        """Ask again for these. Where the table is too small old ones make room: a walk finds them again."""
        before, crowded = self._table.room, self._missed or self._crowded
        over = self._table.again(ids, asked=asked, spare=asked and crowded)
        self._count("given_up", len(over))
        if self._table.room - before > len(over):
            self._missed = True

    def _count(self, outcome: PollOutcome, count: int) -> None:
        if count and self._metrics is not None:
            self._metrics.poll(outcome).inc(count)

    def _seen(self) -> None:
        if self._metrics is not None:
            self._metrics.polls_waiting.set(len(self._table))

    # ------------------------------------------------------------------ what the store has
    def _next_walk(self, now: float) -> float | None:
        """When the store is to be walked through (monotonic); None = it is, or there is no room yet."""
        if self._walk.begun or self._poll is None or self._table.room < self._most // 4:
            return None
        if not self._walked_from:
            return now
        pause = max(_WALK_EVERY_S, self._poll.longest_s)
        return self._walked_at + (pause if self._missed else max(pause, _WALK_ANYWAY_S))

    def _look_for_more(self) -> None:
        now, now_ms = self._clock.monotonic(), self._clock.now_ms()
        if self._walk.begun:
            if self._table.room >= self._most // 4:
                self._crowded = False
                self._walk.resume()
            return
        due = self._next_walk(now)
        if due is None or now < due:
            return
        # What was asked for the last time is not to be asked for in each walk; what found no room was not asked.
        begin = now_ms - 1000 * GRACE_S
        if self._missed:
            begin = self._walked_from - 1000 * GRACE_S if self._walked_from else now_ms - _LATE_MS
        self._walked_from, self._walked_at, self._missed = now_ms, now, False
        self._walk.begin((int(begin), 0), _FOR_EVER_MS)

    async def _found(self, rows: Sequence[SentRow]) -> int:
        """A page of the walk; for how many of it there is room."""
        if self._poll is None:
            return len(rows)
        count = 0
        for row in rows:
            if not self._table.add(row.id, row.sent_at, row.deadline, late=True):
                break
            count += 1
        self._crowded = count < len(rows)
        self._seen()
        self._look()
        return count

    def _walked(self) -> None:
        self._look()


def _sent(view: MessageView) -> Sent:
    """A message as a plugin is told of it (`outbound.outbound` told it the same way)."""
    message, foreign_id = view.message, view.smsc_id or ""
    return Sent(
        id=str(message.id),
        foreign_id="" if foreign_id == unknown_id(message.id, 1) else foreign_id,
        to=message.dest_addr or message.msisdn,
        sender=message.source_addr or message.source,
        text=message.text,
        sent_ms=message.submitted_at if view.sent_at is None else view.sent_at,
        deadline_ms=message.deadline,
        parts=message.parts,
    )


def _meant(views: Sequence[MessageView], report: Report) -> Sequence[int]:
    """Ids of those of the asked that a report is about."""
    if report.message_id:
        return [view.message.id for view in views if str(view.message.id) == report.message_id]
    return [
        view.message.id
        for view in views
        if view.smsc_id == report.foreign_id
        and report.foreign_id
        and (not report.to or report.to in (view.message.msisdn, view.message.dest_addr))
    ]


def _reason(done: Done) -> str:
    verdict = done.halted
    if verdict is None:
        return "the plugin answered nothing"
    words = "" if not isinstance(verdict, (Temporary, SlowDown, Park, Stop)) else verdict.reason
    return f"{type(verdict).__name__}: {words}" if words else type(verdict).__name__
