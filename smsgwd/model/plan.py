"""The number plan: which operator was given which range of numbers. Ported numbers are elsewhere by now."""

from collections.abc import Iterable

import msgspec

from smsgwd.model.prefixes import PrefixTable

#: prefix, ISO country, MCC, MNC, operator's name
PlanRow = tuple[str, str, str, str, str]


class Range(msgspec.Struct, frozen=True, gc=False):
    """Who has a range of numbers; empty = the plan does not say."""

    country: str  #: ISO 3166 alpha-2
    mcc: str
    mnc: str
    operator: str

    @property
    def network(self) -> str:
        """mcc+mnc; '' when one of them is not known."""
        return self.mcc + self.mnc if self.mcc and self.mnc else ""


class NumberPlan:
    """Immutable; of several rows for one prefix the last counts."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[PlanRow] = ()) -> None:
        """`rows` of all plans, one after the other."""
        self._rows: PrefixTable[PlanRow] = PrefixTable((row[0], row) for row in rows)

    def find(self, msisdn: str) -> Range | None:
        """The range a number (digits, country code first) is in: that of the longest prefix; None without one."""
        row = self._rows.find(msisdn)
        return None if row is None else Range(*row[1:])

    def network_of(self, msisdn: str) -> str:
        """mcc+mnc of the number's range; '' when the plan does not know it."""
        row = self._rows.find(msisdn)
        return row[2] + row[3] if row is not None and row[2] and row[3] else ""

    def __len__(self) -> int:
        return len(self._rows)
