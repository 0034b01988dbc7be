"""What all tests share."""

import itertools

import pytest
import structlog
from twisted.trial.unittest import SynchronousTestCase

from tests.browser.rule import summary_line


@pytest.fixture(autouse=True, scope="session")
def trial_files_in_a_temporary_directory(tmp_path_factory):
    """Trial's `mktemp` makes directories where pytest was started; ours go where pytest's own go, and with them."""
    base = tmp_path_factory.mktemp("trial")
    numbers = itertools.count()
    original = SynchronousTestCase.mktemp

    def mktemp(self):
        directory = base / f"{self.id().rpartition('.')[2]}-{next(numbers)}"
        directory.mkdir()
        return str(directory / "temp")

    SynchronousTestCase.mktemp = mktemp
    yield
    SynchronousTestCase.mktemp = original


@pytest.fixture(autouse=True)
def plain_tracebacks_in_logs():
    """Of loggers that nobody has configured: with the package rich, which schemathesis brings, each took a second."""
    if not structlog.is_configured():
        *first, _ = structlog.get_config()["processors"]
        plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        structlog.configure([*first, plain])


def pytest_terminal_summary(terminalreporter):
    """One line where the browser tests did not run, so that nobody takes them for passed."""
    line = summary_line(terminalreporter.stats.get("skipped", []))
    if line:
        terminalreporter.write_line(line, yellow=True)
