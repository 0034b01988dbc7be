"""The MO routing table: rules in order, the first that matches wins."""

from collections.abc import Sequence

import msgspec


class MoRule(msgspec.Struct, frozen=True):
    """One route. A pattern of `to` is a number, a prefix followed by `*`, or `*` alone; any of the list may match."""

    account: str  #: system_id of who gets it
    to: tuple[str, ...] = ("*",)
    connector: str | None = None


class MoRoutes:
    """An immutable table compiled from rules."""

    def __init__(self, rules: Sequence[MoRule]) -> None:
        self._rules = tuple(
            (
                rule,
                frozenset(pattern.lstrip("+") for pattern in rule.to if not pattern.endswith("*")),
                tuple(pattern.lstrip("+")[:-1] for pattern in rule.to if pattern.endswith("*")),
            )
            for rule in rules
        )

    def account(self, connector: str, to: str) -> str | None:
        """The system_id for a message to `to` (digits, or a short code) that came from `connector`; None = nobody's."""
        number = to.lstrip("+")
        for rule, exact, prefixes in self._rules:
            if rule.connector is not None and rule.connector != connector:
                continue
            if number in exact or number.startswith(prefixes):
                return rule.account
        return None
