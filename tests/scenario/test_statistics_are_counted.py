"""Statistics say what the history says, whatever store has it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.scenario.business import create, wait_settled
from tests.scenario.client import Tenant
from tests.scenario.harness import Gateway, Scene


@pytest.fixture(scope="module")
def gateway(shared: Scene) -> Gateway:
    """With one way out that delivers everything."""
    return shared.gateway(shared.smsc())


def statistics(tenant: Tenant, query: str = "") -> dict[str, Any]:
    """GET /v1/statistics."""
    answer = tenant.ask("GET", f"/v1/statistics{query}")
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.body
    return found


def test_what_was_sent_is_counted(gateway: Gateway) -> None:
    """By day and state, country and sender; one tenant's are not another's."""
    tenant = create(gateway, "stat1", credit="5", price="0.04")
    other = create(gateway, "stat2", credit="5", price="0.04")
    for to, text in (("+306912345678", "one"), ("+306912345679", "x" * 161), ("+447700900123", "three")):
        tenant.send(to, text)
    waiting = tenant.send("+306912345670", "later", schedule_at="+1 day")
    assert tenant.ask("DELETE", f"/v1/messages/{waiting}").status == 200
    wait_settled(gateway, "stat1")
    found = statistics(tenant)
    total = found["total"]
    assert found["complete"] is True
    assert (total["messages"], total["parts"]) == (4, 5)
    assert total["states"] == {"cancelled": 1, "delivered": 3}
    assert Decimal(total["cost"]) == Decimal("5") - Decimal(tenant.balance())
    assert 0 <= total["delivery_seconds"]["median"] <= total["delivery_seconds"]["p95"] < 60
    assert sum(row["messages"] for row in found["rows"]) == 4  # they may be of two days
    by = {each: statistics(tenant, f"?by={each}")["rows"] for each in ("country", "sender", "state")}
    assert {row["key"]: row["messages"] for row in by["country"]} == {"GR": 3, "GB": 1}
    assert {row["key"]: row["messages"] for row in by["sender"]} == {"Shop": 4}
    assert {row["key"]: row["messages"] for row in by["state"]} == {"delivered": 3, "cancelled": 1}
    assert statistics(other)["total"]["messages"] == 0


def test_the_history_as_a_file(gateway: Gateway) -> None:
    """A line a message, newest first, with what statistics counted."""
    tenant = create(gateway, "stat3", credit="5", price="0.04")
    sent = [tenant.send(f"+30691234560{n}", "hello", client_ref="=1+1") for n in range(3)]
    wait_settled(gateway, "stat3")
    answer = tenant.ask("GET", "/v1/messages?format=csv&state=delivered")
    assert answer.status == 200
    header, *lines = answer.body.decode().splitlines()
    assert header.startswith("id,submission,to,from,state")
    assert [line.split(",")[0] for line in lines] == sent[::-1]
    assert all(line.endswith(",'=1+1") for line in lines)
    assert statistics(tenant, "?by=state")["total"]["states"] == {"delivered": 3}
