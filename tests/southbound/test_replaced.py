"""A message that was replaced while it was withdrawn: the new one goes out, once, whatever is read meanwhile."""

import msgspec
import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.message import State
from smsgwd.ports.store import QueuedMessage
from tests.southbound.fakes import MUTE, Bench, message


def changed(bench, number, **changes):
    """The store has another message under that id now."""
    new = msgspec.structs.replace(bench.store.messages[number], **{"body": b"new", **changes})
    bench.store.messages[number] = new
    return new


def held_up(**changes):
    """A connector that has written message 1 and waits for its answer."""
    bench = Bench(session={"window": 1}, **changes).start()
    bench.smsc.script = lambda pdu: MUTE
    bench.send(message(1))
    bench.pump()
    return bench


def go_on(bench):
    bench.smsc.script = lambda pdu: 0
    bench.smsc.answer(bench.smsc.connections[0], bench.smsc.submits[0], 0)
    bench.pump()


def test_the_new_text_goes_out_in_the_place_of_the_old():
    bench = held_up()
    bench.send(message(2), message(3))
    assert bench.dispatcher.withdraw(2, "sim")
    bench.dispatcher.restore(changed(bench, 2))
    go_on(bench)
    assert bench.smsc.texts == ["text 1", "new", "text 3"] and bench.idle


def test_with_another_priority_it_has_another_place():
    bench = held_up()
    bench.send(message(2), message(3))
    assert bench.dispatcher.withdraw(3, "sim")
    bench.dispatcher.restore(changed(bench, 3, priority=3))
    go_on(bench)
    assert bench.smsc.texts == ["text 1", "new", "text 2"] and bench.idle


def test_one_that_is_to_be_sent_later_is_not_sent_now():
    bench = held_up()
    bench.send(message(2), message(3))
    assert bench.dispatcher.withdraw(2, "sim")
    bench.dispatcher.restore(changed(bench, 2, state=State.SCHEDULED, due_at=10**13))
    go_on(bench)
    assert bench.smsc.texts == ["text 1", "text 3"] and bench.idle
    bench.dispatcher.offer([changed(bench, 2, state=State.QUEUED, due_at=0)])
    bench.pump()
    assert bench.smsc.texts == ["text 1", "text 3", "new"] and bench.idle


def test_one_that_was_scheduled_and_is_to_go_at_once_goes():
    bench = Bench().start()
    bench.store.keep(message(2, state=State.SCHEDULED, due_at=10**13))
    assert bench.dispatcher.withdraw(2, "sim")
    bench.dispatcher.restore(changed(bench, 2, state=State.QUEUED, due_at=0))
    bench.pump()
    assert bench.smsc.texts == ["new"] and bench.idle


@pytest.mark.parametrize("arrives", ["before the new one is given back", "after it"])
def test_a_page_that_was_read_before_the_change_does_not_bring_the_old_text_back(arrives):
    bench = Bench(queue_capacity=8)
    bench.store.keep(*(message(number) for number in range(1, 4)))
    reading = []
    bench.store.ready = lambda connector, after, limit: reading.append(Deferred()) or reading[-1]
    bench.start()
    old = [QueuedMessage(message(number)) for number in range(1, 4)]
    del bench.store.ready  # later reads see what is there
    assert bench.dispatcher.withdraw(2, "sim")
    new = changed(bench, 2)
    if arrives == "after it":
        bench.dispatcher.restore(new)
        reading.pop().callback(old)
    else:
        reading.pop().callback(old)
        bench.dispatcher.restore(new)
    bench.pump()
    assert sorted(bench.smsc.texts) == ["new", "text 1", "text 3"] and bench.idle
