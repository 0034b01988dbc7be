"""Pages by method and path."""

from __future__ import annotations

import pytest

from smsgwd.console.page import Page, Pages, is_path
from smsgwd.net.http_message import HttpResponse


async def view(visit: object) -> HttpResponse:
    return HttpResponse(200)


PAGES = Pages(
    [
        Page("GET", "/", view),
        Page("GET", "/tenants/new", view),
        Page("GET", "/tenants/{id}", view),
        Page("POST", "/tenants/{id}", view),
        Page("POST", "/tenants/{id}/credentials/{name}/remove", view),
    ]
)


def test_a_name_goes_before_what_varies() -> None:
    found = PAGES.find("/tenants/new")
    assert found is not None and found[0]["GET"].path == "/tenants/new" and found[1] == ()


def test_what_varies_is_decoded() -> None:
    found = PAGES.find("/tenants/a%2Fb%C3%A9")
    assert found is not None and found[1] == ("a/bé",) and set(found[0]) == {"GET", "POST"}
    found = PAGES.find("/tenants/x/credentials/y%20z/remove")
    assert found is not None and found[1] == ("x", "y z")
    assert found[0]["POST"].slots == ("id", "name")


@pytest.mark.parametrize(
    "path", ["/tenants/", "/tenants/%ff", "/tenants/%00", "/tenants/a/b", "/x", "", "/tenants/" + "a" * 900]
)
def test_there_is_nothing_elsewhere(path: str) -> None:
    assert PAGES.find(path) is None


def test_no_two_pages_stand_at_one_place() -> None:
    with pytest.raises(ValueError, match="two pages"):
        Pages([Page("GET", "/a/{id}", view), Page("GET", "/a/{name}", view)])


def test_where_one_may_be_led() -> None:
    assert is_path("/a?b=c") and is_path("/")
    assert not any(map(is_path, ("", "a", "//a", "/\\a", "/a\n", "http://a/")))


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/tenants/a%2Fb", "/tenants/a%2Fb"),
        ("/tenants/a/credentials/y/remove", "/tenants/a"),
        ("/login", "/login"),
        ("/", "/"),
    ],
)
def test_what_only_takes_forms_has_a_page_above_it(path: str, to: str) -> None:
    assert PAGES.above(path) == to
    assert Pages([Page("POST", "/x/y", view)]).above("/x/y") == "/"
