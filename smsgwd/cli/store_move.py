"""The process beside a gateway that fills another store: started by it (`app/move_process.py`), never by hand.

It is told the data directory, and reads which stores in `store.move` there. Commands come on standard input, a word a
line: bulk, follow, last, done, abandon. Answers go to standard output, an object of JSON a line: `progress` while one
lasts, then `done` with how many records were other, or `failed` with why. It ends with its standard input.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredLock

from smsgwd.app.move_file import read
from smsgwd.app.moves import Made, made, reason
from smsgwd.store.copying.moving import NotMoved

_NICER: Final = 10  # the gateway goes first
_EVERY_S: Final = 0.5  # between two words about progress
_DIE_WITH_PARENT: Final = 1  # prctl(2), PR_SET_PDEATHSIG

Say = Callable[[dict[str, Any]], object]


class Worker:
    """Carries out commands on one move; what it says goes to `say`."""

    def __init__(self, move: Made, say: Say, now: Callable[[], float] = time.monotonic) -> None:
        self._made = move
        self._say = say
        self._now = now
        self._told_at: float | None = None

    async def do(self, command: str) -> None:
        """Carry out one command and say what came of it. Never fails."""
        begun = self._now()
        self._told_at = None
        try:
            records = await self._done(command)
        except Exception as error:
            why = reason(error)
            if why is None:
                traceback.print_exc()
                why = f"an error that should not be: {type(error).__name__}; the log has it"
            self._say({"failed": why, "step": command})
            return
        self._say({"done": records, "step": command, "seconds": round(self._now() - begun, 3)})

    async def _done(self, command: str) -> int:
        move = self._made.move
        match command:
            case "bulk":
                await self._made.refuse_server()
                await self._made.refuse_others()
                await move.bulk(self._progress)
            case "follow":
                return await move.follow(self._progress)
            case "last":
                await self._made.refuse_server()
                await self._made.refuse_others(last=True)
                return await move.last(self._progress)
            case "done":
                await move.done()
            case "abandon":
                await self._made.abandon()
            case _:
                raise NotMoved(f"there is no command {command}")
        return 0

    def _progress(self, done: int, total: int) -> None:
        now = self._now()
        if self._told_at is None or now - self._told_at >= _EVERY_S:
            self._told_at = now
            self._say({"progress": [done, total]})


async def work(
    directory: Path,
    reactor: Any,
    commands: Callable[[Callable[[str], object]], object],
    say: Say,
    over: Deferred[None],
) -> None:
    """Do what `commands` gives, one after the other, for the move of a data directory, until `over` fires: whoever
    waits for that must hold it. `commands(take)` is called once the stores are there, and calls `take` on the
    reactor."""
    told = read(directory)
    if told is None:
        raise NotMoved("there is no move under way")
    async with made(told, directory, reactor) as move:
        worker, turns = Worker(move, say), DeferredLock()
        commands(lambda command: turns.run(lambda: Deferred.fromCoroutine(worker.do(command))))
        await over


def main(directory: Path) -> int:
    """Serve until standard input ends; the exit status."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the gateway says what follows from them
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.nice(_NICER)
    from twisted.internet import reactor as installed

    reactor: Any = installed
    wrong: list[str] = []
    over: Deferred[None] = Deferred()  # never: the end of standard input ends the process

    def say(answer: dict[str, Any]) -> None:
        print(json.dumps(answer), flush=True)

    def commands(take: Callable[[str], object]) -> None:
        def listen() -> None:
            for line in sys.stdin:
                reactor.callFromThread(take, line.strip())
            os._exit(0)  # nobody is there any more; what was begun is a piece, as after a kill

        threading.Thread(target=listen, daemon=True).start()

    def failed(failure: Any) -> None:
        why = reason(failure.value)
        if why is None:
            failure.printTraceback(file=sys.stderr)
            why = f"an error that should not be: {failure.type.__name__}; the log has it"
        wrong.append(why)
        reactor.stop()

    def begin() -> None:
        Deferred.fromCoroutine(work(directory, reactor, commands, say, over)).addErrback(failed)

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    if wrong:
        say({"failed": wrong[0], "step": ""})
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
