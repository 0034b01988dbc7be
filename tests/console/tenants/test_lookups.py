"""Looking numbers up, over the real API."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.ledger import EntryKind
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown
from tests.console.test_live import Browser
from tests.northbound.business import BusinessClient
from tests.northbound.test_business_endpoints import DEMO, FOUND, Source

#: Of what GET /v1/account says, what these pages read (tests.northbound.test_account has all of it).
ACCOUNT = {"currency": "EUR", "lookup_price": "0.0050"}


def stand(source: Any, money: int = 1_000_000, scopes: tuple[str, ...] = ()) -> RealTenants:
    made = BusinessClient(DEMO, Source(source))
    if money:
        made.store.enter("demo", 0, EntryKind.TOPUP, money)
    return RealTenants(made, {"GET /account": ACCOUNT}, scopes)


def test_the_page_says_what_it_costs() -> None:
    page = text_of(stand(FOUND).get("/lookups?number=%2B306971234567"))
    assert "Each number costs 0.0050 EUR" in page and "+306971234567" in page


def test_numbers_are_looked_up_and_watched() -> None:
    answer: Deferred[Any] = Deferred()
    made = stand(answer)
    where = made.done("/lookups", {"numbers": "+306971234567,\n12"}).removeprefix("/ui")
    page = made.get(where)
    assert "1 answer is not there yet." in text_of(page) and f'sse-connect="/ui/live{where}"' in page
    assert "being asked" in text_of(page) and "no phone number" in text_of(page)
    browser = Browser(made.ask("GET", f"/live{where}"))
    made.clock.advance(2)
    told = browser.taken()
    assert "event: answers" in told and "Cosmote" not in told and "event: over" not in told
    answer.callback(FOUND)
    made.clock.advance(2)
    told = browser.taken()
    assert "event: answers" in told and "Cosmote" in told and "event: over" in told
    page = made.get(where)
    text = text_of(page)
    assert "sse-connect" not in page and "reachable GR Cosmote yes hlr 0.0050" in text and "202/01" in text


def test_earlier_lookups_are_found_among_the_charges() -> None:
    made = stand(FOUND)
    where = made.done("/lookups", {"numbers": "+306971234567"})
    page = made.get("/lookups")
    assert f'href="{where}"' in page and "-0.0050" in page
    number = where.rpartition("/")[2]
    answer = made.ask("GET", f"/lookups?id={number}")
    assert answer.status == 303 and dict(answer.headers)["Location"] == where


@pytest.mark.parametrize(
    ("numbers", "said"), [("nonsense", "recipient"), (" ,", "at least one number"), ("+30697123456<", "")]
)
def test_what_is_refused_comes_back(numbers: str, said: str) -> None:
    page = shown(stand(FOUND).post("/lookups", {"numbers": numbers}), 422)
    assert said in text_of(page) and f"{numbers.replace('<', '&lt;')}</textarea>" in page


def test_nothing_is_looked_up_without_money() -> None:
    page = shown(stand(FOUND, money=0).post("/lookups", {"numbers": "+306971234567"}), 422)
    assert 'role="alert"' in page and "+306971234567</textarea>" in page


def test_without_the_scope_of_money_there_is_no_list() -> None:
    made = stand(FOUND, scopes=("lookups",))
    made.answers["GET /statements"] = None
    assert "/ui/lookups/" not in made.get("/lookups")
    assert made.ask("GET", "/money").status == 403


def test_a_lookup_that_is_not_there() -> None:
    assert stand(FOUND).ask("GET", "/lookups/5").status == 404


def test_what_sources_say_is_text() -> None:
    lookup = {
        "id": "6", "to": EVIL, "state": "Failed", "country": EVIL, "operator": EVIL, "mcc": EVIL, "mnc": EVIL,
        "imsi": EVIL, "msc": EVIL, "ported": None, "error": EVIL, "source": EVIL, "price": "0.0050",
        "asked_at": "2027-01-15T08:00:00.000Z", "done_at": None,
    }  # fmt: skip
    made = RealTenants(answers={"GET /account": ACCOUNT, "GET /lookups/5": {"id": "5", "lookups": [lookup]}})
    page = made.get("/lookups/5")
    assert "<script>alert" not in page and page.count("&lt;script&gt;") == 9 and "does not exist" in page
