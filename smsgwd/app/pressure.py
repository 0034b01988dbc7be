"""Whether what comes in keeps from leaving what is already here, because the process has no CPU to spare.

A queue behind a carrier that is slow or away is what a gateway is for, and fills as fast as anyone likes. A queue that
grows because its intake takes the CPU that sending and receipts need is another thing: with sixteen connections of
batches beside four saturated binds 24,000 messages/s were accepted, 7,000/s left, and receipts came four seconds late.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

PILED: Final = 1000
"""Messages ready for their SMSCs, from which on there is a queue to speak of."""

_LOOK_S: Final = 0.02
_NO_CPU: Final = 0.85  # of a core: reactor and store share the interpreter's lock, and never get more than one
_FLOWING: Final = 1000.0  # messages sent a second: fewer take no CPU worth keeping for them


class Pressure:
    """`ready` and `sent` tell how many messages wait to be sent and how many ever were; `monotonic` and `cpu` give the
    seconds that have gone by, on the clock and on the processor for all threads. Looks every 20 ms at most."""

    def __init__(
        self,
        ready: Callable[[], int],
        sent: Callable[[], int],
        monotonic: Callable[[], float],
        cpu: Callable[[], float],
    ) -> None:
        self._ready = ready
        self._sent = sent
        self._monotonic = monotonic
        self._cpu = cpu
        self._looked_at = monotonic()
        self._cpu_then = cpu()
        self._sent_then = sent()
        self._pressed = False

    def pressed(self) -> bool:
        """True while new submissions had better come in slowly."""
        now = self._monotonic()
        span = now - self._looked_at
        if span >= _LOOK_S:
            used, sent = self._cpu(), self._sent()
            self._pressed = (
                used - self._cpu_then >= _NO_CPU * span
                and sent - self._sent_then >= _FLOWING * span
                and self._ready() >= PILED
            )
            self._looked_at, self._cpu_then, self._sent_then = now, used, sent
        return self._pressed
