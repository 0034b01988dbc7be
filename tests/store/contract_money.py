"""Contract: the ledger. Who pays, what is given back, what is booked by hand, what statements are made of."""

from twisted.internet.defer import gatherResults

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import (
    Cancel,
    Expire,
    Fail,
    GiveUp,
    Ignored,
    Promote,
    PutTenant,
    Replace,
    Replaced,
    Requeue,
    Submitted,
)
from smsgwd.model.ledger import EntryKind, Funds, LedgerSums, pack_payers
from smsgwd.model.message import Failure, State
from smsgwd.model.upkeep import Erase, Purge, TimeOutReceipts
from smsgwd.ports.store import LedgerFilter
from tests.store.contract_statements import StatementContract
from tests.store.samples import EURO, HOUR, NOW, message, receipt, sent, submission, submit, tenant

_BAD = Failure("smsc_rejected", "", 0x0B)
_TOPUP, _RESERVE, _CHARGE, _REFUND, _CORRECTION = EntryKind


def _paid_with(*payers, **fields):
    """A message of tenant child for which its ancestors pay as well."""
    return message(tenant="child", payers=pack_payers(payers), **fields)


class MoneyContract(StatementContract):
    async def funds(self, owner="demo"):
        """Balance and reserved."""
        funds = await self.store.funds(owner)
        return (funds.balance, funds.reserved)

    async def entries(self, owner="demo", **where):
        """What each entry says, without its number and time."""
        return [
            (each.kind, each.amount, each.reserved, each.balance, each.messages, each.parts, each.message_id)
            for each in await self.store.ledger(owner, LedgerFilter(**where), 0, 1000)
        ]

    async def family(self, child=EURO, reseller=EURO, root=EURO, **fields):
        """Three tenants, each the parent of the next."""
        await self.one(PutTenant(tenant("root", credit=root)))
        await self.one(PutTenant(tenant("reseller", credit=reseller, parent="root")))
        await self.one(PutTenant(tenant("child", credit=child, parent="reseller", **fields)))

    # -- messages

    async def test_a_message_reserves_and_is_charged_when_it_ends(self):
        one = message(parts=2, price=80_000)
        await self.one(submit(one))
        self.assertEqual(await self.funds(), (100 * EURO - 80_000, 80_000))
        await self.one(sent(one.id, "a", 1))
        await self.one(sent(one.id, "b", 2))
        self.assertEqual(await self.funds(), (100 * EURO - 80_000, 80_000))
        await self.one(receipt("a"))
        await self.one(receipt("b"))
        self.assertEqual(await self.funds(), (100 * EURO - 80_000, 0))
        await self.one(receipt("b", State.UNDELIVERED))  # too late
        self.assertEqual(
            await self.entries(),
            [
                (_TOPUP, 100 * EURO, 0, 100 * EURO, 0, 0, None),
                (_RESERVE, -80_000, 80_000, 100 * EURO - 80_000, 1, 2, one.id),
                (_CHARGE, 0, -80_000, 100 * EURO - 80_000, 1, 2, one.id),
            ],
        )
        await self.all_is_right()

    async def test_each_kind_of_one_transaction_is_one_entry(self):
        first, second, third = messages = submission(3)
        await self.store.commit([submit(first), submit(second, third), Cancel("demo", first.id, NOW)])
        left = 100 * EURO - 2 * 40_000
        self.assertEqual(
            (await self.entries())[1:],
            # nothing is given back that was not reserved before
            [
                (_RESERVE, -120_000, 120_000, left - 40_000, 3, 3, None),
                (_REFUND, 40_000, -40_000, left, 1, 1, first.id),
            ],
        )
        self.assertEqual(await self.funds(), (left, 80_000))
        # what was reserved earlier is given back first: no entry shows less than there ever was
        fourth = message()
        await self.store.commit([submit(fourth), Cancel("demo", second.id, NOW)])
        self.assertEqual(
            (await self.entries())[3:],
            [
                (_REFUND, 40_000, -40_000, left + 40_000, 1, 1, second.id),
                (_RESERVE, -40_000, 40_000, left, 1, 1, fourth.id),
            ],
        )
        messages = [first, third, fourth]
        await self.store.commit([Cancel("demo", each.id, NOW) for each in messages])
        self.assertEqual((await self.entries())[-1], (_REFUND, 80_000, -80_000, 100 * EURO, 2, 2, None))
        await self.all_is_right()

    async def test_every_end_settles_once(self):
        """Whatever ends a message: what was reserved is charged, or given back where no SMSC took anything."""
        ends = {
            "cancelled": (lambda m: [Cancel("demo", m.id, NOW)], True),
            "refused": (lambda m: [Fail(m.id, 1, "sim", NOW, _BAD)], True),
            "given up": (lambda m: [GiveUp(m.id, "sim", NOW, _BAD)], False),
            "undelivered": (lambda m: [sent(m.id, "u1"), receipt("u1", State.UNDELIVERED)], False),
            "rejected later": (lambda m: [sent(m.id, "r1"), receipt("r1", State.REJECTED)], False),
            "receipt first": (lambda m: [receipt("p1"), sent(m.id, "p1")], False),
            "no receipt": (lambda m: [sent(m.id, "n1"), TimeOutReceipts(NOW + 99 * HOUR, NOW + 90 * HOUR)], False),
            "expired": (lambda m: [Expire(NOW + 25 * HOUR, frozenset())], True),
            "waited": (
                lambda m: [Requeue(m.id, NOW + 5, "sim", NOW, _BAD), Expire(NOW + 25 * HOUR, frozenset())],
                True,
            ),
            "erased": (lambda m: [Erase((m.id,), "306912345678", NOW)], True),
        }
        for name, (changes, free) in ends.items():
            before = await self.funds()
            one = message()
            await self.one(submit(one))
            self.assertEqual(await self.funds(), (before[0] - 40_000, before[1] + 40_000), name)
            await self.store.commit(changes(one))
            self.assertTrue((await self.state(one.id)).final, name)
            self.assertEqual(await self.funds(), (before[0] - (0 if free else 40_000), before[1]), name)
            await self.store.commit([Cancel("demo", one.id, NOW), receipt("u1"), Expire(NOW + 99 * HOUR, frozenset())])
            self.assertEqual(await self.funds(), (before[0] - (0 if free else 40_000), before[1]), name)
        await self.all_is_right()

    async def test_a_message_half_of_which_was_taken_is_paid(self):
        one = message(parts=2)
        await self.store.commit([submit(one), sent(one.id, "a", 1), Fail(one.id, 2, "sim", NOW, _BAD)])
        self.assertEqual(await self.state(one.id), State.UNDELIVERED)
        self.assertEqual(await self.funds(), (100 * EURO - 40_000, 0))

    async def test_what_was_sent_is_refunded_where_the_tenant_is_promised_that(self):
        await self.one(PutTenant(tenant("kind", credit=EURO, credentials=(), refunds=("undelivered", "unknown"))))
        ends = (State.DELIVERED, State.UNDELIVERED, State.REJECTED, State.UNKNOWN, State.EXPIRED)
        for number, state in enumerate(ends):
            one = message(tenant="kind")
            await self.store.commit([submit(one), sent(one.id, f"k{number}"), receipt(f"k{number}", state)])
        self.assertEqual(await self.funds("kind"), (EURO - 3 * 40_000, 0))
        await self.reopen()
        one, two = message(tenant="kind"), message(tenant="kind")
        await self.store.commit([submit(one, two), GiveUp(one.id, "sim", NOW, _BAD), sent(two.id, "z")])
        await self.one(TimeOutReceipts(NOW + 99 * HOUR, NOW + 90 * HOUR))
        self.assertEqual(await self.funds("kind"), (EURO - 3 * 40_000, 0))
        await self.all_is_right()

    async def test_a_replacement_settles_the_difference(self):
        one = message()
        await self.one(submit(one))
        for price, refused in ((70_000, ""), (10_000, ""), (0, ""), (100 * EURO, ""), (100 * EURO + 1, "no_credit")):
            new = message(id=one.id, price=price, parts=2)
            self.assertEqual(await self.one(Replace("demo", new, NOW)), Replaced(one.id, refused))
        self.assertEqual(await self.funds(), (0, 100 * EURO))
        await self.one(Cancel("demo", one.id, NOW))
        self.assertEqual(await self.funds(), (100 * EURO, 0))
        sums = {each.kind: each for each in await self.store.ledger_sums("demo", 0, NOW + HOUR)}
        # one message, two parts: the replacements count none
        self.assertEqual(sums[_RESERVE], LedgerSums(_RESERVE, 5, -100 * EURO, 100 * EURO, 1, 2))
        await self.all_is_right()

    async def test_a_scheduled_message_is_reserved_until_it_ends(self):
        one = message(state=State.SCHEDULED, due_at=NOW + HOUR)
        await self.one(submit(one))
        await self.one(Promote(NOW + HOUR))
        self.assertEqual(await self.funds(), (100 * EURO - 40_000, 40_000))
        await self.store.commit([sent(one.id, "a"), receipt("a")])
        await self.one(Purge(NOW + 100 * HOUR))
        self.assertEqual(await self.funds(), (100 * EURO - 40_000, 0))
        await self.all_is_right()

    async def test_free_messages_book_nothing(self):
        one = message(price=0)
        await self.store.commit([submit(one), Cancel("demo", one.id, NOW)])
        self.assertEqual(len(await self.entries()), 1)

    # -- limits

    async def test_a_credit_limit_is_how_far_a_balance_may_fall(self):
        await self.one(PutTenant(tenant("post", credit=None, credit_limit=100_000)))
        results = await self.store.commit([submit(message(tenant="post")) for _ in range(4)])
        self.assertEqual([each.refused for each in results], [{}, {}, {0: "no_credit"}, {0: "no_credit"}])
        funds = await self.store.funds("post")
        self.assertEqual(funds, Funds(-80_000, 80_000, -100_000))
        self.assertEqual(funds.available, 20_000)
        await self.reopen()
        self.assertEqual(await self.one(submit(message(tenant="post"))), Submitted({0: "no_credit"}))
        self.assertEqual(await self.one(submit(message(tenant="post", price=20_000))), Submitted({}))

    async def test_a_prepaid_tenant_may_be_given_a_limit(self):
        await self.one(PutTenant(tenant("pre", credit=40_000, credit_limit=40_000)))
        results = await self.store.commit([submit(message(tenant="pre")) for _ in range(3)])
        self.assertEqual([each.refused for each in results], [{}, {}, {0: "no_credit"}])

    async def test_other_settings_count_from_the_next_message_on(self):
        one, two = message(tenant="post"), message(tenant="post")
        await self.one(PutTenant(tenant("post", credit=None)))
        await self.store.commit([submit(one), sent(one.id, "p")])
        limited = tenant("post", credit=None, credit_limit=40_000, refunds=("undelivered",))
        results = await self.store.commit(
            [PutTenant(limited, replace=True), submit(two), receipt("p", State.UNDELIVERED), submit(two)]
        )
        self.assertEqual([results[0], results[1], results[3]], [True, Submitted({0: "no_credit"}), Submitted({})])
        self.assertEqual(await self.store.funds("post"), Funds(-40_000, 40_000, -40_000))
        # a limit below what is owed already: nothing more, until that is paid
        await self.one(PutTenant(tenant("post", credit=5, credit_limit=None), replace=True))
        self.assertEqual(await self.store.funds("post"), Funds(-40_000, 40_000, 0))
        await self.one(Book("post", EntryKind.TOPUP, 79_999, NOW))
        self.assertEqual(await self.one(submit(message(tenant="post"))), Submitted({0: "no_credit"}))
        await self.one(Book("post", EntryKind.TOPUP, 1, NOW))
        self.assertEqual(await self.one(submit(message(tenant="post"))), Submitted({}))
        await self.all_is_right()

    async def test_no_message_beyond_the_limit_by_commits_at_once(self):
        await self.one(PutTenant(tenant("poor", credit=10 * 40_000)))
        batches = [self.store.commit([submit(message(tenant="poor")) for _ in range(3)]) for _ in range(20)]
        results = [result for batch in await gatherResults(batches) for result in batch]
        self.assertEqual(sum(not result.refused for result in results), 10)
        self.assertEqual(await self.funds("poor"), (0, 400_000))

    # -- ancestors

    async def test_all_ancestors_pay(self):
        await self.family()
        one = _paid_with(("reseller", 30_000), ("root", 20_000))
        self.assertEqual(await self.one(submit(one)), Submitted({}))
        self.assertEqual((await self.view(one.id, "child")).message.payers, one.payers)
        expected = {"child": 40_000, "reseller": 30_000, "root": 20_000}
        for name, price in expected.items():
            self.assertEqual(await self.funds(name), (EURO - price, price), name)
        await self.reopen()
        await self.all_is_right()
        await self.store.commit([sent(one.id, "a"), receipt("a")])
        for name, price in expected.items():
            self.assertEqual(await self.funds(name), (EURO - price, 0), name)
            self.assertEqual((await self.entries(name))[-1], (_CHARGE, 0, -price, EURO - price, 1, 1, one.id))
        await self.all_is_right()

    async def test_one_ancestor_without_money_refuses_the_message(self):
        await self.family(root=50_000)
        messages = [_paid_with(("reseller", 30_000), ("root", 20_000)) for _ in range(4)]
        self.assertEqual(await self.one(submit(*messages)), Submitted({2: "no_credit", 3: "no_credit"}))
        self.assertEqual(await self.funds("root"), (10_000, 40_000))
        self.assertEqual(await self.funds("child"), (EURO - 80_000, 80_000))
        self.assertEqual(await self.funds("reseller"), (EURO - 60_000, 60_000))
        cheaper = _paid_with(("reseller", 30_000), ("root", 10_000))
        self.assertEqual(await self.one(submit(cheaper)), Submitted({}))
        await self.all_is_right()

    async def test_refunds_are_decided_by_whose_message_it_is(self):
        """A reseller never pays for what its customer got back, nor gets back what its customer paid."""
        await self.family(refunds=("undelivered",))
        await self.one(PutTenant(tenant("other", credit=EURO, credentials=(), parent="reseller")))
        for name, number in (("child", 1), ("other", 2)):
            one = message(tenant=name, payers=pack_payers((("reseller", 30_000), ("root", 20_000))))
            await self.store.commit([submit(one), sent(one.id, f"{number}")])
            await self.one(receipt(f"{number}", State.UNDELIVERED))
        self.assertEqual(await self.funds("child"), (EURO, 0))
        self.assertEqual(await self.funds("other"), (EURO - 40_000, 0))
        self.assertEqual(await self.funds("reseller"), (EURO - 30_000, 0))
        self.assertEqual(await self.funds("root"), (EURO - 20_000, 0))
        await self.all_is_right()

    async def test_a_replacement_settles_with_all_who_pay(self):
        await self.family(root=50_000)
        one = _paid_with(("reseller", 30_000), ("root", 20_000))
        await self.one(submit(one))
        dear = _paid_with(("reseller", 60_000), ("root", 50_001), id=one.id, price=90_000)
        self.assertEqual(await self.one(Replace("child", dear, NOW)), Replaced(one.id, "no_credit"))
        self.assertEqual(await self.funds("child"), (EURO - 40_000, 40_000))
        new = _paid_with(("reseller", 60_000), ("root", 10_000), id=one.id, price=90_000)
        self.assertEqual(await self.one(Replace("child", new, NOW)), Replaced(one.id))
        self.assertEqual(await self.funds("reseller"), (EURO - 60_000, 60_000))
        self.assertEqual(await self.funds("root"), (40_000, 10_000))
        await self.all_is_right()
        alone = message(tenant="child", id=one.id, price=10_000)
        self.assertEqual(await self.one(Replace("child", alone, NOW)), Replaced(one.id))
        self.assertEqual(await self.funds("root"), (50_000, 0))
        await self.one(Cancel("child", one.id, NOW))
        self.assertEqual(await self.funds("child"), (EURO, 0))
        self.assertEqual(await self.funds("reseller"), (EURO, 0))
        await self.all_is_right()

    async def test_who_is_not_known_pays_nothing(self):
        await self.family()
        one = _paid_with(("nobody", 30_000), ("root", 20_000))
        self.assertEqual(await self.one(submit(one)), Submitted({}))
        self.assertEqual((await self.view(one.id, "child")).message.payers, "root=20000")
        early = message(tenant="late")
        self.assertEqual(await self.one(submit(early)), Submitted({}))
        await self.one(PutTenant(tenant("late", credit=100_000)))
        self.assertEqual(await self.funds("late"), (60_000, 40_000))
        await self.one(Cancel("late", early.id, NOW))
        self.assertEqual(await self.funds("late"), (100_000, 0))
        await self.all_is_right()

    # -- by hand

    async def test_a_topup_is_booked_once(self):
        pay = Book("demo", EntryKind.TOPUP, 5 * EURO, NOW, "invoice-1", "bank transfer")
        first = await self.one(pay)
        self.assertEqual(first, Booked(first.entry, 105 * EURO))
        self.assertEqual(await self.one(pay), Ignored("repeated"))
        twice = Book("demo", EntryKind.TOPUP, EURO, NOW, "invoice-2")
        _, again = await self.store.commit([twice, twice])
        self.assertEqual(again, Ignored("repeated"))
        await self.reopen()
        self.assertEqual(await self.one(pay), Ignored("repeated"))
        self.assertEqual(await self.one(Book("nobody", EntryKind.TOPUP, 1, NOW)), Ignored("no_tenant"))
        self.assertEqual(await self.funds(), (106 * EURO, 0))
        (initial, entry, _) = await self.store.ledger("demo", LedgerFilter(kinds=(EntryKind.TOPUP,)), 0, 9)
        self.assertEqual((initial.note, initial.amount), ("initial credit", 100 * EURO))
        self.assertEqual((entry.id, entry.reference, entry.note), (first.entry, "invoice-1", "bank transfer"))
        await self.all_is_right()

    async def test_the_same_reference_may_be_another_tenants(self):
        await self.one(PutTenant(tenant("other", credit=0)))
        for name in ("demo", "other"):
            self.assertIsInstance(await self.one(Book(name, EntryKind.TOPUP, EURO, NOW, "invoice-1")), Booked)

    async def test_a_correction_may_go_below_nothing_and_a_checked_charge_may_not(self):
        lookup = Book("demo", EntryKind.CHARGE, -(100 * EURO + 1), NOW, "lookup-1", checked=True)
        self.assertEqual(await self.one(lookup), Ignored("no_credit"))
        correction = await self.one(Book("demo", EntryKind.CORRECTION, -101 * EURO, NOW))
        self.assertEqual(correction.balance, -EURO)
        self.assertEqual(await self.one(submit(message())), Submitted({0: "no_credit"}))
        self.assertEqual(await self.one(submit(message(price=0))), Submitted({}))
        back = Book("demo", EntryKind.REFUND, 5, NOW, checked=True)
        self.assertEqual((await self.one(back)).balance, 5 - EURO)
        await self.all_is_right()
        self.assertEqual((await self.store.check()).problems, ())

    async def test_ancestors_are_booked_too_or_nobody(self):
        await self.family(root=15)
        charge = Book("child", EntryKind.CHARGE, -30, NOW, "lookup-1", "", True, (("reseller", -20), ("root", -10)))
        self.assertIsInstance(await self.one(charge), Booked)
        other = Book("child", EntryKind.CHARGE, -30, NOW, "lookup-2", "", True, (("reseller", -20), ("root", -10)))
        self.assertEqual(await self.one(other), Ignored("no_credit"))
        self.assertEqual(await self.funds("child"), (EURO - 30, 0))
        self.assertEqual(await self.funds("reseller"), (EURO - 20, 0))
        self.assertEqual(await self.funds("root"), (5, 0))
        (entry,) = await self.store.ledger("root", LedgerFilter(kinds=(EntryKind.CHARGE,)), 0, 9)
        self.assertEqual((entry.amount, entry.reference, entry.note), (-10, None, "child lookup-1"))
        await self.all_is_right()

    async def test_what_is_booked_by_hand_lies_between_what_came_before_and_after(self):
        await self.store.commit(
            [submit(message()), Book("demo", EntryKind.TOPUP, EURO, NOW), submit(message()), submit(message())]
        )
        self.assertEqual(
            [(kind, amount, balance) for kind, amount, _, balance, *_ in (await self.entries())[1:]],
            [
                (_RESERVE, -40_000, 100 * EURO - 40_000),
                (_TOPUP, EURO, 101 * EURO - 40_000),
                (_RESERVE, -80_000, 101 * EURO - 120_000),
            ],
        )
