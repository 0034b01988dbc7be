"""What an ESME is told when a message is not taken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenario.esme import SUBMIT_SM, submit_body
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import bound, check_sound, served

GOOD = "306900000001"
GREECE_ONLY = [{"match": {"to": "30*"}, "connectors": ["smsc1"]}]


@pytest.mark.parametrize(
    ("tenant", "config", "source", "dest", "status"),
    [
        ({"credit": "0.0100"}, {}, "Shop", GOOD, 0x45),
        ({"senders": ["Other"]}, {}, "Shop", GOOD, 0x0A),
        ({}, {}, "Shop", "12", 0x0B),
        ({}, {}, "Shop", "", 0x0B),
        ({}, {"routes": GREECE_ONLY}, "Shop", "447700900123", 0x0B),
        ({"credit": "0.0100", "smpp_errors": {"no_credit": 0x400}}, {}, "Shop", GOOD, 0x400),
    ],
    ids=["no credit", "sender", "recipient", "no recipient", "no route", "a status of the tenant's own"],
)
def test_refusal(
    scene: Scene, tenant: dict[str, Any], config: dict[str, Any], source: str, dest: str, status: int
) -> None:
    """The documented status and no id; the session goes on and nothing was charged."""
    gateway = served(scene, tenant=tenant, **config)
    esme = bound(gateway)
    answer = esme.ask(SUBMIT_SM, submit_body(dest, b"Hello", source=source))
    assert answer.status == status
    assert answer.body.rstrip(b"\0") == b""
    assert esme.probe() == 0
    assert esme.unbind() == 0
    check_sound(gateway)
