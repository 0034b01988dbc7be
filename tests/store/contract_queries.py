"""Contract: pages, histories, the outbox, figures, reopening."""

import itertools

from smsgwd.model.changes import Cancel, Ignored, OutboxDead, OutboxDone, OutboxRetry, Requeue, Submitted
from smsgwd.model.message import Failure, State
from smsgwd.model.outbox import OutboxTarget
from smsgwd.model.upkeep import Tidy
from smsgwd.ports.store import MessageFilter, QueueDepth, StoreUnavailable
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

TARGET = "demo https://tenant.example"


class QueryContract(StoreCase):
    async def test_ready_pages_in_order_of_priority_and_id(self):
        messages = [message(priority=n % 4) for n in range(20)]
        await self.one(submit(*messages, message(connector="other"), message(state=State.SCHEDULED, due_at=NOW + 1)))
        expected = [m.id for m in sorted(messages, key=lambda m: (-m.priority, m.id))]
        found, after = [], None
        while page := await self.store.ready("sim", after, 7):
            self.assertLessEqual(len(page), 7)
            found += [queued.message for queued in page]
            after = (-found[-1].priority, found[-1].id)
        self.assertEqual([m.id for m in found], expected)
        self.assertEqual(sorted(found, key=lambda m: m.id), messages)
        self.assertEqual(await self.store.ready("none", None, 5), [])

    async def test_reads_see_what_was_answered(self):
        for _ in range(50):
            new = message()
            await self.one(submit(new))
            self.assertIsNotNone(await self.view(new.id))

    async def test_a_message_is_seen_by_its_tenant_only(self):
        new = message()
        await self.one(submit(new))
        self.assertIsNone(await self.view(new.id, "other"))
        self.assertEqual(await self.store.submission("other", new.submission), [])
        self.assertEqual(await self.store.messages("other", MessageFilter(), None, 5), [])

    async def test_a_submission_holds_its_messages_only(self):
        one, two = submission(3), submission(2)
        await self.one(submit(*two, *one))
        found = await self.store.submission("demo", one[0].submission)
        self.assertEqual([view.message for view in found], one)
        self.assertEqual(found[0].events, ())

    async def test_messages_newest_first_in_pages(self):
        messages = submission(9)
        await self.one(submit(*messages))
        found, before = [], None
        while page := await self.store.messages("demo", MessageFilter(), before, 4):
            found += [view.message.id for view in page]
            before = found[-1]
        self.assertEqual(found, [m.id for m in reversed(messages)])

    async def test_messages_filtered(self):
        days = [submission(2, submitted_at=NOW + day * 24 * HOUR, msisdn=f"3069000000{day}") for day in range(3)]
        await self.one(submit(*(m for day in days for m in day)))
        await self.one(Cancel("demo", days[1][0].id, NOW))

        async def ids(**where):
            views = await self.store.messages("demo", MessageFilter(**where), None, 50)
            return [view.message.id for view in reversed(views)]

        one, two, three = ([m.id for m in day] for day in days)
        self.assertEqual(await ids(from_ms=NOW + 24 * HOUR), two + three)
        self.assertEqual(await ids(to_ms=NOW + 24 * HOUR), one)
        self.assertEqual(await ids(from_ms=NOW + 1, to_ms=NOW + 48 * HOUR), two)
        self.assertEqual(await ids(states=(State.CANCELLED, State.SENT)), [two[0]])
        self.assertEqual(await ids(msisdn="30690000002"), three)
        self.assertEqual(await ids(states=(State.QUEUED,), msisdn="30690000001", to_ms=NOW + 90 * HOUR), [two[1]])

    async def test_ids_and_times_beyond_all_bounds(self):
        """A tenant may ask for any number."""
        await self.one(submit(message()))
        for number in (1 << 63, (1 << 63) - 1, 10**40, -1, -(10**40)):
            self.assertIsNone(await self.view(number))
            self.assertEqual(await self.store.submission("demo", number), [])
            self.assertEqual(await self.one(Cancel("demo", number, NOW)), Ignored("unknown_message", number))
        far = 1 << 62
        self.assertEqual(await self.store.messages("demo", MessageFilter(from_ms=far, to_ms=far), None, 5), [])
        self.assertEqual(len(await self.store.messages("demo", MessageFilter(), 10**40, 5)), 1)

    async def test_the_parts_of_a_view(self):
        one, many = message(), message(parts=2)
        await self.store.commit([submit(one, many), sent(one.id, "A1"), receipt("A1"), sent(many.id, "B1", 1)])
        (part,) = (await self.view(one.id)).parts
        self.assertEqual((part.part, part.smsc_id, part.state, part.sent_at), (1, "A1", State.DELIVERED, NOW + 1000))
        first, second = (await self.view(many.id)).parts
        self.assertEqual((first.part, first.smsc_id, first.state), (1, "B1", State.SENT))
        self.assertEqual((second.part, second.smsc_id, second.state), (2, None, State.QUEUED))

    async def owed(self, count, **fields):
        """Items of the outbox."""
        messages = submission(count, **fields)
        await self.one(submit(*messages))
        moved = await self.store.commit([Cancel("demo", m.id, NOW + n) for n, m in enumerate(messages)])
        return [item for each in moved for item in each.outbox]

    async def test_the_outbox_by_target_in_pages(self):
        items = await self.owed(5)
        other = await self.owed(1, dlr_url="http://user:pw@Other.example:81/x")
        self.assertEqual(len({item.id for item in items + other}), 6)
        targets = await self.store.outbox_targets()
        self.assertEqual(targets, [OutboxTarget("demo http://other.example:81", 1, NOW), OutboxTarget(TARGET, 5, NOW)])
        found, after = [], None
        while page := await self.store.outbox(TARGET, after, 2):
            found += page
            after = (found[-1].due_at, found[-1].id)
        self.assertEqual(found, items)

    async def test_what_is_known_of_the_outbox_may_be_left_out(self):
        items = await self.owed(5)
        known = {(item.due_at, item.id) for item in items[1:4]}
        found = await self.store.outbox(TARGET, None, 9, known)
        self.assertEqual([item for item in found if (item.due_at, item.id) not in known], [items[0], items[4]])

    async def test_pushes_done_retried_and_dead(self):
        done, retried, dead = await self.owed(3)
        results = await self.store.commit(
            [OutboxDone(done.id, NOW + 9), OutboxRetry(retried.id, NOW + HOUR, "503"), OutboxDead(dead.id, NOW, "gone")]
        )
        self.assertEqual(results, [None, None, None])
        (left,) = await self.store.outbox(TARGET, None, 9)
        self.assertEqual((left.id, left.attempts, left.due_at), (retried.id, 1, NOW + HOUR))
        self.assertEqual(await self.store.outbox_targets(), [OutboxTarget(TARGET, 1, NOW + HOUR)])
        self.assertEqual(await self.store.outbox_targets(mine=lambda target: target != TARGET), [])
        self.assertEqual(len(await self.store.outbox_targets(mine=lambda target: target == TARGET)), 1)
        counts = await self.store.counts()
        self.assertEqual((counts.outbox_pending, counts.outbox_dead), (1, 1))
        await self.store.commit([OutboxRetry(done.id, NOW, "late"), OutboxDone(dead.id, NOW), OutboxDone(10**9, NOW)])
        self.assertEqual((await self.store.counts()).outbox_pending, 1)
        self.assertEqual((await self.store.counts()).outbox_dead, 1)

    async def test_tidy_deletes_finished_pushes_and_their_ids_never_return(self):
        items = await self.owed(3)
        await self.store.commit([OutboxDone(item.id, NOW + n) for n, item in enumerate(items)])
        self.assertEqual(await self.one(Tidy(0, NOW + 2, 0)), 2)
        self.assertEqual(await self.one(Tidy(0, NOW + 3, 0)), 1)
        await self.reopen()
        (new,) = await self.owed(1)
        self.assertGreater(new.id, max(item.id for item in items))

    async def test_counts(self):
        first = message(submitted_at=NOW - 5)
        away = message()
        await self.store.commit(
            [
                submit(first, message(), message(connector="b"), message(state=State.SCHEDULED, due_at=NOW + 1), away),
                sent(away.id, "A1"),
                receipt("nobody"),
            ]
        )
        retry = message()
        await self.store.commit([submit(retry), Requeue(retry.id, NOW + 9, "b", NOW, Failure("x"), left="sim")])
        counts = await self.store.counts()
        self.assertEqual(counts.queues, (QueueDepth("b", 1, NOW), QueueDepth("sim", 2, NOW - 5)))
        self.assertEqual((counts.scheduled, counts.sent_without_receipt), (2, 1))
        self.assertEqual((counts.parked, counts.orphans, counts.outbox_pending, counts.outbox_dead), (1, 0, 0, 0))

    async def test_reopening_keeps_everything(self):
        new, last = message(), message()
        await self.store.commit([submit(new, last), sent(new.id, "A1"), receipt("A1")])
        before = (await self.view(new.id), await self.store.outbox(TARGET, None, 9), await self.balance())
        self.assertEqual(await self.reopen(), last.id)
        after = (await self.view(new.id), await self.store.outbox(TARGET, None, 9), await self.balance())
        self.assertEqual(after, before)
        self.assertEqual([q.message for q in await self.store.ready("sim", None, 9)], [last])

    async def test_close_commits_what_was_asked_for(self):
        new = message()
        asked = self.store.commit([submit(new)])
        await self.reopen()
        self.assertEqual(await asked, [Submitted({})])
        self.assertIsNotNone(await self.view(new.id))

    async def test_after_close(self):
        await self.store.close()
        self.assertFalse(self.store.healthy)
        with self.assertRaises(StoreUnavailable):
            await self.store.commit([submit(message())])
        with self.assertRaises(StoreUnavailable):
            await self.store.counts()
        await self.store.close()

    async def test_a_batch_of_nothing(self):
        self.assertEqual(await self.store.commit([]), [])

    async def test_batches_are_applied_in_the_order_asked_for(self):
        new = message()
        asked = [self.store.commit([submit(new)])]
        ways = ("sim", *(f"c{n}" for n in range(30)))
        asked += [
            self.store.commit([Requeue(new.id, 0, to, NOW, Failure("x"), left=left)])
            for left, to in itertools.pairwise(ways)
        ]
        for each in asked:
            await each
        self.assertEqual((await self.view(new.id)).message.connector, "c29")
