"""A table of prefixes of digits: the longest that a number begins with decides."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class PrefixTable(Generic[T]):
    """Immutable; a look-up costs one dict access for each different length of prefix, however many prefixes."""

    __slots__ = ("_lengths", "_rows")

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        """`rows` are (prefix of digits, '' = every number; what it stands for); of two for one the later counts."""
        self._rows = dict(rows)
        self._lengths = tuple(sorted(set(map(len, self._rows)), reverse=True))

    def find(self, digits: str) -> T | None:
        """What the longest prefix of `digits` stands for; None when no prefix fits."""
        rows = self._rows
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in rows:
                return rows[prefix]
        return None

    def match(self, digits: str) -> tuple[str, T] | None:
        """The longest prefix of `digits` with what it stands for; None when no prefix fits."""
        rows = self._rows
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in rows:
                return prefix, rows[prefix]
        return None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """The rows, in the order they came."""
        return iter(self._rows.items())
