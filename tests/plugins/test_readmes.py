"""What a plugin's README shows is a configuration, and its table is what options there are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.providers.loading import load
from smsgwd.southbound.provider.settings import provider_settings

PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
#: Messages of a request by the connector that each README shows; generic_http has pages in docs/ instead.
TOGETHER = {"ardary": 100, "isms": 100, "smsadvert": 1, "smsclub": 100, "smspresto": 100}

every = pytest.mark.parametrize("name", TOGETHER)


def readme(name: str) -> str:
    """Its text."""
    return (PLUGINS / name / "README.md").read_text(encoding="utf-8")


def written(value: Any) -> str:
    """A default as the table has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return {None: "none", "": "empty"}.get(value, str(value))


def test_no_plugin_is_left_out() -> None:
    assert {each.parent.name for each in PLUGINS.glob("*/pyproject.toml")} - {"generic_http"} == set(TOGETHER)


@every
def test_the_connector_shown_can_be_made(name: str) -> None:
    (shown,) = re.findall(r"```yaml\n(.*?)```", readme(name), re.DOTALL)
    (section,) = yaml.safe_load(shown)["connectors"]
    connector, plugin = ProviderConnector.model_validate(section), load(name)
    plugin.options.model_validate(dict(connector.options))
    settings = provider_settings(connector, plugin)
    assert settings.together == TOGETHER[name]
    if connector.requests_per_s is None:
        assert settings.requests_s == plugin.requests_s


@every
def test_the_table_has_every_option_and_its_default(name: str) -> None:
    table = readme(name).partition("| option | default |")[2].partition("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    told = {option: row[1].strip("`") for row in rows for option in re.findall("`([a-z_]+)`", row[0])}
    fields = load(name).options.model_fields
    assert set(told) == set(fields)
    for option, default in told.items():
        assert default == ("" if fields[option].is_required() else written(fields[option].default)), option
