"""What a commit waits for before it is acknowledged, beyond the server's reply (docs/durability.md)."""

from __future__ import annotations

from typing import Any

import msgspec

from smsgwd.store.redis.program import Arg


class Confirm(msgspec.Struct, frozen=True):
    """The server's own disk (`fsynced`: its append-only file has been fsynced), and so many replicas: their disks too
    where `fsynced`, else their memory. WAITAOF and WAIT of Redis and Valkey, from 7.2 on."""

    fsynced: bool
    replicas: int
    timeout_ms: int

    @property
    def command(self) -> tuple[Arg, ...]:
        """What is sent behind the commit."""
        if self.fsynced:
            return ("WAITAOF", 1, self.replicas, self.timeout_ms)
        return ("WAIT", self.replicas, self.timeout_ms)

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
