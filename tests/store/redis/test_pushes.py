"""The outbox, where several nodes owe, push and give up at once: indexes say what rows say."""

import random

import pytest

from smsgwd.model.business import Push
from smsgwd.model.changes import Cancel, OutboxDead, OutboxDone, OutboxRetry, OutboxRevive, PutTenant
from smsgwd.model.operators import Repush, Repushed
from smsgwd.model.upkeep import Tidy
from smsgwd.store.redis.apply import repush
from smsgwd.store.redis.keys import id8, number_of
from smsgwd.store.redis.pushes import DEAD, DONE, PENDING, push_from
from smsgwd.store.redis.reads_outbox import outbox, outbox_dead, outbox_targets, pushes
from tests.store.redis.nodes import nodes
from tests.store.redis.test_books import doing, told
from tests.store.samples import NOW, URL, begin_anew, message, submit, tenant

OTHER = "https://other.example/x"
TARGET = "demo https://tenant.example"


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    both[0].run(doing(PutTenant(tenant())))
    yield both
    for each in both:
        each.close()


def owed(node, count, url=URL):
    """Events owed to a URL; their numbers."""
    results = node.run(doing(*(Push("demo", url, "call", NOW + n, b"{}") for n in range(count))))
    return [result.outbox[0].id for result in results]


def rows(node):
    """All pushes by number."""
    stored = node.stored()
    return {int(key[2:]): push_from(value) for key, value in stored.items() if key.startswith("x:")}


def all_is_indexed(node):
    """What indexes have is what rows say, and names of targets are there where there is something of them."""
    expected = {"x": {}, "xdone": {}, "xt": {}, "xdt": {}}
    for number, row in rows(node).items():
        member, keys = id8(number), node.keys
        expected["x"][member] = 0
        if row.status == DONE:
            expected["xdone"][member] = row.done_at
            continue
        name = keys.pending(row.target) if row.status == PENDING else keys.dead(row.target)
        score = row.due_at if row.status == PENDING else 0
        expected.setdefault(name.removeprefix(keys.base), {})[member] = score
        expected["xt" if row.status == PENDING else "xdt"][row.target.encode()] = 0
    found = {
        name: value for name, value in node.stored().items() if name in expected or name.startswith(("xp:", "xd:"))
    }
    assert found == {name: value for name, value in expected.items() if value}


def test_one_that_two_nodes_end_ends_once(pair):
    one, other = pair
    (number,) = owed(one, 1)
    done, dead = one.begin(doing(OutboxDone(number, NOW + 1))), other.begin(doing(OutboxDead(number, NOW + 2, "410")))
    assert done.commit()
    assert not dead.commit()
    other.run(doing(OutboxDead(number, NOW + 2, "410")))
    assert rows(one)[number].status == DONE
    all_is_indexed(one)


def test_a_target_is_known_as_long_as_it_is_owed_something(pair):
    one, other = pair
    (number,) = owed(one, 1)
    last = one.begin(doing(OutboxDone(number, NOW + 1)))
    owed(other, 1)  # while the other node takes the last of it
    assert last.commit()
    assert [(each.target, each.pending) for each in told(outbox_targets, one, False)] == [(TARGET, 1)]
    all_is_indexed(one)


def test_what_is_owed_again_is_not_deleted_by_who_saw_it_done(pair):
    one, other = pair
    (number,) = owed(one, 1)
    one.run(doing(OutboxDone(number, NOW + 1)))
    tidy = one.begin(doing(Tidy(0, NOW + 2, 0)))
    assert other.run(doing(Repush(NOW + 3, from_ms=NOW, to_ms=NOW + 1))) == [Repushed(1, (TARGET,), number)]
    assert not tidy.commit()
    assert one.run(doing(Tidy(0, NOW + 2, 0))) == [0]
    assert [item.id for item in told(outbox, one, TARGET, None, 9)] == [number]
    all_is_indexed(one)


def test_a_number_that_another_node_has_made_is_not_used_again(pair):
    """Two names may lead to the same numbers."""
    one, other = pair
    (number,) = owed(one, 1)
    given = iter((number, number + 1))
    other.memory.number = lambda at: next(given)
    assert owed(other, 1) == [number + 1]
    assert set(rows(one)) == {number, number + 1}


def test_pushes_that_are_known_are_not_read_and_do_not_fill_the_page(pair):
    first, *rest = owed(pair[0], 5)
    known = {(NOW + place, number) for place, number in enumerate(rest[:3], 1)}
    assert [item.id for item in told(outbox, pair[1], TARGET, None, 2, known)] == [first, rest[3]]


def test_a_page_is_full_where_there_is_enough(pair):
    """Also where a message that is gone leaves a push that cannot be told."""
    node, _ = pair
    messages = [message() for _ in range(5)]
    node.run(doing(submit(*messages)))
    for n, each in enumerate(messages):
        node.run(doing(Cancel("demo", each.id, NOW + n)))
    node.ask([("DEL", node.keys.message(messages[1].id))])
    items = told(outbox, node, TARGET, None, 3)
    assert [item.message_id for item in items] == [messages[n].id for n in (0, 2, 3)]
    rest = told(outbox, node, TARGET, (items[-1].due_at, items[-1].id), 3)
    assert [item.message_id for item in rest] == [messages[4].id]


def test_rows_by_number_where_there_are_more_than_are_sorted(pair, monkeypatch):
    node, _ = pair
    first, other, last = owed(node, 3), owed(node, 2, OTHER), owed(node, 2)
    node.run(doing(OutboxRetry(first[0], NOW + 9000, "503"), OutboxDead(first[1], NOW, "x"), OutboxDone(last[1], NOW)))
    for few in (100, 1):
        monkeypatch.setattr("smsgwd.store.redis.reads_outbox._FEW", few)

        def numbers(target, status, after=0, limit=9):
            return [each.id for each in told(pushes, node, target, status, after, limit)]

        assert numbers("", "pending") == [first[0], first[2], *other, last[0]]
        assert numbers("", "pending", first[0], 2) == [first[2], other[0]]
        assert numbers(TARGET, "pending", first[0]) == [first[2], last[0]]
        assert numbers("", "given_up") == numbers(TARGET, "given_up") == [first[1]]
        assert numbers("", "done") == numbers(TARGET, "done") == [last[1]]


def test_a_span_of_time_in_steps(pair, monkeypatch):
    monkeypatch.setattr(repush, "_LOOKED_AT", 2)
    node, _ = pair
    numbers = owed(node, 7)
    node.run(doing(*(OutboxDone(number, NOW + 9) for number in numbers)))
    count, after, steps = 0, 0, 0
    while True:
        (found,) = node.run(doing(Repush(NOW + 99, from_ms=NOW + 1, to_ms=NOW + 6, after=after)))
        count, after, steps = count + found.count, found.last, steps + 1
        if not found.more:
            break
    assert count == 5
    assert steps > 2
    assert {item.id for item in told(outbox, node, TARGET, None, 99)} == set(numbers[1:6])
    all_is_indexed(node)


def _change(chance, known, now):
    number = chance.choice(known) if known else 5
    return chance.choice(
        (
            lambda: Push("demo", chance.choice((URL, OTHER)), "call", now, b"{}"),
            lambda: OutboxDone(number, now),
            lambda: OutboxRetry(number, now + chance.randrange(5000), "503"),
            lambda: OutboxDead(number, now, "410"),
            lambda: OutboxRevive(TARGET, now, chance.choice((1, 99))),
            lambda: Repush(now, from_ms=NOW, to_ms=now, limit=2),
            lambda: Tidy(0, now - 3000, 0),
        )
    )()


@pytest.mark.parametrize("seed", range(6))
def test_indexes_after_any_changes_of_two_nodes(pair, seed):
    chance = random.Random(seed)
    known, computed, conflicts, seen = [], {}, 0, set()
    for step in range(150):
        node = chance.choice(pair)
        if node not in computed:
            changes = [_change(chance, known[-12:], NOW + step * 100) for _ in range(chance.randrange(1, 5))]
            computed[node] = (changes, node.begin(doing(*changes)))
            continue
        changes, attempt = computed.pop(node)
        results = attempt.result
        if not attempt.commit():
            conflicts += 1
            results = node.run(doing(*changes))
        known += [result.outbox[0].id for result in results if hasattr(result, "outbox")]
        all_is_indexed(node)
        seen |= {row.status for row in rows(node).values()}
    assert seen == {PENDING, DONE, DEAD}
    found = rows(pair[0])
    assert told(outbox_dead, pair[1]) == {
        target: sum(row.target == target and row.status == DEAD for row in found.values())
        for target in sorted({row.target for row in found.values() if row.status == DEAD})
    }
    stored = pair[0].stored()
    assert int(stored["numbers"][b"a"]) > 0
    assert max(map(int, stored["numbers"].values())) >= max(number_of(member) for member in stored["x"])
    assert conflicts > 3
