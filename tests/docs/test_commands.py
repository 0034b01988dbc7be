"""docs/commands.md names every operator's command with its parameters, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from smsgwd.app.commands import build_registry

PAGE = Path(__file__).resolve().parents[2] / "docs" / "commands.md"


def test_the_page_has_every_command() -> None:
    nothing: Any = SimpleNamespace(
        directory=SimpleNamespace(tenant=None),
        secrets=None,
        look=None,
        reload=None,
        erase=None,
        progress=None,
        commands=list,
        tenant=None,
        offer=None,
        explain=None,
    )
    registry = build_registry(
        status=nothing,
        tenancy=nothing,
        esmes=nothing,
        store=nothing,
        clock=nothing,
        outboxes=nothing,
        dispatcher=nothing,
        erasure=nothing,
        certificates=nothing,
        records=nothing,
        catalog=nothing,
        desk=nothing,
        wake=print,
    )
    there = {("status", "show"): (set(), set())}
    for row in registry.describe():
        needed = {each["name"] for each in row["parameters"] if each["required"]}
        there[row["noun"], row["verb"]] = needed, {each["name"] for each in row["parameters"]} - needed
    told = {}
    for noun, verb, params in re.findall(r"^\| `([a-z]+) ([a-z-]+)([^`]*)` \|", PAGE.read_text(), re.MULTILINE):
        optional = re.findall(r"\[([^]]*)\]", params)
        may = set(re.findall(r"(\w+)=", " ".join(optional)))
        told[noun, verb] = set(re.findall(r"(\w+)=", params)) - may, may
    assert told == there
