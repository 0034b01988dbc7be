"""Pages made from the code are up to date."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GENERATORS = sorted(path for path in (ROOT / "scripts").glob("gen_*.py") if "--check" in path.read_text())


def test_there_are_generators() -> None:
    """Otherwise the next test would pass for the wrong reason."""
    assert len(GENERATORS) >= 4


@pytest.mark.parametrize("generator", GENERATORS, ids=[path.stem for path in GENERATORS])
def test_page_is_up_to_date(generator: Path) -> None:
    """`--check` exits 0."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(generator), "--check"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"run scripts/{generator.name}: {done.stdout}{done.stderr}"
