"""The page about plugins' processes: its numbers are those of the code, its configuration is one."""

from __future__ import annotations

import inspect
import os
import re
from pathlib import Path

import yaml

from smsgwd.config.model.connectors import ProviderConnector
from smsgwd.providers.options import Options
from smsgwd.providers.plugin import Plugin, Provider
from smsgwd.southbound.provider import engine_host
from smsgwd.southbound.provider.settings import provider_settings
from smsgwd.southbound.provider.worker import MEMORY, ProcessRunner
from smsgwd.southbound.provider.worker_process import environment

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "provider-isolation.md").read_text("utf-8")
DEFAULTS = {name: each.default for name, each in inspect.signature(ProcessRunner).parameters.items()}


def numbers(pattern):
    """Those in the one place of the page that fits."""
    (found,) = re.findall(pattern, PAGE)
    return tuple(float(each) for each in found) if isinstance(found, tuple) else float(found)


def test_the_numbers():
    assert numbers(r"(\d+) questions, (\d+) s apart") == (DEFAULTS["pings"], DEFAULTS["ping_every_s"])
    assert numbers(r"more than (\d+) MB") * 1024 * 1024 == MEMORY == DEFAULTS["memory"]
    assert numbers(r"start is ([\d.]+) s, doubles each time up to (\d+) s") == DEFAULTS["waits_s"]
    assert numbers(r"(\d+) lines in (\d+) s") == (engine_host._MOST_LINES, engine_host._WINDOW_S)
    assert "after a minute that went well" in PAGE
    assert DEFAULTS["good_after_s"] == 60


def test_the_configuration():
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (given,) = yaml.safe_load(text)["connectors"]
    plugin = Plugin("isms", "A toy.", Provider, Options)
    assert not provider_settings(ProviderConnector.model_validate(given), plugin).isolated
    del given["isolation"]
    assert provider_settings(ProviderConnector.model_validate(given), plugin).isolated


def test_what_it_has_of_the_environment():
    named = re.findall(r"`([A-Z_]+)`", PAGE)
    assert named == ["SSL_CERT_FILE", "SSL_CERT_DIR"]
    given = dict.fromkeys([*named, "PATH", "LANG", "TZ", "SMSGWD_SECRET", "DATABASE_URL", "NOTIFY_SOCKET"], "x")
    assert set(environment(given)) == {*named, "PATH", "LANG", "TZ"}
    assert "PYTHONPATH" in environment({**os.environ, "PYTHONPATH": "x"})
