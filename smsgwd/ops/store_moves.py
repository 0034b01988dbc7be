"""`store migrate` and what goes with it: all that is stored into a store of the other kind, while the gateway works."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from smsgwd.ops.params import flag
from smsgwd.ops.registry import Command, Parameter, Params


class Moving(Protocol):
    """Moves the store (`app.mover.Mover`)."""

    def begin(self, hold: bool) -> Awaitable[None]:
        """Begin a move to the store that the configuration file names now. With `hold` the gateway goes on with the old
        store until `finish`. Raises CommandError."""

    def finish(self) -> None:
        """What is held goes on. Raises CommandError."""

    def cancel(self) -> Awaitable[str]:
        """End it; what is left to do, in words. Raises CommandError."""

    def show(self) -> dict[str, Any]:
        """How far it is, JSON-ready."""


class StoreMoves:
    """Commands about it."""

    def __init__(self, moving: Moving) -> None:
        self._moving = moving

    def commands(self) -> list[Command]:
        """The commands of this family."""
        hold = Parameter("hold", "yes = go on with the old store until store migrate-finish", values="yes")
        return [
            Command(
                "store",
                "migrate",
                "Move all that is stored to the store that the configuration file names now; traffic goes on",
                self._begin,
                (hold,),
                changes=True,
                examples=("store migrate", "store migrate --hold"),
            ),
            Command(
                "store", "migrate-show", "How far the move is, or why it was not done", self._show,
                examples=("store migrate-show",),
            ),
            Command(
                "store",
                "migrate-finish",
                "End a move that is held: the gateway stops for some seconds and begins anew on the other store",
                self._finish,
                changes=True,
                examples=("store migrate-finish",),
            ),
            Command(
                "store",
                "migrate-cancel",
                "End a move that is under way, or was not done, and remove what it has written",
                self._cancel,
                changes=True,
                examples=("store migrate-cancel",),
            ),
        ]  # fmt: skip

    def _begin(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._begun(flag(params, "hold")))

    async def _begun(self, hold: bool) -> dict[str, Any]:
        await self._moving.begin(hold)
        return self._moving.show()

    def _show(self, params: Params) -> dict[str, Any]:
        return self._moving.show()

    def _finish(self, params: Params) -> dict[str, Any]:
        self._moving.finish()
        return self._moving.show()

    def _cancel(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._cancelled())

    async def _cancelled(self) -> dict[str, Any]:
        left = await self._moving.cancel()
        return {"cancelled": True, "left_to_do": left}
