"""Why a message would go where: asked as one types, answered with every route that was tried."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, Final

from smsgwd.console.given import Told
from smsgwd.console.operators.routes import asked
from smsgwd.console.page import Page
from smsgwd.console.visit import OperatorVisit
from smsgwd.net.http_message import HttpResponse

CODINGS: Final = ("gsm", "latin1", "ucs2", "binary")
_ASKED: Final = ("tenant", "to", "from", "text", "parts", "coding", "channel", "priority", "at")
_TAKES: Final = "it takes the message"  #: what the command says of the route that does
_MOST_ASKED: Final = 500  # routes of which what they ask is shown, too
_MOST_OFFERED: Final = 200  # tenants


async def show(visit: OperatorVisit) -> HttpResponse:
    """The question, and the answer where it is asked."""
    question = {name: visit.query.get(name, "") for name in _ASKED}
    question["text"] = _text(visit)
    answer, why = None, ""
    if question["tenant"] and question["to"]:
        answer, why = await _answered(visit, question)
    values = {"question": question, "answer": answer, "why": why}
    if visit.fragment:
        return visit.show("operators/explain_answer.html", **values)
    tenants, _ = await visit.tried("tenant", "list")
    return visit.show(
        "operators/explain.html",
        tenants=[each["id"] for each in (tenants or ())[:_MOST_OFFERED]],
        codings=CODINGS,
        **values,
    )


def _text(visit: OperatorVisit) -> str:
    """The text as typed: browsers end lines with CR LF, and one character is what people mean."""
    return next((value for name, value in visit.request.query if name == "text"), "").replace("\r\n", "\n")


async def _answered(visit: OperatorVisit, question: dict[str, str]) -> tuple[dict[str, Any] | None, str]:
    given: dict[str, str] = {("from_" if name == "from" else name): value for name, value in question.items()}
    if question["text"]:
        del given["parts"]  # the text says how many
    try:
        found = await visit.command("route", "explain", **given)
    except Told as told:
        return None, str(told)
    asks = await _asks(visit, found)
    credit, _ = await visit.tried("credit", "show", tenant=question["tenant"])
    return {
        **found,
        "currency": "" if credit is None else credit["currency"],
        "reasons": found["why"].split("; "),
        "up": any(each["up"] for each in found["connectors"] if each["connector"] == found["connector"]),
        "total": _total(found["price"], found["parts"]),
        "tried": [
            {**each, "asks": asks.get(each["place"], {}), "takes": each["result"] == _TAKES} for each in found["tried"]
        ],
    }, ""


async def _asks(visit: OperatorVisit, found: dict[str, Any]) -> dict[int, dict[str, str]]:
    """What the routes that were tried ask, by their places: a reason says more beside it."""
    last = max((each["place"] for each in found["tried"]), default=0)
    if not 0 < last <= _MOST_ASKED:
        return {}
    rows, _ = await visit.tried("route", "list", limit=last)
    return {row["place"]: asked(row["asks"]) for row in rows or ()}


def _total(price: str | None, parts: int) -> str | None:
    """What all parts cost, with the digits that a part's price has."""
    try:
        return None if price is None else str(Decimal(price) * parts)
    except InvalidOperation:
        return None


PAGES: Final = (Page("GET", "/explain", show),)
