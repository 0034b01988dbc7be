"""`queue list`, `shape`, `peek`, `move`, `hold`, `release`, `purge`: what waits for which connector."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.ops.params import carried_out, flag, whole_number
from smsgwd.ops.picks import AGE_NAMES, KINDS, Desk, Pick
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.ports.dispatch import ConnectorStatus, Dispatcher
from smsgwd.ports.store import QueueDepth, Store
from smsgwd.telemetry import get_logger
from smsgwd.telemetry.redact import mask_number

_ENDED_UNLESS_TOLD: Final = "queued,retry"
_MOST_SHOWN: Final = 1000
_MOST_REASON: Final = 200
_log = get_logger("ops")


_CONNECTOR = Parameter("connector", "Its id", required=True, values="connector")
_TENANT = Parameter("tenant", "Only this one's; all if not given", values="tenant")
_PREFIX = Parameter("prefix", "Only to numbers that begin so (digits)")
_OLDER = Parameter("older_s", "Only those submitted so many seconds ago, or earlier")
_REASON = Parameter("reason", "Why: stands in the history of each message and in the audit", required=True)


class Queues:
    """Commands about queues."""

    def __init__(self, store: Store, clock: Clock, dispatcher: Dispatcher, desk: Desk) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._desk = desk

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "queue",
                "list",
                "What waits for each connector, how fast it goes, and when it would be through",
                lambda params: carried_out(self._list()),
                examples=("queue list",),
            ),
            Command(
                "queue",
                "shape",
                "How old what is queued is, by connector",
                lambda params: carried_out(self._shape()),
                examples=("queue shape",),
            ),
            Command(
                "queue",
                "peek",
                "The messages whose turn is next; never their texts",
                self._peek,
                (
                    _CONNECTOR,
                    Parameter("limit", f"How many, {_MOST_SHOWN} at most; 20 if not given"),
                    Parameter(
                        "numbers", "yes = recipients in full; takes the role operate", values="yes", role="operate"
                    ),
                ),
                examples=("queue peek sim", "queue peek sim 100 numbers=yes"),
            ),
            Command(
                "queue",
                "move",
                "Queue what waits for one connector for another; what is being sent stays",
                self._move,
                (
                    Parameter("from", "The connector it waits for", required=True, values="connector"),
                    Parameter("to", "The connector it is to go by", required=True, values="connector"),
                    _TENANT,
                    _PREFIX,
                    _OLDER,
                    Parameter("limit", "How many; all if not given"),
                ),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("queue move sim backup", "queue move sim backup prefix=3069 older_s=600 limit=1000"),
            ),
            Command(
                "queue",
                "hold",
                "Stop what is queued for a connector until `queue release`; what comes later is not held",
                self._hold,
                (_CONNECTOR, _REASON, _TENANT, _PREFIX, _OLDER),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("queue hold sim reason='wrong texts' tenant=shop",),
            ),
            Command(
                "queue",
                "release",
                "Let held messages go, those of flood protection too",
                self._release,
                (
                    Parameter("connector", "Only those for this one", values="connector"),
                    _TENANT,
                    Parameter("prefix", "Only to numbers that begin so (digits); `all` = every number"),
                ),
                changes=True,
                long=True,
                role="operate",
                look=self._look,
                examples=("queue release sim", "queue release prefix=all"),
            ),
            Command(
                "queue",
                "purge",
                "End what has not left as rejected: tenants get receipts and their money back",
                self._purge,
                (
                    _REASON,
                    Parameter("connector", "Only what waits for this one; for all if not given", values="connector"),
                    _TENANT,
                    _PREFIX,
                    _OLDER,
                    Parameter(
                        "states",
                        f"Of {','.join(KINDS)}, separated by commas; {_ENDED_UNLESS_TOLD} if not given",
                    ),
                    Parameter("yes", "yes = do it; without it is only told how many that would be", values="yes"),
                ),
                changes=True,
                long=True,
                look=self._look,
                examples=(
                    "queue purge reason='campaign withdrawn' connector=sim tenant=shop",
                    "queue purge reason='campaign withdrawn' connector=sim tenant=shop yes=yes",
                ),
            ),
        ]

    # ------------------------------------------------------------------ looking
    async def _list(self) -> list[dict[str, Any]]:
        depths = {depth.connector: depth for depth in (await self._store.counts()).queues}
        busy = any(status.up and status.id in depths for status in self._dispatcher.status())
        speeds = await self._desk.speeds(wait=busy)
        if busy:
            depths = {depth.connector: depth for depth in (await self._store.counts()).queues}
        connectors = {status.id: status for status in self._dispatcher.status()}
        now = self._clock.now_ms()
        return [
            _row(name, connectors.get(name), depths.get(name), speeds.get(name, 0.0), now)
            for name in (*connectors, *(name for name in depths if name not in connectors))
        ]

    async def _shape(self) -> list[dict[str, Any]]:
        now = self._clock.now_ms()
        return [
            {
                "connector": shape.connector,
                **dict(zip(AGE_NAMES, shape.counts, strict=True)),
                "queued": sum(shape.counts),
                "oldest_s": None if shape.oldest is None else max(0, now - shape.oldest) // 1000,
            }
            for shape in await self._store.queue_shapes(now)
        ]

    def _peek(self, params: Params) -> Deferred[list[dict[str, Any]]]:
        limit = whole_number(params, "limit", 20, _MOST_SHOWN)
        return carried_out(self._peeked(params["connector"], limit, flag(params, "numbers")))

    async def _peeked(self, connector: str, limit: int, numbers: bool) -> list[dict[str, Any]]:
        await self._known(connector, "connector")
        now = self._clock.now_ms()
        return [
            {
                "id": str(message.id),
                "tenant": message.tenant,
                "from": message.source,
                "to": message.msisdn if numbers else mask_number(message.msisdn),
                "parts": message.parts,
                "parts_sent": len(queued.sent_parts),
                "priority": message.priority,
                "attempts": message.attempts,
                "age_s": max(0, now - message.submitted_at) // 1000,
                "expires_s": max(0, message.deadline - now) // 1000,
            }
            for queued in (await self._store.ready(connector, None, limit) if limit else ())
            for message in (queued.message,)
        ]

    async def _look(self, params: Params) -> dict[str, Any]:
        """What the audit compares."""
        counts = await carried_out(self._store_counts())
        return {
            "queued": {depth.connector: depth.queued for depth in counts.queues},
            "scheduled": counts.scheduled,
            "held": counts.held,
        }

    async def _store_counts(self) -> Any:
        return await self._store.counts()

    async def _known(self, connector: str, name: str, *, queue_is_enough: bool = True) -> None:
        """CommandError for a connector that is neither configured nor has anything queued."""
        there = [status.id for status in self._dispatcher.status()]
        if queue_is_enough and connector not in there:
            there += [depth.connector for depth in (await self._store.counts()).queues if depth.connector not in there]
        if connector not in there:
            raise CommandError(f"{name}: there is no connector {connector}; there are: {', '.join(there) or 'none'}")

    # ------------------------------------------------------------------ changing
    def _move(self, params: Params) -> Deferred[dict[str, Any]]:
        limit = whole_number(params, "limit", 0)
        return carried_out(self._moved(params["from"], params["to"], _pick(params), limit))

    async def _moved(self, left: str, to: str, pick: Pick, limit: int) -> dict[str, Any]:
        if left == to:
            raise CommandError("from and to are the same connector")
        await self._known(left, "from")
        await self._known(to, "to", queue_is_enough=False)
        counts = await _done(self._desk.move(left, to, pick, limit))
        _log.info("queue.changed", command="queue move", connector=left, to=to, count=counts["moved"])
        return {"from": left, "to": to, **counts}

    def _hold(self, params: Params) -> Deferred[dict[str, Any]]:
        return carried_out(self._held(params["connector"], _pick(params), _reason(params)))

    async def _held(self, connector: str, pick: Pick, reason: str) -> dict[str, Any]:
        await self._known(connector, "connector")
        counts = await _done(self._desk.hold(connector, pick, reason))
        _log.info("queue.changed", command="queue hold", connector=connector, count=counts["held"], reason=reason)
        return {"connector": connector, **counts}

    def _release(self, params: Params) -> Deferred[dict[str, Any]]:
        if not params.keys() & {"connector", "tenant", "prefix"}:
            raise CommandError("say which: connector=, tenant=, prefix=; prefix=all for every held message")
        return carried_out(self._released(params.get("connector", ""), params.get("tenant", ""), _prefix(params)))

    async def _released(self, connector: str, tenant: str, prefix: str) -> dict[str, Any]:
        count = await self._desk.release(connector, tenant, prefix)
        _log.info("queue.changed", command="queue release", connector=connector, tenant=tenant, count=count)
        return {"released": count}

    def _purge(self, params: Params) -> Deferred[dict[str, Any]]:
        kinds = frozenset(params.get("states", _ENDED_UNLESS_TOLD).split(","))
        if kinds - {*KINDS}:
            raise CommandError(f"states: of {', '.join(KINDS)}, separated by commas")
        pick = msgspec.structs.replace(_pick(params), kinds=kinds)
        return carried_out(self._purged(params.get("connector", ""), pick, _reason(params), flag(params, "yes")))

    async def _purged(self, connector: str, pick: Pick, reason: str, yes: bool) -> dict[str, Any]:
        if connector:
            await self._known(connector, "connector")
        if not yes:
            counted = await self._desk.count(connector, pick)
            return {
                "would_end": counted.messages,
                "parts": counted.parts,
                "tenants": counted.tenants,
                "next": "the same with yes=yes ends them" if counted.messages else "nothing to end",
            }
        counts = await _done(self._desk.purge(connector, pick, reason))
        _log.info("queue.changed", command="queue purge", connector=connector, count=counts["ended"], reason=reason)
        return {**counts}


def _row(name: str, status: ConnectorStatus | None, depth: QueueDepth | None, speed: float, now: int) -> dict[str, Any]:
    """One connector of `queue list`; one that is not configured has a queue only."""
    queued = 0 if depth is None else depth.queued
    oldest = None if depth is None else depth.oldest
    up = status is not None and status.up
    return {
        "connector": name,
        "state": "not configured" if status is None else _state(status),
        "queued": queued,
        "oldest_s": None if oldest is None else max(0, now - oldest) // 1000,
        "ready": 0 if status is None else status.ready,
        "in_flight": 0 if status is None else status.in_flight,
        "rate": 0.0 if status is None else round(status.rate, 1),
        "per_s": round(speed, 1),
        "empty_in_s": 0 if not queued else round(queued / speed) if up and speed > 0 else None,
    }


def _state(status: ConnectorStatus) -> str:
    if status.state != "on":
        return status.state
    if status.suspended_s > 0:
        return "suspended"
    return "up" if status.up else "down"


def _pick(params: Params) -> Pick:
    return Pick(params.get("tenant", ""), _prefix(params), whole_number(params, "older_s", 0, 366 * 86_400))


def _prefix(params: Params) -> str:
    """The digits of `prefix`; '' for `all` and where it is not given."""
    written = params.get("prefix", "all")
    digits = written.removeprefix("+")
    if written == "all":
        return ""
    if not (digits.isascii() and digits.isdigit()):
        raise CommandError("prefix: digits such as 3069, or all")
    return digits


def _reason(params: Params) -> str:
    """Words that will stand in tenants' views: one line."""
    reason = params["reason"].strip()
    if not reason or len(reason) > _MOST_REASON or not reason.isprintable():
        raise CommandError(f"reason: one line of 1 to {_MOST_REASON} characters")
    return reason


async def _done(work: Deferred[dict[str, int]]) -> dict[str, int]:
    """What a command of the desk did; one that is under way already is told."""
    try:
        return await work
    except ValueError as error:
        raise CommandError(str(error)) from None
