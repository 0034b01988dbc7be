"""How many connections each HTTP worker has, in memory they share: the one with fewest takes the next.

Without it the worker that the kernel wakes first takes nearly all (59 of 64), and connections are kept for long.
"""

from __future__ import annotations

import mmap
import os
import struct

_COUNT = struct.Struct("=I")
_NOBODY = 0xFFFFFFFF


class Shares:
    """A count for each worker, numbered from 1. One that is not there has no count, and nobody waits for it."""

    def __init__(self, descriptor: int, workers: int) -> None:
        """`descriptor` as `create` returned it, in this or in another process; it may be closed afterwards."""
        self._workers = workers
        self._memory = mmap.mmap(descriptor, workers * _COUNT.size)

    @staticmethod
    def create(workers: int) -> int:
        """Shared memory for so many workers, none of which is there: its descriptor. Raises OSError."""
        descriptor = os.memfd_create("http-workers")
        os.write(descriptor, _COUNT.pack(_NOBODY) * workers)
        return descriptor

    def put(self, number: int, connections: int) -> None:
        """A worker has that many connections."""
        _COUNT.pack_into(self._memory, (number - 1) * _COUNT.size, min(connections, _NOBODY - 1))

    def gone(self, number: int) -> None:
        """A worker is not there (any more)."""
        _COUNT.pack_into(self._memory, (number - 1) * _COUNT.size, _NOBODY)

    def has_most(self, number: int, connections: int) -> bool:
        """Note a worker's count; True when another one has clearly fewer and should take the next connection."""
        self.put(number, connections)
        least: int = min(count for (count,) in _COUNT.iter_unpack(self._memory[:]))
        return connections > least + least // 8

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()
