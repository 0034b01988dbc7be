"""Whether what comes in keeps from leaving what is already here, because the process has no CPU to spare.

A queue behind a carrier that is slow or away is what a gateway is for, and fills as fast as anyone likes. A queue that
grows because its intake takes the CPU that sending and receipts need is another thing: with sixteen connections of
batches beside four saturated binds 24,000 messages/s were accepted, 7,000/s left, and receipts came four seconds late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

PILED: Final = 1000
"""Messages ready for their SMSCs, from which on there is a queue to speak of."""

_LOOK_S: Final = 0.02
_NO_CPU: Final = 0.85  # of a core: reactor and store share the interpreter's lock, and never get more than one
_FLOWING: Final = 1000.0  # messages taken a second: the queue of a carrier that takes fewer waits for it, not for us


class Pressure:
    """`flows` tells of each connector how many messages wait in memory to be sent and how many its SMSC ever took;
    `monotonic` and `cpu` give the seconds gone by, on the clock and on the processor for all threads. Looks every
    20 ms at most."""

    def __init__(
        self,
        flows: Callable[[], Mapping[str, tuple[int, int]]],
        monotonic: Callable[[], float],
        cpu: Callable[[], float],
    ) -> None:
        self._flows = flows
        self._monotonic = monotonic
        self._cpu = cpu
        self._looked_at = monotonic()
        self._cpu_then = cpu()
        self._then = flows()
        self._pressed = False

    def pressed(self) -> bool:
        """True while new submissions had better come in slowly."""
        now = self._monotonic()
        span = now - self._looked_at
        if span >= _LOOK_S:
            cpu, flows = self._cpu(), self._flows()
            self._pressed = cpu - self._cpu_then >= _NO_CPU * span and self._piled(flows, span) >= PILED
            self._looked_at, self._cpu_then, self._then = now, cpu, flows
        return self._pressed

    def _piled(self, flows: Mapping[str, tuple[int, int]], span: float) -> int:
        """What waits for carriers that take it as fast as it comes."""
        least = _FLOWING * span
        return sum(
            ready for name, (ready, taken) in flows.items() if taken - self._then.get(name, (0, taken))[1] >= least
        )
