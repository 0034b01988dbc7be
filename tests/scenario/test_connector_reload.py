"""Links change by reloads while messages flow: nothing is lost or sent twice, and the others stay bound."""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable
from typing import Any

import yaml

from tests.scenario.harness import Gateway, Scene, wait

SLOW = ("--resp-delay-ms", "150", "--resp-jitter-ms", "200")
BATCHES = 15


def reload(gateway: Gateway, change: Callable[[dict[str, Any]], object]) -> dict[str, list[str]]:
    """Change the file and reload; what became of the connectors."""
    config = yaml.safe_load(gateway.config.read_text())
    change(config)
    gateway.config.write_text(yaml.safe_dump(config))
    done = gateway.command("config", "reload")
    found: dict[str, list[str]] = done["connectors"]
    return found


def of(gateway: Gateway, name: str) -> dict[str, Any]:
    """A connector as `status` shows it."""
    [found] = [each for each in gateway.status()["connectors"] if each["id"] == name]
    assert isinstance(found, dict)
    return found


def test_links_change_under_load(scene: Scene) -> None:
    """Batches go by two connectors; one is bound anew, gets more binds and fewer, goes and comes back. Its SMSC answers
    slowly, so that there is always something out."""
    first, second, catcher = scene.smsc(*SLOW, name="first"), scene.smsc(name="second"), scene.catcher()
    routes = [
        {"match": {"to": "44*"}, "connectors": ["smsc2"]},
        {"match": {"to": "*"}, "connectors": ["smsc1", "smsc2"]},
    ]
    gateway = scene.gateway(first, second, catcher=catcher, connector={"window": 50}, routes=routes)
    wait("both are bound", lambda: of(gateway, "smsc1")["up"] and of(gateway, "smsc2")["up"])
    ids: list[str] = []
    begun = threading.Event()

    def send() -> None:
        for number in range(BATCHES):
            ids.extend(gateway.tenant.send_many(60, f"Batch {number}, {{n}}"))
            begun.set()

    sender = threading.Thread(target=send)
    sender.start()
    assert begun.wait(30)
    kept: dict[str, Any] = {}

    def link(config: dict[str, Any]) -> None:
        config["connectors"][0]["system_type"] = "VMA"

    def more(config: dict[str, Any]) -> None:
        config["connectors"][0]["binds"] = 3

    def fewer(config: dict[str, Any]) -> None:
        config["connectors"][0]["binds"] = 1

    def gone(config: dict[str, Any]) -> None:
        kept["connector"] = config["connectors"].pop(0)
        config["routes"][1]["connectors"] = ["smsc2"]

    def back(config: dict[str, Any]) -> None:
        config["connectors"].insert(0, kept["connector"])
        config["routes"][1]["connectors"] = ["smsc1", "smsc2"]

    assert reload(gateway, link) == {"rebound": ["smsc1"]}
    wait("it is bound anew", lambda: of(gateway, "smsc1")["up"])
    assert reload(gateway, more) == {"adjusted": ["smsc1"]}
    wait("three are bound", lambda: [b["state"] for b in of(gateway, "smsc1")["binds"]] == ["bound"] * 3)
    assert reload(gateway, fewer) == {"adjusted": ["smsc1"]}
    wait("one is left", lambda: [b["state"] for b in of(gateway, "smsc1")["binds"]] == ["bound"])
    assert reload(gateway, gone) == {"removed": ["smsc1"]}
    assert reload(gateway, back) == {"added": ["smsc1"]}
    sender.join()

    pushed = catcher.wait_all(ids)
    assert {each["state"] for each in pushed.values()} == {"delivered"} and len(pushed) == 60 * BATCHES
    sent = collections.Counter(text.text for smsc in (first, second) for text in smsc.texts())
    assert len(sent) == len(ids) and set(sent.values()) == {1}
    assert len(first.texts()) > 100
    other = of(gateway, "smsc2")
    assert (other["binds_lost"], other["unknown"], second.stats()["connections"]) == (0, 0, 1)
    assert of(gateway, "smsc1")["unknown"] == 0
