"""The pages about queues, messages and receipts do what they say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from smsgwd.simulator.free_ports import free_ports
from tests.docs.live_pages import work_through
from tests.scenario.harness import Scene, scene_in, wait
from tests.scenario.ways import connector, wait_up

FIRST, SECOND, THIRD = "250211540300341249", "250211540300341250", "250211540300341251"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Where a page's gateway is."""
    with scene_in(tmp_path) as found:
        yield found


def test_the_queue_grows(scene: Scene) -> None:
    """`sim` is down, `backup` is not."""
    [port] = free_ports(1)
    gateway = scene.gateway(
        connectors=[
            connector("sim", port, failover_after_s=None),
            connector("backup", scene.smsc("--no-receipts"), failover_after_s=None),
        ],
        routes=[{"match": {"to": "*"}, "connectors": ["sim"]}],
    )
    wait_up(gateway, "backup")
    ids = gateway.tenant.send_many(40)

    def queued_again() -> None:
        wait("they are queued", lambda: [row["queued"] for row in gateway.status()["store"]["queues"]] == [30])

    words = {FIRST: ids[0], SECOND: ids[1]}
    before = {"queue hold": queued_again, "queue purge": queued_again}
    count = work_through("the-queue-grows.md", gateway, words, before)
    assert count == 9


def test_a_carrier_is_down(scene: Scene) -> None:
    """`sim` cannot be reached for longer than a moment; `backup` can."""
    [port] = free_ports(1)
    gateway = scene.gateway(
        connectors=[
            connector("sim", port, failover_after_s=None),
            connector("backup", scene.smsc("--no-receipts"), failover_after_s=None),
        ],
        routes=[{"match": {"to": "*"}, "connectors": ["sim"]}],
    )
    wait_up(gateway, "backup")
    gateway.tenant.send_many(10)
    wait("it is said", lambda: any("sim has been down" in said for said in gateway.status()["attention"]))
    assert work_through("a-carrier-is-down.md", gateway, {}) == 4


def test_a_message_never_came(scene: Scene) -> None:
    """One is undelivered, another delivered, both told."""
    catcher = scene.catcher()
    gateway = scene.gateway(
        connectors=[connector("sim", scene.smsc("--numbers", "0001:UNDELIV"))],
        routes=[{"match": {"to": "*"}, "connectors": ["sim"]}],
        catcher=catcher,
    )
    lost = gateway.tenant.send("+306900000001", client_ref="order-7")
    came = gateway.tenant.send("+306900000002")
    catcher.wait_all([lost, came])
    wait("both are settled", lambda: gateway.status()["store"]["outbox_pending"] == 0)
    assert work_through("a-message-never-came.md", gateway, {FIRST: lost, SECOND: came}) == 4


def test_receipts_are_late(scene: Scene) -> None:
    """Three of them, whose carrier says nothing; a tenant's server that fails, and another that has all."""
    broken, good = scene.catcher("--status", "500", name="broken"), scene.catcher(name="good")
    gateway = scene.gateway(
        connectors=[connector("sim", scene.smsc("--numbers", "0001:none,0002:none,0003:none"))],
        routes=[{"match": {"to": "*"}, "connectors": ["sim"]}],
        catcher=broken,
        notify={"allow_private_targets": True, "retry_s": [3600]},
    )
    for number in ("+306900000001", "+306900000002", "+306900000003"):
        gateway.tenant.wait_state(gateway.tenant.send(number), "sent")
    first, second = gateway.tenant.send("+306900000004"), gateway.tenant.send("+306900000005")
    third = gateway.tenant.send("+306900000006", dlr_url=good.url)
    good.wait_push(third)
    target = f"shop {broken.url.removesuffix('/dlr')}"

    def failed() -> bool:
        rows = gateway.command("outbox", "show", target=target)
        return [row["attempts"] for row in rows] == [1, 1]

    wait("both pushes failed once", failed)
    words = {FIRST: first, SECOND: second, THIRD: third, "shop http://127.0.0.1:PORT": target}
    assert work_through("receipts-are-late.md", gateway, words) == 7
