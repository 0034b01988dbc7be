"""Who may push next: a cap on all pushes under way, shared fairly.

Lanes that want to push wait here. Slots go round robin to tenants, then to their lanes; a tenant has at most a quarter
of them. Lanes that are *suspect* (new, failing, slow) have at most half of them together, and take turns with the
others, so that what hangs can neither fill the slots nor be starved itself.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar


class Claimant(Protocol):
    """What the slots need to know of a lane."""

    @property
    def tenant(self) -> str:
        """Whose it is."""
        ...

    @property
    def suspect(self) -> bool:
        """True unless it has answered well and quickly lately."""
        ...


C = TypeVar("C", bound=Claimant)


class _Ring(Generic[C]):
    """Lanes in turn: tenant by tenant, and within a tenant lane by lane."""

    def __init__(self) -> None:
        self._turns: deque[str] = deque()
        self._lanes: dict[str, deque[C]] = {}
        self.size = 0

    def add(self, lane: C) -> None:
        lanes = self._lanes.get(lane.tenant)
        if lanes is None:
            lanes = self._lanes[lane.tenant] = deque()
            self._turns.append(lane.tenant)
        lanes.append(lane)
        self.size += 1

    def next(self, used: dict[str, int], most: int) -> C | None:
        """The next lane of a tenant that uses fewer than `most` slots. Few tenants can be at `most` at a time."""
        if not self.size:
            return None
        for _ in range(len(self._turns)):
            tenant = self._turns[0]
            if used.get(tenant, 0) >= most:
                self._turns.rotate(-1)
                continue
            lanes = self._lanes[tenant]
            lane = lanes.popleft()
            self.size -= 1
            if lanes:
                self._turns.rotate(-1)
            else:
                self._turns.popleft()
                del self._lanes[tenant]
            return lane
        return None


class Slots(Generic[C]):
    """`total` pushes at once; one target takes at most `per_target` of them (its lane sees to that)."""

    def __init__(self, total: int, per_target: int) -> None:
        self.follow(total, per_target)
        self._sound: _Ring[C] = _Ring()
        self._suspect: _Ring[C] = _Ring()
        self._tenants: dict[str, int] = {}
        self._turn = False
        self.used = 0
        self.used_by_suspects = 0

    def follow(self, total: int, per_target: int) -> None:
        """As many as this from now on; those that are used above it are not taken away."""
        self._total = total
        self._per_tenant = min(total, max(per_target, total // 4))
        self._most_suspect = max(1, total // 2)

    @property
    def waiting(self) -> int:
        """Lanes that wait."""
        return self._sound.size + self._suspect.size

    def add(self, lane: C) -> None:
        """The lane wants a slot; once, until `take` returns it."""
        (self._suspect if lane.suspect else self._sound).add(lane)

    def take(self) -> tuple[C, bool] | None:
        """The lane that has a slot now, and whether it counts as suspect (for `give`); None when none can have one."""
        while self.used < self._total:
            self._turn = not self._turn
            lane = self._next_suspect() if self._turn else self._next_sound()
            if lane is None:
                lane = self._next_sound() if self._turn else self._next_suspect()
            if lane is None:
                return None
            suspect = lane.suspect
            if suspect and self.used_by_suspects >= self._most_suspect:
                self._suspect.add(lane)  # it fell from grace while it waited
                continue
            self.used += 1
            self.used_by_suspects += suspect
            self._tenants[lane.tenant] = self._tenants.get(lane.tenant, 0) + 1
            return lane, suspect
        return None

    def give(self, lane: C, *, suspect: bool) -> None:
        """A slot is free again."""
        self.used -= 1
        self.used_by_suspects -= suspect
        left = self._tenants[lane.tenant] - 1
        if left:
            self._tenants[lane.tenant] = left
        else:
            del self._tenants[lane.tenant]

    def _next_sound(self) -> C | None:
        return self._sound.next(self._tenants, self._per_tenant)

    def _next_suspect(self) -> C | None:
        if self.used_by_suspects >= self._most_suspect:
            return None
        return self._suspect.next(self._tenants, self._per_tenant)
