"""Over the agreed rate answers are delayed first, then refused with 0x58; who keeps to it notices nothing."""

from __future__ import annotations

import time
from collections import Counter

from tests.scenario.esme import SUBMIT_SM, Steady, packed, submit_body
from tests.scenario.harness import Scene
from tests.scenario.stand_esme import bound, check_sound, credential, served, tenant_of

RATE = 50
FLOOD = 600


def test_flood(scene: Scene) -> None:
    """A burst far over the rate: about the rate is taken, in any case no more, and the others are told 0x58."""
    greedy = tenant_of(credential("greedy", throughput=RATE))
    gateway = served(scene, credential("steady"), tenants=[greedy], smpp={"throttle_delay_s": 0.5})
    with Steady(lambda: bound(gateway, "steady")):
        esme = bound(gateway, "greedy")
        begun = time.monotonic()
        esme.write(
            b"".join(
                packed(SUBMIT_SM, submit_body(f"30693{n:07d}", b"Hi", registered=0), 100 + n) for n in range(FLOOD)
            )
        )
        answers = [esme.read() for _ in range(FLOOD)]
        took = time.monotonic() - begun
        assert {pdu.sequence for pdu in answers} == set(range(100, 100 + FLOOD))
        statuses = Counter(pdu.status for pdu in answers)
        assert set(statuses) == {0, 0x58}
        assert statuses[0] >= RATE * 0.5
        assert statuses[0] <= RATE * (took + 1) + RATE + 1  # the rate, with a burst of a second of it
        assert esme.unbind() == 0
    check_sound(gateway)
