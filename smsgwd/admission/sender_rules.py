"""What senders may be in a country or under a prefix: rules of the networks there, for every tenant."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from smsgwd.admission.countries import Territories, country_of, is_territory
from smsgwd.admission.senders import checked_sender, is_numeric, known_among
from smsgwd.model.records import SenderRule
from smsgwd.model.refusals import Refusal, Refused

_VERDICTS: Final = ("allowed", "substitute", "refuse")
_SENDERS_REMEMBERED: Final = 1000  # of each rule


class SenderRules:
    """The rules of all countries, compiled. What is most precise about a number counts (`countries.Territories`)."""

    __slots__ = ("_find",)

    def __init__(self, rules: Mapping[str, SenderRule]) -> None:
        """`rules` by prefix of digits or ISO country. Raises Refused(INVALID) naming a rule that cannot be."""
        for key, rule in rules.items():
            _check(key, rule)
        taking = {rule: _Taking(rule) for rule in rules.values()}
        self._find = Territories((key, taking[rule]) for key, rule in rules.items()).find

    def apply(self, source: str, msisdn: str, approved: Collection[str]) -> str | None:
        """The sender to go out instead of `source` to a number (digits); None when it may stay.

        `approved` are the senders that an operator approved for the tenant. Raises Refused(SENDER_NOT_ALLOWED) where
        the rule takes no such sender and names no other.
        """
        taking = self._find(msisdn)
        if taking is None:
            return None
        known = taking.known
        return known[source] if source in known else taking.sender(source, msisdn, approved)


class _Taking:
    """One rule, with what it made of senders lately, where that does not hang on whose they are."""

    __slots__ = ("_rule", "known")

    def __init__(self, rule: SenderRule) -> None:
        self._rule = rule
        self.known: dict[str, str | None] = {}

    def sender(self, source: str, msisdn: str, approved: Collection[str]) -> str | None:
        """As `SenderRules.apply`."""
        made = _made(self._rule, source, msisdn, approved)
        if not self._rule.registered_only:
            if len(self.known) >= _SENDERS_REMEMBERED:
                self.known.clear()
            self.known[source] = made
        return made


def _made(rule: SenderRule, source: str, msisdn: str, approved: Collection[str]) -> str | None:
    """What a rule makes of a sender; raises Refused."""
    numeric = is_numeric(source)
    verdict = rule.numeric if numeric else rule.alphanumeric
    if verdict == "allowed" and not (rule.registered_only and not known_among(source, approved)):
        return None
    if verdict != "refuse" and rule.substitute:
        return None if rule.substitute == source else rule.substitute
    if verdict == "allowed":
        why = "takes only senders that are registered"
    else:
        why = f"takes no {'numeric' if numeric else 'alphanumeric'} senders"
    raise Refused(Refusal.SENDER_NOT_ALLOWED, f"{country_of(msisdn) or msisdn[:4]} {why}: {source!r} cannot be used")


def _check(key: str, rule: SenderRule) -> None:
    if not is_territory(key):
        raise Refused(Refusal.INVALID, f"'{key[:40]}' is neither a prefix of digits nor an ISO country such as GR")
    for name, verdict in (("alphanumeric", rule.alphanumeric), ("numeric", rule.numeric)):
        if verdict not in _VERDICTS:
            raise Refused(Refusal.INVALID, f"{key}: {name} is one of {', '.join(_VERDICTS)}, not '{verdict[:40]}'")
    if rule.substitute:
        try:
            checked_sender(rule.substitute)
        except Refused as refused:
            raise Refused(Refusal.INVALID, f"{key}: substitute: {refused.detail}") from None
        kind = "numeric" if is_numeric(rule.substitute) else "alphanumeric"
        if getattr(rule, kind) != "allowed":
            raise Refused(Refusal.INVALID, f"{key}: substitute: the rule itself takes no {kind} sender")
    elif "substitute" in (rule.alphanumeric, rule.numeric):
        raise Refused(Refusal.INVALID, f"{key}: it says 'substitute' and names no sender to take the place")
