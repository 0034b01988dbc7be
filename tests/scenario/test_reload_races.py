"""Reloads that meet: a storm of signals, commands at the same time, an end in the midst of it. Nothing is lost."""

from __future__ import annotations

import collections
import contextlib
import csv
import json
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenario.harness import Gateway, Scene, Smsc, wait


def records(directory: Path) -> collections.Counter[str]:
    """How many lines each message has in all files of detail records, of both formats."""
    found: collections.Counter[str] = collections.Counter()
    for path in directory.glob("cdr*/cdr*"):
        lines = path.read_text().splitlines()
        rows = csv.DictReader(lines) if path.suffix == ".csv" else map(json.loads, lines)
        found.update(row["id"] for row in rows)
    return found


def configurations(plain: dict[str, Any]) -> list[dict[str, Any]]:
    """The plain one and others: the links have changed their ids, one is gone, records go elsewhere, a mistake."""
    found = [yaml.safe_load(yaml.safe_dump(plain)) for _ in range(5)]
    first, second = found[1]["connectors"]
    first["id"], second["id"] = second["id"], first["id"]
    del found[2]["connectors"][0]
    found[2]["routes"][0]["connectors"] = ["smsc2"]
    found[3]["cdr"] = {"directory": "cdr-json", "format": "json", "max_mb": 0.002}
    found[4]["routes"][0]["connectors"] = ["smsc1", "nobody"]
    return found


class Operators:
    """Change the file, and reload by signal and by command, until they are told to stop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._files), threading.Thread(target=self._commands)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _files(self) -> None:
        plain = yaml.safe_load(self._gateway.config.read_text())
        number = 0
        while not self._enough.wait(0.02):
            number += 1
            new = self._gateway.config.with_suffix(".new")
            new.write_text(yaml.safe_dump(configurations(plain)[number % 5]))
            new.replace(self._gateway.config)
            for _ in range(10):
                with contextlib.suppress(ProcessLookupError):
                    self._gateway.signal(signal.SIGHUP)
        self._gateway.config.write_text(yaml.safe_dump(plain))

    def _commands(self) -> None:
        verbs = ("stop", "start", "rebind", "pause", "resume")
        number = 0
        while not self._enough.wait(0.02):
            number += 1
            with contextlib.suppress(OSError, ValueError):  # it may be on its way out
                self._gateway.command("config", "reload")
                self._gateway.command("connector", verbs[number % 5], id="smsc2")


def all_ended(gateway: Gateway, ids: list[str], *smscs: Smsc) -> collections.Counter[str]:
    """Every message was delivered; how often each number was written to."""
    for message in ids:
        gateway.tenant.wait_state(message, "delivered")
    return collections.Counter(text.dest for smsc in smscs for text in smsc.texts())


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["term", "kill"])
def test_an_end_in_a_storm_of_reloads(scene: Scene, end: signal.Signals) -> None:
    """It ends well by SIGTERM, and goes on after both: each message is delivered, by SIGTERM once, with one line."""
    first, second = scene.smsc(name="first"), scene.smsc(name="second")
    gateway = scene.gateway(first, second, connector={"failover_after_s": 2}, cdr={"directory": "cdr"})
    ids = gateway.tenant.send_many(100)
    operators = Operators(gateway)
    try:
        for number in range(1, 6):
            ids += gateway.tenant.send_many(100, first=100 * number)
        wait("some were applied", lambda: gateway.metric("smsgwd_config_reloads_total", result="ok") > 5)
        wait("some were refused", lambda: gateway.metric("smsgwd_config_reloads_total", result="failed") > 1)
        gateway.signal(end)
        status = gateway.wait_end()
    finally:
        operators.stop()
    assert status == (0 if end is signal.SIGTERM else -end)
    assert not [line for line in gateway.log_lines() if line["event"] == "daemon.unhandled_error"]
    gateway.start()
    gateway.wait_ready()
    gateway.command("connector", "start", id="smsc2")
    written = all_ended(gateway, ids, first, second)
    assert len(written) == len(ids)
    assert end is signal.SIGKILL or set(written.values()) == {1}
    wait("all lines", lambda: len(records(scene.directory)) == len(ids))
    assert set(records(scene.directory).values()) == {1}
    assert gateway.command("ledger", "check")["problems"] == []
    entries = gateway.command("audit", "list", limit="1000")
    assert {("config reload", "done"), ("config reload", "failed")} <= {(e["command"], e["outcome"]) for e in entries}
