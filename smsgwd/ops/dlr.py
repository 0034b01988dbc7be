"""`dlr push` and `dlr status`: receipts told to tenants once more, and those that carriers owe us."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred

from smsgwd.model.message import State
from smsgwd.model.operators import Repush, Repushed
from smsgwd.ops.params import carried_out, moment
from smsgwd.ops.picks import AGE_NAMES, age_column
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.store import Store
from smsgwd.telemetry import get_logger

_STEP: Final = 1000  # rows of one change
_MOST_IDS: Final = 1000
_PAGE: Final = 20_000
_MOST_COUNTED: Final = 200_000
_log = get_logger("ops")


class Receipts:
    """Commands about receipts. `look(target)` makes the pushing side look at what the store owes a target."""

    def __init__(self, store: Store, clock: Clock, look: Callable[[str], None]) -> None:
        self._store = store
        self._clock = clock
        self._look = look

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "dlr",
                "status",
                "Receipts that carriers owe us, by connector and time since the message was sent; parked ones, orphans",
                lambda params: carried_out(self._status()),
                long=True,
                examples=("dlr status",),
            ),
            Command(
                "dlr",
                "push",
                "Tell tenants again what they were told: of messages, or of a span of time; webhook-id stays the same",
                self._push,
                (
                    Parameter("id", "Of these messages: ids, separated by commas"),
                    Parameter("tenant", "Of this tenant", values="tenant"),
                    Parameter("target", "To this target, as `outbox list` names it", values="target"),
                    Parameter("from", "Of the time from this one on (RFC 3339, or a date)"),
                    Parameter("to", "Up to before this time; now if not given"),
                ),
                changes=True,
                long=True,
                role="operate",
                examples=(
                    "dlr push 123456789,123456790",
                    "dlr push tenant=shop from=2026-11-21T08:00:00Z to=2026-11-21T09:30:00Z",
                ),
            ),
        ]

    # ------------------------------------------------------------------ what carriers owe
    async def _status(self) -> dict[str, Any]:
        counts = await self._store.counts()
        now = self._clock.now_ms()
        found: dict[str, dict[str, int]] = {}
        oldest: dict[str, int] = {}
        after = seen = 0
        more = True
        while more and seen < _MOST_COUNTED:
            page = await self._store.waiting("", (State.SENT,), after, _PAGE)
            for view in page:
                sent_at = view.message.submitted_at if view.sent_at is None else view.sent_at
                columns = found.setdefault(view.message.connector, dict.fromkeys(AGE_NAMES, 0))
                columns[age_column((now - sent_at) / 1000)] += 1
                oldest[view.message.connector] = min(sent_at, oldest.get(view.message.connector, sent_at))
            seen += len(page)
            more = len(page) == _PAGE
            after = page[-1].message.id if page else after
        return {
            "sent_without_receipt": counts.sent_without_receipt,
            "counted": seen,
            "parked": counts.parked,
            "orphans": counts.orphans,
            "connectors": [
                {
                    "connector": name,
                    **columns,
                    "waiting": sum(columns.values()),
                    "oldest_s": max(0, now - oldest[name]) // 1000,
                }
                for name, columns in sorted(found.items())
            ],
        }

    # ------------------------------------------------------------------ what we owe
    def _push(self, params: Params) -> Deferred[dict[str, Any]]:
        written = params.get("id", "")
        ids = tuple(_number(each) for each in written.split(",")) if written else ()
        tenant, target = params.get("tenant", ""), params.get("target", "")
        begin, end = moment(params, "from"), moment(params, "to")
        now = self._clock.now_ms()
        if ids:
            if tenant or target or begin is not None or end is not None:
                raise CommandError("either id=, or from= (and to=) with tenant= or target= where it is not for all")
            if len(ids) > _MOST_IDS:
                raise CommandError(f"id: {_MOST_IDS} at most")
            return carried_out(self._pushed(Repush(now, ids)))
        if begin is None:
            raise CommandError("say which: id=, or from= (and to=), with tenant= or target= where it is not for all")
        end = now + 1 if end is None else end
        if end <= begin:
            raise CommandError("to is not behind from")
        return carried_out(
            self._pushed(Repush(now, tenant=tenant, target=target, from_ms=begin, to_ms=end, limit=_STEP))
        )

    async def _pushed(self, change: Repush) -> dict[str, Any]:
        count, more = 0, True
        targets: dict[str, None] = {}
        try:
            while more:
                [result] = await self._store.commit([change])
                if not isinstance(result, Repushed):
                    raise TypeError(f"a store answered {type(result).__name__} to a Repush")
                count += result.count
                targets.update(dict.fromkeys(result.targets))
                more = result.more
                change = Repush(
                    change.at,
                    change.message_ids,
                    change.tenant,
                    change.target,
                    change.from_ms,
                    change.to_ms,
                    result.last,
                )
        finally:
            for target in targets:
                self._look(target)
        _log.info("outbox.changed", command="dlr push", count=count, targets=len(targets))
        return {"pushed": count, "targets": list(targets)}


def _number(written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) < 20):
        raise CommandError("id: numbers of messages, separated by commas")
    return int(written)
