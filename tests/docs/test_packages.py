"""Each package's docstring says what lives there and names every module: 'to change X, edit Y'."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "smsgwd"
NAMES = ("app", "cli", "dialects", "model", "net", "northbound", "notify", "ports", "simulator")


@pytest.mark.parametrize("name", NAMES)
def test_every_module_is_named(name: str) -> None:
    said = ast.get_docstring(ast.parse((PACKAGE / name / "__init__.py").read_text("utf-8"))) or ""
    assert re.search(r"[Tt]o (change|add) ", said)
    named = set(re.findall(r"\b(\w+)\.py\b", said)) | set(re.findall(r"`(\w+)`", said))
    assert sorted({path.stem for path in (PACKAGE / name).glob("*.py")} - {"__init__"} - named) == []
    assert sorted(word for word in re.findall(r"\b(\w+)\.py\b", said) if not list(PACKAGE.rglob(f"{word}.py"))) == []
