"""Receipts without a message, where several nodes park, find and forget them."""

import pytest

from smsgwd.delivery.correlation import canonical
from smsgwd.model.changes import Moved, Parked, PutTenant
from smsgwd.model.message import State
from smsgwd.store.apply.receipts import take_receipt
from smsgwd.store.apply.sending import part_sent
from smsgwd.store.apply.submit import submit as do_submit
from smsgwd.store.redis.apply.tenants import put_tenant
from smsgwd.store.redis.keys import id8
from tests.store.redis.nodes import nodes
from tests.store.samples import HOUR, NOW, begin_anew, message, receipt, sent, submit, tenant

INDEXES = ("pa", "po", "pn")


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    both[0].run(lambda work: put_tenant(work, PutTenant(tenant())))
    yield both
    for each in both:
        each.close()


def park(node, *receipts):
    """Park them; their numbers."""
    before = set(numbers(node))
    for each in receipts:
        node.run(lambda work, each=each: work.park(each.receipt, (canonical(each.receipt.smsc_id),)))
    return [number for number in numbers(node) if number not in before]


def numbers(node):
    """Of the receipts that are there."""
    return sorted(int(key[2:]) for key in node.stored() if key.startswith("p:"))


def indexes(node):
    """What the indexes have."""
    stored = node.stored()
    return [stored.get(name, {}) for name in INDEXES]


def under(node, key):
    """SMSC ids of what is parked under a form."""
    return node.run(lambda work: [row.receipt.smsc_id for row in work.parked_under("g", key)])


def of_message(node):
    """What is kept that is neither the tenant's nor the writer's."""
    return {name: value for name, value in node.stored().items() if name.partition(":")[0] in ("p", "pk", *INDEXES)}


@pytest.mark.parametrize("receipt_first", [True, False])
def test_a_receipt_is_parked_while_another_node_takes_the_response(pair, receipt_first):
    one, other = pair
    new = message()
    one.run(lambda work: do_submit(work, submit(new)))
    comes = one.begin(lambda work: take_receipt(work, receipt("A1")))
    goes = other.begin(lambda work: part_sent(work, sent(new.id, "A1")))
    assert comes.result == Parked()
    if receipt_first:
        assert comes.commit()
        assert not goes.commit()
        result = other.run(lambda work: part_sent(work, sent(new.id, "A1")))
        assert [item.message_id for item in result.outbox] == [new.id]
    else:
        assert goes.commit()
        assert not comes.commit()
        result = one.run(lambda work: take_receipt(work, receipt("A1")))
        assert isinstance(result, Moved)
    for node in pair:
        assert node.run(lambda work: work.row(new.id).state) == State.DELIVERED
    assert of_message(one) == {}


def test_nobody_is_asked_about_what_is_parked_nowhere(pair):
    node = pair[0]
    before = node.asked
    attempt = node.begin(lambda work: work.may_be_parked("g", "A1"))
    assert (attempt.result, attempt.commit(), node.asked - before) == (False, True, 1)


def test_two_nodes_park_under_one_form(pair):
    one, other = pair
    early, late = receipt("1F4"), receipt("500", received_at=NOW + 6000)
    first = one.begin(lambda work: work.park(early.receipt, ("1f4", "500")))
    second = other.begin(lambda work: work.park(late.receipt, ("500",)))
    assert first.commit()
    assert not second.commit()
    other.run(lambda work: work.park(late.receipt, ("500",)))
    assert under(one, "500") == ["1F4", "500"]
    assert under(one, "1f4") == ["1F4"]
    (first_row, second_row) = other.run(lambda work: work.parked_under("g", "500"))
    assert (first_row.form, second_row.form) == (1, 0)


def test_nothing_is_left_of_what_is_done_with(pair):
    node = pair[0]
    (number,) = park(node, receipt("A1"))
    assert indexes(node) == [{id8(number): NOW + 5000}, {}, {}]
    node.run(lambda work: work.unpark(number))
    assert of_message(node) == {}
    node.run(lambda work: work.unpark(number))  # nor is one missed


def test_orphans_are_under_no_form_any_more(pair):
    one, other = pair
    early, late = park(one, receipt("A1"), receipt("A2", received_at=NOW + HOUR))
    assert other.run(lambda work: work.orphan_parked(NOW + HOUR, 9)) == 1
    assert (under(one, "a1"), under(one, "a2")) == ([], ["A2"])
    assert indexes(one) == [{id8(late): NOW + HOUR}, {id8(early): NOW + 5000}, {id8(early): 0}]
    assert [row.id for row in one.run(lambda work: work.orphans(0, 9))] == [early]
    assert one.run(lambda work: work.orphans(early, 9)) == []
    assert one.run(lambda work: work.orphans(1 << 70, 9)) == []
    one.run(lambda work: work.unpark(early))
    assert indexes(one) == [{id8(late): NOW + HOUR}, {}, {}]


def test_two_nodes_forget_the_same_orphans(pair):
    one, other = pair
    park(one, *(receipt(f"A{n}", received_at=NOW + n) for n in range(4)))
    one.run(lambda work: work.orphan_parked(NOW + HOUR, 9))
    first = one.begin(lambda work: work.drop_orphans(NOW + 3, 2))
    second = other.begin(lambda work: work.drop_orphans(NOW + 3, 9))
    assert (first.result, second.result) == (2, 3)
    assert first.commit()
    assert not second.commit()
    assert other.run(lambda work: work.drop_orphans(NOW + 3, 9)) == 1
    assert [row.receipt.smsc_id for row in one.run(lambda work: work.orphans(0, 9))] == ["A3"]


def test_orphaned_by_one_node_while_another_finds_the_message(pair):
    """Whichever comes first, the receipt is applied, or it is an orphan: never neither."""
    one, other = pair
    park(one, receipt("A1"))
    new = message()
    one.run(lambda work: do_submit(work, submit(new)))
    old = one.begin(lambda work: work.orphan_parked(NOW + HOUR, 9))
    found = other.begin(lambda work: part_sent(work, sent(new.id, "A1")))
    if not found.commit():  # it took it that nothing is parked
        found = other.begin(lambda work: part_sent(work, sent(new.id, "A1")))
        assert found.commit()
    assert not old.commit()
    assert one.run(lambda work: work.orphan_parked(NOW + HOUR, 9)) == 0
    assert one.run(lambda work: work.row(new.id).state) == State.DELIVERED
    assert of_message(one) == {}
