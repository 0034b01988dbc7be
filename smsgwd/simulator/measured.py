"""Clocks and CPU of the measured part of a bench run."""

from __future__ import annotations

import time
from collections.abc import Mapping

from smsgwd.simulator.stand import Process


class Measured:
    """Begins when made. `processes` by their names in the report; this process counts as `load`."""

    def __init__(self, processes: Mapping[str, Process]) -> None:
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
        return found | {"load": time.process_time()}
