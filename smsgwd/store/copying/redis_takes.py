"""Transactions of a copy: one that puts what records write, and its opposite, which takes just that back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from smsgwd.store.redis.cache import Cache
from smsgwd.store.redis.program import Arg
from smsgwd.store.redis.tx import Tx


class Putting(Tx):
    """Writes over whatever there is; nothing is read."""

    taking = False

    def __init__(self) -> None:
        super().__init__(_ask, Cache())

    @property
    def sign(self) -> int:
        """What each record counts for what several records share."""
        return -1 if self.taking else 1

    def put_or_delete(self, key: str, value: bytes | None) -> None:
        """What a row is now (None = there is none)."""
        if value is None:
            self.delete(key)
        else:
            self.put(key, value)

    def set(self, key: str, words: Sequence[Arg]) -> None:
        """Fields of a hash: name, value, ..."""
        self.program.settings[key] = list(words)

    def name(self, names: str, named: str, name: bytes) -> None:
        """An index of names has this one while there is anything in what it names."""
        self.add(names, name)


class Taking(Putting):
    """Undoes what `Putting` does with the same calls."""

    taking = True

    def __init__(self, queues: str) -> None:
        """`queues`: the index of queues' names, which stay there."""
        super().__init__()
        self._queues = queues

    def put(self, key: str, value: bytes) -> None:
        """The row is gone."""
        self.delete(key)

    def add(self, index: str, member: bytes, score: float = 0) -> None:
        """The member is gone."""
        if index != self._queues:
            self.remove(index, member)

    def set(self, key: str, words: Sequence[Arg]) -> None:
        """The hash is gone."""
        self.delete(key)

    def name(self, names: str, named: str, name: bytes) -> None:
        """The name goes with the last of what it names."""
        self.prune(names, named, name)


def _ask(_: Sequence[Sequence[Any]]) -> NoReturn:
    raise AssertionError("nothing is read")
