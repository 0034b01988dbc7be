"""Garbage from an SMSC neither kills the gateway nor loses a message."""

from __future__ import annotations

import pytest

from tests.scenario.harness import Scene


@pytest.mark.parametrize("kinds", ["0123", "45"], ids=["the stream stays in frames", "the stream is broken"])
def test_garbage_loses_nothing(scene: Scene, kinds: str) -> None:
    """Unknown commands, stray answers, a truncated deliver_sm; and command_length 7 or 2 GB: we reconnect."""
    smsc = scene.smsc("--garbage-every", "25", "--garbage-kinds", kinds)
    catcher = scene.catcher()
    gateway = scene.gateway(smsc, catcher=catcher)
    ids = gateway.tenant.send_many(100)
    catcher.wait_all(ids)
    stats = smsc.stats()
    assert stats["garbage_sent"] >= 3
    assert set(gateway.tenant.states().values()) == {"delivered"}
    if kinds == "0123":
        assert stats["connections"] == 1  # the link survived it
        assert len(smsc.submits()) == 100
    else:
        assert stats["connections"] > 1
    assert not [line for line in gateway.log_lines() if "traceback" in line]
