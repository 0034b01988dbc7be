"""Operators' pages about the business in a browser: every page is visited, every action is done once, by mouse."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.browser import Tab
from tests.scenario.harness import TENANT, Gateway, Scene

NAME, PASSWORD = "anna", "a long password"
EVIL = "<script>alert(1)</script>"

Opener = Callable[..., Tab]


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway with two connectors, and an operator who may do everything."""
    accounts = [{"name": NAME, "role": "admin", "secret": PASSWORD}]
    return shared.gateway(shared.smsc(), shared.smsc(name="other"), console={"accounts": accounts})


def logged_in(open_tab: Opener, gateway: Gateway, name: str = NAME, password: str = PASSWORD, **options: Any) -> Tab:
    """A tab of somebody who is logged in."""
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}", **options)
    tab.goto("/ui/login")
    log_in(tab, name, password)
    return tab


def log_in(tab: Tab, name: str, password: str) -> None:
    tab.fill("#name", name)
    tab.fill("#password", password)
    tab.go("button.main")


def said(tab: Tab) -> str:
    """What the page says of what was just done."""
    return " ".join(tab.texts("#notices .notice"))


def looked_at(tab: Tab, picture: str) -> None:
    """Nothing that axe finds serious, in light and dark; nothing wider than a phone; a picture of each."""
    for dark in (False, True):
        tab.dark(dark)
        tab.screenshot(f"{picture}-{'dark' if dark else 'light'}")  # before axe: colours take a moment to change
        assert tab.axe() == [], tab.url
    tab.dark(False)
    tab.set_viewport(390, 844)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390, tab.url
    tab.screenshot(f"{picture}-phone")
    tab.set_viewport(1280, 900)


def button(form: str) -> str:
    """The button of the form that is sent there."""
    return f'main form[action="/ui{form}"] button'


def test_a_tenant_from_its_making_to_its_end(open_tab: Opener, gateway: Gateway) -> None:
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/tenants/new")
    looked_at(tab, "tenant-new")
    for field, text in (
        ("id", "cafe"),
        ("credit", "5"),
        ("price", "0.05"),
        ("login-smpp", "cafe1"),
        ("login-token", "t"),
    ):
        tab.fill(f"#f-{field}", text)
    tab.go(button("/tenants/new"))
    assert tab.count("code.secret") == 2
    tab.click('[data-copy="secret-1"]')
    tab.goto("/ui/tenants")
    looked_at(tab, "tenants")
    with tab.going():
        tab.fill("#q", "caf")
    tab.wait_gone("#rows a", TENANT)
    tab.go('#rows a[href="/ui/tenants/cafe"]')
    looked_at(tab, "tenant")
    tab.go(button("/tenants/cafe/webhook-secret"))
    assert tab.text("code.secret").startswith("whsec_")
    tab.goto("/ui/tenants/cafe")
    tab.go(button("/tenants/cafe/disable"))
    assert "let in no more" in said(tab) and gateway.command("tenant", "show", id="cafe")["enabled"] is False
    tab.go(button("/tenants/cafe/enable"))
    assert "let in again" in said(tab)
    assert len(tab.dialogs()) == 1


def test_settings_and_prices_of_a_tenant(open_tab: Opener, gateway: Gateway) -> None:
    gateway.command("tenant", "create", id="kiosk", credit="5", price="0.05")
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/tenants/kiosk/settings")
    looked_at(tab, "tenant-settings")
    tab.fill("#f-default_sender", "Kiosk")
    tab.fill("#f-throughput", "many")
    tab.go(button("/tenants/kiosk/settings"))
    assert "throughput" in said(tab) and tab.value("#f-default_sender") == "Kiosk"
    tab.forget()  # a form that is refused is answered 422
    tab.fill("#f-throughput", "25")
    tab.go(button("/tenants/kiosk/settings"))
    tab.fill("#f-json", "quiet: {hours: '21:00-08:00'}")
    tab.go(button("/tenants/kiosk/settings/json"))
    now = gateway.command("tenant", "show", id="kiosk")
    assert (now["default_sender"], now["throughput"], now["quiet"]["hours"]) == ("Kiosk", 25, "21:00-08:00")
    tab.goto("/ui/tenants/kiosk/prices")
    tab.fill("#f-lines", "30,0.03\n3069,0.02")
    tab.go(button("/tenants/kiosk/prices").replace("form", 'form[method="post"]'))
    assert gateway.command("tenant", "show", id="kiosk")["prices"] == {
        "else": "0.0500",
        "30": "0.0300",
        "3069": "0.0200",
    }
    looked_at(tab, "tenant-prices")


def test_credentials_of_a_tenant(open_tab: Opener, gateway: Gateway) -> None:
    gateway.command("tenant", "create", id="garage")
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/tenants/garage/credentials")
    tab.select("#f-kind", "smpp")
    tab.fill("#f-name", "garage1")
    tab.go(button("/tenants/garage/credentials"))
    first = tab.text("code.secret")
    tab.goto("/ui/tenants/garage/credentials")
    looked_at(tab, "credentials")
    tab.go("td a.button")
    tab.go(button("/tenants/garage/credentials/rotate"))
    assert tab.text("code.secret") != first
    tab.goto("/ui/tenants/garage/credentials/smpp/garage1")
    looked_at(tab, "credential")
    tab.go('td button:has-text("Let it never end")')
    assert "Changed" in said(tab)
    tab.goto("/ui/tenants/garage/credentials/smpp/garage1")
    tab.go('tr:first-child button:has-text("Remove")')
    assert len(gateway.command("credential", "list", tenant="garage")) == 1


def test_money_of_a_tenant(open_tab: Opener, gateway: Gateway) -> None:
    gateway.command("tenant", "create", id="bank", credit="5")
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/tenants/bank/money")
    tab.fill("#topup-amount", "10.50")
    tab.fill("#topup-reference", "INV-17")
    tab.go(button("/tenants/bank/topup"))
    assert "15.5000 EUR" in said(tab)
    tab.fill("#correct-amount", "-0.50")
    tab.fill("#correct-note", EVIL)
    tab.go(button("/tenants/bank/correct"))
    assert "15.0000 EUR" in said(tab) and EVIL in tab.text("main")
    tab.fill("#limit", "20")
    tab.go(button("/tenants/bank/limit"))
    assert gateway.command("credit", "show", tenant="bank")["limit"] == "20.0000"
    looked_at(tab, "money")
    tab.check('input[name="kinds"][value="topup"]')
    tab.go(".filters button")
    assert EVIL not in tab.text("main")
    name, data = tab.download("a[download]")
    assert name == "ledger-bank.csv" and b"INV-17" in data and b"correction" not in data


def test_price_lists_and_plans(open_tab: Opener, gateway: Gateway, tmp_path: Path) -> None:
    table = tmp_path / "retail.csv"
    table.write_text("prefix,price\n*,0.05\n30,0.03\n")
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/prices")
    tab.fill("#f-name", "retail")
    tab.upload("#f-file", table)
    tab.go(button("/prices"))
    assert "0.0300" in tab.text("#rates")
    with tab.going():
        tab.fill("#prefix", "44")
    tab.wait_gone("#rates td", "0.0300")
    looked_at(tab, "price")
    tab.goto("/ui/prices")
    looked_at(tab, "prices")
    tab.goto("/ui/prices/retail/drop")
    looked_at(tab, "price-drop")
    tab.go(button("/prices/retail/drop"))
    assert gateway.command("price", "list") == []
    tab.goto("/ui/plans")
    tab.fill("#f-name", "gr")
    tab.fill("#f-csv", "prefix,country,mcc,mnc,operator\n3069,GR,202,01,Cosmote\n")
    tab.go(button("/plans"))
    looked_at(tab, "plans")
    tab.go(button("/plans/gr/drop"))
    assert gateway.command("plan", "list") == []


def test_routes_and_why(open_tab: Opener, gateway: Gateway) -> None:
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/routes/new")
    tab.fill("#f-id", "greece")
    tab.fill("#f-to", "30*")
    tab.fill("#f-connectors", "smsc2 smsc1")
    assert not tab.visible("#f-weights")
    tab.select("#f-strategy", "weighted")
    tab.fill("#f-weights", "3 1")
    looked_at(tab, "route-new")
    tab.go(button("/routes/new"))
    assert gateway.command("route", "show", id="greece")["route"]["weights"] == [3, 1]
    tab.fill("#f-tenant", "nobody")
    tab.go(button("/routes/greece"))
    assert gateway.command("route", "show", id="greece")["route"]["match"] == {"to": "30*", "tenant": "nobody"}
    tab.goto("/ui/routes/import")
    looked_at(tab, "routes-import")
    tab.fill("#f-id", "lcr")
    tab.fill("#f-csv", "prefix,connectors\n3069,smsc1\n")
    tab.go(button("/routes/import"))
    looked_at(tab, "routes")
    tab.goto("/ui/explain")
    tab.fill("#tenant", TENANT)
    with tab.going():
        tab.fill("#to", "+306912345678")
    tab.wait_for("#answer h2", "It goes by smsc1")
    assert "it is for another tenant" in tab.text("#answer")
    looked_at(tab, "explain")
    for route in ("greece", "lcr"):
        tab.goto(f"/ui/routes/{route}/drop")
        looked_at(tab, f"route-drop-{route}")
        tab.go(button(f"/routes/{route}/drop"))
    assert gateway.command("route", "export") == ""


def test_senders_rules_and_blocked_numbers(open_tab: Opener, gateway: Gateway) -> None:
    for name in ("Shop", "Bank"):
        gateway.tenant.ask("POST", "/v1/senders", {"name": name, "details": {"company": EVIL}})
    tab = logged_in(open_tab, gateway)
    tab.goto("/ui/senders")
    looked_at(tab, "senders")
    tab.go(button("/senders/shop/Shop/approve"))
    tab.goto("/ui/senders/shop/Bank")
    assert EVIL in tab.text("main")
    looked_at(tab, "sender")
    tab.fill("#f-reason", "not yours")
    tab.go(button("/senders/shop/Bank/refuse"))
    decided = {row["name"]: (row["status"], row["reason"]) for row in gateway.command("sender", "list")}
    assert decided == {"Shop": ("approved", ""), "Bank": ("refused", "not yours")}
    tab.goto("/ui/rules")
    tab.fill("#f-where", "us")
    tab.select("#f-alphanumeric", "refuse")
    tab.go(button("/rules/senders"))
    tab.fill('form[action="/ui/rules/texts"] input[name="name"]', "lottery")
    tab.fill("#f-pattern", "(?i)won")
    tab.go(button("/rules/texts"))
    looked_at(tab, "rules")
    tab.go(button("/rules/senders/US/drop"))
    tab.go(button("/rules/texts/lottery/drop"))
    assert gateway.command("senderrule", "list") == gateway.command("content", "list") == []
    tab.goto("/ui/blocked")
    tab.fill("#f-number", "+306900000001\n+306900000002")
    tab.go(button("/blocked/add"))
    looked_at(tab, "blocked")
    tab.fill("#number", "306900000002")
    tab.go(".filters button")
    tab.go(button("/blocked/remove"))
    assert [row["number"] for row in gateway.command("blacklist", "list")] == ["306900000001"]
    tab.goto(f"/ui/blocked?tenant={TENANT}")
    tab.fill("#f-number", "+306900000003")
    tab.go(button("/blocked/add"))
    tab.go(button("/blocked/remove"))
    assert gateway.command("optout", "list", tenant=TENANT) == []


def test_operators_and_what_is_ones_own(open_tab: Opener, gateway: Gateway) -> None:
    admin = logged_in(open_tab, gateway)
    admin.goto("/ui/operators")
    admin.fill("#f-name", "bert")
    admin.select("#f-role", "operate")
    admin.go(button("/operators"))
    made = admin.text("code.secret")
    bert = logged_in(open_tab, gateway, "bert", made)
    assert bert.count('nav a[href="/ui/operators"]') == 0
    bert.goto("/ui/security")
    looked_at(bert, "security")
    for field, text in (("old", made), ("secret", "another password"), ("repeated", "another password")):
        bert.fill(f"#{field}", text)
    bert.go(button("/security/password"))
    log_in(bert, "bert", "another password")
    bert.goto("/ui/security")
    bert.fill("#old-codes", "another password")
    bert.go(button("/security/codes"))
    looked_at(bert, "security-codes")
    bert.fill("#code", "000000")
    bert.go(button("/security/codes/confirm"))
    assert bert.count("#notices .alert") == 1
    bert.forget()  # a code that is refused is answered 422
    admin.goto("/ui/operators")
    looked_at(admin, "operators")
    admin.goto("/ui/operators/bert")
    looked_at(admin, "operator")
    admin.select("#f-role", "read")
    admin.go(button("/operators/bert"))
    assert "Changed" in said(admin)
    admin.go("main .actions " + button("/operators/bert/logout").removeprefix("main "))
    bert.goto("/ui/security")
    assert "/ui/login" in bert.url
    admin.goto("/ui/operators/bert")
    admin.go(button("/operators/bert/password"))
    assert admin.text("code.secret") != made
    admin.goto("/ui/operators/bert")
    admin.go(button("/operators/bert/remove"))
    assert [row["name"] for row in gateway.command("operator", "list")] == [NAME]
    admin.goto("/ui/security")
    admin.go(".actions " + button("/security/logout").removeprefix("main "))
    assert "/ui/login" in admin.url


def test_pages_work_without_scripts(open_tab: Opener, gateway: Gateway) -> None:
    tab = open_tab(f"http://127.0.0.1:{gateway.ops_port}")
    tab.javascript(False)
    tab.goto("/ui/login")
    log_in(tab, NAME, PASSWORD)
    tab.goto("/ui/tenants?q=shop")
    tab.go('#rows a[href="/ui/tenants/shop"]')
    tab.goto("/ui/explain?tenant=shop&to=%2B306912345678")
    assert "It goes by smsc1" in tab.text("#answer")
