"""Money, where several nodes book at once: what is decided is as if they had done so one after the other."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import Cancel, Ignored, PutTenant, Replace, Submit
from smsgwd.model.ledger import EntryKind, Funds, pack_payers
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import LedgerFilter
from smsgwd.store.redis import reads_money
from smsgwd.store.redis.apply.table import apply, prefetch
from smsgwd.store.redis.asking import Asking
from smsgwd.store.redis.books import Purse
from tests.store.redis.nodes import nodes
from tests.store.samples import EURO, NOW, begin_anew, message, submit, tenant

PRICE = 40_000
TOPUP, CORRECTION, CHARGE = EntryKind.TOPUP, EntryKind.CORRECTION, EntryKind.CHARGE


@pytest.fixture
def pair():
    begin_anew()
    both = nodes("a", "b")
    yield both
    for each in both:
        each.close()


def doing(*changes):
    """What a writer does with a batch."""

    def work(work):
        prefetch(work, [changes])
        return apply(work, changes)

    return work


def told(query, node, *args):
    """The answer of a query."""
    answers = []
    ask = Asking(node.keys, lambda *command: succeed(node.ask([command])[0]))
    Deferred.fromCoroutine(query(ask, *args)).addBoth(answers.append)
    (answer,) = answers
    if isinstance(answer, Failure):
        answer.raiseException()
    return answer


def entries(node, owner="demo", **where):
    return told(reads_money.ledger, node, owner, LedgerFilter(**where), 0, 1000)


def all_is_right(node):
    assert told(reads_money.ledger_check, node).problems == ()


def test_two_nodes_that_submit_for_one_tenant_do_not_conflict_while_there_is_money(pair):
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=EURO))))
    for _ in range(5):
        first, second = one.begin(doing(submit(message()))), other.begin(doing(submit(message())))
        assert first.commit()
        assert second.commit()
    assert told(reads_money.funds, one, "demo") == Funds(EURO - 10 * PRICE, 10 * PRICE, 0)
    assert [each.balance for each in entries(one)][-2:] == [EURO - 9 * PRICE, EURO - 10 * PRICE]
    all_is_right(one)


def test_the_last_of_the_money_is_spent_once(pair):
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=PRICE))))
    first, second = one.begin(doing(submit(message()))), other.begin(doing(submit(message())))
    assert (first.result[0].refused, second.result[0].refused) == ({}, {})
    assert first.commit()
    assert not second.commit()
    assert other.run(doing(submit(message())))[0].refused == {0: "no_credit"}
    assert told(reads_money.funds, one, "demo") == Funds(0, PRICE, 0)


def test_nobody_is_refused_for_what_another_node_paid_in_meanwhile(pair):
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=PRICE - 1))))
    refused = other.begin(doing(submit(message())))
    assert refused.result[0].refused == {0: "no_credit"}
    one.run(doing(Book("demo", TOPUP, 1, NOW)))
    assert not refused.commit()
    assert other.run(doing(submit(message())))[0].refused == {}
    assert other.tries == 1


def test_another_limit_counts_for_what_is_being_computed(pair):
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=None))))
    free = other.begin(doing(submit(message())))
    one.run(doing(PutTenant(tenant(credit=None, credit_limit=PRICE - 1), replace=True)))
    assert not free.commit()
    assert other.run(doing(submit(message())))[0].refused == {0: "no_credit"}


def test_a_reference_is_used_once(pair):
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=0))))
    pay = Book("demo", TOPUP, EURO, NOW, "invoice-1")
    first, second = one.begin(doing(pay)), other.begin(doing(pay))
    assert second.commit()
    assert not first.commit()
    assert one.run(doing(pay)) == [Ignored("repeated")]


def test_what_is_told_of_an_entry_is_what_the_ledger_says(pair):
    """Also where another node books between the computation and the commit; and before it nothing comes later."""
    one, other = pair
    one.run(doing(PutTenant(tenant(credit=EURO))))
    slow = one.begin(doing(submit(message()), Book("demo", TOPUP, 7, NOW), submit(message())))
    other.run(doing(submit(message())))
    assert not slow.commit()
    _, booked, _ = one.run(doing(submit(message()), Book("demo", TOPUP, 7, NOW), submit(message())))
    found = entries(one)
    assert [each.id for each in found] == sorted({each.id for each in found})
    assert [each.amount for each in found] == [EURO, -PRICE, -PRICE, 7, -PRICE]
    assert (found[3].id, found[3].balance) == (booked.entry, booked.balance)
    all_is_right(one)


@pytest.mark.parametrize("known_first", [True, False])
def test_messages_taken_while_their_tenant_becomes_known_are_reserved_once(pair, known_first):
    one, other = pair
    one.run(doing(submit(message())))
    new, taken = one.begin(doing(PutTenant(tenant(credit=EURO)))), other.begin(doing(submit(message())))
    first, second = (new, taken) if known_first else (taken, new)
    assert first.commit()
    assert not second.commit()
    if known_first:
        other.run(doing(submit(message())))
    else:
        one.run(doing(PutTenant(tenant(credit=EURO))))
    assert told(reads_money.funds, one, "demo") == Funds(EURO - 2 * PRICE, 2 * PRICE, 0)
    assert not any(key.startswith("tu:") for key in one.stored())
    all_is_right(one)


class Model:
    """What money does, once more: one tenant's change after another's."""

    def __init__(self, credits):
        self.balance = Counter(credits)
        self.held = Counter()
        self.open = {}  # payers by message

    def expect(self, change):
        """The result of a change."""
        kind = type(change)
        if kind is Submit:
            (new,) = change.messages
            who = self._payers(new)
            if any(price and self.balance[name] < price for name, price in who):
                return {0: "no_credit"}
            self._move(who, 1)
            self.open[new.id] = who
            return {}
        if kind is Cancel:
            self._move(self.open.pop(change.message_id, ()), -1)
            return None
        if kind is Replace:
            new, old = change.message, self.open.get(change.message.id)
            if old is None:
                return None
            more = Counter(dict(self._payers(new)))
            more.subtract(dict(old))
            if any(amount > 0 and self.balance[name] < amount for name, amount in more.items()):
                return "no_credit"
            self._move(more.items(), 1)
            self.open[new.id] = self._payers(new)
            return ""
        every = [(change.tenant, change.amount), *change.ancestors]
        if change.checked and any(amount < 0 and self.balance[name] < -amount for name, amount in every):
            return Ignored("no_credit")
        for name, amount in every:
            self.balance[name] += amount
        return self.balance[change.tenant]

    def _payers(self, new):
        found = [(new.tenant, new.price)]
        for each in (new.payers or "").split(",") if new.payers else ():
            name, _, price = each.partition("=")
            found.append((name, int(price)))
        return found

    def _move(self, who, sign):
        for name, price in who:
            self.balance[name] -= sign * price
            self.held[name] += sign * price


def _change(chance, known):
    """Any change of money, of a tenant with an ancestor or of the ancestor itself."""
    kind = chance.random()
    price = chance.choice((0, 7, PRICE, 3 * PRICE))
    payers = pack_payers((("root", price // 2),)) if chance.random() < 0.5 else None
    if kind < 0.5 or not known:
        new = message(price=price, payers=payers)
        known.append(new.id)
        return submit(new)
    if kind < 0.7:
        return Cancel("demo", chance.choice(known), NOW)
    if kind < 0.8:
        return Replace("demo", message(id=chance.choice(known), price=price, payers=payers), NOW)
    name = chance.choice(("demo", "root"))
    if kind < 0.9:
        return Book(name, TOPUP, chance.randrange(1, 3 * PRICE), NOW)
    if kind < 0.95:
        ancestors = (("root", -chance.randrange(PRICE)),) if name == "demo" else ()
        return Book(name, CHARGE, -chance.randrange(1, 2 * PRICE), NOW, None, "", True, ancestors)
    return Book(name, CORRECTION, chance.randrange(-PRICE, PRICE), NOW)


def _outcome(change, result):
    """What of a result the model tells."""
    if type(change) is Submit or type(change) is Replace:
        return getattr(result, "refused", None)
    return result.balance if isinstance(result, Booked) else result if isinstance(result, Ignored) else None


@pytest.mark.parametrize("seed", range(8))
def test_any_interleaving_is_as_one_after_the_other(pair, seed):
    chance = random.Random(seed)
    credits = {"demo": 6 * PRICE, "root": 4 * PRICE}
    for name, credit in credits.items():
        pair[0].run(doing(PutTenant(tenant(name, credit=credit))))
    model, known, conflicts, refused = Model(credits), [], 0, 0
    computed = {}  # by node, what it is about to commit

    def commit(node):
        nonlocal conflicts, refused
        changes, attempt = computed.pop(node)
        if attempt.commit():
            results = attempt.result
        else:
            conflicts += 1
            results = node.run(doing(*changes))
        for change, result in zip(changes, results, strict=True):
            expected = model.expect(change)
            if type(change) is not Cancel:
                assert _outcome(change, result) == expected, change
            refused += expected == {0: "no_credit"}

    for _ in range(80):
        node = chance.choice(pair)
        if node in computed:
            commit(node)
        else:
            changes = [_change(chance, known) for _ in range(chance.randrange(1, 4))]
            computed[node] = (changes, node.begin(doing(*changes)))
    for node in list(computed):
        commit(node)
    for name in credits:
        assert told(reads_money.funds, pair[1], name) == Funds(model.balance[name], model.held[name], 0)
        found = entries(pair[0], name)
        assert [each.id for each in found] == sorted({each.id for each in found})
        assert sum(each.amount for each in found) == found[-1].balance == model.balance[name]
        assert sum(each.reserved for each in found) == model.held[name]
    all_is_right(pair[0])
    assert conflicts > 3
    assert refused > 3


_LIMIT = 1000
_DECISIONS = st.lists(
    st.tuples(st.sampled_from(("short", "beyond", "take", "exact")), st.integers(-300, 300)), max_size=12
)


@given(_DECISIONS, st.integers(-500, 500), st.integers(-500, 500), st.none() | st.integers(-100, 100))
def test_every_balance_within_the_bounds_leads_to_the_same_decisions(decisions, start, real, floor):
    def decided(begin):
        purse = Purse("demo", begin, floor, None, begin, 0, start=begin)
        answers = []
        for kind, amount in decisions:
            if kind == "take":
                purse.balance -= amount
            elif kind == "exact":
                purse.exact()
                answers.append(purse.balance)
            else:
                answers.append(purse.short(amount) if kind == "short" else purse.beyond(amount, _LIMIT // 3))
        return purse, answers

    purse, answers = decided(start)
    within = (purse.low is None or purse.low <= real) and (purse.high is None or real <= purse.high)
    assert (purse.low is None or purse.low <= start) and (purse.high is None or start <= purse.high)
    if within:
        assert decided(real)[1] == answers


def test_the_check_finds_what_is_wrong(pair):
    node, _ = pair
    for name in ("demo", "other", "third"):
        node.run(doing(PutTenant(tenant(name, credit=EURO))))
        node.run(doing(Submit(name, [message(tenant=name)], NOW)))
    all_is_right(node)
    node.ask([("HINCRBY", node.keys.account("demo"), "b", 1)])
    (first, _) = entries(node, "other")
    node.ask([("ZREMRANGEBYSCORE", node.keys.ledger("other"), first.id, first.id)])
    node.ask([("HINCRBY", node.keys.account("third"), "h", 5)])
    report = told(reads_money.ledger_check, node)
    assert len(report.problems) == 4
    for name, problem in zip(("demo", "other", "third", "third"), report.problems, strict=True):
        assert problem.startswith(f"tenant {name} has "), problem
    assert "its open messages cost 40000" in report.problems[-1]


def test_a_tenant_that_is_known_needs_no_question_of_its_own(pair):
    node, _ = pair
    node.run(doing(PutTenant(Tenant("demo", credit=EURO))))
    node.run(doing(submit(message())))
    before = node.asked
    node.run(doing(submit(message())))
    assert node.asked == before + 1  # the commit
