"""Rows read or written of late, as the server has them, so that most transactions read nothing."""

from __future__ import annotations

from itertools import islice
from typing import Final

_MOST: Final = 100_000
_MOST_BYTES: Final = 32 * 1024 * 1024


class Cache:
    """Values by key, stamps included. Others may have changed a row since: each commit checks what it was read from.

    Bounded by `most` rows and `most_bytes` of values; the longest known go first.
    """

    def __init__(self, most: int = _MOST, most_bytes: int = _MOST_BYTES) -> None:
        self._rows: dict[str, bytes] = {}
        self._bytes = 0
        self._most = most
        self._most_bytes = most_bytes

    def get(self, key: str) -> bytes | None:
        """A row's value; None when it is not known."""
        return self._rows.get(key)

    def put(self, key: str, value: bytes) -> None:
        """This is its value now."""
        before = self._rows.get(key)
        self._bytes += len(value) - (0 if before is None else len(before))
        self._rows[key] = value
        if len(self._rows) > self._most or self._bytes > self._most_bytes:
            self._trim()

    def drop(self, key: str) -> None:
        """Nothing is known of it."""
        before = self._rows.pop(key, None)
        if before is not None:
            self._bytes -= len(before)

    def clear(self) -> None:
        """Nothing is known."""
        self._rows.clear()
        self._bytes = 0

    def _trim(self) -> None:
        for key in list(islice(self._rows, max(1, len(self._rows) // 4))):
            self.drop(key)
