"""Cases: the processes that share a store, told of and changed from any of them."""

from __future__ import annotations

from typing import Any

from tests.scenario.harness import Gateway, Scene, wait
from tests.scenario.nodes import bound, node
from tests.scenario.stores import REDIS
from tests.scenario.verbs import Case, Group, Stage, has, row, rows, smsgwctl

_BINDS = 4
_other: list[Gateway] = []


def _two(scene: Scene) -> Stage:
    """Two nodes with two binds each of a connector; the first one is asked."""
    smsc, catcher = scene.smsc(), scene.catcher()
    a, b = (node(scene, name, smsc, catcher=catcher, connector={"binds": _BINDS}) for name in "ab")
    _other[:] = [b]
    wait("2 binds at each node", lambda: (bound(a), bound(b)) == (2, 2))
    return Stage(scene, a, smsc, catcher)


def _at(a: int, b: int) -> Any:
    """Waits until each has so many binds that stand."""
    return lambda stage, *_: wait(f"{a} and {b} binds", lambda: (bound(stage.gateway), bound(_other[0])) == (a, b))


def _phase(phase: str) -> None:
    wait(f"the other is {phase}", lambda: _other[0].status()["phase"] == phase)


def _send(stage: Stage) -> None:
    """Messages that are sent and told of, and figures that say so."""
    stage.catcher.wait_all(stage.gateway.tenant.send_many(20))
    figures = stage.gateway.command

    def told() -> bool:
        nodes = figures("figures", "show")["nodes"]
        [here] = [each for each in nodes if each["here"]]
        return bool(here["accepted_s"]) and [each["bound"] for each in nodes] == [2, 2]

    wait("the rates are told", told)


def _drained(stage: Stage, answer: Any) -> None:
    _at(4, 0)(stage)
    _phase("drained")
    code, shown, _ = smsgwctl(stage.gateway, "status")
    assert code == 0
    assert "! node b is drained, as an operator wanted: node undrain b" in shown
    assert "one of 2 nodes that share the store: b draining, closed" in shown


def _kill(stage: Stage) -> None:
    _other[0].kill()
    _lost = row("", node="b", state="lost", accepted_s=None, binds=0)

    def gone() -> bool:
        try:
            return bool(_lost(stage.gateway.command("node", "list")))
        except AssertionError:
            return False

    wait("the other is lost", gone)


def _audited(stage: Stage, answer: Any) -> None:
    found = stage.gateway.command("audit", "list")
    assert [each["command"] for each in found[:2]] == ["node forget", "node forget"]


_ALONE = [
    Group(
        "node-alone",
        [
            Case("node", "list", "", rows(1)),
            Case("node", "show", "", has(node="test1", state="up", pins=[])),
            Case("node", "binds", "", []),
            Case("node", "drain", "test1", "shares its store with no other", code=1),
            Case("node", "move", "smsc1 test1", "shares its store with no other", code=1),
            Case("status", "show", "--cluster", "shares its store with no other", code=1),
        ],
    ),
]

GROUPS = [
    *([] if REDIS else _ALONE),
    Group(
        "node",
        [
            Case("node", "list", "", row(node="b", state="up", binds=2, bound=2), before=_send),
            Case("node", "list", "", row(node="a", accepted_s=lambda told: told is not None, lease_s=lambda s: s < 3)),
            Case("node", "binds", "", rows(_BINDS)),
            Case("status", "show", "--cluster", has(cluster__sums__bound=_BINDS, cluster__sums__binds=_BINDS)),
            Case("status", "show", "", has(nodes=rows(2), attention=[])),
            Case("figures", "show", "", has(nodes=row(node="b", here=False))),
            Case("node", "drain", "b intake=no", has(state="draining, closed"), after=_drained),
            Case("node", "undrain", "b", has(state="up"), after=_at(2, 2)),
            Case("node", "drain", "b", has(state="draining"), after=_at(4, 0)),
            Case("node", "undrain", "node=b", has(state="up"), after=_at(2, 2)),
            Case("node", "move", "smsc1 b", has(pins=[{"connector": "smsc1", "bind": None, "node": "b"}])),
            Case("node", "show", "b", has(pins=rows(1)), before=lambda stage: _at(0, 4)(stage)),
            Case("connector", "list", "", row(id="smsc1", binds="elsewhere", down_s=0.0)),
            Case("status", "show", "", has(connectors=row(id="smsc1", elsewhere=True), attention=[])),
            Case("node", "move", "smsc1:3 a", has(pins=rows(2)), after=_at(1, 3)),
            Case("node", "binds", "", row(bind=3, node="a", pinned="a")),
            Case("node", "move", "smsc1:3 clear=yes", has(pins=rows(1)), after=_at(0, 4)),
            Case("node", "move", "smsc1 --clear", has(pins=[]), after=_at(2, 2)),
            Case("node", "move", "smsc1:4 a", "its binds are 0 to 3", code=1),
            Case("node", "move", "smsc1:x a", "behind the colon", code=1),
            Case("node", "move", "other a", "there is no connector other", code=1),
            Case("node", "move", "smsc1", "a node to move to, or clear=yes", code=1),
            Case("node", "drain", "c", "there is no node 'c'; there are: a, b", code=1),
            Case("node", "show", "c", "there is no node c; there are: a, b", code=1),
            Case("node", "forget", "b", "node 'b' lives", code=1),
            Case("node", "forget", "b", rows(1), before=_kill, after=_audited),
        ],
        stage=_two,
    ),
]
