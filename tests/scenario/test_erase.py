"""`smsgwctl message erase` removes one person's data everywhere and leaves the others' alone."""

from __future__ import annotations

import datetime
import json
from typing import Any

from click.testing import CliRunner

from smsgwd.cli.ctl import main as smsgwctl
from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.stores import embedded_only

pytestmark = embedded_only

PERSON, DIGITS, OTHER = "+306977000111", "306977000111", "+306977000222"


def ctl(gateway: Gateway, *words: str) -> Any:
    result = CliRunner().invoke(smsgwctl, ["--socket", str(gateway.admin_socket), "--json", *words])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_one_person_is_erased(scene: Scene) -> None:
    """Delivered, scheduled, and in answers for repeated requests; the numbers are in no file afterwards."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc(), catcher=catcher)
    tenant = gateway.tenant
    tomorrow = (datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)).isoformat()
    delivered = tenant.send(PERSON, "For your eyes only", client_ref="order-of-" + DIGITS)
    keyed = tenant.post(PERSON, "Once", key="a-key").body["messages"][0]["id"]
    scheduled = tenant.send(PERSON, "Later", schedule_at=tomorrow)
    other = tenant.send(OTHER, "Another's")
    catcher.wait_all([delivered, keyed, other])
    balance = tenant.balance()

    counts = ctl(gateway, "message", "erase", "--number", PERSON)
    assert counts["still_being_sent"] == 0
    assert sum(counts.values()) >= 3
    assert catcher.wait_push(scheduled)["state"] == "cancelled"
    assert tenant.balance() == f"{float(balance) + 0.04:.4f}"  # what was not sent is not paid
    for each in (delivered, keyed, scheduled):
        assert DIGITS not in json.dumps(tenant.message(each))
    assert tenant.message(delivered)["state"] == "delivered"
    assert tenant.message(other)["to"] == OTHER
    wait("nothing is pending", lambda: gateway.status()["store"]["outbox_pending"] == 0)

    again = ctl(gateway, "message", "erase", "number=" + PERSON)
    assert sum(again.values()) == 0
    for running in (True, False):  # its write-ahead log included, which a stop would empty
        if not running:
            assert gateway.stop() == 0
        for path in (scene.directory / "data").iterdir():
            assert DIGITS.encode() not in path.read_bytes(), (path.name, running)
            assert b"For your eyes only" not in path.read_bytes(), (path.name, running)
    assert b"306977000222" in (scene.directory / "data" / "store.db").read_bytes()
    erased = gateway.wait_event("message.erased", running=False)
    assert DIGITS not in json.dumps(erased)


def test_what_waits_for_a_carrier_is_cancelled_and_never_sent(scene: Scene) -> None:
    smsc = scene.smsc(start=False, port=0)
    smsc.start()
    port = smsc.port()
    smsc.stop()
    gateway = scene.gateway(port)
    mine = gateway.tenant.send(PERSON)
    others = gateway.tenant.send_many(5)
    counts = ctl(gateway, "message", "erase", "--number=" + PERSON, "--opt-out")
    assert counts["still_being_sent"] == 0
    assert gateway.tenant.message(mine)["state"] == "cancelled"
    later = scene.smsc(name="later", port=port)
    for each in others:
        gateway.tenant.wait_state(each, "delivered")
    assert len(later.texts()) == 5
