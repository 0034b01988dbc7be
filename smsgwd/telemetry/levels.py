"""Which lines are written: a least level for all, and for single components while the process runs.

A logger keeps the gate of its component and asks it for each line: one attribute and one comparison (`logs.py`).
"""

from __future__ import annotations

from typing import Final

#: Levels by name, the lowest first; only lines of the least level and above are written.
LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NAMES: Final = {number: name for name, number in LEVELS.items()}


class Gate:
    """The least level of one component."""

    __slots__ = ("least",)

    def __init__(self, least: int) -> None:
        self.least = least


class Levels:
    """The levels of a process. Components are known by the loggers that were made for them."""

    def __init__(self, base: str = "info") -> None:
        self._base = LEVELS[base]
        self._own: dict[str, int] = {}
        self._pinned: set[str] = set()
        self._gates: dict[str, Gate] = {}

    @property
    def base(self) -> str:
        """The level of all components that have none of their own."""
        return _NAMES[self._base]

    @property
    def components(self) -> list[str]:
        """Those there are, by name; not those that always write."""
        return sorted(self._gates.keys() - self._pinned)

    def gate(self, component: str) -> Gate:
        """The gate of a component, made when it is asked for first."""
        gate = self._gates.get(component)
        if gate is None:
            gate = self._gates[component] = Gate(self._own.get(component, self._base))
        return gate

    def level(self, component: str) -> str:
        """What a component writes now."""
        return _NAMES[self.gate(component).least]

    def own(self) -> dict[str, str]:
        """The components that have a level of their own."""
        return {name: _NAMES[level] for name, level in sorted(self._own.items()) if name not in self._pinned}

    def set_base(self, level: str) -> None:
        """Another level for all that have none of their own. KeyError for a word that is no level."""
        self._base = LEVELS[level]
        for name, gate in self._gates.items():
            gate.least = self._own.get(name, self._base)

    def set(self, component: str, level: str) -> None:
        """A level of its own. KeyError for a word that is no level."""
        self._own[component] = self.gate(component).least = LEVELS[level]

    def reset(self, component: str) -> bool:
        """Back to the level of all; False when it had none of its own."""
        if component in self._pinned or self._own.pop(component, None) is None:
            return False
        self.gate(component).least = self._base
        return True

    def pin(self, component: str) -> None:
        """It writes every line from now on, whatever is set: somebody asked for just these lines."""
        self._pinned.add(component)
        self.set(component, "debug")


#: Those of this process, as its log is one. Nothing is left out before it is set up.
IN_FORCE: Final = Levels("debug")
