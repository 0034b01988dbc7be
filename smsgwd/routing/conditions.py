"""The conditions of one rule beyond tenant and number, compiled: look-up and `explain` ask the same ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from smsgwd.routing.rule import Hours, Rule

#: Tells the network (mcc+mnc) of a number, '' when it is not known.
NetworkOf = Callable[[str], str]


class Patterns:
    """Patterns of one kind: exact values in a set, prefixes in a tuple for one `startswith`."""

    __slots__ = ("_all", "_exact", "_prefixes")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._all = "*" in patterns
        self._exact = frozenset(pattern for pattern in patterns if not pattern.endswith("*"))
        self._prefixes = tuple(pattern[:-1] for pattern in patterns if pattern.endswith("*") and pattern != "*")

    def match(self, value: str) -> bool:
        """True when one of the patterns fits."""
        return self._all or value in self._exact or value.startswith(self._prefixes)


class Opening:
    """A time window that remembers its last answer: it is asked for every message and changes by the minute."""

    __slots__ = ("_hours", "_last")

    def __init__(self, hours: Hours) -> None:
        self._hours = hours
        self._last = (-1, False)

    def open_at(self, now: int) -> bool:
        """As `Hours.open_at`."""
        minute, answer = self._last
        if minute != now // 60_000:
            answer = self._hours.open_at(now)
            self._last = (now // 60_000, answer)
        return answer


class Conditions:
    """What a rule asks of a message, and at which place the rule stands. By tenant, number and network rules are found
    (`table`); only where one asks for a network is its number asked for here."""

    __slots__ = (
        "_codings",
        "_hours",
        "_max",
        "_min",
        "_priorities",
        "_sender",
        "_to",
        "channel",
        "place",
        "plain",
        "rule",
    )

    def __init__(self, place: int, rule: Rule, channel: str | None, openings: dict[Hours, Opening]) -> None:
        """`channel` is what its connectors are, None = of both kinds; `openings` are shared by rules of equal hours."""
        self.place = place
        self.rule = rule
        self.channel = rule.channel or channel
        self._to = None
        if rule.networks and "*" not in rule.to:
            self._to = Patterns([pattern.lstrip("+") for pattern in rule.to])
        self._sender = None if "*" in rule.sender else Patterns(rule.sender)
        self._min, self._max = rule.min_parts, rule.max_parts
        self._codings = frozenset(rule.codings)
        self._priorities = frozenset(rule.priorities)
        self._hours = None
        if rule.hours is not None:
            self._hours = openings.get(rule.hours) or openings.setdefault(rule.hours, Opening(rule.hours))
        #: True when it asks for nothing more, but maybe a channel
        self.plain = not (
            self._to
            or self._sender
            or self._codings
            or self._priorities
            or self._hours
            or self._min > 1
            or self._max < 255
        )

    def failing(
        self, source: str, msisdn: str, parts: int, coding: int, channel: str | None, priority: int, now: int
    ) -> str | None:
        """The first condition a message fails (channel, to, sender, parts, coding, priority, hours), or None."""
        if channel is not None and channel != self.channel:
            return "channel"
        if self.plain:
            return None
        if self._to is not None and not self._to.match(msisdn):
            return "to"
        if self._sender is not None and not self._sender.match(source):
            return "sender"
        if not self._min <= parts <= self._max:
            return "parts"
        if self._codings and coding not in self._codings:
            return "coding"
        if self._priorities and priority not in self._priorities:
            return "priority"
        if self._hours is not None and not self._hours.open_at(now):
            return "hours"
        return None
