"""The handlers of what a tenant was pushed: listed, and pushed again."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.operators import Repush, Repushed
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound.allowance import Allowance
from smsgwd.northbound.callback_routes import STATES, PushAnswer, PushList, RepushAnswer, RepushRequest
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.queries import moment_of
from smsgwd.northbound.requests import decoded
from smsgwd.northbound.route import limit_of
from smsgwd.ports.looking import PushView
from smsgwd.ports.pushed import PushFilter, PushPage
from smsgwd.telemetry import get_logger
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.clock import Clock
    from smsgwd.ports.store import Store

_A_MINUTE: Final = 6
_WEEK_MS: Final = 7 * 86_400_000
_STEP: Final = 1000  # rows of one change
_LOOKS: Final = 5  # calls of the store for one page
_MAX_ID: Final = (1 << 63) - 1
_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_log = get_logger("northbound")
_NAMES: Final = {status: name for name, status in STATES.items()}
_repush = msgspec.json.Decoder(RepushRequest)
_encode = msgspec.json.Encoder().encode

Query = dict[str, list[str]]


class OwnPushes:
    """The handlers. `look(target)` makes the pushing side look at what the store owes a target."""

    def __init__(self, store: Store, look: Callable[[str], None], clock: Clock) -> None:
        self._store = store
        self._look = look
        self._clock = clock
        self._allowed = Allowance(clock, _A_MINUTE)
        self._walking: set[str] = set()  # tenants whose span of time is gone through

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `PUSH_ROUTES`."""
        return {
            "list_pushes": lambda tenant, _request, _slots, query: _later(self.list(tenant, query)),
            "repush": lambda tenant, request, _slots, _query: _later(self.repush(tenant, request)),
        }

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page of them."""
        state = query["state"][0] if "state" in query else None
        if state is not None and state not in STATES:
            raise Refused(Refusal.INVALID, f"state: one of {', '.join(STATES)} is expected")
        status = "" if state is None else STATES[state]
        before = decode_cursor(query["cursor"][0]) if "cursor" in query else None
        limit = limit_of(query)
        if "message" in query:
            found = await self._of_message(tenant, _number(query["message"][0], "message"))
            views = [each for each in found if status in ("", each.status) and (before is None or each.id < before)]
            page = PushPage(tuple(views[:limit]), views[limit - 1].id if len(views) > limit else None)
        else:
            page = await self._page(tenant, PushFilter(status), before, limit)
        cursor = None if page.before is None else encode_cursor(page.before)
        return json_response(200, _encode(PushList([_shown(each) for each in page.views], cursor)))

    async def repush(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """Owe some again."""
        wanted = decoded(_repush, request.body)
        now = self._clock.now_ms()
        if sum(each is not None for each in (wanted.ids, wanted.messages, wanted.from_)) != 1:
            raise Refused(Refusal.INVALID, "one of ids, messages, and from (with to) is expected")
        if wanted.to is not None and wanted.from_ is None:
            raise Refused(Refusal.INVALID, "to: it goes with from")
        if wanted.ids is not None:
            change = Repush(now, tenant=tenant.id, push_ids=tuple(_number(each, "ids") for each in wanted.ids))
        elif wanted.messages is not None:
            change = Repush(now, tuple(_number(each, "messages") for each in wanted.messages), tenant=tenant.id)
        else:
            assert wanted.from_ is not None
            begin = _moment(wanted.from_, "from")
            end = now + 1 if wanted.to is None else _moment(wanted.to, "to")
            if not begin < end <= begin + _WEEK_MS:
                raise Refused(Refusal.INVALID, "from, to: a span of 7 days at most is expected")
            change = Repush(now, tenant=tenant.id, from_ms=begin, to_ms=end, limit=_STEP)
        self._allowed.take(tenant.id)
        count = await (self._again(change) if wanted.from_ is None else self._span(change))
        return json_response(200, _encode(RepushAnswer(count)))

    async def _of_message(self, tenant: Tenant, message_id: int) -> Sequence[PushView]:
        """Newest first; none of a message that is not the tenant's."""
        traced = await self._store.trace(message_id)
        if traced is None or traced.view.message.tenant != tenant.id:
            return []
        return sorted(traced.pushes, key=lambda each: each.id, reverse=True)

    async def _page(self, tenant: Tenant, where: PushFilter, before: int | None, limit: int) -> PushPage:
        """A page that is full, or the last one, or what some calls have found."""
        views: tuple[PushView, ...] = ()
        for _ in range(_LOOKS):
            page = await self._store.tenant_pushes(tenant.id, where, before, limit - len(views))
            views, before = (*views, *page.views), page.before
            if before is None or len(views) == limit:
                break
        return PushPage(views, before)

    async def _span(self, change: Repush) -> int:
        """One at a time of each tenant: of a busy week it is many steps, and each costs the store what a commit does.
        Raises Refused(OVER_RATE)."""
        if change.tenant in self._walking:
            raise Refused(Refusal.OVER_RATE, "another span of time is being pushed again: ask when that is done")
        self._walking.add(change.tenant)
        try:
            return await self._again(change)
        finally:
            self._walking.discard(change.tenant)

    async def _again(self, change: Repush) -> int:
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
                change = msgspec.structs.replace(change, after=result.last)
        finally:
            for target in targets:
                self._look(target)
        _log.info("outbox.changed", command="repush", tenant=change.tenant, count=count, targets=len(targets))
        return count


def _shown(view: PushView) -> PushAnswer:
    pending = view.status == "pending"
    return PushAnswer(
        id=str(view.id),
        message_id=str(view.message_id) if view.message_id else None,
        type=view.type,
        target=view.target.rpartition(" ")[2],
        url=view.url or None,
        state=cast("Literal['pending', 'done', 'failed']", _NAMES[view.status]),
        attempts=view.attempts,
        error=view.last_error or None,
        created_at=format_epoch_ms(view.created_at),
        next_at=format_epoch_ms(view.due_at) if pending else None,
        done_at=None if view.done_at is None else format_epoch_ms(view.done_at),
    )


def _moment(written: str, name: str) -> int:
    found = moment_of({name: [written]}, name)
    assert found is not None
    return found


def _number(written: str, what: str) -> int:
    if _ID.match(written) is None or int(written) > _MAX_ID:
        raise Refused(Refusal.INVALID, f"{what}: ids are expected, decimal strings")
    return int(written)


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)
