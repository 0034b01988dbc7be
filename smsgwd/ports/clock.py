"""Time, passed in."""

from typing import Protocol


class Clock(Protocol):
    """The two kinds of time, so that a jump of the wall clock breaks no timer."""

    def now_ms(self) -> int:
        """Wall clock: milliseconds since 1970, UTC. May jump."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start that never go back."""
        ...
