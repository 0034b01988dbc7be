"""A move into another store while the gateway works: begun, followed and broken off by operators.

Another process fills the other store (`move_process`). When little is left to do the gateway stops, and
`cut_over` ends it. `store.move` is there from the beginning to the end, so that a start knows which store counts: it
stays after a failure, since the configuration names the other store already.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall

from smsgwd.app import move_file
from smsgwd.app.move_file import Move, place, plain, section_of, shown
from smsgwd.app.move_process import Assistant
from smsgwd.config import Config
from smsgwd.config.errors import ConfigMistakes
from smsgwd.ops.registry import CommandError
from smsgwd.ports.clock import Clock
from smsgwd.store.copying.copy import Told
from smsgwd.store.copying.moving import NotMoved
from smsgwd.telemetry import get_logger

_SHORT_S: Final = 2.0  # a round that takes no longer is the last before the gateway stops
_ROUNDS: Final = 3  # or this one, however long it takes
_FOLLOW_S: Final = 15.0  # between two rounds while an operator holds it
_ABANDON_S: Final = 60.0
#: States in which a process is at work.
_BESIDE: Final = ("bulk", "following", "holding")
_AT_WORK: Final = (*_BESIDE, "cutting over", "removing")
_log = get_logger("daemon")

Start = Callable[[Path, Told], Assistant]


class Mover:
    """The move of this gateway's store, at most one at a time. All of it on the reactor."""

    def __init__(
        self,
        config: Config,
        reactor: Any,
        clock: Clock,
        *,
        read: Callable[[], Awaitable[Config]],
        start: Start,
        others: Callable[[], list[str]],
        waiting: Callable[[], int],
        cut_over: Callable[[Mover], object],
        left: Move | None = None,
    ) -> None:
        """`config` is what the gateway runs with, `read` reads the file again (ConfigMistakes), `start`
        starts the process, `others` are nodes that work on the same store, `waiting` is how many messages the
        spool has, `cut_over` stops the gateway and ends the move, `left` is a move that an earlier run did
        not end."""
        self.directory = config.data_dir  #: where `store.move` is
        self._config = config
        self._reactor = reactor
        self._clock = clock
        self._read = read
        self._start = start
        self._others = others
        self._waiting = waiting
        self._cut_over = cut_over
        self._assistant: Assistant | None = None
        self._pause: IDelayedCall | None = None
        self._go_on: Deferred[None] | None = None
        self._hold = False
        self._busy = False  # a command looks at what there is before it begins or ends something
        self._begun: float | None = None
        self.move: Move | None = left
        self.state = "none" if left is None else "failed"
        self.failed = "" if left is None else left.failed or "the gateway was ended meanwhile"
        self._done = self._total = self._rounds = self._records = 0
        self._seconds = 0.0

    # -- what operators ask and see ----------------------------------------------------------------------------------

    async def begin(self, hold: bool) -> None:
        """Begin a move to the store that the configuration file names now. With `hold` the gateway goes on until
        `finish`. Raises CommandError: it cannot be begun, and why."""
        try:
            await self._begin(hold)
        except NotMoved as error:
            raise CommandError(str(error)) from None

    async def _begin(self, hold: bool) -> None:
        self._alone()
        try:
            self._refuse()
            new = await self._file()
            self._refuse_to(new)
            if self.move is not None and self.move.target != plain(new.store):
                await self._abandoned()  # of the one before, somewhere else
            self.move = Move("copying", plain(self._config.store), plain(new.store), self._config.node, self._now())
            try:
                move_file.write(self.directory, self.move)
            except OSError as error:
                raise NotMoved(f"{move_file.FILE} cannot be written: {error.strerror}") from None
        finally:
            self._busy = False
        self._hold, self.failed = hold, ""
        self._done = self._total = self._rounds = self._records = 0
        self._seconds, self._begun = 0.0, self._clock.monotonic()
        _log.info("store.move_begun", to=shown(new.store))
        Deferred.fromCoroutine(self._work())

    def finish(self) -> None:
        """What was held goes on: a last round beside the traffic, then the gateway stops. Raises CommandError."""
        if self.state not in _BESIDE:
            raise CommandError("no move is under way that could be finished")
        self._hold = False
        self._continue()

    async def cancel(self) -> str:
        """End it; what it has written is removed. What remains to do, in words. Raises CommandError."""
        try:
            return await self._cancel()
        except NotMoved as error:
            raise CommandError(str(error)) from None

    async def _cancel(self) -> str:
        self._alone()
        try:
            if self.state == "cutting over":
                raise NotMoved("it is too late: the gateway is stopping for it")
            if self.state == "removing":
                raise NotMoved("it was not done, and what was written is being removed")
            if self.move is None:
                raise NotMoved("no move is under way")
            self.state, self.failed = "failed", "an operator cancelled it"
            self.end_process()
            self._continue()
            left = await self._abandoned()
            try:
                same = place((await self._file()).store) == place(self._config.store)
            except NotMoved:
                same = False
            if same:
                move_file.remove(self.directory)
                self.move, self.state, self.failed = None, "none", ""
            else:
                self._keep()
        except OSError as error:
            raise NotMoved(f"{move_file.FILE}: {error.strerror}") from None
        finally:
            self._busy = False
        _log.info("store.move_cancelled", left=left)
        if same:
            return left
        file = "put section `store` of the configuration back: until then a start uses the store that is in use now"
        return f"{left}; {file}" if left else file

    def show(self) -> dict[str, Any]:
        """How far it is, JSON-ready."""
        move = self.move
        if move is None:
            return {"state": "none", "store": shown(self._config.store)}
        return {
            "state": self.state,
            "from": shown(section_of(move.source)),
            "to": shown(section_of(move.target)),
            "begun_at": move.begun_at,
            "seconds": round(self._clock.monotonic() - self._begun, 1) if self._begun is not None else None,
            "messages": self._done,
            "of": self._total,
            "rounds": self._rounds,
            "records": self._records,
            "round_s": self._seconds,
            "held": self._hold,
            "failed": self.failed,
        }

    def needs(self) -> list[str]:
        """What somebody should see to."""
        if self.move is None or self.state != "failed":
            return []
        return [
            f"a move into another store ({shown(section_of(self.move.target))}) was not done: {self.failed}."
            " Until it is, this gateway uses the old one, whatever the configuration says: store migrate, or cancel"
        ]

    def close(self) -> None:
        """The gateway stops, and not for the move: that is broken off."""
        if self.state in _BESIDE:
            self.state, self.failed = "failed", "the gateway was stopped"
            self.end_process()
            self._continue()
            self._keep()

    # -- what ends it ------------------------------------------------------------------------------------------------

    def ask(self, step: str) -> Deferred[int]:
        """See Assistant."""
        return fail(NotMoved("it was ended")) if self._assistant is None else self._assistant.ask(step)

    def end_process(self) -> None:
        """Nothing more is asked; what is under way fails."""
        assistant, self._assistant = self._assistant, None
        if assistant is not None:
            assistant.end()

    def give_up(self, why: str) -> None:
        """It was not done: the store counts that it came from."""
        self.end_process()
        self.state, self.failed = "failed", why
        self._keep()
        _log.error("store.move_failed", reason=why)

    def moved(self) -> Move:
        """The store counts that it went to, from here on. Raises OSError: it does not."""
        assert self.move is not None
        done = msgspec.structs.replace(self.move, phase="moved", moved_at=self._now())
        move_file.write(self.directory, done)
        self.move = done
        return done

    # -- inside ------------------------------------------------------------------------------------------------------

    def _now(self) -> int:
        return self._clock.now_ms()

    def _alone(self) -> None:
        if self._busy:
            raise NotMoved("another command about the move is not over yet")
        self._busy = True

    def _refuse(self) -> None:
        """Raise NotMoved where none can be begun, whatever the file says."""
        if self.state in _AT_WORK:
            raise NotMoved("a move is under way already: store migrate-show")
        others = self._others()
        if others:
            raise NotMoved(f"other nodes work on this store: stop {', '.join(others)} first")
        waiting = self._waiting()
        if waiting:
            raise NotMoved(f"{waiting} messages wait on this node's disk: they must be in the store before")

    async def _file(self) -> Config:
        """What the file says now. Raises NotMoved."""
        try:
            return await self._read()
        except ConfigMistakes as mistakes:
            raise NotMoved("\n".join(mistakes.problems)) from None

    def _refuse_to(self, new: Config) -> None:
        if new.data_dir != self.directory or new.node != self._config.node:
            raise NotMoved("data_dir and node must stay as they are in a move")
        if new.store.kind == self._config.store.kind:
            raise NotMoved(
                f"section `store` of {new.path} has the kind {new.store.kind}, as the store that is in use:"
                " change it first"
            )

    async def _work(self) -> None:
        """All of it up to the stop. Never fails."""
        try:
            self.end_process()
            self.state = "bulk"
            self._assistant = self._start(self.directory, self._progress)
            await self._assistant.ask("bulk")
            await self._follow()
            await self._look_again()
        except (NotMoved, OSError) as error:
            if self.state == "failed":
                return  # whoever ended it has said why
            self.give_up(str(error))
            self.state = "removing"  # nothing else begins before that is over: it would be removed, too
            left = await self._abandoned()
            self.state = "failed"
            if left:
                _log.warning("store.move_left", reason=left)
            return
        self.state = "cutting over"
        _log.info("store.move_cut_over", rounds=self._rounds)
        self._cut_over(self)

    async def _follow(self) -> None:
        """Rounds, until one is short."""
        while True:
            self.state = "following"
            assert self._assistant is not None
            begun = self._clock.monotonic()
            self._records = await self._assistant.ask("follow")
            self._seconds = round(self._clock.monotonic() - begun, 3)
            self._rounds += 1
            if not self._hold and (self._seconds <= _SHORT_S or self._rounds >= _ROUNDS):
                return
            if self._hold:
                self.state = "holding"
                await self._wait()
                if self.state == "failed":
                    raise NotMoved(self.failed)

    async def _look_again(self) -> None:
        """Just before the stop: a start must find what it was begun for. Raises NotMoved."""
        self._alone()
        try:
            new = await self._file()
            assert self.move is not None
            if place(new.store) != place(section_of(self.move.target)):
                raise NotMoved("section `store` of the configuration was changed since it was begun")
            self._refuse_to(new)
            others = self._others()
            if others:
                raise NotMoved(f"other nodes have begun to work on this store: {', '.join(others)}")
        finally:
            self._busy = False

    def _progress(self, done: int, total: int) -> None:
        self._done, self._total = done, total

    def _wait(self) -> Deferred[None]:
        """Until it is time for another round, or somebody wants it to go on."""
        go_on: Deferred[None] = Deferred()
        self._go_on = go_on
        self._pause = self._reactor.callLater(_FOLLOW_S, self._continue)
        return go_on

    def _continue(self) -> None:
        pause, go_on = self._pause, self._go_on
        self._pause = self._go_on = None
        if pause is not None and pause.active():
            pause.cancel()
        if go_on is not None:
            go_on.callback(None)

    async def _abandoned(self) -> str:
        """Have what was written removed, by a process of its own; what is left of it, in words."""
        try:
            assistant = self._start(self.directory, lambda done, total: None)
        except OSError as error:
            return f"what was written is still there: {error}"
        limit = self._reactor.callLater(_ABANDON_S, assistant.end)
        try:
            await assistant.ask("abandon")
        except NotMoved as error:
            return f"what was written could not be removed, the next move does it: {error}"
        finally:
            if limit.active():
                limit.cancel()
            assistant.end()
        return ""

    def _keep(self) -> None:
        """Have the file say why it is not gone on with; what it says already is enough for a start."""
        if self.move is None:
            return
        self.move = msgspec.structs.replace(self.move, failed=self.failed)
        try:
            move_file.write(self.directory, self.move)
        except OSError as error:
            _log.warning("store.move_left", reason=f"{move_file.FILE}: {error.strerror}")
