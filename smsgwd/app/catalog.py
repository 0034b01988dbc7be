"""Everything that is compiled from the configuration, the tenants and the records: what admission and routing ask.

Each table is immutable and replaced whole, so no message sees half a change. Large ones are compiled in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from smsgwd.admission.admit import Account, account_of
from smsgwd.admission.content import ContentRules, compile_content
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.app.tables import devices_of, rules_of, stored_rules, usable_rules
from smsgwd.config import Config
from smsgwd.model import records as kinds
from smsgwd.model.plan import NumberPlan, Range
from smsgwd.model.prices import PriceTable, in_effect, rank
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
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.explain import Explanation, Question, explain
from smsgwd.routing.table import Routes, Rule
from smsgwd.telemetry import get_logger

T = TypeVar("T")

#: Kinds that something is compiled from; the others are read when they are asked for.
COMPILED: Final = frozenset(
    (
        kinds.PRICE_LIST,
        kinds.ROUTE,
        kinds.NUMBER_PLAN,
        kinds.SENDER_RULE,
        kinds.CONTENT_RULE,
        kinds.SENDER,
        kinds.TEMPLATE,
    )
)
_PAGE: Final = 500
_LOOK_AGAIN_S: Final = 60.0  # for price lists that begin: the wall clock may be set
_RECORDS: Final[Mapping[str, type]] = {
    kinds.PRICE_LIST: PriceListRecord,
    kinds.NUMBER_PLAN: NumberPlanRecord,
    kinds.SENDER_RULE: SenderRule,
    kinds.CONTENT_RULE: ContentRule,
    kinds.SENDER: Sender,
    kinds.TEMPLATE: Template,
}
_log = get_logger("daemon")


class Special:
    """A tenant's own rates over a price list: the longer prefix counts, its own one of two alike."""

    def __init__(self, own: PriceTable, base: PriceTable) -> None:
        self._own = own
        self._base = base

    @property
    def needs_network(self) -> bool:
        """See PriceTable."""
        return self._base.needs_network or self._own.needs_network

    def price(self, msisdn: str, network: str = "") -> int | None:
        """See PriceTable."""
        own = self._own.rate(msisdn, network)
        if own is None:
            return self._base.price(msisdn, network)
        base = self._base.rate(msisdn, network)
        return own[1] if base is None or rank(own[0]) >= rank(base[0]) else base[1]


class Catalog:
    """The tables of now. What they ask of services that are made later is set then: `up` and `ported`."""

    def __init__(self, config: Config, reactor: IReactorTime, clock: Clock) -> None:
        self._reactor = reactor
        self._clock = clock
        #: Whether a connector can send now.
        self.up: Callable[[str], bool] = lambda _: False
        #: The network (mcc+mnc) that a lookup found for a number, None where none did.
        self.ported: Callable[[str], str | None] = lambda _: None
        self._declared: Sequence[Rule] = rules_of(config)
        self._supplier_lists = {each.id: each.price_list for each in config.connectors if each.price_list is not None}
        self._connectors = frozenset(each.id for each in config.connectors)
        self._devices = devices_of(config)
        self._store: Store | None = None
        self._records: dict[str, list[Record]] = {}
        self._tenants: Sequence[Tenant] = ()
        self._begun_with = False  # tenants were told
        self._accounts: dict[str, Account] = {}
        self._lists: dict[str, PriceTable] = {}
        self._plan = NumberPlan(())
        self._sender_rules: SenderRules | None = None
        self._content: tuple[ContentRule, ...] = ()
        self._approved: dict[str, frozenset[str]] = {}
        self._next_list: int | None = None
        self._call: IDelayedCall | None = None
        self.chooser = Chooser(lambda connector: self.up(connector), Costs({}))
        self.routes = self._routes_of(self._declared)

    # -- what is asked of each message -----------------------------------------------------------------------------

    def account(self, tenant: str) -> Account | None:
        """The compiled account of an enabled tenant."""
        return self._accounts.get(tenant)

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
        account = self._accounts.get(question.tenant)
        rate = None if account is None else account.prices.price(question.msisdn, self.network_of(question.msisdn))
        return explain(self.routes, self.chooser, msgspec.structs.replace(question, rate=rate), self.up)

    # -- changes ---------------------------------------------------------------------------------------------------

    async def load(self, store: Store) -> None:
        """Read all records that something is compiled from, and compile; one that cannot be is left out, and said."""
        self._store = store
        for kind in sorted(COMPILED):
            self._records[kind] = await self._all(kind)
        await self._compile_lists()
        await self._compile_plan()
        self._compile_rest()
        await self._compile_routes()
        self._compile_accounts()

    def stop(self) -> None:
        """Look for nothing any more."""
        if self._call is not None and self._call.active():
            self._call.cancel()

    def tenants_changed(self, tenants: Sequence[Tenant]) -> None:
        """These are the tenants from now on."""
        self._begun_with = True
        self._tenants = tenants
        self._compile_accounts()

    def check(self, kind: str, tenant: str, rows: Sequence[tuple[str, bytes | None]]) -> None:
        """Raise Refused(INVALID) when records (key, value; None = dropped) could not be compiled."""
        if kind not in COMPILED:
            return
        for key, value in rows:
            if value is not None:
                self._checked(Record(kind, tenant, key, value, 0))

    def changed(self, kind: str, tenant: str) -> Deferred[None] | None:
        """Records of this kind were changed, durably: what is compiled from them is made anew when this fires."""
        return Deferred.fromCoroutine(self._changed(kind)) if kind in COMPILED else None

    async def _changed(self, kind: str) -> None:
        self._records[kind] = await self._all(kind)
        if kind == kinds.PRICE_LIST:
            await self._compile_lists()
        elif kind == kinds.NUMBER_PLAN:
            await self._compile_plan()
        elif kind == kinds.ROUTE:
            await self._compile_routes()
        else:
            self._compile_rest()
        if kind not in (kinds.ROUTE, kinds.NUMBER_PLAN):
            self._compile_accounts()

    async def _all(self, kind: str) -> list[Record]:
        assert self._store is not None
        found: list[Record] = []
        after = ""
        while page := await self._store.records(kind, None, after, _PAGE):
            found += page
            after = f"{page[-1].tenant}\0{page[-1].key}"
        return found

    # -- compiling -------------------------------------------------------------------------------------------------

    def _checked(self, record: Record) -> None:
        """Raise Refused(INVALID) for a record that cannot be compiled."""
        if record.kind == kinds.ROUTE:
            self._routes_of(stored_rules([record], self._connectors))
            return
        value: object = _decoded(record, _RECORDS[record.kind])
        try:
            if isinstance(value, PriceListRecord):
                PriceTable(value.rates)
            elif isinstance(value, NumberPlanRecord):
                NumberPlan(value.rows)
            elif isinstance(value, SenderRule):
                SenderRules({record.key: value})
            elif isinstance(value, ContentRule):
                compile_content((value,), None, ())
        except ValueError as error:
            raise Refused(Refusal.INVALID, str(error)) from None

    def _good(self, kind: str) -> Iterable[Record]:
        """The records of a kind, but those that cannot be compiled (by this version): they are said and left out."""
        for record in self._records.get(kind, ()):
            try:
                self._checked(record)
            except Refused as refused:
                _log.error("record.unusable", kind=kind, key=record.key, reason=refused.detail)
                continue
            yield record

    def _values(self, kind: str, wanted: type[T]) -> list[tuple[Record, T]]:
        return [(record, _decoded(record, wanted)) for record in self._good(kind)]

    async def _compile_lists(self) -> None:
        now = self._clock.now_ms()

        def compiled() -> tuple[dict[str, PriceTable], list[int]]:
            lists = [each for _, each in self._values(kinds.PRICE_LIST, PriceListRecord)]
            tables: dict[str, PriceTable] = {}
            later: list[int] = []
            for name in {each.name for each in lists}:
                current, following = in_effect(lists, name, now)
                if current is not None:
                    tables[name] = PriceTable(current.rates)
                if following is not None:
                    later.append(following)
            return tables, later

        tables, later = await deferToThread(compiled)
        self._lists = tables
        self._next_list = min(later, default=None)
        self.chooser.costs = Costs(
            {connector: tables[name] for connector, name in self._supplier_lists.items() if name in tables}
        )
        self._wait()

    def _wait(self) -> None:
        """Be awake when the next price list begins."""
        self.stop()
        if self._next_list is not None:
            delay = max(0.0, (self._next_list - self._clock.now_ms()) / 1000)
            self._call = self._reactor.callLater(min(delay, _LOOK_AGAIN_S), self._look)

    def _look(self) -> None:
        if self._next_list is not None and self._next_list <= self._clock.now_ms():
            Deferred.fromCoroutine(self._begun()).addErrback(_failed)
        else:
            self._wait()

    async def _begun(self) -> None:
        await self._compile_lists()
        self._compile_accounts()

    async def _compile_plan(self) -> None:
        plans = [plan for _, plan in self._values(kinds.NUMBER_PLAN, NumberPlanRecord)]
        self._plan = await deferToThread(lambda: NumberPlan(row for plan in plans for row in plan.rows))

    def _compile_rest(self) -> None:
        rules = {record.key: rule for record, rule in self._values(kinds.SENDER_RULE, SenderRule)}
        self._sender_rules = SenderRules(rules) if rules else None
        self._content = tuple(rule for _, rule in self._values(kinds.CONTENT_RULE, ContentRule))
        approved: dict[str, set[str]] = {}
        for record, sender in self._values(kinds.SENDER, Sender):
            if sender.status == "approved":
                approved.setdefault(record.tenant, set()).add(sender.name)
        self._approved = {tenant: frozenset(names) for tenant, names in approved.items()}

    async def _compile_routes(self) -> None:
        def compiled() -> tuple[Routes, list[tuple[Record, str]]]:
            rules, unusable = usable_rules(self._records[kinds.ROUTE], self._connectors)
            return self._routes_of([*rules, *self._declared]), unusable

        self.routes, unusable = await deferToThread(compiled)
        for record, why in unusable:
            _log.error("record.unusable", kind=record.kind, key=record.key, reason=why)

    def _routes_of(self, rules: Sequence[Rule]) -> Routes:
        return Routes(rules, self.network_of, self._devices)

    def _compile_accounts(self) -> None:
        by_id = {tenant.id: tenant for tenant in self._tenants}
        prices = {tenant.id: self._prices_of(tenant) for tenant in self._tenants}
        templates: dict[str, list[str]] = {}
        if any(tenant.content is not None and tenant.content.templates_only for tenant in self._tenants):
            for record, template in self._values(kinds.TEMPLATE, Template):
                templates.setdefault(record.tenant, []).append(template.text)
        accounts: dict[str, Account] = {}
        contents: dict[tuple[object, ...], ContentRules | None] = {}
        for tenant in self._tenants:
            chain = _ancestors(tenant, by_id)
            if chain is None or not tenant.enabled:
                continue
            try:
                accounts[tenant.id] = account_of(
                    tenant,
                    prices=prices[tenant.id],
                    payers=tuple((each.id, prices[each.id]) for each in chain),
                    approved=self._approved.get(tenant.id, frozenset()),
                    sender_rules=self._sender_rules,
                    content=self._content_of(tenant, templates.get(tenant.id, ()), contents),
                    network_of=self.network_of,
                )
            except (Refused, ValueError) as error:  # it was checked when it was stored: by another version
                _log.error("tenant.unusable", tenant=tenant.id, reason=str(error))
        self._accounts = accounts

    def check_tenant(self, tenant: Tenant) -> None:
        """Raise Refused(INVALID) or ValueError for a tenant that could not be compiled."""
        compile_content((), tenant.content, ())
        account_of(tenant)
        name = tenant.price_list
        if not self._begun_with:
            return  # a tenants file may name a list that is imported once the gateway runs
        lists = self._records[kinds.PRICE_LIST]
        if name is not None and not any(record.key.startswith(f"{name}@") for record in lists):
            raise Refused(Refusal.INVALID, f"there is no price list {name}")

    def _content_of(
        self, tenant: Tenant, templates: Sequence[str], known: dict[tuple[object, ...], ContentRules | None]
    ) -> ContentRules | None:
        """The rules for a tenant's texts; tenants with the same ones share them (`known`)."""
        rules = tuple(rule for rule in self._content if not rule.tenants or tenant.id in rule.tenants)
        policy = tenant.content
        key = (
            tuple(rule.name for rule in rules),
            None if policy is None else msgspec.json.encode(policy),
            tuple(templates),
        )
        if key not in known:
            known[key] = compile_content(rules, policy, templates)
        return known[key]

    def _prices_of(self, tenant: Tenant) -> PriceTable | Special:
        """A tenant's prices: its own, or those of its list with its own prefixes among them."""
        if tenant.price_list is None:
            return PriceTable(tenant.prices)
        base = self._lists.get(tenant.price_list)
        if base is None:
            _log.error("tenant.no_price_list", tenant=tenant.id, price_list=tenant.price_list)
            base = PriceTable(())
        own = [(prefix, price) for prefix, price in tenant.prices if prefix]
        return Special(PriceTable(own), base) if own else base


def _ancestors(tenant: Tenant, by_id: Mapping[str, Tenant]) -> list[Tenant] | None:
    """The parents of a tenant, nearest first; None where one is disabled or missing: then nothing is sent."""
    found: list[Tenant] = []
    parent = tenant.parent
    while parent is not None:
        above = by_id.get(parent)
        if above is None or not above.enabled or above in found:
            return None
        found.append(above)
        parent = above.parent
    return found


def _decoded(record: Record, wanted: type[T]) -> T:
    try:
        return msgspec.json.decode(record.value, type=wanted)
    except (msgspec.DecodeError, ValueError) as error:
        raise Refused(Refusal.INVALID, f"{record.kind} {record.key}: {error}") from None


def _failed(failure: Failure) -> None:
    _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
