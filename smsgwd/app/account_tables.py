"""The compiled accounts of all tenants: their prices and ancestors', senders, rules about texts and senders."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Final

import msgspec

from smsgwd.admission.admit import Account, account_of
from smsgwd.admission.content import ContentRules, compile_content
from smsgwd.admission.sender_rules import SenderRules
from smsgwd.model.prices import PriceTable, rank
from smsgwd.model.records import ContentRule, PriceListRecord, Record
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.breaks import Breaks
from smsgwd.telemetry import get_logger

_log = get_logger("daemon")
_SPARE: Final = 64
_LONG: Final = 64 * 1024  # bytes
_Contents = dict[tuple[object, ...], ContentRules | None]


class ListInUse(msgspec.Struct, frozen=True):
    """A price list as it was compiled: by which version."""

    key: str
    value: int  #: hash of it
    currency: str
    table: PriceTable


def list_in_use(record: Record, found: PriceListRecord) -> ListInUse:
    """The list of a record, which says `found`. Raises ValueError. A long one is made with breaks, in a thread."""
    rates = Breaks().among(found.rates) if len(record.value) > _LONG else found.rates
    return ListInUse(record.key, hash(record.value), found.currency, PriceTable(rates))


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


class AccountTables:
    """What the accounts are made of, and the accounts. Whoever changes an ingredient has them compiled anew.

    `price_list` gives the table of a list by name and currency, as it is in effect; `network_of` the mcc+mnc of a
    number.
    """

    def __init__(self, price_list: Callable[[str, str], PriceTable | None], network_of: Callable[[str], str]) -> None:
        self._price_list = price_list
        self._network_of = network_of
        self.accounts: dict[str, Account] = {}  #: by tenant; of enabled ones only
        self.tenants: Mapping[str, Tenant] = {}  #: all of them, by id
        self.sender_rules: SenderRules | None = None
        self.content: tuple[ContentRule, ...] = ()  #: the gateway's
        self.approved: dict[str, frozenset[str]] = {}  #: senders by tenant
        self.templates: dict[str, tuple[str, ...]] = {}  #: texts by tenant
        self._prices: dict[str, PriceTable | Special] = {}
        self._contents: _Contents = {}

    def compile_all(self) -> None:
        """Every account anew, after a change of what all are made of."""
        self._prices = {name: self._prices_of(tenant) for name, tenant in self.tenants.items()}
        self._contents = {}
        accounts = {}
        for tenant in self.tenants.values():
            account = self._compiled(tenant)
            if account is not None:
                accounts[tenant.id] = account
        self.accounts = accounts

    def become(self, tenants: Mapping[str, Tenant]) -> None:
        """These are the tenants from now on, and nothing else has changed: those that changed are compiled anew, and
        those below them."""
        old, self.tenants = self.tenants, tenants
        changed = {name for name, tenant in tenants.items() if tenant != old.get(name)}
        changed.update(name for name in old if name not in tenants)
        if not changed:
            return
        for name in changed:
            if name in tenants:
                self._prices[name] = self._prices_of(tenants[name])
            else:
                del self._prices[name]
        accounts = self.accounts.copy()
        for name in _with_descendants(changed, tenants):
            account = self._compiled(tenants[name]) if name in tenants else None
            if account is not None:
                accounts[name] = account
            else:
                accounts.pop(name, None)
        self.accounts = accounts

    def compile_one(self, tenant_id: str) -> None:
        """One account, after a change of its senders or templates, which are nobody else's."""
        tenant = self.tenants.get(tenant_id)
        account = None if tenant is None else self._compiled(tenant)
        if account is not None:
            self.accounts[tenant_id] = account

    def _compiled(self, tenant: Tenant) -> Account | None:
        chain = _ancestors(tenant, self.tenants)
        if chain is None or not tenant.enabled:
            return None
        try:
            return account_of(
                tenant,
                prices=self._prices[tenant.id],
                payers=tuple((each.id, self._prices[each.id]) for each in chain),
                approved=self.approved.get(tenant.id, frozenset()),
                sender_rules=self.sender_rules,
                content=self._content_of(tenant, self.templates.get(tenant.id, ())),
                network_of=self._network_of,
            )
        except (Refused, ValueError) as error:  # it was checked when it was stored: by another version
            _log.error("tenant.unusable", tenant=tenant.id, reason=str(error))
            return None

    def _content_of(self, tenant: Tenant, templates: Sequence[str]) -> ContentRules | None:
        """The rules for a tenant's texts; tenants with the same ones share them."""
        known = self._contents
        rules = tuple(rule for rule in self.content if not rule.tenants or tenant.id in rule.tenants)
        policy = tenant.content
        key = (
            tuple((rule.name, rule.pattern) for rule in rules),
            None if policy is None else msgspec.json.encode(policy),
            tuple(templates),
        )
        if key not in known:
            if len(known) > len(self.tenants) + _SPARE:  # of settings that nobody has any more
                known.clear()
            known[key] = compile_content(rules, policy, templates)
        return known[key]

    def _prices_of(self, tenant: Tenant) -> PriceTable | Special:
        """A tenant's prices: its own, or those of its list with its own prefixes among them."""
        if tenant.price_list is None:
            return PriceTable(tenant.prices)
        base = self._price_list(tenant.price_list, tenant.currency)
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


def _with_descendants(names: Set[str], tenants: Mapping[str, Tenant]) -> set[str]:
    """These tenants and all below them."""
    below: dict[str, list[str]] = {}
    for tenant in tenants.values():
        if tenant.parent is not None:
            below.setdefault(tenant.parent, []).append(tenant.id)
    found, left = set(names), list(names)
    while left:
        for name in below.get(left.pop(), ()):
            if name not in found:
                found.add(name)
                left.append(name)
    return found
