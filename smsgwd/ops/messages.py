"""`message show` and `message erase`: one message of whichever tenant, and the removal of one person's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.message import HELD
from smsgwd.ops.params import flag, phone_digits
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.store import Store, StoreUnavailable
from smsgwd.timespec import format_epoch_ms

#: Erases a number (digits), with True also from opt-out lists; how many rows, by kind. Fails with ValueError when it
#: cannot begin.
Eraser = Callable[[str, bool], "Deferred[dict[str, int]]"]


class Messages:
    """Commands about messages."""

    def __init__(self, store: Store, erase: Eraser) -> None:
        self._store = store
        self._erase = erase

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "message",
                "show",
                "What became of one message, without its text",
                self._show,
                (Parameter("id", "Its id", required=True),),
            ),
            Command(
                "message",
                "erase",
                "Remove one person's data everywhere: number, texts, references; what has not left is cancelled",
                self._run,
                (
                    Parameter("number", "The person's number, country code first", required=True),
                    Parameter("opt_out", "yes = also from the opt-out lists: the person may be written to again"),
                ),
                changes=True,
                long=True,
            ),
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._shown(params["id"]))

    async def _shown(self, written: str) -> dict[str, Any]:
        if not (written.isascii() and written.isdigit() and len(written) < 20):
            raise CommandError("id must be the number of a message")
        message_id = int(written)
        try:
            tenant = await self._store.tenant_of(message_id)
            view = None if tenant is None else await self._store.message(tenant, message_id)
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        if view is None:
            raise CommandError(f"there is no message {written}; one that is over is deleted after retention.messages_d")
        message = view.message
        return {
            "id": str(message.id),
            "tenant": message.tenant,
            "from": message.source,
            "to": message.dest,
            "state": message.state.public,
            "connector": message.connector,
            "tried": message.tried or "",
            "attempts": message.attempts,
            "parts": message.parts,
            "submitted_at": format_epoch_ms(message.submitted_at),
            "deadline": format_epoch_ms(message.deadline),
            "due_at": format_epoch_ms(message.due_at % HELD) if message.due_at % HELD else None,
            "held": message.due_at >= HELD,
            "sent_at": None if view.sent_at is None else format_epoch_ms(view.sent_at),
            "done_at": None if view.done_at is None else format_epoch_ms(view.done_at),
            "error": None if view.error is None else msgspec.to_builtins(view.error),
            "events": [{**msgspec.to_builtins(event), "at": format_epoch_ms(event.at)} for event in view.events],
        }

    def _run(self, params: Params) -> Deferred[dict[str, int]]:
        return Deferred.fromCoroutine(self._erased(phone_digits(params, "number"), flag(params, "opt_out")))

    async def _erased(self, msisdn: str, opt_out: bool) -> dict[str, int]:
        try:
            return await self._erase(msisdn, opt_out)
        except StoreUnavailable as error:
            raise CommandError(f"the store failed on the way, run it again: {error}") from None
        except ValueError as error:
            raise CommandError(str(error)) from None
