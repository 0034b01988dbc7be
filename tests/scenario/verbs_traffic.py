"""Cases: what waits, single messages, receipts, and what tenants are owed."""

from __future__ import annotations

from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Scene
from tests.scenario.verbs import Case, Group, Stage, has, row, rows


def _stuck(scene: Scene) -> Stage:
    """A daemon with a carrier that is away (smsc1, which everything goes to) and one that is there (smsc2)."""
    [port] = free_ports(1)
    smsc, catcher = scene.smsc("--no-receipts"), scene.catcher()
    gateway = scene.gateway(
        port,
        smsc,
        catcher=catcher,
        connector={"failover_after_s": None},
        routes=[{"match": {"to": "*"}, "connectors": ["smsc1"]}],
    )
    stage = Stage(scene, gateway, smsc, catcher)
    ids = gateway.tenant.send_many(10)
    stage.known |= {"first": ids[0], "second": ids[1]}
    return stage


def _delivered(stage: Stage) -> None:
    """Two messages that were delivered and told of."""
    ids = [stage.gateway.tenant.send("+306955500001"), stage.gateway.tenant.send("+306955500002")]
    stage.catcher.wait_all(ids)
    stage.known |= {"one": ids[0], "two": ids[1], "target": f"shop {stage.catcher.url.removesuffix('/dlr')}"}


GROUPS = [
    Group(
        "queue",
        [
            Case("queue", "list", "", row(connector="smsc1", state="down", queued=10, empty_in_s=None)),
            Case("queue", "shape", "", row(connector="smsc1", queued=10, older=0)),
            Case("queue", "peek", "smsc1 3", rows(3)),
            Case("queue", "peek", "smsc9", "there is no connector smsc9", code=1),
            Case("queue", "move", "smsc1 smsc2 limit=2", has(moved=2, stayed=0)),
            Case("queue", "hold", ["smsc1", "reason=wrong texts", "prefix=30690"], has(held=8)),
            Case("queue", "release", "smsc1 tenant=nobody", {"released": 0}),
            Case("queue", "release", "smsc1", {"released": 8}),
            Case("message", "find", "tenant=shop states=queued", lambda answer: len(answer["messages"]) == 8),
            Case("queue", "purge", ["reason=withdrawn", "connector=smsc1"], has(would_end=8, tenants={"shop": 8})),
            Case("queue", "purge", ["reason=withdrawn", "connector=smsc1", "yes=yes"], {"ended": 8, "stayed": 0}),
            Case("dlr", "status", "", has(sent_without_receipt=lambda count: count <= 2)),
        ],
        stage=_stuck,
    ),
    Group(
        "message",
        [
            Case("message", "show", "{one}", has(state="delivered")),
            Case("message", "trace", "{one} pdus=yes", row("steps", step="ended: delivered")),
            Case("message", "find", "number=+306955500002", row("messages", id=lambda found: int(found) > 0)),
            Case("message", "resend", "{one}", "it is delivered: it came", code=1),
            Case(
                "message",
                "resend",
                "{one} force=yes free=yes",
                has(price="0.0400", given_back="0.0400"),
                keeps={"again": lambda answer: answer["id"]},
                after=lambda stage, answer: stage.catcher.wait_push(answer["id"]),
            ),
            Case("message", "cancel", "{again}", "final", code=1),
            Case("dlr", "push", "{one},{two}", has(pushed=2)),
            Case("dlr", "orphans", "", []),
            Case("dlr", "rematch", "", {"tried": 0, "applied": 0}),
            Case("dlr", "drop", "all", {"dropped": 0}),
            Case("outbox", "list", "", lambda answer: isinstance(answer, list)),
            Case("outbox", "show", ["{target}", "done"], row(status="done", type="message.delivered")),
            Case("outbox", "revive", ["{target}"], has(revived=0)),
        ],
        prepare=_delivered,
    ),
    Group(
        "cancel",
        [
            Case("message", "cancel", "{second}", has(cancelled=1)),
        ],
        stage=_stuck,
    ),
]
