"""Work of a gateway against work of the same gateway: CPU, so that a busy machine is no slower one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.scenario.harness import Gateway

_LEAST_S = 0.05  #: /proc counts in hundredths of a second


class Work:
    """What a harmless request costs: the measure for hostile ones."""

    def __init__(self, gateway: Gateway, harmless: Callable[[], object]) -> None:
        """Measures `harmless`, the second time that it is called: the first one pays for what is made once."""
        self._gateway = gateway
        harmless()
        begun = gateway.cpu_s()
        harmless()
        self._measure_s = max(_LEAST_S, gateway.cpu_s() - begun)

    @contextmanager
    def no_more_than(self, times: float, what: str) -> Iterator[None]:
        """What is done inside is at most so many times the work of the harmless request."""
        begun = self._gateway.cpu_s()
        yield
        done = self._gateway.cpu_s() - begun
        assert done <= times * self._measure_s, f"{what}: {done:.2f} s of CPU, harmless: {self._measure_s:.2f} s"
