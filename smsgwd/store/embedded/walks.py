"""How far the slow walks over old rows are: what the writer remembers of them between its small steps.

Nothing here is durable. After a restart, or a rollback, a walk begins again; what it deleted before is not there to be
looked at twice.
"""

from __future__ import annotations

from typing import Any, Final

from smsgwd.model.ids import first_id_at

_ROUND_MS: Final = 3_600_000
_BEFORE_ALL: Final = -(1 << 62)


class PurgeWalk:
    """Over the messages, oldest first. A pass looks at what has become old enough since the last one; once an hour one
    begins at the very first again, for those that were open or owed to somebody. Times are ms since 1970, UTC.

    A pass first gathers which of its messages somebody is owed (from the two partial indexes of the outbox, page by
    page). Later pushes enter themselves (`pushes.Pushes.add`); what was given up and is revived makes it gather again.
    """

    def __init__(self) -> None:
        self.running = False
        self.place = -1  #: the last id looked at
        self.until = 0  #: ids of this pass are below
        self.owed: set[int] = set()  #: those of them that somebody is owed, or that were given up and kept
        self.owed_below = 0  #: pushes of messages below this enter themselves; 0 = no pass is under way
        self.gathering: tuple[int, tuple[Any, ...]] | None = None  #: (status, key) reached; None = gathered
        self.gathered = 0  #: rows
        self.put_off: set[int] = set()  #: pushes whose time changed while gathering: they may have been passed over
        self._began = _BEFORE_ALL
        self._round_began = _BEFORE_ALL

    def begin(self, before: int) -> bool:
        """Begin a pass over what was submitted before `before`; False when it is too early for one."""
        if before < self._began - _ROUND_MS:  # the wall clock was set back
            self._began = self._round_began = _BEFORE_ALL
        if before - self._began < min(self.gathered, _ROUND_MS):
            return False
        if before - self._round_began >= _ROUND_MS:
            self._round_began = before
            self.place = -1
        self._began = before
        self.until = first_id_at(before)
        self.running = True
        return True

    def gather(self) -> None:
        """Find out anew, while a pass is under way, what is owed."""
        if self.running:
            self.owed_below = self.until
            self.gathering = (0, ())
            self.put_off = set()
            self.gathered = 0

    def end(self) -> None:
        """The pass is through."""
        self.running = False
        self.owed_below = 0
        self.gathering = None
        self.owed, self.put_off = set(), set()


class PageWalk:
    """Over the rows of one index or table by their key: `place` is the last key seen, () = at the beginning."""

    def __init__(self) -> None:
        self.place: tuple[Any, ...] = ()
        self.through = False

    def seen(self, place: tuple[Any, ...], *, last: bool) -> None:
        """A page was looked at, up to `place`; `last` when it was the last one."""
        self.place = () if last else place
        self.through = last


class EraseWalk:
    """Over what is no message, for one person's number: which kind it is at, and where in it."""

    def __init__(self) -> None:
        self.number = ""
        self.kind = 0
        self.place: tuple[Any, ...] = ()

    def begin(self, number: str) -> None:
        """Begin at the first kind."""
        self.number, self.kind, self.place = number, 0, ()


class Walks:
    """All of them."""

    def __init__(self) -> None:
        self.messages = PurgeWalk()
        self.ids = PageWalk()
        self.ids_again = _BEFORE_ALL  #: not before a change with this `before` a further round of the ids begins
        self.given_up = PageWalk()
        self.untaken = PageWalk()
        self.erase = EraseWalk()

    def begin_ids(self, before: int) -> bool:
        """May a round of the SMSC ids go on, or begin? At most one begins an hour."""
        if self.ids.place:
            return True
        if self.ids_again - 2 * _ROUND_MS < before < self.ids_again:
            return False
        self.ids_again = before + _ROUND_MS
        return True
