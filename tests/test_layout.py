"""What holds for the tree as a whole: sizes, docstrings that lead on, nothing of a particular machine."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(
    path
    for folder in ("smsgwd", "plugins", "scripts", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts
)
PACKAGES = [path for path in MODULES if path.name == "__init__.py" and path.is_relative_to(ROOT / "smsgwd")]
MOST_LINES = 400
#: Directories of a developer's machine. Written apart, or this file would find itself.
MACHINE = tuple(f"/{name}/" for name in ("work", "root", "home", "Users", "tmp"))


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _tracked() -> list[Path]:
    """The files of the repository; skipped where this is no clone (a source archive)."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git clone")
    return [ROOT / name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_no_module_is_longer_than_can_be_read() -> None:
    """400 lines at most, in all that is not a test."""
    paths = [path for path in MODULES if not path.is_relative_to(ROOT / "tests")]
    counts = {_name(path): len(path.read_text().splitlines()) for path in paths}
    assert len(counts) > 150
    assert {name: count for name, count in counts.items() if count > MOST_LINES} == {}


@pytest.mark.parametrize("path", PACKAGES, ids=_name)
def test_every_package_says_what_to_edit_for_what(path: Path) -> None:
    """Its docstring leads the reader on."""
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert len(text) > 40
    assert "to change" in text.lower() or "to add" in text.lower()


def test_no_path_of_a_particular_machine() -> None:
    """In no tracked text file."""
    found = []
    for path in _tracked():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{_name(path)}:{number}" for number, line in enumerate(lines, 1) if any(part in line for part in MACHINE)
        ]
    assert found == []


@pytest.mark.parametrize("name", ["scripts/run", "scripts/test", ".ci/run"])
def test_scripts_can_be_executed(name: str) -> None:
    """And begin with the line that says by what."""
    path = ROOT / name
    assert os.access(path, os.X_OK)
    assert path.read_text().startswith("#!/usr/bin/env ")


def test_every_test_module_has_a_test() -> None:
    """A file named test_* without one would never fail."""
    empty = [
        _name(path)
        for path in MODULES
        if path.name.startswith("test_")
        and path.is_relative_to(ROOT / "tests")
        and not any(
            (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"))
            or (isinstance(node, ast.ClassDef) and (node.bases or node.name.startswith("Test")))
            for node in ast.walk(ast.parse(path.read_text()))
        )
    ]
    assert empty == []
