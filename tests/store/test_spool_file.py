"""The file that submissions wait in."""

import sqlite3

import pytest

from smsgwd.model.changes import KeyMismatch, Note, Replayed
from smsgwd.model.message import State
from smsgwd.model.spooled import Spooled, Waiting
from smsgwd.model.submission import Idempotency
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.spool_file import FILE, SpoolFile, refuse_left
from smsgwd.store.writer import CannotOpen
from tests.store.samples import NOW, begin_anew, message, submission, submit


@pytest.fixture
def path(tmp_path):
    begin_anew()
    return tmp_path / FILE


@pytest.fixture
def file(path):
    found = SpoolFile(path, "p", 10)
    yield found
    found.close()


def put(file, *batches, at=NOW):
    return file.put([[Waiting(each) for each in batch] for batch in batches], at)


def test_what_is_put_comes_back_in_its_order_after_it_was_opened_again(path):
    file = SpoolFile(path, "p", 10)
    first, second = submit(message(), answer=b"x"), submit(*submission(2), whole=True, texts=((b"d", 5), (b"e", 6)))
    noted = Waiting(first, (Note(first.messages[0].id, NOW, "held", "why"),))
    assert file.put([[noted], [Waiting(second)]], NOW) == [[Spooled({})], [Spooled({})]]
    assert (file.messages, file.oldest, file.highest()) == (3, NOW, second.messages[1].id)
    identity = file.id
    file.close()
    file = SpoolFile(path, "p", 10)
    assert (file.messages, file.id) == (3, identity)
    row = file.take()
    assert (row.waiting, row.cancelled) == ([noted], {})
    file.settle(row.seq)
    row = file.take()
    assert row.waiting == [Waiting(second)]
    file.settle(row.seq)
    assert (file.take(), file.messages, file.oldest, file.highest()) == (None, 0, None, 0)
    assert put(file, [submit(message())])
    assert file.take().seq > row.seq  # what the store remembers of them stays true
    file.close()


def test_a_batch_that_there_is_no_room_for_is_refused_alone(file):
    nine, two, one = submit(*submission(9)), submit(*submission(2)), submit(message())
    kept, refused, last = put(file, [nine], [two], [one])
    assert (kept, last, file.messages) == ([Spooled({})], [Spooled({})], 10)
    assert isinstance(refused, StoreUnavailable)


def test_a_key_that_waits_is_answered_as_it_was(file):
    key, first = Idempotency("k", b"d"), message()
    [[kept, again]] = put(
        file, [submit(first, idempotency=key, answer=b"a"), submit(message(), idempotency=key, answer=b"b")]
    )
    assert (kept, again, file.messages) == (Spooled({}), Replayed(b"a", {}), 1)
    [[other]] = put(file, [submit(message(), idempotency=Idempotency("k", b"other"), answer=b"b")])
    assert other == KeyMismatch()
    asked = [("demo", "k", b"d"), ("demo", "k", b"x"), ("demo", "l", b"d"), ("other", "k", b"d")]
    assert file.known(asked) == [Replayed(b"a", {}), KeyMismatch(), None, None]
    file.settle(file.take().seq)
    assert file.known(asked[:1]) == [None]


def test_messages_are_found_and_cancelled_until_they_are_taken(file):
    messages = submission(2)
    put(file, [submit(*messages)])
    first, second = (each.id for each in messages)
    assert [view.message for view in file.find("demo", first)] == messages[:1]
    assert [view.message for view in file.find("demo", messages[0].submission)] == messages
    assert file.find("other", first) == file.find("demo", 1 << 70) == file.find("demo", second + 1) == []
    assert file.cancel("other", first, NOW) is None
    [view] = file.cancel("demo", first, NOW + 5)
    assert (view.message.state, view.done_at) == (State.CANCELLED, NOW + 5)
    assert file.cancel("demo", first, NOW + 6) == []
    row = file.take()
    assert row.cancelled == {first: NOW + 5}
    assert file.cancel("demo", second, NOW) == []
    file.back()
    assert file.cancel("demo", second, NOW)


def test_what_cannot_be_applied_is_kept_aside_once(file):
    put(file, [submit(message())])
    row = file.take()
    file.put_aside(row.seq, 0, row.waiting[0], "why")
    file.put_aside(row.seq, 0, row.waiting[0], "why")
    file.settle(row.seq)
    assert (file.aside, file.messages) == (1, 0)


def test_a_failure_keeps_nothing(file):
    one = message()
    with pytest.raises(sqlite3.IntegrityError):
        put(file, [submit(one)], [submit(one)])
    assert (file.messages, file.oldest, file.take()) == (0, None, None)


def test_one_process_has_it(path, file):
    with pytest.raises(CannotOpen, match="locked"):
        SpoolFile(path, "p", 10)


def test_nobody_else_begins_while_messages_wait(path):
    refuse_left(path.parent)
    file = SpoolFile(path, "p", 10)
    put(file, [submit(message())])
    file.close()
    with pytest.raises(CannotOpen, match="1 acknowledged messages wait there for the Redis store with prefix 'p'"):
        refuse_left(path.parent)
    with pytest.raises(CannotOpen, match="prefix 'p'"):
        SpoolFile(path, "other", 10)
    file = SpoolFile(path, "p", 10)
    file.settle(file.take().seq)
    file.close()
    refuse_left(path.parent)
    SpoolFile(path, "other", 10).close()


def test_what_is_no_such_file_is_said(path):
    path.write_bytes(b"something else, and long enough to be looked at" * 100)
    with pytest.raises(CannotOpen, match=FILE):
        SpoolFile(path, "p", 10)
    with pytest.raises(CannotOpen, match=FILE):
        refuse_left(path.parent)
