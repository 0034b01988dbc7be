import pytest
from twisted.internet.defer import fail

from smsgwd.app.messages import MessageService
from smsgwd.model.changes import Cancel, Ignored, Moved
from smsgwd.model.message import Coding, Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock, FakeDispatcher, FakeOutbox, FakeStore, now


def view(message_id, state=State.QUEUED):
    message = Message(message_id, 100, "t", "s", "+30691", "30691", b"x", Coding.GSM7, 1, "sim", 0, 9, state)
    return MessageView(message, None, None, None, None)


@pytest.fixture
def world():
    store, dispatcher, outbox = FakeStore(), FakeDispatcher(), FakeOutbox()
    service = MessageService(store, dispatcher, outbox, FakeClock())
    return store, dispatcher, outbox, service


def test_either_id_is_found_and_nobody_elses(world):
    store, _, _, service = world
    store.views = {("t", 101): view(101), ("t", 102): view(102)}
    assert now(service.get("t", 101)).message.id == 101
    assert [v.message.id for v in now(service.get("t", 100))] == [101, 102]
    assert now(service.get("other", 101)) is None
    assert now(service.get("t", 5)) is None


def test_cancelling_withdraws_first_and_commits_then(world):
    store, dispatcher, outbox, service = world
    store.views = {("t", 101): view(101)}
    answer = service.cancel("t", 101)
    assert dispatcher.withdrawn == [101] and not answer.called
    assert [type(c) for c in store.log[0]] == [Cancel]
    store.views[("t", 101)] = view(101, State.CANCELLED)
    store.finish([Moved(101, State.CANCELLED, ("push",))])
    assert now(answer).message.state is State.CANCELLED
    assert outbox.items == ["push"] and dispatcher.restored == []


def test_what_is_being_sent_is_too_late(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}
    dispatcher.flying = {101}
    with pytest.raises(Refused) as caught:
        now(service.cancel("t", 101))
    assert caught.value.refusal is Refusal.TOO_LATE
    assert store.log == []


def test_a_final_message_is_too_late_and_an_unknown_one_not_found(world):
    store, _, _, service = world
    store.views = {("t", 101): view(101, State.DELIVERED)}
    for any_id, expected in ((101, Refusal.TOO_LATE), (7, Refusal.NOT_FOUND)):
        with pytest.raises(Refused) as caught:
            now(service.cancel("t", any_id))
        assert caught.value.refusal is expected


def test_of_a_submission_what_can_be_cancelled_is(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101), ("t", 102): view(102, State.SENT), ("t", 103): view(103)}
    dispatcher.flying = {103}
    answer = service.cancel("t", 100)
    store.finish([Moved(101, State.CANCELLED)])
    assert len(now(answer)) == 3
    assert [c.message_id for c in store.log[0]] == [101]


def test_a_cancellation_that_was_not_kept_gives_the_message_back(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}
    answer = service.cancel("t", 101)
    store.fail(StoreUnavailable("full"))
    with pytest.raises(Refused) as caught:
        now(answer)
    assert caught.value.refusal is Refusal.STORE_UNAVAILABLE
    assert dispatcher.restored == [101]
    answer = service.cancel("t", 101)
    store.finish([Ignored("left", 101)])
    with pytest.raises(Refused):
        now(answer)
    assert dispatcher.restored == [101, 101]


def test_what_was_sent_while_it_was_looked_up_is_not_given_back_as_queued(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}  # read before it was sent ...
    answer = service.cancel("t", 101)
    store.views[("t", 101)] = view(101, State.SENT)  # ... and withdrawn after
    store.finish([Ignored("left", 101)])
    with pytest.raises(Refused) as caught:
        now(answer)
    assert caught.value.refusal is Refusal.TOO_LATE
    assert dispatcher.restored_as == [State.SENT]


def test_whatever_breaks_the_commit_the_message_is_given_back(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}
    answer = service.cancel("t", 101)
    store.fail(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        now(answer)
    assert dispatcher.restored == [101]


def test_a_store_that_cannot_be_read_after_the_commit_loses_no_message(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}
    answer = service.cancel("t", 101)

    def unreadable(tenant, message_id):
        return fail(StoreUnavailable("gone"))

    store.message = unreadable
    store.finish([Ignored("left", 101)])
    with pytest.raises(StoreUnavailable):
        now(answer)
    assert dispatcher.restored == [101]


def test_what_went_over_to_another_connector_between_read_and_withdrawal_is_too_late(world):
    store, dispatcher, _, service = world
    store.views = {("t", 101): view(101)}
    withdraw = dispatcher.withdraw

    def and_it_goes_over(message_id, connector):
        moved = view(101)
        moved.message.connector = "other"
        store.views[("t", 101)] = moved
        return withdraw(message_id, connector)

    dispatcher.withdraw = and_it_goes_over
    with pytest.raises(Refused) as caught:
        now(service.cancel("t", 101))
    assert caught.value.refusal is Refusal.TOO_LATE
    assert store.log == []
    assert (dispatcher.restored, dispatcher.restored_as) == ([101], [State.SENT])
