"""What a long piece of work on an open store has to do with its surroundings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import deferLater

from smsgwd.ports.store import StoreUnavailable


class Control:
    """What a piece of work has to do with its surroundings."""

    def __init__(self, reactor: Any, usable: Callable[[], bool]) -> None:
        self.reactor = reactor
        self.done = 0
        self.total = 0  #: 0 = not known
        self._usable = usable

    def look(self) -> None:
        """Raise StoreUnavailable when the work is to end."""
        if not self._usable():
            raise StoreUnavailable("the store is being closed")

    async def rest(self, seconds: float) -> None:
        """Leave the machine to others for a while; raises as `look`."""
        await deferLater(self.reactor, seconds)
        self.look()
