"""`message`: find, show, trace, resend, cancel, erase: messages of whichever tenant, and one person's data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.message import HELD, PUBLIC_STATES, Message, MessageView, State, states_called
from smsgwd.model.money import format_money
from smsgwd.model.submission import Entry
from smsgwd.ops.params import carried_out, flag, moment, phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ops.tracing import header, push_rows, steps
from smsgwd.ports.store import FindFilter, Store, StoreUnavailable
from smsgwd.telemetry.redact import mask_number
from smsgwd.timespec import format_epoch_ms

#: Erases a number (digits), with True also from opt-out lists; how many rows, by kind. Fails with ValueError when it
#: cannot begin.
Eraser = Callable[[str, bool], "Deferred[dict[str, int]]"]
_MOST_FOUND: Final = 1000
_MOST_READS: Final = 20  # of pages that found too little: then the operator says whether to go on
_ID = Parameter("id", "Its id", required=True)
_NUMBERS = Parameter("numbers", "yes = phone numbers in full; takes the role operate", values="yes", role="operate")


class Cancelling(Protocol):
    """Takes messages back as their tenants could (`app.messages`)."""

    def cancel(self, tenant: str, any_id: int) -> Deferred[Any]:
        """Cancel one. Fails with Refused (NOT_FOUND, TOO_LATE, STORE_UNAVAILABLE)."""
        ...


class Resending(Protocol):
    """Sends messages again (`app.resend`)."""

    def resend(self, message_id: int, *, force: bool, free: bool) -> Deferred[Entry]:
        """The new message, or why there is none. Fails with Refused, StoreUnavailable."""
        ...


class Encoding(Protocol):
    """Makes the PDUs of a message once more (`app.pdus`)."""

    def pdus(self, message: Message, *, numbers: bool, text: bool) -> list[dict[str, Any]]:
        """The fields of each, JSON-ready. ValueError where it cannot be told."""
        ...


class Messages:
    """Commands about messages."""

    def __init__(
        self, store: Store, erase: Eraser, cancelling: Cancelling, resending: Resending, encoding: Encoding
    ) -> None:
        self._store = store
        self._erase = erase
        self._cancelling = cancelling
        self._resending = resending
        self._encoding = encoding

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "message",
                "find",
                "Messages of all tenants, newest first; never their texts",
                self._find,
                (
                    Parameter("number", "To this number"),
                    Parameter("from", "Under this sender, as written"),
                    Parameter("smsc_id", "The SMSC's id, as in its answer or its receipt"),
                    Parameter("ref", "The tenant's client_ref"),
                    Parameter("submission", "Of this submission"),
                    Parameter("tenant", "Of this tenant", values="tenant"),
                    Parameter("connector", "On this connector", values="connector"),
                    Parameter("states", f"Of {','.join(PUBLIC_STATES)}, separated by commas"),
                    Parameter("since", "Submitted at this time (RFC 3339, or a date) or later"),
                    Parameter("until", "Submitted before this time"),
                    Parameter("limit", f"How many, {_MOST_FOUND} at most; 50 if not given"),
                    Parameter("before", "Go on below this id"),
                    _NUMBERS,
                ),
                examples=(
                    "message find number=+306912345678",
                    "message find tenant=shop states=undelivered,rejected since=2026-11-20",
                ),
            ),
            Command(
                "message",
                "show",
                "What became of one message, without its text",
                self._show,
                (_ID, _NUMBERS),
                examples=("message show 123456789",),
            ),
            Command(
                "message",
                "trace",
                "The whole way of one message: attempts, answers, receipts, pushes, in the order of time",
                self._trace,
                (
                    _ID,
                    Parameter("pdus", "yes = its PDUs, too, encoded again from what is stored", values="yes"),
                    Parameter("text", "yes = its text and the octets of its PDUs, too", values="yes", role="admin"),
                    _NUMBERS,
                ),
                role="operate",
                examples=("message trace 123456789", "message trace 123456789 pdus=yes numbers=yes"),
            ),
            Command(
                "message",
                "resend",
                "Send it again as a new message of its tenant, charged as any",
                self._resend,
                (
                    _ID,
                    Parameter("force", "yes = also one that came, or may still come", values="yes"),
                    Parameter("free", "yes = its tenant gets the price back", values="yes"),
                ),
                changes=True,
                examples=("message resend 123456789 free=yes",),
            ),
            Command(
                "message",
                "cancel",
                "Take back what has not left, as its tenant could; a submission's id takes all of it",
                self._cancel,
                (_ID,),
                changes=True,
                role="operate",
                look=self._look,
                examples=("message cancel 123456789",),
            ),
            Command(
                "message",
                "erase",
                "Remove one person's data everywhere: number, texts, references; what has not left is cancelled",
                self._run,
                (
                    Parameter("number", "The person's number, country code first", required=True),
                    Parameter(
                        "opt_out",
                        "yes = also from the opt-out lists: the person may be written to again",
                        values="yes",
                    ),
                ),
                changes=True,
                long=True,
                hides=("number",),
                examples=("message erase +306912345678",),
            ),
        ]

    # ------------------------------------------------------------------ looking
    def _find(self, params: Params) -> Deferred[dict[str, Any]]:
        states: list[State] = []
        for name in filter(None, params.get("states", "").split(",")):
            found = states_called(name)
            if not found:
                raise CommandError(f"states: of {', '.join(PUBLIC_STATES)}, separated by commas")
            states += found
        where = FindFilter(
            tenant=params.get("tenant", ""),
            msisdn=phone_digits(params, "number") if "number" in params else "",
            source=params.get("from", ""),
            smsc_id=params.get("smsc_id", ""),
            client_ref=params.get("ref", ""),
            submission=whole_number(params, "submission", 0),
            connector=params.get("connector", ""),
            states=tuple(states),
            from_ms=moment(params, "since"),
            to_ms=moment(params, "until"),
        )
        before = whole_number(params, "before", 0) or None
        limit = max(1, whole_number(params, "limit", 50, _MOST_FOUND))
        return carried_out(self._found(where, before, limit, flag(params, "numbers")))

    async def _found(self, where: FindFilter, before: int | None, limit: int, numbers: bool) -> dict[str, Any]:
        views: list[MessageView] = []
        for _ in range(_MOST_READS):
            page = await self._store.find(where, before, limit - len(views))
            views += page.views
            before = page.before
            if before is None or len(views) >= limit:
                break
        return {
            "before": None if before is None else str(before),
            "messages": [_row(view, numbers=numbers) for view in views],
        }

    def _trace(self, params: Params) -> Deferred[dict[str, Any]]:
        shows = flag(params, "numbers"), flag(params, "text")
        return carried_out(self._traced(_id(params), flag(params, "pdus"), *shows))

    async def _traced(self, message_id: int, pdus: bool, numbers: bool, text: bool) -> dict[str, Any]:
        trace = await self._store.trace(message_id)
        if trace is None:
            raise _no_such(message_id)
        shown = header(trace.view, numbers=numbers, text=text)
        shown["steps"] = steps(trace, numbers=numbers)
        shown["pushes"] = push_rows(trace.pushes)
        if pdus:
            try:
                shown["pdus_encoded_again"] = self._encoding.pdus(trace.view.message, numbers=numbers, text=text)
            except ValueError as error:
                shown["pdus_encoded_again"] = f"cannot be told: {error}"
        return shown

    async def _look(self, params: Params) -> dict[str, Any]:
        """What the audit compares."""
        message_id = _id(params)
        trace = await carried_out(self._traced_only(message_id))
        if trace is None:
            raise _no_such(message_id)
        return {"id": str(message_id), "state": trace.view.message.state.public}

    async def _traced_only(self, message_id: int) -> Any:
        return await self._store.trace(message_id)

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._shown(_id(params), flag(params, "numbers")))

    async def _shown(self, message_id: int, numbers: bool) -> dict[str, Any]:
        try:
            tenant = await self._store.tenant_of(message_id)
            view = None if tenant is None else await self._store.message(tenant, message_id)
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        if view is None:
            raise _no_such(message_id)
        message = view.message
        return {
            "id": str(message.id),
            "tenant": message.tenant,
            "from": message.source,
            "to": message.dest if numbers else mask_number(message.dest),
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

    # ------------------------------------------------------------------ changing
    def _resend(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._resent(_id(params), flag(params, "force"), flag(params, "free")))

    async def _resent(self, message_id: int, force: bool, free: bool) -> dict[str, Any]:
        entry = await self._resending.resend(message_id, force=force, free=free)
        if entry.error is not None or entry.state is None:
            why = entry.error
            raise CommandError("it is not taken" if why is None else f"it is not taken: {why.code}: {why.detail}")
        return {
            "id": str(entry.id),
            "instead_of": str(message_id),
            "state": entry.state.public,
            "parts": entry.parts,
            "price": format_money(entry.price),
            "given_back": format_money(entry.price if free else 0),
        }

    def _cancel(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._cancelled(_id(params)))

    async def _cancelled(self, any_id: int) -> dict[str, Any]:
        tenant = await self._store.tenant_of(any_id)
        if tenant is None:
            page = await self._store.find(FindFilter(submission=any_id), None, 1)
            tenant = page.views[0].message.tenant if page.views else None
        if tenant is None:
            raise _no_such(any_id)
        found = await self._cancelling.cancel(tenant, any_id)
        views = found if isinstance(found, list) else [found]
        return {
            "id": str(any_id),
            "cancelled": sum(view.message.state is State.CANCELLED for view in views),
            "others": sum(view.message.state is not State.CANCELLED for view in views),
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


def _id(params: Params) -> int:
    written = params["id"]
    if not (written.isascii() and written.isdigit() and len(written) < 20):
        raise CommandError("id must be the number of a message")
    return int(written)


def _no_such(message_id: int) -> CommandError:
    return CommandError(f"there is no message {message_id}; one that is over is deleted after retention.messages_d")


def _row(view: MessageView, *, numbers: bool) -> dict[str, Any]:
    """One of `message find`."""
    message = view.message
    return {
        "id": str(message.id),
        "tenant": message.tenant,
        "from": message.source,
        "to": message.msisdn if numbers else mask_number(message.msisdn),
        "state": message.state.public,
        "connector": message.connector,
        "parts": message.parts,
        "smsc_id": view.smsc_id,
        "client_ref": message.client_ref,
        "submitted_at": format_epoch_ms(message.submitted_at),
        "done_at": None if view.done_at is None else format_epoch_ms(view.done_at),
        "error": None if view.error is None else view.error.code,
    }
