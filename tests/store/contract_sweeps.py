"""Contract: expiry, receipts that never came, due messages."""

from smsgwd.model.changes import Expire, Promote, Promoted, Requeue, Swept
from smsgwd.model.message import Failure, State
from smsgwd.model.upkeep import TimeOutReceipts
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

NOBODY = frozenset()


class SweepContract(StoreCase):
    async def test_expire_ends_and_refunds_what_is_unsent(self):
        before = await self.balance()
        queued = message(deadline=NOW + HOUR)
        scheduled = message(deadline=NOW + HOUR, state=State.SCHEDULED, due_at=NOW + 2 * HOUR)
        waiting = message(deadline=NOW + HOUR - 1)
        later, flying, gone = message(deadline=NOW + HOUR + 1), message(deadline=NOW), message(deadline=NOW)
        await self.store.commit(
            [
                submit(queued, scheduled, waiting, later, flying, gone),
                Requeue(waiting.id, NOW + 2 * HOUR, "sim", NOW, Failure("x")),
                sent(gone.id, "A1"),
            ]
        )
        swept = await self.one(Expire(NOW + HOUR, frozenset({flying.id})))
        self.assertEqual(sorted(swept.messages), sorted(m.id for m in (queued, scheduled, waiting)))
        self.assertFalse(swept.more)
        self.assertEqual({item.type for item in swept.outbox}, {"message.expired"})
        self.assertEqual(sorted(item.message_id for item in swept.outbox), sorted(swept.messages))
        for each in (queued, scheduled, waiting):
            view = await self.view(each.id)
            self.assertEqual(
                (view.message.state, view.error.code, view.done_at), (State.EXPIRED, "expired", NOW + HOUR)
            )
        for each, state in ((later, State.QUEUED), (flying, State.QUEUED), (gone, State.SENT)):
            self.assertEqual(await self.state(each.id), state)
        self.assertEqual(await self.balance(), before - 3 * 40_000)
        self.assertEqual(await self.one(Expire(NOW + HOUR, frozenset({flying.id}))), Swept((), (), False))

    async def test_expire_sees_what_the_same_batch_did(self):
        new = message(deadline=NOW)
        results = await self.store.commit([submit(new), sent(new.id, "A1"), Expire(NOW, NOBODY)])
        self.assertEqual(results[2], Swept((), (), False))

    async def test_expire_up_to_a_limit(self):
        messages = submission(7, deadline=NOW)
        await self.one(submit(*messages))
        excluded = frozenset(m.id for m in messages[:2])
        ended = []
        for expected in (2, 2, 1):
            swept = await self.one(Expire(NOW, excluded, limit=2))
            self.assertEqual((len(swept.messages), swept.more), (expected, expected == 2))
            ended += swept.messages
        self.assertEqual(sorted(ended), [m.id for m in messages[2:]])

    async def test_a_message_of_which_a_part_has_left_expires_unrefunded(self):
        new = message(deadline=NOW, parts=2)
        await self.store.commit([submit(new), sent(new.id, "P1", 1)])
        paid = await self.balance()
        swept = await self.one(Expire(NOW, NOBODY))
        self.assertEqual(swept.messages, (new.id,))
        self.assertEqual(await self.balance(), paid)

    async def test_receipts_that_never_came(self):
        old, young, unsent, done = (message(deadline=NOW + n) for n in (1, 2, 0, 0))
        await self.store.commit(
            [submit(old, young, unsent, done), sent(old.id, "A"), sent(young.id, "B"), sent(done.id, "C"), receipt("C")]
        )
        paid = await self.balance()
        swept = await self.one(TimeOutReceipts(NOW + HOUR, NOW + 2))
        self.assertEqual((swept.messages, swept.more), ((old.id,), False))
        self.assertEqual([item.type for item in swept.outbox], ["message.unknown"])
        view = await self.view(old.id)
        self.assertEqual(
            (view.message.state, view.error.code, view.done_at), (State.UNKNOWN, "receipt_timeout", NOW + HOUR)
        )
        self.assertEqual(await self.state(unsent.id), State.QUEUED)
        self.assertEqual(await self.balance(), paid)

    async def test_time_out_up_to_a_limit(self):
        messages = submission(3, deadline=NOW)
        await self.store.commit([submit(*messages), *(sent(m.id, f"S{m.id}") for m in messages)])
        first = await self.one(TimeOutReceipts(NOW + 1, NOW + 1, limit=2))
        second = await self.one(TimeOutReceipts(NOW + 1, NOW + 1, limit=2))
        self.assertEqual((len(first.messages), first.more, len(second.messages), second.more), (2, True, 1, False))

    async def test_retries_move_along_when_the_wall_clock_is_set_back(self):
        """What a tenant wants sent at a date keeps its date."""
        retry, dated = message(), message(state=State.SCHEDULED, due_at=NOW + HOUR)
        await self.store.commit([submit(retry, dated), Requeue(retry.id, NOW + HOUR + 5000, "sim", NOW, Failure("x"))])
        promoted = await self.one(Promote(NOW + 4000, set_back=HOUR))
        self.assertEqual(promoted.messages, ())
        await self.one(Requeue(retry.id, NOW, "sim", NOW, Failure("x")))  # which is not queued: nothing changes
        promoted = await self.one(Promote(NOW + 5000))
        self.assertEqual([m.id for m in promoted.messages], [retry.id])
        self.assertEqual((await self.view(dated.id)).message.due_at, NOW + HOUR)

    async def test_promote_returns_whole_messages_when_due(self):
        early = message(state=State.SCHEDULED, due_at=NOW + 10, client_ref="r", priority=2)
        late = message(state=State.SCHEDULED, due_at=NOW + 11)
        retry = message()
        await self.store.commit(
            [submit(early, late, retry), Requeue(retry.id, NOW + 9, "other", NOW, Failure("x"), left="sim")]
        )
        self.assertEqual(await self.store.next_due(), NOW + 9)
        promoted = await self.one(Promote(NOW + 10))
        self.assertFalse(promoted.more)
        self.assertEqual([m.id for m in promoted.messages], [retry.id, early.id])
        self.assertEqual({m.state for m in promoted.messages}, {State.QUEUED})
        self.assertEqual((promoted.messages[0].connector, promoted.messages[0].attempts), ("other", 1))
        early.state = State.QUEUED
        self.assertEqual(promoted.messages[1], early)
        self.assertEqual(await self.store.next_due(), NOW + 11)
        (queued,) = await self.store.ready("sim", None, 5)
        self.assertEqual(queued.message, early)

    async def test_promote_up_to_a_limit_and_when_nothing_is_due(self):
        await self.one(submit(*submission(3, state=State.SCHEDULED, due_at=NOW)))
        self.assertIsNotNone(await self.store.next_due())
        first, second = await self.one(Promote(NOW, limit=2)), await self.one(Promote(NOW, limit=2))
        self.assertEqual((len(first.messages), first.more, len(second.messages), second.more), (2, True, 1, False))
        self.assertEqual(await self.one(Promote(NOW)), Promoted((), False))
        self.assertIsNone(await self.store.next_due())

    async def test_promote_tells_the_parts_that_are_not_to_be_sent_again(self):
        new = message(parts=3)
        await self.store.commit(
            [submit(new), sent(new.id, "P2", 2), Requeue(new.id, NOW + 5, "sim", NOW, Failure("x"))]
        )
        promoted = await self.one(Promote(NOW + 5))
        self.assertEqual(promoted.sent_parts, {new.id: frozenset({2})})
