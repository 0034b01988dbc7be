"""The same text to the same number, where several nodes take messages."""

import pytest

from smsgwd.model.changes import PutTenant, Submitted
from smsgwd.store.apply.submit import submit as do_submit
from smsgwd.store.redis.apply.tenants import put_tenant
from tests.store.redis.nodes import nodes
from tests.store.samples import NOW, begin_anew, message, submission, submit, tenant

WINDOW = 120_000
TEXT, OTHER = (b"digest-of-a-text", WINDOW), (b"digest-of-others", WINDOW)
DUPLICATE = Submitted({0: "duplicate"})


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    both[0].run(lambda work: put_tenant(work, PutTenant(tenant(credit=100_000))))
    yield both
    for each in both:
        each.close()


def take(node, *texts, at=NOW, messages=None, **fields):
    messages = [message() for _ in texts] if messages is None else messages
    change = submit(*messages, texts=texts, at=at, **fields)
    return node.run(lambda work: do_submit(work, change))


def test_what_one_node_took_the_other_refuses(pair):
    one, other = pair
    assert take(one, TEXT) == Submitted({})
    assert take(other, TEXT, at=NOW + WINDOW - 1) == DUPLICATE
    assert other.tries == 2  # it was not asked for before
    assert take(other, OTHER) == Submitted({})
    assert take(one, TEXT) == DUPLICATE


def test_at_the_same_moment_one_is_taken(pair):
    first, second = (node.begin(lambda work: do_submit(work, submit(message(), texts=(TEXT,)))) for node in pair)
    assert first.result == second.result == Submitted({})
    assert first.commit()
    assert not second.commit()


def test_a_new_text_costs_no_round_trip(pair):
    take(pair[0], OTHER)
    before = pair[0].asked
    assert take(pair[0], TEXT) == Submitted({})
    assert pair[0].asked - before == 1  # the commit


def test_a_window_begins_with_what_was_taken_and_ends(pair):
    one, other = pair
    take(one, TEXT)
    assert take(other, TEXT, at=NOW + WINDOW - 1) == DUPLICATE
    assert take(other, TEXT, at=NOW + WINDOW) == Submitted({})
    assert take(one, TEXT, at=NOW + WINDOW + 1) == DUPLICATE
    key = one.keys.text(TEXT[0])
    assert 0 < one.ask([("PTTL", key)])[0] <= WINDOW


def test_it_is_forgotten_by_the_server(pair):
    one, other = pair
    take(one, TEXT)
    assert take(other, TEXT) == DUPLICATE
    one.ask([("DEL", one.keys.text(TEXT[0]))])  # its time is over
    assert take(other, TEXT) == Submitted({})
    assert take(one, TEXT) == DUPLICATE


def test_twice_in_one_submission(pair):
    assert take(pair[0], TEXT, OTHER, TEXT, messages=submission(3)) == Submitted({2: "duplicate"})


def test_what_is_refused_begins_no_window(pair):
    one, other = pair
    assert take(one, TEXT, messages=[message(price=200_000)]) == Submitted({0: "no_credit"})
    assert take(other, TEXT) == Submitted({})


def test_all_or_none(pair):
    one, other = pair
    take(one, TEXT)
    refused = take(other, OTHER, TEXT, messages=submission(2), whole=True)
    assert refused == Submitted({0: "invalid", 1: "duplicate"})
    assert take(one, OTHER) == Submitted({})
