"""Everything that is compiled from the configuration, the tenants and the records: what admission and routing ask.

Each table is immutable and replaced whole, so no message sees half a change. Large ones are checked and compiled in a
thread. Records are read when they change and not kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from smsgwd.admission.admit import Account, account_of
from smsgwd.admission.content import check_together, compile_content
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.app.account_tables import AccountTables, ListInUse, list_in_use
from smsgwd.app.route_tables import Compiled, RouteTables, declared_of
from smsgwd.app.stored_values import decoded, plan_of, unusable
from smsgwd.config import Config
from smsgwd.model import records as kinds
from smsgwd.model.plan import NumberPlan, Range
from smsgwd.model.prices import PriceTable
from smsgwd.model.records import (
    ContentRule,
    NumberPlanRecord,
    PriceListRecord,
    Record,
    Sender,
    SenderRule,
    Template,
)
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.breaks import Breaks
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.explain import Explanation, Question, explain
from smsgwd.telemetry import get_logger

T = TypeVar("T")

_RECORDS: Final[Mapping[str, type]] = {
    kinds.PRICE_LIST: PriceListRecord,
    kinds.NUMBER_PLAN: NumberPlanRecord,
    kinds.SENDER_RULE: SenderRule,
    kinds.CONTENT_RULE: ContentRule,
    kinds.SENDER: Sender,
    kinds.TEMPLATE: Template,
}
#: Kinds that something is compiled from; the others are read when they are asked for.
COMPILED: Final = frozenset((kinds.ROUTE, *_RECORDS))
_PAGE: Final = 500
_LARGE_PAGE: Final = 4  # of records that may be megabytes each
_LARGE: Final = 64 * 1024  # bytes of a value that takes longer to check than the reactor may be held up
_LOOK_AGAIN_S: Final = 60.0  # for price lists that begin: the wall clock may be set
_AGAIN_S: Final = 1.0
_log = get_logger("daemon")


class Catalog:
    """The tables of now. What they ask of services that are made later is set then: `up` and `ported`."""

    def __init__(self, config: Config, reactor: IReactorTime, clock: Clock) -> None:
        self._reactor = reactor
        self._clock = clock
        #: Whether a connector can send now.
        self.up: Callable[[str], bool] = lambda _: False
        #: The network (mcc+mnc) that a lookup found for a number, None where none did.
        self.ported: Callable[[str], str | None] = lambda _: None
        self._store: Store | None = None
        self._lists: dict[str, ListInUse] = {}
        self._fresh: ListInUse | None = None  # as it was checked: it may be stored next
        self._routing = RouteTables(declared_of(config), self.network_of)
        self._list_names: frozenset[str] = frozenset()  # also those that have not begun
        self._next_list: int | None = None
        self._call: IDelayedCall | None = None
        self._plan = NumberPlan(())
        self._tables = AccountTables(self._price_list, self.network_of)
        self._keys: dict[str, dict[str, set[str]]] = {kind: {} for kind in kinds.MOST}  # by kind and tenant
        self._begun_with = False  # tenants were told
        self._turns = DeferredLock()  # one reading at a time: what an older one found must not come last
        self._behind: dict[tuple[str, str], IDelayedCall] = {}  # what could not be read when it was changed
        self._stopped = False
        self.chooser = Chooser(lambda connector: self.up(connector), Costs({}))
        self.routes = self._routing.alone()

    # -- what is asked of each message -----------------------------------------------------------------------------

    def account(self, tenant: str) -> Account | None:
        """The compiled account of an enabled tenant."""
        return self._tables.accounts.get(tenant)

    def network_of(self, msisdn: str) -> str:
        """mcc+mnc of a number: as a lookup found it, else by the number plan; '' when neither knows."""
        ported = self.ported(msisdn)
        if ported is not None:
            return ported
        found = self._plan.find(msisdn)
        return "" if found is None else found.mcc + found.mnc

    def range_of(self, msisdn: str) -> Range | None:
        """Whose range a number is in by the number plan; None where it says nothing."""
        return self._plan.find(msisdn)

    def explain(self, question: Question) -> Explanation:
        """Why a message would go which way (`routing.explain`), at the price its tenant pays."""
        account = self.account(question.tenant)
        rate = None if account is None else account.prices.price(question.msisdn, self.network_of(question.msisdn))
        return explain(self.routes, self.chooser, msgspec.structs.replace(question, rate=rate), self.up)

    # -- changes ---------------------------------------------------------------------------------------------------

    async def load(self, store: Store) -> None:
        """Read all records that something is compiled from, and compile; one that cannot be is left out, and said."""
        self._store = store
        await self._read_lists()
        await self._read_plans()
        await self._read_routes()
        await self._read_rules()
        await self._read_senders(None)
        await self._read_templates(None)
        self._tables.compile_all()

    def stop(self) -> None:
        """Look for nothing any more."""
        self._stopped = True
        for call in (self._call, *self._behind.values()):
            if call is not None and call.active():
                call.cancel()

    def tenants_changed(self, tenants: Sequence[Tenant]) -> None:
        """These are the tenants from now on."""
        self._begun_with = True
        self._tables.become({tenant.id: tenant for tenant in tenants})

    def check_tenant(self, tenant: Tenant) -> None:
        """Raise Refused(INVALID) or ValueError for a tenant that could not be compiled."""
        compile_content((), tenant.content, ())
        account_of(tenant)
        # At the start a tenants file may name a list that is imported once the gateway runs.
        if self._begun_with and tenant.price_list is not None and tenant.price_list not in self._list_names:
            raise Refused(Refusal.INVALID, f"there is no price list {tenant.price_list}")
        known = self._lists.get(tenant.price_list or "")
        if known is not None and known.currency != tenant.currency:
            why = f"the price list {tenant.price_list} is in {known.currency}, the tenant's money in {tenant.currency}"
            raise Refused(Refusal.INVALID, why)

    def check(self, kind: str, tenant: str, rows: Sequence[tuple[str, bytes | None]]) -> Deferred[None] | None:
        """Refuse records (key, value; None = dropped) that could not be compiled: Refused(INVALID) is raised, or fails
        what is returned where that takes long."""
        if kind not in COMPILED:
            return None
        wanted = [Record(kind, tenant, key, value, 0) for key, value in rows if value is not None]
        self._fresh = None
        self._routing.forget_checked()
        most, kept = kinds.MOST.get(kind), self._keys.get(kind, {}).get(tenant, set())
        new = {record.key for record in wanted} - kept
        if most is not None and new and len(kept) + len(new) > most:
            raise Refused(Refusal.INVALID, f"there are {most:,} {kind}s already, the most that a tenant can have")
        if kind == kinds.CONTENT_RULE and wanted:
            return deferToThread(self._check_content, wanted)
        if sum(len(record.value) for record in wanted) > _LARGE:
            return deferToThread(self._check_all, Breaks().among(wanted))
        self._check_all(wanted)
        return None

    def changed(self, kind: str, tenant: str) -> Deferred[None] | None:
        """Records of this kind were changed, durably: what is compiled from them is made anew when this fires.

        Where they cannot be read it fails, and they are read as soon as that goes.
        """
        return self._made_anew(kind, tenant) if kind in COMPILED else None

    def _made_anew(self, kind: str, tenant: str) -> Deferred[None]:
        read = self._turns.run(lambda: Deferred.fromCoroutine(self._changed(kind, tenant)))
        return read.addErrback(self._not_read, kind, tenant)

    def _not_read(self, failure: Failure, kind: str, tenant: str) -> Failure:
        if not isinstance(failure.value, StoreUnavailable):  # that is said once, by the store itself
            _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
        if not self._stopped and (kind, tenant) not in self._behind:
            self._behind[kind, tenant] = self._reactor.callLater(_AGAIN_S, self._read_again, kind, tenant)
        return failure

    def _read_again(self, kind: str, tenant: str) -> None:
        self._behind.pop((kind, tenant), None)
        self._made_anew(kind, tenant).addErrback(lambda _: None)  # `_not_read` has seen to it

    async def _changed(self, kind: str, tenant: str) -> None:
        if kind == kinds.SENDER:
            await self._read_senders(tenant)
            self._tables.compile_one(tenant)
        elif kind == kinds.TEMPLATE:
            await self._read_templates(tenant)
            self._tables.compile_one(tenant)
        elif kind == kinds.ROUTE:
            await self._read_routes()
        elif kind == kinds.NUMBER_PLAN:
            await self._read_plans()
        elif kind == kinds.PRICE_LIST:
            await self._read_lists()
            self._tables.compile_all()
        else:
            await self._read_rules()
            self._tables.compile_all()

    # -- another configuration -------------------------------------------------------------------------------------

    async def prepare(self, config: Config) -> Prepared:
        """What routing would be by another configuration, compiled aside. Until it is applied or dropped, no stored
        record is read: what was read later must not be overtaken. Fails with StoreUnavailable."""
        await self._turns.acquire()
        try:
            records = [record async for record in self._each(kinds.ROUTE)]
            return Prepared(self, await deferToThread(lambda: self._routing.compiled(records, declared_of(config))))
        except BaseException:
            self._turns.release()
            raise

    def _apply(self, compiled: Compiled) -> None:
        self._become(compiled)
        self.chooser.costs = self._costs(compiled.declared.supplier_lists)

    # -- reading and compiling -------------------------------------------------------------------------------------

    async def _each(self, kind: str, tenant: str | None = None, page: int = _PAGE) -> AsyncIterator[Record]:
        assert self._store is not None
        after = ""
        while found := await self._store.records(kind, tenant, after, page):
            for record in found:
                yield record
            last = found[-1]
            after = last.key if tenant is not None else f"{last.tenant}\0{last.key}"

    async def _values(self, kind: str, wanted: type[T], tenant: str | None = None) -> list[tuple[Record, T]]:
        """The records of a kind with what they say, but those that cannot be compiled: they are said and left out."""
        return [(record, decoded(record, wanted)) async for record in self._each(kind, tenant) if self._is_good(record)]

    async def _listed(self, kind: str, wanted: type[T], tenant: str | None) -> list[tuple[Record, T]]:
        """The same of a tenant or of all (None), whose keys are remembered."""
        values = await self._values(kind, wanted, tenant)
        keys: dict[str, set[str]] = {} if tenant is None else {tenant: set()}
        for record, _ in values:
            keys.setdefault(record.tenant, set()).add(record.key)
        self._keys[kind].update(keys)
        return values

    def _is_good(self, record: Record) -> bool:
        try:
            self._check_one(record)
        except Refused as refused:
            unusable(record, refused.detail)
            return False
        return True

    def _check_all(self, records: Iterable[Record]) -> None:
        for record in records:
            self._check_one(record)

    def _check_content(self, records: Sequence[Record]) -> None:
        """Rules about texts, alone and together with those there are. Pure: it runs in a thread."""
        self._check_all(records)
        rules = {rule.name: rule for rule in self._tables.content}
        rules.update((rule.name, rule) for rule in (decoded(record, ContentRule) for record in records))
        check_together(rules.values())

    def _check_one(self, record: Record) -> None:
        """Raise Refused(INVALID) for a record that cannot be compiled. Pure: it may run in a thread."""
        if record.kind == kinds.ROUTE:
            self._routing.check(record)
            return
        value: object = decoded(record, _RECORDS[record.kind])
        try:
            if isinstance(value, PriceListRecord):
                self._fresh = list_in_use(record, value)
            elif isinstance(value, NumberPlanRecord):
                NumberPlan(value.rows)
            elif isinstance(value, SenderRule):
                SenderRules({record.key: value})
            elif isinstance(value, ContentRule):
                compile_content((value,), None, ())
        except ValueError as error:
            raise Refused(Refusal.INVALID, str(error)) from None

    async def _read_lists(self) -> None:
        """The version of each price list that is in effect (`model.records.price_list_key`), compiled."""
        now = self._clock.now_ms()
        current: dict[str, Record] = {}
        names: set[str] = set()
        following: int | None = None
        async for record in self._each(kinds.PRICE_LIST, page=_LARGE_PAGE):
            name, _, begins = record.key.rpartition("@")
            names.add(name)
            if int(begins) <= now:
                current[name] = record  # versions come in their order
            elif following is None or int(begins) < following:
                following = int(begins)
        lists: dict[str, ListInUse] = {}
        for name, record in current.items():
            as_it_is = (record.key, hash(record.value))
            there = (each for each in (self._lists.get(name), self._fresh) if each is not None)
            known = next((each for each in there if (each.key, each.value) == as_it_is), None)
            if known is None:
                try:
                    known = await deferToThread(lambda each: list_in_use(each, decoded(each, PriceListRecord)), record)
                except (Refused, ValueError) as error:
                    unusable(record, str(error))
                    continue
            lists[name] = known
        self._lists, self._list_names, self._next_list = lists, frozenset(names), following
        self.chooser.costs = self._costs(self._routing.declared.supplier_lists)
        self._wait()

    def _costs(self, suppliers: Mapping[str, str]) -> Costs:
        lists = self._lists
        return Costs({connector: lists[name].table for connector, name in suppliers.items() if name in lists})

    def _price_list(self, name: str, currency: str) -> PriceTable | None:
        known = self._lists.get(name)
        return None if known is None or known.currency != currency else known.table

    def _wait(self) -> None:
        """Be awake when the next price list begins."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        if self._next_list is not None and not self._stopped:
            delay = max(0.0, (self._next_list - self._clock.now_ms()) / 1000)
            self._call = self._reactor.callLater(min(delay, _LOOK_AGAIN_S), self._look)

    def _look(self) -> None:
        if self._next_list is not None and self._next_list <= self._clock.now_ms():
            self._read_again(kinds.PRICE_LIST, "")
        else:
            self._wait()

    async def _read_plans(self) -> None:
        records = [record async for record in self._each(kinds.NUMBER_PLAN, page=_LARGE_PAGE)]
        self._plan, left_out = await deferToThread(plan_of, records)
        for record, why in left_out:
            unusable(record, why)

    async def _read_routes(self) -> None:
        records = [record async for record in self._each(kinds.ROUTE)]
        self._become(await deferToThread(self._routing.compiled, records))

    def _become(self, compiled: Compiled) -> None:
        self.routes = self._routing.become(compiled)
        for record, why in compiled.unusable:
            unusable(record, why)

    async def _read_rules(self) -> None:
        rules = {record.key: rule for record, rule in await self._values(kinds.SENDER_RULE, SenderRule)}
        content = await self._values(kinds.CONTENT_RULE, ContentRule)
        self._tables.sender_rules = SenderRules(rules) if rules else None
        self._tables.content = tuple(rule for _, rule in content)

    async def _read_senders(self, tenant: str | None) -> None:
        """The approved senders of a tenant, or of all (None)."""
        found: dict[str, set[str]] = {} if tenant is None else {tenant: set()}
        for record, sender in await self._listed(kinds.SENDER, Sender, tenant):
            if sender.status == "approved":
                found.setdefault(record.tenant, set()).add(sender.name)
        self._tables.approved.update({name: frozenset(senders) for name, senders in found.items()})

    async def _read_templates(self, tenant: str | None) -> None:
        """The texts of the templates of a tenant, or of all (None)."""
        found: dict[str, list[str]] = {} if tenant is None else {tenant: []}
        for record, template in await self._listed(kinds.TEMPLATE, Template, tenant):
            found.setdefault(record.tenant, []).append(template.text)
        self._tables.templates.update({name: tuple(texts) for name, texts in found.items()})


class Prepared:
    """Routing by another configuration; either `apply` or `drop` it, once."""

    def __init__(self, catalog: Catalog, compiled: Compiled) -> None:
        self._catalog = catalog
        self._compiled = compiled
        #: Stored routes that cannot be used then, with the reason.
        self.unusable = [(record.key, why) for record, why in compiled.unusable]

    def apply(self) -> None:
        """Messages are routed by it from now on."""
        self._catalog._apply(self._compiled)
        self.drop()

    def drop(self) -> None:
        """Go on as before."""
        self._catalog._turns.release()
