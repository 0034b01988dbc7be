"""Faults on purpose: when a connection is dropped, and the octets of garbage."""

from struct import Struct
from typing import NamedTuple

from smsgwd.simulator.options import SmscOptions

_HEADER = Struct(">IIII")
_UNKNOWN_COMMAND = 0x0000_0BAD
_STRAY_SEQUENCE = 0x7FFF_0000

#: Kinds that leave the stream in frames; 4 and 5 break it for good.
GARBAGE: dict[str, bytes] = {
    "0": _HEADER.pack(20, _UNKNOWN_COMMAND, 0, _STRAY_SEQUENCE) + b"junk",
    "1": _HEADER.pack(21, 0x8000_0004, 0, _STRAY_SEQUENCE + 1) + b"none\0",
    # a deliver_sm whose body ends inside its source address
    "2": _HEADER.pack(22, 0x0000_0005, 0, _STRAY_SEQUENCE + 2) + b"\x00\x01\x01" + b"306",
    "3": _HEADER.pack(16, 0x8000_0000, 0x03, _STRAY_SEQUENCE + 3),
    "4": _HEADER.pack(7, 0x0000_0005, 0, _STRAY_SEQUENCE + 4),
    "5": _HEADER.pack(0x7FFF_FFFF, 0x0000_0005, 0, _STRAY_SEQUENCE + 5),
}


class SubmitFault(NamedTuple):
    """What goes wrong with one submit. `drop` closes the connection after it; `garbage` is written after its answer."""

    answered: bool
    accepted: bool
    drop: bool
    garbage: bytes


NO_FAULT = SubmitFault(True, True, False, b"")


class Drops:
    """How many connections may still be dropped, shared by all connections of a simulator."""

    def __init__(self, options: SmscOptions) -> None:
        self.left = options.drop_times or -1


class LinkFaults:
    """The faults of one connection: counts its submits."""

    def __init__(self, options: SmscOptions, drops: Drops) -> None:
        self._after = options.drop_after
        self._unanswered_from = options.drop_after - options.drop_unanswered
        self._accepted = options.drop_accepted
        self._drops = drops
        self._every = options.garbage_every
        self._kinds = [GARBAGE[kind] for kind in options.garbage_kinds]
        self._submits = 0
        self._garbage = 0
        self.active = bool(self._after or self._every)

    def next(self) -> SubmitFault:
        """What goes wrong with the submit that has just come."""
        self._submits += 1
        garbage = b""
        if self._every and self._submits % self._every == 0 and self._kinds:
            garbage = self._kinds[self._garbage % len(self._kinds)]
            self._garbage += 1
        if not self._after or self._drops.left == 0:
            return SubmitFault(True, True, False, garbage) if garbage else NO_FAULT
        drop = self._submits == self._after
        answered = self._submits <= self._unanswered_from
        if drop:
            self._drops.left -= 1
        elif answered and not garbage:
            return NO_FAULT
        return SubmitFault(answered, answered or self._accepted, drop, garbage)
