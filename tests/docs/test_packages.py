"""Each package's docstring says what lives there and names every module: 'to change X, edit Y'."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "smsgwd"
NAMES = (
    *("app", "cli", "config", "dialects", "model", "net", "northbound", "notify", "ops", "ports", "simulator", "smpp"),
    *("southbound", "store", "telemetry"),
)


@pytest.mark.parametrize("name", NAMES)
def test_every_module_is_named(name: str) -> None:
    said = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text("utf-8"))) or ""
    assert re.search(r"[Tt]o (change|add) ", said)
    named = set(re.findall(r"\b(\w+)\.py\b", said)) | set(re.findall(r"`(\w+)`", said))
    assert sorted({path.stem for path in (PACKAGE / name).glob("*.py")} - {"__init__"} - named) == []
    elsewhere = {path.stem for place in ("scripts", "tests") for path in (PACKAGE.parent / place).rglob("*.py")}
    modules = set(re.findall(r"\b(\w+)\.py\b", said)) - elsewhere
    assert sorted(module for module in modules if not list(PACKAGE.rglob(f"{module}.py"))) == []
