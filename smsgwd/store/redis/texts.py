"""Texts of late: a row each, which the server lets go when its window is over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from smsgwd.store.redis.base import Base
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.work import Work


class TextWork(Base, Work):
    """A text is taken to be new without asking: the commit finds out, and it is computed again."""

    def texts_of_late(self, texts: Sequence[tuple[bytes, int]], at: int) -> set[bytes]:
        """See Work."""
        tx, text = self.tx, self.keys.text
        found: set[bytes] = set()
        for digest, window in texts:
            name = text(digest)
            if not tx.absent(name):
                value = tx.get(name)
                if value is not None and at - number_of(value) < window:
                    found.add(digest)
        return found

    def keep_texts(self, texts: Iterable[tuple[bytes, int]], at: int) -> None:
        """See Work."""
        for digest, window in texts:
            self.tx.put_for(self.keys.text(digest), id8(max(0, at)), window)
