"""Which node sends what is ready: a node claims a page of a queue for itself, and gives back what it will not send."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Final

from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.keys import queue_name
from smsgwd.store.redis.program import Arg

_AT_ONCE: Final = 1_000  # members that are moved by one call


def behind(after: bytes) -> bytes:
    """The lower end of members behind this one; b'' = all."""
    return b"(" + after if after else b"-"


async def claim(ask: Asking, connector: str, node: str, after: bytes, limit: int) -> list[bytes]:
    """Members behind `after` of what is ready for a connector and claimed by this node or by nobody: the first `limit`.
    They are claimed by this node now. What is before `after` stays as it is."""
    names = ask.keys
    keys = (names.queue(connector), names.queue(connector, node), names.queues)
    page: list[bytes] = await ask.call(
        "FCALL", "smsgwd_claim", len(keys), *keys, behind(after), limit, queue_name(connector, node)
    )
    return page


async def look(ask: Asking, connector: str, node: str, after: bytes, limit: int) -> list[bytes]:
    """The same members, with nothing claimed; `node` '' = those claimed by nobody."""
    queues = {ask.keys.queue(connector, each) for each in ("", node)}
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


async def release(ask: Asking, connector: str, node: str) -> int:
    """What a node has claimed of a connector's queue is nobody's again, for whichever node sends it now; how many.
    For a node that sends it no more, or that is no more."""
    if not node:
        return 0  # without a name it claims nothing
    names = ask.keys
    keys = (names.queue(connector, node), names.queue(connector), names.queues)
    released = 0
    while True:
        moved: int = await ask.call(
            "FCALL", "smsgwd_release", len(keys), *keys,
            _AT_ONCE, queue_name(connector, node), queue_name(connector), names.wake(connector),
        )  # fmt: skip
        released += moved
        if moved < _AT_ONCE:
            return released
