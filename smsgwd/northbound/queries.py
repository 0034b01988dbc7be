"""GET and DELETE of messages, lists and the balance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.admission.numbers import msisdn
from smsgwd.model.ledger import Funds
from smsgwd.model.message import MessageView, State, states_called
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpResponse, json_response
from smsgwd.northbound.answers import Balance, MessageList, SubmissionMessages, message, message_detail
from smsgwd.northbound.cursor import decode_cursor, encode_cursor
from smsgwd.northbound.route import limit_of
from smsgwd.northbound.routes import MAX_STATES
from smsgwd.ports.store import MessageFilter
from smsgwd.timespec.rfc3339 import Rfc3339Error, parse_rfc3339, to_epoch_ms

if TYPE_CHECKING:
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Messages

_encode = msgspec.json.Encoder().encode
_OFFSET = len("+02:00")


class Page(msgspec.Struct, frozen=True):
    """What a list request asks for."""

    where: MessageFilter
    before: int | None
    limit: int


class Queries:
    """The handlers that look and cancel."""

    def __init__(self, messages: Messages, store: Store) -> None:
        self._messages = messages
        self._store = store

    def get(self, tenant: Tenant, any_id: int) -> Deferred[HttpResponse]:
        """A message or the messages of a submission."""
        return self._messages.get(tenant.id, any_id).addCallback(_shown, any_id)

    def cancel(self, tenant: Tenant, any_id: int) -> Deferred[HttpResponse]:
        """Cancel what has not left."""
        return self._messages.cancel(tenant.id, any_id).addCallback(_shown, any_id)

    def list(self, tenant: Tenant, query: dict[str, list[str]]) -> Deferred[HttpResponse]:
        """A page of messages."""
        page = page_of(query)
        # One more than asked for tells whether there is a next page.
        found = self._store.messages(tenant.id, page.where, page.before, page.limit + 1)
        return found.addCallback(_page, page.limit)

    def balance(self, tenant: Tenant) -> Deferred[HttpResponse]:
        """What is left."""
        return self._store.funds(tenant.id).addCallback(_balance, tenant)


def page_of(query: dict[str, list[str]]) -> Page:
    """What a query asks for. Raises Refused(INVALID) naming the parameter that is wrong."""
    from_ms, to_ms = _moment(query, "from_date"), _moment(query, "to_date")
    states: list[State] = []
    if len(query.get("state", ())) > MAX_STATES:
        raise Refused(Refusal.INVALID, f"state: {MAX_STATES} at most")
    for name in query.get("state", ()):
        called = states_called(name)
        if not called:
            raise Refused(Refusal.INVALID, f"state: there is no state {name[:40]!r}")
        states.extend(called)
    number: str | None = None
    if "to" in query:
        try:
            number = msisdn(query["to"][0].strip())  # a + that was not written as %2B has become a blank
        except Refused as refused:
            raise Refused(Refusal.INVALID_RECIPIENT, f"to: {refused.detail}") from None
    before = decode_cursor(query["cursor"][0]) if "cursor" in query else None
    return Page(MessageFilter(from_ms, to_ms, tuple(dict.fromkeys(states)), number), before, limit_of(query))


def _moment(query: dict[str, list[str]], name: str) -> int | None:
    if name not in query:
        return None
    written = query[name][0]
    if written[-_OFFSET : -_OFFSET + 1] == " ":  # a + that was not written as %2B
        written = f"{written[:-_OFFSET]}+{written[-_OFFSET + 1 :]}"
    try:
        return to_epoch_ms(parse_rfc3339(written))
    except Rfc3339Error as error:
        raise Refused(Refusal.INVALID, f"{name}: {error}") from None


def _shown(found: MessageView | list[MessageView] | None, any_id: int) -> HttpResponse:
    if not found:
        raise Refused(Refusal.NOT_FOUND)
    if isinstance(found, MessageView):
        return json_response(200, _encode(message_detail(found)))
    return json_response(200, _encode(SubmissionMessages(str(any_id), [message(view) for view in found])))


def _page(found: list[MessageView], limit: int) -> HttpResponse:
    cursor = encode_cursor(found[limit - 1].message.id) if len(found) > limit else None
    return json_response(200, _encode(MessageList([message(view) for view in found[:limit]], cursor)))


def _balance(funds: Funds | None, tenant: Tenant) -> HttpResponse:
    prepaid = tenant.credit is not None
    left = format_money(funds.balance) if prepaid and funds is not None else None
    return json_response(200, _encode(Balance(left, tenant.currency)))
