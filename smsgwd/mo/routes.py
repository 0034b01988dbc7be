"""The MO routing table: rules in order, the first that matches wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from smsgwd.mo.words import first_word, fold


class MoRule(msgspec.Struct, frozen=True):
    """One route; one of `account`, `webhook` and `callback` says who gets the message.

    A pattern of `to` and `sender` is a number, a prefix followed by `*`, or `*` alone; any of the list may match.
    """

    account: str | None = None  #: system_id of an SMPP account
    to: tuple[str, ...] = ("*",)
    connector: str | None = None
    sender: tuple[str, ...] = ("*",)
    keyword: tuple[str, ...] = ()  #: first words that match; empty = any text, also none
    webhook: str | None = None  #: the tenant whose webhook gets it
    callback: str | None = None  #: the tenant whose callbacks URL gets it

    @property
    def wants_whole(self) -> bool:
        """True when a long message must be put together before this rule can be asked, or followed."""
        return bool(self.keyword) or self.account is None


class MoRoute(msgspec.Struct, frozen=True):
    """The rule that was found, and the keyword that chose it ('' when it asks for none)."""

    rule: MoRule
    keyword: str = ""


class _Pattern:
    """Patterns of numbers, compiled."""

    __slots__ = ("_exact", "_prefixes")

    def __init__(self, patterns: Sequence[str]) -> None:
        plain = [pattern.lstrip("+") for pattern in patterns]
        self._exact = frozenset(pattern for pattern in plain if not pattern.endswith("*"))
        self._prefixes = tuple(pattern[:-1] for pattern in plain if pattern.endswith("*"))

    def matches(self, number: str) -> bool:
        """True when one of them fits a number without '+'."""
        return number in self._exact or number.startswith(self._prefixes)


class MoRoutes:
    """An immutable table compiled from rules."""

    def __init__(self, rules: Sequence[MoRule]) -> None:
        self._rules = tuple(
            (rule, _Pattern(rule.to), _Pattern(rule.sender), {fold(word): word for word in rule.keyword})
            for rule in rules
        )

    @property
    def rules(self) -> tuple[MoRule, ...]:
        """The rules, in order."""
        return tuple(entry[0] for entry in self._rules)

    def find(self, connector: str, to: str, source: str, text: str | None) -> MoRoute | None:
        """Who gets a message from `source` to `to` (digits, or a short code) that came by `connector`.

        `text` None (binary, or a part of something longer) fits no rule that asks for a keyword. None = nobody.
        """
        word: str | None = None
        for rule, keywords in self._matching(connector, to, source):
            if not keywords:
                return MoRoute(rule)
            if text is not None:
                if word is None:
                    word = first_word(text)
                if word in keywords:
                    return MoRoute(rule, keywords[word])
        return None

    def needs_text(self, connector: str, to: str, source: str) -> bool:
        """True when a long message must be whole before it can go on; False also when nobody wants it anyway."""
        for rule, _ in self._matching(connector, to, source):
            return rule.wants_whole
        return False

    def _matching(self, connector: str, to: str, source: str) -> Iterator[tuple[MoRule, dict[str, str]]]:
        """The rules that match but for their keywords."""
        to, source = to.lstrip("+"), source.lstrip("+")
        for rule, numbers, senders, keywords in self._rules:
            if (
                (rule.connector is None or rule.connector == connector)
                and numbers.matches(to)
                and senders.matches(source)
            ):
                yield rule, keywords
