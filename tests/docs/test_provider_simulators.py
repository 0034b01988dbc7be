"""docs/provider-simulators.md: its simulators are started, its lines carried out, its tables whole."""

from __future__ import annotations

import ast
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from smsgwd.cli.simulate_provider import provider
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.simulator.provider_registry import APIS
from tests.dialects.test_docs import lines_of, pattern_of

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "provider-simulators.md").read_text("utf-8")
_RUN = re.compile(r"^```sh\nsmsgwd simulate (provider [^\n]+)\n```\n(.*?)(?=^```sh|\Z)", re.MULTILINE | re.DOTALL)
_MARK = "-- end of line --"


def test_every_provider_and_every_option_is_in_a_table() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == list(APIS)
    options = {name for param in provider.params for name in param.opts if name.startswith("--")}
    assert set(re.findall(r"--[0-9a-z][a-z-]*[a-z]", PAGE)) == options


@pytest.mark.parametrize(("command", "text"), _RUN.findall(PAGE), ids=[row[0].split()[1] for row in _RUN.findall(PAGE)])
def test_the_lines_do_what_they_say(command: str, text: str) -> None:
    lines = lines_of(text)
    assert lines
    words = shlex.split(command.replace("--port 8096", "--port 0"))
    start = [sys.executable, "-c", "from smsgwd.cli.simulate import simulate; simulate()", *words]
    script = "".join(f"{line.command}echo; echo '{_MARK}'\n" for line in lines)
    with subprocess.Popen(start, stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            port = json.loads(child.stdout.readline())["port"]
            done = subprocess.run(
                ["bash"],
                input=script,
                env={"URL": f"http://127.0.0.1:{port}", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        finally:
            child.terminate()
    said = done.stdout.split(f"{_MARK}\n")
    for line, got in zip(lines, said, strict=False):
        assert pattern_of(line.said).fullmatch(got.strip()), f"$ {line.command}said\n{got}\n{done.stderr}"
    assert len(said) == len(lines) + 1, done.stderr


def test_the_face_for_tests_is_as_shown() -> None:
    """Each method and option that the example names is there."""
    (shown,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    tree = ast.parse(shown, mode="exec")
    used = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    names = {node.attr for node in used if isinstance(node.value, ast.Name) and node.value.id == "simulator"}
    assert names == {"listen", "script", "set", "event", "stats", "messages", "stop"}
    assert all(callable(getattr(ProviderSimulator, name)) for name in names)
    (call,) = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "SimulatorOptions"
    ]
    assert {keyword.arg for keyword in call.keywords} <= set(SimulatorOptions.__struct_fields__)
