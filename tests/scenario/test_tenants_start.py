"""Tenants, price lists and money over starts of the gateway: what the file says, what the store has, what is gone."""

from __future__ import annotations

from decimal import Decimal

from tests.scenario.business import change, check_books, client, code, create, funds, refused, told, wait_settled
from tests.scenario.client import Tenant
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import PASSWORD, bound, check_sound

GREEK = "+306912345678"


def _again(gateway: Gateway) -> None:
    assert gateway.stop(20) == 0
    gateway.start()
    gateway.wait_ready()


def test_a_price_list_over_a_start(scene: Scene) -> None:
    """While a tenant goes by it, it cannot be dropped; it is there after a start, and can be dropped when free."""
    gateway = scene.gateway(scene.smsc())
    told(gateway, "price", "import", name="retail", csv="prefix,price\n*,0.05\n")
    tenant = create(gateway, "kiosk", price_list="retail", credit="1")
    assert "kiosk" in refused(gateway, "price", "drop", name="retail")
    assert tenant.post(GREEK).body["messages"][0]["price"] == "0.0500"
    _again(gateway)
    assert tenant.post(GREEK).body["messages"][0]["price"] == "0.0500"
    assert "kiosk" in refused(gateway, "price", "drop", name="retail")
    change(gateway, "kiosk", price_list=None, price="0.07")
    told(gateway, "price", "drop", name="retail")
    assert tenant.post(GREEK).body["messages"][0]["price"] == "0.0700"
    check_books(gateway)
    check_sound(gateway)


def test_a_price_list_in_another_currency(scene: Scene) -> None:
    """Dollars are not paid as euros: no tenant may go by it, and one of the file that names it sends nothing."""
    gateway = scene.gateway(scene.smsc(), tenant={"price_list": "dollars"})
    told(gateway, "price", "import", name="dollars", csv="prefix,price\n*,0.05\n", currency="USD")
    assert code(gateway.tenant.post(GREEK)) is not None
    create(gateway, "euro", credit="1", price="0.04")
    assert "USD" in refused(gateway, "tenant", "set", id="euro", price_list="dollars")
    tenant = create(gateway, "dollar", credit="1", currency="USD", price_list="dollars")
    assert tenant.post(GREEK).body["messages"][0]["price"] == "0.0500"
    check_books(gateway)


def test_a_file_of_resellers_and_customers(scene: Scene) -> None:
    """In any order; the credit is booked once, and what was changed since stays, however often it starts."""
    tenants: list[dict[str, object]] = [
        {"id": "child", "parent": "parent", "price": "0.05", "credit": "1", "credentials": [_token("child")]},
        {"id": "parent", "parent": "root", "price": "0.03", "credit": "1", "credentials": [_token("parent")]},
        {"id": "root", "price": "0.02", "credit": "1", "credentials": [_token("root")]},
    ]
    gateway = scene.gateway(scene.smsc(), tenants=tenants)
    assert client(gateway, "child").post(GREEK).body["messages"][0]["price"] == "0.0500"
    change(gateway, "parent", price="0.04")
    wait_settled(gateway, "child", "parent", "root")
    _again(gateway)
    client(gateway, "child").send()
    wait_settled(gateway, "child", "parent", "root")
    assert [funds(gateway, name)[0] for name in ("child", "parent", "root")] == [
        Decimal("0.90"),
        Decimal("0.93"),
        Decimal("0.96"),
    ]
    check_books(gateway)


def _token(tenant: str) -> dict[str, object]:
    return {"kind": "token", "secret": f"{tenant}-token"}


def test_a_disabled_tenant_stays_so(scene: Scene) -> None:
    """And so does a removed credential, over a start, although the file names both."""
    gateway = scene.gateway(scene.smsc(), tenant={"credentials": [_token("shop"), _token("second")]})
    rows = told(gateway, "credential", "list", tenant="shop")
    assert Tenant(gateway.http_port, "second-token").ask("GET", "/v1/balance").status == 200
    told(gateway, "credential", "remove", tenant="shop", kind="token", name=rows[1]["name"])
    gone, left = ("second", "shop") if _status(gateway, "second") == 401 else ("shop", "second")
    assert (_status(gateway, gone), _status(gateway, left)) == (401, 200)
    _again(gateway)
    assert (_status(gateway, gone), _status(gateway, left)) == (401, 200)
    told(gateway, "tenant", "disable", id="shop")
    _again(gateway)
    assert _status(gateway, left) == 401


def _status(gateway: Gateway, tenant: str) -> int:
    return client(gateway, tenant).ask("GET", "/v1/balance").status


def test_with_worker_processes(scene: Scene) -> None:
    """Where other processes take the connections, a change counts for the next request as well."""
    gateway = scene.gateway(scene.smsc(), http={"workers": 2}, smpp={})
    tenant = create(gateway, "fresh", credit="0.04", price="0.04")
    assert [code(tenant.post(GREEK)) for _ in range(4)] == [None, *["no_credit"] * 3]
    told(gateway, "ledger", "topup", tenant="fresh", amount="0.04")
    assert [code(tenant.post(GREEK)) for _ in range(4)] == [None, *["no_credit"] * 3]
    told(gateway, "tenant", "disable", id="fresh")
    assert [tenant.post(GREEK).status for _ in range(4)] == [401] * 4
    told(gateway, "tenant", "enable", id="fresh")
    assert tenant.ask("GET", "/v1/balance").status == 200
    assert bound(gateway, "fresh", patience_s=20).unbind() == 0
    assert PASSWORD not in gateway.log_path.read_text()
    check_books(gateway)


def test_a_file_that_names_a_price_list(scene: Scene) -> None:
    """On an empty store there are no lists yet: it starts, and sends once the list is there."""
    gateway = scene.gateway(scene.smsc(), tenant={"price_list": "retail", "price": "0"})
    assert code(gateway.tenant.post(GREEK)) is not None
    told(gateway, "price", "import", name="retail", csv="prefix,price\n*,0.05\n")
    assert gateway.tenant.post(GREEK).body["messages"][0]["price"] == "0.0500"
