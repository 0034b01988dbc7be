"""Servers and nodes of a shared store that fail under load: the short forms of scripts/redis_faults."""

import time
from pathlib import Path

import pytest

from scripts._redis_faults import PREFIX, CaseOptions, line_of, nodes_killed, section, spooled, titles
from smsgwd.simulator.node_faults import explains_all, run_faults
from smsgwd.simulator.nodes_stand import NodesStand
from tests.scenario import stores
from tests.store.redis_server import Server

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.skipif(stores.REDIS, reason="has servers of its own: the run on the usual store has done the same"),
]

OPTIONS = CaseOptions(
    rate=200.0, http_rate=40.0, accounts=2, binds=2, kills=2, between_s=0.3, most_s=60.0, settle_s=0.3, seed=46
)


def test_a_server_that_stands_still_and_is_killed_loses_nothing(tmp_path: Path):
    with Server(appendfsync="always") as server:

        def harm(bench):
            bench.rest(0.3)
            at = time.time()
            server.pause()
            bench.rest(2.0)
            server.resume()
            bench.flow(50)
            server.kill()
            bench.rest(0.3)
            server.start()
            bench.faults.append(explains_all("paused, killed", at, time.time()))
            bench.flow(100)

        stand = NodesStand(
            tmp_path, [section(server.url)], smsc=OPTIONS.smsc(), esmes=OPTIONS.accounts, binds=OPTIONS.binds
        )
        verdict = run_faults(OPTIONS, stand, harm, OPTIONS.most_s)
    assert verdict.ok, verdict.table()
    assert verdict.facts["faults"] == 1
    assert set(verdict.facts["refused for now, SMPP"]) <= {"0x08"}
    assert set(verdict.facts["answers, HTTP"]) <= {"202", "503"}
    assert verdict.facts["longest pause of intake, s"] >= 2.0


def test_a_node_that_goes_on_without_its_server_and_is_killed_loses_nothing(tmp_path: Path):
    verdict = spooled(OPTIONS, tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["faults"] == 2


def test_nodes_that_are_killed_lose_nothing_and_are_taken_over(tmp_path: Path):
    verdict = nodes_killed(OPTIONS, tmp_path)
    assert verdict.ok, verdict.table()
    assert verdict.facts["faults"] == 2
    assert verdict.facts["longest take-over, s"] <= 5.0
    assert PREFIX in (tmp_path / "node2" / "smsgwd.yaml").read_text()
    assert line_of("nodes", verdict).endswith("| ok")
    assert titles().count("|") == line_of("nodes", verdict).count("|")
