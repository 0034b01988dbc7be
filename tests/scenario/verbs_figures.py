"""Cases: what screens that renew themselves ask for."""

from __future__ import annotations

from typing import Any

from tests.scenario.verbs import Case, Group, Stage, has


def _send(stage: Stage) -> None:
    """A message that is delivered and pushed."""
    message_id = stage.gateway.tenant.send(text="For the figures")
    stage.catcher.wait_push(message_id)


def _looked(answer: Any) -> bool:
    [connector] = [each for each in answer["connectors"] if each["id"] == "smsc1"]
    assert connector["up"] and connector["bound"] == connector["binds"] >= 1
    assert connector["sent"] >= 1
    for stage in ("accept", "durable", "queue", "answer", "receipt", "push", "commit"):
        spread = answer["latency"][stage]
        assert len(spread["counts"]) == len(spread["bounds"]) + 1
        assert sum(spread["counts"]) >= 1, stage
    [tenant] = [each for each in answer["tenants"] if each["tenant"] == "shop"]
    assert tenant["accepted"] >= tenant["delivered"] >= 1
    counters = answer["counters"]
    assert counters["accepted"] >= counters["final_delivered"] >= 1
    assert counters["pushed"] >= 1
    assert answer["store"]["healthy"] and answer["store"]["used"] > 0
    return True


def _remembered(answer: Any) -> bool:
    columns = [answer[name] for name in ("accepted", "submitted", "failed", "queued", "accept_p99_ms")]
    assert {len(column) for column in (*columns, answer["connector"]["submitted"])} == {len(answer["times"])}
    return bool(answer["span"] == "hour" and answer["step_s"] == 10)


GROUPS = [
    Group(
        "figures",
        [
            Case("figures", "show", "", _looked, before=_send),
            Case("figures", "show", "tenants=0", has(tenants=[], node="test1")),
            Case("figures", "history", "connector=smsc1", _remembered),
            Case("figures", "history", "span=week", "span: one of hour, day", code=1),
            Case("figures", "show", "tenants=x", "tenants must be a number from 0 to 200", code=1),
        ],
    ),
]
