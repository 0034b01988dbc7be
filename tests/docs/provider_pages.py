"""A page that builds a plugin, followed to the letter: its commands, then its files, block by block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_FILE = re.compile(
    r"^`(?P<name>[\w/.]+)`(?P<where>[^:\n]*):\n\n```(?:python|yaml)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL
)


def new_provider(*words: str) -> subprocess.CompletedProcess[str]:
    """scripts/new-provider with these words, with this Python."""
    environ = {**os.environ, "SMSGWD_VENV": sys.prefix}
    command = [str(ROOT / "scripts" / "new-provider"), *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, check=False, timeout=60)


def write_files(page: Path, directory: Path) -> dict[str, Path]:
    """Write the files that the page has, each made of its blocks: in their order, or where a block says."""
    files: dict[str, str] = {}
    for found in _FILE.finditer(page.read_text("utf-8")):
        name, where, text = found["name"], found["where"].strip(", "), found["text"]
        if where == "within the class":
            head, mark, rest = files[name].partition("    def _url(")
            assert mark
            files[name] = f"{head}{text}\n{mark}{rest}"
        elif where == "further on":
            files[name] += f"\n{text}"
        elif where == "at the end":
            files[name] += f"\n\n{text}"
        else:
            assert name not in files, f"{name} is begun twice"
            files[name] = text
    made = {}
    for name, text in files.items():
        made[name] = directory / name
        made[name].parent.mkdir(parents=True, exist_ok=True)
        made[name].write_text(text, "utf-8")
    return made


def python(*words: str, path: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A module of Python's, with a directory to import from."""
    # None of pytest's plugins that happen to be here: a plugin's tests need none, and they take long to import.
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(path), str(ROOT)]),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    }
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environ, cwd=cwd, check=False, timeout=300)


def install(plugin: Path, target: Path) -> None:
    """Install a plugin's distribution into a directory, without asking any index."""
    words = ("--no-deps", "--no-build-isolation", "--no-index", "--target", str(target), str(plugin))
    done = python("pip", "install", "--quiet", "--disable-pip-version-check", *words, path=target)
    assert done.returncode == 0, done.stderr


def is_clean(plugin: Path, package: str) -> None:
    """Lint, format and types as for our own plugins."""
    config = str(ROOT / "pyproject.toml")
    for words in (
        ("ruff", "check", "--no-cache", "--config", config, "--ignore", "D", str(plugin)),
        ("ruff", "format", "--no-cache", "--check", "--config", config, str(plugin)),
        ("mypy", "--config-file", config, "--strict", str(plugin / package)),
    ):
        done = python(*words, path=plugin)
        assert done.returncode == 0, done.stdout + done.stderr


def passing_tests(plugin: Path) -> str:
    """Run a plugin's tests; what pytest says."""
    done = python("pytest", "-q", "-p", "no:cacheprovider", "tests", path=plugin, cwd=plugin)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
