"""A queue of which memory holds only the head: the rest stays in the store and is read page by page.

Invariant: memory holds every waiting item whose key is below the `horizon` and that is not out (popped and not done);
the store alone knows those from the horizon on. So the order is exact whatever arrives, memory is bounded, and nothing
is handed out twice although the store still lists what is out until its result is durable.
"""

import heapq
from collections.abc import Callable, Container, Iterable
from typing import Generic, TypeVar

Key = tuple[int, int]
T = TypeVar("T")

_START: Key = (-(1 << 62), 0)


class PagedQueue(Generic[T]):
    """Items in the order of their key; at most `capacity` in memory (a page, and what was put back, may exceed it).

    At first nothing is known of the store: `must_read` is True. A read is: `begin_read` → ask the store for at most
    `page` items behind the key it returned → `page_read`, or `read_failed`.
    """

    def __init__(self, key: Callable[[T], Key], capacity: int) -> None:
        self._key = key
        self._capacity = max(2, capacity)
        self._heap: list[Key] = []
        self._waiting: dict[Key, T] = {}
        self._stale: set[Key] = set()  # keys in the heap of what was removed: skipped when their turn comes
        self._held: set[Key] = set()  # keys of what is waiting or out
        self._read_to: Key | None = None
        self._horizon: Key | None = _START  # nothing read yet: everything is beyond it
        self._reading = False
        self._late: list[T] = []  # what came from beyond the horizon during a read: the page may lack it
        self._seen: set[Key] = set()  # keys that were held at any time during a read
        self._void = False  # the page on its way no longer fits what memory holds
        self._again = False  # the next page is read from the beginning: memory may be past what is in the store
        self._from_start = False  # the page on its way is

    def __len__(self) -> int:
        return len(self._waiting)

    def resize(self, capacity: int) -> None:
        """Another capacity; what memory holds above it goes as it is sent, or at the next `add`."""
        self._capacity = max(2, capacity)

    @property
    def page(self) -> int:
        """How many items to read at once."""
        return max(1, self._capacity // 2)

    @property
    def complete(self) -> bool:
        """True when the store has nothing that memory has not."""
        return self._horizon is None

    @property
    def known(self) -> Container[Key]:
        """During a read: keys of items that need not be read, since they were held at some time of it."""
        return self._seen

    @property
    def idle(self) -> bool:
        """True when nothing waits in memory, nothing is out, and no page is on its way."""
        return not (self._held or self._reading)

    @property
    def must_read(self) -> bool:
        """True when a page should be read: the store has more, memory is a quarter full, none is on its way."""
        return self._horizon is not None and not self._reading and len(self._waiting) * 4 < self._capacity

    def add(self, item: T) -> bool:
        """A new item, durable already. False when it lies beyond the horizon: the store has it, that is enough."""
        key = self._key(item)
        if self._horizon is not None and key >= self._horizon:
            if self._reading:
                self._late.append(item)
                self._void |= len(self._late) > self._capacity
            return False
        if key in self._held:
            return True
        self._hold(key, item)
        if len(self._waiting) > self._capacity:
            self._spill()
        return True

    def pop(self) -> T:
        """Take the first item out; IndexError when memory has none. `done` or `push_back` must follow."""
        if self._stale:
            self._skip()
        return self._waiting.pop(heapq.heappop(self._heap))

    def peek(self) -> T | None:
        """The first item, or None."""
        if self._stale:
            self._skip()
        return self._waiting[self._heap[0]] if self._heap else None

    def waiting(self, key: Key) -> T | None:
        """The item of this key that waits in memory, or None."""
        return self._waiting.get(key)

    def done(self, item: T) -> None:
        """An item that is out has left the store's queue, durably."""
        self._held.discard(self._key(item))

    def push_back(self, items: Iterable[T]) -> None:
        """Put back items that are out. One beyond the horizon is left to the store, which has it.

        It must not wait in memory: it would overtake what only the store has before it, and a spill would move the
        horizon out to it and hide that for good.
        """
        for item in items:
            key = self._key(item)
            if self._horizon is None or key < self._horizon:
                self._hold(key, item)
            else:
                self._held.discard(key)
                self._void = True  # a page on its way passes over what was out when it was asked for

    def forget(self) -> None:
        """Leave everything that waits to the store again and read it anew; what is out stays out."""
        self._held.difference_update(self._waiting)
        self._waiting = {}
        self._heap = []
        self._stale = set()
        self._read_to = None
        self._horizon = _START
        self._void = True  # a page on its way begins too late

    def look_again(self) -> None:
        """The store has something that was not added here, with whatever key: read it from the beginning again, at once
        or, where memory has more to hand out first, with the next page. A page on its way may lack it."""
        if self._horizon is None:
            self.forget()
        else:
            self._again = True

    def remove(self, wanted: Callable[[T], bool]) -> list[T]:
        """Take out the items in memory for which `wanted` holds, as `pop` does (a walk over all of them)."""
        taken = [(key, item) for key, item in self._waiting.items() if wanted(item)]
        for key, _ in taken:
            self.remove_key(key)
        return [item for _, item in taken]

    def remove_key(self, key: Key) -> T | None:
        """Take the item of this key out, as `pop` does; None when it is not waiting in memory. Walks over nothing."""
        item = self._waiting.pop(key, None)
        if item is not None:
            self._stale.add(key)
            if len(self._stale) > self._capacity:
                self._rebuild(list(self._waiting))
        return item

    def begin_read(self) -> Key | None:
        """Start reading a page; the key behind which it starts (None = from the beginning)."""
        self._reading = True
        self._void = False
        if self._again:
            self._read_to, self._again = None, False
        self._from_start = self._read_to is None
        self._seen = set(self._held)
        return self._read_to

    def page_read(self, items: Iterable[T], *, more: bool) -> int:
        """What the store had (what is `known` may be missing); `more` = the page was full. How many items were new."""
        seen, late = self._seen, self._late
        if self._void:
            self.read_failed()
            return 0
        self._end_read()
        last = self._read_to
        count = 0
        for item in items:
            key = self._key(item)
            last = key
            # What was out when the store was asked may be done by now, and was listed all the same.
            if key not in seen and key not in self._held:
                self._hold(key, item)
                count += 1
        self._read_to = last
        if not more and not self._again:
            self._horizon = None
        elif last is not None:
            self._horizon = (last[0], last[1] + 1)
        for item in late:
            self.add(item)
        return count

    def void_read(self) -> None:
        """A page on its way is out of date, since an item it holds was changed in the store: pass over it whole."""
        self._void = True

    def read_failed(self) -> None:
        """The store could not be read: nothing is known that was not before."""
        self._again |= self._from_start
        self._end_read()

    def _end_read(self) -> None:
        self._reading = False
        self._seen = set()
        self._late = []

    def _hold(self, key: Key, item: T) -> None:
        if key in self._stale:
            self._stale.discard(key)  # the heap has the key still
        elif key not in self._waiting:
            heapq.heappush(self._heap, key)
        self._waiting[key] = item
        self._held.add(key)
        if self._reading:
            self._seen.add(key)

    def _spill(self) -> None:
        """Leave the last half to the store again, which has it anyway."""
        keys = sorted(self._waiting)
        keep = self._capacity // 2
        for key in keys[keep:]:
            self._held.discard(key)
            del self._waiting[key]
        self._read_to = keys[keep - 1]
        self._horizon = keys[keep]
        self._void = True
        self._rebuild(keys[:keep])

    def _skip(self) -> None:
        """Drop what was removed from the head of the heap."""
        while self._heap and self._heap[0] in self._stale:
            self._stale.discard(heapq.heappop(self._heap))

    def _rebuild(self, keys: list[Key]) -> None:
        """Make the heap of these keys, which are all that wait."""
        heapq.heapify(keys)
        self._heap = keys
        self._stale.clear()
