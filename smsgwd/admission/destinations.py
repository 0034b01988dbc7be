"""Where a tenant may send: prefixes of digits and countries, allowed and barred."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from smsgwd.admission.countries import Territories, country_of
from smsgwd.model.refusals import Refusal, Refused

_LISTS_REMEMBERED: Final = 256


class Destinations:
    """The two lists of one tenant, compiled. What is most precise about a number decides (`countries.Territories`);
    what stands in both lists is barred. With nothing allowed by name everything is that is not barred."""

    __slots__ = ("_else", "_find")

    def __init__(self, allowed: Iterable[str], barred: Iterable[str]) -> None:
        """Raises ValueError for an entry that is neither a prefix nor a country."""
        welcome = [(entry, True) for entry in allowed]
        self._else = not welcome
        self._find = Territories([*welcome, *((entry, False) for entry in barred)]).find

    def check(self, msisdn: str) -> None:
        """Raises Refused(DESTINATION_BARRED) for a number (digits) this tenant may not send to."""
        verdict = self._find(msisdn)
        if verdict is None:
            verdict = self._else
        if not verdict:
            where = country_of(msisdn)
            raise Refused(
                Refusal.DESTINATION_BARRED,
                f"this tenant may not send to {msisdn[:4]}...{f' ({where})' if where else ''}",
            )


@lru_cache(_LISTS_REMEMBERED)
def destinations_of(allowed: tuple[str, ...], barred: tuple[str, ...]) -> Destinations:
    """The compiled lists; tenants with the same ones share them. Raises ValueError as `Destinations`."""
    return Destinations(allowed, barred)
