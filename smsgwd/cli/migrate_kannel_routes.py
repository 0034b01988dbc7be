"""Routes that send as Kannel's bearerbox does: by the rules of each smsc, exactly, for every prefix that they name.

Kannel asks every smsc whether it takes a message: by the label that the message has (forced-smsc, default-smsc), and
by the recipient's number. A label and a sender that is forced make a `Kind` of traffic; for each kind, and each prefix
that any rule names, the smscs that take it are the connectors of a route. The longest prefixes stand first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from smsgwd.cli.migrate_kannel_smsc import Smsc

_T = TypeVar("_T")


@dataclass(slots=True)
class Kind:
    """Traffic that is routed alike, and the tenants (as they will be written) that it is of."""

    label: str | None
    sender: str | None
    tenants: list[dict[str, Any]] = field(default_factory=list)

    @property
    def plain(self) -> bool:
        """Nothing is special about it: its routes are everyone's."""
        return self.label is None and self.sender is None


def make(smscs: list[Smsc], kinds: list[Kind]) -> tuple[list[dict[str, Any]], list[Kind]]:
    """The routes, those of tenants first; and the kinds that no smsc takes anything of, which are nowhere in them.

    Tenants of a kind that may not send everywhere get `destinations` and `barred`: what Kannel has no smsc for would
    otherwise go by routes for shorter prefixes, or by everyone's.
    """
    routes: list[dict[str, Any]] = []
    homeless = []
    for kind in sorted(kinds, key=lambda kind: kind.plain):
        table = _table(smscs, kind.label)
        served = sorted((prefix for prefix, ways in table.items() if any(ways)), key=lambda it: (-len(it), it))
        if not served:
            homeless.append(kind)
            continue
        for tenant in kind.tenants:
            _bound(tenant, {prefix: any(ways) for prefix, ways in table.items()}, kind.plain)
        for tenant_id in [None] if kind.plain else [tenant["id"] for tenant in kind.tenants]:
            routes += [_route(prefix, table[prefix], tenant_id, kind.sender) for prefix in served]
    return routes, homeless


_Ways = tuple[list[str], list[str]]


def _table(smscs: list[Smsc], label: str | None) -> dict[str, _Ways]:
    """(preferred connectors, others) by prefix, both empty where nobody takes it; shorter prefixes first, without those
    that change nothing."""
    by_label = [smsc for smsc in smscs if _takes_label(smsc, label)]
    mentioned = {""}.union(*({*(s.allowed or ()), *(s.denied or ()), *s.preferred} for s in by_label))
    made: dict[str, _Ways] = {}
    for prefix in sorted(mentioned, key=lambda prefix: (len(prefix), prefix)):
        preferred: list[str] = []
        others: list[str] = []
        for smsc in by_label:
            if _takes_number(smsc, prefix):
                liked = label in smsc.preferred_ids or _fits(smsc.preferred, prefix)
                (preferred if liked else others).extend(smsc.connectors)
        if not others:  # where all are preferred none is
            preferred, others = others, preferred
        if not prefix or _around(made, prefix, ([], [])) != (preferred, others):
            made[prefix] = (preferred, others)
    return made


def _around(decided: Mapping[str, _T], number: str, default: _T) -> _T:
    """What is decided for the longest prefix of a number."""
    return next((decided[number[:n]] for n in range(len(number), -1, -1) if number[:n] in decided), default)


def _takes_label(smsc: Smsc, label: str | None) -> bool:
    if smsc.allowed_ids is not None:
        return label in smsc.allowed_ids and label not in smsc.denied_ids
    return label not in smsc.denied_ids


def _takes_number(smsc: Smsc, number: str) -> bool:
    """Of a number that begins with `number` and with no longer prefix that is named."""
    allowed = smsc.allowed is not None and _fits(smsc.allowed, number)
    denied = smsc.denied is not None and _fits(smsc.denied, number)
    if smsc.allowed is not None and smsc.denied is None:
        return allowed
    return allowed or not denied


def _fits(prefixes: list[str], number: str) -> bool:
    return any(number.startswith(prefix) for prefix in prefixes)


def _bound(tenant: dict[str, Any], served: dict[str, bool], plain: bool) -> None:
    """What no smsc takes is not the tenant's to send to. Where nothing is served around a prefix, everyone's routes
    (`plain`) have nothing for it either."""
    served = {prefix: taken for prefix, taken in served.items() if prefix or taken or not plain}
    own: dict[str, bool] = {"": not tenant.get("destinations")}
    own |= dict.fromkeys(tenant.get("destinations", ()), True) | dict.fromkeys(tenant.get("barred", ()), False)
    decided: dict[str, bool] = {}
    for prefix in sorted({*own, *served}, key=lambda prefix: (len(prefix), prefix)):
        may = _around(own, prefix, True) and _around(served, prefix, plain)
        if not prefix or _around(decided, prefix, False) != may:
            decided[prefix] = may
    tenant.pop("destinations", None)
    barred = [prefix for prefix, may in decided.items() if prefix and not may]
    allowed = [prefix for prefix, may in decided.items() if prefix and may]
    if barred:
        tenant["barred"] = barred
    else:
        tenant.pop("barred", None)
    if allowed and decided[""]:  # a list says that there is nothing else
        allowed = sorted({*(digit for digit in "123456789" if digit not in barred), *allowed})
    if allowed:
        tenant["destinations"] = allowed
    elif not decided[""]:
        tenant["enabled"] = False


def _route(prefix: str, ways: _Ways, tenant: str | None, sender: str | None) -> dict[str, Any]:
    preferred, others = ways
    route: dict[str, Any] = {}
    match = {"to": f"{prefix}*"} if prefix else {}
    if tenant is not None:
        match["tenant"] = tenant
    if match:
        route["match"] = match
    route["connectors"] = [*preferred, *others]
    if preferred and others:
        route |= {"strategy": "weighted", "weights": [1] * len(preferred) + [0] * len(others)}
    elif len(route["connectors"]) > 1:
        route["strategy"] = "round_robin"
    if sender is not None:
        route["rewrite"] = {"sender": sender}
    return route
