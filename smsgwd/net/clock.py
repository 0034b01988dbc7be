"""The machine's clocks behind `ports.Clock`."""

import time


class SystemClock:
    """Wall clock and monotonic clock of the machine."""

    def now_ms(self) -> int:
        """Milliseconds since 1970, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
