"""What operators look into while the gateway runs: PDUs of connections, more lines in the log, single messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsgwd.app.core import Core
from smsgwd.app.levels import LevelDesk
from smsgwd.app.watch import MessageWatch
from smsgwd.net.wiretap import Wiretap
from smsgwd.ops.log import Logs
from smsgwd.ops.pdu import Pdus
from smsgwd.ops.registry import Command
from smsgwd.ops.taps import Taps
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.telemetry.levels import IN_FORCE


class Looking:
    """Made before the connections are: they get its `wiretap`."""

    def __init__(self, core: Core, reactor: Any) -> None:
        self.wiretap = Wiretap(core.clock.monotonic)
        self._taps = Taps(self.wiretap, core.clock, reactor)
        self._levels = LevelDesk(reactor, IN_FORCE)
        self._watch = MessageWatch(reactor, core.clock, core.batches)

    def commands(self, dispatcher: Dispatcher, known: Callable[[str], bool]) -> list[Command]:
        """The commands that look; `known` tells whether there is a tenant of that id."""
        return [
            *Pdus(self._taps, lambda: [each.id for each in dispatcher.status()]).commands(),
            *Logs(self._levels, self._watch, known).commands(),
        ]
