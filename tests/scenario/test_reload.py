"""Another configuration while the gateway runs: what follows, what stays, and what a bad file changes."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Callable
from typing import Any

import yaml

from smsgwd.config import Config
from smsgwd.config.diff import is_live
from smsgwd.config.shape import fields_of
from tests.scenario.client import Tenant
from tests.scenario.harness import PATIENCE_S, Gateway, Scene, wait


def rewritten(gateway: Gateway, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the file on disk."""
    config = yaml.safe_load(gateway.config.read_text())
    change(config)
    gateway.config.write_text(yaml.safe_dump(config))


def changed_by(done: Any) -> list[str]:
    """The options that a reload put in force."""
    return [row["option"] for row in done["changed"]]


def test_connectors_routes_and_tenants_follow_and_binds_stay(scene: Scene) -> None:
    """One reload brings a connector, routes to it and a tenant; the bind of the other connector is the same one."""
    one, two, catcher = scene.smsc(name="one"), scene.smsc(name="two"), scene.catcher()
    gateway = scene.gateway(one, catcher=catcher)
    catcher.wait_push(gateway.tenant.send("+306900000001"))

    def more(config: dict[str, Any]) -> None:
        config["connectors"].append({**config["connectors"][0], "id": "second", "port": two.port()})
        config["connectors"][0]["throughput"] = 500
        config["routes"].insert(0, {"match": {"to": "44*"}, "connectors": ["second"]})

    rewritten(gateway, more)
    tenants = yaml.safe_load((scene.directory / "tenants.yaml").read_text())
    bar = {**tenants["tenants"][0], "id": "bar", "credentials": [{"kind": "token", "secret": "bar-token"}]}
    tenants["tenants"][0]["credit"] = "1.0000"  # of one that there is: nothing happens
    tenants["tenants"].append(bar)
    (scene.directory / "tenants.yaml").write_text(yaml.safe_dump(tenants))
    done = gateway.command("config", "reload")
    assert done["connectors"] == {"added": ["second"], "adjusted": ["smsc1"]}
    assert done["tenants_added"] == ["bar"]
    assert "routes[0]" in changed_by(done)
    assert float(gateway.tenant.ask("GET", "/v1/balance").body["balance"]) > 900

    wait("the new connector is bound", lambda: gateway.status()["connectors"][1]["up"])
    catcher.wait_push(Tenant(gateway.http_port, "bar-token").send("+447700900001"))
    catcher.wait_push(gateway.tenant.send("+306900000002"))
    assert [text.dest for text in two.texts()] == ["+447700900001"]
    assert [text.dest for text in one.texts()] == ["+306900000001", "+306900000002"]
    assert one.stats()["connections"] == 1

    def less(config: dict[str, Any]) -> None:
        del config["connectors"][1], config["routes"][0]

    rewritten(gateway, less)
    assert gateway.command("config", "reload")["connectors"] == {"removed": ["second"]}
    catcher.wait_push(gateway.tenant.send("+447700900002"))
    assert one.texts()[-1].dest == "+447700900002"
    assert one.stats()["connections"] == 1


def test_what_is_queued_for_a_connector_that_goes_takes_another_way(scene: Scene) -> None:
    """Messages wait for a connector that is not reachable; it is taken out, and they go by the other one."""
    good, catcher = scene.smsc(), scene.catcher()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        gateway = scene.gateway(nobody.getsockname()[1], good, catcher=catcher, connector={"failover_after_s": None})
        rewritten(gateway, lambda config: config["routes"][0].update(connectors=["smsc1"]))
        gateway.command("config", "reload")
        ids = gateway.tenant.send_many(20)

        def moved(config: dict[str, Any]) -> None:
            del config["connectors"][0]
            config["routes"][0].update(connectors=["smsc2"])

        rewritten(gateway, moved)
        assert gateway.command("config", "reload")["connectors"] == {"removed": ["smsc1"]}
        pushed = catcher.wait_all(ids)
    assert {body["state"] for body in pushed.values()} == {"delivered"}


def test_a_stored_route_to_a_connector_that_goes_is_told(scene: Scene) -> None:
    """It is left out, and the answer names it; it is back with its connector."""
    gateway = scene.gateway(scene.smsc(name="a"), scene.smsc(name="b"), catcher=scene.catcher())
    gateway.command("route", "put", id="mine", order="5", json=json.dumps({"connectors": ["smsc2"]}))

    def alone(config: dict[str, Any]) -> None:
        config["connectors"].pop()
        config["routes"][0]["connectors"] = ["smsc1"]

    before = gateway.config.read_text()
    rewritten(gateway, alone)
    done = gateway.command("config", "reload")
    assert list(done["routes_left_out"].values()) == ["connectors: no connector has the id 'smsc2'"]
    gateway.config.write_text(before)
    assert "routes_left_out" not in gateway.command("config", "reload")
    found = gateway.command("route", "explain", tenant="shop", to="+306900000001", text="x", **{"from": "Shop"})
    assert found["connector"] == "smsc2"


def test_a_bad_file_changes_nothing_and_every_mistake_is_told(scene: Scene) -> None:
    """By signal and by command; the file's name, the line and the key are in the answer and in the log."""
    gateway = scene.gateway(scene.smsc(), catcher=scene.catcher())

    def broken(config: dict[str, Any]) -> None:
        config["limits"] = {"max_parts": 0}
        config["routes"].append({"match": {"to": "*"}, "connectors": ["nobody"]})
        config["connectors"][0]["throughput"] = 1

    rewritten(gateway, broken)
    gateway.signal(signal.SIGHUP)
    told = gateway.wait_event("config.refused")["problems"]
    assert len(told) == 2
    assert all(problem.startswith(f"{gateway.config}:") for problem in told)
    assert "limits.max_parts" in told[0]
    assert "routes[1].connectors" in told[1]
    assert gateway.command("config", "reload")["detail"] == "\n".join(told)
    assert "throughput: 0" in gateway.command("config", "show", path="connectors[smsc1]")
    gateway.tenant.send()


def test_sighup_is_written_down_and_the_service_manager_hears_of_it(scene: Scene) -> None:
    """RELOADING with the time, READY; the audit says that it was a signal. A bad file ends in READY, too."""
    path = scene.directory / "notify.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(PATIENCE_S)
        gateway = scene.gateway(scene.smsc(), wrapper=["env", f"NOTIFY_SOCKET={path}"])

        def until(word: str) -> str:
            while word not in (told := manager.recv(4096).decode()):
                assert told.startswith("STATUS=")
            return told

        until("READY=1")
        for change in ({"max_parts": 7}, {"max_parts": 0}):
            rewritten(gateway, lambda config, change=change: config.update(limits=change))  # type: ignore[misc]
            gateway.signal(signal.SIGHUP)
            assert "MONOTONIC_USEC=" in until("RELOADING=1")
            until("READY=1")
    entries = wait("both are in the audit", lambda: _reloads(gateway, 2))
    assert sorted(entry["outcome"] for entry in entries) == ["done", "failed"]
    assert {entry["via"] for entry in entries} == {"signal"}
    assert gateway.metric("smsgwd_config_reloads_total", result="ok") == 1
    assert gateway.metric("smsgwd_config_reloads_total", result="failed") == 1


def _reloads(gateway: Gateway, count: int) -> list[dict[str, Any]]:
    answer = gateway.command("audit", "list")
    rows = answer if isinstance(answer, list) else answer["entries"]
    found = [row for row in rows if row["command"] == "config reload" and row["outcome"] != "begun"]
    return found if len(found) >= count else []


def test_pushes_limits_and_guessing_follow(scene: Scene) -> None:
    """Options of many parts, each seen to be in force after one reload, and taken back by another."""
    catcher = scene.catcher()
    gateway = scene.gateway(scene.smsc(), catcher=catcher)
    before = gateway.config.read_text()
    stranger = Tenant(gateway.http_port, "wrong")
    assert [stranger.ask("GET", "/v1/balance").status for _ in range(3)] == [401, 401, 401]

    def change(config: dict[str, Any]) -> None:
        config["notify"] = {"allow_private_targets": False, "retry_s": [1]}
        config["limits"] = {"max_parts": 1, "max_recipients": 1}
        config["log"] = {"level": "error"}

    rewritten(gateway, change)
    done = gateway.command("config", "reload")
    assert done["needs_restart"] == []
    assert set(changed_by(done)) == {
        "notify.allow_private_targets", "limits.max_parts", "limits.max_recipients", "log.level",
    }  # fmt: skip
    assert gateway.tenant.post("+306900000001", "x" * 200).status == 422
    assert gateway.tenant.post(["+306900000001", "+306900000002"]).status == 422
    message = gateway.tenant.send()
    wait("the push is refused", lambda: "not allowed" in _owed(gateway))
    assert message not in catcher.taken()

    rewritten(gateway, lambda config: config.update(auth={"max_failures": 1}))
    assert changed_by(gateway.command("config", "reload")) == ["auth.max_failures"]
    assert stranger.ask("GET", "/v1/balance").status == 429  # failures from before count

    gateway.config.write_text(before)
    gateway.command("config", "reload")
    catcher.wait_push(message)
    catcher.wait_push(gateway.tenant.send("+306900000001", "x" * 200))
    assert stranger.ask("GET", "/v1/balance").status == 401


def _owed(gateway: Gateway) -> str:
    """What stands in the outbox, with the last errors."""
    return str([gateway.command("outbox", "show", target=row["target"]) for row in gateway.command("outbox", "list")])


def test_every_section_that_a_reload_is_enough_for_has_somebody_who_follows_it(scene: Scene) -> None:
    """Of all options that are declared so, one a section is changed; none waits for a restart."""
    gateway = scene.gateway(scene.smsc(), catcher=scene.catcher())

    def change(config: dict[str, Any]) -> None:
        config["connectors"][0]["window"] = 40
        config["routes"][0]["strategy"] = "round_robin"
        config["mo_routes"] = [{"match": {"to": "54"}, "webhook": "shop"}]
        config["admin"] |= {"audit_d": 30, "roles": {"read": ["nobody"]}}
        config["notify"]["timeout_s"] = 9
        sections: dict[str, dict[str, object]] = {
            "mo": {"part_wait_s": 60},
            "limits": {"max_batch": 10},
            "retention": {"texts_d": 3},
            "auth": {"cache_s": 10},
            "log": {"show_numbers": True},
            "access_log": {"path": "access.log"},
            "cdr": {"directory": "cdr"},
            "tracing": {"ratio": 0.5},
            "shutdown": {"drain_s": 3},
        }
        config.update(sections)

    rewritten(gateway, change)
    done = gateway.command("config", "reload")
    assert done["needs_restart"] == []
    changed = {path.partition("[")[0].partition(".")[0] for path in changed_by(done)}
    live = {key for key in fields_of(Config) if is_live((key,))} | {"admin"}
    assert changed == live - {"tenants_file"}
    message = gateway.tenant.send()
    wait("a detail record is written", lambda: message in _read_all(scene, "cdr/*"))
    wait("the request is in the access log", lambda: "/v1/messages" in _read_all(scene, "access.log"))
    assert gateway.stop() == 0


def _read_all(scene: Scene, pattern: str) -> str:
    return "".join(path.read_text() for path in scene.directory.glob(pattern))
