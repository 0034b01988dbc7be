"""Inbound parts → messages, in any order, within bounds.

`Reassembler.add` takes parts told by a concatenation header or by SAR TLVs alike and returns the messages that are
finished by it. Nothing handed in is lost silently: a set that times out, is pushed out by the bounds or meets a part of
another message under its reference comes out with `complete` False. Times are seconds from any fixed start; `now` is
passed in and must not run backwards.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

from smsgwd.gsm import alphabet, udh
from smsgwd.gsm.charset import Charset
from smsgwd.gsm.coding import decode_text, describe
from smsgwd.gsm.errors import MalformedUdh

Width = Literal["udh8", "udh16", "sar"]
Reason = Literal["complete", "timeout", "evicted", "replaced"]


class SetKey(NamedTuple):
    """What the parts of one message have in common."""

    account: str
    """The SMSC account group: parts may come over any of its binds."""
    source: str
    destination: str
    ref: int
    total: int
    width: Width


class Part(NamedTuple):
    """One inbound part."""

    seq: int
    """From 1 to the set's total."""
    data_coding: int
    body: bytes
    """The user data without its header."""
    udh: bytes = b""
    """The header as received, kept for its other elements."""
    context: object = None
    """Whatever the caller wants back with the part (a row id, the PDU to acknowledge)."""


class Assembled(NamedTuple):
    """A message that left the reassembler."""

    key: SetKey
    parts: tuple[Part | None, ...]
    """By number, None where one is missing."""
    complete: bool
    reason: Reason

    def text(self, default: Charset = "gsm") -> str | None:
        """Return the text, U+FFFD for each run of missing parts; None if the parts are not text."""
        return join_text(self.parts, default)

    def data(self) -> bytes:
        """Return the bodies that are there, joined (a binary message)."""
        return b"".join(part.body for part in self.parts if part is not None)


def join_text(parts: Sequence[Part | None], default: Charset = "gsm") -> str | None:
    """Decode parts in order; None if one of them is not text. Never raises.

    Octets of neighbours in the same coding are joined before they are decoded, since peers do cut escape and surrogate
    pairs. A run of missing parts is one U+FFFD.
    """
    runs: list[tuple[_Reading | None, bytes]] = []
    for part in parts:
        if part is None:
            reading, octets = None, b""
        elif not describe(part.data_coding).text:
            return None
        else:
            reading, octets = _reading(part, default)
        if runs and runs[-1][0] == reading:
            runs[-1] = (reading, runs[-1][1] + octets)
        else:
            runs.append((reading, octets))
    return "".join("\ufffd" if reading is None else reading.text(octets) for reading, octets in runs)


class _Reading(NamedTuple):
    """How the octets of a run of parts are to be read."""

    data_coding: int
    charset: Charset
    locking: int
    single: int

    def text(self, octets: bytes) -> str:
        """Decode the run."""
        found = decode_text(self.data_coding, octets, default=self.charset, locking=self.locking, single=self.single)
        return found or ""


def _reading(part: Part, default: Charset) -> tuple[_Reading, bytes]:
    """Return how a text part is to be read, and its octets with packed septets unpacked, so that they can be joined."""
    header = udh.Udh()
    if part.udh:
        with suppress(MalformedUdh):
            header, _ = udh.parse(part.udh)
    octets = part.body
    if default == "gsm-packed" and describe(part.data_coding).codec == "default":
        octets = alphabet.unpack(octets, alphabet.fill_bits(header.octets))
        default = "gsm"
    return _Reading(part.data_coding, default, header.locking, header.single), octets


class _Set:
    """The parts of one message so far."""

    __slots__ = ("deadline", "octets", "parts", "seen")

    def __init__(self, total: int, deadline: float) -> None:
        self.parts: list[Part | None] = [None] * total
        self.seen = 0
        self.octets = 0
        self.deadline = deadline


class Reassembler:
    """Collects the parts of inbound messages.

    Args:
        max_sets: incomplete messages held at most; the one longest without a new part goes first.
        max_octets: bodies and headers of incomplete messages held at most, in octets.
        timeout: seconds without a new part after which a message comes out incomplete; also how long a finished message
            is remembered, so that its repeated parts are ignored.
    """

    def __init__(self, max_sets: int = 10_000, max_octets: int = 16 << 20, timeout: float = 600.0) -> None:
        if max_sets < 1 or max_octets < 1 or timeout <= 0:
            raise ValueError("max_sets, max_octets and timeout must be positive")
        self._max_sets = max_sets
        self._max_octets = max_octets
        self._timeout = timeout
        self._sets: OrderedDict[SetKey, _Set] = OrderedDict()  # least recently fed first
        self._done: OrderedDict[SetKey, tuple[float, tuple[int, ...]]] = OrderedDict()  # key → forget at, part digests
        self._octets = 0

    def __len__(self) -> int:
        """Return the number of incomplete messages held."""
        return len(self._sets)

    @property
    def octets(self) -> int:
        """Octets of bodies and headers held."""
        return self._octets

    def wake_at(self) -> float | None:
        """Return when `expire` has something to do, None while nothing is held."""
        return next(iter(self._sets.values())).deadline if self._sets else None

    def add(self, key: SetKey, part: Part, now: float) -> list[Assembled]:
        """Take one part and return the messages that leave because of it (mostly none or one).

        A part that is there already, or of a message just finished, is ignored; so is the very same message sent again
        under the same reference within the timeout. The same number with another body means that the sender reused the
        reference: the older message leaves incomplete.
        Errors: ValueError if the part's number is not between 1 and the total, or the total not between 1 and 255.
        """
        if not 1 <= part.seq <= key.total <= 255:
            raise ValueError(f"part {part.seq} of {key.total} makes no sense")
        out = self.expire(now)
        if self._repeated(key, part):
            return out
        held = self._sets.get(key)
        if held is not None and (same := held.parts[part.seq - 1]) is not None:
            if _digest(same) == _digest(part):
                return out
            out.append(self._leave(key, "replaced", now))
            held = None
        if held is None:
            held = self._sets[key] = _Set(key.total, now + self._timeout)
        else:
            held.deadline = now + self._timeout
            self._sets.move_to_end(key)
        held.parts[part.seq - 1] = part
        held.seen += 1
        size = len(part.body) + len(part.udh)
        held.octets += size
        self._octets += size
        if held.seen == key.total:
            out.append(self._leave(key, "complete", now))
        while len(self._sets) > self._max_sets or self._octets > self._max_octets:
            out.append(self._leave(next(iter(self._sets)), "evicted", now))
        return out

    def expire(self, now: float) -> list[Assembled]:
        """Return the messages whose time is up, incomplete."""
        while self._done and next(iter(self._done.values()))[0] <= now:
            self._done.popitem(last=False)
        out = []
        while self._sets:
            key, held = next(iter(self._sets.items()))
            if held.deadline > now:
                break
            out.append(self._leave(key, "timeout", now))
        return out

    def drain(self, now: float) -> list[Assembled]:
        """Return everything held, incomplete (shutting down)."""
        return [self._leave(key, "evicted", now) for key in list(self._sets)]

    def _repeated(self, key: SetKey, part: Part) -> bool:
        """Return whether the part belongs to a message that was finished not long ago."""
        done = self._done.get(key)
        return done is not None and key not in self._sets and done[1][part.seq - 1] == _digest(part)

    def _leave(self, key: SetKey, reason: Reason, now: float) -> Assembled:
        held = self._sets.pop(key)
        self._octets -= held.octets
        if reason == "complete":
            self._done.pop(key, None)
            self._done[key] = (now + self._timeout, tuple(_digest(part) for part in held.parts))
            if len(self._done) > self._max_sets:
                self._done.popitem(last=False)
        return Assembled(key, tuple(held.parts), reason == "complete", reason)


def _digest(part: Part | None) -> int:
    """Return what tells a repeated part from another one."""
    return 0 if part is None else hash((part.data_coding, part.body))
