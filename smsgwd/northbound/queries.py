"""GET and DELETE of messages, lists and the balance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

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
from smsgwd.northbound.history_csv import HistoryFiles
from smsgwd.northbound.route import MAX_STATES, limit_of
from smsgwd.ports.store import MessageFilter
from smsgwd.timespec.rfc3339 import Rfc3339Error, parse_rfc3339, to_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.book_names import Names
    from smsgwd.ports.store import Store
    from smsgwd.ports.submit import Messages

_encode = msgspec.json.Encoder().encode
Views = MessageView | list[MessageView] | None
_OFFSET = len("+02:00")


class Page(msgspec.Struct, frozen=True):
    """What a list request asks for."""

    where: MessageFilter
    before: int | None
    limit: int


class Queries:
    """The handlers that look and cancel."""

    def __init__(self, messages: Messages, store: Store, names: Names | None = None) -> None:
        """`names`: where the names beside numbers come from."""
        self._messages = messages
        self._store = store
        self._names = names
        self._files = HistoryFiles(store)

    def get(self, tenant: Tenant, any_id: int) -> Deferred[HttpResponse]:
        """A message or the messages of a submission."""
        return self._messages.get(tenant.id, any_id).addCallback(self._shown, tenant, any_id)

    def cancel(self, tenant: Tenant, any_id: int) -> Deferred[HttpResponse]:
        """Cancel what has not left."""
        return self._messages.cancel(tenant.id, any_id).addCallback(self._shown, tenant, any_id)

    def list(self, tenant: Tenant, query: dict[str, list[str]]) -> Deferred[HttpResponse]:
        """A page of messages, or a file of all of them."""
        page = page_of(query, tenant.region)
        form = query.get("format", ["json"])[0]
        if form == "csv":
            if "limit" in query:
                raise Refused(Refusal.INVALID, "format=csv gives as many as one file holds: limit is for JSON")
            return Deferred.fromCoroutine(self._files.csv(tenant, page.where, page.before))
        if form != "json":
            raise Refused(Refusal.INVALID, "format: json or csv is expected")
        # One more than asked for tells whether there is a next page.
        found = self._store.messages(tenant.id, page.where, page.before, page.limit + 1)
        return found.addCallback(self._page, tenant, page.limit)

    def balance(self, tenant: Tenant) -> Deferred[HttpResponse]:
        """What is left."""
        return self._store.funds(tenant.id).addCallback(_balance, tenant)

    def _shown(self, found: Views, tenant: Tenant, any_id: int) -> HttpResponse | Deferred[HttpResponse]:
        if not found:
            raise Refused(Refusal.NOT_FOUND)
        if isinstance(found, MessageView):
            one = found
            return self._named(tenant, [found], lambda names: message_detail(one, names))
        views = found
        return self._named(
            tenant, views, lambda names: SubmissionMessages(str(any_id), [message(view, names) for view in views])
        )

    def _page(self, found: Sequence[MessageView], tenant: Tenant, limit: int) -> HttpResponse | Deferred[HttpResponse]:
        cursor = encode_cursor(found[limit - 1].message.id) if len(found) > limit else None
        shown = found[:limit]
        return self._named(tenant, shown, lambda names: MessageList([message(view, names) for view in shown], cursor))

    def _named(
        self, tenant: Tenant, views: Sequence[MessageView], made: Callable[[Mapping[str, str]], Any]
    ) -> HttpResponse | Deferred[HttpResponse]:
        """What `made` makes of the names of the recipients, as an answer."""
        names = self._names
        if names is None or not views or names.has_none(tenant.id):
            return json_response(200, _encode(made({})))
        found = Deferred.fromCoroutine(names.of(tenant.id, [view.message.msisdn for view in views]))
        return found.addCallback(lambda known: json_response(200, _encode(made(known))))


def page_of(query: dict[str, list[str]], region: str | None = None) -> Page:
    """What a query asks for; numbers may be written as in the tenant's `region`.

    Raises Refused(INVALID) naming the parameter that is wrong.
    """
    from_ms, to_ms = moment_of(query, "from_date"), moment_of(query, "to_date")
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
            number = msisdn(query["to"][0].strip(), region)  # a + that was not written as %2B has become a blank
        except Refused as refused:
            raise Refused(Refusal.INVALID_RECIPIENT, f"to: {refused.detail}") from None
    before = decode_cursor(query["cursor"][0]) if "cursor" in query else None
    return Page(MessageFilter(from_ms, to_ms, tuple(dict.fromkeys(states)), number), before, limit_of(query))


def moment_of(query: dict[str, list[str]], name: str) -> int | None:
    """A time in a query, ms since 1970; None when it is not given. Raises Refused(INVALID)."""
    if name not in query:
        return None
    written = query[name][0]
    if written[-_OFFSET : -_OFFSET + 1] == " ":  # a + that was not written as %2B
        written = f"{written[:-_OFFSET]}+{written[-_OFFSET + 1 :]}"
    try:
        return to_epoch_ms(parse_rfc3339(written))
    except Rfc3339Error as error:
        raise Refused(Refusal.INVALID, f"{name}: {error}") from None


def _balance(funds: Funds | None, tenant: Tenant) -> HttpResponse:
    if funds is None:
        raise Refused(Refusal.NO_SUCH, "this account has no ledger")
    limited, available = funds.floor is not None, funds.available
    return json_response(
        200,
        _encode(
            Balance(
                format_money(funds.balance) if limited else None,
                tenant.currency,
                None if available is None else format_money(available),
                format_money(funds.reserved),
                None if funds.floor is None else format_money(-funds.floor),
                format_money(max(0, -funds.balance)),
            )
        ),
    )
