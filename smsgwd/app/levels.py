"""Levels of the log that operators set while the gateway runs, for good or for some minutes."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from smsgwd.telemetry import get_logger
from smsgwd.telemetry.levels import Levels

_log = get_logger("ops")


class LevelDesk:
    """Over the levels of the process; what is set for a while goes back by itself. None of it outlives the process."""

    def __init__(self, reactor: IReactorTime, levels: Levels) -> None:
        self._reactor = reactor
        self._levels = levels
        self._timers: dict[str, IDelayedCall] = {}

    @property
    def components(self) -> list[str]:
        """Those that can be set."""
        return self._levels.components

    def show(self) -> dict[str, Any]:
        """The level of all, and each component with its own, if it has one, and for how long."""
        own = self._levels.own()
        return {
            "level": self._levels.base,
            "components": [
                {
                    "component": name,
                    "level": self._levels.level(name),
                    "own": name in own,
                    "seconds_left": self._left(name),
                }
                for name in self.components
            ],
        }

    def set(self, component: str, level: str, seconds: int | None) -> None:
        """A level of its own for so long; None = until it is reset."""
        self._cancel(component)
        self._levels.set(component, level)
        if seconds is not None:
            self._timers[component] = self._reactor.callLater(seconds, self._over, component)
        _log.info("log.level_set", of=component, to_level=level, seconds=seconds or 0)

    def reset(self, component: str = "") -> list[str]:
        """Back to the level of all; one component, or every one. Which ones had another."""
        found = [name for name in ([component] if component else list(self._levels.own())) if self._levels.reset(name)]
        for name in found:
            self._cancel(name)
            _log.info("log.level_set", of=name, to_level=self._levels.base, seconds=0)
        return found

    def _over(self, component: str) -> None:
        self._timers.pop(component, None)
        self.reset(component)

    def _left(self, component: str) -> int | None:
        timer = self._timers.get(component)
        return None if timer is None else max(0, round(timer.getTime() - self._reactor.seconds()))

    def _cancel(self, component: str) -> None:
        timer = self._timers.pop(component, None)
        if timer is not None and timer.active():
            timer.cancel()
