"""A node's shares of rates that hold over all nodes: the server divides them by what each wants of late."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.program import Arg

_KEPT_MS: Final = 5000  # a node that has not asked for so long wants nothing any more, or has lost its lease


async def shares(ask: Asking, node: str, rates: Sequence[tuple[str, float, float]], nodes: int) -> list[float]:
    """What this node may have of each of `rates`: (name, rate, what it wants). `nodes`: how many live."""
    keys = [ask.keys.rate(name) for name, _, _ in rates]
    args: list[Arg] = [node, nodes, _KEPT_MS]
    for _, rate, wanted in rates:
        args += (f"{rate:.6f}", f"{wanted:.6f}")
    found = await ask.call("FCALL", "smsgwd_share", len(keys), *keys, *args)
    return [float(each) for each in found]
