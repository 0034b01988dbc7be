"""The end of a move, while nobody works on either store: the last round, the moment from which the other store counts.

That moment is when `store.move` says so (`Mover.moved`). Whatever fails before leaves the old store in use, whatever
dies after it is gone on with by the next start (`move_start`).
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.app import move_file
from smsgwd.app.move_file import section_of, shown
from smsgwd.app.mover import Mover
from smsgwd.store.copying.moving import NotMoved
from smsgwd.store.spool_file import refuse_left
from smsgwd.store.writer import CannotOpen
from smsgwd.telemetry import get_logger

#: Most seconds that what is on its way to carriers is waited for, instead of `shutdown.drain_s`.
DRAIN_S: Final = 5.0
LAST_S: Final = 180.0  #: most seconds for the last round: with clients waiting, it is not done then
_DONE_S: Final = 60.0
_log = get_logger("daemon")


class CutOver:
    """Ends the move of `mover` once the gateway has stopped and its store is closed."""

    def __init__(self, mover: Mover, reactor: Any) -> None:
        self._mover = mover
        self._reactor = reactor
        self._moved = False
        self.stopped = ""  #: the signal that asked the gateway to end meanwhile; '' = none did

    def stop(self, why: str) -> None:
        """The gateway is to end: it is not moved, unless it is already."""
        self.stopped = self.stopped or why
        if not self._moved:
            self._mover.end_process()

    async def end(self) -> None:
        """Write the last round, and move, or not. Never fails."""
        try:
            await self._last()
        except (NotMoved, CannotOpen, OSError) as error:
            why = f"{self.stopped} while the gateway stopped for it" if self.stopped else str(error)
            self._mover.give_up(why)
            return
        try:
            await self._finished()
        except (NotMoved, CannotOpen, OSError) as error:
            _log.warning("store.move_left", reason=f"the next start goes on with it: {error}")
        self._mover.end_process()

    async def _last(self) -> None:
        """Up to the moment from which the other store counts."""
        refuse_left(self._mover.directory)  # what waits on this node's disk would not come along
        if self.stopped:
            raise NotMoved(self.stopped)
        await self._within(LAST_S, "last")
        if self.stopped:
            raise NotMoved(self.stopped)
        self._mover.moved()
        self._moved = True

    async def _finished(self) -> None:
        """What the next start would do else."""
        move = self._mover.move
        assert move is not None
        await self._within(_DONE_S, "done")
        move_file.close_old(self._mover.directory, move)
        move_file.remove(self._mover.directory)
        _log.info("store.moved", to=shown(section_of(move.target)))

    async def _within(self, seconds: float, step: str) -> None:
        def ended(answer: Any) -> Any:
            if limit.active():
                limit.cancel()
            return answer

        limit = self._reactor.callLater(seconds, self._mover.end_process)
        asked: Deferred[int] = self._mover.ask(step)
        await asked.addBoth(ended)
