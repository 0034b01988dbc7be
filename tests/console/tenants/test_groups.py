"""Groups and opt-outs, over the real API."""

from __future__ import annotations

import pytest

from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown


def stand(**groups: list[str]) -> RealTenants:
    made = RealTenants()
    for name, numbers in groups.items():
        made.client.ask("POST", "/v1/groups", {"name": name})
        if numbers:
            made.client.ask("POST", f"/v1/groups/{name}/members", {"numbers": numbers})
    return made


def members(made: RealTenants, group: str) -> list[str]:
    return [each["number"] for each in made.client.ask("GET", f"/v1/groups/{group}/members").json["members"]]


def test_a_group_lives() -> None:
    made = stand()
    assert "No groups yet." in made.get("/groups")
    assert made.done("/groups", {"name": "v.i.p & co", "comments": "best"}) == "/ui/groups/v.i.p%20%26%20co"
    assert "v.i.p &amp; co</a>" in made.get("/groups") and "best" in made.get("/groups")
    assert "Nobody is in this group yet." in made.get("/groups/v.i.p%20%26%20co")
    made.done("/groups/v.i.p%20%26%20co", {"comments": "the best"})
    assert 'value="the best"' in made.get("/groups/v.i.p%20%26%20co")
    assert made.done("/groups/v.i.p%20%26%20co/remove") == "/ui/groups"
    assert made.ask("GET", "/groups/v.i.p%20%26%20co").status == 404


def test_a_group_may_be_called_anything() -> None:
    made = stand(new=[], members=[])
    assert made.ask("GET", "/groups/new").status == made.ask("GET", "/groups/members").status == 200


@pytest.mark.parametrize(("name", "status"), [("a/b", 422), (".a", 422), ("", 422), ("vip", 409)])
def test_a_name_that_is_refused_comes_back(name: str, status: int) -> None:
    made = stand(vip=[])
    page = shown(made.post("/groups", {"name": name, "comments": "typed"}), status)
    assert 'role="alert"' in page and f'value="{name}"' in page and 'value="typed"' in page


def test_numbers_are_put_in_and_taken_out() -> None:
    made = stand(vip=[])
    assert made.done("/groups/vip/members", {"numbers": "+30 691 234 5678\n\n+447700900123, +447700900124;"}) == (
        "/ui/groups/vip"
    )
    assert members(made, "vip") == ["+306912345678", "+447700900123", "+447700900124"]
    page = made.get("/groups/vip")
    assert "Members 3" in text_of(page) and 'name="number" value="+447700900123"' in page
    made.done("/groups/vip/members/remove", {"number": "+447700900123"})
    assert members(made, "vip") == ["+306912345678", "+447700900124"]
    assert made.post("/groups/vip/members/remove", {"number": "+447700900123"}).status == 404


def test_a_thousand_numbers_and_more_go_in_requests_of_a_thousand() -> None:
    made = stand(vip=[])
    made.done("/groups/vip/members", {"numbers": "\n".join(f"+3069000{n:05}" for n in range(1500))})
    assert made.names().count("POST /groups/vip/members") == 2
    page = made.get("/groups/vip")
    assert 'rel="next"' in page and "Members" in text_of(page) and "Members 100" not in text_of(page)


def test_what_is_refused_stands_in_the_form_with_its_reason() -> None:
    made = stand(vip=[])
    page = shown(made.post("/groups/vip/members", {"numbers": f"+306912345678\n12\n{EVIL}"}))
    text = text_of(page)
    assert "Taken: 1, refused: 2." in text and "not 2" in text and "<script>alert" not in page
    assert "12\n&lt;script&gt;alert(1)&lt;/script&gt;</textarea>" in page
    assert members(made, "vip") == ["+306912345678"]
    assert "Taken: 0, refused: 1." in text_of(shown(made.post("/groups/vip/members", {"numbers": "12"}), 422))
    assert "at least one" in text_of(shown(made.post("/groups/vip/members", {"numbers": " ,\n"}), 422))
    assert made.post("/groups/nobody/members", {"numbers": "+306912345678"}).status == 404


def test_members_have_names_and_can_be_looked_for() -> None:
    made = stand(vip=["+306912345678", "+447700900123"])
    made.client.ask("POST", "/v1/contacts", {"number": "+306912345678", "first_name": EVIL})
    page = made.get("/groups/vip")
    assert 'href="/ui/contacts/%2B306912345678">&lt;script&gt;' in page
    assert "/ui/contacts/new?number=%2B447700900123" in page
    rows = made.get("/groups/vip?q=44", hx_request="true")
    assert "<html" not in rows and "+447700900123" in rows and "+306912345678" not in rows
    assert "begins like that" in made.get("/groups/vip?q=99", hx_request="true")


def test_opt_outs() -> None:
    made = RealTenants()
    assert "Nobody has opted out." in made.get("/optouts")
    assert made.done("/optouts", {"number": "+447700900123"}) == "/ui/optouts"
    page = made.get("/optouts")
    assert "+447700900123" in page and "you" in text_of(page)
    made.done("/optouts/allow", {"number": "+447700900123"})
    assert "Nobody has opted out." in made.get("/optouts")
    page = shown(made.post("/optouts", {"number": "12<"}), 422)
    assert "digits" in text_of(page) and 'value="12&lt;"' in page
    assert made.post("/optouts/allow", {"number": "+447700900123"}).status == 404


def test_a_word_of_a_recipient_is_text() -> None:
    answer = {"optouts": [{"number": "+44", "since": "2023-11-14T22:13:20.000Z", "by": EVIL}], "next_cursor": None}
    page = RealTenants(answers={"GET /optouts": answer}).get("/optouts")
    assert "<script>alert" not in page and "the recipient's word &lt;script&gt;" in page
