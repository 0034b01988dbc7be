"""Messages for connectors that are none of ours go to whoever takes them."""

from smsgwd.model.message import State
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from tests.southbound.fakes import Bench, message, settings


def test_what_is_offered_or_given_back_is_handed_aside_as_long_as_it_is_queued():
    bench, taken = Bench(), []
    dispatcher = ConnectorDispatcher(
        [settings()], bench.runtime, bench.store, bench.outbox, aside={"@test": lambda some: taken.extend(some)}
    )
    mine, other = message(1, connector="@test"), message(2, connector="gone")
    dispatcher.offer([mine, other])
    assert taken == [mine]
    assert dispatcher.withdraw(1, "@test")
    for state in State:
        dispatcher.restore(message(int(state) + 10, connector="@test", state=state))
    dispatcher.restore(other)
    assert [(each.id, each.state) for each in taken[1:]] == [(State.QUEUED + 10, State.QUEUED)]
