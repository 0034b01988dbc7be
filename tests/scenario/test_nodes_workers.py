"""Two nodes on one host listen at one address, each with HTTP workers."""

from __future__ import annotations

from collections import Counter

import pytest
import yaml

from smsgwd.model.ids import node_of
from smsgwd.simulator.free_ports import free_ports
from tests.scenario.harness import Catcher, Gateway, Scene, Smsc, wait
from tests.scenario.nodes import node
from tests.scenario.test_http_workers import runs

pytestmark = pytest.mark.scenario


def _started(scene: Scene, name: str, smsc: Smsc, catcher: Catcher, address: str) -> Gateway:
    gateway = node(scene, name, smsc, catcher=catcher, http={"workers": 2, "listen": address}, start=False)
    written = gateway.config
    config = yaml.safe_load(written.read_text())
    config["listeners"]["shared"] = True
    written.write_text(yaml.safe_dump(config))
    gateway.start()
    gateway.wait_ready()
    return gateway


def test_connections_are_divided_and_go_to_who_is_left(scene: Scene) -> None:
    smsc, catcher = scene.smsc(), scene.catcher()
    address = f"127.0.0.1:{free_ports(1)[0]}"
    a = _started(scene, "a", smsc, catcher, address)
    b = _started(scene, "b", smsc, catcher, address)

    took: Counter[int] = Counter()

    def both_took() -> bool:
        message = a.tenant.send("+306912345678", "x")  # a connection each
        took[node_of(int(message))] += 1
        return len(took) == 2

    wait("both take messages at the address", both_took)
    workers = a.status()["http_workers"]["pids"]
    assert len({*workers, *b.status()["http_workers"]["pids"]}) == 4

    a.kill()
    wait("its workers end with it", lambda: not any(runs(pid) for pid in workers))
    ids = [b.tenant.send("+306912345678", "y") for _ in range(20)]
    assert len({node_of(int(each)) for each in ids}) == 1
    catcher.wait_all(ids)

    a.start()
    a.wait_ready()
    took.clear()
    wait("both take messages again", both_took)
