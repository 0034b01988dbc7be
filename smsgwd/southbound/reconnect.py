"""How long a bind waits before it connects again."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.smpp.status import ESME_RALYBND, ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID, ESME_RINVSYSTYP

#: Refusals that do not pass by themselves: somebody has to change something.
REFUSALS = frozenset({ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID, ESME_RINVSYSTYP})

_REFUSED_S = 60.0
_REFUSED_LONGEST_S = 600.0
_ALREADY_BOUND_S = 60.0  # the SMSC needs time to find out that our old session is dead
_STABLE_S = 10.0  # a bind that lasted this long was a good one: start over with short waits


class Reconnect:
    """The waits of one bind. `random` gives 0 ≤ x < 1; all times are seconds."""

    def __init__(self, shortest: float, longest: float, random: Callable[[], float]) -> None:
        self.adopt(shortest, longest)
        self._random = random
        self.afresh()

    def adopt(self, shortest: float, longest: float) -> None:
        """Other waits, from the next one on."""
        self._shortest = shortest
        self._longest = max(shortest, longest)

    def afresh(self) -> None:
        """Somebody has changed something: begin with short waits again."""
        self._failures = 0
        self._refusals = 0

    def ended(self, lasted: float) -> None:
        """A bound session ended after `lasted` seconds."""
        self._refusals = 0
        if lasted >= _STABLE_S:
            self._failures = 0

    def wait(self) -> float:
        """After a failed connection or a lost link: doubling from `shortest` to `longest`, full jitter.

        Never below half of `shortest`, so that a lucky draw does not make a hot loop.
        """
        ceiling = min(self._longest, self._shortest * 2.0 ** min(self._failures, 30))
        self._failures += 1
        return max(self._shortest / 2, ceiling * self._random())

    def wait_refused(self, status: int) -> float:
        """After a bind was refused with `status`: long for what needs a person, a minute for RALYBND, else `wait`."""
        if status == ESME_RALYBND:
            return _ALREADY_BOUND_S * (1 + self._random() / 4)
        if status not in REFUSALS:
            return self.wait()
        ceiling = min(_REFUSED_LONGEST_S, _REFUSED_S * 2.0 ** min(self._refusals, 10))
        self._refusals += 1
        return ceiling * (1 + self._random() / 4)
