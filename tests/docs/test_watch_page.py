"""The page about watching the gateway does what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from smsgwd.cli.top_figures import HISTORY, STAGES
from smsgwd.telemetry.metrics import MOST_TENANTS
from tests.docs.live_pages import OPERATE, work_through
from tests.scenario.collector import collecting
from tests.scenario.harness import Scene, scene_in, wait
from tests.scenario.ways import connector, wait_up

PAGE = (OPERATE / "watch-the-gateway.md").read_text("utf-8")
RULES = OPERATE.parents[1] / "etc" / "monitoring" / "smsgwd.rules.yml"


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Where the page's gateway is."""
    with scene_in(tmp_path) as found:
        yield found


def test_top_prints_what_the_page_shows(scene: Scene) -> None:
    """Twenty messages have gone by."""
    catcher = scene.catcher()
    gateway = scene.gateway(
        catcher=catcher,
        connectors=[connector("sim", scene.smsc())],
        routes=[{"match": {"to": "*"}, "connectors": ["sim"]}],
    )
    wait_up(gateway, "sim")
    catcher.wait_all(gateway.tenant.send_many(20))
    wait("all is over", lambda: gateway.status()["store"]["outbox_pending"] == 0)
    assert work_through("watch-the-gateway.md", gateway, {}) == 1


def test_the_configuration_of_traces_is_one(scene: Scene) -> None:
    """As the page has it, but for the address and the share."""
    [written] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    section = yaml.safe_load(written)["tracing"]
    with collecting() as collector:
        gateway = scene.gateway(scene.smsc(), tracing={**section, "endpoint": collector.url, "ratio": 1})
        message_id = gateway.tenant.send()
        found = wait("a trace", lambda: collector.trace(message_id))
        assert found[0].span.trace_id.hex()[:16] == f"{int(message_id):016x}"


def test_the_alerts_that_it_names_are_there() -> None:
    """And all the critical ones are named; each rule that leads here is in its table."""
    rules = [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
    named = set(re.findall(r"`(Smsgwd\w+)`", PAGE))
    assert named <= {rule["alert"] for rule in rules}
    assert {rule["alert"] for rule in rules if rule["labels"]["severity"] == "critical"} <= named
    assert {rule["alert"] for rule in rules if "watch-the-gateway" in rule["annotations"]["runbook_url"]} <= named


def test_its_numbers_are_those_of_the_code() -> None:
    """Stages, tenants, minutes of history."""
    assert re.findall(r"^\| (\w+) \| [a-z].* \| .* \|$", PAGE, re.MULTILINE)[-6:] == list(STAGES)
    assert f"up to {MOST_TENANTS} of them" in PAGE
    assert HISTORY == 180, "three minutes at a look a second"
