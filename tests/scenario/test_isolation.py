"""Two tenants with something of every kind: whatever one asks for, by the API or on pages, it is never the other's.

Every route of `/v1` and every page of tenants is asked by `beta` for what is `alpha`'s, and every form that alpha's
pages have is sent by beta. A name that beta wrote into a request may come back in its refusal; nothing else may.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote_plus, urlencode

import pytest

from smsgwd.console.tenants import menu
from smsgwd.northbound.route import SLOT, Route
from smsgwd.northbound.routes import ROUTES
from tests.scenario.client import Tenant, ask
from tests.scenario.console_ways import gets, posts
from tests.scenario.harness import Gateway, Scene
from tests.scenario.marked import PASSWORD, Marked, mark, settings
from tests.scenario.visitor import Filled, Visitor, forms_of
from tests.scenario.ways import done

_GONE = "http://127.0.0.1:9/{}-zq"  # nobody answers there
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: What changes by itself, or by looking.
_RESTLESS = {
    "last_used_at",
    "attempts",
    "next_at",
    "last_error",
    "connections",
    "queue_oldest_s",
    "updated_at",
    "at",
    "to_date",
}

Two = tuple[Gateway, Marked, Marked]


@pytest.fixture(scope="module")
def two(shared: Scene) -> Two:
    """A gateway with alpha and beta; both have something of every kind."""
    gateway = shared.gateway(
        shared.smsc(),
        tenants=[settings("alpha"), settings("beta")],
        console={"tenants": True},
        lookups={"sources": [{"kind": "plan"}]},
        auth={"max_failures": 1000, "max_failures_address": 1000},
        notify={"allow_private_targets": True, "retry_s": [3600]},
    )
    alpha, beta = (
        mark(
            gateway,
            name,
            f"only {name} zq knows this",
            name=f"{name}-zq names",
            sender=f"{name}Zq",
            digits=digits,
            target=_GONE.format(name),
        )
        for name, digits in (("alpha", "5551"), ("beta", "5552"))
    )
    return gateway, alpha, beta


def filled(route: Route, whose: Marked) -> str:
    """A route's path with what is this tenant's in its slots. KeyError: tell `Marked.slots` of the new one."""
    found = whose.slots(route.path)
    segments = [SLOT.match(segment) for segment in route.path.split("/")]
    assert all(slot is None or slot[1] in found for slot in segments), f"tell Marked.slots of {route.label}"
    parts = zip(route.path.split("/"), segments, strict=True)
    return "/".join(part if slot is None else quote(found[slot[1]], safe="") for part, slot in parts)


def body(route: Route, whose: Marked) -> Any:
    """A body that names what is this tenant's. KeyError: a new route that takes one needs a line here."""
    number, message = f"+{whose.number}", {"to": "+306955530001", "text": "hello"}
    bodies: dict[str, Any] = {
        "send": {**message, "to_group": whose.name},
        "send_batch": {"messages": [{**message, "template": whose.name}]},
        "preview": {"to": message["to"], "template": whose.name},
        "reschedule": {"schedule_at": "+3 days"},
        "add_contact": {"number": number, "first_name": "beta's"},
        "put_contact": {"first_name": "beta's"},
        "add_group": {"name": whose.name},
        "put_group": {"comments": "beta's"},
        "add_members": {"numbers": [number]},
        "add_template": {"name": whose.name, "text": "beta's"},
        "put_template": {"text": "beta's"},
        "add_sender": {"name": whose.sender},
        "add_optout": {"number": number},
        "ask_lookups": {"to": number},
        "put_callbacks": {"dlr_url": _GONE.format("beta"), "webhook_url": _GONE.format("beta")},
        "test_callback": {"to": "dlr"},
        "repush": {"messages": [whose.message, whose.submission, whose.scheduled]},
        "add_credential": {"kind": "password", "name": whose.login},
        "rotate_credential": {"grace_s": 0},
        "set_totp": {},
    }
    return bodies[route.operation]


def queries(route: Route, whose: Marked) -> Iterator[str]:
    """Queries that name what is this tenant's, one parameter each; '' first. KeyError: a new parameter."""
    values = {
        "from_date": "2020-01-01T00:00:00Z",
        "to_date": "2040-01-01T00:00:00Z",
        "state": "delivered",
        "to": whose.number,
        "limit": "1000",
        "format": "csv",
        "by": "sender",
        "message": whose.message,
        "q": whose.text[:8],
        "group": whose.name,
        "kind": "topup",
        "cursor": "A" * 16,
        "serial": "1",
    }
    if route.operation == "list_contacts":  # its files are another endpoint's
        assert "format" not in {each.name for each in route.parameters}
    yield ""
    for parameter in route.parameters:
        if parameter.where == "query":
            yield "?" + urlencode({parameter.name: values[parameter.name]})


class Watch:
    """Looks for what is one tenant's in answers to another one.

    What the other wrote itself it may find again: a contact of its own under the same number, a name in a refusal.
    """

    def __init__(self, whose: Marked) -> None:
        self._whose = whose
        self._written = ""  # in requests that keep something

    def check(self, request: str, answer: str, *, keeps: bool = False) -> None:
        """An answer, with all that was written in its request."""
        written = unquote_plus(request)
        assert self._whose.text not in written, "then it would prove nothing"
        if keeps:
            self._written += written
        shown = [each for each in self._whose.secrets if each in answer and each not in written + self._written]
        assert shown == [], (request, answer[:2000])


def state_of(gateway: Gateway, whose: Marked) -> dict[str, Any]:
    """All that the API tells its own tenant, and the operators of it."""
    found = {}
    for route in ROUTES:
        if route.method == "GET" and route.authenticated and "export" not in route.path:
            path = filled(route, whose)
            answer = whose.tenant.ask("GET", path)
            assert answer.status in (200, 404), (path, answer)
            found[path] = _settled(answer.body)
    found["scheduled"] = _settled(whose.tenant.message(whose.scheduled))
    found["export"] = whose.tenant.ask("GET", "/v1/contacts/export").body
    found["settings"] = _settled(done(gateway, "tenant", "show", id=whose.id))
    return found


def _settled(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _settled(each) for key, each in value.items() if key not in _RESTLESS}
    if isinstance(value, list):
        return [_settled(each) for each in value]
    return value


def test_each_is_shown_its_own(two: Two) -> None:
    """So that the other tests look for what can be found."""
    gateway, alpha, _ = two
    seen = "".join(str(alpha.tenant.ask("GET", filled(route, alpha)).body) for route in ROUTES if route.method == "GET")
    assert [secret for secret in alpha.secrets if secret not in seen] == []
    own = Visitor(gateway.http_port)
    own.log_in(alpha.login, PASSWORD)
    for page, path in gets(menu.PAGES, alpha.pages):
        if not page.path.startswith("/live/"):
            answer = own.ask("GET", f"/ui{path}")
            assert answer.status in (200, 303), (path, answer)


def test_the_lists_of_others_cannot_be_gone_on_with(two: Two) -> None:
    """A cursor of alpha's lists gives beta its own rows, or is refused."""
    _, alpha, beta = two
    for route in ROUTES:
        if any(parameter.name == "cursor" for parameter in route.parameters):
            path = filled(route, alpha)
            cursor = (alpha.tenant.ask("GET", f"{path}?limit=1").body or {}).get("next_cursor")
            if cursor:
                answer = beta.tenant.ask("GET", f"{path}?cursor={quote(cursor)}")
                Watch(alpha).check(path, str(answer.body))


def test_every_page_shows_beta_what_is_betas(two: Two) -> None:
    """Every page asked for what is alpha's, and what moves there."""
    gateway, alpha, beta = two
    mine = Visitor(gateway.http_port)
    assert mine.log_in(beta.login, PASSWORD).status == 303
    for _, path in gets(menu.PAGES, alpha.pages):
        for headers in ({}, {"HX-Request": "true"}):
            answer = mine.ask("GET", f"/ui{path}", headers=headers)
            assert answer.status < 500, (path, answer)
            Watch(alpha).check(path, answer.text)


def test_no_route_gives_away_or_changes_what_is_the_others(two: Two) -> None:
    """Every route with every method; alpha has afterwards what it had."""
    gateway, alpha, beta = two
    before, watch = state_of(gateway, alpha), Watch(alpha)
    for route in sorted(ROUTES, key=lambda each: each.method != "GET"):  # what is made then stands in lists
        path = filled(route, alpha)
        for query in queries(route, alpha):
            said = body(route, alpha) if route.body is not None else None
            if route.takes:
                answer = beta.tenant.upload(path + query, f"number\n{alpha.number}\n".encode(), route.takes[0])
            else:
                answer = beta.tenant.ask(route.method, path + query, said)
            assert answer.status < 500, (route.label, answer)
            watch.check(f"{path}{query} {said!r} {alpha.number}", str(answer.body), keeps=route.method != "GET")
            if route.slots and route.operation not in ("put_contact", "put_group", "put_template", "bill"):
                assert answer.status in (400, 404, 422) or _beta_s_own(beta, answer.body), (route.label, answer)
        for method in _METHODS:
            if not any(each.path == route.path and each.method == method for each in ROUTES):
                answer = beta.tenant.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
                assert answer.status < 500, (method, path, answer)
                watch.check(path, str(answer.body))
    after = state_of(gateway, alpha)
    assert {path: (each, after[path]) for path, each in before.items() if each != after[path]} == {}


def _beta_s_own(beta: Marked, answer: Any) -> bool:
    """Whether an answer is about what beta made under a name of alpha's meanwhile: contacts, groups, templates."""
    return (isinstance(answer, dict | bytes) and "alpha zq knows" not in str(answer)) or answer is None


def test_no_form_changes_what_is_the_others(two: Two) -> None:
    """Every form of alpha's pages is sent by beta, and every page that does something is asked for what is alpha's."""
    gateway, alpha, beta = two
    own, mine = Visitor(gateway.http_port), Visitor(gateway.http_port)
    own.log_in(alpha.login, PASSWORD)
    mine.log_in(beta.login, PASSWORD)
    forms = {
        form
        for page, path in gets(menu.PAGES, alpha.pages)
        if not page.path.startswith("/live/")
        for form in forms_of(own.ask("GET", f"/ui{path}").text)
        if form.action not in ("/ui/choices", "/ui/logout")
    }
    forms |= {Filled("post", f"/ui{path}", ()) for _, path in posts(menu.PAGES, alpha.pages)}
    before, watch = state_of(gateway, alpha), Watch(alpha)
    for form in sorted(forms):
        fields = [(name, value.replace(alpha.text, "beta's own")) for name, value in form.fields if name != "csrf"]
        answer = mine.post(form.action, fields)
        assert answer.status < 500, (form, answer)
        if answer.status == 303 and answer.header("Location").startswith("/ui/login"):
            assert mine.log_in(beta.login, PASSWORD).status == 303, "beta may have changed its own log-in"
            continue
        sent = f"{form.action} {fields}"
        watch.check(sent, answer.text, keeps=True)
        if answer.status == 303:
            watch.check(sent, mine.ask("GET", answer.header("Location")).text)
    after = state_of(gateway, alpha)
    assert {path: (each, after[path]) for path, each in before.items() if each != after[path]} == {}


def test_a_token_of_one_says_nothing_at_the_others_webhook(two: Two) -> None:
    """Without, and with credentials that are none: nothing of anybody's."""
    gateway, alpha, _ = two
    for route in ROUTES:
        if route.authenticated:
            path = filled(route, alpha)
            assert ask(gateway.http_port, route.method, path).status == 401, route.label
            assert Tenant(gateway.http_port, "alpha-tokem").ask(route.method, path).status == 401, route.label
