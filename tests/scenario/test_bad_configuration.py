"""A bad configuration is refused with every mistake at once, each with file, line and key; nothing is started."""

from __future__ import annotations

import re

import pytest

from tests.scenario.harness import SMSGWD, Child, Scene

CONFIG = """\
node: "two words"
data_dir: data
stroe: {kind: embedded}
listeners:
  http: {listen: "127.0.0.1:notaport"}
  ops: {listen: "127.0.0.1:0", max_connections: 0}
tenants_file: tenants.yaml
connectors:
  - {id: a, kind: smpp, host: 127.0.0.1, port: 99999, system_id: gw, password: gw}
  - {id: b, kind: smpp, host: 127.0.0.1, port: 2775, system_id: gw, password: far-too-long-for-smpp}
  - {id: b, kind: smpp, host: 127.0.0.1, port: 2775, system_id: gw, password: gw, window: many}
routes:
  - {match: {to: "*"}, connectors: [c]}
limits: {default_validity_s: 5}
log: {level: loud}
"""
TENANTS = """\
tenants:
  - id: shop
    price: "0,04"
    time_zone: Europe/Atlantis
"""
# file, line, and what the line's message must name
MISTAKES = [
    ("smsgwd.yaml", 1, "node"),
    ("smsgwd.yaml", 3, "stroe"),
    ("smsgwd.yaml", 5, "listeners.http.listen"),
    ("smsgwd.yaml", 6, "listeners.ops.max_connections"),
    ("smsgwd.yaml", 9, "port"),
    ("smsgwd.yaml", 10, "password"),
    ("smsgwd.yaml", 11, "window"),
    ("smsgwd.yaml", 14, "default_validity_s"),
    ("smsgwd.yaml", 15, "log.level"),
    ("tenants.yaml", 3, "price"),
    ("tenants.yaml", 4, "time_zone"),
]


@pytest.mark.parametrize("verb", ["run", "check"])
def test_every_mistake_is_named_at_once(scene: Scene, verb: str) -> None:
    """Exit 2 and one line a mistake, from `check` and from `run`."""
    path = scene.directory / "smsgwd.yaml"
    path.write_text(CONFIG)
    (scene.directory / "tenants.yaml").write_text(TENANTS)
    child = Child("gateway", [*SMSGWD, verb, "-c", str(path)], scene.directory)
    child.start()
    assert child.wait_end() == 2
    lines = child.log_path.read_text().splitlines()
    found = [
        (m[1].rpartition("/")[2], int(m[2]), m[3]) for m in (re.match(r"(.+?):(\d+): (.+)", x) for x in lines) if m
    ]
    for file, line, key in MISTAKES:
        assert any(f == file and n == line and key in text for f, n, text in found), (file, line, key, found)
    text = child.log_path.read_text()
    assert "Traceback" not in text
    assert "far-too-long-for-smpp" not in text  # a secret
    assert not (scene.directory / "data").exists()


def test_references_to_what_is_not_there(scene: Scene) -> None:
    """Unknown connectors of a route and doubled ids are found once the sections themselves are sound."""
    path = scene.directory / "smsgwd.yaml"
    path.write_text(
        "node: one\n"
        "data_dir: data\n"
        "connectors:\n"
        "  - {id: b, kind: smpp, host: 127.0.0.1, port: 2775, system_id: gw, password: gw}\n"
        "  - {id: b, kind: smpp, host: 127.0.0.1, port: 2775, system_id: gw, password: gw}\n"
        "routes:\n"
        '  - {match: {to: "*"}, connectors: [c]}\n'
    )
    child = Child("check", [*SMSGWD, "check", "-c", str(path)], scene.directory)
    child.start()
    assert child.wait_end() == 2
    text = child.log_path.read_text()
    assert re.search(r"smsgwd\.yaml:5: connectors\[?.*'?b'?", text), text
    assert re.search(r"smsgwd\.yaml:7: routes.*'?c'?", text), text


def test_a_good_file_passes(scene: Scene) -> None:
    """Exit 0 and `ok`."""
    path = scene.write_config([2776], None, {}, {}, [], {}, "good.yaml")
    child = Child("check", [*SMSGWD, "check", "-c", str(path)], scene.directory)
    child.start()
    assert child.wait_end() == 0
    assert child.out_path.read_text() == f"{path}: ok\n"


def test_a_file_that_is_not_there(scene: Scene) -> None:
    """Exit 2, the name, no traceback."""
    child = Child("check", [*SMSGWD, "run", "-c", str(scene.directory / "none.yaml")], scene.directory)
    child.start()
    assert child.wait_end() == 2
    text = child.log_path.read_text()
    assert "none.yaml" in text
    assert "Traceback" not in text
