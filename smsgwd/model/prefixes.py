"""A table of prefixes of digits: the longest that a number begins with decides."""

from collections.abc import Iterable, Iterator
from typing import Final, Generic, TypeVar

T = TypeVar("T")

HEAD: Final = 5  #: digits of a number whose prefixes are looked up once: what stands below a head is asked each time
_HEADS_REMEMBERED: Final = 20_000
_FEW_LENGTHS: Final = 2  # asking for these costs no more than a head does


class PrefixTable(Generic[T]):
    """Immutable. A look-up costs one dict access for the head of a number (its first digits), remembered since the
    last number of that head, and one for each length of prefix that there is below this head."""

    __slots__ = ("_below", "_heads", "_lengths", "_rows")

    def __init__(self, rows: Iterable[tuple[str, T]]) -> None:
        """`rows` are (prefix of digits, '' = every number; what it stands for); of two for one the later counts."""
        self._rows = dict(rows)
        self._lengths = tuple(sorted(set(map(len, self._rows)), reverse=True))
        self._heads: dict[str, tuple[tuple[int, ...], tuple[str, T] | None]] | None = None
        self._below: tuple[tuple[int, frozenset[str]], ...] = ()
        if len(self._lengths) > _FEW_LENGTHS:
            self._heads = {}
            self._below = tuple(
                (length, frozenset([prefix[:HEAD] for prefix in self._rows if len(prefix) == length]))
                for length in self._lengths
                if length > HEAD
            )

    def find(self, digits: str) -> T | None:
        """What the longest prefix of `digits` stands for; None when no prefix fits."""
        heads = self._heads
        rows = self._rows
        if heads is None:
            for length in self._lengths:
                prefix = digits[:length]
                if prefix in rows:
                    return rows[prefix]
            return None
        below, found = heads.get(digits[:HEAD]) or self._remember(digits[:HEAD], heads)
        for length in below:
            prefix = digits[:length]
            if prefix in rows:
                return rows[prefix]
        return None if found is None else found[1]

    def match(self, digits: str) -> tuple[str, T] | None:
        """The longest prefix of `digits` with what it stands for; None when no prefix fits."""
        rows = self._rows
        for length in self._lengths:
            prefix = digits[:length]
            if prefix in rows:
                return prefix, rows[prefix]
        return None

    def _remember(
        self, head: str, heads: dict[str, tuple[tuple[int, ...], tuple[str, T] | None]]
    ) -> tuple[tuple[int, ...], tuple[str, T] | None]:
        """The lengths of longer prefixes that begin with a head, longest first, and the longest that it begins with."""
        if len(heads) >= _HEADS_REMEMBERED:
            heads.clear()
        below = tuple([length for length, beginnings in self._below if head in beginnings])
        known = heads[head] = (below, self.match(head))
        return known

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[tuple[str, T]]:
        """The rows, in the order they came."""
        return iter(self._rows.items())
