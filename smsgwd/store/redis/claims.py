"""Which node sends what is ready: a node claims a page of a queue for itself, and gives back what it will not send."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from typing import Final

from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import queue_name, queue_named
from smsgwd.store.redis.program import Arg

NO_LEASE: Final = ""  #: in the place of a token: the node must have none
ANY_LEASE: Final = "*"  #: whatever it is

_AT_ONCE: Final = 1_000  # members that are moved by one call


def behind(after: bytes) -> bytes:
    """The lower end of members behind this one; b'' = all."""
    return b"(" + after if after else b"-"


async def claim(ask: Asking, connector: str, node: str, token: Arg, limit: int) -> list[bytes]:
    """The first members of what is ready for a connector and claimed by nobody: at most `limit`. They are claimed by
    this node now, if its lease is under that token."""
    names = ask.keys
    keys = (names.queue(connector), names.queue(connector, node), names.queues, names.node(node))
    page: list[bytes] = await ask.call(
        "FCALL", "smsgwd_claim", len(keys), *keys, limit, queue_name(connector, node), token
    )
    return page


async def look(ask: Asking, connector: str, nodes: Collection[str], after: bytes, limit: int) -> list[bytes]:
    """The first members behind `after` of what these nodes have claimed ('' = what nobody has), in order."""
    queues = {ask.keys.queue(connector, each) for each in nodes}
    commands: list[tuple[Arg, ...]] = [
        ("ZRANGEBYLEX", queue, behind(after), "+", "LIMIT", 0, limit) for queue in queues
    ]
    return list(heapq.merge(*await ask.several(commands)))[:limit]


async def unclaim(ask: Asking, connector: str, node: str, stale: Sequence[tuple[bytes, str, bytes]]) -> None:
    """These members, each with the key of its row and the row's stamp (b'' = it is gone), are in this node's queue and
    were not to be sent when their rows were read: they leave it, but for those that have changed since."""
    keys = [ask.keys.queue(connector, node), *(key for _, key, _ in stale)]
    args: list[Arg] = []
    for member, _, stamp in stale:
        args += (member, stamp)
    await ask.call("FCALL", "smsgwd_unclaim", len(keys), *keys, *args)


async def release(ask: Asking, connector: str, node: str, token: Arg = NO_LEASE) -> int:
    """What a node has claimed of a connector's queue is nobody's again, for whichever node sends it now; how many.
    For a node that sends it no more, under its own token; or that is no more: nothing while it has a lease."""
    if not node:
        return 0  # without a name it claims nothing
    names = ask.keys
    keys = (names.queue(connector, node), names.queue(connector), names.queues, names.node(node))
    released = 0
    while True:
        moved: int = await ask.call(
            "FCALL", "smsgwd_release", len(keys), *keys,
            _AT_ONCE, queue_name(connector, node), queue_name(connector), names.ready(connector), token,
        )  # fmt: skip
        released += moved
        if moved < _AT_ONCE:
            return released


async def claimed_by(ask: Asking) -> list[tuple[str, str]]:
    """Connector and node of each queue that may have claims."""
    names = [queue_named(name) for name in await ask.members(ask.keys.queues, b"", b"", 1 << 20)]
    return [(connector, node) for connector, node in names if node]
