"""Where no browser starts, its tests are skipped, which the run says in a line; where required, they fail."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEST = "tests/browser/test_tab.py::test_nothing_comes_from_the_internet"


def _run(*options: str, **environment: str) -> tuple[int, str]:
    """Run that test in a process of its own; its status and what it printed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "SMSGWD_BROWSER")}
    command = [sys.executable, "-m", "pytest", *options, TEST]
    done = subprocess.run(
        command, cwd=ROOT, env=kept | environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "xdist"])
def test_without_node_they_are_skipped_and_the_summary_says_so(options: tuple[str, ...], tmp_path: Path) -> None:
    """A PATH with nothing on it."""
    status, said = _run(*options, PATH=str(tmp_path))
    assert (status, said.count("browser tests did not run (1): there is no `node` on PATH")) == (0, 1), said


@pytest.mark.parametrize("name", ["SMSGWD_BROWSER", "CI"])
def test_where_they_are_required_they_fail(name: str, tmp_path: Path) -> None:
    """As in `.ci/run`."""
    status, said = _run(PATH=str(tmp_path), **{name: "required" if name == "SMSGWD_BROWSER" else "true"})
    assert status == 1, said
    assert "no browser: there is no `node` on PATH" in said


def test_a_chromium_that_does_not_start(browser: object, tmp_path: Path) -> None:
    """Is no browser either, and it is said why. (Not where there is no Node: nothing could be said of Chromium.)"""
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    status, said = _run(SMSGWD_CHROMIUM=str(broken))
    assert status == 0, said
    assert f"browser tests did not run (1): no Chromium starts ({broken}: " in said


def test_ci_requires_them() -> None:
    """`.ci/run` sets it for all that it runs."""
    assert "export SMSGWD_BROWSER=required\n" in (ROOT / ".ci" / "run").read_text()
