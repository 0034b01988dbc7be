"""Tenants: the list, a new one, one on a page, its settings and its prices."""

from __future__ import annotations

from typing import Any

import msgspec

from smsgwd.config.given import LISTS as LIST_OPTIONS
from smsgwd.config.given import SCALARS
from smsgwd.console.given import Told
from smsgwd.console.operators.settings import ELSEWHERE, GROUPS
from smsgwd.model.operators import Role
from tests.console.operators.answers import EVIL, FIGURES, LISTS, RATES, credential, listed, tenant
from tests.console.stand import Operators, text_of

ROWS = [listed(), listed("shop", parent="demo", enabled=False, balance="-3.0000", lowest="none")]


def stand(role: Role = "admin", **more: Any) -> Operators:
    answers = {
        "tenant list": ROWS,
        "tenant show": tenant(),
        "tenant export": "tenants:\n- id: demo\n",
        "figures show": FIGURES,
        "price list": LISTS,
        "price show": RATES,
    }
    return Operators({**answers, **{name.replace("_", " ", 1): answer for name, answer in more.items()}}, role)


def given(made: Operators, command: str) -> dict[str, str]:
    """The parameters of a command that was asked once."""
    [params] = [params for name, params in made.asked if name == command]
    return params


def options(made: Operators, command: str) -> Any:
    """What its parameter `json` says."""
    return msgspec.json.decode(given(made, command)["json"])


# ---------------------------------------------------------------------- the list
def test_the_list_has_money_and_counts() -> None:
    page = text_of(stand().get("/tenants"))
    assert "2 tenants" in page and "999.8800 EUR" in page and "-3.0000 EUR" in page and "no limit" in page
    assert "12 345" in page and "disabled" in page and "of demo" in page


def test_the_list_is_searched_by_id_or_reseller_and_state() -> None:
    made = stand()
    assert "/ui/tenants/shop" in made.get("/tenants?q=SHO") and "/ui/tenants/demo" not in made.get("/tenants?q=SHO")
    assert "/ui/tenants/shop" in made.get("/tenants?q=demo&state=off")
    assert "No tenant is like that" in made.get("/tenants?q=nobody")
    piece = made.get("/tenants?q=sho", hx_request="true")
    assert "<html" not in piece and "/ui/tenants/shop" in piece


def test_the_list_goes_on_behind_a_hundred() -> None:
    made = stand(tenant_list=[listed(f"t{number:03d}") for number in range(150)])
    page = made.get("/tenants?q=t")
    assert "150 tenants" in page and "after=t099" in page and "t100" not in page
    assert "t149" in made.get("/tenants?q=t&after=t099")


def test_a_gateway_without_tenants_says_what_one_is() -> None:
    assert "A tenant is a customer" in stand(tenant_list=[]).get("/tenants")


def test_the_list_comes_without_counts_where_they_are_refused() -> None:
    assert "999.8800 EUR" in text_of(stand(figures_show=Told("not now", 503)).get("/tenants"))


# ---------------------------------------------------------------------- one
def test_one_tenant_on_a_page() -> None:
    made = stand(tenant_show=tenant(default_sender=EVIL, quiet={"hours": "21:00-08:00"}, parent="reseller"))
    page = made.get("/tenants/demo")
    assert EVIL not in page and "&lt;script&gt;alert(1)" in page
    for text in ("1009.8800", "21:00-08:00", "/ui/tenants/shop", "/ui/tenants/reseller", "Europe/Athens"):
        assert text in page
    assert "*, Shop" in page and "()" not in page  # commands answer with tuples, too
    assert "/ui/messages?tenant=demo" in page and "/ui/explain?tenant=demo" in page


def test_who_only_looks_has_no_buttons() -> None:
    page = stand("read").get("/tenants/demo")
    for path in ("/disable", "/webhook-secret", "/settings"):
        assert path not in page
    assert stand("read").ask("GET", "/tenants/demo/settings").status == 403
    assert stand("read").post("/tenants/demo/disable").status == 403
    assert "/tenants/new" not in stand("read").get("/tenants")


def test_a_tenant_is_disabled_and_enabled() -> None:
    made = stand(tenant_disable={}, tenant_enable={})
    assert made.done("/tenants/demo/disable") == "/ui/tenants/demo"
    assert made.done("/tenants/demo/enable") == "/ui/tenants/demo"
    assert [name for name, _ in made.asked] == ["tenant disable", "tenant enable"]
    page = stand(tenant_show=tenant(enabled=False, in_use=False)).get("/tenants/demo")
    assert "/ui/tenants/demo/enable" in page and "is disabled" in page
    assert "above this one is disabled" in stand(tenant_show=tenant(in_use=False)).get("/tenants/demo")


def test_what_is_refused_is_told_on_the_page() -> None:
    answer = stand(tenant_disable=Told("the <store> is away", 503)).post("/tenants/demo/disable")
    assert answer.status == 503 and "the &lt;store&gt; is away" in answer.body.decode()


def test_the_webhook_secret_is_shown_to_whoever_asks_with_a_form() -> None:
    made = stand(tenant_webhook_secret=None)
    made.answers["tenant webhook-secret"] = {"tenant": "demo", "webhook_secret": "whsec_abc"}
    answer = made.post("/tenants/demo/webhook-secret")
    assert answer.status == 200 and "whsec_abc" in answer.body.decode()
    assert made.ask("GET", "/tenants/demo/webhook-secret").status == 405


# ---------------------------------------------------------------------- a new one
def test_a_new_tenant_and_its_secrets() -> None:
    told = {
        "tenant": "new.one",
        "created": True,
        "secrets": [{**credential(kind="token", label=EVIL), "secret": "s3cret-token"}],
        "mind": "its messages cost nothing",
    }
    made = stand(tenant_create=told)
    answer = made.post(
        "/tenants/new",
        {
            "id": "new.one",
            "credit": "100.00",
            "price": "0.04",
            "currency": "EUR",
            "senders": "Shop, Bank",
            "throughput": "50",
            "login-smpp": "new1",
            "login-token": "web",
        },
    )
    page = answer.body.decode()
    assert answer.status == 200 and "s3cret-token" in page and "cost nothing" in page and EVIL not in page
    assert given(made, "tenant create")["id"] == "new.one"
    assert options(made, "tenant create") == {
        "currency": "EUR",
        "credit": "100.00",
        "price": "0.04",
        "senders": ["Shop", "Bank"],
        "throughput": 50,
        "credentials": [{"kind": "smpp", "system_id": "new1"}, {"kind": "token", "label": "web"}],
    }


def test_a_new_tenant_without_a_log_in() -> None:
    made = stand(tenant_create={"tenant": "new.one", "created": True, "secrets": []})
    assert made.done("/tenants/new", {"id": "new.one", "senders": ""}) == "/ui/tenants/new.one"
    assert options(made, "tenant create") == {"senders": []}  # left empty it is none, as the form says


def test_the_form_for_a_new_tenant_has_what_is_usual() -> None:
    page = stand().get("/tenants/new")
    assert 'name="senders" type="text" value="*"' in page and 'value="EUR"' in page


def test_a_tenant_that_is_refused_is_still_in_the_form() -> None:
    made = stand(tenant_create=Told("price: must be a number", 422))
    answer = made.post("/tenants/new", {"id": EVIL, "price": "cheap", "price_list": "retail"})
    page = answer.body.decode()
    assert answer.status == 422 and "must be a number" in page and 'value="cheap"' in page
    assert EVIL not in page and '<option value="retail" selected>' in page


# ---------------------------------------------------------------------- settings
def test_the_form_has_every_setting_that_the_command_takes() -> None:
    form = {setting.name for group in GROUPS for setting in group.settings if not setting.fixed}
    assert form | ELSEWHERE == {*SCALARS, *LIST_OPTIONS} - {"id", "credit", "currency"}
    kinds = {setting.name: setting.kind for group in GROUPS for setting in group.settings}
    assert {name for name, kind in kinds.items() if kind == "list"} == set(LIST_OPTIONS)


def test_only_what_was_changed_is_set() -> None:
    made = stand(tenant_set={})
    fields = {
        "was-price": "0.0400", "price": "0.0350",
        "was-senders": "*", "senders": "Shop, Bank",
        "was-barred": "3090", "barred": "",
        "was-strict_numbers": "", "strict_numbers": "yes",
        "was-dlr_url": "https://shop.example/dlr", "dlr_url": "",
        "was-throughput": "0", "throughput": "12.5",
        "was-link_days": "90", "link_days": "many",
        "was-region": "GR", "region": "GR",
    }  # fmt: skip
    assert made.done("/tenants/demo/settings", fields) == "/ui/tenants/demo/settings"
    assert options(made, "tenant set") == {
        "price": "0.0350",
        "senders": ["Shop", "Bank"],
        "barred": [],
        "strict_numbers": True,
        "dlr_url": None,
        "throughput": 12.5,
        "link_days": "many",
    }


def test_nothing_is_set_where_nothing_was_changed() -> None:
    made = stand()
    assert made.done("/tenants/demo/settings", {"was-price": "1", "price": "1"}) == "/ui/tenants/demo/settings"
    assert made.asked == []


def test_settings_that_are_refused_are_still_in_the_form() -> None:
    made = stand(tenant_set=Told("time_zone: 'X' is not a time zone", 422))
    answer = made.post(
        "/tenants/demo/settings", {"was-time_zone": "UTC", "time_zone": "X", "was-price": "", "price": ""}
    )
    page = answer.body.decode()
    assert answer.status == 422 and "is not a time zone" in page
    assert 'name="time_zone" type="text" value="X"' in page and 'name="was-time_zone" value="UTC"' in page


def test_other_settings_are_given_as_they_are_written() -> None:
    made = stand(tenant_set={})
    text = "quiet: {hours: '21:00-08:00'}\nflood: null"
    made.done("/tenants/demo/settings/json", {"json": text})
    assert given(made, "tenant set") == {"id": "demo", "json": text}
    assert made.post("/tenants/demo/settings/json", {"json": " "}).status == 400
    made.answers["tenant set"] = Told("json: line 1: wrong", 422)
    page = made.post("/tenants/demo/settings/json", {"json": "</textarea>{"}).body.decode()
    assert "json: line 1: wrong" in page and "&lt;/textarea&gt;{" in page and 'value="0.0400"' in page


# ---------------------------------------------------------------------- prices
def test_prices_that_count_for_a_tenant() -> None:
    made = stand(tenant_show=tenant(price_list="retail"))
    page = text_of(made.get("/tenants/demo/prices?prefix=%2B30"))
    assert given(made, "price show") == {"name": "retail", "prefix": "30", "limit": "200"}
    assert "Price list retail" in page and "0.0500" in page and "0.0400" in page
    assert "It has no price list" in stand().get("/tenants/demo/prices")


def test_prices_of_its_own_are_changed_as_lines() -> None:
    made = stand(tenant_set={})
    made.done("/tenants/demo/prices", {"price": "0.05", "lines": "30,0.03\r\n\r\n 3069 , 0.02\r\n"})
    assert options(made, "tenant set") == {"price": "0.05", "prices": {"30": "0.03", "3069": "0.02"}}
    for lines, why in (("30;0.03", "Line 1"), ("30,1\n30,2", "Line 2"), ("30,", "Line 1")):
        answer = stand().post("/tenants/demo/prices", {"price": "0.05", "lines": lines})
        assert answer.status == 422 and why in answer.body.decode() and lines.partition("\n")[0] in answer.body.decode()


def test_who_only_looks_sees_prices_and_changes_none() -> None:
    assert "<textarea" not in stand("read").get("/tenants/demo/prices")
