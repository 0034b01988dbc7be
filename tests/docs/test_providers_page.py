"""docs/providers.md says of the plugins what they say of themselves, and its example is a configuration."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smsgwd.app.provider_checks import load_config
from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.providers.loading import load
from smsgwd.southbound.provider.settings import provider_settings
from smsgwd.telemetry import events
from tests.config.files import HEAD
from tests.docs.tables import blocks, table

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "providers.md"
_HEADER = (
    "plugin",
    "messages a request",
    "requests a second",
    "states",
    "balance",
    "lookup",
    "contacts",
    "events besides",
)
_ROWS = {row[0]: row for row in table(PAGE, *_HEADER)}


def test_all_of_ours_are_in_the_table() -> None:
    assert sorted(_ROWS) == sorted(path.parent.name for path in ROOT.glob("plugins/*/pyproject.toml"))


@pytest.mark.parametrize("name", sorted(set(_ROWS) - {"generic_http"}))
def test_the_table_says_what_a_plugin_says(name: str) -> None:
    plugin = load(name)
    _, group, requests, states, balance, lookup, contacts, _ = _ROWS[name]
    assert int(group) == plugin.group
    assert float(requests or 0) == plugin.requests_s
    ways = [way for way, ability in (("callbacks", "received"), ("questions", "states")) if plugin.can(ability)]
    assert states == ", ".join(ways)
    for said, ability in ((balance, "balance"), (lookup, "lookup"), (contacts, "push_contacts")):
        assert said == ("yes" if plugin.can(ability) else "no"), ability


def test_the_example_can_be_used(tmp_path: Path) -> None:
    (example,) = blocks(PAGE, "yaml")
    file = tmp_path / "smsgwd.yaml"
    file.write_text(HEAD + example, "utf-8")
    (section,) = load_config(file, {"ISMS_PASSWORD": "secret"}).connectors
    assert isinstance(section, ProviderConnector)
    settings = provider_settings(section, load(section.provider))
    assert (settings.group, settings.requests_s, settings.throughput, settings.window) == ("isms-main", 10, 30, 4)
    assert settings.unknown_outcome == "wait"


def test_what_operators_are_told_to_look_at_is_there() -> None:
    text = PAGE.read_text("utf-8")
    known = set(events.EVENTS)
    named = set(re.findall(r"`(provider\.[a-z_]+)`", text))
    assert len(named) > 6
    assert named <= known
    metrics = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    for metric in re.findall(r"`(smsgwd_provider_[a-z_]+)`", text):
        assert f"`{metric}`" in metrics
    options = set(ProviderConnector.model_fields)
    for option in (
        "unknown_outcome",
        "unknown_after_s",
        "failover_after_s",
        "suspend_s",
        "requests_per_s",
        "isolation",
    ):
        assert option in options
        assert f"`{option}" in text
