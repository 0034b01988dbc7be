import os
import subprocess
import sys

import pytest

from smsgwd.simulator import proc
from smsgwd.simulator.measured import Measured, Named


class Watched:
    """A process of which each look shows more CPU."""

    def __init__(self, step: float, children: float = 0.0) -> None:
        self._step, self._children, self._looks = step, children, 0

    def cpu_s(self) -> float:
        self._looks += 1
        return self._looks * self._step

    def children_cpu_s(self) -> float:
        return self._looks * self._children

    def rss_peak_mb(self) -> float:
        return 77.0


def test_workers_count_as_the_gateway_and_are_told_by_themselves():
    measured = Measured({"gateway": Watched(2.0, 0.5), "smsc": Watched(0.25, 9.0)})
    measured.end()
    assert measured.per_message(100_000) == {
        "gateway": 25.0, "smsc": 2.5, "workers": 5.0, "load": pytest.approx(0, abs=5),
    }  # fmt: skip
    assert measured.rss_peak_mb == 77.0


def test_no_workers_no_figure():
    measured = Measured({"gateway": Watched(1.0)})
    measured.end()
    assert set(measured.shares()) == {"gateway", "load"}


def test_named_processes_are_one():
    # Popen is back as soon as the program was found: only what it says tells that the interpreter holds its memory.
    code = "import time; print(flush=True); time.sleep(30)"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    try:
        assert child.stdout is not None and child.stdout.readline()
        assert child.pid in proc.children(os.getpid())
        named = Named([os.getpid(), child.pid])
        assert named.rss_peak_mb() > Named([child.pid]).rss_peak_mb() > 1
        assert named.cpu_s() >= proc.cpu_s(os.getpid()) > 0 == named.children_cpu_s()
    finally:
        child.kill()
        child.communicate()
    with pytest.raises(OSError, match=str(child.pid)):
        Named([child.pid]).cpu_s()
