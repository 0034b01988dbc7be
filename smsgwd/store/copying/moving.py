"""A store into another of the other kind, while gateways work on the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a gateway needs no more than this module as long as it does not move
    from smsgwd.store.copying.copy import Told


class NotMoved(Exception):  # noqa: N818 -- named after what it says
    """It cannot be done, and why. The store that it began from is as it was."""


class Move(Protocol):
    """One move: `bulk`, `follow` as often as is wanted, then `last` and `done`; or `abandon` at any time before.

    Whatever fails raises NotMoved, or what the two stores raise (OSError, sqlite3.Error, ValueError, those of Redis);
    nothing but `abandon` may be called then. Until `done` no gateway starts on the target.
    """

    async def bulk(self, told: Told) -> None:
        """The target has what the source had at one moment or another of this call, read again and compared. Raises
        NotMoved where the target has something already that is not a piece of an earlier move or import."""

    async def follow(self, told: Told) -> int:
        """The target is brought to what the source has by now; how many records were other, new or gone."""

    async def last(self, told: Told) -> int:
        """Nobody works on the source any more: from here on the target has what the source has, which is checked, and
        has it on its disk. How many records were other, new or gone."""

    async def done(self) -> None:
        """The target is on its disk, and gateways may start on it. May be called again after it was interrupted."""

    async def abandon(self) -> None:
        """Nothing of the target is left."""
