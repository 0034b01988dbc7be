"""The address book's family of endpoints: its table with its handlers."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.northbound.book_contacts import Contacts
from smsgwd.northbound.book_groups import Groups
from smsgwd.northbound.book_records import Query, Slots
from smsgwd.northbound.book_routes import BOOK_ROUTES
from smsgwd.northbound.book_transfer import Transfer
from smsgwd.northbound.optouts import OptOuts
from smsgwd.northbound.route import Route
from smsgwd.northbound.senders import Senders
from smsgwd.northbound.templates import Templates

if TYPE_CHECKING:
    from smsgwd.northbound.book_names import Names
    from smsgwd.ports.records import Records
    from smsgwd.ports.store import Store

_Answer = Coroutine[Any, Any, HttpResponse]
_Coroutine = Callable[[Tenant, HttpRequest, Slots, Query], _Answer]
_Handler = Callable[[Tenant, HttpRequest, Slots, Query], Deferred[HttpResponse]]


def book_family(
    records: Records, store: Store, names: Names, now: Callable[[], int]
) -> tuple[tuple[Route, ...], Mapping[str, _Handler]]:
    """The routes and what answers them. `names` are those histories show; `now` in milliseconds since 1970."""
    contacts, transfer = Contacts(records, names, now), Transfer(records, names)
    groups, templates = Groups(records, now), Templates(records, now)
    senders, optouts = Senders(records, now), OptOuts(store, now)
    handlers: dict[str, _Coroutine] = {
        "list_contacts": lambda tenant, _request, _slots, query: contacts.list(tenant, query),
        "add_contact": lambda tenant, request, _slots, _query: contacts.add(tenant, request),
        "import_contacts": lambda tenant, request, _slots, query: transfer.take(tenant, request, query),
        "export_contacts": lambda tenant, _request, _slots, query: transfer.give(tenant, query),
        "get_contact": lambda tenant, _request, slots, _query: contacts.get(tenant, slots),
        "put_contact": lambda tenant, request, slots, _query: contacts.put(tenant, request, slots),
        "delete_contact": lambda tenant, _request, slots, _query: contacts.drop(tenant, slots),
        "list_groups": lambda tenant, _request, _slots, query: groups.list(tenant, query),
        "add_group": lambda tenant, request, _slots, _query: groups.add(tenant, request),
        "get_group": lambda tenant, _request, slots, _query: groups.get(tenant, slots),
        "put_group": lambda tenant, request, slots, _query: groups.put(tenant, request, slots),
        "delete_group": lambda tenant, _request, slots, _query: groups.drop(tenant, slots),
        "list_members": lambda tenant, _request, slots, query: groups.members(tenant, slots, query),
        "add_members": lambda tenant, request, slots, _query: groups.add_members(tenant, request, slots),
        "delete_member": lambda tenant, _request, slots, _query: groups.drop_member(tenant, slots),
        "list_templates": lambda tenant, _request, _slots, query: templates.list(tenant, query),
        "add_template": lambda tenant, request, _slots, _query: templates.add(tenant, request),
        "get_template": lambda tenant, _request, slots, _query: templates.get(tenant, slots),
        "put_template": lambda tenant, request, slots, _query: templates.put(tenant, request, slots),
        "delete_template": lambda tenant, _request, slots, _query: templates.drop(tenant, slots),
        "list_senders": lambda tenant, _request, _slots, query: senders.list(tenant, query),
        "add_sender": lambda tenant, request, _slots, _query: senders.add(tenant, request),
        "delete_sender": lambda tenant, _request, slots, _query: senders.drop(tenant, slots),
        "list_optouts": lambda tenant, _request, _slots, query: optouts.list(tenant, query),
        "add_optout": lambda tenant, request, _slots, _query: optouts.add(tenant, request),
        "delete_optout": lambda tenant, _request, slots, _query: optouts.drop(tenant, slots),
    }
    return BOOK_ROUTES, {name: _deferred(handler) for name, handler in handlers.items()}


def _deferred(handler: _Coroutine) -> _Handler:
    def run(tenant: Tenant, request: HttpRequest, slots: Slots, query: Query) -> Deferred[HttpResponse]:
        return Deferred.fromCoroutine(handler(tenant, request, slots, query))

    return run
