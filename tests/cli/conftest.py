"""The scene fixtures of the scenario tests, for smsgwctl beside a live daemon."""

from tests.scenario.conftest import pytest_runtest_makereport, scene, shared

__all__ = ["pytest_runtest_makereport", "scene", "shared"]
