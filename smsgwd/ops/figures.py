"""`figures show`, `figures history`: counters and states of this moment, and rates of the last hour or day, for
`smsgwctl top` and other screens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal, Protocol, get_args

from twisted.internet.defer import Deferred

from smsgwd.ops.params import whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params

Span = Literal["hour", "day"]

_USUAL: Final = 20
_MOST: Final = 200
_SPANS: Final[tuple[Span, ...]] = get_args(Span)


class History(Protocol):
    """What the figures were (`app.figure_history`)."""

    def read(self, span: Span, connector: str) -> dict[str, Any]:
        """Columns of samples, the oldest first: `times` (seconds since 1970), and by name so many numbers, None for
        what is not known; of `connectors` the last sample. With a connector's id all of that one's, too."""
        ...


class Figures:
    """The commands of this family. `gather` reads the snapshot, with so many tenants; `history` has what was before."""

    def __init__(self, gather: Callable[[int], Awaitable[dict[str, Any]]], history: History) -> None:
        self._gather = gather
        self._history = history

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
            ),
            Command(
                "figures",
                "history",
                "Messages a second, what waits, and latencies of the last hour (each 10 s) or day (each minute), of"
                " this node since it was started",
                self._read_history,
                (
                    Parameter("span", "hour or day; hour if left out", values="|".join(_SPANS)),
                    Parameter("connector", "Also what this one has submitted", values="connector"),
                ),
                examples=("figures history --json", "figures history span=day connector=sim --json"),
            ),
        ]

    def _read_history(self, params: Params) -> dict[str, Any]:
        wanted = params.get("span", _SPANS[0])
        for span in _SPANS:
            if wanted == span:
                return self._history.read(span, params.get("connector", ""))
        raise CommandError(f"span: one of {', '.join(_SPANS)}")

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        most = whole_number(params, "tenants", _USUAL, _MOST)
        return Deferred.fromCoroutine(self._read(most))

    async def _read(self, most: int) -> dict[str, Any]:
        return await self._gather(most)
