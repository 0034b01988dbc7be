"""Contract: submissions that are taken whole or not at all, and rehearsals."""

from smsgwd.model.business import PutTenant
from smsgwd.model.changes import OptOut, Submitted
from smsgwd.model.ledger import pack_payers
from tests.store.base import StoreCase
from tests.store.samples import EURO, NOW, submission, submit, tenant


class WholeContract(StoreCase):
    async def taken(self, messages, **fields):
        """What is refused, by place; and that nothing of it is there unless everything is."""
        result = await self.one(submit(*messages, whole=True, **fields))
        self.assertIsInstance(result, Submitted)
        there = [await self.store.message(one.tenant, one.id) is not None for one in messages]
        self.assertEqual(there, [not result.refused] * len(messages))
        return result.refused

    async def test_the_credit_is_enough_for_all_or_nothing_is_taken(self):
        before = await self.store.funds("demo")
        dear = submission(3, price=before.balance // 2)
        self.assertEqual(await self.taken(dear), {0: "no_credit", 1: "no_credit", 2: "no_credit"})
        self.assertEqual(await self.store.funds("demo"), before)
        self.assertEqual(await self.taken(dear[:2]), {})
        funds = await self.store.funds("demo")
        self.assertEqual(funds.balance, before.balance - 2 * (before.balance // 2))
        self.assertEqual((await self.store.ledger_check()).problems, ())

    async def test_everybody_who_pays_can_pay_for_all_or_nothing_is_taken(self):
        await self.one(PutTenant(tenant("reseller", credit=3 * EURO, credentials=())))
        poor = submission(4, price=10_000, payers=pack_payers((("reseller", EURO),)))
        before = await self.store.funds("demo")
        self.assertEqual(await self.taken(poor), dict.fromkeys(range(4), "no_credit"))
        self.assertEqual(await self.store.funds("demo"), before)
        self.assertEqual((await self.store.funds("reseller")).balance, 3 * EURO)
        self.assertEqual(await self.taken(poor[:3]), {})
        self.assertEqual((await self.store.funds("reseller")).balance, 0)
        self.assertEqual((await self.store.ledger_check()).problems, ())

    async def test_one_who_has_opted_out_keeps_all_from_being_taken(self):
        await self.one(OptOut("demo", "306900000001", True, NOW, "operator"))
        messages = submission(3)
        messages[1].msisdn = "306900000001"
        self.assertEqual(await self.taken(messages), {0: "invalid", 1: "opted_out", 2: "invalid"})
        self.assertEqual(await self.taken([messages[0], messages[2]]), {})

    async def test_a_reference_used_before_keeps_all_from_being_taken(self):
        first, second, third = submission(3, client_ref="same")
        second.client_ref = "other"
        self.assertEqual(await self.taken([first], unique=(0,)), {})
        self.assertEqual(await self.taken([second, third], unique=(0, 1)), {0: "invalid", 1: "repeated_ref"})
        self.assertEqual(await self.taken([second], unique=(0,)), {})  # it was not used up

    async def test_a_rehearsal_tells_who_would_be_refused_and_keeps_nothing(self):
        await self.one(OptOut("demo", "306900000001", True, NOW, "operator"))
        await self.one(submit(*submission(1, client_ref="same"), unique=(0,)))
        before = await self.store.funds("demo")
        messages = submission(6, client_ref="new", price=before.balance // 2)
        messages[0].client_ref = "same"
        messages[1].msisdn = "306900000001"
        for message, ref in zip(messages[3:], ("other", "third", "fourth"), strict=True):
            message.client_ref = ref
        messages[4].price = 2 * before.balance
        result = await self.one(submit(*messages, unique=(0, 2), rehearsed=True))
        self.assertEqual(result, Submitted({0: "repeated_ref", 1: "opted_out", 4: "no_credit", 5: "no_credit"}))
        self.assertEqual(await self.store.funds("demo"), before)
        for message in messages:
            self.assertIsNone(await self.store.message("demo", message.id))
        self.assertEqual(await self.one(submit(messages[2], unique=(0,))), Submitted({}))  # not used up
        self.assertEqual((await self.store.ledger_check()).problems, ())

    async def test_a_rehearsal_counts_what_everybody_above_would_pay(self):
        await self.one(PutTenant(tenant("reseller", credit=2 * EURO, credentials=())))
        messages = submission(3, price=10_000, payers=pack_payers((("reseller", EURO),)))
        self.assertEqual(await self.one(submit(*messages, rehearsed=True)), Submitted({2: "no_credit"}))
        self.assertEqual((await self.store.funds("reseller")).balance, 2 * EURO)
