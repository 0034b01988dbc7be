"""`store show`, `check`, `backup` and `vacuum`: care of the database while traffic goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.ops.params import flag
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.store import Progress, Store, StoreUnavailable
from smsgwd.telemetry import get_logger

_log = get_logger("ops")


class StoreCommands:
    """Commands about the store. `more` gives the progress of other long work that `store show` tells of, by name."""

    def __init__(self, store: Store, more: Callable[[], dict[str, Progress]] = dict) -> None:
        self._store = store
        self._more = more

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "store",
                "show",
                "What the store takes and holds, and long work under way",
                self._show,
                examples=("store show",),
            ),
            Command(
                "store",
                "check",
                "Look for damage; traffic goes on",
                self._check,
                (Parameter("deep", "yes = also compare indexes with their tables: slower", values="yes"),),
                long=True,
                role="operate",
                examples=("store check", "store check --deep"),
            ),
            Command(
                "store",
                "backup",
                "Write a copy to a new file; traffic goes on",
                self._backup,
                (Parameter("file", "Absolute path, on the gateway's host, of a file there is not yet", required=True),),
                long=True,
                role="operate",
                changes=True,
                examples=("store backup /var/backups/smsgwd/store-20261122.db",),
            ),
            Command(
                "store",
                "vacuum",
                "Give free space back to the file system",
                self._vacuum,
                changes=True,
                long=True,
                role="operate",
                examples=("store vacuum",),
            ),
        ]

    def _show(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._gather())

    async def _gather(self) -> dict[str, Any]:
        try:
            space = await self._store.space()
            counts = await self._store.counts()
        except StoreUnavailable as error:
            raise CommandError(f"the store cannot be read: {error}") from None
        upkeep = {**self._store.upkeep(), **self._more()}
        spooled = self._store.spooled()
        return {
            "healthy": self._store.healthy,
            **msgspec.to_builtins(space),
            "queued": sum(queue.queued for queue in counts.queues),
            "scheduled": counts.scheduled,
            "sent_without_receipt": counts.sent_without_receipt,
            "outbox_pending": counts.outbox_pending,
            "outbox_dead": counts.outbox_dead,
            "parked": counts.parked,
            "orphans": counts.orphans,
            **({} if spooled is None else {"spool": msgspec.to_builtins(spooled)}),
            "upkeep": {name: msgspec.to_builtins(progress) for name, progress in upkeep.items()},
        }

    def _check(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._checked(flag(params, "deep")))

    async def _checked(self, deep: bool) -> dict[str, Any]:
        try:
            report = await self._store.check(deep=deep)
        except (StoreUnavailable, ValueError) as error:
            raise _failed("check", error) from None
        return {
            "ok": not report.problems,
            **msgspec.to_builtins(report),
            "problems": list(report.problems),
            "seconds": round(report.seconds, 2),
        }

    def _backup(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._backed_up(params["file"]))

    async def _backed_up(self, file: str) -> dict[str, Any]:
        if not file.startswith("/"):
            raise CommandError("file must be an absolute path: the gateway writes it, not this command")
        try:
            size = await self._store.backup(file)
        except (StoreUnavailable, ValueError) as error:
            raise _failed("backup", error) from None
        _log.info("store.backed_up", file=file, bytes=size)
        return {"file": file, "bytes": size}

    def _vacuum(self, params: Params) -> Deferred[dict[str, Any]]:
        return Deferred.fromCoroutine(self._vacuumed())

    async def _vacuumed(self) -> dict[str, Any]:
        try:
            given = await self._store.vacuum()
            space = await self._store.space()
        except (StoreUnavailable, ValueError) as error:
            raise _failed("vacuum", error) from None
        return {"given_back": given, **msgspec.to_builtins(space)}


def _failed(what: str, error: Exception) -> CommandError:
    reason = str(error).removeprefix(f"the {what} failed: ")  # as the store says it of what the machine does to it
    if isinstance(error, StoreUnavailable):  # else the wish was wrong: nothing went wrong here
        _log.error("store.upkeep_failed", what=what, reason=reason)
    return CommandError(f"the {what} failed: {reason}")
