"""One lane: window, probes, what it holds."""

from smsgwd.notify.target import OPEN_CAPACITY, Lane
from tests.notify.fakes import NOW_MS, item

HOUR_MS = 3_600_000


def lane_with(*items, most=8, complete=True):
    lane = Lane("demo http://hook.example", "demo", most, 512)
    lane.queue.begin_read()
    lane.queue.page_read(items, more=not complete)
    return lane


def fail(lane, one, now=0.0, probe=False):
    lane.in_flight -= 1
    lane.unsaved += 1
    return lane.failed(one, now, probe=probe, random=lambda: 0.5, error="refused")


def bring_down(lane, now=0.0):
    for _ in range(5):
        one, probe = lane.take(NOW_MS)
        fail(lane, one, now, probe)
        lane.settled(one, None)
    assert lane.breaker.is_open
    lane.fit(512)


def test_the_window_grows_with_success_and_halves_with_failure():
    lane = lane_with(*(item(n) for n in range(1, 100)), most=8)

    def fill():
        count = 0
        while lane.ready(NOW_MS, 0.0):
            lane.take(NOW_MS)
            count += 1
        return count

    assert fill() == 2
    sizes = []
    for _ in range(8):
        lane.in_flight -= 1
        lane.succeeded(0.01)
        fill()
        sizes.append(lane.in_flight)
    assert sizes == [3, 4, 5, 6, 7, 8, 8, 8]
    fail(lane, item(1))
    assert lane.in_flight == 7
    assert not lane.ready(NOW_MS, 0.0)
    lane.in_flight = 3
    assert fill() == 1


def test_suspect_until_it_answers_well_and_quickly():
    lane = lane_with(*(item(n) for n in range(1, 10)))
    assert lane.suspect
    lane.succeeded(0.1)
    assert not lane.suspect
    lane.succeeded(5.0)
    assert lane.suspect
    lane.succeeded(0.1)
    one, _ = lane.take(NOW_MS)
    fail(lane, one)
    assert lane.suspect


def test_not_before_its_time():
    lane = lane_with(item(1, due_at=NOW_MS + 5000, attempts=1))
    assert not lane.ready(NOW_MS, 0.0)
    assert lane.wake_at_ms(NOW_MS, 0.0) == NOW_MS + 5000
    assert lane.ready(NOW_MS + 5000, 5.0)


def test_down_it_holds_little_probes_alone_and_waits_for_the_result_of_the_probe_that_worked():
    lane = lane_with(*(item(n) for n in range(1, 300)))
    bring_down(lane)
    assert len(lane.queue) == 0
    assert lane.queue.page <= OPEN_CAPACITY
    lane.queue.begin_read()
    lane.queue.page_read([item(n) for n in range(6, 38)], more=True)
    assert not lane.ready(NOW_MS, 1.0)
    assert lane.wake_at_ms(NOW_MS, 1.0) == NOW_MS + 4001
    assert lane.ready(NOW_MS, 5.0)
    one, probe = lane.take(NOW_MS)
    assert probe
    assert not lane.ready(NOW_MS, 5.0)
    lane.in_flight -= 1
    lane.unsaved += 1
    assert lane.succeeded(0.1)
    assert not lane.ready(NOW_MS, 5.0)
    lane.settled(one, None)
    lane.fit(512)
    assert lane.queue.must_read
    assert lane.queue.page == 256


def test_probes_change_the_path_where_they_can():
    items = [item(n, f"http://hook.example/bad?{n}") for n in range(1, 10)]
    lane = lane_with(
        *items,
        item(20, "http://hook.example/good"),
        item(21, "http://hook.example/late", due_at=NOW_MS + 9, attempts=1),
    )
    for _ in range(5):
        fail(lane, lane.take(NOW_MS)[0])
    first, _ = lane.take(NOW_MS)
    fail(lane, first, probe=True)
    assert "/bad" in first.url
    second, _ = lane.take(NOW_MS)
    assert second.id == 20
    fail(lane, second, probe=True)
    third, _ = lane.take(NOW_MS)
    assert third.id == 7


def test_reaped_only_after_an_hour_down_and_past_its_age():
    lane = lane_with(*(item(n) for n in range(1, 6)))
    bring_down(lane)
    old, young = item(8, created_at=NOW_MS - 25 * HOUR_MS), item(9)
    lane.queue.begin_read()
    lane.queue.page_read([old, young], more=False)
    assert lane.expired(NOW_MS, 3599.0, 24 * HOUR_MS) == []
    assert lane.expired(NOW_MS, 3600.0, 24 * HOUR_MS) == [old]
    assert lane.queue.peek() is young


def test_what_is_settled_is_forgotten_so_that_it_can_come_again():
    lane = lane_with(item(1))
    one, _ = lane.take(NOW_MS)
    assert lane.queue.add(item(1))
    assert lane.queue.peek() is None  # it is out: the same item is not taken twice
    lane.in_flight -= 1
    lane.unsaved += 1
    lane.settled(one, None)
    assert lane.idle
    lane.queue.add(item(1))
    assert lane.queue.peek() is not None


def test_forgetting_waits_until_nothing_is_out():
    lane = lane_with(*(item(n) for n in range(1, 100)))
    for _ in range(5):
        fail(lane, lane.take(NOW_MS)[0])
    queue = lane.queue
    lane.fit(512)
    assert lane.queue is queue
