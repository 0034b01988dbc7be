"""Cases: `config` and `drain`; the file on disk is changed between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.scenario.client import ask
from tests.scenario.harness import Scene
from tests.scenario.verbs import Case, Group, Stage, has, row, rows, stage_of


def _own(scene: Scene) -> Stage:
    return stage_of(scene, limits={"max_parts": 5})


def _written(change: Callable[[dict[str, Any]], object], name: str = "") -> Callable[[Stage], None]:
    """What changes the file, or writes another one beside it."""

    def before(stage: Stage) -> None:
        path = stage.gateway.config
        config = yaml.safe_load(path.read_text())
        change(config)
        (path.with_name(name) if name else path).write_text(yaml.safe_dump(config))

    return before


def _another(config: dict[str, Any]) -> None:
    """Another limit, and a connector more; both live."""
    config["limits"] = {"max_parts": 6}
    config["connectors"].append({**config["connectors"][0], "id": "spare", "throughput": 7})


def _broken(config: dict[str, Any]) -> None:
    config["limits"] = {"max_parts": 0}
    config["routes"][0]["connectors"] = ["nobody"]


def _renamed(config: dict[str, Any]) -> None:
    """What takes a restart."""
    config["limits"] = {"max_parts": 6}
    config["routes"][0]["connectors"] = ["smsc1"]
    config["node"] = "another"


def _refused(stage: Stage, answer: Any) -> None:
    assert stage.gateway.tenant.post("+306912345678").body["code"] == "shutting_down"
    ready = ask(stage.gateway.ops_port, "GET", "/ready")
    assert (ready.status, ready.body["phase"]) == (503, "drained")
    assert stage.gateway.status()["phase"] == "drained"


def _taken(stage: Stage, answer: Any) -> None:
    stage.catcher.wait_push(stage.gateway.tenant.send())
    assert ask(stage.gateway.ops_port, "GET", "/ready").status == 200


GROUPS = [
    Group(
        "config",
        [
            Case("config", "show", "path=limits.max_parts", lambda text: text.splitlines()[0] == "5"),
            Case("config", "show", "path=connectors[smsc1].password", lambda text: "***" in text),
            Case("config", "show", "path=nowhere.here", "there is no option nowhere.here", code=1),
            Case("config", "check", "", has(problems=[])),
            Case("config", "diff", "", rows(0)),
            Case(
                "config",
                "diff",
                "",
                row(option="limits.max_parts", in_force=5, in_file=6, applied="reload"),
                before=_written(_another),
            ),
            Case(
                "config",
                "reload",
                "",
                has(
                    changed=row(option="limits.max_parts", before=5, now=6),
                    needs_restart=[],
                    connectors={"added": ["spare"]},
                ),
                after=_taken,
            ),
            Case("connector", "show", "spare", has(id="spare")),
            Case("config", "check", "file=/etc/passwd", "in the directory of the configuration", code=1),
            Case("config", "check", "file=gateway.new", "", code=5, before=_written(_broken, "gateway.new")),
            Case("config", "reload", "", "limits.max_parts", code=1, before=_written(_broken), after=_taken),
            Case("config", "show", "limits", lambda text: "max_parts: 6" in text),
            Case(
                "config",
                "reload",
                "",
                has(changed=[], needs_restart=["node"]),
                before=_written(_renamed),
            ),
            Case("config", "diff", "", row(option="node", in_force="test1", in_file="another", applied="restart")),
        ],
        stage=_own,
    ),
    Group(
        "drain",
        [
            Case("drain", "show", "", has(draining=False)),
            Case("drain", "begin", "", has(draining=True), after=_refused),
            Case("drain", "show", "", has(draining=True, pushes_pending=0)),
            Case("drain", "end", "", has(draining=False), after=_taken),
        ],
        stage=_own,
    ),
]
