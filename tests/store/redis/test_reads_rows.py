"""Questions that read an index and then rows: pages, and rows that went in between."""

import pytest
from twisted.internet.defer import Deferred, succeed

from smsgwd.model.changes import KeepMoPart, PutTenant
from smsgwd.model.mo import MoSet
from smsgwd.store.apply.mo import keep_mo_part
from smsgwd.store.redis import reads_inbound, reads_tenants
from smsgwd.store.redis.apply.tenants import put_tenant
from smsgwd.store.redis.asking import Asking
from tests.store.contract_mo import key, part
from tests.store.redis.nodes import nodes
from tests.store.samples import HOUR, NOW, begin_anew, receipt, tenant


@pytest.fixture
def node():
    begin_anew()
    (one,) = nodes("a")
    yield one
    one.close()


def asked(node, query, *args):
    """The answer of a query."""
    found = []
    asking = Asking(node.keys, lambda *command: succeed(node.ask([command])[0]))
    Deferred.fromCoroutine(query(asking, *args)).addCallback(found.append)
    return found[0]


def lose(node, name):
    """A row goes, its index entries stay: as between the two questions of a query."""
    node.ask([("DEL", name)])


def test_tenants_in_pages(node, monkeypatch):
    monkeypatch.setattr(reads_tenants, "PAGE", 2)
    names = ["a", "a:b", "ab", "b", "ω"]
    for name in reversed(names):
        node.run(lambda work, name=name: put_tenant(work, PutTenant(tenant(name))))
    assert [each.id for each in asked(node, reads_tenants.tenants)] == names
    lose(node, node.keys.tenant("ab"))
    assert [each.id for each in asked(node, reads_tenants.tenants)] == ["a", "a:b", "b", "ω"]


def test_opt_outs_whose_rows_went(node):
    for number in ("1", "12", "2"):
        node.run(lambda work, number=number: work.list_number("demo", number, NOW, "STOP"))
    lose(node, node.keys.opted_out("demo", "12"))
    assert [each.msisdn for each in asked(node, reads_tenants.opt_outs, "demo", "", 9)] == ["1", "2"]
    assert [each.msisdn for each in asked(node, reads_tenants.opt_outs, "demo", "1", 9)] == ["2"]


def test_refused_are_the_submissions_own(node):
    node.run(lambda work: work.keep_refusals("demo", 77, [("306912345678", "invalid")]))
    assert asked(node, reads_tenants.refused, "demo", 77, "+30 691 234 5678") == "invalid"
    others = (("other", 77, "306912345678"), ("demo", 78, "306912345678"), ("demo", 77, "1"), ("demo", -1, "1"))
    assert [asked(node, reads_tenants.refused, *each) for each in others] == [None] * 4


def test_sets_that_were_taken_meanwhile(node):
    keep = [KeepMoPart(key(ref), 1, part(b"%d" % ref, NOW + ref)) for ref in (1, 2, 3)]
    node.run(lambda work: [keep_mo_part(work, each) for each in keep])
    lose(node, node.keys.mo(*key(1)))
    found = [MoSet(key(ref), {1: part(b"%d" % ref, NOW + ref)}, NOW + ref) for ref in (2, 3)]
    assert asked(node, reads_inbound.mo_sets, NOW + HOUR, 9) == found
    assert asked(node, reads_inbound.mo_sets, NOW + 3, 9) == found[:1]


def test_orphans_that_were_applied_meanwhile(node):
    for number in range(3):
        each = receipt(f"A{number}", received_at=NOW + number)
        node.run(lambda work, each=each: work.park(each.receipt, (each.receipt.smsc_id,)))
    node.run(lambda work: work.orphan_parked(NOW + HOUR, 9))
    first, second, third = asked(node, reads_inbound.orphans, 0, 9)
    lose(node, node.keys.parked(second.id))
    assert asked(node, reads_inbound.orphans, 0, 9) == [first, third]
    assert asked(node, reads_inbound.orphans, first.id, 9) == [third]
    assert asked(node, reads_inbound.orphans, 1 << 70, 9) == []
