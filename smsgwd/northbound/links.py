"""The handlers of tracked links: which there are, and how often they were opened."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from smsgwd.model.links import CODE_LENGTH, LinkView
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.answers import Id, Time
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.route import COMMON, Parameter, Route, limit_of, limit_parameter
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.store import Store

_MAX_ID: Final = (1 << 63) - 1
_CODE = re.compile(rf"[0-9A-Za-z]{{{CODE_LENGTH}}}\Z", re.ASCII)
_ID = re.compile(r"[0-9]{1,19}\Z", re.ASCII)
_encode = msgspec.json.Encoder().encode

Query = dict[str, list[str]]


class Link(msgspec.Struct, frozen=True, gc=False):
    """A tracked link with what became of it."""

    code: str
    short: Annotated[str, Meta(description="As it stands in the text.")]
    link: Annotated[str, Meta(description="Where it leads.")]
    message_id: Id
    to: Annotated[str, Meta(description="Whom the message is to: digits, country code first.")]
    client_ref: str | None
    clicks: Annotated[int, Meta(ge=0, description="Openings by people.")]
    bots: Annotated[int, Meta(ge=0, description="Openings by programs: previews and scanners.")]
    first_at: Annotated[Time | None, Meta(description="When a person opened it first.")]
    last_at: Time | None
    made_at: Time
    expires_at: Annotated[Time | None, Meta(description="From then on it leads nowhere; null = never.")]


class LinkList(msgspec.Struct, frozen=True, gc=False):
    """A page of links, those of the newest messages first."""

    links: list[Link]
    next_cursor: Annotated[
        str | None, Meta(description="Pass it as `cursor` for the next page; null on the last page.")
    ]


#: The endpoints, one row each.
LINK_ROUTES = (
    Route(
        "GET",
        "/v1/links",
        "links",
        "Tracked links with their clicks, newest message first",
        "A link is made with a message that has `link` and a place for it in its text.",
        200,
        (LinkList,),
        COMMON,
        (
            Parameter("message", "query", {"type": "string", "pattern": "^[0-9]{1,19}$"}, "Only of this message."),
            Parameter(
                "cursor",
                "query",
                {"type": "string", "pattern": "^[A-Za-z0-9_-]{16}$"},
                "`next_cursor` of the page before. Pages do not move when messages are sent meanwhile.",
            ),
            limit_parameter("links"),
        ),
        example="'?limit=20'",
        scope="links",
        tag="links",
    ),
    Route(
        "GET",
        "/v1/links/{code}",
        "link",
        "One tracked link with its clicks",
        "",
        200,
        (Link,),
        (*COMMON, Refusal.NO_SUCH),
        (
            Parameter(
                "code",
                "path",
                {"type": "string", "pattern": f"^[0-9A-Za-z]{{{CODE_LENGTH}}}$"},
                "What stands last in the short link.",
            ),
        ),
        scope="links",
        tag="links",
    ),
)


class Links:
    """Answers what a tenant asks about its links. `short` gives the short address of a code."""

    def __init__(self, store: Store, short: Callable[[str], str]) -> None:
        self._store = store
        self._short = short

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `LINK_ROUTES`."""
        return {
            "links": lambda tenant, _request, _slots, query: _later(self.list(tenant, query)),
            "link": lambda tenant, _request, slots, _query: _later(self.get(tenant, slots[0])),
        }

    async def list(self, tenant: Tenant, query: Query) -> HttpResponse:
        """A page of links."""
        message = query["message"][0] if "message" in query else None
        if message is not None and (_ID.match(message) is None or int(message) > _MAX_ID):
            raise Refused(Refusal.INVALID, "message: the id of a message is expected")
        before = decode_cursor(query["cursor"][0]) if "cursor" in query else _MAX_ID
        limit = limit_of(query)
        # One more than asked for tells whether there is a next page.
        wanted = None if message is None else int(message)
        found = await self._store.links(tenant.id, wanted, before, limit + 1)
        cursor = encode_cursor(found[limit - 1].link.message_id) if len(found) > limit else None
        return json_response(200, _encode(LinkList([self._shown(view) for view in found[:limit]], cursor)))

    async def get(self, tenant: Tenant, code: str) -> HttpResponse:
        """One link."""
        view = await self._store.link(code) if _CODE.match(code) else None
        if view is None or view.link.tenant != tenant.id:
            raise Refused(Refusal.NO_SUCH, "there is no such link")
        return json_response(200, _encode(self._shown(view)))

    def _shown(self, view: LinkView) -> Link:
        link = view.link
        return Link(
            link.code,
            self._short(link.code),
            link.url,
            str(link.message_id),
            link.msisdn,
            link.client_ref,
            view.clicks,
            view.bots,
            _time(view.first_at),
            _time(view.last_at),
            format_epoch_ms(link.made_at),
            _time(link.expires_at or None),
        )


def _time(ms: int | None) -> str | None:
    return None if ms is None else format_epoch_ms(ms)


def _later(answer: Any) -> Deferred[HttpResponse]:
    return Deferred.fromCoroutine(answer)
