"""Message and submission ids: 63-bit, time-ordered, with the node in them.

Layout, high to low: 41 bits milliseconds since 2025-01-01 UTC (until 2094), 10 bits node, 12 bits sequence. A
submission of n messages takes n + 1 consecutive ids, its own first: so a submission's messages are found by a range
of the primary key, without an index of their own.
"""

import zlib

_EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
_SEQUENCE_BITS = 12
_NODE_BITS = 10
_TIME_SHIFT = _SEQUENCE_BITS + _NODE_BITS
_SEQUENCES = 1 << _SEQUENCE_BITS
MAX_BLOCK = _SEQUENCES


def node_number(name: str) -> int:
    """The 10-bit number of a node name (CRC-32 folded). Two names may share one."""
    return zlib.crc32(name.encode()) & ((1 << _NODE_BITS) - 1)


def first_id_at(ms: int) -> int:
    """The smallest id of any node made at `ms` (milliseconds since 1970, UTC) or later; 0 for times before 2025."""
    return max(0, ms - _EPOCH_MS) << _TIME_SHIFT


def time_of(message_id: int) -> int:
    """Milliseconds since 1970 (UTC) at which an id was made."""
    return (message_id >> _TIME_SHIFT) + _EPOCH_MS


def node_of(any_id: int) -> int:
    """The number of the node that made an id."""
    return any_id >> _SEQUENCE_BITS & ((1 << _NODE_BITS) - 1)


class IdGenerator:
    """Makes ids that never repeat and never go back within a node, also when the wall clock does.

    `floor` is the highest id the store knows at start: after a restart with the clock set back, ids go on from there.
    """

    def __init__(self, node: int, floor: int = 0) -> None:
        if not 0 <= node < (1 << _NODE_BITS):
            raise ValueError(f"node number {node} is outside 0..{(1 << _NODE_BITS) - 1}")
        self._node = node << _SEQUENCE_BITS
        self._time = (floor >> _TIME_SHIFT) + 1 if floor else 0
        self._next = 0

    def block(self, count: int, now_ms: int) -> int:
        """The first of `count` consecutive ids (1..4096); `now_ms` is milliseconds since 1970, UTC.

        Raises ValueError when `count` is out of range.
        """
        if not 0 < count <= MAX_BLOCK:
            raise ValueError(f"a block holds 1 to {MAX_BLOCK} ids, not {count}")
        time = now_ms - _EPOCH_MS
        if time > self._time:
            self._time = time
            self._next = 0
        if self._next + count > _SEQUENCES:  # this millisecond is used up: borrow from the next
            self._time += 1
            self._next = 0
        first = (self._time << _TIME_SHIFT) | self._node | self._next
        self._next += count
        return first
