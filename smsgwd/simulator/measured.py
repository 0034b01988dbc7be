"""Clocks and CPU of the measured part of a bench run."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from smsgwd.simulator import proc


class Watched(Protocol):
    """What can be measured: a process of a stand, or some that were named."""

    def cpu_s(self) -> float:
        """CPU so far, user and system, all threads (s)."""

    def children_cpu_s(self) -> float:
        """CPU of its children so far (s)."""

    def rss_peak_mb(self) -> float:
        """The most memory it has held (MB)."""


class Named:
    """Processes of some gateway, by their ids, measured as one."""

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = tuple(pids)

    def cpu_s(self) -> float:
        """See Watched. Raises OSError when one of them has ended."""
        return sum(proc.cpu_s(pid) for pid in self._pids)

    def children_cpu_s(self) -> float:
        """See Watched; what is to be measured is named."""
        return 0.0

    def rss_peak_mb(self) -> float:
        """See Watched. Raises OSError when one of them has ended."""
        return round(sum(proc.memory_mb(pid, "VmHWM:") for pid in self._pids), 1)


class Measured:
    """Begins when made. `processes` by their names in the report; this process counts as `load`. Children of the one
    called `gateway` are added to it, and told by themselves as `workers` where there are any."""

    def __init__(self, processes: Mapping[str, Watched]) -> None:
        self._processes = processes
        self.begun = time.time()  #: s since 1970
        self._before = self._cpu()
        self.cpu: dict[str, float] = {}  #: CPU seconds of each
        self.wall = 0.0  #: s
        self.rss_peak_mb = 0.0  #: of the gateway

    def end(self) -> None:
        """All is through, or nothing comes any more."""
        after = self._cpu()
        self.cpu = {name: after[name] - self._before[name] for name in after}
        if not after.get("workers"):
            self.cpu.pop("workers", None)
        self.wall = time.time() - self.begun
        gateway = self._processes.get("gateway")
        self.rss_peak_mb = gateway.rss_peak_mb() if gateway is not None else 0.0

    def shares(self) -> dict[str, float]:
        """Cores that each kept busy."""
        return {name: round(cpu / max(1e-9, self.wall), 3) for name, cpu in self.cpu.items()}

    def per_message(self, messages: int) -> dict[str, float]:
        """CPU a message of each, in us."""
        return {name: round(cpu * 1e6 / max(1, messages), 1) for name, cpu in self.cpu.items()}

    def _cpu(self) -> dict[str, float]:
        found = {name: process.cpu_s() for name, process in self._processes.items()}
        if "gateway" in found:
            found["workers"] = self._processes["gateway"].children_cpu_s()
            found["gateway"] += found["workers"]
        return found | {"load": time.process_time()}
