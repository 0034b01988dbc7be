"""The delivery log, over the real API."""

from __future__ import annotations

import msgspec
import pytest

from smsgwd.model.operators import Repushed
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown
from tests.northbound.own_client import OwnClient, at_once
from tests.northbound.test_pushes import push

__all__ = ("at_once",)


@pytest.fixture
def made(at_once: None) -> RealTenants:
    client = OwnClient()
    client.own.pushes.views = [
        push(7),
        push(6, status="pending", attempts=2, last_error=EVIL),
        push(5, tenant="other"),
        push(4, status="given_up", last_error="410 gone", message_id=0, type="call"),
        push(3, target="@till", url=""),
    ]
    return RealTenants(client)


def test_the_list(made: RealTenants) -> None:
    page = made.get("/pushes")
    text = text_of(page)
    assert "message.delivered https://shop.example/dlr 1007 done 2023-11-15 00:13:29 2xx" in text
    assert "next try: 2023-11-15 00:13:25" in text and "failed 2023-11-15 00:13:29 410 gone" in text
    assert "2 failed attempts" in text and "@till" in text and EVIL not in page and "&lt;script&gt;" in page
    assert 'href="/ui/messages/1007"' in page and page.count('name="ids"') == 3


def test_filters_stay(made: RealTenants) -> None:
    page = made.get("/pushes?state=failed&message=12")
    assert made.asked[-1][1] == {"state": ["failed"], "message": ["12"], "limit": ["50"]}
    assert '<option value="failed" selected>' in page and 'value="12"' in page and "Nothing of this kind" in page
    made.get("/pushes?state=nonsense")
    assert "state" not in made.asked[-1][1]
    assert "message: ids are expected" in made.get("/pushes?message=x")


def test_one_or_what_is_ticked_goes_again(made: RealTenants) -> None:
    made.client.own.pushes.answers = [Repushed(2, ()), Repushed(1, ())]
    assert made.done("/pushes/again", {"ids": ["7", "4"], "state": "done"}) == "/ui/pushes?state=done"
    assert msgspec.json.decode(made.asked[-1][2]) == {"ids": ["7", "4"]}
    made.done("/pushes/again", {"ids": ["7", "4"], "one": "3"})
    assert msgspec.json.decode(made.asked[-1][2]) == {"ids": ["3"]}
    assert "Nothing is ticked." in shown(made.post("/pushes/again"), 422)


def test_a_span_of_time_goes_again(made: RealTenants) -> None:
    made.client.own.pushes.answers = [Repushed(3, ())]
    made.done("/pushes/span", {"from": "2027-01-14T10:00", "to": "2027-01-15T10:00"})
    assert msgspec.json.decode(made.asked[-1][2]) == {
        "from": "2027-01-14T08:00:00.000Z",
        "to": "2027-01-15T08:00:00.000Z",
    }
    page = shown(made.post("/pushes/span", {"from": "2027-01-01T10:00", "to": "2027-01-15T10:00"}), 422)
    assert "7 days" in page and 'value="2027-01-01T10:00"' in page
    assert made.post("/pushes/span", {"from": "0001-01-01T00:00"}).status == 422
    assert made.post("/pushes/span").status == 422


def test_nothing_pushed_yet(at_once: None) -> None:
    assert "Nothing was pushed yet." in RealTenants(OwnClient()).get("/pushes")
