"""Lookups and messages that ask for the same money at the same moment."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tests.scenario.business import at_once, check_books, code, create, funds, wait_settled
from tests.scenario.client import Tenant
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import check_sound


def test_both_together_stay_within_the_credit(scene: Scene) -> None:
    """1.0000, messages at 0.0400, lookups at 0.0300: what was accepted is what was paid, for the reseller as well."""
    hlr = scene.hlr()
    source = {"kind": "http", "name": "hlr", "url": f"http://127.0.0.1:{hlr.port()}/hlr/{{msisdn}}"}
    gateway = scene.gateway(scene.smsc(), lookups={"sources": [source]})
    create(gateway, "reseller", credit="1.0000", price="0.0400", lookup_price="0.0300")
    create(gateway, "both", parent="reseller", credit="100", price="0.0500", lookup_price="0.0400")
    tenant = Tenant(gateway.http_port, "both-token")

    def send(first: int) -> Callable[[], int]:
        def submit() -> int:
            answers = [code(tenant.post(f"+30690000{n:04d}")) for n in range(first, first + 15)]
            assert set(answers) <= {None, "no_credit"}
            return answers.count(None)

        return submit

    def look(first: int) -> Callable[[], int]:
        def ask() -> int:
            taken = 0
            for n in range(first, first + 15):
                answer = tenant.ask("POST", "/v1/lookups", {"to": [f"+306970{n:04d}10"]})
                assert answer.status == 202 or answer.body["code"] == "no_credit", answer
                taken += answer.status == 202
            return taken

        return ask

    found = at_once(*[send(15 * n) for n in range(3)], *[look(15 * n) for n in range(3)])
    sent, looked = sum(found[:3]), sum(found[3:])
    assert sent > 0
    assert looked > 0
    spent = sent * Decimal("0.04") + looked * Decimal("0.03")
    assert 1 - Decimal("0.04") < spent <= 1
    wait_settled(gateway, "both", "reseller")
    assert funds(gateway, "reseller")[0] == 1 - spent
    assert funds(gateway, "both")[0] == 100 - sent * Decimal("0.05") - looked * Decimal("0.04")
    check_books(gateway)
    check_sound(gateway)
