"""What ended without success: given back where no SMSC took it, and where the tenant is promised that."""

from __future__ import annotations

from decimal import Decimal

from tests.scenario.business import check_books, create, funds, wait_settled
from tests.scenario.harness import Scene


def test_undelivered_is_refunded_to_who_is_promised_that(scene: Scene) -> None:
    """Ten undelivered ones each: two tenants of one gateway, one with `refunds`; resellers go with their customer."""
    gateway = scene.gateway(scene.smsc("--undeliv-pct", "100"))
    create(gateway, "above", credit="10", price="0.03")
    promised = create(gateway, "promised", parent="above", credit="10", price="0.04", refunds=["undelivered"])
    other = create(gateway, "other", credit="10", price="0.04", refunds=["expired", "rejected"])
    for tenant in (promised, other):
        tenant.send_many(10)
    wait_settled(gateway, "promised", "other", "above")
    assert set(promised.states().values()) == set(other.states().values()) == {"undelivered"}
    assert funds(gateway, "promised") == funds(gateway, "above") == (10, 0)
    assert funds(gateway, "other") == (Decimal("9.6"), 0)
    check_books(gateway)


def test_what_no_smsc_took_is_refunded_always(scene: Scene) -> None:
    """Every submit is refused: the whole chain has its money back."""
    gateway = scene.gateway(scene.smsc("--reject-pct", "100", "--reject-status", "0x0B"))
    create(gateway, "above", credit="10", price="0.03")
    tenant = create(gateway, "below", parent="above", credit="10", price="0.04")
    tenant.send_many(10)
    wait_settled(gateway, "below", "above")
    assert set(tenant.states().values()) == {"rejected"}
    assert funds(gateway, "below") == funds(gateway, "above") == (10, 0)
    check_books(gateway)


def test_delivered_may_be_refunded_too(scene: Scene) -> None:
    """If the operator says so: a trial costs nothing."""
    gateway = scene.gateway(scene.smsc())
    tenant = create(gateway, "trial", credit="10", price="0.04", refunds=["delivered"])
    tenant.send_many(10)
    wait_settled(gateway, "trial")
    assert set(tenant.states().values()) == {"delivered"}
    assert funds(gateway, "trial") == (10, 0)
    check_books(gateway)
