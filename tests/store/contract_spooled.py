"""Contract: taking messages that were acknowledged before the store was asked."""

from smsgwd.model.changes import Cancel, Moved, OptOut, PutTenant, Replayed, Submit, Submitted
from smsgwd.model.message import State
from smsgwd.model.spooled import Drained, SubmitSpooled
from smsgwd.model.submission import Idempotency
from tests.store.base import StoreCase
from tests.store.samples import NOW, message, submission, submit, tenant


def spooled(*messages, **fields):
    """The change for messages of one submission; `tenant` is the first one's."""
    values = {"at": NOW, **fields}
    return SubmitSpooled(messages[0].tenant, list(messages), values.pop("at"), **values)


class SpooledContract(StoreCase):
    async def test_it_is_taken_as_any_submission(self):
        one = message(price=7)
        before = await self.balance()
        self.assertEqual(await self.one(spooled(one)), Drained({}))
        self.assertEqual(await self.state(one.id), State.QUEUED)
        self.assertEqual(await self.balance(), before - 7)

    async def test_what_credit_does_not_reach_for_ends_as_rejected_and_is_free(self):
        await self.one(PutTenant(tenant("poor", credit=100)))
        messages = submission(3, tenant="poor", dlr_url="https://x.example/")
        for each, price in zip(messages, (60, 60, 30), strict=True):
            each.price = price
        result = await self.one(spooled(*messages))
        self.assertEqual(result.refused, {1: "no_credit"})
        self.assertEqual(
            [(item.message_id, item.type) for item in result.outbox], [(messages[1].id, "message.rejected")]
        )
        view = await self.view(messages[1].id, "poor")
        self.assertEqual((view.message.state, view.error.code, view.done_at), (State.REJECTED, "no_credit", NOW))
        self.assertEqual([await self.poor(each) for each in messages], [State.QUEUED, State.REJECTED, State.QUEUED])
        self.assertEqual(await self.balance("poor"), 10)
        self.assertEqual((await self.store.ledger_check()).problems, ())
        self.assertEqual((await self.store.check(deep=True)).problems, ())

    async def poor(self, each):
        return (await self.view(each.id, "poor")).message.state

    async def test_whole_or_not_at_all_ends_all_of_it(self):
        await self.one(PutTenant(tenant("poor", credit=100)))
        messages = submission(2, tenant="poor")
        for each in messages:
            each.price = 60
        self.assertEqual((await self.one(spooled(*messages, whole=True))).refused, {0: "no_credit", 1: "no_credit"})
        self.assertEqual([await self.poor(each) for each in messages], [State.REJECTED, State.REJECTED])
        self.assertEqual(await self.balance("poor"), 100)

    async def test_a_scheduled_one_to_somebody_who_opted_out_is_rejected(self):
        one = message(state=State.SCHEDULED, due_at=NOW + 1000)
        await self.one(OptOut(one.tenant, one.msisdn, True, NOW, "STOP"))
        self.assertEqual((await self.one(spooled(one))).refused, {0: "opted_out"})
        self.assertEqual(await self.state(one.id), State.REJECTED)
        self.assertEqual((await self.store.counts()).scheduled, 0)
        self.assertEqual((await self.store.check(deep=True)).problems, ())

    async def test_a_reference_that_was_used_meanwhile_is_rejected(self):
        first, again = message(client_ref="a"), message(client_ref="a")
        await self.one(submit(first, unique=(0,)))
        self.assertEqual((await self.one(spooled(again, unique=(0,)))).refused, {0: "repeated_ref"})
        self.assertEqual(await self.state(again.id), State.REJECTED)

    async def test_a_key_that_was_answered_meanwhile_rejects_all_and_its_answer_stands(self):
        first, again = message(), message()
        key = Idempotency("k", b"d")
        await self.one(submit(first, idempotency=key, answer=b"first"))
        self.assertEqual((await self.one(spooled(again, idempotency=key, answer=b"second"))).refused, {0: "duplicate"})
        self.assertEqual(await self.state(again.id), State.REJECTED)
        self.assertEqual(await self.one(submit(message(), idempotency=key, answer=b"x")), Replayed(b"first", {}))

    async def test_a_replay_says_what_was_answered_whatever_became_of_it(self):
        await self.one(PutTenant(tenant("poor", credit=1)))
        key = Idempotency("k", b"d")
        await self.one(spooled(message(tenant="poor", price=2), idempotency=key, answer=b"taken"))
        again = Submit("poor", [message(tenant="poor", price=2)], NOW, key, b"x")
        self.assertEqual(await self.one(again), Replayed(b"taken", {}))

    async def test_it_may_be_cancelled_by_the_same_batch(self):
        one = message(price=5)
        before = await self.balance()
        results = await self.store.commit([spooled(one), Cancel(one.tenant, one.id, NOW)])
        self.assertIsInstance(results[1], Moved)
        self.assertEqual(await self.state(one.id), State.CANCELLED)
        self.assertEqual(await self.balance(), before)

    async def test_its_result_counts_as_taken(self):
        self.assertIsInstance(await self.one(spooled(message())), Submitted)
