"""Money, over the real API."""

from __future__ import annotations

import pytest

from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants
from tests.northbound.test_money import MONTHS, client


def stand(floor: int | None = 0, scopes: tuple[str, ...] = ()) -> RealTenants:
    return RealTenants(client(*MONTHS, floor=floor), scopes=scopes)


def test_what_is_left() -> None:
    text = text_of(stand().get("/money"))
    assert "12.3500 EUR can be spent 12.3500 EUR balance" in text and "credit limit" not in text
    assert "20.0000 EUR credit limit" in text_of(stand(floor=-20_000_000).get("/money"))
    assert "EUR to be paid" in text_of(stand(floor=None).get("/money"))


def test_the_statement_with_its_sums() -> None:
    page = stand().get("/money")
    text = text_of(page)
    assert "top-up 2 15.0000 0.0000 0 0" in text and "charge 3 -0.2000 -2.5000 2 3" in text
    assert "2027-01-03 10:00:00 top-up 5.0000 0.0000 12.3500 0 pay-2" in text
    assert 'href="/ui/messages/77"' in page and "lookup 5 2 numbers looked up" in text
    assert 'href="/ui/lookups/5">lookup 5</a>' in page and 'href="/ui/lookups/7' not in page


def test_the_last_thirty_days_are_shown_unless_somebody_wants_all() -> None:
    made = stand()
    page = made.get("/money")
    assert made.asked[1][1] == {"from_date": ["2026-10-18T21:00:00.000Z"], "limit": ["50"]}
    assert 'value="2026-10-19"' in page and 'href="/ui/money/statement.csv?from=2026-10-19"' in page
    assert 'href="/ui/money/statement.csv"' in made.get("/money?from=")
    assert "from_date" not in made.asked[-1][1]


def test_days_are_those_of_the_account_and_kinds_stay() -> None:
    made = stand()
    page = made.get("/money?from=2026-12-01&to=2026-12-31&kind=charge&kind=refund&kind=nonsense")
    query = made.asked[1][1]
    assert query["from_date"] == ["2026-11-30T22:00:00.000Z"] and query["to_date"] == ["2026-12-31T22:00:00.000Z"]
    assert query["kind"] == ["charge", "refund"]
    assert 'value="2026-12-01"' in page and page.count(" checked") == 2
    assert "/ui/money/statement.csv?from=2026-12-01&amp;to=2026-12-31&amp;kind=charge&amp;kind=refund" in page
    assert "Nothing happened to the money in these days." in made.get("/money?from=2020-01-01&to=2020-01-02")


@pytest.mark.parametrize("query", ["from=x", "to=2026-02-30", "from=2026-12-02&to=2026-12-01", "from=0001-01-01"])
def test_days_that_are_none(query: str) -> None:
    assert stand().ask("GET", f"/money?{query}").status == 422
    assert stand().ask("GET", f"/money/statement.csv?{query}").status == 422


def test_the_last_day_of_all() -> None:
    made = stand()
    made.get("/money?from=&to=9999-12-31")
    assert "to_date" not in made.asked[1][1]


def test_the_statement_is_a_file() -> None:
    answer = stand().ask("GET", "/money/statement.csv?kind=correction")
    assert dict(answer.headers)["Content-Disposition"] == 'attachment; filename="statement.csv"'
    lines = answer.body.decode().splitlines()
    assert lines[0].startswith("id,at,kind,amount") and len(lines) == 2 and "'=SUM(A1:A9)" in lines[1]


def test_pages_of_the_statement() -> None:
    entries = [(f"2026-11-{day:02}T{hour:02}:00:00Z", *MONTHS[8][1:4], {"reference": f"r{day}-{hour}"})
               for day in (1, 2, 3) for hour in range(20)]  # fmt: skip
    made = RealTenants(client(*entries))
    page = made.get("/money?from=2026-01-01&kind=topup")
    more = page.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "r3-19" in page and "r1-0" not in page and "kind=topup" in more
    second = made.get(more.removeprefix("/ui"))
    assert "r1-0" in second and 'href="/ui/money?from=2026-01-01&amp;kind=topup" rel="prev"' in second
    page = made.get("/money?from=&kind=topup")
    more = page.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = made.get(more.removeprefix("/ui"))
    assert "r1-0" in second and 'href="/ui/money?kind=topup&amp;from=" rel="prev"' in second


def test_topups() -> None:
    text = text_of(stand().get("/money/topups"))
    assert "15.0000 EUR paid in all together 2 top-ups" in text and "pay-1 card" in text
    assert "Nothing was paid in yet." in RealTenants(client()).get("/money/topups")


def test_bills() -> None:
    made = stand()
    page = made.get("/money/bills")
    assert 'href="/ui/money/bills/2026-12"' in page and "2026-12 closed 10.0000 0.0000 1.1000 7.3500 1" in text_of(page)
    bill = made.get("/money/bills/2026-12")
    text = text_of(bill)
    assert (
        "= Balance at the end 7.3500" in text and "From 2026-12-01 00:00:00 until 2027-01-01 00:00:00, in EUR" in text
    )
    assert "/ui/money/statement.csv?from=2026-12-01&amp;to=2026-12-31" in bill and "still grow" not in bill
    assert "still grow" in made.get("/money/bills/2027-01")
    assert made.ask("GET", "/money/bills/1999-01").status == 404
    assert "There is no bill yet." in RealTenants(client()).get("/money/bills")


def test_notes_are_text() -> None:
    topup = (*MONTHS[0][:4], {"reference": EVIL, "note": EVIL})
    made = RealTenants(client(topup))
    for path in ("/money", "/money/topups"):
        page = made.get(path)
        assert "<script>alert" not in page and page.count("&lt;script&gt;") == 2


def test_money_needs_its_scope() -> None:
    made = stand(scopes=("send",))
    for path in ("/money", "/money/statement.csv", "/money/topups", "/money/bills", "/money/bills/2026-12"):
        assert made.ask("GET", path).status == 403
    assert made.names() == []
