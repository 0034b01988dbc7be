"""Number lookups: taken and paid for at once, answered by the sources or from what is known, resumed, refunded."""

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock as Reactor

from smsgwd.app.lookup_asking import Asking
from smsgwd.app.lookup_desk import LookupDesk
from smsgwd.config.model.lookups import Lookups as Section
from smsgwd.model.business import PutLookups
from smsgwd.model.changes import Ignored
from smsgwd.model.ids import IdGenerator
from smsgwd.model.ledger import EntryKind
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeClock

PRICE, MOTHERS = 5_000, 2_000
NUMBER, OTHER = "+306971234567", "+306981234567"
DIGITS = NUMBER[1:]
FOUND = LookupFacts(
    LookupState.DELIVERED, "GR", "Cosmote", "202", "01", "202011234567890", "3020201001", ported=False, source="hlr"
)
RANGE = LookupFacts(LookupState.UNKNOWN, "GR", "Cosmote", source="plan")
HOUR_S = 3600


class Source:
    """Answers by what the test put down: facts, None, an exception, or a Deferred; the last answer repeats."""

    def __init__(self, name="hlr", *answers):
        self.name = name
        self.answers = list(answers) or [FOUND]
        self.asked = []

    def lookup(self, msisdn):
        self.asked.append(msisdn)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Deferred):
            return answer
        return fail(answer) if isinstance(answer, Exception) else succeed(answer)


class Stand:
    def __init__(self, *sources, store=None, clock=None, credit=1_000_000, **settings):
        self.reactor = Reactor()
        self.clock = clock or FakeClock()
        self.sources = sources or (Source(),)
        self.tenants = {
            "mother": Tenant("mother", lookup_price=MOTHERS),
            "child": Tenant("child", parent="mother", lookup_price=PRICE, region="GR"),
            "free": Tenant("free"),
        }
        self.store = store or BusinessStore()
        if store is None:
            self.store.floors = dict.fromkeys(self.tenants, 0)
            for tenant in ("mother", "child"):
                self.store.enter(tenant, 0, EntryKind.TOPUP, credit)
        section = Section(**{"retry_s": 1.0, "retries": 2, "deadline_s": 60.0, **settings})
        self.asking = Asking(self.reactor, section, self.sources)
        self.desk = LookupDesk(
            section,
            store=self.store,
            clock=self.clock,
            ids=IdGenerator(1),
            tenants=self.tenants.get,
            asking=self.asking,
            later=self.reactor.callLater,
        )

    def ask(self, *numbers, tenant="child"):
        return self.result(self.desk.ask(tenant, numbers))

    def get(self, any_id, tenant="child"):
        return self.result(self.desk.get(tenant, any_id))

    def result(self, deferred):
        found = []
        deferred.addCallbacks(found.append, lambda failure: found.append(failure.value))
        assert found, "no answer yet"
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    def run(self, seconds, step=0.25):
        for _ in range(int(seconds / step) + 1):
            self.reactor.advance(step)
            self.clock.advance(step)

    def spent(self, tenant="child"):
        return 1_000_000 - self.store.balance_of(tenant)


def test_a_number_is_paid_for_and_found():
    answer = Deferred()
    stand = Stand(Source("hlr", answer))
    [asked] = stand.ask(NUMBER)
    assert (asked.dest, asked.msisdn, asked.price, asked.done_at) == (NUMBER, DIGITS, PRICE, None)
    assert asked.facts.state is LookupState.PENDING
    assert stand.store.kept_lookups[asked.id].facts.state is LookupState.QUEUED
    assert (stand.spent(), stand.spent("mother")) == (PRICE, MOTHERS)
    stand.clock.advance(2)
    answer.callback(FOUND)
    [found] = stand.get(asked.request)
    assert found.facts == FOUND and found.done_at == stand.clock.now_ms() and found.price == PRICE
    assert stand.get(found.id) == [found]
    assert stand.desk.network_of(DIGITS) == "20201" and stand.desk.network_of("306900000000") is None
    assert stand.desk.waiting == 0


def test_lookups_and_what_they_cost_are_one_batch():
    stand = Stand()
    asked = stand.ask(NUMBER, OTHER)
    lookups, book = stand.store.batches[0]
    assert len(lookups.lookups) == 2
    assert (book.kind, book.amount, book.checked, book.ancestors) == (
        EntryKind.CHARGE, -2 * PRICE, True, (("mother", -2 * MOTHERS),),
    )  # fmt: skip
    assert book.reference == f"lookup {asked[0].request}"


def test_nothing_is_booked_where_it_costs_nothing():
    stand = Stand()
    [found] = stand.ask(NUMBER, tenant="free")
    assert found.price == 0 and [type(change) for change in stand.store.batches[0]] == [PutLookups]


def test_each_number_keeps_its_place_and_bad_ones_are_free():
    stand = Stand()
    found = stand.ask("nonsense", NUMBER, "12", OTHER)
    assert [each.dest for each in found] == ["nonsense", NUMBER, "12", OTHER]
    assert [each.facts.state for each in stand.get(found[0].request)] == [
        LookupState.FAILED, LookupState.DELIVERED, LookupState.FAILED, LookupState.DELIVERED,
    ]  # fmt: skip
    assert found[0].facts.error == "invalid_recipient" and found[0].price == 0
    assert stand.spent() == 2 * PRICE and stand.spent("mother") == 2 * MOTHERS


def test_national_numbers_are_the_regions():
    [found] = Stand().ask("6971234567")
    assert (found.dest, found.msisdn) == ("6971234567", DIGITS)


def test_no_number_at_all_is_refused():
    stand = Stand()
    with pytest.raises(Refused, match="invalid_recipient"):
        stand.ask("nonsense")
    assert stand.store.batches == []


@pytest.mark.parametrize("poor", ["child", "mother"])
def test_without_credit_nothing_is_looked_up(poor):
    stand = Stand(credit=1_000_000)
    stand.store.enter(poor, 0, EntryKind.CORRECTION, -999_999)
    before = dict(balances(stand))
    with pytest.raises(Refused, match="no_credit"):
        stand.ask(NUMBER)
    assert balances(stand) == before
    assert stand.sources[0].asked == [] and stand.desk.waiting == 0
    [left] = stand.store.kept_lookups.values()
    assert (left.facts.state, left.facts.error, left.price) == (LookupState.FAILED, "no_credit", 0)


def balances(stand):
    return {tenant: stand.store.balance_of(tenant) for tenant in stand.tenants}


def test_nobody_knows_and_nobody_pays():
    stand = Stand(Source("plan", RANGE), Source("hlr", None))
    [asked] = stand.ask(NUMBER)
    [found] = stand.get(asked.id)
    assert found.facts.state is LookupState.UNKNOWN
    assert (found.facts.country, found.facts.operator, found.facts.imsi, found.facts.msc) == ("GR", "Cosmote", "", "")
    assert found.price == 0 and stand.spent() == 0 and stand.spent("mother") == 0
    [refund] = [e for e in stand.store.entries if e.kind is EntryKind.REFUND and e.tenant == "child"]
    assert refund.reference == f"lookup {found.id} refund"
    assert stand.desk.network_of(DIGITS) is None


def test_no_such_subscriber_is_an_answer():
    stand = Stand(Source("hlr", LookupFacts(LookupState.FAILED, error="1", source="hlr")))
    [asked] = stand.ask(NUMBER)
    [found] = stand.get(asked.id)
    assert (found.facts.state, found.price, stand.spent()) == (LookupState.FAILED, PRICE, PRICE)


def test_the_first_that_knows_decides_and_the_owner_of_a_range_is_no_finding():
    bare = LookupFacts(LookupState.DELIVERED, mcc="202", mnc="05", ported=True, source="hlr")
    stand = Stand(Source("plan", RANGE), Source("hlr", bare), Source("last"))
    [asked] = stand.ask(NUMBER)
    [found] = stand.get(asked.id)
    assert (found.facts.country, found.facts.operator, found.facts.mnc) == ("GR", "", "05")
    assert stand.sources[2].asked == []


def test_a_source_in_trouble_is_asked_again_then_the_next():
    first, second = Source("hlr", OSError("down")), Source("other")
    stand = Stand(first, second)
    [asked] = stand.ask(NUMBER)
    assert len(first.asked) == 1 and stand.get(asked.id)[0].facts.state is LookupState.PENDING
    stand.run(1.5)
    assert (len(first.asked), len(second.asked)) == (2, 0)
    stand.run(2)
    assert (len(first.asked), len(second.asked)) == (3, 1)
    assert stand.get(asked.id)[0].facts == FOUND


def test_all_in_trouble_is_unknown_and_says_so():
    stand = Stand(Source("hlr", OSError("down")), retries=0)
    [asked] = stand.ask(NUMBER)
    [found] = stand.get(asked.id)
    assert (found.facts.state, found.facts.error, stand.spent()) == (LookupState.UNKNOWN, "no_answer", 0)


def test_one_that_never_answers_ends_at_the_deadline():
    stand = Stand(Source("hlr", Deferred()), deadline_s=10.0)
    [asked] = stand.ask(NUMBER)
    stand.run(9)
    assert stand.get(asked.id)[0].facts.state is LookupState.PENDING
    stand.run(2)
    assert stand.get(asked.id)[0].facts.state is LookupState.UNKNOWN


def test_so_many_at_a_time_and_each_once_for_all():
    answers = [Deferred(), Deferred(), Deferred()]
    source = Source("hlr", *answers, FOUND)
    stand = Stand(source, concurrency=2)
    first = stand.ask(*(f"+30697123456{n}" for n in range(4)))
    second = stand.ask("+306971234560")
    assert len(source.asked) == 2
    assert [each.facts.state.public for each in stand.get(first[0].request)] == [
        "Pending",
        "Pending",
        "Queued",
        "Queued",
    ]
    answers[0].callback(FOUND)
    assert stand.get(second[0].id)[0].facts == FOUND
    stand.run(1)
    assert len(source.asked) == 3
    answers[1].callback(FOUND)
    answers[2].callback(FOUND)
    stand.run(1)
    assert source.asked == [f"30697123456{n}" for n in range(4)]
    assert all(each.facts == FOUND for each in stand.get(first[0].request)) and stand.desk.waiting == 0


def test_one_who_asks_about_many_keeps_nobody_waiting():
    answers = [Deferred() for _ in range(6)]
    source = Source("hlr", *answers)
    stand = Stand(source, concurrency=1)
    stand.ask(*(f"+30697123456{n}" for n in range(4)), tenant="free")
    stand.ask(OTHER)
    for answer in answers[:3]:
        answer.callback(FOUND)
        stand.run(0.25)
    assert source.asked == ["306971234560", "306971234561", OTHER[1:], "306971234562"]


def test_a_young_answer_is_given_again_at_the_same_price_and_does_not_get_younger():
    stand = Stand(cache_h=1.0)
    [first] = stand.ask(NUMBER)
    done_at = stand.get(first.id)[0].done_at
    stand.clock.advance(0.6 * HOUR_S)
    [again] = stand.ask(NUMBER)
    assert (again.facts, again.done_at, again.price) == (FOUND, done_at, PRICE)
    assert len(stand.sources[0].asked) == 1 and stand.spent() == 2 * PRICE
    stand.clock.advance(0.6 * HOUR_S)
    stand.ask(NUMBER)
    assert len(stand.sources[0].asked) == 2


def test_without_a_cache_it_is_asked_each_time():
    stand = Stand(cache_h=0.0)
    stand.ask(NUMBER)
    stand.ask(NUMBER)
    assert len(stand.sources[0].asked) == 2


def test_too_many_are_refused():
    stand = Stand(Source("hlr", Deferred()), max_waiting=1000)
    stand.ask(*(str(306970000000 + n) for n in range(1000)), tenant="free")
    with pytest.raises(Refused, match="overloaded"):
        stand.ask(NUMBER)


def test_nothing_is_taken_while_nothing_can_be_stored():
    stand = Stand()
    stand.store.broken = True
    with pytest.raises(Refused, match="store_unavailable"):
        stand.ask(NUMBER)
    assert stand.sources[0].asked == []


def test_what_was_found_is_kept_once_the_store_works_again():
    answer = Deferred()
    stand = Stand(Source("hlr", answer))
    [asked] = stand.ask(NUMBER)
    stand.store.broken = True
    answer.callback(FOUND)
    assert stand.get(asked.id)[0].facts.state is LookupState.PENDING
    stand.store.broken = False
    stand.run(3)
    assert stand.get(asked.id)[0].facts == FOUND


def test_other_tenants_see_nothing():
    stand = Stand()
    [asked] = stand.ask(NUMBER)
    assert stand.get(asked.id, "free") == [] and stand.get(asked.request, "mother") == []


def test_what_a_stop_left_open_goes_on_and_is_not_paid_twice():
    before = Stand(Source("hlr", Deferred()))
    [asked] = before.ask(NUMBER)
    before.desk.stop()
    with pytest.raises(Refused, match="shutting_down"):
        before.ask(NUMBER)
    assert before.get(asked.id)[0].facts.state is LookupState.QUEUED
    after = Stand(store=before.store, clock=before.clock)
    after.result(after.desk.start())
    assert after.get(asked.id)[0].facts == FOUND
    assert after.spent() == PRICE and after.spent("mother") == MOTHERS


def test_what_another_node_that_lives_asks_about_is_left_to_it():
    before = Stand(Source("hlr", Deferred()))
    [asked] = before.ask(NUMBER)
    after, lives = Stand(store=before.store, clock=before.clock), True
    after.desk._theirs = lambda any_id: lives and any_id == asked.id
    after.result(after.desk.start())
    after.desk.go_on()
    assert after.sources[0].asked == []
    lives = False
    after.desk.go_on()
    after.desk.go_on()
    assert after.get(asked.id)[0].facts == FOUND
    assert after.sources[0].asked == [DIGITS]
    assert after.spent() == PRICE
    after.store.blind = True
    after.desk.go_on()
    after.desk.stop()
    after.desk.go_on()
    assert after.sources[0].asked == [DIGITS]


def test_what_a_crash_left_unpaid_is_paid_before_it_goes_on():
    """The batch was kept, the booking in it refused, and the end of it was not kept any more."""
    before = Stand(Source("hlr", Deferred()), credit=PRICE - 1)
    kept = []
    before.desk._give_up = kept.extend
    with pytest.raises(Refused, match="no_credit"):
        before.ask(NUMBER)
    assert kept
    poor = Stand(store=before.store, clock=before.clock)
    poor.result(poor.desk.start())
    [left] = before.store.kept_lookups.values()
    assert (left.facts.state, left.facts.error) == (LookupState.FAILED, "no_credit") and poor.sources[0].asked == []


def test_known_networks_are_read_at_the_start_and_forgotten_when_old():
    before = Stand()
    before.ask(NUMBER)
    after = Stand(store=before.store, clock=before.clock, network_d=1.0)
    assert after.desk.network_of(DIGITS) is None
    after.result(after.desk.start())
    assert after.desk.network_of(DIGITS) == "20201"
    after.clock.advance(26 * HOUR_S)
    assert after.desk.network_of(DIGITS) is None


def test_a_start_with_a_store_that_cannot_be_read_is_tried_again():
    before = Stand(Source("hlr", Deferred()))
    [asked] = before.ask(NUMBER)
    before.store.blind = True
    after = Stand(store=before.store, clock=before.clock)
    after.result(after.desk.start())
    before.store.blind = False
    after.run(3)
    assert after.get(asked.id)[0].facts == FOUND


def test_a_refund_is_booked_once():
    stand = Stand(Source("hlr", None))
    [asked] = stand.ask(NUMBER)
    refund = next(change for batch in stand.store.batches for change in batch if getattr(change, "kind", 0) == 4)
    assert isinstance(stand.store._apply(refund), Ignored)
    assert stand.spent() == 0 and stand.get(asked.id)[0].price == 0


def test_who_paid_is_refunded_what_they_paid_whatever_it_would_cost_today():
    answer = Deferred()
    stand = Stand(Source("hlr", answer))
    [asked] = stand.ask(NUMBER)
    stand.tenants["mother"] = Tenant("mother", lookup_price=10 * MOTHERS)
    stand.store.floors["aunt"] = 0
    stand.tenants["aunt"] = Tenant("aunt", lookup_price=MOTHERS)
    stand.tenants["child"] = Tenant("child", parent="aunt", lookup_price=3 * PRICE)
    answer.callback(None)
    [found] = stand.get(asked.request)
    assert found.facts.state is LookupState.UNKNOWN and found.price == 0
    assert (stand.spent(), stand.spent("mother"), stand.store.balance_of("aunt")) == (0, 0, 0)


def test_what_was_free_when_it_was_asked_is_free_after_a_restart():
    before = Stand(Source("hlr", Deferred()))
    before.tenants["child"] = Tenant("child")
    [asked] = before.ask(NUMBER)
    after = Stand(Source("hlr", FOUND), store=before.store, clock=before.clock)
    after.result(after.desk.start())
    after.run(1)
    assert after.get(asked.request)[0].facts.state is LookupState.DELIVERED
    assert (after.spent(), after.spent("mother")) == (0, 0)
