"""Paths find their routes with what stands in their slots."""

import pytest

from smsgwd.model.refusals import Refusal, Refused
from smsgwd.northbound.route import Route
from smsgwd.northbound.router import MethodNotAllowed, Router, slot_text


def route(method, path):
    return Route(method, path, f"{method} {path}", "", "", 200, (), ())


MEMBER = "/v1/groups/{name}/members/{number}"
ROUTER = Router(
    [
        route("GET", "/v1/groups"),
        route("GET", "/v1/groups/{name}"),
        route("DELETE", "/v1/groups/{name}"),
        route("GET", "/v1/groups/export"),
        route("POST", "/v1/groups/{name}/members"),
        route("DELETE", "/v1/groups/{name}/members/{number}"),
        route("GET", "/v1/messages/{id}"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "found", "slots"),
    [
        ("GET", "/v1/groups", "/v1/groups", ()),
        ("HEAD", "/v1/groups", "/v1/groups", ()),
        ("GET", "/v1/groups/vip", "/v1/groups/{name}", ("vip",)),
        ("GET", "/v1/groups/export", "/v1/groups/export", ()),
        ("POST", "/v1/groups/export/members", "/v1/groups/{name}/members", ("export",)),
        ("GET", "/v1/groups/%CE%B1%20b", "/v1/groups/{name}", ("α b",)),
        ("GET", "/v1/groups/a%2Fb", "/v1/groups/{name}", ("a/b",)),
        ("DELETE", "/v1/groups/vip/members/+306912345678", MEMBER, ("vip", "+306912345678")),
        ("GET", "/v1/messages/9223372036854775807", "/v1/messages/{id}", ("9223372036854775807",)),
    ],
)  # fmt: skip
def test_found(method, path, found, slots):
    assert ROUTER.knows(path)
    one, seen = ROUTER.find(method, path)
    assert (one.path, seen) == (found, slots)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/groups/",
        "/v1/groups/vip/",
        "/v1/groups/.",
        "/v1/groups/..",
        "/v1/groups//members",
        "/v1/groups/%0A",
        "/v1/groups/%FF",
        "/v1/groups/%4",
        "/v1/groups/" + "a" * 801,
        "/v1/messages/9223372036854775808",
        "/v1/messages/12a",
        "/v1/messages/٣",
        "/v1/groups/vip/other",
    ],
)
def test_nothing_there(path):
    assert not ROUTER.knows(path)
    with pytest.raises(Refused) as refused:
        ROUTER.find("GET", path)
    assert refused.value.refusal is Refusal.NOT_FOUND


def test_other_methods_are_named():
    with pytest.raises(MethodNotAllowed) as refused:
        ROUTER.find("POST", "/v1/groups/vip")
    assert refused.value.allow == "DELETE, GET, HEAD"


def test_a_route_tells_its_slots():
    assert route("GET", "/v1/groups/{name}/members/{number}").slots == ("name", "number")
    assert slot_text("a%20b") == "a b"
