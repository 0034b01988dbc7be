"""docs/smsgwctl.md, worked through against a live daemon."""

from __future__ import annotations

import doctest
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from smsgwd.cli.ctl import main
from tests.scenario.harness import Scene, wait

PAGE = Path(__file__).resolve().parents[2] / "docs" / "smsgwctl.md"
STEPS = [
    (shlex.split(command), said)
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    for command, said in re.findall(r"^\$ smsgwctl ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", block, re.MULTILINE)
]


def test_the_page_is_worked_through(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command prints what stands below it."""
    gateway = scene.gateway(scene.smsc(), connector={"id": "sim"})
    wait("it is bound", lambda: gateway.status()["connectors"][0]["up"])
    monkeypatch.setenv("SMSGWD_SOCKET", str(gateway.admin_socket))
    monkeypatch.setenv("COLUMNS", "120")
    assert len(STEPS) >= 9
    same = doctest.OutputChecker()
    for words, wanted in STEPS:
        result = CliRunner().invoke(main, words)
        assert same.check_output(wanted, result.output, doctest.ELLIPSIS), f"{words} prints:\n{result.output}"


def test_every_exit_status_stands_there() -> None:
    """Those of --help."""
    told = set(re.findall(r"^ +(\d+) +\w", CliRunner().invoke(main, ["--help"]).output, re.MULTILINE))
    assert told == set(re.findall(r"^\| (\d+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert len(told) == 7
