"""Where a tenant may send: prefixes of digits and countries, allowed and barred."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from smsgwd.admission.countries import country_of
from smsgwd.model.prefixes import PrefixTable
from smsgwd.model.refusals import Refusal, Refused

_ENTRY: Final = re.compile(r"\+?[0-9]{1,15}|[A-Z]{2}", re.ASCII)


def is_destination(entry: str) -> bool:
    """True for what may stand in such a list: a prefix such as 30 or +4479, or an ISO country such as GR."""
    return _ENTRY.fullmatch(entry) is not None


class Destinations:
    """The two lists of one tenant, compiled. The longest prefix that fits decides; a country is asked where no prefix
    fits; what stands in both lists is barred. With nothing allowed by name everything is that is not barred."""

    __slots__ = ("_countries", "_else", "_prefixes")

    def __init__(self, allowed: Iterable[str], barred: Iterable[str]) -> None:
        """Raises ValueError for an entry that is neither a prefix nor a country."""
        verdicts: dict[str, bool] = {}
        for entries, verdict in ((tuple(allowed), True), (tuple(barred), False)):
            for entry in entries:
                if not is_destination(entry):
                    raise ValueError(f"'{entry[:40]}' is neither a prefix of digits nor an ISO country such as GR")
                verdicts[entry.removeprefix("+")] = verdict
        self._else = True not in verdicts.values()
        self._prefixes = PrefixTable((key, verdict) for key, verdict in verdicts.items() if key[0].isdigit())
        self._countries = {key: verdict for key, verdict in verdicts.items() if not key[0].isdigit()}

    def check(self, msisdn: str) -> None:
        """Raises Refused(DESTINATION_BARRED) for a number (digits) this tenant may not send to."""
        verdict = self._prefixes.find(msisdn)
        if verdict is None and self._countries:
            verdict = self._countries.get(country_of(msisdn))
        if verdict is None:
            verdict = self._else
        if not verdict:
            where = country_of(msisdn)
            raise Refused(
                Refusal.DESTINATION_BARRED,
                f"this tenant may not send to {msisdn[:4]}...{f' ({where})' if where else ''}",
            )
