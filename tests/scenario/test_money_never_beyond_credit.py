"""However many ask at the same moment, over HTTP and SMPP, no tenant spends what it does not have."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.scenario.business import at_once, check_books, codes, create, funds, pipelined, wait_settled
from tests.scenario.client import Tenant
from tests.scenario.harness import Gateway, Scene
from tests.scenario.stand_esme import bound, check_sound

NO_CREDIT = 0x45


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """A gateway in front of an SMSC, with both listeners."""
    return shared.gateway(shared.smsc(), smpp={})


def _accepted_over_http(tenant: Tenant, first: int) -> Callable[[], int]:
    def submit() -> int:
        accepted = 0
        for n in range(first, first + 5):
            answer = tenant.post([f"+30690{n:03d}{k:04d}" for k in range(10)], f"Text {n}")
            assert answer.status in (202, 422), answer
            found = codes(answer)
            assert set(found) <= {None, "no_credit"}, found
            accepted += found.count(None)
        return accepted

    return submit


def _accepted_over_smpp(gateway: Gateway, system_id: str) -> Callable[[], int]:
    esme = bound(gateway, system_id)

    def submit() -> int:
        found = [status for status, _ in pipelined(esme, 100)]
        assert set(found) <= {0, NO_CREDIT}, found
        esme.close()
        return found.count(0)

    return submit


def _accepted(gateway: Gateway, *tenants: str) -> int:
    """400 messages for each tenant: half over HTTP, half over SMPP, all at once; how many were accepted."""
    works: list[Callable[[], int]] = []
    for name in tenants:
        tenant = Tenant(gateway.http_port, f"{name}-token")
        works += [_accepted_over_http(tenant, 10 * n) for n in range(4)]
        works += [_accepted_over_smpp(gateway, name) for _ in range(2)]
    return sum(at_once(*works))


def test_prepaid(gateway: Gateway) -> None:
    """1.0000 at 0.0400: 25 of 400 are accepted, and the balance is nothing."""
    create(gateway, "prepaid", credit="1.0000", price="0.0400")
    assert _accepted(gateway, "prepaid") == 25
    wait_settled(gateway, "prepaid")
    assert funds(gateway, "prepaid") == (0, 0)
    check_books(gateway)
    check_sound(gateway)


def test_postpaid_with_a_limit(gateway: Gateway) -> None:
    """It may owe 2.0000: 50 at 0.0400."""
    create(gateway, "postpaid", credit_limit="2.0000", price="0.0400")
    assert _accepted(gateway, "postpaid") == 50
    wait_settled(gateway, "postpaid")
    assert funds(gateway, "postpaid") == (Decimal("-2"), 0)
    check_books(gateway)
    check_sound(gateway)


def test_a_credit_that_is_no_multiple_of_the_price(gateway: Gateway) -> None:
    """1.0000 at 0.0300: 33, and 0.0100 stays."""
    create(gateway, "odd", credit="1.0000", price="0.0300")
    assert _accepted(gateway, "odd") == 33
    assert funds(gateway, "odd")[0] == Decimal("0.01")
    check_books(gateway)


def test_children_of_one_reseller(gateway: Gateway) -> None:
    """Two children with plenty, whose reseller has 1.0000 and pays 0.0200: 50 of them both together."""
    create(gateway, "reseller", credit="1.0000", price="0.0200")
    for name in ("child1", "child2"):
        create(gateway, name, parent="reseller", credit="1000.0000", price="0.0500")
    assert _accepted(gateway, "child1", "child2") == 50
    wait_settled(gateway, "reseller", "child1", "child2")
    assert funds(gateway, "reseller") == (0, 0)
    assert funds(gateway, "child1")[0] + funds(gateway, "child2")[0] == Decimal(2000) - 50 * Decimal("0.05")
    check_books(gateway)
    check_sound(gateway)


def test_child_of_a_rich_reseller(gateway: Gateway) -> None:
    """What the child has not, its reseller's money does not give: 20 at 0.0500 of 1.0000."""
    create(gateway, "rich", credit="1000.0000", price="0.0200")
    create(gateway, "poor", parent="rich", credit="1.0000", price="0.0500")
    assert _accepted(gateway, "poor") == 20
    wait_settled(gateway, "rich", "poor")
    assert funds(gateway, "poor") == (0, 0)
    assert funds(gateway, "rich") == (Decimal(1000) - 20 * Decimal("0.02"), 0)
    check_books(gateway)
