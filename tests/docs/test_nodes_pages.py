"""The pages about several nodes do what they say: on one server, as the user that docs/redis.md makes on it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from smsgwd.cli.main import main
from smsgwd.simulator.free_ports import free_ports
from tests.docs.live_pages import OPERATE, work_through
from tests.scenario.harness import TOKEN, Gateway, Scene, Smsc, scene_in, wait
from tests.scenario.nodes import bound
from tests.store.redis.test_acl import PASSWORD, user
from tests.store.redis_server import Server

PAGE = (OPERATE / "run-several-nodes.md").read_text("utf-8")
MESSAGES = 40


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Where the nodes are."""
    with scene_in(tmp_path) as found:
        yield found


@pytest.fixture
def server() -> Iterator[Server]:
    """One set up as the page says, with the gateway's user."""
    [written] = re.findall(r"```\n +(appendonly .*?)```", PAGE, re.DOTALL)
    settings = dict(line.split() for line in written.splitlines() if line.strip())
    with Server(**{name.replace("-", "_"): value for name, value in settings.items()}, acl=(user(),)) as server:
        yield server
        assert server.client.call("ACL", "LOG") == []


@pytest.fixture
def url(server: Server) -> str:
    """Where it is, as that user."""
    return server.url.replace("://", f"://smsgwd:{PASSWORD}@")


def test_two_nodes_on_one_host(scene: Scene, url: str) -> None:
    """Its two files, and all that is typed on the page."""
    smsc, catcher = scene.smsc(), scene.catcher()
    first, second = _files()
    ports = dict(zip(("8080", "2775", "8081", "8082"), free_ports(4), strict=True))
    gateways = []
    for config in (first, {**first, **second, "listeners": {**first["listeners"], **second["listeners"]}}):
        _checked(scene, config, url)
        listeners = {name: _at(section, ports) for name, section in config["listeners"].items()}
        gateways.append(_node(scene, config, listeners, url, smsc, catcher))
    gw1, gw2 = gateways
    assert (gw1.http_port, gw1.smpp_port) == (gw2.http_port, gw2.smpp_port)
    _settled(gw1, gw2, 2, 2)

    def sent() -> bool:
        """A connection each: the system gives them to one node or the other."""
        catcher.wait_all([gw1.tenant.send(text=f"To either {number}") for number in range(MESSAGES)])
        taken = [each.metric("smsgwd_messages_accepted_total") for each in gateways]
        assert sum(taken) % MESSAGES == 0
        return min(taken) > 0

    wait("both take connections at one address", sent)
    before = {
        "node list": lambda: _settled(gw1, gw2, *((4, 0) if _drained(gw1) else (2, 2))),
        "node binds": lambda: _settled(gw1, gw2, 4, 0),
        "status": lambda: _settled(gw1, gw2, 2, 2),
    }
    assert work_through("run-several-nodes.md", gw1, {}, before) == 9


def test_a_node_dies(scene: Scene, url: str) -> None:
    """What its page shows on the other one."""
    smsc, catcher = scene.smsc(), scene.catcher()
    first, second = _files()
    gateways = []
    for config in (first, {**first, **second}):
        listeners = {name: {"listen": f"127.0.0.1:{free_ports(1)[0]}"} for name in ("http", "ops")}
        gateways.append(_node(scene, config, listeners, url, smsc, catcher))
    gw1, gw2 = gateways
    _settled(gw1, gw2, 2, 2)
    gw2.kill()
    wait("it is lost", lambda: [each["state"] for each in gw1.command("node", "list")] == ["up", "lost"])
    assert work_through("a-node-died.md", gw1, {}) == 3
    wait("all binds are here", lambda: bound(gw1, "sim") == 4)


def test_the_server_is_away_and_comes_back(scene: Scene, server: Server, url: str) -> None:
    """What its page says of status, figures and recovery."""
    first, _ = _files()
    listeners = {name: {"listen": f"127.0.0.1:{free_ports(1)[0]}"} for name in ("http", "ops")}
    gateway = _node(scene, first, listeners, url, scene.smsc(), scene.catcher())
    wait("all binds stand", lambda: bound(gateway, "sim") == 4)
    server.kill()
    wait("it is fenced", lambda: gateway.metric("smsgwd_node_lease_held") == 0)
    said = gateway.status()["attention"]
    assert any(each.startswith("the store cannot write, submissions are refused") for each in said), said
    assert any(each.startswith("this node has no lease, it sends nothing") for each in said), said
    assert gateway.tenant.post("+306912345678").status == 503
    wait("it unbinds", lambda: bound(gateway, "sim") == 0)
    assert [row["node"] for row in gateway.command("node", "list")] == ["gw1"]
    server.start()
    wait("all binds stand again", lambda: bound(gateway, "sim") == 4)
    assert gateway.metric("smsgwd_node_lease_held") == 1
    assert gateway.metric("smsgwd_node_leases_lost_total") == 1
    wait("nothing needs anybody", lambda: gateway.status()["attention"] == [])
    gateway.tenant.send()


def _files() -> tuple[dict[str, Any], dict[str, Any]]:
    """The page's two configurations, the second one as what differs."""
    first, second = (
        yaml.safe_load(re.sub(r"^   ", "", text, flags=re.MULTILINE))
        for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    )
    return first, second


def _checked(scene: Scene, config: dict[str, Any], url: str) -> None:
    """`smsgwd check` takes it as it stands, but for the file of the key."""
    key = scene.directory / "secret.key"
    key.write_text("0" * 44 + "\n")
    path = scene.directory / f"{config['node']}-page.yaml"
    path.write_text(yaml.safe_dump({**config, "secret_key": {"file": str(key)}}))
    environment = {"SMSGWD_REDIS_URL": url, "SIM_PASSWORD": "x"}
    result = CliRunner(env=environment).invoke(main, ["check", "-c", str(path)])
    assert result.exit_code == 0, result.output


def _at(section: Any, ports: dict[str, int]) -> Any:
    """A listener at a port that is free here."""
    if not isinstance(section, dict):
        return section
    host, _, port = section["listen"].rpartition(":")
    return {**section, "listen": f"{host}:{ports[port]}"}


def _node(
    scene: Scene, config: dict[str, Any], listeners: dict[str, Any], url: str, smsc: Smsc, catcher: Any
) -> Gateway:
    """A node of the page's configuration with what is the test's own."""
    [connector] = config["connectors"]
    name = config["node"]
    return scene.gateway(
        smsc,
        catcher=catcher,
        connector={"id": connector["id"], "binds": connector["binds"]},
        tenant={"credentials": [{"kind": "token", "secret": TOKEN}]},
        name=name,
        node=name,
        data_dir=f"data-{name}",
        admin={"socket": f"{name}.sock"},
        secret_key={"file": str(scene.directory / "secret.key")},
        store={**config["store"], "url": url},
        listeners=listeners,
        routes=config["routes"],
    )


def _settled(gw1: Gateway, gw2: Gateway, one: int, other: int) -> None:
    """The binds stand where they should, and the nodes have told it."""

    def look() -> bool:
        rows = {row["node"]: (row["binds"], row["bound"]) for row in gw1.command("node", "list")}
        return rows == {"gw1": (one, one), "gw2": (other, other)}

    wait(f"{one} and {other} binds", look)


def _drained(gateway: Gateway) -> bool:
    with contextlib.suppress(KeyError):
        return any(row["state"].startswith("draining") for row in gateway.command("node", "list"))
    return False
