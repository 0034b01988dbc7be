"""The pages about reloads, certificates and drains, worked through with smsgwctl against a live gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.docs.live_pages import work_through
from tests.scenario.certificates import Authority
from tests.scenario.harness import Gateway, Scene, scene_in

FILE = "/etc/smsgwd/smsgwd.yaml"


def _edit(gateway: Gateway, change: Callable[[dict[str, Any]], object]) -> None:
    config = yaml.safe_load(gateway.config.read_text())
    change(config)
    gateway.config.write_text(yaml.safe_dump(config))


def _better(config: dict[str, Any]) -> None:
    config["limits"] = {"max_parts": 6}
    config["node"] = "gw9"
    config["connectors"].append({**config["connectors"][0], "id": "spare"})


def _gateway(scene: Scene, **config: Any) -> Gateway:
    return scene.gateway(scene.smsc(), catcher=scene.catcher(), **config)


def test_change_the_configuration(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        gateway = _gateway(scene)
        before = {
            "config check": lambda: _edit(gateway, lambda config: config.update(limits={"max_parts": 0})),
            "config diff": lambda: _edit(gateway, _better),
        }
        assert work_through("change-the-configuration.md", gateway, {FILE: str(gateway.config)}, before) == 4


def test_rotate_certificates(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        authority = Authority(tmp_path, "ca")
        files = authority.sign("server")
        gateway = _gateway(scene, http={"tls": {"cert": str(files.cert), "key": str(files.key)}})
        before = {
            "tls reload": lambda: authority.sign("server"),
            "config reload": lambda: files.cert.write_text("none"),
        }
        names = {FILE: str(gateway.config), "/etc/smsgwd/tls/server": str(files.cert.with_suffix(""))}
        assert work_through("rotate-certificates.md", gateway, names, before) == 2


def test_take_no_more_messages(tmp_path: Path) -> None:
    with scene_in(tmp_path) as scene:
        gateway = _gateway(scene)
        assert work_through("take-no-more-messages.md", gateway, {}) == 3
        gateway.tenant.send()
