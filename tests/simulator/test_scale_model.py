"""The model of many nodes: nothing is lost or doubled in it, a seed has one answer, it queues as books say."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from smsgwd.simulator.scale_model import ModelOptions, simulate
from smsgwd.simulator.scale_model_agenda import Agenda, Lot
from smsgwd.simulator.scale_model_assumptions import Assumptions, markdown, parse_pair
from smsgwd.simulator.scale_model_check import compare
from smsgwd.simulator.scale_model_server import Request, Server
from smsgwd.simulator.scale_model_table import cells, fills_first, row

MEASURED = Path(__file__).resolve().parents[2] / "docs" / "plots" / "data" / "scale_measured.json"
#: A node that takes 700 messages a second, and a server that takes 2,300: little to simulate.
SMALL = Assumptions().changed(
    {
        "change_us": 220, "server_change_us": 100, "server_turn_us": 100, "server_commit_us": 50, "lives": 150,
        "lives_in_all": 600, "receipt_delay_ms": 20, "wakes_to_all": 0,
    }.items()
)  # fmt: skip
PACED = ModelOptions(nodes=3, rate=500, warm_s=0.2, measure_s=1.0, assumed=SMALL)


def _most(nodes):
    return simulate(ModelOptions(nodes=nodes, warm_s=0.5, measure_s=0.5, assumed=SMALL))


def test_every_message_ends_once():
    found = simulate(PACED)
    assert found.came > 400
    assert found.came == found.accepted == found.ended
    assert (found.left, found.ended_twice, found.sent_twice, found.told_twice) == (0, 0, 0, 0)


def test_so_they_do_when_there_are_fewer_binds_than_nodes():
    few = SMALL.changed([("connectors", 2), ("binds", 1)])
    found = simulate(replace(PACED, nodes=6, assumed=few))
    assert found.came == found.ended and not found.sent_twice
    assert 0.6 < found.elsewhere < 0.95  # of six nodes one has the bind


def test_the_same_seed_has_the_same_result():
    short = replace(PACED, warm_s=0.1, measure_s=0.2)
    assert simulate(short) == simulate(short)
    assert simulate(short) != simulate(replace(short, seed=2))


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_the_server_queues_as_one_with_constant_service_does(load):
    """M/D/1: on average a request waits load / (2 (1 - load)) of the time that one takes."""
    took = 0.001
    assumed = Assumptions().changed({"rtt_ms": 0, "server_turn_us": 0, "fsync_p50_ms": 0}.items())
    agenda, lot = Agenda(), Lot(7, assumed)
    server = Server(agenda, lot, assumed)
    answered = []
    at = 0.0
    for _ in range(8_000):
        at += lot.exponential(took / load)
        agenda.at(at, server.ask, Request(lambda _: took, answered.append, writes=False))
    assert agenda.run(at + 10)
    assert len(answered) == server.requests == 8_000
    assert server.cpu_s == pytest.approx(8_000 * took)
    assert server.waited_s / server.requests == pytest.approx(took * load / (2 * (1 - load)), rel=0.12)


def test_requests_that_wait_together_share_an_fsync():
    assumed = Assumptions().changed({"rtt_ms": 0, "server_turn_us": 0, "fsync_p50_ms": 1, "fsync_p99_ms": 1}.items())
    agenda = Agenda()
    server = Server(agenda, Lot(1, assumed), assumed)
    times = []
    for _ in range(4):  # the first is begun at once, the others come meanwhile
        server.ask(Request(lambda _: 0.0001, lambda _: times.append(agenda.now), writes=True))
    agenda.run(1.0)
    assert server.fsync_s == pytest.approx(0.002)
    assert times == pytest.approx([0.0011, 0.0024, 0.0024, 0.0024])


def test_nodes_add_up_until_the_server_is_full():
    one, two, six = _most(1), _most(2), _most(6)
    assert fills_first(one).startswith("nodes")
    assert two.messages_per_s > 1.8 * one.messages_per_s
    assert fills_first(six).startswith("server")
    assert two.messages_per_s < six.messages_per_s < 5 * one.messages_per_s
    assert six.messages_per_s < 1e6 / (4 * SMALL.server_change_us)


def test_a_node_with_one_commit_at_a_time_waits_for_it():
    two = _most(1)
    one = simulate(ModelOptions(warm_s=0.5, measure_s=0.5, assumed=SMALL.changed([("commits_under_way", 1)])))
    assert fills_first(one).startswith("writers")
    assert one.messages_per_s < 0.95 * two.messages_per_s


def test_binds_may_be_what_is_full():
    slow = SMALL.changed(
        {"connectors": 1, "binds": 2, "bind_window": 5, "smsc_p50_ms": 50, "smsc_p99_ms": 60, "lives": 50}.items()
    )
    found = simulate(ModelOptions(nodes=2, warm_s=0.5, measure_s=1.0, assumed=slow))
    assert fills_first(found).startswith("binds")
    assert found.messages_per_s == pytest.approx(2 * 5 / 0.05, rel=0.15)


def test_a_bind_is_not_sent_more_than_its_rate():
    slow = SMALL.changed({"connectors": 1, "binds": 2, "bind_rate": 100, "lives": 50}.items())
    found = simulate(ModelOptions(nodes=2, warm_s=0.5, measure_s=1.5, assumed=slow))
    assert found.messages_per_s == pytest.approx(200, rel=0.1)


def test_a_node_dies_and_others_take_over():
    found = simulate(replace(PACED, measure_s=4.5, node_dies_s=0.5))
    lease, every = SMALL.lease_s, SMALL.renew_s
    later = SMALL.notice_s + SMALL.bind_ms / 1000
    assert lease - every <= found.takeover_s - later <= lease + 0.01
    assert found.came == found.accepted == found.ended and not found.ended_twice
    assert 0 < found.sent_twice < 50  # what was at the SMSC, unanswered
    assert found.latency_ms["queue"]["max"] == pytest.approx(found.takeover_s * 1000, rel=0.1)


def test_the_server_fails_and_comes_again():
    calm = simulate(replace(PACED, measure_s=3.0))
    found = simulate(replace(PACED, measure_s=3.0, server_fails_s=0.5))
    assert found.came == found.ended and not found.sent_twice
    assert calm.latency_ms["accept"]["max"] < 500
    assert 1000 * SMALL.failover_s < found.latency_ms["accept"]["max"] < 1000 * SMALL.failover_s + 1000


def test_what_is_acknowledged_without_a_replica_may_be_lost_and_with_one_not():
    far = SMALL.changed([("rtt_ms", 20)])
    lone = simulate(
        replace(
            PACED,
            server_fails_s=0.5,
            measure_s=1.0,
            assumed=far.changed([("fsync_always", 0), ("replicas", 0), ("confirm_disk", 0)]),
        )
    )
    sure = simulate(replace(PACED, server_fails_s=0.5, measure_s=1.0, assumed=far.changed([("confirm_replicas", 1)])))
    assert lone.at_risk > 50  # what came since the fsync of this second
    assert sure.at_risk == 0
    assert sure.latency_ms["accept"]["p50"] > 40  # two round trips


def test_gateways_on_masters_of_their_own_add_up():
    options = replace(PACED, nodes=8, rate=600, warm_s=0.4, measure_s=0.4)
    one, two = row(options, 1), row(options, 2)
    assert two.masters * two.most.messages_per_s > 1.5 * one.most.messages_per_s
    assert two.easy.offered == 300
    assert len(cells(one)) == len(cells(two))
    with pytest.raises(ValueError, match="evenly"):
        row(options, 3)


def test_it_is_compared_with_measurements():
    points = json.loads(MEASURED.read_text())["points"]
    paced = [point for point in points if point["rate"] == 1000]
    found = compare({"points": paced}, ModelOptions(warm_s=0.3, measure_s=0.7))
    assert {each.figure for each in found} >= {"messages_per_s", "node_us", "server_us", "accept_p50_ms"}
    assert all(abs(each.error) < 0.35 for each in found if each.figure in ("node_us", "server_us", "messages_per_s"))


def test_a_report_of_the_bench_is_a_measurement():
    report = {
        "options": {"rate": 200.0, "redis": "redis://x", "binds": 1, "window": 50, "smsc_binds": 2, "smsc_window": 10},
        "summary": {
            "messages_per_s": 250.0,
            "accept_ms": {"p50": 4.0, "p99": 9.0},
            "cpu_us_per_message": {"gateway": 1, "redis": 2},
        },
    }
    found = {each.figure: each for each in compare(report, ModelOptions(warm_s=0.1, measure_s=0.5))}
    assert len(found) == 5 and found["messages_per_s"].point == "1 node, 200/s"
    assert found["messages_per_s"].error == pytest.approx(200 / 250 - 1, abs=0.05)
    assert found["server_us"].found == 2


@pytest.mark.parametrize("measured", [[], {"points": [{}]}, {"points": [{"name": "x", "found": {"odd": 1.0}}]}, 7])
def test_what_is_no_measurement_is_said(measured):
    with pytest.raises(ValueError):
        compare(measured, ModelOptions(warm_s=0.0, measure_s=0.01))


def test_assumptions_can_be_changed_by_name():
    assert Assumptions().changed([parse_pair("rtt_ms=0.1")]).rtt_ms == 0.1
    assert all(f"| `{each.name}` |" in markdown() for each in Assumptions().listed())
    for wrong in ("rtt=1", "rtt_ms", "rtt_ms=x", "rtt_ms=-1", "rtt_ms=nan", "tail_share=2", "confirm_replicas=5"):
        with pytest.raises(ValueError):
            Assumptions().changed([parse_pair(wrong)])


@pytest.mark.parametrize(
    "wrong", [{"nodes": 0}, {"rate": -1}, {"node_dies_s": 1}, {"nodes": 2, "node_dies_s": 1, "server_fails_s": 1}]
)
def test_options_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        simulate(ModelOptions(**wrong))
