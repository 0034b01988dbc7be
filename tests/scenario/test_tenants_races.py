"""Operators and tenants who change the same thing at the same moment: nothing is lost, nothing is there twice."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from tests.scenario.business import at_once, check_books, client, create, funds, told
from tests.scenario.client import Tenant
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import check_sound


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC, with both listeners."""
    return shared.gateway(shared.smsc(), smpp={})


def test_settings_of_one_tenant(gateway: Gateway) -> None:
    """Eight settings by eight operators, and six credentials: all of them are there."""
    create(gateway, "busy", credit="1", price="0.01")
    settings = {
        "price": "0.02",
        "lookup_price": "0.03",
        "region": "GR",
        "language": "el",
        "duplicate_s": 5,
        "barred": ["3090"],
        "link_days": 7,
        "time_zone": "Europe/Athens",
    }
    at_once(
        *[
            lambda name=name, value=value: told(gateway, "tenant", "set", id="busy", json=json.dumps({name: value}))
            for name, value in settings.items()
        ],
        *[
            lambda n=n: told(gateway, "credential", "add", tenant="busy", kind="token", secret=f"busy-token-{n}")
            for n in range(6)
        ],
    )
    shown = told(gateway, "tenant", "show", id="busy")
    assert {name: shown[name] for name in ("region", "language", "duplicate_s", "link_days", "time_zone")} == {
        name: settings[name] for name in ("region", "language", "duplicate_s", "link_days", "time_zone")
    }
    assert (shown["prices"]["else"], shown["lookup_price"], list(shown["barred"])) == ("0.0200", "0.0300", ["3090"])
    for n in range(6):
        assert Tenant(gateway.http_port, f"busy-token-{n}").ask("GET", "/v1/balance").status == 200
    check_sound(gateway)


def test_one_id_is_created_once(gateway: Gateway) -> None:
    """Ten operators create it with a credit each: one has done it, and that credit is booked once."""

    def make(n: int) -> bool:
        credentials = [{"kind": "token", "secret": f"single-{n}"}]
        options = {"id": "single", "credit": "1", "credentials": credentials}
        return "tenant" in gateway.command("tenant", "create", json=json.dumps(options))

    done = at_once(*[lambda n=n: make(n) for n in range(10)])
    assert sorted(done) == [False] * 9 + [True]
    assert funds(gateway, "single") == (1, 0)
    statuses = [Tenant(gateway.http_port, f"single-{n}").ask("GET", "/v1/balance").status for n in range(10)]
    assert [status == 200 for status in statuses] == done


def test_one_credential_for_two_tenants(gateway: Gateway) -> None:
    """Whoever is first has it."""
    for name in ("left", "right"):
        create(gateway, name, credit="1")
    answers = at_once(
        *[
            lambda name=name: gateway.command(
                "credential", "add", tenant=name, kind="smpp", name="shared", secret="secret"
            )
            for name in ("left", "right") * 5
        ]
    )
    owners = {
        name
        for name in ("left", "right")
        if "shared" in [row["name"] for row in told(gateway, "credential", "list", tenant=name)]
    }
    assert len(owners) == 1
    assert sum("serial" in answer for answer in answers) == 5  # as many as one may have, all of the owner
    check_sound(gateway)


def test_a_circle_of_parents(gateway: Gateway) -> None:
    """Two operators make each the parent of the other: one of them is refused, and both can send."""
    for name in ("egg", "hen"):
        create(gateway, name, credit="1", price="0.01")
    answers = at_once(
        lambda: gateway.command("tenant", "set", id="egg", parent="hen"),
        lambda: gateway.command("tenant", "set", id="hen", parent="egg"),
    )
    assert sorted("detail" in answer for answer in answers) == [False, True]
    for name in ("egg", "hen"):
        client(gateway, name).send()
    check_books(gateway)


def test_statements_page_by_page_while_money_moves(gateway: Gateway) -> None:
    """Each entry once, none twice, although there are newer ones all the time."""
    tenant = create(gateway, "pager", credit="100", price="0.01")
    for n in range(30):
        told(gateway, "ledger", "topup", tenant="pager", amount="0.5", reference=f"pay-{n}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = tenant.ask("GET", f"/v1/statements?limit=4&kind=topup{cursor}").body
        seen += [entry["reference"] or "first" for entry in page["entries"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        told(gateway, "ledger", "topup", tenant="pager", amount="0.01", reference=f"new-{len(seen)}")
        tenant.send()
    assert sorted(seen) == sorted(["first", *(f"pay-{n}" for n in range(30))])
    total = Decimal(tenant.ask("GET", "/v1/orders?limit=1").body["total"])
    assert total == Decimal("115") + Decimal("0.01") * 7
    check_books(gateway)
