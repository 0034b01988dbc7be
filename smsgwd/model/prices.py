"""Prices: micro-units a part, by the recipient's operator or by the longest prefix of the number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from smsgwd.model.prefixes import PrefixTable
from smsgwd.model.records import PriceListRecord

_NETWORK: Final = "mcc:"
_COUNTRY: Final = len("mcc:202")
_OPERATOR: Final = 100  # above every prefix
_KEY: Final = re.compile(r"[0-9]{0,15}|mcc:[0-9]{3}(?:[0-9]{2,3})?")


def is_rate_key(key: str) -> bool:
    """True for what a rate may stand for: a prefix of digits, '' (everything else), 'mcc:202', 'mcc:20201'."""
    return _KEY.fullmatch(key) is not None


def rank(key: str) -> int:
    """Which of two rates goes first, of two tables, too: the one of the higher rank."""
    if key.startswith(_NETWORK):
        return _OPERATOR if len(key) > _COUNTRY else 1
    return len(key) + 1 if key else 0


class PriceTable:
    """An immutable price list, by prefix ('' = everything else), country ('mcc:202') and operator ('mcc:20201').

    The operator's price goes first, then that of the longest prefix, then the country's, then that of everything else.
    """

    __slots__ = ("_else", "_networks", "_prefixes")

    def __init__(self, rates: Iterable[tuple[str, int]]) -> None:
        """`rates` are (key, micro-units a part); of two for one key the later counts. ValueError for a wrong key."""
        rows: dict[str, int] = {}
        for key, rate in rates:  # whoever gives them may make breaks in between
            if not is_rate_key(key):
                raise ValueError(f"'{key[:40]}' is neither a prefix of digits nor mcc: with 3, 5 or 6 digits")
            rows[key] = rate
        self._else = rows.pop("", None)
        self._networks = {key[4:]: rate for key, rate in rows.items() if key.startswith(_NETWORK)}
        self._prefixes = PrefixTable((key, rate) for key, rate in rows.items() if not key.startswith(_NETWORK))

    @property
    def needs_network(self) -> bool:
        """True when a price hangs on the recipient's operator or its country code (MCC)."""
        return bool(self._networks)

    def price(self, msisdn: str, network: str = "") -> int | None:
        """Micro-units a part to a number (digits) in a network (mcc+mnc, '' = not known); None without a price."""
        networks = self._networks
        if not networks or not network:
            found = self._prefixes.find(msisdn)
            return self._else if found is None else found
        found = networks.get(network) if len(network) > 3 else None
        if found is None:
            found = self._prefixes.find(msisdn)
        if found is None:
            found = networks.get(network[:3])
        return self._else if found is None else found

    def rate(self, msisdn: str, network: str = "") -> tuple[str, int] | None:
        """The same with the key that decided, for people."""
        if len(network) > 3 and network in self._networks:
            return f"{_NETWORK}{network}", self._networks[network]
        match = self._prefixes.match(msisdn)
        if match is not None:
            return match
        if network[:3] in self._networks:
            return f"{_NETWORK}{network[:3]}", self._networks[network[:3]]
        return None if self._else is None else ("", self._else)


def in_effect(lists: Iterable[PriceListRecord], name: str, now: int) -> tuple[PriceListRecord | None, int | None]:
    """The list called `name` that is in effect at `now` (milliseconds since 1970), and when the next one begins.

    Of several that have begun the one that began last; None where none has begun, and where none comes.
    """
    current: PriceListRecord | None = None
    following: int | None = None
    for each in lists:
        if each.name != name:
            continue
        if each.valid_from <= now:
            if current is None or each.valid_from >= current.valid_from:
                current = each
        elif following is None or each.valid_from < following:
            following = each.valid_from
    return current, following
