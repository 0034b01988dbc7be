"""A tenant's money: what it has, what was booked, and booking."""

from __future__ import annotations

from typing import Final

from smsgwd.console.operators.files import CSV, saved
from smsgwd.console.page import Page
from smsgwd.console.render import segment
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

#: What stands in the ledger, in the order of the filter.
KINDS: Final = ("topup", "correction", "reserve", "charge", "refund")
_USUAL: Final = 50
_MOST: Final = 1000


async def show(visit: OperatorVisit) -> HttpResponse:
    """Money now, sums of a span of time, the newest entries."""
    limit = _limit(visit)
    statement = await visit.command("ledger", "statement", tenant=visit.slots["id"], limit=limit, **_where(visit))
    credit, _ = await visit.tried("credit", "show", tenant=visit.slots["id"])
    return visit.show(
        "operators/money.html",
        id=visit.slots["id"],
        tab="money",
        statement=statement,
        credit=credit,
        kinds=KINDS,
        chosen=_kinds(visit),
        limit=limit,
        most=_MOST,
        more=len(statement["entries"]) == limit and limit < _MOST,
    )


async def export(visit: OperatorVisit) -> HttpResponse:
    """The entries of the same span as a file, oldest first."""
    text = await visit.command("ledger", "export", tenant=visit.slots["id"], **_where(visit))
    return saved(visit, f"ledger-{visit.slots['id']}.csv", CSV, text)


async def topup(visit: OperatorVisit) -> HttpResponse:
    """Book a payment."""
    form = visit.form
    told = await visit.command(
        "ledger",
        "topup",
        tenant=visit.slots["id"],
        amount=form.get("amount"),
        reference=form.get("reference"),
        note=form.get("note"),
    )
    return _booked(visit, told)


async def correct(visit: OperatorVisit) -> HttpResponse:
    """Correct the balance."""
    form = visit.form
    told = await visit.command(
        "ledger",
        "correct",
        tenant=visit.slots["id"],
        amount=form.get("amount"),
        reference=form.get("reference"),
        note=form.get("note"),
        below_limit=form.get("below_limit"),
    )
    return _booked(visit, told)


async def limit(visit: OperatorVisit) -> HttpResponse:
    """How far below nothing it may go; empty: as usual."""
    await visit.command("credit", "set", tenant=visit.slots["id"], limit=visit.form.get("limit", "none"))
    return visit.back(_path(visit), visit._("Changed."))


def _booked(visit: OperatorVisit, told: dict[str, str]) -> HttpResponse:
    said = visit._(
        "Booked: %(amount)s %(currency)s. The balance is %(balance)s %(currency)s now.",
        amount=told["amount"],
        currency=told["currency"],
        balance=told["balance"],
    )
    return visit.back(_path(visit), said)


def _where(visit: OperatorVisit) -> dict[str, str]:
    """The span and kinds that are asked for; `from` is a word of Python's."""
    found = {name: visit.query.get(name, "") for name in ("from", "to")}
    return {"from_": found["from"], "to": found["to"], "kinds": ",".join(_kinds(visit))}


def _kinds(visit: OperatorVisit) -> list[str]:
    return [each for each in visit.several("kinds") if each in KINDS]


def _limit(visit: OperatorVisit) -> int:
    written = visit.query.get("limit", "")
    return min(int(written), _MOST) if written.isdecimal() and len(written) < 6 and int(written) else _USUAL


def _path(visit: OperatorVisit) -> str:
    return f"/tenants/{segment(visit.slots['id'])}/money"


PAGES: Final = (
    Page("GET", "/tenants/{id}/money", show),
    Page("GET", "/tenants/{id}/ledger.csv", export),
    Page("POST", "/tenants/{id}/topup", topup, role="admin", again=show),
    Page("POST", "/tenants/{id}/correct", correct, role="admin", again=show),
    Page("POST", "/tenants/{id}/limit", limit, role="admin", again=show),
)
