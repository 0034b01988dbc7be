"""The fixtures of the scenario tests, and their mark."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenario.conftest import pytest_runtest_makereport, scene, shared

__all__ = ["pytest_runtest_makereport", "scene", "shared"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is here, so that it can be left out with -m 'not scenario'."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.scenario)
