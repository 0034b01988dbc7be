"""`drain`: stop taking messages for a while, see what is left, and take them again."""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred

from smsgwd.ops.params import carried_out
from smsgwd.ops.registry import Command, Params
from smsgwd.ports.dispatch import Dispatcher
from smsgwd.ports.store import Store


class Draining(Protocol):
    """Closes and opens the ways in (`app.drain.Drain`)."""

    @property
    def active(self) -> bool:
        """True from `begin` to `end`."""

    @property
    def seconds(self) -> float:
        """For how long it has lasted."""

    def begin(self) -> None:
        """Refuse new submissions."""

    def end(self) -> None:
        """Take them again."""


class Drains:
    """Commands about it."""

    def __init__(self, drain: Draining, store: Store, dispatcher: Dispatcher) -> None:
        self._drain = drain
        self._store = store
        self._dispatcher = dispatcher

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "drain",
                "begin",
                "/ready answers 503 and new messages are refused as at a shutdown; all else goes on. A restart ends it",
                self._begin,
                changes=True,
                role="operate",
                look=self._state,
                examples=("drain begin",),
            ),
            Command(
                "drain",
                "end",
                "Take messages again",
                self._end,
                changes=True,
                role="operate",
                look=self._state,
                examples=("drain end",),
            ),
            Command("drain", "show", "Whether it drains, and what is left to do", self._show, examples=("drain show",)),
        ]

    def _state(self, params: Params) -> dict[str, Any]:
        return {"draining": self._drain.active}

    def _begin(self, params: Params) -> Deferred[dict[str, Any]]:
        self._drain.begin()
        return self._show(params)

    def _end(self, params: Params) -> Deferred[dict[str, Any]]:
        self._drain.end()
        return self._show(params)

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._left())

    async def _left(self) -> dict[str, Any]:
        state = {"draining": self._drain.active, "seconds": round(self._drain.seconds, 1)}
        state["in_flight"] = len(self._dispatcher.in_flight())
        counts = await self._store.counts()
        return {
            **state,
            "queued": sum(queue.queued for queue in counts.queues),
            "scheduled": counts.scheduled,
            "held": counts.held,
            "awaiting_receipt": counts.sent_without_receipt,
            "pushes_pending": counts.outbox_pending,
        }
