"""Number lookups: taken, paid for, answered from what is known or by asking the sources, resumed after a restart.

A request's lookups and what is paid for them are one batch, and the batch is booked under a reference of its own: what
a crash left open is booked again under that reference at the next start, which changes nothing where it was paid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
from twisted.internet.defer import Deferred, gatherResults
from twisted.python.failure import Failure

from smsgwd.admission.numbers import msisdn
from smsgwd.app.lookup_asking import Asking
from smsgwd.app.networks import Networks
from smsgwd.config.model.lookups import Lookups as Section
from smsgwd.model.business import Book, Booked, PutLookups
from smsgwd.model.changes import Change, Ignored
from smsgwd.model.ids import IdGenerator
from smsgwd.model.ledger import EntryKind, pack_payers, unpack_payers
from smsgwd.model.lookups import Lookup, LookupFacts, LookupState
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.telemetry import get_logger

_HOUR_MS: Final = 3_600_000
_PAGE: Final = 500
_AT_ONCE: Final = 50  #: reads of known answers at a time
_MOST_ANCESTORS: Final = 16
_RETRY_S: Final = 2.0
_log = get_logger("lookups")

Payers = tuple[tuple[str, int], ...]


class LookupDesk:
    """Implements `ports.lookups.Lookups`."""

    def __init__(
        self,
        section: Section,
        *,
        store: Store,
        clock: Clock,
        ids: IdGenerator,
        tenants: Callable[[str], Tenant | None],
        asking: Asking,
        later: Callable[[float, Callable[[], None]], object],
        theirs: Callable[[int], bool] = lambda lookup: False,
    ) -> None:
        """`tenants` gives a tenant by id; `later(seconds, call)` is the reactor's; `theirs` tells of the id of a lookup
        whether another node that lives has taken it, and so asks."""
        self._theirs = theirs
        self._going_on = False
        self._section = section
        self._store = store
        self._clock = clock
        self._ids = ids
        self._tenants = tenants
        self._asking = asking
        self._later = later
        self._networks = Networks(section.networks, int(section.network_d * 24 * _HOUR_MS))
        #: Hears how many are taken (asked, cached, invalid, no_credit), and how many ended in a state.
        self.took: Callable[[str, int], None] = _nobody_counts
        self.ended: Callable[[str, int], None] = _nobody_counts
        #: Hears of each number that a lookup here found the network of.
        self.learned: Callable[[str], object] = lambda msisdn: None
        self._knows = False  # the networks that the store has were read
        self._reading = False
        self._open: dict[str, dict[int, Lookup]] = {}  # by number, then id
        self._count = 0
        self._coming = 0  # numbers of requests that are being taken
        self._closed = False
        asking.told = self._told

    # -- ports.lookups.Lookups -------------------------------------------------------------------------------------

    def ask(self, tenant: str, numbers: Sequence[str]) -> Deferred[list[Lookup]]:
        """See `ports.lookups.Lookups`."""
        return Deferred.fromCoroutine(self._ask(tenant, numbers))

    def get(self, tenant: str, any_id: int) -> Deferred[list[Lookup]]:
        """See `ports.lookups.Lookups`."""
        return self._store.lookups(tenant, any_id).addCallback(self._as_now)

    def network_of(self, msisdn: str) -> str | None:
        """See `ports.lookups.Lookups`."""
        return self._networks.find(msisdn, self._clock.now_ms()) if len(self._networks) else None

    # -- start and stop --------------------------------------------------------------------------------------------

    def start(self) -> Deferred[None]:
        """Read the known networks, and go on with what was open. Fires when that has begun; never fails."""
        return Deferred.fromCoroutine(self._start())

    def stop(self) -> None:
        """Ask nobody any more; what is open goes on at the next start."""
        self._closed = True
        self._asking.stop()

    @property
    def waiting(self) -> int:
        """Lookups that nobody has told about yet."""
        return self._count

    async def _start(self) -> None:
        try:
            await self._learn_all()
            await self._go_on()
        except StoreUnavailable:  # said once, by the store itself
            if not self._closed:
                self._later(_RETRY_S, self._start_again)
        except Exception as error:
            _log.error("daemon.unhandled_error", error=repr(error), exc_info=error)

    async def _learn_all(self) -> None:
        """Read the networks that the store knows."""
        after = ""
        while page := await self._store.known_networks(after, _PAGE):
            for lookup in page:
                self._networks.learn(lookup)
            after = page[-1].msisdn
        self._knows = True

    def learn(self, lookup: Lookup) -> None:
        """What another node found."""
        self._networks.learn(lookup)

    def learn_again(self) -> None:
        """Other nodes may have found networks that this one did not hear of. Never fails."""
        if self._knows and not self._reading and not self._closed:
            self._reading = True
            Deferred.fromCoroutine(self._learn_all()).addErrback(self._not_learned).addBoth(self._read)

    def _read(self, _: object) -> None:
        self._reading = False

    def _not_learned(self, failure: Failure) -> None:
        if not isinstance(failure.value, StoreUnavailable):
            _unhandled(failure)
        elif not self._closed:
            self._later(_RETRY_S, self.learn_again)

    def go_on(self) -> None:
        """Ask about what nobody who lives asks about: a node has died that did. Never fails."""
        if not self._closed and not self._going_on:
            Deferred.fromCoroutine(self._go_on()).addErrback(_unread)

    async def _go_on(self) -> None:
        self._going_on = True
        try:
            last = 0
            while not self._closed and (opened := await self._store.open_lookups(last, _PAGE)):
                last = opened[-1].id
                await self._resume([lookup for lookup in opened if not self._theirs(lookup.id) and self._new(lookup)])
        finally:
            self._going_on = False

    def _new(self, lookup: Lookup) -> bool:
        return lookup.id not in self._open.get(lookup.msisdn, {})

    def _start_again(self) -> None:
        if not self._closed:
            self.start()

    async def _resume(self, opened: Sequence[Lookup]) -> None:
        """Book what a crash may have kept from being paid, and ask on."""
        unpaid: set[int] = set()
        for request in dict.fromkeys(lookup.request for lookup in opened):
            whole = await self._store.lookups(next(each.tenant for each in opened if each.request == request), request)
            book = self._charge(whole, self._clock.now_ms())
            if book is not None:
                [result] = await self._store.commit([book])
                if isinstance(result, Ignored) and result.reason != "repeated":
                    unpaid.add(request)
        for lookup in opened:
            if lookup.request in unpaid:
                await self._store.commit([PutLookups((self._unpaid(lookup),))])
            else:
                self._begin(lookup)

    # -- asking ----------------------------------------------------------------------------------------------------

    async def _ask(self, name: str, numbers: Sequence[str]) -> list[Lookup]:
        tenant = self._tenants(name)
        if tenant is None:
            raise Refused(Refusal.UNAUTHENTICATED)
        if self._closed:
            raise Refused(Refusal.SHUTTING_DOWN)
        if self._count + self._coming + len(numbers) > self._section.max_waiting:
            raise Refused(Refusal.OVERLOADED, "too many lookups wait for an answer")
        now = self._clock.now_ms()
        request = self._ids.block(len(numbers) + 1, now)
        payers = pack_payers(self._payers(tenant))
        lookups = [self._lookup(tenant, payers, request, place, number, now) for place, number in enumerate(numbers, 1)]
        if not any(lookup.msisdn for lookup in lookups):
            raise Refused(Refusal.INVALID_RECIPIENT, lookups[0].facts.error if lookups else "no number")
        self._coming += len(numbers)
        try:
            known = await self._known([lookup.msisdn for lookup in lookups if lookup.msisdn], now)
            lookups = [_answered(lookup, known.get(lookup.msisdn)) for lookup in lookups]
            await self._take(lookups, now)
        except StoreUnavailable:
            raise Refused(Refusal.STORE_UNAVAILABLE) from None
        finally:
            self._coming -= len(numbers)
        return self._as_now(lookups)

    def _lookup(self, tenant: Tenant, payers: str | None, request: int, place: int, number: str, now: int) -> Lookup:
        """One number as it is taken: what is none has failed, and costs nobody anything."""
        try:
            digits = msisdn(number, tenant.region, strict=tenant.strict_numbers)
        except Refused as refused:
            facts = LookupFacts(LookupState.FAILED, error=refused.refusal.code)
            return Lookup(request + place, request, tenant.id, number, "", now, now, 0, facts)
        facts, price = LookupFacts(LookupState.QUEUED), tenant.lookup_price
        return Lookup(request + place, request, tenant.id, number, digits, now, None, price, facts, payers)

    async def _known(self, wanted: Sequence[str], now: int) -> dict[str, Lookup]:
        """What was found of numbers lately enough, by number."""
        oldest = now - int(self._section.cache_h * _HOUR_MS)
        if oldest == now:
            return {}
        numbers = list(dict.fromkeys(wanted))
        known: dict[str, Lookup] = {}
        for begin in range(0, len(numbers), _AT_ONCE):
            some = numbers[begin : begin + _AT_ONCE]
            found = await gatherResults([self._store.latest_lookup(number) for number in some], consumeErrors=True)
            for number, lookup in zip(some, found, strict=True):
                if lookup is not None and lookup.done_at is not None and lookup.done_at >= oldest:
                    known[number] = lookup
        return known

    async def _take(self, lookups: list[Lookup], now: int) -> None:
        """Keep and pay in one batch, then ask. Raises Refused(NO_CREDIT), StoreUnavailable."""
        changes: list[Change] = [PutLookups(tuple(lookups))]
        book = self._charge(lookups, now)
        if book is not None:
            changes.append(book)
        results = await self._store.commit(changes)
        if book is not None and not isinstance(results[1], Booked):
            self._give_up([self._unpaid(lookup) for lookup in lookups])
            self.took("no_credit", len(lookups))
            raise Refused(Refusal.NO_CREDIT)
        for lookup in lookups:
            if not lookup.facts.state.final:
                self.took("asked", 1)
                self._begin(lookup)
            else:
                self.took("cached" if lookup.msisdn else "invalid", 1)

    def _begin(self, lookup: Lookup) -> None:
        """Have the sources asked."""
        waiting = self._open.setdefault(lookup.msisdn, {})
        if lookup.id not in waiting:
            waiting[lookup.id] = lookup
            self._count += 1
            self._asking.ask(lookup.msisdn, lookup.tenant)

    def _give_up(self, lookups: list[Lookup]) -> None:
        """Keep that these are over; nobody waits for it, but until it is kept a restart would book them."""

        def again(failure: Failure) -> None:
            if not isinstance(failure.value, StoreUnavailable):
                _unhandled(failure)
            elif not self._closed:
                self._later(_RETRY_S, lambda: self._give_up(lookups))

        self._store.commit([PutLookups(tuple(lookups))]).addErrback(again)

    # -- money -----------------------------------------------------------------------------------------------------

    def _charge(self, lookups: Sequence[Lookup], now: int) -> Book | None:
        """What a request costs its tenant and the ancestors; None where nobody pays anything."""
        first = lookups[0]
        paid = sum(1 for lookup in lookups if lookup.msisdn)
        amount = sum(lookup.price for lookup in lookups)
        owed: Counter[str] = Counter()
        for lookup in lookups:
            for name, price in unpack_payers(lookup.payers):
                owed[name] -= price
        payers = tuple(owed.items())
        if not amount and not payers:
            return None
        note = f"{paid} numbers looked up" if paid != 1 else "1 number looked up"
        reference = f"lookup {first.request}"
        return Book(first.tenant, EntryKind.CHARGE, -amount, now, reference, note, checked=True, ancestors=payers)

    def _refund(self, lookup: Lookup, now: int) -> Book | None:
        """Give back what a lookup cost that nobody could answer, to those who paid it, whoever would pay today."""
        payers = unpack_payers(lookup.payers)
        if not lookup.price and not payers:
            return None
        reference = f"lookup {lookup.id} refund"
        return Book(
            lookup.tenant, EntryKind.REFUND, lookup.price, now, reference, "nobody could tell", ancestors=payers
        )

    def _payers(self, whose: Tenant) -> Payers:
        """The ancestors that pay too, nearest first, with their price of a number."""
        payers: list[tuple[str, int]] = []
        tenant: Tenant | None = whose
        for _ in range(_MOST_ANCESTORS):
            if tenant is None or tenant.parent is None:
                break
            tenant = self._tenants(tenant.parent)
            if tenant is not None and tenant.lookup_price:
                payers.append((tenant.id, tenant.lookup_price))
        return tuple(payers)

    def _unpaid(self, lookup: Lookup) -> Lookup:
        facts = LookupFacts(LookupState.FAILED, error=lookup.facts.error or Refusal.NO_CREDIT.code)
        return msgspec.structs.replace(lookup, facts=facts, price=0, payers=None, done_at=self._clock.now_ms())

    # -- answers ---------------------------------------------------------------------------------------------------

    def _told(self, number: str, facts: LookupFacts) -> Deferred[None]:
        """This is what was found of a number: for all who wait for it."""
        return Deferred.fromCoroutine(self._keep(number, facts))

    async def _keep(self, number: str, facts: LookupFacts) -> None:
        now = self._clock.now_ms()
        done = []
        changes: list[Change] = []
        for lookup in tuple(self._open.get(number, {}).values()):
            price, payers = lookup.price, lookup.payers
            if facts.state is LookupState.UNKNOWN:
                refund, price, payers = self._refund(lookup, now), 0, None
                if refund is not None:
                    changes.append(refund)
            done.append(msgspec.structs.replace(lookup, facts=facts, done_at=now, price=price, payers=payers))
        if not done:
            return
        await self._store.commit([PutLookups(tuple(done)), *changes])
        waiting = self._open[number]
        for lookup in done:
            del waiting[lookup.id]
        self._count -= len(done)
        self.ended(facts.state.public, len(done))
        if waiting:  # asked for while this was being kept
            whose = next(iter(waiting.values())).tenant
            self._later(0, lambda: self._asking.ask(number, whose))
        else:
            del self._open[number]
        if facts.state in (LookupState.DELIVERED, LookupState.UNDELIVERED):
            self._networks.learn(done[-1])
            self.learned(number)

    def _as_now(self, lookups: list[Lookup]) -> list[Lookup]:
        """With PENDING for those that somebody is being asked about: that is known in memory alone."""
        pending = LookupFacts(LookupState.PENDING)
        return [
            msgspec.structs.replace(lookup, facts=pending)
            if lookup.facts.state is LookupState.QUEUED and self._asking.running(lookup.msisdn)
            else lookup
            for lookup in lookups
        ]


def _answered(lookup: Lookup, known: Lookup | None) -> Lookup:
    """A lookup with what was found before: `done_at` says when, so that an answer does not look younger than it is."""
    return lookup if known is None else msgspec.structs.replace(lookup, facts=known.facts, done_at=known.done_at)


def _nobody_counts(_: str, __: int) -> None:
    """What counts lookups until somebody else does."""


def _unread(failure: Failure) -> None:
    if not isinstance(failure.value, StoreUnavailable):  # which is said once, by the store itself
        _unhandled(failure)


def _unhandled(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
