"""The scene fixtures of the scenario tests, for the commands of the README."""

from tests.scenario.conftest import pytest_runtest_makereport, scene, shared

__all__ = ["pytest_runtest_makereport", "scene", "shared"]
