"""What the writer of a node remembers between transactions: nothing of it is trusted, the server checks it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock
from typing import Final

from smsgwd.model.ids import IdGenerator, node_number
from smsgwd.store.redis.cache import Cache
from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.money import Sums
from smsgwd.store.redis.walks import Walks

_MOST_CLAIMS: Final = 100_000


class Memory:
    """Rows, tenants' money, which messages other nodes have claimed, and this node's numbers."""

    def __init__(self, keys: Keys, node: str, *, finals: bool = False) -> None:
        self.keys = keys
        self.node = node  #: name of this node; '' = it claims nothing (a store used by itself)
        self.node_number = node_number(node)  #: that its ids have in them; another one once it has joined the others
        self.cache = Cache()
        self.sums: dict[str, Sums | None] = {}  #: by tenant; None = unknown
        self.claimed: set[bytes] = set()  #: members of queues that others have claimed, of the try before
        #: Of what a commit of this node makes ready for a connector, how many messages it claims at once.
        self.room: Callable[[str], int] = lambda connector: 0
        self.epoch = 0  #: changes when there is no more `room` for a connector, and its claims are about to be released
        self._claims: set[int] = set()  # made by commits, and not asked for since
        self._lock = Lock()  # of both: commits are the writer's thread's, all else is the reactor's
        self.walks = Walks()  #: how far this node's walks over old rows are
        self.finals = finals  #: what ends is kept for whoever writes it down elsewhere
        self.archives = False  #: nodes archive what has ended: whoever is to be forgotten is in those, too
        self.last = 0  #: the last of this node's numbers; kept by the commit that used it (`Keys.numbers`)
        self._numbers = IdGenerator(self.node_number)

    def has_claimed(self, ids: Collection[int], epoch: int) -> None:
        """A commit that was begun in that epoch has made these messages ready and claimed them."""
        with self._lock:
            if epoch == self.epoch:  # else they may be released already
                if len(self._claims) > _MOST_CLAIMS:
                    self._claims.clear()  # nobody asks for them: what is not known of is read from the queue
                self._claims.update(ids)

    def claimed_here(self, message_id: int) -> bool:
        """Whether a commit of this node made this message ready and claimed it: once for each time it did."""
        try:
            self._claims.remove(message_id)
        except KeyError:
            return False
        return True

    def claims_end(self) -> None:
        """Claims are about to be released: nothing that a commit has claimed by now is this node's to send."""
        with self._lock:
            self.epoch += 1
            self._claims.clear()

    def number(self, now_ms: int) -> int:
        """A number that this node has not used and that grows with time: of pushes and parked receipts."""
        self.last = self._numbers.block(1, now_ms)
        return self.last

    def go_on(self, last: int) -> None:
        """Numbers up to this one were used in earlier lives of this node, or by others."""
        self._numbers = IdGenerator(self.node_number, last)

    def clear(self) -> None:
        """Forget what was read."""
        self.cache.clear()
        self.sums.clear()
        self.claimed.clear()
