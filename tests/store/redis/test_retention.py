"""What is old goes, and one person's data, where several nodes change the same at the same time."""

import pytest

from smsgwd.model.changes import Cancel, KeepMoPart, OutboxDead, OutboxDone, PutTenant
from smsgwd.model.message import State
from smsgwd.model.mo import Mo, MoSetKey
from smsgwd.model.operators import DropFinals, Repush
from smsgwd.model.submission import Idempotency
from smsgwd.model.upkeep import BlankTexts, Erase, EraseRest, Purge, Purged, PurgeLeftovers, Tidy
from smsgwd.store.redis.apply import erase
from smsgwd.store.redis.apply.table import apply, prefetch
from smsgwd.store.redis.keys import id8
from smsgwd.store.redis.rows import row_from
from smsgwd.store.redis.walks import EraseWalk, PurgeWalk
from tests.store.redis.nodes import nodes
from tests.store.samples import EURO, HOUR, NOW, begin_anew, message, receipt, sent, submission, submit, tenant

LATER = NOW + 90 * 24 * HOUR
NUMBER, OTHER = "306912345678", "306999999999"
#: What tells of messages and nothing else.
OF_MESSAGES = ("m", "mt", "h", "s", "cf", "o", "due", "held", "q", "x", "xp", "xd", "xdone", "rf")


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    do(both[0], PutTenant(tenant(credit=100 * EURO)))
    yield both
    for each in both:
        each.close()


def _apply(work, changes):
    prefetch(work, [changes])
    return apply(work, changes)


def do(node, *changes):
    """The results of changes in one transaction."""
    results = node.run(lambda work: _apply(work, changes))
    return results if len(results) > 1 else results[0]


def begin(node, *changes):
    """A transaction that is not committed."""
    return node.begin(lambda work: _apply(work, changes))


def cancel(each):
    return Cancel("demo", each.id, NOW)


def of_messages(node):
    """Names of what is kept of messages."""
    return [name for name in node.stored() if name.partition(":")[0] in OF_MESSAGES]


def ended(node, **fields):
    """A message that ended, and the id of the push that tells of it (None without a URL)."""
    new = message(**fields)
    result = do(node, submit(new), cancel(new))[1]
    return new, result.outbox[0].id if result.outbox else None


def test_nothing_is_left_of_a_message(pair):
    one, other = pair
    gone = [message(parts=2, dlr_url=None, client_ref="r", priority=3), message(dlr_url=None)]
    do(one, submit(gone[0], unique=(0,)), submit(gone[1], unique=(), refused=((OTHER, "no_route"),)))
    do(other, sent(gone[0].id, "P1", 1), sent(gone[0].id, "P2", 2), sent(gone[1].id, "Q"))
    do(one, receipt("P1"), receipt("P2"), receipt("Q"))
    assert do(other, Purge(LATER)).more is False
    assert of_messages(one) == []
    assert one.stored()["n:demo"][b"delivered"] == b"2"


def test_an_smsc_id_that_stands_for_another_message_stays(pair):
    node = pair[0]
    first, second = message(dlr_url=None), message(dlr_url=None)
    do(node, submit(first, second), sent(first.id, "A1"), receipt("A1"))
    do(node, sent(second.id, "A1"))
    assert do(node, Purge(LATER)) == Purged(1, False)
    do(node, receipt("A1"))
    assert row_from(node.stored()[f"m:{second.id}"]).state == State.DELIVERED


@pytest.mark.parametrize("purge_first", [True, False])
def test_a_message_is_owed_again_while_it_is_deleted(pair, purge_first):
    one, other = pair
    new, push = ended(one)
    do(one, OutboxDone(push, NOW))
    deleting, owing = begin(one, Purge(LATER)), begin(other, Repush(NOW, (new.id,)))
    assert (deleting.result, owing.result[0].count) == ([Purged(1, False)], 1)
    assert deleting.commit() if purge_first else owing.commit()
    assert not (owing.commit() if purge_first else deleting.commit())
    if purge_first:
        assert do(other, Repush(NOW, (new.id,))).count == 0
    else:
        assert do(one, Purge(LATER)) == Purged(0, False)
    assert (f"m:{new.id}" in one.stored()) is not purge_first


def test_what_is_to_be_written_down_elsewhere_stays_for_all_nodes(pair):
    one, other = pair
    for node in pair:
        node.memory.finals = True
    new, _ = ended(one, dlr_url=None)
    assert do(other, Purge(LATER)) == Purged(0, False)
    stored = one.stored()
    assert stored["fm"] == {id8(new.id): 0}
    assert {member[:8] for member in stored["f"]} == set(stored["fm"])
    assert do(one, DropFinals(int(max(stored["f"].values())))) == 1
    assert do(other, Purge(LATER + 2 * HOUR)) == Purged(1, False)
    assert {"f", "fm"}.isdisjoint(one.stored())


def test_what_comes_and_ends_in_one_transaction_with_a_pass_goes_in_the_next(pair):
    node = pair[0]
    old = message(dlr_url=None)
    do(node, submit(old))
    new = message(dlr_url=None)
    assert do(node, submit(new), cancel(new), cancel(old), Purge(LATER))[3] == Purged(0, False)
    assert sorted(of_messages(node)) == sorted(["h:demo", "m", f"m:{old.id}", f"m:{new.id}", "mt:demo"])
    assert do(node, Purge(LATER + 2 * HOUR)) == Purged(2, False)
    assert of_messages(node) == []


def test_how_far_a_walk_is_counts_only_once_it_happened(pair):
    one, other = pair
    messages = submission(3, dlr_url=None)
    do(one, submit(*messages), *map(cancel, messages))
    first, second = begin(one, Purge(LATER, limit=2)), begin(other, Purge(LATER, limit=2))
    assert one.memory.walks.messages == PurgeWalk()
    assert first.commit()
    assert one.memory.walks.messages.place == messages[1].id
    assert not second.commit()
    assert other.memory.walks.messages == PurgeWalk()
    assert do(other, Purge(LATER, limit=2)) == Purged(1, False)


def test_texts_are_emptied_by_two_nodes(pair):
    one, other = pair
    messages = submission(3, dlr_url=None)
    do(one, submit(*messages), *map(cancel, messages))
    first, second = (begin(node, BlankTexts("demo", LATER, limit=2)) for node in pair)
    assert first.commit()
    assert not second.commit()
    assert do(other, BlankTexts("demo", LATER, limit=2)) == Purged(1, False)
    assert {row_from(one.stored()[f"m:{each.id}"]).told.body for each in messages} == {b""}


def test_pushes_of_many_targets(pair):
    node = pair[0]
    pushes = {}
    for number in range(5):
        _, pushes[number] = ended(node, dlr_url=f"https://t{number}.example/")
    dead = [pushes[number] for number in (0, 2, 4)]
    do(node, *(OutboxDead(push, NOW, "gone") for push in dead))
    change = PurgeLeftovers(LATER, NOW + 1, 0, 0, 0, 100, limit=1)
    count, more = 0, True
    while more:
        result = do(node, change)
        count, more = count + result.count, result.more
    assert count == 3
    stored = node.stored()
    assert {int(name[2:]) for name in stored if name[:2] == "x:"} == {pushes[1], pushes[3]}
    assert "xdt" not in stored
    assert do(node, Purge(LATER)).count == 3


# -- one person's data -------------------------------------------------------------------------------------------------


def test_a_receipt_is_found_while_it_is_erased(pair):
    one, other = pair
    new = message()
    do(one, submit(new), receipt("X1"))
    erasing = begin(one, EraseRest(NUMBER, NOW))
    assert erasing.result[0].counts == {"receipts": 1}
    do(other, sent(new.id, "X1"))
    assert not erasing.commit()
    assert do(one, EraseRest(NUMBER, NOW)).counts == {}
    assert one.memory.walks.erase == EraseWalk()
    assert row_from(one.stored()[f"m:{new.id}"]).state == State.DELIVERED


def test_a_step_that_conflicts_is_made_again(pair, monkeypatch):
    one, other = pair
    monkeypatch.setattr(erase, "_LOOKED_AT", 2)
    part = Mo("sim", NOW, NUMBER, "12345", body=b"x")
    do(one, receipt("X1"), receipt("X2"), receipt("X3", msisdn=OTHER), receipt("X4"))
    do(one, KeepMoPart(MoSetKey("g", NUMBER, "12345", 7, 2, 8), 1, part))
    first = begin(one, EraseRest(NUMBER, NOW))
    do(other, Tidy(0, 0, NOW + HOUR))  # all of them are orphans now
    assert not first.commit()
    counts, more = {}, True
    while more:
        step = do(one, EraseRest(NUMBER, NOW))
        counts = {name: counts.get(name, 0) + step.counts.get(name, 0) for name in counts | step.counts}
        more = step.more
    assert counts == {"receipts": 3, "subscriber_parts": 1}
    names = set(one.stored())
    assert len([name for name in names if name[:2] == "p:"]) == 1
    assert not {name for name in names if name.startswith("mo")}


def test_a_reference_and_words_go_with_the_person(pair):
    node = pair[0]
    new, key = message(client_ref="for Maria", dlr_url=f"https://tenant.example/{NUMBER}"), Idempotency("k", b"d")
    do(node, submit(new, unique=(0,), idempotency=key, answer=f'{{"to":"{NUMBER}"}}'.encode()))
    (item,) = do(node, cancel(new)).outbox
    assert do(node, Erase((new.id,), NUMBER, NOW)).counts == {"messages": 1, "answers": 1}
    assert do(node, EraseRest(NUMBER, NOW)).counts == {}  # its end is to be told of, at its URL
    do(node, OutboxDone(item.id, NOW))
    assert do(node, EraseRest(NUMBER, NOW)).counts == {"pushes": 1}
    stored = {name: value for name, value in node.stored().items() if not name.startswith("t:")}
    assert not [name for name, value in stored.items() if NUMBER.encode() in repr(value).encode()]
    assert not [name for name in stored if name.startswith("cf:")]


def test_a_message_that_another_node_sends_is_left_alone(pair):
    one, other = pair
    new = message()
    do(one, submit(new))
    node = other
    member = next(iter(node.stored()["q:sim"]))
    node.ask([("ZREM", node.keys.queue("sim"), member), ("ZADD", node.keys.queue("sim", "b"), 0, member)])
    assert do(one, Erase((new.id,), NUMBER, NOW)).counts == {}
    assert one.tries == 2
    assert row_from(one.stored()[f"m:{new.id}"]).told.body == new.body
    assert do(other, Erase((new.id,), NUMBER, NOW)).cancelled == (new.id,)
