"""`event send`: an event as a plugin would report it, so that a tenant's receiver can be tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.events import TYPES
from smsgwd.model.outbox import target_of
from smsgwd.ops.params import carried_out, word
from smsgwd.ops.registry import Command, CommandError, Parameter, Params
from smsgwd.ports.clock import Clock
from smsgwd.timespec import Rfc3339Error, format_epoch_ms, parse_rfc3339

_KINDS: Final = tuple(TYPES)
_LONGEST: Final = 16_384

_encode = msgspec.json.Encoder().encode


class Events:
    """Commands about events. `push(tenant, kind, data, at)` owes one and gives the URL it goes to, or None; `known`
    tells whether there is a tenant of that id."""

    def __init__(
        self, push: Callable[[str, str, bytes, int], Deferred[str | None]], clock: Clock, known: Callable[[str], bool]
    ) -> None:
        self._push = push
        self._clock = clock
        self._known = known

    def commands(self) -> list[Command]:
        """The commands of this family."""
        return [
            Command(
                "event",
                "send",
                "Tell a tenant of an event, as if it had happened, at its webhook or callback URL",
                self._send,
                (
                    Parameter("tenant", "Whom to tell", required=True, values="tenant"),
                    Parameter("kind", f"One of {', '.join(_KINDS)}", required=True, values="|".join(_KINDS)),
                    Parameter("data", "JSON: what there is to tell (docs/events.md); `at` is now if not given", True),
                ),
                changes=True,
                role="operate",
                hides=("data",),
                examples=('event send shop call \'{"call_id": "c1", "status": "answered"}\'',),
            )
        ]

    def _send(self, params: Params) -> Deferred[dict[str, Any]]:
        tenant = params["tenant"]
        if not self._known(tenant):
            raise CommandError(f"there is no tenant {tenant}")
        kind = word(params, "kind", _KINDS)
        now = self._clock.now_ms()
        data = checked_event(kind, params["data"], now)
        return carried_out(self._sent(tenant, kind, data, now))

    async def _sent(self, tenant: str, kind: str, data: bytes, now: int) -> dict[str, Any]:
        url = await self._push(tenant, kind, data, now)
        if url is None:
            raise CommandError(f"tenant {tenant} has no URL for events: neither its webhook nor its callbacks have one")
        return {"tenant": tenant, "kind": kind, "target": target_of(tenant, url), "data": msgspec.json.decode(data)}


def checked_event(kind: str, written: str, now: int) -> bytes:
    """The JSON of an event's data as it is pushed. Raises CommandError saying what is wrong; `now`: ms since 1970."""
    if len(written) > _LONGEST:
        raise CommandError(f"data: longer than {_LONGEST} characters")
    try:
        fields = msgspec.json.decode(written, type=dict[str, Any])
        fields.setdefault("at", format_epoch_ms(now))
        if kind == "link.clicked":
            fields = {"short": "", "code": "", "message_id": "0", "client_ref": None, "first": True, **fields}
        event = msgspec.convert(fields, TYPES[kind])
        parse_rfc3339(event.at)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CommandError(f"data: {error}") from None
    except Rfc3339Error as error:
        raise CommandError(f"data: at: {error}") from None
    return _encode(event)
