"""Where submissions go that the shared store cannot take now: onto this node's own disk (docs/design/spool.md).

The pipeline commits by `Spooling` instead of the store itself. Nobody else does: what is not a submission is refused
while the store is away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall

from smsgwd.config.model.store import Spool as SpoolSection
from smsgwd.model.changes import Change, KeyMismatch, Note, Replayed, Result, Submit
from smsgwd.model.spooled import Waiting
from smsgwd.ports.clock import Clock
from smsgwd.ports.commits import Commits
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.spool import Spool
from smsgwd.telemetry import get_logger

_USUAL: Final = 1  # priority; what is above it waits for nothing
_LOOK_S: Final = 1.0
_ENOUGH: Final = 0.9  # of `memory`: below it new submissions go to the server again, and what waits does
_log = get_logger("store")


class Mixed(Exception):  # noqa: N818 -- what it says
    """Some of the submissions of a batch can be spooled, others cannot: nothing was done. One by one they can."""


class Spooling:
    """`store` where it can take things, `spool` where it cannot. `used`: asks for the bytes that the server holds.
    `wake` is called when something waits that did not."""

    def __init__(
        self,
        store: Commits,
        spool: Spool,
        section: SpoolSection,
        clock: Clock,
        reactor: Any,
        used: Callable[[], Deferred[int]],
    ) -> None:
        self.spool = spool
        self.wake: Callable[[], object] = lambda: None
        self.spooled = 0  #: messages since the start
        self._store = store
        self._section = section
        self._clock = clock
        self._reactor = reactor
        self._used = used
        self._over = False  # the server has held more than `memory`, and not much less since
        self._call: IDelayedCall | None = None

    @property
    def healthy(self) -> bool:
        """Whether submissions can be made durable, here or there."""
        return self._store.healthy or (self._section.away and self.spool.takes)

    @property
    def room(self) -> bool:
        """Whether the server should be given what waits."""
        return self._store.healthy and not self._over

    def start(self) -> None:
        """Look at the server's memory from now on, where there is a limit."""
        if self._section.memory and self._call is None:
            self._look()

    def stop(self) -> None:
        """No more."""
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._section = SpoolSection(away=False, memory=0, most=self._section.most)

    def commit(self, changes: Sequence[Change]) -> Deferred[list[Result]]:
        """See ports.Store. What is spooled has the result `model.spooled.Spooled`. Fails with Mixed where the batch
        must come in pieces."""
        store, spool, section = self._store, self.spool, self._section
        away = not store.healthy
        if (section.away if away else self._over) and spool.takes:
            submits = [change for change in changes if isinstance(change, Submit)]
            fit = [_keeps(each) and (away or _can_wait(each)) for each in submits]
            if all(fit) and all(isinstance(change, Submit | Note) for change in changes):
                return self._keep(changes)
            if any(fit):
                return fail(Mixed())
        if spool.messages and any(isinstance(each, Submit) and each.idempotency is not None for each in changes):
            return Deferred.fromCoroutine(self._asked_first(changes))
        return store.commit(changes)

    def _keep(self, changes: Sequence[Change]) -> Deferred[list[Result]]:
        notes: dict[int, list[Note]] = {}
        for change in changes:
            if isinstance(change, Note):
                notes.setdefault(change.message_id, []).append(change)
        waiting = [
            Waiting(change, tuple(note for message in change.messages for note in notes.get(message.id, ())))
            for change in changes
            if isinstance(change, Submit)
        ]
        count = sum(len(each.submit.messages) for each in waiting)

        def kept(results: Sequence[Result]) -> list[Result]:
            left = iter(results)
            self.spooled += count
            if self.spool.messages <= count:
                _log.warning("spool.begun", reason="the store is full" if self._store.healthy else "the store is away")
            self.wake()
            return [next(left) if isinstance(change, Submit) else None for change in changes]

        return self.spool.put(waiting, self._clock.now_ms()).addCallback(kept)

    async def _asked_first(self, changes: Sequence[Change]) -> list[Result]:
        """Of submissions with keys, those that one which waits has, too, are answered as that one was."""
        keyed = [
            (place, change.tenant, change.idempotency)
            for place, change in enumerate(changes)
            if isinstance(change, Submit) and change.idempotency is not None
        ]
        asked = [(tenant, key.key, key.digest) for _, tenant, key in keyed]
        found = await self.spool.ask(self.spool.file.known, asked)
        known: dict[int, Replayed | KeyMismatch] = {
            place: answer for (place, _, _), answer in zip(keyed, found, strict=True) if answer is not None
        }
        gone = {
            message.id for place in known if isinstance(change := changes[place], Submit) for message in change.messages
        }
        rest = {
            place: change
            for place, change in enumerate(changes)
            if place not in known and not (isinstance(change, Note) and change.message_id in gone)
        }
        results: list[Result] = [known.get(place) for place in range(len(changes))]
        for place, result in zip(rest, await self._store.commit(list(rest.values())), strict=True):
            results[place] = result
        return results

    # -- the server's memory ---------------------------------------------------------------------------------------

    def _look(self) -> None:
        self._call = self._reactor.callLater(_LOOK_S, self._look)
        self._used().addCallbacks(self._looked, lambda failure: failure.trap(StoreUnavailable))

    def _looked(self, used: int) -> None:
        memory = self._section.memory
        self._over = bool(memory) and used >= (_ENOUGH * memory if self._over else memory)


def _keeps(change: Submit) -> bool:
    """Whether there is anything to keep: no rehearsal, and not only asked what a key was answered."""
    return not change.rehearsed and bool(change.messages or change.answer)


def _can_wait(change: Submit) -> bool:
    """Whether nothing is lost by not asking the server, which is there: no key, no reference to be used once, no text
    that may be a repetition, nothing to be remembered of who was refused, nothing urgent and nothing due at a time."""
    return (
        change.idempotency is None
        and not change.unique
        and not change.texts
        and not change.whole
        and change.refused is None
        and all(message.priority <= _USUAL and not message.due_at for message in change.messages)
    )
