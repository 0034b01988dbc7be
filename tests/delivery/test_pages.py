"""PagedQueue against a model: a store that lists everything QUEUED, and a sender that takes and finishes."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from smsgwd.delivery.pages import PagedQueue


def _queue(capacity=8):
    return PagedQueue(lambda item: item, capacity)


def _read(queue, stored):
    """A whole read at once; how many were new."""
    after = queue.begin_read()
    waiting = sorted(item for item in stored if after is None or item > after)
    return queue.page_read(waiting[: queue.page], more=len(waiting) > queue.page)


def test_at_first_nothing_is_known():
    queue = _queue()
    assert queue.must_read
    assert not queue.complete
    assert len(queue) == 0
    assert queue.peek() is None
    with pytest.raises(IndexError):
        queue.pop()
    assert queue.add((0, 5)) is False  # it may not be the first: the store has it


def test_a_backlog_is_paged_in_order():
    stored = [(priority, number) for priority in (-2, -1) for number in range(50)]
    queue, taken = _queue(), []
    while not queue.complete or len(queue):
        if queue.must_read:
            _read(queue, stored)
        taken.append(queue.pop())
    assert taken == sorted(stored)


def test_memory_is_bounded_when_all_is_known():
    queue, stored = _queue(8), []
    _read(queue, stored)
    assert queue.complete
    for number in range(1000):
        stored.append((0, number))
        queue.add((0, number))
        assert len(queue) <= 8
    assert not queue.complete


def test_what_another_process_stored_during_a_read_is_found_though_the_page_lacks_it():
    queue = _queue()
    after = queue.begin_read()
    queue.look_again()  # (0, 1) was stored, after the store had made its answer
    assert queue.page_read([(0, 0)], more=False) == 1 and after is None
    assert queue.must_read and not queue.complete
    assert _read(queue, [(0, 0), (0, 1)]) == 1
    assert queue.complete and [queue.pop(), queue.pop()] == [(0, 0), (0, 1)]


def test_what_another_process_stored_before_what_memory_has_read_is_found():
    stored = [(0, number) for number in range(1, 7)]
    queue = _queue()
    _read(queue, stored)
    stored.append((0, 0))  # by a slower process, or one whose clock is behind
    queue.look_again()
    taken = []
    while not queue.complete or len(queue):
        if queue.must_read:
            _read(queue, stored)
        taken.append(queue.pop())
    assert sorted(taken) == sorted(stored)


def test_to_look_again_is_not_forgotten_with_a_page_that_is_not_taken():
    stored = [(0, number) for number in range(1, 7)]
    for fails in (PagedQueue.read_failed, lambda queue: queue.void_read() or queue.page_read([], more=False)):
        queue = _queue()
        _read(queue, stored)
        queue.look_again()
        assert queue.begin_read() is None
        fails(queue)
        assert queue.begin_read() is None


def test_a_store_may_leave_out_what_is_known():
    queue = _queue()
    _read(queue, [(0, 0), (0, 3)])
    queue.pop()
    queue.look_again()
    assert queue.begin_read() is None
    assert [item for item in [(0, 0), (0, 1), (0, 3)] if item not in queue.known] == [(0, 1), (0, 3)]
    assert queue.page_read([(0, 1), (0, 3)], more=False) == 2
    assert [queue.pop(), queue.pop()] == [(0, 1), (0, 3)]


def test_to_look_again_at_all_that_is_known_reads_it_anew_once():
    queue = _queue()
    _read(queue, [(0, 0)])
    out = queue.pop()
    queue.look_again()
    assert queue.must_read
    assert _read(queue, [out, (0, 1)]) == 1
    assert queue.complete and queue.pop() == (0, 1)


def test_an_urgent_item_overtakes_the_pages():
    stored = [(-1, number) for number in range(100)]
    queue = _queue()
    _read(queue, stored)
    assert queue.add((-3, 500)) is True
    assert queue.pop() == (-3, 500)


def test_what_is_out_is_not_handed_out_again_by_a_read():
    stored = [(0, 1), (0, 2)]
    queue = _queue()
    _read(queue, stored)
    out = queue.pop()
    assert _read(queue, stored) == 0
    queue.push_back([out])
    assert [queue.pop(), queue.pop()] == stored


def test_what_is_done_while_the_page_is_on_its_way_is_not_taken_from_it():
    stored = [(0, n) for n in range(3)]
    queue = _queue()
    _read(queue, stored)
    out = queue.pop()
    queue._read_to = None  # as after a spill: the same rows are read again
    queue.begin_read()
    queue.done(out)
    assert queue.page_read(stored, more=False) == 0
    assert [queue.pop(), queue.pop()] == stored[1:]


def test_a_failed_read_can_be_tried_again():
    stored = [(0, 1)]
    queue = _queue()
    queue.begin_read()
    assert not queue.must_read
    queue.read_failed()
    assert queue.must_read
    assert _read(queue, stored) == 1


def test_what_comes_back_after_it_was_done_is_held_again():
    queue = _queue()
    _read(queue, [(0, 1)])
    queue.done(queue.pop())
    assert queue.add((0, 1)) is True  # a retry: the same message, QUEUED again
    assert queue.pop() == (0, 1)


def test_a_page_that_was_overtaken_by_a_spill_is_not_used():
    stored = [(0, number) for number in range(20)]
    queue = _queue(4)
    _read(queue, stored)
    for _ in range(len(queue)):
        stored.remove(queue.peek())
        queue.done(queue.pop())
    after = queue.begin_read()
    page = [item for item in stored if item > after][: queue.page]
    urgent = [(-1, 100 + number) for number in range(5)]
    stored = urgent + stored
    for item in urgent:
        queue.add(item)
    assert queue.page_read(page, more=True) == 0
    taken = []
    while not queue.complete or len(queue):
        if queue.must_read:
            _read(queue, stored)
        if len(queue):
            taken.append(queue.pop())
    assert taken == stored


def test_what_was_put_back_from_beyond_the_horizon_hides_nothing_when_memory_spills():
    """A full window comes back behind postponed, older items: those between are the store's alone."""
    queue, stored = _queue(4), []
    _read(queue, stored)

    def add(number):
        stored.append((0, number))
        queue.add((0, number))

    for number in range(1001, 1005):
        add(number)
    out = [queue.pop() for _ in range(4)]
    for number in range(10, 15):
        add(number)  # the last one spills: the horizon is below all that is out
    queue.push_back(out)
    for _ in range(2):
        stored.remove(queue.peek())
        queue.done(queue.pop())
    add(5)  # spills again, and what was put back is most of memory
    taken = []
    while not queue.complete or len(queue):
        if queue.must_read:
            _read(queue, stored)
        if len(queue):
            taken.append(queue.pop())
    assert sorted(taken) == sorted(stored)


def test_what_comes_late_during_a_read_is_bounded_too():
    queue = _queue(4)
    queue.begin_read()
    stored = [(0, number) for number in range(50)]
    for item in stored:
        queue.add(item)
    assert queue.page_read([], more=False) == 0
    assert len(queue) == 0
    assert queue.must_read
    assert _read(queue, stored) == queue.page


def test_remove_takes_out_whatever_is_wanted():
    queue = _queue()
    _read(queue, [(0, n) for n in range(4)])
    assert sorted(queue.remove(lambda item: item[1] % 2 == 0)) == [(0, 0), (0, 2)]
    assert queue.remove(lambda item: item[1] == 77) == []
    assert [queue.pop(), queue.pop()] == [(0, 1), (0, 3)]


def test_remove_key_takes_out_one_item():
    queue = _queue()
    _read(queue, [(0, n) for n in range(4)])
    assert [queue.remove_key((0, 0)), queue.remove_key((0, 2))] == [(0, 0), (0, 2)]
    assert queue.remove_key((0, 77)) is None and queue.remove_key((0, 0)) is None
    assert len(queue) == 2 and queue.peek() == (0, 1)
    assert [queue.pop(), queue.pop()] == [(0, 1), (0, 3)]
    assert queue.peek() is None
    with pytest.raises(IndexError):
        queue.pop()


def test_what_was_removed_can_be_put_back_in_its_place():
    queue = _queue()
    _read(queue, [(0, n) for n in range(4)])
    queue.push_back([queue.remove_key((0, 1)), queue.remove_key((0, 3))])
    queue.done(queue.remove_key((0, 2)))
    queue.add((0, 2))
    assert [queue.pop() for _ in range(4)] == [(0, n) for n in range(4)]


def test_removing_leaves_nothing_behind_that_grows():
    queue = _queue()
    _read(queue, [(0, 0)])
    for number in range(1, 1000):
        queue.add((0, number))
        queue.done(queue.remove_key((0, number)))
    assert len(queue) == 1
    assert len(queue._heap) < 4 * queue.page + 4
    assert queue.pop() == (0, 0) and queue.peek() is None


_PRIORITIES = st.lists(st.integers(0, 3), max_size=6)


class Paging(RuleBasedStateMachine):
    """Items arrive, are read in pages, sent, finished, cancelled and put back in any interleaving.

    `stored` is what the store lists; `out` what was popped. A read takes its snapshot some
    time between `begin_read` and `page_read`, as the store does.
    """

    exact = True  # the order is

    @initialize(capacity=st.integers(2, 9), before=st.integers(0, 30), skips=st.booleans())
    def start(self, capacity, before, skips):
        self.capacity = capacity
        self.skips = skips  # the store leaves out what is known
        self.queue = _queue(capacity)
        self.stored = {(-(number % 4), number) for number in range(before)}
        self.out, self.snapshot, self.asked = [], None, None
        self.reading = False
        self.number = before
        self.put_back = 0

    def put(self, priorities):
        """New items, stored and offered."""
        for priority in priorities:
            item = (-priority, self.number)
            self.number += 1
            self.stored.add(item)
            self.queue.add(item)

    @rule(priorities=_PRIORITIES)
    def arrive(self, priorities):
        self.put(priorities)

    @rule(data=st.data())
    def offered_again(self, data):
        """The same item twice (a retry promoted while a page had it) is held once."""
        waiting = sorted(self.stored - set(self.out))
        if waiting:
            self.queue.add(data.draw(st.sampled_from(waiting)))

    @precondition(lambda self: self.queue.must_read)
    @rule()
    def begin(self):
        self.asked = self.queue.begin_read()
        self.reading, self.snapshot = True, None

    @precondition(lambda self: self.reading and self.snapshot is None)
    @rule()
    def look(self):
        """The store takes its snapshot."""
        behind = sorted(item for item in self.stored if self.asked is None or item > self.asked)
        if self.skips:
            behind = [item for item in behind if item not in self.queue.known]
        page = self.queue.page
        self.snapshot = (behind[:page], len(behind) > page)

    @precondition(lambda self: self.reading and self.snapshot is not None)
    @rule()
    def arrive_page(self):
        items, more = self.snapshot
        self.reading = False
        self.queue.page_read(items, more=more)

    @precondition(lambda self: self.reading)
    @rule(chance=st.integers(0, 5))
    def fail(self, chance):
        if not chance:
            self.reading = False
            self.queue.read_failed()

    @rule(before=_PRIORITIES, between=_PRIORITIES, sent=st.integers(0, 4), finished=st.integers(0, 4))
    def read_amid_traffic(self, before, between, sent, finished):
        """A whole read, with arrivals before and after the store looks, and sending all the while."""
        if not self.reading:
            if not self.queue.must_read:
                return
            self.begin()
        self.put(before)
        if self.snapshot is None:
            self.look()
        self.put(between)
        for _ in range(min(sent, len(self.queue))):
            self.send()
        for item in self.out[:finished]:
            self.end(item)
        self.arrive_page()

    @precondition(lambda self: len(self.queue) > 0)
    @rule()
    def send(self):
        item = self.queue.pop()
        assert item in self.stored, "handed out after it had left"
        assert item not in self.out, "handed out twice"
        known = self.stored - set(self.out)
        if not self.reading and self.exact:
            # While a page is on its way an item from beyond the horizon may wait; else the order is exact.
            assert item == min(known), (item, min(known))
        self.out.append(item)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def finish(self, data):
        self.end(data.draw(st.sampled_from(self.out)))

    def end(self, item):
        """Durably finished."""
        self.out.remove(item)
        self.stored.discard(item)
        self.queue.done(item)

    @precondition(lambda self: self.out)
    @rule(data=st.data())
    def back(self, data):
        items = data.draw(st.lists(st.sampled_from(self.out), unique=True, min_size=1))
        self.put_back += len(items)
        for item in items:
            self.out.remove(item)
        self.queue.push_back(items)

    @rule(data=st.data())
    def cancel(self, data):
        """Taken out of memory, then gone from the store."""
        if not self.stored:
            return
        wanted = data.draw(st.sampled_from(sorted(self.stored)))
        if self.queue.remove_key(wanted) is not None:
            self.stored.discard(wanted)
            self.queue.done(wanted)

    @rule(rest=st.integers(0, 2))
    def cancel_some(self, rest):
        """Several at once, by what they are."""
        for item in self.queue.remove(lambda item: item[1] % 3 == rest):
            self.stored.discard(item)
            self.queue.done(item)

    @rule(data=st.data())
    def withdraw(self, data):
        """Taken out of memory as if handed out: done or put back later."""
        if self.stored:
            wanted = data.draw(st.sampled_from(sorted(self.stored)))
            if self.queue.remove_key(wanted) is not None:
                self.out.append(wanted)

    @invariant()
    def bounded(self):
        if hasattr(self, "queue"):
            # The capacity, a page that came on top, and what was put back.
            assert len(self.queue) <= self.capacity + self.queue.page + self.put_back

    def teardown(self):
        """At the end everything is handed out once, in order of what is left."""
        if not hasattr(self, "queue"):
            return
        if self.reading:
            self.queue.read_failed()
        left = self.stored - set(self.out)
        taken = []
        for _ in range(10 * (len(left) + 10)):
            if self.queue.must_read:
                _read(self.queue, self.stored)
            if not len(self.queue):
                if self.queue.complete:
                    break
                continue
            taken.append(self.queue.pop())
        assert (taken if self.exact else sorted(taken)) == sorted(left)


class PagingAmongOthers(Paging):
    """Other processes store items, too, and say so: all is handed out once, though not always in order."""

    exact = False

    @rule(priorities=_PRIORITIES)
    def stored_elsewhere(self, priorities):
        for priority in priorities:
            self.stored.add((-priority, self.number))
            self.number += 1
        self.queue.look_again()


Paging.TestCase.settings = settings(
    max_examples=120,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes here: add it to look at a failure
)
TestPaging = Paging.TestCase
PagingAmongOthers.TestCase.settings = Paging.TestCase.settings
TestPagingAmongOthers = PagingAmongOthers.TestCase


def test_forget_reads_anew_and_hands_nothing_out_twice():
    queue = PagedQueue(lambda item: item, 8)
    queue.begin_read()
    queue.page_read([(n, n) for n in range(1, 5)], more=True)
    out = queue.pop()
    queue.begin_read()
    queue.forget()
    assert queue.page_read([(n, n) for n in range(5, 9)], more=True) == 0
    assert (len(queue), queue.must_read, queue.begin_read()) == (0, True, None)
    assert queue.page_read([(0, 9), (1, 1), (2, 2), (3, 3)], more=False) == 3
    assert [queue.pop() for _ in range(3)] == [(0, 9), (2, 2), (3, 3)]
    queue.push_back([out])
    assert queue.pop() == out


def test_another_capacity():
    queue = PagedQueue(lambda item: item, 100)
    queue.begin_read()
    queue.page_read([(0, number) for number in range(50)], more=False)
    queue.resize(10)
    assert (queue.page, len(queue)) == (5, 50)
    queue.add((0, 50))
    assert len(queue) == 5 and not queue.complete  # the rest is left to the store, which has it
    queue.resize(1000)
    assert queue.page == 500 and queue.must_read
