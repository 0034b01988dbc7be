"""Plugins of strangers, which cannot be loaded."""

import sys
from importlib.metadata import EntryPoint
from unittest.mock import patch

import pytest

from smsgwd.providers import loading


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("import nowhere_at_all", "cannot be loaded: ModuleNotFoundError"),
        ("1 +", "cannot be loaded: SyntaxError"),
        ("plugin = 5", "leads to int, which is no Plugin"),
        ("", "cannot be loaded: AttributeError"),
    ],
)
def test_the_gateway_does_not_go_with_it(tmp_path, monkeypatch, code, why):
    (tmp_path / "odd_module_of_a_stranger.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_module_of_a_stranger", raising=False)
    point = EntryPoint("odd", "odd_module_of_a_stranger:plugin", loading.GROUP)
    with patch.object(loading, "installed", lambda: {"odd": point}), pytest.raises(loading.PluginTrouble, match=why):
        loading.load("odd")
