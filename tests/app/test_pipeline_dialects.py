"""What dialects ask of the pipeline: rehearsals, all or none, styles of receipts, references, refused recipients."""

import pytest

from smsgwd.model.callbacks import TELL_SENT, Callback, unpack_callback
from smsgwd.model.changes import Submitted
from smsgwd.model.message import State
from smsgwd.model.submission import Submission
from tests.app.fakes import now
from tests.app.test_pipeline import World, item


@pytest.fixture
def world():
    return World()


def asked(world, *items, **fields):
    return world.pipeline.submit(Submission("demo", list(items), **fields))


def test_a_rehearsal_tells_everything_and_keeps_nothing(world):
    outcome = now(asked(world, item(text="x" * 200), item(dest="12"), dry=True))
    good, bad = outcome.entries
    assert (good.parts, good.price, good.state, good.error) == (2, 80_000, State.QUEUED, None)
    assert bad.error.code == "invalid_recipient"
    assert world.store.log == [] and world.dispatcher.offered == [] and world.seen == []


def test_a_rehearsal_with_the_store_keeps_nothing_either(world):
    told = asked(world, item(), item(dest="12"), item(client_ref="a", unique_ref=True), dry=True, rehearsed=True)
    [[change]] = world.store.log
    assert change.rehearsed and len(change.messages) == 2 and change.unique == (1,)
    world.store.finish([Submitted({1: "repeated_ref"})])
    assert [entry.error and entry.error.code for entry in now(told).entries] == [
        None,
        "invalid_recipient",
        "repeated_ref",
    ]
    assert world.dispatcher.offered == [] and world.seen == []
    assert now(asked(world, item(dest="12"), dry=True, rehearsed=True)).entries[0].error.code == "invalid_recipient"
    assert world.store.waiting == []


def test_a_rehearsal_tells_what_would_have_been_stored(world):
    told = now(asked(world, item(dest="12"), item(text="Whole"), dry=True))
    [message] = told.messages
    assert (message.id, message.text, message.msisdn) == (told.entries[1].id, "Whole", "306912345678")
    sent = asked(world, item())
    world.store.finish()
    assert now(sent).messages == ()


def test_a_rehearsal_is_no_text_of_late(world):
    for _ in range(3):
        assert now(asked(world, item(), dry=True, duplicate_s=60)).entries[0].error is None


def test_all_or_none_takes_nothing_where_one_is_refused(world):
    outcome = now(asked(world, item(), item(dest="12"), whole=True))
    assert [entry.error and entry.error.code for entry in outcome.entries] == [None, "invalid_recipient"]
    assert world.store.log == []


def test_all_or_none_tells_the_store_so(world):
    asked(world, item(), item(), whole=True)
    [[change]] = world.store.log
    assert change.whole and len(change.messages) == 2


def test_the_same_text_within_the_window_of_its_way_in(world):
    def sent():
        answer = asked(world, item(), duplicate_s=120)
        if world.store.waiting:
            world.store.finish()
        error = now(answer).entries[0].error
        return error and error.code

    assert sent() is None
    assert sent() == "duplicate"
    world.clock.advance(121)
    assert sent() is None
    answer = asked(world, item())  # this way in does not mind
    world.store.finish()
    assert now(answer).entries[0].error is None


def test_what_all_or_none_did_not_take_may_come_again(world):
    now(asked(world, item(), item(dest="12"), whole=True, duplicate_s=120))
    answer = asked(world, item(), whole=True, duplicate_s=120)
    world.store.finish()
    assert now(answer).entries[0].error is None


def test_a_message_keeps_the_style_of_its_receipts(world):
    style = Callback("ardary", "Europe/Paris", fields={"user": "me"})
    asked(world, item(callback=style, asks=TELL_SENT), item(callback=style, dlr_url=""), item(dlr_url=""), item())
    [[change]] = world.store.log
    first, silent, quiet, plain = change.messages
    assert unpack_callback(first.callback) == style
    assert (first.asks, first.dlr_url) == (TELL_SENT, "http://tenant.example/dlr")
    assert (silent.callback, silent.dlr_url) == (None, None)
    assert (quiet.callback, quiet.dlr_url) == (None, None)
    assert (plain.callback, plain.dlr_url) == (None, "http://tenant.example/dlr")


def test_references_that_must_be_new_are_named_by_their_places_among_the_messages(world):
    asked(world, item(), item(dest="12", unique_ref=True), item(client_ref="a", unique_ref=True), item(client_ref="b"))
    [[change]] = world.store.log
    assert change.unique == (1,)


def test_refused_recipients_are_kept_where_somebody_asks(world):
    answer = asked(world, item(), item(dest="12"), keep_refused=True)
    [[change]] = world.store.log
    assert change.refused == (("12", "invalid_recipient"),)
    world.store.finish()
    assert change.submission == now(answer).id
    asked(world, item(), item(dest="12"))
    assert world.store.log[1][0].refused is None
