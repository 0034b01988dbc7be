"""Opt-out lists that several nodes read and change."""

import pytest

from smsgwd.model.changes import PutTenant, Submitted
from smsgwd.store.apply.optout import opt_out
from smsgwd.store.apply.submit import submit as do_submit
from smsgwd.store.redis.apply.tenants import put_tenant
from tests.store.contract_optouts import ELSE, IN, OUT, WHO
from tests.store.redis.nodes import nodes
from tests.store.samples import NOW, begin_anew, message, submit, tenant


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    both[0].run(lambda work: put_tenant(work, PutTenant(tenant())))
    yield both
    for each in both:
        each.close()


def lists(node):
    """All that is kept of lists, but the values of entries."""
    stored = node.stored()
    return {
        name: value if isinstance(value, dict) else None
        for name, value in stored.items()
        if name == "opted" or name.startswith("oo:")
    }


def test_the_rows_are_those_of_the_list(pair):
    node = pair[0]
    assert node.run(lambda work: [opt_out(work, OUT), opt_out(work, OUT)]) == [True, False]
    assert lists(node) == {"opted": None, "oo:demo": {WHO.encode(): 0}, f"oo:demo:{WHO}": None}
    assert node.run(lambda work: [opt_out(work, IN), opt_out(work, IN)]) == [True, False]
    assert lists(node) == {"opted": None}


@pytest.mark.parametrize("other_entries", [0, 1])
def test_a_submission_is_computed_while_its_recipient_opts_out_elsewhere(pair, other_entries):
    """Also by the first entry of any tenant's list that there is."""
    one, other = pair
    for _ in range(other_entries):
        other.run(lambda work: work.list_number("demo", ELSE, NOW, "STOP"))
    new = message()
    taking = one.begin(lambda work: do_submit(work, submit(new)))
    assert taking.result == Submitted({})
    assert other.run(lambda work: opt_out(work, OUT))
    assert not taking.commit()
    assert one.run(lambda work: do_submit(work, submit(new))) == Submitted({0: "opted_out"})
    assert one.run(lambda work: work.row(new.id)) is None


def test_two_nodes_list_one_number_at_once(pair):
    one, other = pair
    first = one.begin(lambda work: work.list_number("demo", WHO, NOW, "STOP"))
    second = other.begin(lambda work: work.list_number("demo", WHO, NOW + 1, "operator"))
    assert (first.result, second.result) == (True, True)
    assert first.commit()
    assert not second.commit()
    assert other.run(lambda work: work.list_number("demo", WHO, NOW + 1, "operator")) is False


def test_lists_of_two_tenants_begin_at_once(pair):
    one, other = pair
    first = one.begin(lambda work: work.list_number("demo", WHO, NOW, "STOP"))
    second = other.begin(lambda work: work.list_number("", WHO, NOW, "operator"))
    assert first.commit()
    assert not second.commit()
    assert other.run(lambda work: work.list_number("", WHO, NOW, "operator"))
    pairs = [("demo", WHO), ("", WHO), ("demo", ELSE)]
    for node in pair:
        assert set(node.run(lambda work: work.opted())) == {"demo", ""}
        assert node.run(lambda work: work.listed(pairs)) == set(pairs[:2])


def test_what_another_node_listed_is_taken_off(pair):
    one, other = pair
    one.run(lambda work: opt_out(work, OUT))
    assert other.run(lambda work: opt_out(work, IN)) is True
    assert one.run(lambda work: work.listed([("demo", WHO)])) == set()
    assert one.run(lambda work: work.unlist_number("nobody", WHO)) is False


def test_all_that_a_batch_needs_is_asked_for_at_once(pair):
    node = pair[0]
    node.run(lambda work: opt_out(work, OUT))
    pairs = [("demo", str(number)) for number in range(50)]
    before = node.asked

    def both(work):
        work.prefetch_listed(pairs)
        return work.listed(pairs[:25]) | work.listed(pairs[25:])

    assert node.run(both) == set()
    assert node.asked - before == 2  # one question, one commit
