"""The numbers that want no messages of a tenant: shown, added, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from smsgwd.model.changes import OptOut
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_records import Query, Slots, after_of, answer, digits_in_path, digits_of, time_of
from smsgwd.northbound.book_types import Changed, NewOptOut, OptOutAnswer, OptOutList, Removed
from smsgwd.northbound.cursor import encode_key_cursor
from smsgwd.northbound.requests import decoded
from smsgwd.northbound.route import limit_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from smsgwd.ports.store import Store

_new = msgspec.json.Decoder(NewOptOut)


class OptOuts:
    """The handlers."""

    def __init__(self, store: Store, now: Callable[[], int]) -> None:
        self._store = store
        self._now = now

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page, by number."""
        after, limit = after_of(query), limit_of(query)
        found = await self._store.opt_outs(tenant.id, after, limit + 1)
        cursor = encode_key_cursor(found[limit - 1].msisdn) if len(found) > limit else None
        shown = [OptOutAnswer(f"+{one.msisdn}", time_of(one.at), one.source) for one in found[:limit]]
        return answer(200, OptOutList(shown, cursor))

    async def add(self, tenant: Tenant, request: HttpRequest) -> HttpResponse:
        """Put a number on the list; once it is there asking again changes nothing."""
        digits = digits_of(tenant, decoded(_new, request.body).number)
        [changed] = await self._store.commit([OptOut(tenant.id, digits, True, self._now(), "api")])
        return answer(200, Changed(bool(changed)))

    async def drop(self, tenant: Tenant, slots: Slots) -> HttpResponse:
        """Take a number off the list."""
        digits = digits_in_path(tenant, slots[0])
        [changed] = await self._store.commit([OptOut(tenant.id, digits, False, self._now(), "api")])
        if not changed:
            raise Refused(Refusal.NO_SUCH, f"{digits} is not on the list")
        return answer(200, Removed(1))
