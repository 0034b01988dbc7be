"""Whatever tenants, subscribers, carriers and operators write is shown as text: every page of both faces, hostile data.

The walk takes all pages of the menus; one that it does not know how to reach (`pages` of `Marked`, `Stage.ways`) fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from smsgwd.console.operators import menu as operators_menu
from smsgwd.console.page import Page
from smsgwd.console.tenants import menu as tenants_menu
from tests.browser.browser import Tab
from tests.scenario.client import wait
from tests.scenario.console_ways import gets
from tests.scenario.harness import Gateway, Scene
from tests.scenario.marked import PASSWORD, Marked, mark, settings
from tests.scenario.mo_carrier import MoCarrier, Piece
from tests.scenario.visitor import Visitor
from tests.scenario.ways import done, refused

EVIL = (
    "</script></textarea>\"'><script>window.xss=1</script><img src=x onerror=window.xss=1>"
    "{{7*7}}${7*7}<a href=javascript:window.xss=1>\N{RIGHT-TO-LEFT OVERRIDE}'-alert(1)-'\x1b[31m"
)
NAME = '"><img src=x onerror=window.xss=1>'  # of groups and templates: no slash
SHORT = "a<b>'\"&"  # a sender has 11 characters
_RECEIPT = (
    "id:<img/src=x/onerror=window.xss=1> sub:001 dlvrd:000 submit date:2611230000 done date:2611230000 stat:DELIVRD "
    f"err:000 text:{EVIL}"
)
#: True where nothing of the data became an element, an attribute that runs, or a link that does.
_CLEAN = """(() => {
  const all = [...document.querySelectorAll("*")];
  const bad = all.filter(each => [...each.attributes].some(one => one.name.startsWith("on")
    || ["href", "src", "action", "formaction", "xlink:href"].includes(one.name)
       && !/^(https?:|\\/|#|\\?|$)/.test(one.value.trim())));
  const scripts = [...document.scripts].filter(
    each => !(each.type === "application/json" || (each.getAttribute("src") || "").startsWith("/ui/static/")));
  const pictures = [...document.images].filter(each => !each.getAttribute("src").startsWith("/ui/static/"));
  for (const each of document.querySelectorAll('script[type="application/json"]')) JSON.parse(each.textContent);
  return [...bad, ...scripts, ...pictures].map(each => each.outerHTML.slice(0, 300))
    .concat(window.xss === undefined ? [] : ["window.xss is set"]);
})()"""

#: All that is shown, what stands in fields, too.
_SHOWN = """[(document.querySelector("main") || document.body).innerText,
  ...[...document.querySelectorAll("input, textarea")].map(each => each.value)]"""

#: Pages that must show something of it.
_OPERATORS = (
    "/messages/{id}",
    "/connectors/{id}",
    "/pushes/{target}",
    "/audit",
    "/audit/{id}",
    "/tenants/{id}/settings",
    "/tenants/{id}/money",
    "/tenants/{id}/credentials",
    "/senders/{tenant}/{name}",
    "/operators/{name}",
)
_TENANTS = (
    "/",
    "/messages",
    "/messages/{id}",
    "/contacts",
    "/contacts/{number}",
    "/groups",
    "/groups/{name}",
    "/templates",
    "/senders",
    "/links",
    "/links/{code}",
    "/money",
)


class Stage(NamedTuple):
    """A gateway full of hostile texts."""

    gateway: Gateway
    marked: Marked
    ways: dict[str, str]  #: for operators' pages


@pytest.fixture(scope="module")
def carrier() -> Iterator[MoCarrier]:
    """A carrier whose subscribers write, too."""
    made = MoCarrier()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def stage(shared: Scene, carrier: MoCarrier) -> Stage:
    """Everything that somebody else wrote, hostile."""
    gateway = shared.gateway(
        shared.smsc(),
        carrier.port,
        tenants=[settings("alpha")],
        console={"tenants": True, "accounts": [{"name": "admin", "role": "admin", "secret": PASSWORD}]},
        lookups={"sources": [{"kind": "plan"}]},
        notify={"allow_private_targets": True, "retry_s": [3600]},
        routes=[{"id": "all", "connectors": ["smsc1"]}],
    )
    carrier.wait_bound()
    for piece in (
        Piece(EVIL.encode("utf-16-be")[:120], coding=8),
        Piece(_RECEIPT.encode("latin-1", "replace")[:250], esm_class=4),
    ):
        carrier.say("306955519999", "54001", piece)
    target = f"http://127.0.0.1:9/{quote(EVIL, safe='')}"
    marked = mark(gateway, "alpha", EVIL, name=NAME, sender=SHORT, digits="5551", target=target)
    agent = EVIL.replace("\x1b", "").encode("ascii", "ignore").decode()
    Visitor(gateway.ops_port, agent).log_in("admin", PASSWORD)
    Visitor(gateway.ops_port, agent).log_in(NAME, EVIL)
    Visitor(gateway.http_port, agent).log_in("alpha-login", PASSWORD)
    return Stage(gateway, marked, _written(gateway, marked))


def _either(gateway: Gateway, noun: str, verb: str, key: str, plain: str, **params: str) -> str:
    """Carry a command out under a hostile name, or, where such are refused, under a plain one; the name."""
    for name in (NAME, plain):
        if not refused(gateway.command(noun, verb, **{key: name}, **params)):
            return name
    return str(done(gateway, noun, verb, **{key: plain}, **params))


def _written(gateway: Gateway, marked: Marked) -> dict[str, str]:
    """What operators write, hostile as well; and what stands in the slots of their pages."""
    route = json.dumps({"match": {"to": ["30695*"]}, "connectors": ["smsc1"]})
    rate = "prefix,price\n30,0.04\n"
    plan = "prefix,country,mcc,mnc,operator\n30690,GR,202,09,<img src=x onerror=window.xss=1>\n"
    ways = {
        "routes.id": _either(gateway, "route", "put", "id", "hostile", order="5", json=route),
        "prices.name": _either(gateway, "price", "import", "name", "hostile", csv=rate, currency="EUR"),
        "plans.name": "hostile",
        "rules.name": _either(gateway, "content", "put", "name", "hostile", pattern="<script>never"),
        "rules.where": "30",
        "operators.name": "admin",
        "tenants.id": "alpha",
        "tenants.kind": "password",
        "tenants.name": "alpha-login",
        "senders.tenant": "alpha",
        "senders.name": marked.sender,
        "messages.id": marked.message,
        "nodes.node": "test1",
        "connectors.id": "smsc2",
        "queues.connector": "smsc2",
        "plugins.name": "isms",
    }
    done(gateway, "plan", "import", name="hostile", csv=plan)
    done(gateway, "sender", "refuse", tenant="alpha", name=marked.sender, reason=EVIL.replace("\x1b", ""))
    for noun, verb, params in (
        ("connector", "pause", {"id": "smsc2", "reason": EVIL}),
        ("connector", "pause", {"id": NAME}),
        ("tenant", "disable", {"id": NAME}),
        ("message", "resend", {"id": EVIL}),
        ("log", "level", {"component": EVIL, "level": NAME}),
    ):
        gateway.command(noun, verb, **params)  # refused or not, they stand in the audit
    ways["audit.id"] = str(done(gateway, "audit", "list", limit="1")[0]["id"])
    owed = wait("pushes failed", lambda: gateway.command("outbox", "list"))
    ways["pushes.target"] = owed[0]["target"]
    return ways


def _look(tab: Tab, who: Visitor, pages: tuple[Page, ...], ways: dict[str, str]) -> dict[str, bool]:
    """Open every page that is HTML; whether the hostile text was seen, by page. What is no HTML is no page of ours."""
    seen: dict[str, bool] = {}
    for page, path in gets(pages, ways):
        answer = who.ask("GET", f"/ui{path}")
        kind = answer.header("Content-Type")
        assert answer.header("X-Content-Type-Options") == "nosniff"
        if kind.startswith("text/event-stream"):
            assert who.csrf not in answer.text, f"{path}: others are sent the same"
            assert "<script>window" not in answer.text and "<img src=x" not in answer.text, path
            continue
        if not kind.startswith("text/html"):
            assert answer.status in (200, 303), (path, answer)
            assert answer.status == 303 or answer.header("Content-Disposition").startswith("attachment"), (path, answer)
            continue
        assert answer.status == 200, (path, answer)
        tab.goto(f"/ui{path}")
        assert tab.evaluate(_CLEAN) == [], path
        assert tab.problems() == [], path
        assert tab.dialogs() == [], path
        seen[page.path] = "window.xss" in str(tab.evaluate(_SHOWN))
    return seen


def _log_in(tab: Tab, name: str) -> None:
    tab.goto("/ui/login")
    tab.fill("[name=name]", name)
    tab.fill("[name=password]", PASSWORD)
    tab.go("main button.main")


def test_operators_pages(open_tab: Callable[..., Tab], stage: Stage) -> None:
    """Every page of operators."""
    port = stage.gateway.ops_port
    who = Visitor(port)
    who.log_in("admin", PASSWORD)
    tab = open_tab(f"http://127.0.0.1:{port}")
    _log_in(tab, "admin")
    seen = _look(tab, who, operators_menu.PAGES, stage.ways)
    assert [path for path in _OPERATORS if not seen[path]] == [], "else the walk proves nothing"


def test_tenants_pages(open_tab: Callable[..., Tab], stage: Stage) -> None:
    """Every page of tenants."""
    port = stage.gateway.http_port
    who = Visitor(port)
    who.log_in("alpha-login", PASSWORD)
    tab = open_tab(f"http://127.0.0.1:{port}")
    _log_in(tab, "alpha-login")
    seen = _look(tab, who, tenants_menu.PAGES, stage.marked.pages)
    assert [path for path in _TENANTS if not seen[path]] == [], "else the walk proves nothing"


def test_what_comes_back_from_a_query_is_text(open_tab: Callable[..., Tab], stage: Stage) -> None:
    """Every page asked with hostile values for whatever it takes from its address, and forms that come back."""
    names = ("q", "to", "state", "states", "tenant", "from", "from_date", "to_date", "cursor", "after", "by", "id")
    names = (*names, "number", "account", "connector", "message", "group", "status", "path", "what", "text", "limit")
    query = "?" + "&".join(f"{name}={quote(EVIL)}" for name in names)
    faces: tuple[tuple[int, str, Any, dict[str, str]], ...] = (
        (stage.gateway.ops_port, "admin", operators_menu, stage.ways),
        (stage.gateway.http_port, "alpha-login", tenants_menu, stage.marked.pages),
    )
    for port, name, menu, ways in faces:
        who = Visitor(port)
        who.log_in(name, PASSWORD)
        tab = open_tab(f"http://127.0.0.1:{port}")
        _log_in(tab, name)
        for page, path in gets(menu.PAGES, ways):
            answer = who.ask("GET", f"/ui{path}{query}")
            assert answer.status < 500 or answer.status == 503, (path, answer)
            for raw in ("<script>window.xss", "<img src=x", "<a href=javascript"):
                assert raw not in answer.text or not answer.header("Content-Type").startswith("text/html"), page.path
        tab.goto(f"/ui/login?to={quote(EVIL)}&ended=1")
        assert tab.evaluate(_CLEAN) == []
        tab.goto(f"/ui/{quote(EVIL, safe='')}")
        tab.forget()
        assert tab.evaluate(_CLEAN) == []
