"""A commit as the arguments of one function call (functions.lua reads them in this order)."""

from __future__ import annotations

from typing import Final

import msgspec

Arg = bytes | str | int
_NONE: Final = ""


class Entry(msgspec.Struct, gc=False):
    """One entry of a ledger; the server adds its number and the sums after it."""

    at: int
    amount: int
    reserved: int
    rest: bytes
    number: int | None = None  #: given before (`smsgwd_number`); None = the next one


class Bounds(msgspec.Struct, gc=False):
    """What must hold of an account's balance before the commit, in micro-units; None = anything."""

    low: int | None = None
    high: int | None = None
    number: int | None = None  #: the number of its last entry is below this


class Topics(msgspec.Struct, gc=False):
    """Where it is kept and told what changed of that which every node remembers."""

    last: str  #: key of the last number of a change
    index: str
    channel: str
    node: str  #: who changed it
    names: dict[str, None] = {}


class Program:
    """What one commit checks and writes. Fill it, then `encode`."""

    def __init__(self) -> None:
        self.fence: tuple[str, bytes] | None = None  #: key of the node's lease, its token
        self.checks: dict[str, bytes] = {}  #: version by row, b'' = there is none
        self.unqueued: list[tuple[str, str, bytes]] = []  #: queue, the same as claimed by this node, member
        self.bounds: dict[str, Bounds] = {}  #: by account
        self.sets: dict[str, bytes] = {}
        self.deletes: list[str] = []
        self.removes: dict[str, list[bytes]] = {}
        self.adds: dict[str, list[Arg]] = {}  #: score, member, score, member, ... by index
        self.settings: dict[str, list[Arg]] = {}  #: field, value, ... by hash
        self.increments: list[tuple[str, str, int]] = []  #: hash, field, by
        self.numbered: list[tuple[str, str, list[bytes]]] = []  #: counts of a tenant, its history, members
        self.finals: tuple[str, str, list[bytes]] | None = None  #: last number, index, members
        self.entry_key = ""
        self.entries: list[tuple[str, str, list[Entry]]] = []  #: account, ledger, entries
        self.prunes: list[tuple[str, str, bytes]] = []  #: index of names, what it names, its name there
        self.published: list[tuple[str, bytes]] = []
        self.expiring: dict[str, tuple[bytes, int]] = {}  #: rows that end by themselves, each after so many ms
        self.topics: Topics | None = None

    @property
    def empty(self) -> bool:
        """True when it writes nothing."""
        return not (
            self.sets
            or self.deletes
            or self.removes
            or self.adds
            or self.settings
            or self.increments
            or self.numbered
            or self.finals
            or self.entries
            or self.unqueued
            or self.expiring
        )

    def encode(self) -> tuple[list[str], list[Arg]]:
        """Keys and arguments of `smsgwd_commit`."""
        keys: list[str] = []
        args: list[Arg] = []
        if self.fence is None:
            args.append("0")
        else:
            keys.append(self.fence[0])
            args += ("1", self.fence[1])
        args.append(len(self.checks))
        keys += self.checks
        args += self.checks.values()
        args.append(len(self.unqueued))
        for queue, own, member in self.unqueued:
            keys += (queue, own)
            args.append(member)
        args.append(len(self.bounds))
        for key, each in self.bounds.items():
            keys.append(key)
            args += (_or_none(each.low), _or_none(each.high), _or_none(each.number))
        args.append(len(self.sets))
        keys += self.sets
        args += self.sets.values()
        args.append(len(self.deletes))
        keys += self.deletes
        for groups in (self.removes, self.adds, self.settings):
            args.append(len(groups))
            for key, members in groups.items():
                keys.append(key)
                args.append(len(members))
                args += members
        args.append(len(self.increments))
        for key, field, by in self.increments:
            keys.append(key)
            args += (field, by)
        args.append(len(self.numbered))
        for counts, history, ids in self.numbered:
            keys += (counts, history)
            args.append(len(ids))
            args += ids
        self._encode_finals(keys, args)
        self._encode_entries(keys, args)
        args.append(len(self.prunes))
        for names, named, name in self.prunes:
            keys += (names, named)
            args.append(name)
        args.append(len(self.published))
        for channel, message in self.published:
            args += (channel, message)
        args.append(len(self.expiring))
        keys += self.expiring
        for value, ms in self.expiring.values():
            args += (value, ms)
        topics = self.topics
        args.append(0 if topics is None else len(topics.names))
        if topics is not None:
            keys += (topics.last, topics.index)
            args += (topics.channel, topics.node, *topics.names)
        return keys, args

    def _encode_finals(self, keys: list[str], args: list[Arg]) -> None:
        if self.finals is None:
            args.append("0")
            return
        last, index, members = self.finals
        args.append(len(members))
        if members:
            keys += (last, index)
            args += members

    def _encode_entries(self, keys: list[str], args: list[Arg]) -> None:
        args.append(len(self.entries))
        if not self.entries:
            return
        keys.append(self.entry_key)
        for account, ledger, entries in self.entries:
            keys += (account, ledger)
            args.append(len(entries))
            for each in entries:
                args += (_or_none(each.number), each.at, each.amount, each.reserved, each.rest)


def _or_none(number: int | None) -> int | str:
    return _NONE if number is None else number
