"""A drain that an operator begins and ends: ESMEs stay bound, get their receipts, and lose nothing that was taken."""

from __future__ import annotations

import contextlib
import signal

import yaml

from tests.scenario.esme import RESPONSE, SUBMIT_SM, Esme, packed, submit_body
from tests.scenario.harness import Gateway, Scene, ask, wait
from tests.scenario.stand_esme import bound, check_sound, served

COUNT = 100


def statuses(esme: Esme, first: int) -> dict[int, int]:
    """The answers to a burst of submits, by sequence number."""
    burst = (packed(SUBMIT_SM, submit_body(f"30694{n:07d}", b"Hi"), n) for n in range(first, first + COUNT))
    esme.write(b"".join(burst))
    found: dict[int, int] = {}
    while len(found) < COUNT:
        pdu = esme.read()
        if pdu.command == SUBMIT_SM | RESPONSE:
            found[pdu.sequence] = pdu.status
        else:
            esme.answer(pdu)
    return found


def receipts(esme: Esme, count: int) -> None:
    """Read until that many have come."""
    while len(esme.receipts) < count:
        esme.answer(esme.read())


def reloaded(gateway: Gateway) -> None:
    """A reload with other limits."""
    config = yaml.safe_load(gateway.config.read_text())
    config["limits"] = {"max_parts": 7}
    gateway.config.write_text(yaml.safe_dump(config))
    assert gateway.command("config", "reload")["changed"]


def test_esmes_stay_bound_and_get_receipts(scene: Scene) -> None:
    """What was taken before is delivered meanwhile, a reload takes nothing back, and afterwards all is as it was."""
    gateway = served(scene, smsc=("--receipt-delay-ms", "300"))
    esme = bound(gateway)
    assert set(statuses(esme, 1000).values()) == {0}
    gateway.command("drain", "begin")
    assert ask(gateway.ops_port, "GET", "/ready").status == 503
    assert set(statuses(esme, 2000).values()) == {8}  # ESME_RSYSERR: to be tried again
    assert gateway.tenant.post("+306900000001").status == 503
    reloaded(gateway)
    assert set(statuses(esme, 3000).values()) == {8}
    receipts(esme, COUNT)
    wait("nothing is left", lambda: gateway.command("drain", "show")["queued"] == 0)
    gateway.command("drain", "end")
    gateway.wait_ready()
    assert set(statuses(esme, 4000).values()) == {0}
    receipts(esme, 2 * COUNT)
    assert esme.unbind() == 0
    check_sound(gateway)


def test_the_end_of_a_drain_while_the_gateway_stops_opens_nothing(scene: Scene) -> None:
    """An SMSC that answers late holds the end up; whoever ends the drain then has nothing taken that is lost."""
    gateway = served(scene, smsc=("--resp-delay-ms", "1500"))
    taken = gateway.tenant.send()
    wait("it is out", lambda: gateway.status()["connectors"][0]["in_flight"])
    gateway.command("drain", "begin")
    gateway.signal(signal.SIGTERM)
    gateway.wait_event("daemon.stopping")
    with contextlib.suppress(OSError):
        gateway.command("drain", "end")
    with contextlib.suppress(OSError):
        assert gateway.tenant.post("+306900000001").status == 503
    assert gateway.wait_end() == 0
    gateway.start()
    gateway.wait_ready()
    gateway.tenant.wait_state(taken, "delivered")
    assert list(gateway.tenant.states()) == [taken]
