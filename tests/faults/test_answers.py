"""SMSCs that answer a share of the submits never, twice, late, under wrong numbers, or by hanging up."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.faults.account import check_told_once, check_well, unexplained_copies, wait_final
from tests.scenario.harness import Scene, Smsc, wait

_TIMERS = {"reconnect_min_s": 0.1, "reconnect_max_s": 0.3, "response_s": 1, "enquire_link_s": 1}
_MESSAGES = 300


@pytest.fixture
def new_smsc(scene: Scene) -> Iterator[Callable[..., Smsc]]:
    """Starts one that goes before the gateway does: to unbind from one that owes answers takes all the time allowed."""
    made: list[Smsc] = []

    def new(*options: str) -> Smsc:
        made.append(scene.smsc(*options))
        return made[-1]

    yield new
    for smsc in made:
        smsc.kill_if_running()


@pytest.mark.parametrize(
    "fault",
    ["--mute-pct=5", "--stray-pct=5", "--drop-pct=2", "--twice-pct=50", "--shuffle-pct=40", "--stall-pct=1"],
    ids=lambda each: each.strip("-").partition("-")[0],
)
def test_every_message_is_delivered_and_told_once(scene: Scene, new_smsc: Callable[..., Smsc], fault: str) -> None:
    """With `resend` what had no answer is sent again; nothing else is."""
    smsc = new_smsc(fault, "--seed=3", "--receipt-delay-ms=50", "--resp-jitter-ms=20")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"unknown_outcome": "resend", "timers": _TIMERS})
    ids = gateway.tenant.send_many(_MESSAGES)
    states = check_told_once(gateway, catcher, ids)
    assert set(states.values()) == {"delivered"}
    stats = smsc.stats()
    assert sum(stats["faults"].values()) >= 3, "the fault did not happen"
    copies, unexplained = unexplained_copies([smsc], _MESSAGES)
    assert not unexplained, f"{len(unexplained)} of {copies} copies have no reason"
    if fault.startswith(("--twice", "--shuffle")):
        assert copies == 0
    check_well(gateway)


@pytest.mark.parametrize("fault", ["--mute-pct=10", "--stray-pct=10"], ids=["mute", "stray"])
def test_policy_fail_ends_them_as_unknown(scene: Scene, new_smsc: Callable[..., Smsc], fault: str) -> None:
    """At once, told once, and never sent again."""
    smsc = new_smsc(fault, "--seed=4")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"unknown_outcome": "fail", "timers": _TIMERS})
    ids = gateway.tenant.send_many(_MESSAGES)
    states = check_told_once(gateway, catcher, ids)
    stats = smsc.stats()
    assert set(states.values()) == {"delivered", "unknown"}
    assert list(states.values()).count("unknown") == sum(stats["faults"].values())
    assert stats["submits"] == _MESSAGES and stats["duplicates"] == 0


@pytest.mark.parametrize("fault", ["--mute-pct=10", "--stray-pct=10"], ids=["mute", "stray"])
def test_policy_wait_sends_none_again(scene: Scene, new_smsc: Callable[..., Smsc], fault: str) -> None:
    """They are `sent` until their validity and the receipt's wait are over (see test_soak for that end)."""
    smsc = new_smsc(fault, "--seed=5")
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher, connector={"unknown_outcome": "wait", "timers": _TIMERS})
    ids = gateway.tenant.send_many(_MESSAGES)
    wait("all have left", lambda: set(gateway.tenant.states().values()) == {"sent", "delivered"})
    wait("the answers are overdue", lambda: gateway.metric("smsgwd_outcome_unknown_total") >= 1, 10, 0.2)
    stats = smsc.stats()
    unanswered = sum(stats["faults"].values())
    states = wait(
        "all receipts are in",
        lambda: list((found := gateway.tenant.states()).values()).count("sent") == unanswered and found,
    )
    assert states
    delivered = [message for message in ids if states[message] == "delivered"]
    assert set(wait_final(gateway, delivered).values()) == {"delivered"}
    assert stats["submits"] == _MESSAGES and stats["duplicates"] == 0
