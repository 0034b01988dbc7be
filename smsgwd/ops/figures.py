"""`figures show`: one snapshot of counters and states, for `smsgwctl top` and other screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.ops.params import whole_number
from smsgwd.ops.registry import Command, Parameter, Params

_USUAL: Final = 20
_MOST: Final = 200


class Figures:
    """The commands of this family. `gather` reads the snapshot, with so many tenants."""

    def __init__(self, gather: Callable[[int], Awaitable[dict[str, Any]]]) -> None:
        self._gather = gather

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "figures",
                "show",
                "Counters, latencies and states at this moment: what `top` shows and works out rates from",
                self._show,
                (Parameter("tenants", f"How many tenants, those who send most first; {_USUAL} if left out"),),
                examples=("figures show --json", "figures show tenants=5"),
            )
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        most = whole_number(params, "tenants", _USUAL, _MOST)
        return Deferred.fromCoroutine(self._read(most))

    async def _read(self, most: int) -> dict[str, Any]:
        return await self._gather(most)
