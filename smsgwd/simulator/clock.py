"""The system's time, for simulators; tests pass their own."""

import time


class SystemClock:
    """ports.Clock on the real clocks."""

    def now_ms(self) -> int:
        """See ports.Clock."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """See ports.Clock."""
        return time.monotonic()
