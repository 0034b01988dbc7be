"""What providers tell, made durable: states of messages, messages of subscribers, clicks, calls.

Callbacks and polling both end here. What belongs together goes into one commit, and who told it is answered after
that; what cannot be kept is told again by the provider. A report that says which of our messages it is about is applied
to that one, whatever its answer was or will be: a message that the provider reports on has been taken. Messages of
other accounts are out of its reach.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.model.business import Push
from smsgwd.model.changes import Change, Ignored, KeepMoPart, MoKept, PartSent, Result, TakeMo, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.mo import Subscribers
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.providers.reports import Clicked, Event, Incoming, PhoneCall, Qualified, Report
from smsgwd.southbound.answers import unknown_id
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.provider import told
from smsgwd.southbound.provider.matching import Match, Matching, is_foreign_id
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.telemetry import get_logger

_OPEN: Final = (State.QUEUED, State.WAITING, State.SCHEDULED)
_WORD: Final = 64  # characters of a provider's words that are kept
_NOT_KEPT: Final = ("unavailable", "error")
_SAY_EVERY_S: Final = 3600.0
_log = get_logger("southbound")


class Events(Protocol):
    """Owes events to tenants (`app.event_desk.EventDesk`)."""

    def change(self, tenant: Tenant, kind: str, data: bytes, at: int) -> Push | None:
        """What is to be committed for an event; None where the tenant wants none told."""


class _Taking:
    """The changes of one call that are not durable yet."""

    __slots__ = ("done", "kept", "left")

    def __init__(self, left: int) -> None:
        self.left = left
        self.kept = True
        self.done: Deferred[bool] = Deferred()


class _Kept(NamedTuple):
    """A change that is tried until it is durable, whoever is told of it."""

    change: Change
    of: tuple[str, int, str]  # what `accepted_elsewhere` is called with


class Reports:
    """Of all provider connectors. It remembers nothing: each report is matched with what the store has."""

    def __init__(
        self,
        *,
        store: Store,
        batch: Batch,
        clock: Clock,
        account_of: Callable[[str], str | None],
        subscribers: Subscribers | None = None,
        events: Events | None = None,
        tenants: Callable[[str], Tenant | None] = lambda _: None,
        accepted_elsewhere: Callable[[str, int, str], object] = lambda *_: None,
        counts: Callable[[str], Counts | None] = lambda _: None,
        seen: Callable[[str, str], object] = lambda *_: None,
    ) -> None:
        """`account_of` gives the account group of a connector, `tenants` a tenant by id, `counts` what a connector
        counts; `seen(connector, kind)` hears of what is no report: incoming, clicked, call, qualified.

        `accepted_elsewhere(connector, message_id, foreign_id)` is called for a message that is not SENT in the store
        though the provider speaks of it, before that is committed here: it is not to be sent (again). It may commit
        PartSent of its own: a second one changes nothing. It is called again when that is durable: by what the store
        listed meanwhile the message may be there anew.
        """
        self._matching = Matching(store, account_of)
        self._batch = batch
        self._clock = clock
        self._subscribers = subscribers
        self._events = events
        self._tenants = tenants
        self._accepted_elsewhere = accepted_elsewhere
        self._counts = counts
        self._seen = seen
        self._said: dict[str, float] = {}
        self._then = self._durable  # one object, so that the batch calls it once for many
        self._then_taken = self._are_taken
        self.unmatched = 0  #: reports and clicks of messages that are not the account's

    def take(self, settings: ProviderSettings, events: Sequence[Event]) -> Deferred[bool]:
        """Make it durable. True = all is, and what is nobody's was counted; False = something could not be kept now
        and is to be told again, which doubles nothing. Never fails."""
        return Deferred.fromCoroutine(self._take(settings, events)).addErrback(_failed, settings.id)

    async def _take(self, settings: ProviderSettings, events: Sequence[Event]) -> bool:
        if not self._batch.working:
            return False
        matches = [await self._match(settings, event) for event in events]  # all that waits, before what does not
        counts = self._counts(settings.id)
        now = self._clock.now_ms()
        reports: list[Change | _Kept] = []
        others: list[Change] = []
        routed = True
        for event, match in zip(events, matches, strict=True):
            if isinstance(event, Report):
                reports += self._reported(settings, event, match, counts, now)
            elif isinstance(event, Incoming):
                change = self._incoming(settings, event, now)
                if change is None:
                    routed = False
                    if counts is not None:
                        counts.mo("unrouted")
                else:
                    others.append(change)
            elif isinstance(event, Clicked):
                others += self._clicked(settings, event, match, now)
            else:
                others += self._called(settings, event, now)
            if not isinstance(event, Report):
                self._seen(settings.id, _KINDS[type(event)])
        # Without a route for one of them nothing but reports is kept: those may be told twice, the others would be
        # there twice when the provider comes again.
        return await self._commit(settings, [*reports, *others] if routed else reports) and routed

    def _commit(self, settings: ProviderSettings, changes: list[Change | _Kept]) -> Deferred[bool]:
        taking = _Taking(sum(not isinstance(change, _Kept) for change in changes))
        self._batch.add_many(
            [
                (change.change, self._then_taken, change.of, False)
                if isinstance(change, _Kept)
                else (change, self._then, (taking, settings, change), True)
                for change in changes
            ]
        )
        if not taking.left:
            taking.done.callback(True)
        return taking.done

    def _durable(self, results: Sequence[Result], args: Sequence[Any]) -> None:
        """They are durable, or cannot be."""
        for result, (taking, settings, change) in zip(results, args, strict=True):
            if isinstance(result, Ignored) and result.reason in _NOT_KEPT:
                taking.kept = False
            else:
                self._kept(settings, change, result)
            taking.left -= 1
            if not taking.left:
                taking.done.callback(taking.kept)

    def _kept(self, settings: ProviderSettings, change: Change, result: Result) -> None:
        counts = self._counts(settings.id)
        if isinstance(change, TakeReceipt):
            if isinstance(result, Ignored) and counts is not None:
                counts.receipt_after_final()
        elif isinstance(change, (TakeMo, KeepMoPart)):
            if counts is not None:
                counts.mo("kept")
            if self._subscribers is None:
                return
            if isinstance(change, TakeMo) and change.opts_out is not None and not isinstance(result, Ignored):
                self._subscribers.opted(change)
            elif isinstance(result, MoKept):
                self._subscribers.kept([result])

    # -- states ----------------------------------------------------------------------------------------------------

    async def _match(self, settings: ProviderSettings, event: Event) -> Match | None:
        """The message that an event is about, where the store must be asked for it."""
        if isinstance(event, (Report, Clicked)):
            if event.message_id:
                return await self._matching.ours(settings, event.message_id, event.foreign_id)
            if isinstance(event, Clicked):
                return await self._matching.known_as(settings, event.foreign_id, event.to)
        return None

    def _reported(
        self, settings: ProviderSettings, report: Report, match: Match | None, counts: Counts | None, now: int
    ) -> list[Change | _Kept]:
        foreign = report.foreign_id
        usable = is_foreign_id(foreign)
        if match is None and not usable:
            self._unmatched(settings, foreign or report.message_id)
            return []
        if counts is not None:
            counts.receipt("intermediate" if report.state is None else report.state.public)
        if match is None:
            return [self._receipt(settings, report, foreign, told.digits(report.to), now)]
        changes, smsc_id = self._taken(settings, report, match, foreign if usable else "", now)
        to = told.digits(report.to) or match.view.message.msisdn
        return [*changes, self._receipt(settings, report, smsc_id, to, now)]

    def _taken(
        self, settings: ProviderSettings, report: Report, match: Match, foreign: str, now: int
    ) -> tuple[Sequence[Change | _Kept], str]:
        """What has the store know that the provider took a message, and under which id it is known then."""
        view, connector = match
        message = view.message
        stays = connector == message.connector
        known = view.smsc_id if stays else None
        smsc_id = foreign or known or unknown_id(message.id, 1)
        if stays and message.state in _OPEN:
            self._accepted_elsewhere(connector, message.id, smsc_id)
        elif smsc_id == known and (report.state is None or message.state.final):
            return [], smsc_id  # but what ends it tells anew whose id it is: a provider may give one to several
        parts = [
            PartSent(message.id, part, smsc_id, settings.group, connector, now, "exact")
            for part in range(1, message.parts + 1)
        ]
        if stays and message.state in _OPEN:
            # Nobody has it in hand any more, and the provider may never tell again: this is kept until it is durable.
            return [_Kept(change, (connector, message.id, smsc_id)) for change in parts], smsc_id
        return parts, smsc_id

    def _are_taken(self, results: Sequence[Result], args: Sequence[tuple[str, int, str]]) -> None:
        for connector, message_id, smsc_id in dict.fromkeys(args):
            self._accepted_elsewhere(connector, message_id, smsc_id)

    def _receipt(self, settings: ProviderSettings, report: Report, smsc_id: str, to: str, now: int) -> TakeReceipt:
        return TakeReceipt(
            Receipt(
                group=settings.group,
                smsc_id=smsc_id,
                state=report.state,
                received_at=now,
                status=told.line(report.word, _WORD),
                error=told.line(report.error, _WORD),
                done_at=told.moment(report.at_ms, now),
                msisdn=to,
                connector=settings.id,
                id_format="exact",
            )
        )

    # -- what else they tell ---------------------------------------------------------------------------------------

    def _incoming(self, settings: ProviderSettings, event: Incoming, now: int) -> TakeMo | KeepMoPart | None:
        if self._subscribers is None:
            return None
        return self._subscribers.change(told.mo_of(event, settings, now), settings.group)

    def _clicked(self, settings: ProviderSettings, event: Clicked, match: Match | None, now: int) -> list[Change]:
        if match is None:
            self._unmatched(settings, event.foreign_id or event.message_id)
            return []
        return self._owed(match.view.message.tenant, told.clicked(event, match, now))

    def _called(self, settings: ProviderSettings, event: PhoneCall | Qualified, now: int) -> list[Change]:
        owner = settings.tenant
        what = told.called(event, now)
        if owner is None or self._tenants(owner) is None or what is None:
            at = self._clock.monotonic()
            if at - self._said.get(settings.id, -_SAY_EVERY_S) >= _SAY_EVERY_S:
                self._said[settings.id] = at
                reason = "it cannot be read" if what is None else "the connector has no tenant"
                _log.warning(
                    "provider.event_for_nobody", connector=settings.id, kind=_KINDS[type(event)], reason=reason
                )
            return []
        return self._owed(owner, what)

    def _owed(self, owner: str, what: told.Told) -> list[Change]:
        """What a tenant is owed for an event, and what is remembered of it."""
        tenant = self._tenants(owner)
        push = None
        if tenant is not None and self._events is not None:
            push = self._events.change(tenant, what.kind, what.data, what.at)
        return [*what.notes, *([] if push is None else [push])]

    def _unmatched(self, settings: ProviderSettings, said: str) -> None:
        self.unmatched += 1
        _log.debug("provider.report_unmatched", connector=settings.id, message_id=told.line(said, _WORD))


_KINDS: Final = {Incoming: "incoming", Clicked: "clicked", PhoneCall: "call", Qualified: "qualified"}


def _failed(failure: Failure, connector: str) -> bool:
    """Nothing that a provider says may fail its caller; what a store cannot do, it says itself."""
    if not isinstance(failure.value, StoreUnavailable):
        _log.error("connector.error", connector=connector, reason=f"reports: {type(failure.value).__name__}")
    return False
