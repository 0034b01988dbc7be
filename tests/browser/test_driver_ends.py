"""No Node and no Chromium are left behind, however the tests end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from smsgwd.simulator import proc
from tests.browser.browser import Browser
from tests.browser.driver import BrowserError
from tests.scenario.client import wait

ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = """
import sys
from pathlib import Path
from tests.browser.browser import Browser
browser = Browser(Path(sys.argv[1]))
browser.tab(Path(sys.argv[1])).goto("about:blank")
print(browser.driver.pid, flush=True)
sys.stdin.read()
"""


def _family(pid: int) -> list[int]:
    """It and all that it has started."""
    return [pid, *(one for child in proc.children(pid) for one in _family(child))]


def _all_gone(pids: list[int]) -> Callable[[], bool]:
    return lambda: not any(_lives(pid) for pid in pids)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except OSError:
        return False


def test_when_it_is_closed(browser: Browser, tmp_path: Path) -> None:
    """In good order."""
    own = Browser(tmp_path)
    pids = _family(own.driver.pid)
    assert len(pids) > 2
    own.close()
    wait("they end", _all_gone(pids))


@pytest.mark.parametrize("victim", ["tests", "driver"])
def test_when_somebody_is_killed(browser: Browser, tmp_path: Path, victim: str) -> None:
    """The tests, as by a time limit; or Node."""
    program = [sys.executable, "-c", _PROGRAM, str(tmp_path)]
    tests = subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with tests:
        assert tests.stdout is not None
        driver = int(tests.stdout.readline())
        pids = _family(driver)
        assert len(pids) > 2
        os.kill(tests.pid if victim == "tests" else driver, signal.SIGKILL)
        wait("they end", _all_gone(pids))
        tests.kill()


@pytest.mark.parametrize("victim", ["driver", "Chromium"])
def test_one_that_has_died_is_started_anew(browser: Browser, tmp_path: Path, victim: str) -> None:
    """Who asks its tabs is told at once; the next tab is another's."""
    own = Browser(tmp_path)
    tab = own.tab(tmp_path)
    first = own.driver.pid
    os.kill(first if victim == "driver" else proc.children(first)[0], signal.SIGKILL)
    wait("the driver ends", lambda: not own.driver.running)
    with pytest.raises(BrowserError, match="has ended"):
        tab.goto("about:blank")
    assert own.tab(tmp_path).goto("about:blank") == 0
    assert own.driver.pid != first
    own.close()
