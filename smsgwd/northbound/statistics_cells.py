"""Counts of one step of time, kept while they can be asked for again.

A step whose messages are all final does not change any more: it is counted once. Others are counted anew after a while.
Of a step that is too large to be counted at once it is remembered how far it was.
"""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.counting import SpanRow
from smsgwd.model.message import FINAL_FROM

MOST_KEYS: Final = 1000  #: senders of a step that are told apart; those behind them are counted together
_MOST_CELLS: Final = 100_000  # of all tenants: 30 MB
_KEPT_S: Final = 3600.0  # operators may send again what was final
_OPEN_S: Final = 60.0
_RUNNING_S: Final = 5.0
_BROKEN_OFF_S: Final = 600.0
OTHERS: Final = "\0"  #: the key of what is counted together; no sender has it

#: State and class of time within a key.
Cell = tuple[str, int, int]


class Step(msgspec.Struct):
    """The counts of a step as far as it was counted."""

    cells: dict[Cell, list[int]] = {}  #: messages, parts, price
    keys: set[str] = set()
    after: int | None = 0  #: where counting goes on; None = it is whole
    until: float = 0.0  #: good until then

    def add(self, row: SpanRow, key: str) -> None:
        """Add what a row says under a key."""
        if key not in self.keys:
            if len(self.keys) < MOST_KEYS:
                self.keys.add(key)
            else:
                key = OTHERS
        cell = self.cells.setdefault((key, row.state, row.time), [0, 0, 0])
        cell[0] += row.messages
        cell[1] += row.parts
        cell[2] += row.price

    @property
    def final(self) -> bool:
        """True when all its messages are final."""
        return all(state >= FINAL_FROM for _, state, _ in self.cells)


class Steps:
    """Remembers steps, a bounded number of cells."""

    def __init__(self) -> None:
        self._steps: dict[tuple[str, int, int, str], Step] = {}
        self._sizes: dict[tuple[str, int, int, str], int] = {}
        self._cells = 0

    def get(self, key: tuple[str, int, int, str], now: float) -> Step:
        """The step of a tenant, begin, end and kind of key, as far as it was counted; `now` in monotonic seconds."""
        step = self._steps.get(key)
        if step is None or now >= step.until:
            return Step()
        return step

    def keep(self, key: tuple[str, int, int, str], step: Step, now: float, *, over: bool) -> None:
        """Remember a step; `over`: nothing is submitted in it any more."""
        if step.after is not None:
            kept_s = _BROKEN_OFF_S
        elif over:
            kept_s = _KEPT_S if step.final else _OPEN_S
        else:
            kept_s = _RUNNING_S
        step.until = now + kept_s
        self._forget(key)
        self._steps[key] = step
        self._sizes[key] = len(step.cells) + 1
        self._cells += len(step.cells) + 1
        while self._cells > _MOST_CELLS:
            self._forget(next(iter(self._steps)))

    def _forget(self, key: tuple[str, int, int, str]) -> None:
        if self._steps.pop(key, None) is not None:
            self._cells -= self._sizes.pop(key)
