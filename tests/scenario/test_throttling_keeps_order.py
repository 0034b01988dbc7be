"""An SMSC that throttles slows the link down: nothing is lost, the order stays, no attempt is counted."""

from __future__ import annotations

from tests.scenario.harness import Scene


def test_throttled_messages_all_arrive_in_order(scene: Scene) -> None:
    """100 a second with a burst of 20, asked for 60 at once through a window of 10."""
    smsc, catcher = scene.smsc("--max-rate", "100", "--burst", "20"), scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"window": 10})
    ids = gateway.tenant.send_many(60)
    catcher.wait_all(ids)
    # Within a window the SMSC may take a later message and refuse an earlier one, so order holds to a window.
    numbers = [int(text.text.split()[1]) for text in smsc.texts()]
    assert sorted(numbers) == list(range(60))
    assert max(abs(number - place) for place, number in enumerate(numbers)) <= 10
    assert smsc.stats()["refused"].get("0x00000058", 0) > 0
    assert set(gateway.tenant.states().values()) == {"delivered"}
