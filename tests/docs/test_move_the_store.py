"""The page on moving what is stored: a gateway's messages and money are there with the other kind of store."""

from __future__ import annotations

import doctest
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.scenario.harness import Gateway, Scene, scene_in, wait
from tests.scenario.verbs import smsgwctl
from tests.store.redis_server import Server

PAGE = Path(__file__).resolve().parents[2] / "docs" / "move-the-store.md"
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_PAGE = PAGE.read_text().split("## By a file\n")  # the first part is about gateways that work
_SMSGWD = [sys.executable, "-m", "smsgwd.cli.main"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Where the gateways are."""
    with scene_in(tmp_path) as found:
        yield found


def _smsgwd(gateway: Gateway, words: list[str]) -> tuple[int, str]:
    """Exit status and what is printed; its configuration stands for the page's."""
    words = [gateway.config.name if word == "smsgwd.yaml" else word for word in words]
    done = subprocess.run(
        [*_SMSGWD, *words], cwd=gateway.config.parent, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, (done.stdout + done.stderr).replace(gateway.config.name, "smsgwd.yaml")


def _do(gateway: Gateway, step: str) -> None:
    """One command of the page, which must say what the page says."""
    line, _, wanted = step.partition("\n")
    program, *words = shlex.split(line)
    if program == "smsgwctl":
        status, out, err = smsgwctl(gateway, *words)
        said = out + err
    else:
        status, said = _smsgwd(gateway, words)
    assert status == 0, said
    # With a line before it, so that '...' can also stand for nothing.
    same = doctest.OutputChecker().check_output("|\n" + wanted.strip() + "\n", "|\n" + said.strip() + "\n", _SAME)
    assert same, f"$ {line}\nthe page says:\n{wanted}\nit says:\n{said}"


_SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def test_a_gateway_goes_over_and_back(scene: Scene) -> None:
    """What it sent, what it holds back and what was paid."""
    page = _PAGE[1]
    steps = [step for block in _CONSOLE.findall(page) for step in block.split("$ ")[1:]]
    assert len(steps) == 4
    (section,) = [yaml.safe_load(each) for each in _YAML.findall(page)]
    smsc = scene.smsc()
    gateway = scene.gateway(smsc, store={"kind": "embedded"})
    ids = gateway.tenant.send_many(20)
    for each in ids:
        gateway.tenant.wait_state(each, "delivered")
    states = gateway.tenant.states()
    ledger = smsgwctl(gateway, "ledger", "show", "tenant=demo")
    assert gateway.stop() == 0
    _do(gateway, steps[0])
    with Server(appendfsync="always") as server:
        section["store"]["url"] = server.url
        before = yaml.safe_load(gateway.config.read_text())
        gateway.config.write_text(yaml.safe_dump(before | section))
        _do(gateway, steps[1])
        _do(gateway, steps[2])
        status, said = _smsgwd(gateway, shlex.split("store import -c smsgwd.yaml store.export"))
        assert (status, "there is a store" in said) == (1, True), said
        gateway.start()
        gateway.wait_ready()
        _do(gateway, steps[3])
        assert gateway.tenant.states() == states
        assert smsgwctl(gateway, "ledger", "show", "tenant=demo") == ledger
        status, said = _smsgwd(gateway, shlex.split("store export -c smsgwd.yaml back.export"))
        assert (status, "stop test1 first" in said) == (1, True), said
        [last] = gateway.tenant.send_many(1, prefix="+30692")
        gateway.tenant.wait_state(last, "delivered")
        assert gateway.stop() == 0
        status, said = _smsgwd(gateway, shlex.split("store export -c smsgwd.yaml back.export"))
        assert status == 0, said
    gateway.config.write_text(yaml.safe_dump(before))
    for file in (scene.directory / "data").glob("store.db*"):
        file.unlink()
    status, said = _smsgwd(gateway, shlex.split("store import -c smsgwd.yaml back.export"))
    assert status == 0, said
    gateway.start()
    gateway.wait_ready()
    assert gateway.tenant.states() == states | {last: "delivered"}


def test_a_gateway_that_works_goes_over(scene: Scene) -> None:
    """The first part of the page, while it is done."""
    checked, *moved = [step for block in _CONSOLE.findall(_PAGE[0]) for step in block.split("$ ")[1:]]
    (section,) = [yaml.safe_load(each) for each in _YAML.findall(_PAGE[0])]
    gateway = scene.gateway(scene.smsc(), store={"kind": "embedded"}, wrapper=["env"])
    [sent] = gateway.tenant.send_many(1)
    with Server(appendfsync="always") as server:
        section["store"]["url"] = server.url
        before = yaml.safe_load(gateway.config.read_text())
        gateway.config.write_text(yaml.safe_dump(before | section))
        _do(gateway, checked)
        _do(gateway, moved[0])
        assert [step.partition("\n")[0] for step in moved] == ["smsgwctl store migrate", "smsgwctl store migrate-show"]
        wait("it is moved", lambda: (scene.directory / "data" / "store.db.moved").exists(), 90)
        gateway.wait_ready()
        gateway.tenant.wait_state(sent, "delivered")
        assert gateway.stop() == 0
