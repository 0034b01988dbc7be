"""Messages on the Redis store: what they are found by is what their records say, and several nodes change them."""

from random import Random
from typing import Any

import msgspec
import pytest

from smsgwd.model.business import Reschedule, Unhold
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    Ignored,
    Moved,
    Note,
    Promote,
    PutTenant,
    Replace,
    Replaced,
    Requeue,
    Reroute,
    Rerouted,
)
from smsgwd.model.message import HELD, Failure, Message, State
from smsgwd.model.operators import Discard, Hold
from smsgwd.model.upkeep import TimeOutReceipts
from smsgwd.store.redis.apply.table import apply, prefetch
from smsgwd.store.redis.base import Taken
from smsgwd.store.redis.keys import id8, queued
from smsgwd.store.redis.rows import full_view, message_of, new_row, pack_row, row_from
from smsgwd.store.rows import MOST_EVENTS, PartRow
from tests.store.redis.nodes import Node, nodes
from tests.store.samples import EURO, HOUR, NOW, begin_anew, message, receipt, sent, submit, tenant

BAD = Failure("smsc_rejected", "0x0b", 11)


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    do(both[0], PutTenant(tenant(credit=EURO)))
    yield both
    for each in both:
        each.close()


def do(node, *changes):
    """The results of changes in one transaction; all it left behind is consistent."""
    results = node.run(lambda work: _apply(work, changes))
    consistent(node)
    return results if len(results) > 1 else results[0]


def begin(node, *changes):
    """A transaction with these changes that is not committed."""
    return node.begin(lambda work: _apply(work, changes))


def _apply(work, changes):
    prefetch(work, [changes])
    return apply(work, changes)


def row(node, number):
    """A message as the server has it."""
    return row_from(node.stored()[f"m:{number}"])


def consistent(node):
    """What messages are found by is what their records say; a queue's members may be claimed by any node."""
    stored = node.stored()
    rows = {int(name[2:]): row_from(value) for name, value in stored.items() if name[:2] == "m:"}
    expected: dict[str, dict[bytes, float]] = {}
    waiting: dict[str, set[bytes]] = {}
    for number, each in rows.items():
        member, told = id8(number), each.told
        for name in ("m", f"mt:{told.tenant}"):
            expected.setdefault(name, {})[member] = 0
        if each.state < 10:
            expected.setdefault(f"o:{each.state}", {})[member] = told.deadline
        if each.state < 2:
            name, score = ("due", each.due_at) if each.due_at < HELD else ("held", 0)
            expected.setdefault(name, {})[member] = score
        if each.state == 2:
            waiting.setdefault(each.connector, set()).add(queued(told.priority, number))
    names = ("m", "due", "held")
    found = {name: each for name, each in stored.items() if name in names or name[:3] == "mt:" or name[:2] == "o:"}
    assert found == expected
    claims: dict[str, set[bytes]] = {}
    for name, members in stored.items():
        if name[:2] == "q:":
            claimed = claims.setdefault(name[2:].partition("@")[0], set())
            assert not claimed & members.keys()
            claimed.update(members)
    assert claims == waiting
    numbers = [each for name, scores in stored.items() if name[:2] == "h:" for each in scores]
    assert sorted(numbers) == sorted(expected.get("m", {}))


def claim(node, new, connector="sim"):
    """A node claims a message."""
    keys, member = node.keys, queued(new.priority, new.id)
    node.ask([("ZREM", keys.queue(connector), member), ("ZADD", keys.queue(connector, node.memory.node), 0, member)])


# -- records -----------------------------------------------------------------------------------------------------------


def test_a_record_has_all_of_a_message():
    new = message(parts=2, fallback="b,c", wire=b"\x00\x01", payers="x:1", deadline=NOW + 5, priority=3, flash=True)
    before = new_row(new)
    before.known[2] = PartRow(2, "x", 3, NOW, None, None, None, None, 7)
    before.events.append((NOW, "retry", "why", None, None, 8, None))
    before.mapped.append(("g", "x"))
    before.pushes.append(5)
    before.ref = "r"
    after = row_from(pack_row(before))
    assert (after.was, after.queued) == ((2, 0, NOW + 5), ("sim", 3))
    after.was = after.queued = None
    assert after == before
    assert message_of(after) == new
    assert [(part.part, part.smsc_id) for part in full_view(after).parts] == [(1, None), (2, "x")]
    assert [event.type for event in full_view(after).events] == ["accepted", "retry"]


def test_a_message_is_told_as_it_is_now():
    before = new_row(message())
    before.state, before.connector, before.due_at, before.attempts, before.hops = 1, "other", NOW, 3, 1
    now = message_of(row_from(pack_row(before)))
    assert (now.state, now.connector, now.due_at, now.attempts, now.hops) == (State.WAITING, "other", NOW, 3, 1)


# -- what they are found by --------------------------------------------------------------------------------------------


def test_found_by_what_they_are_after_every_change(pair):
    node, other = pair
    one, two = message(), message(priority=3)
    later = message(state=State.SCHEDULED, due_at=NOW + HOUR)
    long = message(parts=2)
    do(node, submit(one, two, later, long))
    do(node, Requeue(one.id, NOW + 60_000, "sim", NOW, BAD))
    do(other, Reschedule("demo", later.id, NOW + 2 * HOUR, NOW, NOW + 3 * HOUR))
    do(node, Hold((two.id,), NOW, "why"))
    assert row(node, two.id).due_at >= HELD
    do(node, Reroute("sim", ((long.id, "way"),), NOW, "down"))
    assert do(other, Promote(NOW + 60_000)).messages[0].id == one.id
    assert do(node, Unhold("", "", NOW + 61_000)).messages == (two.id,)
    assert [each.id for each in do(other, Promote(NOW + 61_000)).messages] == [two.id]
    assert isinstance(do(node, sent(one.id, "A1")), Moved)
    do(other, sent(long.id, "B1", connector="way"), sent(long.id, "B2", 2, connector="way"))
    do(node, receipt("A1"), receipt("B1"))
    do(other, receipt("B2"))
    assert do(node, Expire(NOW + 3 * HOUR, frozenset())).messages == (later.id,)
    do(node, Fail(two.id, 1, "sim", NOW + 62_000, BAD))
    states = {each.id: row(node, each.id).state for each in (one, two, later, long)}
    assert states == {one.id: 10, two.id: 13, later.id: 12, long.id: 10}


def test_several_changes_of_one_message_in_one_transaction(pair):
    node, _ = pair
    new, later = message(), message(state=State.SCHEDULED, due_at=NOW + 1)
    do(node, submit(new), sent(new.id, "A1"), receipt("A1"))
    assert row(node, new.id).state == State.DELIVERED
    assert node.stored().get("q:sim") is None
    _, promoted, held, released, again = do(
        node, submit(later), Promote(NOW + 1), Hold((later.id,), NOW, "why"), Unhold("", "", NOW + 2), Promote(NOW + 2)
    )
    assert [len(each.messages) for each in (promoted, again)] == [1, 1]
    assert (held.messages, released.messages) == ((later.id,), (later.id,))
    assert node.stored()["q:sim"] == {queued(1, later.id): 0}


def test_retries_move_along_with_the_clock(pair):
    node, other = pair
    new = message()
    do(node, submit(new), Requeue(new.id, NOW + HOUR, "sim", NOW, BAD))
    assert do(other, Promote(NOW, set_back=HOUR)).messages[0].id == new.id


def test_what_ends_or_waits_is_not_remembered(pair):
    node, _ = pair
    new, later, stays = message(), message(state=State.SCHEDULED, due_at=NOW + HOUR), message()
    do(node, submit(new, later, stays), sent(new.id, "A1"), receipt("A1"))
    known = [node.memory.cache.get(node.keys.message(each.id)) is not None for each in (new, later, stays)]
    assert known == [False, False, True]
    assert node.memory.cache.get(node.keys.smsc("g", "a1")) is None


def test_events_are_bounded(pair):
    node, _ = pair
    new = message()
    do(node, submit(new), *(Note(new.id, NOW, "refused", str(n)) for n in range(MOST_EVENTS + 5)))
    assert len(row(node, new.id).events) == MOST_EVENTS


def test_what_is_forgotten_leaves_nothing(pair):
    node, _ = pair
    first, second = message(dlr_url=None, price=0), message(dlr_url=None, price=0)
    do(node, submit(first), sent(first.id, "A1"), sent(first.id, "A2"), receipt("A1"))
    do(node, submit(second), sent(second.id, "A2"))  # the SMSC uses an id again
    node.run(lambda work: work.forget(work.row(first.id)))
    consistent(node)
    stored = node.stored()
    assert f"m:{first.id}" not in stored
    assert [name for name in stored if name[:2] == "s:"] == ["s:g:a2"]
    assert isinstance(do(node, receipt("A2")), Moved)


def test_what_is_forgotten_as_it_comes_has_had_a_number(pair):
    node, _ = pair
    was, gone, stays = message(dlr_url=None), message(dlr_url=None), message()
    do(node, submit(was))

    def come_and_go(work):
        _apply(work, [submit(gone, stays), Cancel("demo", gone.id, NOW), Cancel("demo", was.id, NOW)])
        work.forget(work.row(gone.id), work.row(was.id))

    node.run(come_and_go)
    consistent(node)
    assert node.stored()["h:demo"] == {id8(stays.id): 3}


# -- several nodes -----------------------------------------------------------------------------------------------------


def test_an_id_that_is_taken_fails_the_transaction(pair):
    node, other = pair
    new = message()
    do(node, submit(new))
    with pytest.raises(Taken):
        do(node, submit(message(id=new.id)))
    with pytest.raises(Taken):
        do(other, submit(message(id=new.id)))
    again = message()
    with pytest.raises(Taken):
        do(node, submit(again), submit(message(id=again.id)))
    consistent(node)


def test_one_of_two_that_change_a_message_at_once_computes_again(pair):
    node, other = pair
    new = message()
    do(node, submit(new))
    cancels, answers = begin(node, Cancel("demo", new.id, NOW)), begin(other, sent(new.id, "A1"))
    assert (type(cancels.result[0]), type(answers.result[0])) == (Moved, Moved)
    assert answers.commit()
    assert not cancels.commit()
    consistent(node)
    assert do(node, Cancel("demo", new.id, NOW)) == Ignored("left", new.id)


def test_two_nodes_take_messages_of_one_tenant_at_once(pair):
    node, other = pair
    one, two = message(), message()
    first, second = begin(node, submit(one)), begin(other, submit(two))
    assert first.commit()
    assert second.commit()
    consistent(node)
    assert node.stored()["h:demo"] == {id8(one.id): 1, id8(two.id): 2}


def test_what_another_node_has_claimed_is_left_alone(pair):
    node, other = pair
    new, free = message(), message()
    do(node, submit(new, free))
    claim(node, new)
    assert do(other, Cancel("demo", new.id, NOW)) == Ignored("left", new.id)
    assert do(other, Hold((new.id,), NOW, "why")) == Rerouted(())
    assert do(other, Discard((new.id,), NOW, "why")).messages == ()
    assert do(other, Reroute("sim", ((new.id, "way"),), NOW, "down")) == Rerouted(())
    assert do(other, Replace("demo", message(id=new.id, body=b"new"), NOW)) == Ignored("left", new.id)
    late = NOW + 25 * HOUR
    assert do(other, Expire(late, frozenset())).messages == (free.id,)
    assert other.memory.claimed == set()
    assert row(node, new.id).state == State.QUEUED
    assert isinstance(do(node, sent(new.id, "A1")), Moved)
    assert not [name for name in node.stored() if name[:2] == "q:"]


def test_only_those_that_are_claimed_elsewhere_are_left_alone(pair):
    node, other = pair
    several = [message() for _ in range(5)]
    do(node, submit(*several))
    claim(node, several[2])
    moves = tuple((each.id, "way") for each in several)
    moved = do(other, Reroute("sim", moves, NOW, "down")).messages
    assert moved == tuple(each.id for each in several if each is not several[2])


def test_what_a_node_claimed_itself_is_its_own(pair):
    node, _ = pair
    one, two, three = message(), message(), message()
    do(node, submit(one, two, three))
    for each in (one, two, three):
        claim(node, each)
    assert isinstance(do(node, Cancel("demo", one.id, NOW)), Moved)
    do(node, Requeue(two.id, 0, "sim", NOW, BAD))  # at once, where it is
    assert node.stored()["q:sim@a"].keys() == {queued(1, two.id), queued(1, three.id)}
    # Whoever sends it may have read the old one: it is to be claimed anew.
    assert do(node, Replace("demo", message(id=three.id, body=b"new"), NOW)) == Replaced(three.id)
    assert node.stored()["q:sim@a"].keys() == {queued(1, two.id)}
    assert node.stored()["q:sim"].keys() == {queued(1, three.id)}


def test_what_is_ready_goes_to_this_node_where_it_sends(pair):
    node, _ = pair
    node.memory.room = lambda connector: 9 * (connector == "mine")
    one, two, three = message(connector="mine"), message(), message()
    attempt = begin(node, submit(one, two, three))
    assert attempt.commit()
    consistent(node)
    stored = node.stored()
    assert stored["q:mine@a"].keys() == {queued(1, one.id)}
    assert stored["q:sim"].keys() == {queued(1, two.id), queued(1, three.id)}
    assert stored["qs"].keys() == {b"mine\0a", b"sim"}
    assert attempt.program.published == [(node.keys.ready("sim"), b"")]


def test_an_index_that_is_newer_than_what_is_remembered(pair):
    node, other = pair
    new = message(deadline=NOW + HOUR, fallback="way")
    do(node, submit(new), sent(new.id, "A1"))
    do(other, receipt("A1", State.UNDELIVERED))  # it goes its second way: it is QUEUED again
    assert do(node, Expire(NOW + HOUR, frozenset())).messages == (new.id,)
    assert row(node, new.id).state == State.EXPIRED


def test_held_ones_are_chosen_by_tenant_number_and_connector(pair):
    node, other = pair
    due = HELD + NOW
    mine = message(state=State.SCHEDULED, due_at=due)
    far = message(state=State.SCHEDULED, due_at=due, msisdn="4912345", connector="way")
    do(node, submit(mine, far))
    asked = {("demo", "", ""), ("", "49", ""), ("", "", "way"), ("x", "", ""), ("demo", "30", "sim")}
    found = {each: other.run(lambda work, each=each: work.held_ids(*each, 10)) for each in asked}
    assert found == {
        ("demo", "", ""): [mine.id, far.id],
        ("", "49", ""): [far.id],
        ("", "", "way"): [far.id],
        ("x", "", ""): [],
        ("demo", "30", "sim"): [mine.id],
    }
    assert other.run(lambda work: work.held_ids("", "", "", 1)) == [mine.id]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_two_nodes_do_at_once(pair, seed):
    """Seeded changes, mostly two at a time that know nothing of each other."""
    dice = Random(seed)
    known: list[Message] = []
    claims: dict[int, Node] = {}
    at = NOW
    for step in range(120):
        at += dice.choice((0, 1, 60_000))
        both = [(node, _some(dice, node, at, known, claims)) for node in pair]
        attempts = [(node, changes, begin(node, *changes)) for node, changes in both]
        for node, changes, attempt in attempts:
            if not attempt.commit():
                node.run(lambda work, changes=changes: _apply(work, changes))
        if known and dice.random() < 0.3:
            new, node = dice.choice(known), dice.choice(pair)
            if node.ask([("ZSCORE", node.keys.queue("sim"), queued(new.priority, new.id))])[0] is not None:
                claim(node, new)
                claims[new.id] = node
        if step % 10 == 9:
            consistent(pair[0])
    consistent(pair[0])
    stored = pair[0].stored()
    ended = [row_from(value).state >= State.DELIVERED for name, value in stored.items() if name[:2] == "m:"]
    assert True in ended
    tally = stored["n:demo"]
    assert int(tally[b"accepted"]) == len(ended)
    assert sum(int(tally.get(name, 0)) for name in (b"delivered", b"failed", b"cancelled")) == sum(ended)


def _some(dice, node, at, known, claims):
    """Changes of one node. What it has claimed only it sends, and what nobody has, nobody sends."""
    changes: list[Any] = []
    for _ in range(dice.randrange(1, 4)):
        what = dice.random()
        new = dice.choice(known) if known and what >= 0.25 else message(submitted_at=at, deadline=at + 600_000)
        if new not in known:
            known.append(new)
            changes.append(submit(new, at=at))
        elif what < 0.35:
            changes.append(Cancel("demo", new.id, at))
        elif what < 0.45:
            changes.append(Hold((new.id,), at, "why"))
        elif what < 0.55:
            changes.append(Unhold("", "", at))
        elif what < 0.65:
            changes.append(Promote(at))
        elif what < 0.7:
            changes.append(Expire(at, frozenset()))
        elif what < 0.75:
            changes.append(receipt(f"A{new.id:x}", received_at=at))
        elif claims.get(new.id) is node:
            if what < 0.85:
                changes.append(Requeue(new.id, at + 30_000, "sim", at, BAD))
            else:
                changes.append(sent(new.id, f"A{new.id:x}", at=at))
    return changes


# -- round trips -------------------------------------------------------------------------------------------------------


def trips(node, *changes):
    """How often a node asks the server for a transaction, the commit included."""
    before = node.asked
    do(node, *changes)
    assert node.tries == 1
    return node.asked - before


def test_few_round_trips(pair):
    node, other = pair
    several = [message() for _ in range(20)]
    assert trips(node, *(submit(each) for each in several)) == 1
    assert trips(node, *(sent(each.id, f"A{each.id}") for each in several[:10])) == 1
    assert trips(node, *(receipt(f"A{each.id}") for each in several[:5])) == 1
    # Nothing of this is known to the other one: its tenant and money are read, too.
    assert trips(other, *(receipt(f"A{each.id}") for each in several[5:10])) == 4
    assert trips(other, *(sent(each.id, f"A{each.id}") for each in several[10:])) == 2


def test_receipts_that_write_their_id_otherwise_are_read_together(pair):
    node, other = pair
    several = [message(price=0, dlr_url=None) for _ in range(10)]
    do(node, *(submit(each) for each in several))
    do(node, *(sent(each.id, f"{200 + n:x}") for n, each in enumerate(several)))
    trips(other, receipt("nobody's"))
    assert trips(other, *(receipt(str(200 + n)) for n in range(10))) <= 4
    assert {row(node, each.id).state for each in several} == {State.DELIVERED}


def test_receipts_that_never_came(pair):
    node, other = pair
    several = [message(deadline=NOW + n) for n in range(1, 6)]
    do(node, submit(*several))
    do(node, *(sent(each.id, f"A{each.id}") for each in several))
    swept = do(other, TimeOutReceipts(NOW + 99 * HOUR, NOW + 4, limit=2))
    assert (swept.messages, swept.more) == (tuple(each.id for each in several[:2]), True)
    assert do(other, TimeOutReceipts(NOW + 99 * HOUR, NOW + 4)).messages == (several[2].id,)


def test_a_record_of_fewer_fields_is_read():
    """Fields that come later have defaults: the ones of today are read from any record."""
    value = pack_row(new_row(message()))
    more = msgspec.msgpack.encode([*msgspec.msgpack.decode(value), "of a later version"])
    assert row_from(more) == row_from(value)
