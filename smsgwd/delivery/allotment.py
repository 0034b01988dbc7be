"""Which node has what, of nodes that share a store: a rule that all of them apply alike, each for itself.

Binds are spread evenly: the nodes' shares of a connector's binds differ by one at most, and so do their shares of all.
What a node has it keeps if that can be: of all even ways to spread them the one with the fewest moves is taken.
Roles and the like, which weigh nothing, go by rendezvous hashing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Final, TypeAlias

#: A connector, and the number of one of its binds, from 0.
Slot: TypeAlias = tuple[str, int]
#: What an operator pinned: a slot, or with None all of a connector's that are not pinned themselves. Value: the node.
Pins: TypeAlias = Mapping[tuple[str, int | None], str]

#: Groups that targets of pushes go by: there may be thousands of targets, and who has what is read whole.
GROUPS: Final = 256
_FAR: Final = 1 << 30


def bind_name(connector: str, number: int) -> str:
    """What a slot is called among the things that nodes own; roles are `u:...`, targets of pushes `t:...`."""
    return f"b:{connector}:{number}"


def bind_of(thing: str) -> Slot | None:
    """The slot of that name; None when it names another kind of thing."""
    if not thing.startswith("b:"):
        return None
    connector, _, number = thing[2:].rpartition(":")
    return connector, int(number)


@lru_cache(maxsize=20_000)
def group_of(target: str) -> str:
    """The group of a target of pushes: the same on all nodes."""
    return str(int.from_bytes(blake2b(target.encode(), digest_size=4).digest(), "big") % GROUPS)


def owner(thing: str, nodes: Collection[str]) -> str | None:
    """Whose a role is; None without nodes. When a node comes or goes, only what it gets or had moves."""
    return max(nodes, key=lambda node: blake2b(f"{node}\0{thing}".encode(), digest_size=8).digest(), default=None)


def allot(binds: Mapping[str, int], nodes: Collection[str], current: Mapping[Slot, str], pins: Pins) -> dict[Slot, str]:
    """The node of each slot; {} without nodes.

    `binds`: how many a connector has. `nodes`: those that live and take part. `current`: who has what now; slots and
    nodes that are not there any more may be in it. Pins to a node that is not there count for nothing. What is pinned
    is not part of anybody's even share: a pin moves nothing else.
    """
    names = sorted(set(nodes))
    result: dict[Slot, str] = {}
    if not names:
        return result
    number = {name: at for at, name in enumerate(names)}
    loose: list[list[Slot]] = []
    for connector in sorted(binds):
        rest = []
        for at in range(binds[connector]):
            slot = (connector, at)
            pinned = pins.get(slot, "")
            if pinned not in number:
                pinned = pins.get((connector, None), "")
            if pinned in number:
                result[slot] = pinned
            else:
                rest.append(slot)
        loose.append(rest)
    have = [[number.get(current.get(slot, "")) for slot in rest] for rest in loose]
    for rest, holders, shares in zip(loose, have, _shares(have, len(names)), strict=True):
        free = []
        for slot, holder in zip(rest, holders, strict=True):
            if holder is not None and shares[holder]:
                shares[holder] -= 1
                result[slot] = names[holder]
            else:
                free.append(slot)
        takers = (names[at] for at, share in enumerate(shares) for _ in range(share))
        result.update(zip(free, takers, strict=True))
    return result


def _shares(have: Sequence[Sequence[int | None]], nodes: int) -> list[list[int]]:
    """How many slots of each connector each node gets. `have`: who has each slot now, by connector.

    All nodes get `len // nodes` of a connector, and some one more: its extras. Those are chosen here: by connectors
    first, each for itself, with as few moves as can be; then the nodes' sums are made even, at the least cost.
    """
    masks = _Extras(nodes)
    bases = []
    for row, holders in enumerate(have):
        base, extras = divmod(len(holders), nodes)
        bases.append(base)
        counts = [0] * nodes
        for holder in holders:
            if holder is not None:
                counts[holder] += 1
        masks.add(row, extras, {node for node, count in enumerate(counts) if count > base})
    # One more row of nothing at all for those that may have one less: then all sums must be the same.
    most = -(-sum(masks.sums) // nodes)
    masks.add(len(have), nodes * most - sum(masks.sums), set())
    masks.level(most)
    return [[base + (mask >> row & 1) for mask in masks.chosen] for row, base in enumerate(bases)]


class _Extras:
    """Who gets one more of which row: bits of a number for each node, a bit for each row."""

    def __init__(self, nodes: int) -> None:
        self.chosen = [0] * nodes
        self.sums = [0] * nodes
        self._kept = [0] * nodes  # whoever gets one of these more keeps a slot that would move else

    def add(self, row: int, extras: int, kept: set[int]) -> None:
        """A row, as good as it can be by itself; of equals those with the smallest sums."""
        bit = 1 << row
        for node in kept:
            self._kept[node] |= bit
        order = sorted(range(len(self.sums)), key=lambda node: (node not in kept, self.sums[node], node))
        for node in order[:extras]:
            self.chosen[node] |= bit
            self.sums[node] += 1

    def level(self, most: int) -> None:
        """Make all sums `most`: successive shortest paths, each from a node with too many to one with too few."""
        shortest = 0  # the next path is never shorter than the last one
        while any(each > most for each in self.sums):
            shortest, path = self._path(most, shortest)
            moves = [(node, other, self._step(node, other)[1]) for node, other in pairwise(path)]
            for node, other, bit in moves:
                self.chosen[node] ^= bit
                self.chosen[other] ^= bit
            self.sums[path[0]] -= 1
            self.sums[path[-1]] += 1

    def _step(self, node: int, other: int) -> tuple[int, int]:
        """What one extra of `node` costs as one of `other`: moves more (-1, 0, 1; far = it has none); and its bit."""
        can = self.chosen[node] & ~self.chosen[other]
        if not can:
            return _FAR, 0
        mine, its = self._kept[node], self._kept[other]
        for cost, bits in ((-1, can & ~mine & its), (0, can & ~(mine ^ its))):
            if bits:
                return cost, bits & -bits
        return 1, can & -can

    def _path(self, most: int, shortest: int) -> tuple[int, list[int]]:
        """A cheapest way from nodes with too many to one with too few; none is cheaper than `shortest`."""
        nodes = range(len(self.sums))
        waiting = deque(node for node in nodes if self.sums[node] > most)
        cost = dict.fromkeys(waiting, 0)
        before: dict[int, int] = {}
        while waiting:
            node = waiting.popleft()
            for other in nodes:
                now = cost[node] + self._step(node, other)[0]
                if now < cost.get(other, _FAR):
                    cost[other] = now
                    before[other] = node
                    if now == shortest and self.sums[other] < most:
                        return now, _back(other, before)
                    if other not in waiting:
                        waiting.append(other)
        best = min((node for node in cost if self.sums[node] < most), key=lambda node: (cost[node], node))
        return cost[best], _back(best, before)


def _back(node: int, before: Mapping[int, int]) -> list[int]:
    path = [node]
    while path[-1] in before:
        path.append(before[path[-1]])
    return path[::-1]
