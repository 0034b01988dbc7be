"""Cases: `plugin`, and `connector` for one whose messages go by a plugin; the provider is simulated."""

from __future__ import annotations

from typing import Any

import yaml

from tests.scenario.client import ask
from tests.scenario.harness import TENANT, Scene, wait
from tests.scenario.verbs import Case, Group, Stage, has, row

_NUMBER = "306912345678"


def _stage(scene: Scene) -> Stage:
    """A daemon whose messages go by iSMS, simulated; an SMSC stands beside it."""
    isms = scene.provider("isms", "--final-after-ms", "300")
    smsc, catcher = scene.smsc(), scene.catcher()
    connector = {
        "id": "isms1",
        "kind": "provider",
        "provider": "isms",
        "options": {"base_url": f"http://127.0.0.1:{isms.port()}/api/http", "username": "user", "password": "password"},
        "balance_every_s": 1,
        "tenant": TENANT,
        "push_contacts": True,
    }
    sim = {"id": "smsc1", "kind": "smpp", "host": "127.0.0.1", "port": smsc.port(), "system_id": "gw", "password": "gw"}
    gateway = scene.gateway(
        catcher=catcher,
        connectors=[connector, sim],
        routes=[{"match": {"to": "*"}, "connectors": ["isms1"]}],
        lookups={"sources": [{"kind": "provider", "connector": "isms1"}]},
    )
    stage = Stage(scene, gateway, smsc, catcher)
    _runs(stage)
    return stage


def _runs(stage: Stage) -> None:
    wait("the plugin runs", lambda: stage.gateway.status()["connectors"][0]["up"])


def _sent(stage: Stage, answer: Any) -> None:
    """A message of a tenant goes the same way, and its receipt comes."""
    stage.catcher.wait_push(stage.gateway.tenant.send())


def _looked_up(stage: Stage, answer: Any) -> None:
    """A tenant's lookup is answered by the provider."""
    tenant = stage.gateway.tenant
    asked = tenant.ask("POST", "/v1/lookups", {"to": [f"+{_NUMBER}"]})
    assert asked.status == 202, asked
    at = f"/v1/lookups/{asked.body['id']}"

    def ended() -> dict[str, Any] | None:
        [found] = tenant.ask("GET", at).body["lookups"]
        return found if found["done_at"] else None

    found = wait("the lookup ends", ended)
    assert found is not None and (found["source"], found["state"]) == ("isms1", "Delivered"), found


def _told(answer: Any) -> bool:
    """The exchange is shown, the password is not."""
    assert (answer["connector"], answer["plugin"], answer["verdict"], answer["trouble"]) == (
        "isms1", "isms", "accepted", "",
    )  # fmt: skip
    assert answer["foreign_id"]
    [exchange] = answer["exchanges"]
    assert exchange["method"] == "GET" and "/api/http/send.php" in exchange["url"]
    assert exchange["status"] == 200 and answer["foreign_id"].partition("/")[0] in exchange["answer"]
    shown = str(answer)
    assert "***" in shown and "password=password" not in shown
    return True


def _final(answer: Any) -> bool:
    assert answer["final"] is True
    assert answer["states"][-1]["state"] == "delivered"
    return "query.php" in str(answer["asked"])


def _options(**changes: Any) -> Any:
    """What changes the plugin's options in the file."""

    def before(stage: Stage) -> None:
        path = stage.gateway.config
        config = yaml.safe_load(path.read_text())
        config["connectors"][0]["options"] |= changes
        path.write_text(yaml.safe_dump(config))

    return before


def _balance(stage: Stage) -> None:
    wait("the balance is known", lambda: _shown(stage)["balance"] is not None)


def _shown(stage: Stage) -> dict[str, Any]:
    answer: dict[str, Any] = stage.gateway.command("connector", "show", id="isms1")
    found: dict[str, Any] = answer["provider"]
    return found


def _counted(stage: Stage, answer: Any) -> None:
    """What its process asked is counted here."""
    text = ask(stage.gateway.ops_port, "GET", "/metrics").body.decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("smsgwd_provider_"))
    assert float(values['smsgwd_provider_requests_total{connector="isms1",outcome="2xx"}']) >= 3
    assert float(values['smsgwd_provider_permit_seconds_count{connector="isms1"}']) >= 3
    assert float(values['smsgwd_provider_verdicts_total{connector="isms1",verdict="accepted"}']) >= 1
    assert float(values['smsgwd_provider_running{connector="isms1"}']) == 1
    assert any(name.startswith("smsgwd_provider_balance{") for name in values)


def _another(stage: Stage) -> None:
    """A connector more, in the gateway's own process."""
    path = stage.gateway.config
    config = yaml.safe_load(path.read_text())
    config["connectors"].append({**config["connectors"][0], "id": "isms2", "isolation": "none", "push_contacts": False})
    path.write_text(yaml.safe_dump(config))


def _no_more(stage: Stage) -> None:
    path = stage.gateway.config
    config = yaml.safe_load(path.read_text())
    config["connectors"] = [each for each in config["connectors"] if each["id"] != "isms2"]
    path.write_text(yaml.safe_dump(config))


def _series(stage: Stage) -> bool:
    return 'connector="isms2"' in ask(stage.gateway.ops_port, "GET", "/metrics").body.decode()


def _came(stage: Stage, answer: Any) -> None:
    wait("it runs", lambda: stage.gateway.status()["connectors"][2]["up"])
    assert _series(stage)


def _went(stage: Stage, answer: Any) -> None:
    wait("nothing is left of it", lambda: not _series(stage))
    _sent(stage, answer)


GROUPS = [
    Group(
        "plugins",
        [
            Case("plugin", "list", "", row(kind="provider", name="isms", ok=True, api=1, used_by=["isms1"])),
            Case("plugin", "list", "", row(kind="lookup", name="isms1"), after=_looked_up),
            Case("plugin", "show", "isms", lambda answer: row(option="password", required=True)(answer["options"])),
            Case("plugin", "show", "isms readme=yes", lambda answer: "smsgwd" in answer),
            Case("plugin", "show", "isms yaml=yes", lambda answer: "lookup_wait_s: 45" in answer),
            Case("plugin", "show", "nobody", "there is no plugin nobody", code=1),
            Case("plugin", "test", f"isms1 to=+{_NUMBER} from=Shop text=Hello", _told, after=_sent),
            Case("plugin", "test", f"isms to=+{_NUMBER} from=Shop wait=20", _final),
            Case("plugin", "test", f"smsc1 to=+{_NUMBER}", "no connector smsc1 of kind provider", code=1),
            Case("plugin", "test", "isms1 to=nobody", "to: ", code=1),
            Case("audit", "list", "noun=plugin", lambda answer: _NUMBER not in str(answer) and "***" in str(answer)),
            Case(
                "connector",
                "show",
                "isms1",
                has(kind="provider", up=True, provider__state="running", provider__circuit="closed"),
                before=_balance,
                after=_counted,
            ),
            Case("connector", "show", "isms1", lambda answer: "/callback/isms1/" in answer["provider"]["callback_url"]),
            Case("connector", "show", "isms1", lambda answer: answer["config"]["options"]["password"] == "***"),
            Case("connector", "push-contacts", "isms1", has(contacts=0, pushed=0, refused=0)),
            Case("connector", "pause", "isms1", has(state="paused", up=False)),
            Case("connector", "resume", "isms1", has(state="on")),
            Case("connector", "set", "isms1 rate=50 window=7", has(throughput=50.0, window=7)),
            Case("connector", "set", "isms1 rate=config window=config", has(throughput=0.0)),
            Case("connector", "rebind", "isms1 bind=0", "has no binds", code=1),
            Case("connector", "rebind", "isms1", has(id="isms1"), after=lambda stage, answer: _runs(stage)),
            Case("connector", "stop", "isms1", has(state="stopped")),
            Case("connector", "start", "isms1", has(state="on"), after=lambda stage, answer: _runs(stage)),
            Case("config", "check", "", "", code=5, before=_options(metod="POST")),
            Case("config", "reload", "", "connectors[0].options.metod", code=1, after=_sent),
        ],
        stage=_stage,
    ),
    Group(
        "plugin options",
        [
            Case(
                "config",
                "reload",
                "",
                has(connectors={"rebound": ["isms1"]}),
                before=_options(method="POST"),
                after=_sent,
            ),
            Case("config", "reload", "", has(connectors={"added": ["isms2"]}), before=_another, after=_came),
            Case("plugin", "test", f"isms to=+{_NUMBER}", "isms1, isms2 use the plugin isms", code=1),
            Case("plugin", "test", f"isms2 to=+{_NUMBER} from=Shop", has(connector="isms2", verdict="accepted")),
            Case("config", "reload", "", has(connectors={"removed": ["isms2"]}), before=_no_more, after=_went),
        ],
        stage=_stage,
    ),
]
