"""Why a message would go the way it would: every rule tried, the connectors of the winner, the choice among them.

Nothing is sent, and nobody's turn is over by it. The rules are tried one by one, not by the index a look-up uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from smsgwd.routing.choice import Chooser
from smsgwd.routing.conditions import Conditions, Patterns
from smsgwd.routing.rewrite import rewrite
from smsgwd.routing.rule import Rule
from smsgwd.routing.table import Routes

_WORDS: Final = {
    "tenant": "it is for another tenant",
    "to": "it does not take this number",
    "channel": "its connectors are not all of the channel that is asked for",
    "sender": "it does not take this sender",
    "parts": "it does not take so many parts, or so few",
    "coding": "it does not take this coding",
    "priority": "it does not take this priority",
    "hours": "it is outside its hours",
}
_CHOICES: Final = {
    "failover": "the first that is up",
    "round_robin": "the next in turn that is up",
    "weighted": "whose turn it is by weight, among those that are up",
    "least_cost": "the cheapest that is up",
    "sticky": "the one this recipient sticks to, of those that are up",
}


class Question(msgspec.Struct, frozen=True):
    """A message that might be sent. `rate` is what its tenant pays a part (micro-units), None = not known."""

    tenant: str
    source: str
    msisdn: str
    parts: int = 1
    coding: int = 0
    channel: str | None = None
    priority: int = 1
    at: int = 0  #: milliseconds since 1970, UTC
    rate: int | None = None


class Tried(msgspec.Struct, frozen=True):
    """One rule that was tried; `failed` names the condition, `why` says it in words; both '' for the winner."""

    place: int  #: from 1
    rule: str
    connectors: tuple[str, ...]
    failed: str = ""
    why: str = ""


class Way(msgspec.Struct, frozen=True):
    """One connector of the winner. `left` is what remains of the price a part, micro-units."""

    connector: str
    up: bool
    cost: int | None
    left: int | None
    weight: int | None
    allowed: bool  #: False when the margin rules it out


class Explanation(msgspec.Struct, frozen=True):
    """What would become of a message."""

    question: Question
    network: str  #: mcc+mnc, '' = not known
    tried: tuple[Tried, ...]
    rule: Rule | None
    ways: tuple[Way, ...]
    connector: str | None
    why: str
    source_addr: str | None  #: sender on the air, where it is another
    dest_addr: str | None


def explain(routes: Routes, chooser: Chooser, question: Question, up: Callable[[str], bool]) -> Explanation:
    """Try the rules in order for a message; `up` tells whether a connector can send now."""
    network = routes.network_of(question.msisdn)
    tried: list[Tried] = []
    winner: Rule | None = None
    for conditions in routes.conditions:
        rule = conditions.rule
        failed = _failing(conditions, question, network)
        tried.append(Tried(conditions.place + 1, rule.id, rule.connectors, failed, _words(failed, network)))
        if not failed:
            winner = rule
            break
    if winner is None:
        return Explanation(question, network, tuple(tried), None, (), None, "no rule takes it", None, None)
    ways = _ways(winner, chooser, question, network, up)
    chosen = chooser.look(winner, question.msisdn, rate=question.rate, network=network)
    sender, number = rewrite(winner, question.source, question.msisdn)
    return Explanation(
        question, network, tuple(tried), winner, ways, chosen, _why(winner, ways, chosen), sender, number
    )


def _failing(conditions: Conditions, question: Question, network: str) -> str:
    rule = conditions.rule
    if rule.tenant is not None and rule.tenant != question.tenant:
        return "tenant"
    if not _takes(rule.to, question.msisdn):
        return "to"
    failed = conditions.failing(
        question.source,
        question.msisdn,
        question.parts,
        question.coding,
        question.channel,
        question.priority,
        question.at,
    )
    if failed is None and rule.networks and not (network and Patterns(rule.networks).match(network)):
        return "network"
    return failed or ""


def _takes(patterns: tuple[str, ...], msisdn: str) -> bool:
    """True when one of the patterns fits. Nothing is compiled for it: it is asked once, of maybe 100,000 patterns."""
    for pattern in patterns:
        written = pattern[1:] if pattern[0] == "+" else pattern
        if msisdn.startswith(written[:-1]) if written[-1] == "*" else msisdn == written:
            return True
    return False


def _words(failed: str, network: str) -> str:
    if failed == "network":
        return f"it does not take the network {network}" if network else "the network of the number is not known"
    return _WORDS[failed] if failed else ""


def _ways(rule: Rule, chooser: Chooser, question: Question, network: str, up: Callable[[str], bool]) -> tuple[Way, ...]:
    allowed = chooser.carrying(rule, question.msisdn, rate=question.rate, network=network)
    found = []
    for place, connector in enumerate(rule.connectors):
        cost = chooser.costs.cost(connector, question.msisdn, network)
        left = None if cost is None or question.rate is None else question.rate - cost
        weight = rule.weights[place] if place < len(rule.weights) else None
        found.append(Way(connector, up(connector), cost, left, weight, connector in allowed))
    return tuple(found)


def _why(rule: Rule, ways: tuple[Way, ...], chosen: str | None) -> str:
    if chosen is None:
        return f"no connector of the rule leaves {rule.margin} % of the price: the message is refused (no_route)"
    allowed = [way for way in ways if way.allowed]
    if len(ways) == 1:
        why = "the only connector of the rule"
    elif len(allowed) == 1:
        why = "the only connector of the rule that leaves enough of the price"
    elif any(way.up for way in allowed):
        why = _CHOICES[rule.strategy]
    else:
        return "none is up: it waits for the one that is preferred"
    return why if any(way.up for way in allowed if way.connector == chosen) else f"{why}; it is down: the message waits"
