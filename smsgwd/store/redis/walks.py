"""How far the slow walks over old rows are: what a node remembers of them between its small steps.

Nothing here is durable, and no two nodes share it: after a restart a walk begins again. What it deleted before is not
there to be looked at twice.
"""

from __future__ import annotations

from typing import Final

import msgspec

from smsgwd.model.ids import first_id_at

_ROUND_MS: Final = 3_600_000
_BEFORE_ALL: Final = -(1 << 62)
_ABOVE_ALL: Final = (1 << 63) - 1

#: Where a walk over an index is: score and member seen last; None = at its beginning.
Place = tuple[float, bytes] | None


class PurgeWalk(msgspec.Struct, gc=False):
    """Over the messages, oldest first. A pass looks at what has become old enough since the last one; once an hour one
    begins at the very first again, for those that were open or owed to somebody. Times are ms since 1970, UTC."""

    running: bool = False
    place: int = -1  #: the last id looked at
    until: int = 0  #: ids of this pass are below
    began: int = _BEFORE_ALL
    round_began: int = _BEFORE_ALL

    def begin(self, before: int) -> bool:
        """Begin a pass over what was submitted before `before`, or go on with one; False when it is too early."""
        if self.running:
            # The wall clock may have been set back since the pass began: what is young by it now stays.
            self.until = min(self.until, first_id_at(before))
            return True
        if before < self.began - _ROUND_MS:  # the wall clock was set back
            self.began = self.round_began = _BEFORE_ALL
        if before < self.began:
            return False
        if before - self.round_began >= _ROUND_MS:
            self.round_began = before
            self.place = -1
        self.began = before
        self.until = min(first_id_at(before), _ABOVE_ALL)
        self.running = True
        return True

    def end(self) -> None:
        """The pass is through."""
        self.place = self.until - 1
        self.running = False


class EraseWalk(msgspec.Struct, gc=False):
    """Over what is no message, for one person's number: which index it is at, and where in it."""

    number: str = ""
    index: int = 0
    place: Place = None


class Walks(msgspec.Struct, gc=False):
    """All of them."""

    messages: PurgeWalk = msgspec.field(default_factory=PurgeWalk)
    pushes: int = -1  #: the last one looked at, of those that were given up or never taken
    erase: EraseWalk = msgspec.field(default_factory=EraseWalk)
