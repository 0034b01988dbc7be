"""Tracked links, over the real API."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from smsgwd.console.tenants.links import by_target, openings
from smsgwd.model.links import Link, LinkView
from smsgwd.model.tenant import Tenant
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants
from tests.northbound.business import NOW_MS, BusinessClient

HOUR = 3_600_000
DEMO = Tenant("demo", credit=0, time_zone="Europe/Athens")


def stand(*links: dict[str, Any], scopes: tuple[str, ...] = ()) -> RealTenants:
    made = RealTenants(BusinessClient(DEMO), scopes=scopes)
    for number, fields in enumerate(links, 1):
        values = {"tenant": "demo", "url": "https://shop.example/", "clicks": 0, "bots": 0, "first_at": None, **fields}
        code = f"AAAAAAA{number:03}"
        link = Link(code, values["tenant"], 100 + number, "306912345678", values["url"], NOW_MS, 0, values.get("ref"))
        first = values["first_at"]
        made.client.store.link_views[code] = LinkView(link, values["clicks"], values["bots"], first, first)
    return made


def plot_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json">(.*?)</script>', page)
    assert found is not None
    plot: dict[str, Any] = json.loads(found[1])
    return plot


def test_no_links_say_how_to_make_one() -> None:
    text = text_of(stand().get("/links"))
    assert "No links yet." in text and "[Link]" in text


def test_figures_plot_and_list() -> None:
    made = stand(
        {"clicks": 2, "bots": 5, "first_at": NOW_MS},
        {"clicks": 1, "first_at": NOW_MS + 2 * HOUR, "url": "https://other.example/"},
        {},
        {},
        {"tenant": "other", "clicks": 9, "first_at": NOW_MS},
    )
    page = made.get("/links")
    text = text_of(page)
    assert (
        "All links" in text and "4 sent 2 50 % opened by a person 3 openings by people 5 openings by programs" in text
    )
    plot = plot_of(page)
    assert plot["labels"] == ["10:00", "11:00", "12:00"]
    assert plot["series"][0]["values"] == [1, 0, 1] and "2027-01-15 11:00 0" in text
    assert "https://shop.example/ 3 1 33 2" in text and page.count('class="mono" href="/ui/links/') == 4
    assert [(name, query) for name, query, _ in made.asked] == [
        ("GET /links", {"limit": ["50"]}),
        ("GET /links", {"limit": ["1000"]}),
    ]


def test_links_of_a_message_and_further_pages_have_no_figures() -> None:
    made = stand(*({} for _ in range(60)))
    page = made.get("/links")
    more = page.split('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = made.get(more.removeprefix("/ui"))
    assert "openings by people" not in second and 'rel="prev"' in second and second.count("/ui/links/A") == 10
    one = made.get("/links?message=103")
    assert one.count("/ui/links/A") == 1 and 'value="103"' in one
    assert "This message has no link." in made.get("/links?message=999")
    assert made.ask("GET", "/links?message=x").status == 422


def test_one_link_and_who_got_it() -> None:
    made = stand({"clicks": 1, "first_at": NOW_MS, "ref": EVIL, "url": f"https://shop.example/?{EVIL}"})
    made.answers["GET /contacts/%2B306912345678"] = {"number": "+30 691", "name": EVIL}
    page = made.get("/links/AAAAAAA001")
    assert "<script>alert" not in page and page.count("&lt;script&gt;alert") == 3
    assert 'href="/ui/contacts/%2B30%20691"' in page and 'href="/ui/messages/101"' in page and "for good" in page
    assert made.ask("GET", "/links/BBBBBBBBBB").status == 404


def test_a_credential_for_links_alone_asks_for_no_contact() -> None:
    made = stand({}, scopes=("links",))
    page = made.get("/links/AAAAAAA001")
    assert made.names() == ["GET /links/AAAAAAA001"] and "/ui/messages/" not in page and "not yet" in page


def test_hostile_targets_are_text() -> None:
    page = stand({"url": f"https://shop.example/?{EVIL}", "clicks": 1, "first_at": NOW_MS}).get("/links")
    assert "<script>alert" not in page and "&lt;script&gt;" in page


def test_targets() -> None:
    [one, other] = by_target(
        [
            {"link": "a", "clicks": 2, "bots": 1},
            {"link": "a", "clicks": 0, "bots": 1},
            {"link": "b", "clicks": 0, "bots": 0},
        ]
    )
    assert (one.sent, one.opened, one.clicks, one.bots, one.share) == (2, 1, 2, 2, 50)
    assert (other.sent, other.opened, other.share) == (1, 0, 0)


def test_openings_of_days_miss_none_where_clocks_are_changed() -> None:
    zone = ZoneInfo("Europe/Athens")
    times = [datetime(2026, 3, 27, 22, 30, tzinfo=UTC), datetime(2026, 3, 30, 20, 30, tzinfo=UTC)]
    assert openings([each.astimezone(zone) for each in times]) == {
        "2026-03-28": 1,
        "2026-03-29": 0,
        "2026-03-30": 1,
    }
    assert openings([]) == {}


def test_openings_of_a_long_time_are_the_newest() -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)]
    steps = openings(times)
    assert len(steps) == 120 and list(steps)[-1] == "2026-12-31" and steps["2026-12-31"] == 1
