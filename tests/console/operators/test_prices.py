"""Price lists and number plans."""

from __future__ import annotations

from typing import Any

from smsgwd.console.given import Told
from smsgwd.model.operators import Role
from tests.console.operators.answers import AT, EVIL, LISTS, RATES
from tests.console.stand import Operators, text_of

PLANS = [{"name": "gr", "ranges": 1200, "since": AT}]


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {"price list": LISTS, "price show": RATES, "plan list": PLANS}
    return Operators({**answers, **{name.replace("_", " ", 1): answer for name, answer in more.items()}}, role)


def test_lists_with_their_versions() -> None:
    page = stand().get("/prices")
    assert page.count("/ui/prices/retail?valid_from=") == 2 and "in effect" in page
    assert "no price lists yet" in stand(price_list=[]).get("/prices")
    assert "Import" not in text_of(stand("read").get("/prices"))


def test_rates_of_a_list() -> None:
    made = stand()
    page = text_of(made.get("/prices/retail?prefix=%2B30"))
    assert made.asked[-1] == ("price show", {"name": "retail", "prefix": "30", "limit": "500"})
    assert "everything else" in page and "0.0300" in page and "3 rates in all" in page
    piece = made.get(f"/prices/retail?valid_from={AT}", hx_request="true")
    assert "<html" not in piece and made.asked[-1][1]["valid_from"] == AT


def test_a_list_that_begins_later_is_shown_as_it_will_be() -> None:
    made = stand(price_list=[LISTS[1]])
    made.get("/prices/retail")
    assert made.asked[-1][1]["valid_from"] == "2027-01-01T00:00:00.000Z"


def test_a_list_that_is_not_there_is_told() -> None:
    answer = stand(price_show=Told(f"there is no price list {EVIL}")).ask("GET", "/prices/none")
    assert answer.status == 422 and EVIL not in answer.body.decode()


def test_a_list_is_imported() -> None:
    made = stand(price_import={"name": "retail", "currency": "EUR", "valid_from": AT, "rates": 2})
    where = made.done("/prices", {"name": "retail", "csv": "prefix,price\n*,1", "currency": "eur", "valid_from": ""})
    assert where == "/ui/prices/retail?valid_from=2026-11-23T04%3A58%3A34.093Z"
    assert made.asked == [("price import", {"name": "retail", "csv": "prefix,price\n*,1", "currency": "EUR"})]
    made.answers["price import"] = Told("csv: line 2: wrong")
    page = made.post("/prices", {"name": "retail", "csv": EVIL}).body.decode()
    assert "csv: line 2" in page and EVIL not in page and 'value="retail"' in page


def test_a_list_as_a_file() -> None:
    answer = stand(price_export="prefix,price\n*,1").ask("GET", "/prices/retail/export")
    assert answer.body == b"prefix,price\n*,1\n"
    assert dict(answer.headers)["Content-Disposition"] == 'attachment; filename="prices-retail.csv"'


def test_forgetting_is_asked_for_first() -> None:
    made = stand(price_drop={"name": "retail", "dropped": 1})
    page = made.get(f"/prices/retail/drop?valid_from={AT}")
    assert "which is in effect" in page and f'value="{AT}" checked' in page
    assert made.done("/prices/retail/drop", {"valid_from": AT}) == "/ui/prices"
    made.done("/prices/retail/drop", {"valid_from": ""})
    assert made.asked[1:] == [
        ("price drop", {"name": "retail", "valid_from": AT}),
        ("price drop", {"name": "retail"}),
    ]
    made.answers["price drop"] = Told("demo would be left without prices")
    answer = made.post("/prices/retail/drop", {"valid_from": AT})
    assert answer.status == 422 and "left without prices" in answer.body.decode()
    assert stand("read").ask("GET", "/prices/retail/drop").status == 403


def test_number_plans() -> None:
    made = stand(plan_import={"name": "gr", "ranges": 1}, plan_drop={}, plan_export="prefix,country")
    assert "/ui/plans/gr/export" in made.get("/plans")
    assert made.done("/plans", {"name": "gr", "csv": "prefix,country"}) == "/ui/plans"
    assert made.done("/plans/gr/drop") == "/ui/plans"
    assert made.ask("GET", "/plans/gr/export").body == b"prefix,country\n"
    assert made.post("/plans", {"name": "gr"}).status == 400
    assert "Import" not in text_of(stand("read").get("/plans"))
