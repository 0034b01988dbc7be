"""What is told of one message comes in its order: a lane pushes several things at once, but never two of one message
whose order would be lost."""

from smsgwd.model.message import State
from smsgwd.notify.target import OPEN_CAPACITY, Lane
from smsgwd.notify.turns import MOST_LEADING, Turns
from tests.notify.fakes import NOW_MS, item


def sent(number, message, **changes):
    return item(number, **{"type": "message.sent", "state": State.SENT, "message_id": message, **changes})


def final(number, message, **changes):
    return item(number, message_id=message, **changes)


def lane_with(*items):
    lane = Lane("demo http://hook.example", "demo", 8, 512)
    lane.queue.begin_read()
    lane.queue.page_read(items, more=False)
    lane.turns.learn(items)
    lane._window = 8
    return lane


def taken(lane, now_ms=NOW_MS):
    """The numbers of what the lane pushes now."""
    found = []
    while lane.ready(now_ms, 0.0):
        found.append(lane.take(now_ms)[0].id)
    return found


def settle(lane, one, renewed=None):
    lane.in_flight -= 1
    lane.unsaved += 1
    lane.settled(one, renewed)


def test_the_end_of_a_message_waits_until_the_tenant_knows_that_it_was_sent():
    first = sent(1, 7)
    lane = lane_with(first, final(2, 7), final(3, 8))
    assert taken(lane) == [1, 3]
    settle(lane, first)
    assert taken(lane) == [2]


def test_it_waits_for_all_that_comes_before_it():
    early = [sent(1, 7), sent(2, 7, type="message.intermediate")]
    lane = lane_with(*early, final(3, 7))
    assert taken(lane) == [1]
    settle(lane, early[0])
    assert taken(lane) == [2]
    settle(lane, early[1])
    assert taken(lane) == [3]


def test_what_failed_keeps_its_place_until_it_is_tried_again():
    first = sent(1, 7)
    lane = lane_with(first, final(2, 7))
    assert taken(lane) == [1]
    again = sent(1, 7, attempts=1, due_at=NOW_MS + 5000)
    settle(lane, first, again)
    assert taken(lane) == []
    assert lane.wake_at_ms(NOW_MS, 0.0) == NOW_MS + 5000
    assert taken(lane, NOW_MS + 5000) == [1]
    settle(lane, again)
    assert taken(lane, NOW_MS + 5000) == [2]


def test_what_is_read_anew_keeps_its_place():
    """After a restart, or where a target that was down is up again: the receipt is due before the word that failed."""
    lane = lane_with(final(2, 7), sent(1, 7, attempts=3, due_at=NOW_MS + 5000))
    assert taken(lane) == []
    assert taken(lane, NOW_MS + 5000) == [1]


def test_what_waits_is_read_anew_with_the_rest():
    first = sent(1, 7)
    lane = lane_with(first, final(2, 7))
    assert taken(lane) == [1]
    settle(lane, first, sent(1, 7, attempts=1, due_at=NOW_MS + 5000))
    assert taken(lane) == []  # the receipt is aside now
    lane.forget(OPEN_CAPACITY)
    lane.forget(512)
    lane.queue.begin_read()
    lane.queue.page_read([final(2, 7), sent(1, 7, attempts=1, due_at=NOW_MS + 5000)], more=False)
    assert taken(lane) == []
    assert taken(lane, NOW_MS + 5000) == [1]


def test_a_probe_of_another_path_does_not_go_before_its_turn():
    lane = lane_with(*(item(number, "http://hook.example/bad") for number in range(1, 6)))
    for _ in range(5):
        one, probe = lane.take(NOW_MS)
        lane.failed(one, 0.0, probe=probe, random=lambda: 0.5, error="refused")
        settle(lane, one)
    assert lane.breaker.is_open
    lane.suspect_path = "http://hook.example/bad"
    lane.turns.learn([sent(10, 7, attempts=1)])
    for each in (item(6, "http://hook.example/bad"), final(11, 7), final(12, 8)):
        lane.queue.add(each)
    assert lane.take(NOW_MS)[0].id == 12


def test_receipts_in_company_wait_for_their_turn_too():
    lane = lane_with(sent(1, 7), final(2, 7), sent(3, 8), final(4, 9))
    lane.batch = 100
    first, _ = lane.take(NOW_MS)
    assert [each.id for each in lane.company(first, NOW_MS)] == [3, 4]


def test_subscribers_messages_wait_for_nobody():
    turns = Turns()
    turns.out(sent(1, 7))
    turns.out(sent(2, 8, payload=b"{}"))
    assert not turns.follows(final(3, 7, payload=b"{}"))
    assert not turns.follows(final(4, 8))
    assert turns.follows(final(5, 7))


def test_as_many_are_followed_up_as_memory_allows():
    turns = Turns()
    for number in range(1, MOST_LEADING + 2):
        turns.out(sent(number, number))
    assert turns.follows(final(MOST_LEADING * 2, MOST_LEADING))
    assert not turns.follows(final(MOST_LEADING * 2 + 1, MOST_LEADING + 1))
