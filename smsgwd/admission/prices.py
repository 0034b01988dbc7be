"""Prices: micro-units a part, by the longest prefix of the recipient."""

from collections.abc import Iterable


class PriceList:
    """An immutable price list; look-up cost grows with the length of its longest prefix only."""

    def __init__(self, rows: Iterable[tuple[str, int]]) -> None:
        """`rows` are (prefix of digits, '' = everything else; micro-units a part)."""
        self._prices = dict(rows)
        self._lengths = sorted({len(prefix) for prefix in self._prices}, reverse=True)

    def price(self, msisdn: str) -> int | None:
        """Micro-units a part for a number; None when the list has no price for it."""
        for length in self._lengths:
            found = self._prices.get(msisdn[:length])
            if found is not None:
                return found
        return None
