"""The examples of the pages on other gateways: files as they stand there, commands run, results compared."""

from __future__ import annotations

import doctest
import re
import shlex
from contextlib import chdir
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from smsgwd.cli.main import main

DOCS = Path(__file__).resolve().parents[2] / "docs"
_FILE = re.compile(r"^`(?P<name>[\w.-]+)`:\n\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("name", ["migrate-from-kannel.md", "migrate-from-jasmin.md"])
def test_the_page_does_what_it_says(name: str, tmp_path: Path) -> None:
    page = (DOCS / name).read_text()
    with chdir(tmp_path):
        for file in _FILE.finditer(page):
            Path(file["name"]).write_text(file["text"])
        steps = [step for block in _CONSOLE.findall(page) for step in block.split("$ ")[1:]]
        assert len(steps) == 2
        for step in steps:
            command, _, wanted = step.partition("\n")
            words = shlex.split(command)
            assert words[0] == "smsgwd"
            done = CliRunner().invoke(main, words[1:])
            assert done.exit_code == 0, done.output
            assert doctest.OutputChecker().check_output(wanted, done.output, doctest.ELLIPSIS), done.output
        (shown,) = _YAML.findall(page)
        assert yaml.safe_load(Path("new/smsgwd.yaml").read_text()) == yaml.safe_load(shown)


@pytest.mark.parametrize("name", ["migrate-from-kannel.md", "migrate-from-jasmin.md"])
def test_pages_that_it_names_are_there(name: str) -> None:
    targets = re.findall(r"\]\(([\w/.-]+)\)", (DOCS / name).read_text())
    missing = [target for target in targets if not (DOCS / target).exists()]
    assert targets
    assert missing == []
