"""scripts/new-provider: the skeleton passes its tests, is clean, installs, and is what the gateway takes."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.config.files import HEAD
from tests.docs.provider_pages import ROOT, install, is_clean, new_provider, passing_tests, python
from tests.docs.tables import blocks


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("plugins")
    made = new_provider("north_wind", str(directory))
    assert made.returncode == 0, made.stderr
    assert "pytest" in made.stdout
    assert "docs/write-a-provider.md" in made.stdout
    return directory / "north_wind"


def test_its_passing_tests_at_once(skeleton: Path) -> None:
    assert re.search(r"1[0-9] passed", passing_tests(skeleton))


def test_its_tests_fail_where_the_provider_is_another(skeleton: Path, tmp_path: Path) -> None:
    """They say which answer is not as the page has it."""
    other = tmp_path / "north_wind"
    for file in skeleton.glob("**/*"):
        if file.is_file() and "__pycache__" not in file.parts:
            target = other / file.relative_to(skeleton)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    code = other / "smsgwd_north_wind" / "provider.py"
    code.write_text(code.read_text("utf-8").replace('Park("no credit")', 'Temporary("no credit")'), "utf-8")
    done = python("pytest", "-q", "-p", "no:cacheprovider", "tests", path=other, cwd=other)
    assert done.returncode == 1
    assert "test_every_answer_of_the_page" in done.stdout
    assert "Temporary(" in done.stdout
    assert "Park(" in done.stdout


def test_its_tests_import_nothing_that_is_not_installed_with_them(skeleton: Path) -> None:
    """By `pip install '...[test]'`, as it says itself."""
    project = tomllib.loads((skeleton / "pyproject.toml").read_text("utf-8"))["project"]
    there = {*project["optional-dependencies"]["test"], "smsgwd", "smsgwd_north_wind", *sys.stdlib_module_names}
    for file in (skeleton / "tests").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert {name.partition(".")[0] for name in names} <= there | {"pydantic"}  # of smsgwd itself


def test_it_is_clean(skeleton: Path) -> None:
    is_clean(skeleton, "smsgwd_north_wind")


def test_it_installs_and_the_check_takes_it(skeleton: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(skeleton, tmp_path / "site")
    (example,) = blocks(skeleton / "README.md", "yaml")
    file = tmp_path / "smsgwd.yaml"
    file.write_text(HEAD + example, "utf-8")
    monkeypatch.setenv("NORTH_WIND_TOKEN", "secret-token")
    check = ("smsgwd.cli.main", "check", "--config", str(file))
    done = python(*check, path=tmp_path / "site")
    assert done.returncode == 0, done.stdout + done.stderr
    file.write_text(HEAD + example.replace("token:", "tokem:"), "utf-8")
    done = python(*check, path=tmp_path / "site")
    assert done.returncode != 0
    assert "connectors[0].options.tokem" in done.stdout + done.stderr
    assert "connectors[0].options.token" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("North", "no name of a plugin"),
        ("1north", "no name of a plugin"),
        ("north-wind", "no name of a plugin"),
        ("north__wind", "no name of a plugin"),
        ("../north", "no name of a plugin"),
        ("n" * 31, "no name of a plugin"),
        ("generic_http", "is installed already"),
        ("north_wind", "exists already"),
    ],
)
def test_what_is_refused(skeleton: Path, name: str, said: str) -> None:
    before = sorted(skeleton.parent.iterdir())
    done = new_provider(name, str(skeleton.parent))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(skeleton.parent.iterdir()) == before


def test_a_directory_that_is_none_is_refused(tmp_path: Path) -> None:
    done = new_provider("north", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "is no directory" in done.stderr
    assert not (ROOT / "plugins" / "north").exists()
