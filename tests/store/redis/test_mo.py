"""Parts of subscribers' messages that come to several nodes."""

import random

import pytest

from smsgwd.model.changes import KeepMoPart, Owed, TakeMo
from smsgwd.store.apply.mo import keep_mo_part, take_mo
from smsgwd.store.redis.mo import mo_parts_of, mo_set_of
from smsgwd.store.rows import MO_COMPLETE, MO_DONE, MO_WAITS
from tests.store.contract_mo import HOOK, WHOLE, key, part
from tests.store.redis.nodes import nodes
from tests.store.samples import NOW, begin_anew

INDEXES = {"moa": MO_WAITS, "moc": MO_COMPLETE, "mod": MO_DONE}


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    yield both
    for each in both:
        each.close()


def keep(node, seq, mo, of=None):
    """Keep a part."""
    return node.run(lambda work: keep_mo_part(work, KeepMoPart(of or key(), seq, mo)))


def found(node):
    """The indexes: sets with their times, by status."""
    stored = node.stored()
    return {
        status: {mo_set_of(member): at for member, at in stored.get(name, {}).items()}
        for name, status in INDEXES.items()
    }


def meant(node):
    """What they should be by the rows."""
    wanted = {status: {} for status in INDEXES.values()}
    for name, value in node.stored().items():
        if not name.startswith("mo:"):
            continue
        group, source, dest, _, total, width = name.split(":")[1:]
        sets = {}
        for row in mo_parts_of(value):
            sets.setdefault(row.ref, []).append(row)
        for ref, rows in sets.items():
            each = key(ref, int(total), group=group, source=source, dest=dest, width=int(width))
            waits = [row.received_at for row in rows if row.status != MO_DONE]
            done = [row.received_at for row in rows if row.status == MO_DONE]
            if waits:
                complete = any(row.status == MO_COMPLETE for row in rows)
                wanted[MO_COMPLETE if complete else MO_WAITS][each] = min(waits)
            if done:
                wanted[MO_DONE][each] = min(done)
    return wanted


def test_both_parts_come_at_once_to_two_nodes(pair):
    """One of the two nodes is told that the set is complete, and only one."""
    one, other = pair
    first = one.begin(lambda work: keep_mo_part(work, KeepMoPart(key(), 1, part(b"1"))))
    second = other.begin(lambda work: keep_mo_part(work, KeepMoPart(key(), 2, part(b"2", NOW + 1))))
    assert (first.result.complete, second.result.complete) == ((), ())
    assert first.commit()
    assert not second.commit()
    assert [mo.body for mo in keep(other, 2, part(b"2", NOW + 1)).complete] == [b"1", b"2"]
    assert found(one) == {MO_WAITS: {}, MO_COMPLETE: {key(): NOW}, MO_DONE: {}}


def test_two_nodes_take_one_set(pair):
    one, other = pair
    for number in (1, 2):
        keep(one, number, part(b"%d" % number))
    take = TakeMo("demo", url=HOOK, message=WHOLE, done=key(), at=NOW)
    other.run(lambda work: work.mo_sets(key(), (7,)))
    first, second = (node.begin(lambda work: take_mo(work, take)) for node in pair)
    assert len(first.result.outbox) == len(second.result.outbox) == 1
    assert first.commit()
    assert not second.commit()
    assert other.run(lambda work: take_mo(work, take)) == Owed(())
    assert found(one) == {MO_WAITS: {}, MO_COMPLETE: {}, MO_DONE: {key(): NOW}}


def test_a_set_that_only_the_other_node_knows(pair):
    one, other = pair
    keep(one, 1, part(b"1"))
    take = TakeMo("demo", url=HOOK, message=WHOLE, done=key(), at=NOW)
    assert len(other.run(lambda work: take_mo(work, take)).outbox) == 1


def test_a_set_is_found_by_its_oldest_part_that_is_left(pair):
    node = pair[0]
    keep(node, 1, part(b"1", NOW + 5), key(total=3))
    keep(node, 2, part(b"2", NOW + 2), key(total=3))
    assert found(node)[MO_WAITS] == {key(total=3): NOW + 2}
    assert node.run(lambda work: work.drop_mo_parts(MO_WAITS, NOW + 2, 9)) == 0
    assert node.run(lambda work: work.drop_mo_parts(MO_WAITS, NOW + 3, 9)) == 1
    assert found(node)[MO_WAITS] == {key(total=3): NOW + 5}
    node.run(lambda work: work.drop_mo_set(key(total=3)))
    assert not any(name.startswith("mo") for name in node.stored())


def test_parts_are_dropped_by_their_status_and_age(pair):
    node = pair[0]
    keep(node, 1, part(b"1"))
    node.run(lambda work: work.mark_mo_set(key(), MO_DONE))
    keep(node, 2, part(b"2", NOW + 1))  # late: the same set has one of each
    assert found(node) == {MO_WAITS: {key(): NOW + 1}, MO_COMPLETE: {}, MO_DONE: {key(): NOW}}
    keep(node, 1, part(b"x"), key(ref=8))
    keep(node, 2, part(b"y", NOW + 9), key(ref=8))
    for status, limit, gone in (
        (MO_COMPLETE, 1, 1), (MO_COMPLETE, 9, 1), (MO_COMPLETE, 9, 0), (MO_DONE, 9, 1), (MO_WAITS, 9, 1)
    ):  # fmt: skip
        assert node.run(lambda work, each=status, most=limit: work.drop_mo_parts(each, NOW + 10, most)) == gone
    assert not any(name.startswith("mo") for name in node.stored())


@pytest.mark.parametrize("seed", range(5))
def test_indexes_say_what_the_rows_do(pair, seed):
    chance = random.Random(seed)
    for step in range(60):
        of, node = key(ref=chance.choice((7, 8)), total=chance.choice((2, 3))), chance.choice(pair)
        match chance.randrange(6):
            case 0:
                status = chance.choice(tuple(INDEXES.values()))
                node.run(lambda work, of=of, status=status: work.mark_mo_set(of, MO_DONE, status))
            case 1:
                node.run(lambda work, of=of: work.drop_mo_set(of))
            case 2:
                status, before = chance.choice(tuple(INDEXES.values())), NOW + chance.randrange(20)
                node.run(lambda work, status=status, before=before: work.drop_mo_parts(status, before, 2))
            case _:
                keep(node, chance.randint(1, of.total), part(b"%d" % step, NOW + chance.randrange(20)), of)
        assert found(node) == meant(node)
