"""The handlers of number lookups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Final

import msgspec
from msgspec import Meta
from twisted.internet.defer import Deferred

from smsgwd.model.lookups import Lookup, LookupState
from smsgwd.model.money import format_money
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest, HttpResponse, json_response
from smsgwd.northbound.answers import Id, Money, Time
from smsgwd.northbound.requests import decoded
from smsgwd.northbound.route import BODY, COMMON, Parameter, Route
from smsgwd.timespec.rfc3339 import format_epoch_ms

if TYPE_CHECKING:
    from smsgwd.northbound.api import Operation
    from smsgwd.ports.lookups import Lookups as Desk

MOST_NUMBERS: Final = 1000
_STATES: Final = [state.public for state in LookupState]
_Number = Annotated[str, Meta(min_length=1, max_length=40)]


class LookupRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Numbers to look up."""

    to: Annotated[
        Annotated[list[_Number], Meta(min_length=1, max_length=MOST_NUMBERS)] | _Number,
        Meta(description=f"One number, or up to {MOST_NUMBERS}."),
    ]


class LookupAnswer(msgspec.Struct, frozen=True, gc=False):
    """What is known of one number. What nobody said is null: nothing is made up."""

    id: Id
    to: Annotated[str, Meta(description="As it was asked.")]
    state: Annotated[
        str,
        Meta(
            description="Delivered: reachable. Undelivered: known, and absent. Failed: no such subscriber, or no "
            "number. Unknown: nobody could tell; free.",
            extra_json_schema={"enum": _STATES},
        ),
    ]
    country: Annotated[str | None, Meta(description="ISO 3166 alpha-2.")]
    operator: Annotated[str | None, Meta(description="With source `plan`: the owner of the range.")]
    mcc: str | None
    mnc: str | None
    imsi: str | None
    msc: Annotated[str | None, Meta(description="The serving MSC.")]
    ported: bool | None
    error: Annotated[str | None, Meta(description="The source's error code.")]
    source: Annotated[str | None, Meta(description="Who said it.")]
    price: Money
    asked_at: Time
    done_at: Annotated[
        Time | None, Meta(description="When it was found: before `asked_at` where it was known already.")
    ]


class LookupList(msgspec.Struct, frozen=True, gc=False):
    """The lookups of a request, in its order."""

    id: Annotated[Id, Meta(description="The request.")]
    lookups: list[LookupAnswer]


#: The endpoints, one row each.
LOOKUP_ROUTES = (
    Route(
        "POST",
        "/v1/lookups",
        "ask_lookups",
        "Look up numbers",
        "Answered 202 after all of it is stored and paid for. Numbers that were looked up lately have their answer "
        "already; ask for the others by `id`.",
        202,
        (LookupList,),
        (*COMMON, *BODY, Refusal.INVALID_RECIPIENT, Refusal.NO_CREDIT),
        body=LookupRequest,
        example='-d \'{"to": ["+306912345678", "+306987654321"]}\'',
        scope="lookups",
        tag="lookups",
    ),
    Route(
        "GET",
        "/v1/lookups/{id}",
        "get_lookups",
        "What became of lookups",
        "Of a request all of its numbers, with the id of one lookup that one.",
        200,
        (LookupList,),
        (*COMMON, Refusal.NO_SUCH),
        (
            Parameter(
                "id",
                "path",
                {"type": "string", "pattern": "^[0-9]{1,19}$"},
                "The id of a request, or of one lookup.",
            ),
        ),
        scope="lookups",
        tag="lookups",
    ),
)

_decoder = msgspec.json.Decoder(LookupRequest)
_encode = msgspec.json.Encoder().encode


class Lookups:
    """Asks the lookup service for a tenant."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def handlers(self) -> Mapping[str, Operation]:
        """By operation of `LOOKUP_ROUTES`."""
        return {
            "ask_lookups": lambda tenant, request, _slots, _query: self.ask(tenant, request),
            "get_lookups": lambda tenant, _request, slots, _query: self.get(tenant, int(slots[0])),
        }

    def ask(self, tenant: Tenant, request: HttpRequest) -> Deferred[HttpResponse]:
        """Take numbers. Raises Refused for a body that is none."""
        to = decoded(_decoder, request.body).to
        return self._desk.ask(tenant.id, [to] if isinstance(to, str) else to).addCallback(_shown, 202)

    def get(self, tenant: Tenant, any_id: int) -> Deferred[HttpResponse]:
        """What became of them."""
        return self._desk.get(tenant.id, any_id).addCallback(_shown, 200)


def _shown(lookups: list[Lookup], status: int) -> HttpResponse:
    if not lookups:
        raise Refused(Refusal.NO_SUCH, "there is no such lookup")
    shown = [_answer(lookup) for lookup in lookups]
    return json_response(status, _encode(LookupList(str(lookups[0].request), shown)))


def _answer(lookup: Lookup) -> LookupAnswer:
    facts = lookup.facts
    return LookupAnswer(
        str(lookup.id),
        lookup.dest,
        facts.state.public,
        facts.country or None,
        facts.operator or None,
        facts.mcc or None,
        facts.mnc or None,
        facts.imsi or None,
        facts.msc or None,
        facts.ported,
        facts.error or None,
        facts.source or None,
        format_money(lookup.price),
        format_epoch_ms(lookup.asked_at),
        None if lookup.done_at is None else format_epoch_ms(lookup.done_at),
    )
