"""`blacklist list`, `add`, `remove`: numbers that the gateway sends nothing to, whoever asks."""

from __future__ import annotations

import re
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.model.changes import OptOut
from smsgwd.ops.params import carried_out, phone_digits, whole_number
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.timespec import format_epoch_ms

EVERYBODY: Final = ""  #: the tenant whose opt-out list counts for all
_MOST: Final = 10_000
_NUMBERS = Parameter("number", f"A number, country code first; several with commas or in lines, {_MOST} at most", True)


class Blacklist:
    """Commands about the gateway's blacklist; a tenant's own list is `optout`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "blacklist",
                "list",
                "Numbers that nobody's messages are sent to",
                self._list,
                (
                    Parameter("limit", f"How many, {_MOST} at most; 1000 if not given"),
                    Parameter("after", "Those behind this number"),
                ),
                role="operate",
                examples=("blacklist list",),
            ),
            Command(
                "blacklist",
                "add",
                "Send nothing more to a number",
                self._add,
                (_NUMBERS,),
                changes=True,
                role="operate",
                examples=("blacklist add +306912345678",),
            ),
            Command(
                "blacklist",
                "remove",
                "Let a number be sent to again",
                self._remove,
                (_NUMBERS,),
                changes=True,
                examples=("blacklist remove +306912345678",),
            ),
        ]

    def _list(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        limit = whole_number(params, "limit", 1000, _MOST)
        return carried_out(self._listed(params.get("after", "").lstrip("+"), limit))

    async def _listed(self, after: str, limit: int) -> list[dict[str, Any]]:
        entries = await self._store.opt_outs(EVERYBODY, after, limit)
        return [{"number": entry.msisdn, "since": format_epoch_ms(entry.at), "by": entry.source} for entry in entries]

    def _add(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._change(params, out=True)

    def _remove(self, params: Params) -> Deferred[dict[str, Any]]:
        return self._change(params, out=False)

    def _change(self, params: Params, *, out: bool) -> Deferred[dict[str, Any]]:
        written = [each.strip() for each in re.split(r"[,;\n]", params["number"]) if each.strip()]
        if not 0 < len(written) <= _MOST:
            raise CommandError(f"number: 1 to {_MOST} numbers")
        numbers = list(dict.fromkeys(phone_digits({"number": each}, "number") for each in written))
        return carried_out(self._changed(numbers, out))

    async def _changed(self, numbers: list[str], out: bool) -> dict[str, Any]:
        now = self._clock.now_ms()
        results = await self._store.commit([OptOut(EVERYBODY, number, out, now, "operator") for number in numbers])
        changed = sum(1 for result in results if result)
        answer = {"numbers": len(numbers), "blacklisted": out, "changed": changed}
        return {"number": f"+{numbers[0]}", **answer} if len(numbers) == 1 else answer
