"""Rate limit of repeated log events: a storm writes a few lines and then how many were left out.

Lines are told apart by event, level and the fields that name who it is about. Bounded: the least recently seen is
forgotten first.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog

_WHO = ("component", "connector", "bind", "tenant", "address", "listener")
_MAX_KEYS = 4096


@dataclass(slots=True)
class _Window:
    start: float
    written: int = 0
    left_out: int = 0


class RateLimit:
    """The structlog processor: at most `burst` lines of one kind in `window_s` seconds, of an event in `bursts` as many
    as stand there.

    `clock` gives seconds that never go back. The first line of a kind after a window in which lines were left out
    carries their count as `left_out`.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        burst: int = 20,
        window_s: float = 10.0,
        bursts: Mapping[str, int] | None = None,
    ) -> None:
        if burst < 1 or window_s <= 0:
            raise ValueError("burst must be at least 1 and window_s above 0")
        self._clock = clock
        self._burst = burst
        self._window_s = window_s
        self._bursts = dict(bursts or {})
        self.left_out = 0  #: lines since the start
        self._windows: OrderedDict[tuple[Any, ...], _Window] = OrderedDict()

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The event, or structlog.DropEvent."""
        now = self._clock()
        key = (event.get("event"), method, *(str(event.get(name, "")) for name in _WHO))
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = _Window(now)
            if len(self._windows) > _MAX_KEYS:
                self._windows.popitem(last=False)
        else:
            self._windows.move_to_end(key)
        if now - window.start >= self._window_s:
            if window.left_out:
                event["left_out"] = window.left_out
            window.start, window.written, window.left_out = now, 0, 0
        if window.written >= self._bursts.get(str(event.get("event")), self._burst):
            window.left_out += 1
            self.left_out += 1
            raise structlog.DropEvent
        window.written += 1
        return event
