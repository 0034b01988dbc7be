"""What the writer of a node remembers between transactions: nothing of it is trusted, the server checks it."""

from __future__ import annotations

from collections.abc import Callable

from smsgwd.model.ids import IdGenerator, node_number
from smsgwd.store.redis.cache import Cache
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.money import Sums
from smsgwd.store.redis.walks import Walks


class Memory:
    """Rows, tenants' money, which messages other nodes have claimed, and this node's numbers."""

    def __init__(self, keys: Keys, node: str, *, finals: bool = False) -> None:
        self.keys = keys
        self.node = node  #: name of this node; '' = it claims nothing (a store used by itself)
        self.cache = Cache()
        self.sums: dict[str, Sums | None] = {}  #: by tenant; None = unknown
        self.claimed: set[bytes] = set()  #: members of queues that others have claimed, of the try before
        #: True for a connector that this node sends for: what becomes ready for it is this node's at once.
        self.local: Callable[[str], bool] = lambda connector: False
        self.walks = Walks()  #: how far this node's walks over old rows are
        self.finals = finals  #: what ends is kept for whoever writes it down elsewhere
        self.last = 0  #: the last of this node's numbers; kept by the commit that used it (`Keys.numbers`)
        self._numbers = IdGenerator(node_number(node))

    def number(self, now_ms: int) -> int:
        """A number that this node has not used and that grows with time: of pushes and parked receipts."""
        self.last = self._numbers.block(1, now_ms)
        return self.last

    def go_on(self, last: int) -> None:
        """Numbers up to this one were used in earlier lives of this node, or by others."""
        self._numbers = IdGenerator(node_number(self.node), last)

    def clear(self) -> None:
        """Forget what was read."""
        self.cache.clear()
        self.sums.clear()
        self.claimed.clear()
