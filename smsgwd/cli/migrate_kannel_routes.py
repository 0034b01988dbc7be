"""Routes that send as Kannel's bearerbox does: by the rules of each smsc, exactly, for every prefix that they name.

Kannel asks every smsc whether it takes a message: by the label that the message has (forced-smsc, default-smsc), and
by the recipient's number. A label and a sender that is forced make a `Kind` of traffic; for each kind, and each prefix
that any rule names, the smscs that take it are the connectors of a route. The longest prefixes stand first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from smsgwd.cli.migrate_kannel_smsc import Smsc


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
    otherwise go by everyone's routes.
    """
    routes: list[dict[str, Any]] = []
    homeless = []
    for kind in sorted(kinds, key=lambda kind: kind.plain):
        table, nobody = _table(smscs, kind.label)
        if not table:
            homeless.append(kind)
            continue
        for tenant in kind.tenants:
            _bound(tenant, [prefix for prefix, _, _ in table], nobody, kind.plain)
        for tenant_id in [None] if kind.plain else [tenant["id"] for tenant in kind.tenants]:
            routes += [_route(entry, tenant_id, kind.sender) for entry in table]
    return routes, homeless


_Entry = tuple[str, list[str], list[str]]


def _table(smscs: list[Smsc], label: str | None) -> tuple[list[_Entry], list[str]]:
    """(prefix, preferred connectors, others), longest prefix first, without those that change nothing; and the
    prefixes that nobody takes although somebody takes what is around them."""
    by_label = [smsc for smsc in smscs if _takes_label(smsc, label)]
    mentioned = {""}.union(*({*(s.allowed or ()), *(s.denied or ()), *s.preferred} for s in by_label))
    made: dict[str, tuple[list[str], list[str]]] = {}
    nobody = []
    for prefix in sorted(mentioned, key=lambda prefix: (len(prefix), prefix)):
        preferred: list[str] = []
        others: list[str] = []
        for smsc in by_label:
            if _takes_number(smsc, prefix):
                liked = label in smsc.preferred_ids or _fits(smsc.preferred, prefix)
                (preferred if liked else others).extend(smsc.connectors)
        around = next((made[prefix[:n]] for n in range(len(prefix) - 1, -1, -1) if prefix[:n] in made), None)
        if preferred or others:
            if around != (preferred, others):
                made[prefix] = (preferred, others)
        elif around is not None:
            nobody.append(prefix)
    longest_first = sorted(made, key=lambda prefix: (-len(prefix), prefix))
    return [(prefix, *made[prefix]) for prefix in longest_first], nobody


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


def _bound(tenant: dict[str, Any], served: list[str], nobody: list[str], plain: bool) -> None:
    """What no smsc takes is not the tenant's to send to."""
    if nobody:
        tenant["barred"] = sorted({*tenant.get("barred", []), *nobody})
    if plain or "" in served:
        return
    mine = tenant.get("destinations")
    both = served if mine is None else [p for p in served if _fits(mine, p)] + [p for p in mine if _fits(served, p)]
    tenant["destinations"] = sorted(set(both)) or served
    if not both:
        tenant["enabled"] = False


def _route(entry: _Entry, tenant: str | None, sender: str | None) -> dict[str, Any]:
    prefix, preferred, others = entry
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
