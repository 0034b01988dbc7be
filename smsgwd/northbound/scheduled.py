"""The handlers of messages that wait for their time: listed, moved to another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from smsgwd.model.message import HELD, MessageView, State
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound.answers import Id, MessageDetail, Money, SubmissionMessages, Time, message, message_detail
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.queries import moment_of
from smsgwd.northbound.requests import decoded, scheduled
from smsgwd.northbound.route import BODY, COMMON, FROM_DATE, ID, TO_DATE, Parameter, Route, limit_of, limit_parameter
from smsgwd.ports.store import MessageFilter
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.schedule import Rescheduling
    from smsgwd.ports.store import Store

_encode = msgspec.json.Encoder().encode
_WAITING: Final = (State.SCHEDULED,)

Query = dict[str, list[str]]


class ScheduledMessage(msgspec.Struct, frozen=True, gc=False, rename={"from_": "from"}, kw_only=True):
    """A message that waits for its time."""

    id: Id
    submission: Id
    to: str
    from_: str
    schedule_at: Annotated[Time | None, Meta(description="When it is sent; null for one that is held.")]
    held: Annotated[bool, Meta(description="True: the operator looks at it first.")]
    expires_at: Annotated[Time, Meta(description="What was not delivered by then expires.")]
    parts: int
    price: Money
    client_ref: str | None
    submitted_at: Time


class ScheduledList(msgspec.Struct, frozen=True, gc=False):
    """A page of them, newest first."""

    messages: list[ScheduledMessage]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")
    ]


class RescheduleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Another time."""

    schedule_at: Annotated[
        Annotated[str, Meta(min_length=1, max_length=100)] | None,
        Meta(description="RFC 3339 with an offset, or a phrase such as `tomorrow 9:00`; null = send it now."),
    ]
    validity_s: Annotated[
        Annotated[float, Meta(ge=60, le=604_800, multiple_of=1)] | None,
        Meta(description="Seconds from then after which it expires; left out: as many as before."),
    ] = None


#: The endpoints, one row each.
SCHEDULED_ROUTES = (
    Route(
        "GET",
        "/v1/scheduled",
        "list_scheduled",
        "Messages that wait for their time, newest first",
        "",
        200,
        (ScheduledList,),
        COMMON,
        (
            FROM_DATE,
            TO_DATE,
            Parameter(
                "cursor",
                "query",
                {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
                "`next_cursor` of the page before. Pages do not move when messages are sent meanwhile.",
            ),
            limit_parameter("messages"),
        ),
        example="'?limit=20'",
        scope="read",
        tag="messages",
    ),
    Route(
        "PATCH",
        "/v1/messages/{id}",
        "reschedule",
        "Give scheduled messages another time",
        "Of a submission: every message that is scheduled. 409 when nothing of it is. Quiet hours move nothing here: "
        "the time counts as it is given.",
        200,
        (MessageDetail, SubmissionMessages),
        (
            *COMMON,
            *BODY,
            Refusal.NOT_FOUND,
            Refusal.TOO_LATE,
            Refusal.INVALID_SCHEDULE,
            Refusal.INVALID_VALIDITY,
        ),
        (ID,),
        RescheduleRequest,
        example='-d \'{"schedule_at": "2026-12-24T18:00:00+02:00"}\'',
        scope="send",
        tag="messages",
    ),
)

_decoder = msgspec.json.Decoder(RescheduleRequest)


class Scheduled:
    """Answers about, and moves, what waits for its time. `now` gives ms since 1970, UTC."""

    def __init__(self, store: Store, rescheduling: Rescheduling, now: Callable[[], int]) -> None:
        self._store = store
        self._rescheduling = rescheduling
        self._now = now

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `SCHEDULED_ROUTES`."""
        return {
            "list_scheduled": lambda tenant, _request, _slots, query: _later(self.list(tenant, query)),
            "reschedule": lambda tenant, request, slots, _query: self.move(tenant, request, int(slots[0])),
        }

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page."""
        where = MessageFilter(moment_of(query, "from_date"), moment_of(query, "to_date"), _WAITING)
        before = decode_cursor(query["cursor"][0]) if "cursor" in query else None
        limit = limit_of(query)
        # One more than asked for tells whether there is a next page.
        found = await self._store.messages(tenant.id, where, before, limit + 1)
        cursor = encode_cursor(found[limit - 1].message.id) if len(found) > limit else None
        return json_response(200, _encode(ScheduledList([_waiting(view) for view in found[:limit]], cursor)))

    def move(self, tenant: Tenant, request: HttpRequest, any_id: int) -> Deferred[HttpResponse]:
        """Another time. Raises Refused for a body that is none."""
        wanted = decoded(_decoder, request.body)
        at = None if wanted.schedule_at is None else scheduled(wanted.schedule_at, (tenant.time_zone, self._now))
        validity_s = None if wanted.validity_s is None else int(wanted.validity_s)
        return self._rescheduling.reschedule(tenant, any_id, at, validity_s).addCallback(_moved, any_id)


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)


def _moved(found: MessageView | list[MessageView], any_id: int) -> HttpResponse:
    if not found:
        raise Refused(Refusal.NOT_FOUND)
    if isinstance(found, MessageView):
        return json_response(200, _encode(message_detail(found, {})))
    return json_response(200, _encode(SubmissionMessages(str(any_id), [message(view, {}) for view in found])))


def _waiting(view: MessageView) -> ScheduledMessage:
    kept = view.message
    members: dict[str, Any] = {
        "id": str(kept.id),
        "submission": str(kept.submission),
        "to": kept.dest,
        "from_": kept.source,
        "schedule_at": format_epoch_ms(kept.due_at % HELD) if kept.due_at != HELD else None,
        "held": kept.due_at >= HELD,
        "expires_at": format_epoch_ms(kept.deadline),
        "parts": kept.parts,
        "price": format_money(kept.price),
        "client_ref": kept.client_ref,
        "submitted_at": format_epoch_ms(kept.submitted_at),
    }
    return ScheduledMessage(**members)
