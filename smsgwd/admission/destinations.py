"""Where a tenant may send: prefixes of digits and countries, allowed and barred."""

from __future__ import annotations

from collections.abc import Iterable

from smsgwd.admission.countries import Territories, country_of
from smsgwd.model.refusals import Refusal, Refused


class Destinations:
    """The two lists of one tenant, compiled. What is most precise about a number decides (`countries.Territories`);
    what stands in both lists is barred. With nothing allowed by name everything is that is not barred."""

    __slots__ = ("_else", "_verdicts")

    def __init__(self, allowed: Iterable[str], barred: Iterable[str]) -> None:
        """Raises ValueError for an entry that is neither a prefix nor a country."""
        welcome = [(entry, True) for entry in allowed]
        self._else = not welcome
        self._verdicts = Territories([*welcome, *((entry, False) for entry in barred)])

    def check(self, msisdn: str) -> None:
        """Raises Refused(DESTINATION_BARRED) for a number (digits) this tenant may not send to."""
        verdict = self._verdicts.find(msisdn)
        if verdict is None:
            verdict = self._else
        if not verdict:
            where = country_of(msisdn)
            raise Refused(
                Refusal.DESTINATION_BARRED,
                f"this tenant may not send to {msisdn[:4]}...{f' ({where})' if where else ''}",
            )
