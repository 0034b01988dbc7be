"""Callbacks of all provider APIs: in order for each message, later when the target was down, coalesced where native."""

from __future__ import annotations

import json
import signal
from collections.abc import Mapping

from tests.dialects.stand import Catcher
from tests.scenario.client import wait
from tests.scenario.harness import Gateway, Scene
from tests.scenario.providers import (
    FINAL,
    PROVIDERS,
    SENT,
    callbacks,
    catching,
    gateway_for,
    native,
    provider_of,
    send,
)
from tests.scenario.stand_esme import check_sound

_TIMES = 8  #: requests of each customer


def _ordered(catcher: Catcher, numbers: set[str], stages: Mapping[str, frozenset[str]] | None = None) -> None:
    """Everybody is told all it is owed, that a message was sent before what became of it."""

    def owed(number: str) -> frozenset[str]:
        return (stages or {}).get(number) or provider_of(number).stages

    def all_told() -> bool:
        found = callbacks(catcher)
        return all(owed(number) <= {stage for stage, _ in found[number]} for number in numbers)

    wait("every callback", all_told, every_s=0.1)
    found = callbacks(catcher)
    assert found.keys() == numbers
    for number, said in found.items():
        told = [stage for stage, _ in said]
        assert len({word for stage, word in said if stage == FINAL}) == 1, (number, said)
        assert (SENT in told) == (SENT in owed(number)), (number, said)
        assert SENT not in told or told.index(SENT) < told.index(FINAL), (number, said)


def _all_send(gateway: Gateway, catcher: Catcher) -> set[str]:
    """Some requests of each; their numbers."""
    found: set[str] = set()
    for turn in range(_TIMES):
        for provider in PROVIDERS.values():
            told = send(provider, gateway.http_port, catcher.url, turn * provider.size)
            assert told.taken, told
            found.update(told.numbers)
    return found


def test_a_target_that_was_down_gets_everything_in_order(scene: Scene) -> None:
    """Receipts come before the responses of their submits, every callback is refused at first, and the gateway is
    killed meanwhile: each is told all it is owed, in order."""
    smsc = scene.smsc("--before-resp-pct", "100")
    with catching() as catcher:
        gateway = gateway_for(scene, smsc, catcher)
        catcher.refusing = True
        numbers: set[str] = set()
        for provider in PROVIDERS.values():  # few each, so that nobody's target is only probed, which takes seconds
            numbers.update(
                send(provider._replace(size=min(provider.size, 3)), gateway.http_port, catcher.url, 0).numbers
            )
        wait("everybody was told and refused", lambda: len({each.path.split("/")[1] for each in catcher.refused}) == 6)
        gateway.signal(signal.SIGKILL)
        gateway.wait_end()
        gateway.start()
        gateway.wait_ready()
        refused = len(catcher.refused)
        wait("it is tried again", lambda: len(catcher.refused) > refused)
        catcher.refusing = False
        _ordered(catcher, numbers)
        check_sound(gateway)


def test_native_ones_are_coalesced_and_styled_ones_come_alone(scene: Scene) -> None:
    """Of tenants with `dlr_batch`, with word that messages were sent (`dlr_sent`) among what is coalesced."""
    smsc = scene.smsc("--before-resp-pct", "50")
    with catching() as catcher:
        gateway = gateway_for(scene, smsc, catcher, each={"dlr_batch": 100})
        numbers = _all_send(gateway, catcher)
        own = [f"306965{number:06d}" for number in range(900_000, 900_200)]
        answer = native(gateway, "smsclub").post([f"+{each}" for each in own], dlr_sent=True)
        assert answer.status == 202, answer
        _ordered(catcher, numbers | {*own}, dict.fromkeys(own, frozenset({SENT, FINAL})))
        pushed = [json.loads(each.body) for each in catcher.caught if each.path == "/native"]
        assert len(pushed) < 200
        assert any(each["type"] == "batch" for each in pushed)
        styled = [each for each in catcher.caught if each.path != "/native"]
        expected = sum(
            len(provider_of(each).stages) for each in numbers if _prefix(each) not in ("smsclub", "smspresto")
        )
        assert len({each.headers["webhook-id"] for each in styled}) == len(styled)
        assert len([each for each in styled if not _is_notice(each.query)]) == expected
        check_sound(gateway)


def _prefix(number: str) -> str:
    return provider_of(number).name


def _is_notice(query: list[tuple[str, str]]) -> bool:
    """Kannel's word that the SMSC has not delivered it yet, which comes if it is in time."""
    return ("state", "4") in query
