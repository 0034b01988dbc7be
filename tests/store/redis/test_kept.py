"""Records, links, lookups and the audit: their indexes are what their rows say, also where two nodes change them."""

import pytest

from smsgwd.model.business import Click, DropRecord, PutLookups, PutRecord, PutTenant
from smsgwd.model.links import Link
from smsgwd.model.lookups import LookupState
from smsgwd.model.operators import AuditEntry, PurgeAudit, PutAudit
from smsgwd.model.records import CONTACT, MEMBER, Record
from smsgwd.model.upkeep import EraseRest, PurgeLeftovers
from smsgwd.ports.looking import AuditFilter
from smsgwd.store.redis import reads_audit, reads_records
from smsgwd.store.redis.apply import records
from smsgwd.store.redis.asking import PAGE, Asking
from smsgwd.store.redis.kept import beyond, link_member
from smsgwd.store.redis.keys import id8
from tests.store.contract_clearing import DAY, NUMBER, OTHER, lookup
from tests.store.contract_operators import entry
from tests.store.redis.nodes import nodes
from tests.store.redis.test_claims import answering, now
from tests.store.redis.test_retention import begin, do
from tests.store.samples import EURO, NOW, begin_anew, message, submit, tenant


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    do(both[0], PutTenant(tenant(credit=100 * EURO)))
    yield both
    for each in both:
        each.close()


def beginning(node, *names):
    """What is stored under names that begin so."""
    return {name: value for name, value in node.stored().items() if name.startswith(names)}


def contact(key, kind=CONTACT, owner="demo"):
    return Record(kind, owner, key, b"{}", NOW)


# -- records -----------------------------------------------------------------------------------------------------------


def test_a_record_is_dropped_once(pair):
    one, other = pair
    do(one, *(PutRecord(contact(f"306{n}")) for n in range(3)))
    drop = DropRecord(CONTACT, "demo", "306", beginning=True)
    first, second = begin(one, drop), begin(other, drop)
    assert first.result == second.result == [3]
    assert first.commit()
    assert not second.commit()
    assert do(other, drop) == 0
    assert beginning(one, "r:") == {}
    assert one.stored()["n:demo"][b"contacts"] == b"0"


def test_a_record_comes_once(pair):
    one, other = pair
    put = PutRecord(contact("306"), new=True)
    first, second = begin(one, put), begin(other, put)
    assert first.commit()
    assert not second.commit()
    assert do(other, put) is False
    assert one.stored()["n:demo"][b"contacts"] == b"1"


def test_many_records_are_dropped_page_by_page(pair, monkeypatch):
    node = pair[0]
    monkeypatch.setattr(records, "_PAGE", 2)
    do(node, *(PutRecord(contact(f"g/{n}", MEMBER)) for n in range(5)), PutRecord(contact("h/1", MEMBER)))
    assert do(node, DropRecord(MEMBER, "demo", "g/", beginning=True)) == 5
    assert set(beginning(node, "r:")) == {"r:member", "r:member:demo:h/1"}


def test_many_records_are_counted_and_found_with_few_questions(pair):
    node = pair[0]
    count = PAGE + 10
    before = node.asked
    do(node, *(PutRecord(contact(f"{n:05}")) for n in range(count)))
    assert node.asked - before < 10
    ask = Asking(node.keys, answering(node))
    found = now(reads_records.records(ask, CONTACT, "demo", "", count + 5, ""))
    assert [each.key for each in found] == [f"{n:05}" for n in range(count)]


def test_beyond_a_beginning():
    for text in ("g", "gé", "g\U0010ffff", "demo\0"):
        low = text.encode()
        assert low < beyond(low)
        assert (text + "\U0010ffff" * 3).encode() < beyond(low)


# -- links -------------------------------------------------------------------------------------------------------------


def test_openings_that_two_nodes_count(pair):
    one, other = pair
    new = message()
    link = Link("abc", "demo", new.id, new.msisdn, "https://shop.example", NOW, 0)
    do(one, submit(new, links=(link,)))
    assert beginning(one, "kt", "ke") == {"kt:demo": {link_member(new.id, "abc"): 0}, "ke": {b"abc": 0}}
    first, second = begin(one, Click("abc", NOW + 1, False)), begin(other, Click("abc", NOW + 2, False))
    assert first.commit()
    assert not second.commit()
    do(other, Click("abc", NOW + 2, False))
    view = now(reads_records.link(Asking(one.keys, answering(one)), "abc"))
    assert (view.clicks, view.first_at, view.last_at) == (2, NOW + 1, NOW + 2)
    do(one, EraseRest(new.msisdn, NOW))
    assert beginning(one, "k") == {}


def test_the_links_of_a_message_stay_together_in_their_order(pair):
    node = pair[0]
    made = [message(), message()]
    codes = {made[0].id: ("b", "a"), made[1].id: ("d", "c", "e")}
    links = tuple(
        Link(code, "demo", each.id, each.msisdn, "https://shop.example", NOW, 0)
        for each in made
        for code in codes[each.id]
    )
    do(node, submit(*made, links=links))
    ask = Asking(node.keys, answering(node))
    for limit in range(7):
        found = now(reads_records.links(ask, "demo", None, 1 << 70, limit))
        assert [view.link.code for view in found] == ["c", "d", "e", "a", "b"][:limit]


# -- lookups -----------------------------------------------------------------------------------------------------------


def test_a_lookup_is_where_its_row_says(pair):
    node = pair[0]
    asked, done = lookup(1, NOW, state=LookupState.PENDING), lookup(1, NOW)
    member = id8(asked.id)
    always = {"lk": {member: 0}, f"lkr:demo:{asked.id}": {member: 0}}
    do(node, PutLookups((asked,)))
    assert _indexes(node) == always | {"lko": {member: 0}}
    do(node, PutLookups((done,)))
    known = {f"lkn:{NUMBER}": {member: NOW}, f"lkw:{NUMBER}": {member: NOW}, "lknet": {NUMBER.encode(): 0}}
    assert _indexes(node) == always | known
    do(node, PutLookups((lookup(2, NOW),)), EraseRest(OTHER, NOW))
    do(node, PurgeLeftovers(NOW, 0, 0, 0, 0, 100, 1, lookups_before=NOW + DAY))
    assert _indexes(node)["lknet"] == {NUMBER.encode(): 0}  # the other one is there
    do(node, EraseRest(NUMBER, NOW))
    assert set(_indexes(node)) == {"lk", f"lkr:demo:{lookup(2, NOW).id}"}
    do(node, PurgeLeftovers(NOW, 0, 0, 0, 0, 100, 9, lookups_before=NOW + DAY))
    assert beginning(node, "lk") == {}


def _indexes(node):
    return {name: value for name, value in beginning(node, "lk").items() if not name.startswith("lk:")}


def test_a_number_that_is_looked_up_and_erased_at_once_stays_erased(pair):
    one, other = pair
    do(one, PutLookups((lookup(1, NOW, state=LookupState.PENDING),)))
    answering_it = begin(other, PutLookups((lookup(1, NOW),)))
    do(one, EraseRest(NUMBER, NOW))
    assert not answering_it.commit()
    do(other, PutLookups((lookup(1, NOW),)))
    (found,) = now(reads_records.lookups(Asking(one.keys, answering(one)), "demo", lookup(1, NOW).id))
    assert (found.msisdn, found.facts.state) == ("", LookupState.UNKNOWN)


# -- the audit ---------------------------------------------------------------------------------------------------------


def test_entries_of_two_nodes_have_their_own_numbers(pair):
    one, other = pair
    first, second = begin(one, PutAudit(entry(who="ann"))), begin(other, PutAudit(entry(who="bob")))
    assert first.commit()
    assert not second.commit()
    assert do(other, PutAudit(entry(who="bob"))) == 2
    found = now(reads_audit.audit(Asking(one.keys, answering(one)), AuditFilter(), None, 9))
    assert [(each.id, each.who) for each in found] == [(2, "bob"), (1, "ann")]
    assert isinstance(found[0], AuditEntry)
    assert do(one, PurgeAudit(NOW + 1)) == 2
    assert set(beginning(one, "au")) == {"au#"}
