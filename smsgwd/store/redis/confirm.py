"""What a commit waits for before it is acknowledged, beyond the server's reply (docs/durability.md)."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from smsgwd.store.redis.program import Arg

_STEPS_MS: Final = (1, 2, 4, 8, 16, 32, 64, 128)


class Confirm(msgspec.Struct, frozen=True):
    """The server's own disk (`fsynced`: its append-only file has been fsynced), and so many replicas: their disks too
    where `fsynced`, else their memory. WAITAOF and WAIT of Redis and Valkey, from 7.2 on."""

    fsynced: bool
    replicas: int
    timeout_ms: int

    @property
    def commands(self) -> list[tuple[Arg, ...]]:
        """What is sent behind the commit, at once; the last reply counts.

        Each WAITAOF asks the replicas once how far their fsync is, and they answer before they have fsynced what came
        with the question; by themselves they tell once a second. So they are asked again, at growing intervals. What is
        confirmed already is answered without waiting.
        """
        if not self.fsynced:
            return [("WAIT", self.replicas, self.timeout_ms)]
        if not self.replicas:
            return [("WAITAOF", 1, 0, self.timeout_ms)]
        steps = [each for each in _STEPS_MS if each < self.timeout_ms // 4]
        rest = self.timeout_ms - sum(steps)
        return [("WAITAOF", 1, 0, self.timeout_ms), *(("WAITAOF", 1, self.replicas, each) for each in (*steps, rest))]

    def enough(self, reply: Any) -> bool:
        """Whether the reply says so."""
        if self.fsynced:
            return bool(reply[0] >= 1 and reply[1] >= self.replicas)
        return bool(reply >= self.replicas)

    def missing(self, reply: Any) -> str:
        """What it lacks, in words."""
        if self.fsynced and reply[0] < 1:
            return "the server has not fsynced it"
        told = reply[1] if self.fsynced else reply
        return f"{told} of {self.replicas} replicas have it"
