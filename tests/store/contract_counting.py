"""Contract: a tenant's messages of a span of time, counted by groups."""

from collections import Counter

from smsgwd.model.changes import Cancel
from smsgwd.model.counting import NOTHING, RANGE, SENDER, SENT, UNSENT, class_of
from smsgwd.model.message import State
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submission, submit

ALWAYS = (0, 1 << 60)


class CountingContract(StoreCase):
    async def counted(self, between=ALWAYS, by=NOTHING, tenant="demo"):
        """All pages added up: messages, parts and price by group."""
        sums, after = {}, 0
        while after is not None:
            page = await self.store.counted(tenant, between, by, after)
            for row in page.rows:
                group = (row.key, row.state, row.time)
                more = Counter(messages=row.messages, parts=row.parts, price=row.price)
                sums[group] = sums.get(group, Counter()) + more
            assert page.after is None or page.after > after
            after = page.after
        return {group: tuple(of[name] for name in ("messages", "parts", "price")) for group, of in sums.items()}

    async def test_by_state_and_how_long_it_took(self):
        waiting, gone, lost, done, cancelled = submission(5, price=30_000)
        long = message(parts=2, price=60_000)
        await self.store.commit(
            [
                submit(waiting, gone, lost, done, cancelled, long),
                *(sent(each.id, f"A{each.id}") for each in (gone, lost, done)),
                receipt(f"A{lost.id}", State.UNDELIVERED),
                receipt(f"A{done.id}", received_at=NOW + 4500),
                Cancel("demo", cancelled.id, NOW),
            ]
        )
        self.assertEqual(
            await self.counted(),
            {
                ("", State.QUEUED, UNSENT): (2, 3, 90_000),
                ("", State.SENT, SENT): (1, 1, 30_000),
                ("", State.UNDELIVERED, SENT): (1, 1, 30_000),
                ("", State.DELIVERED, class_of(3500)): (1, 1, 30_000),
                ("", State.CANCELLED, UNSENT): (1, 1, 30_000),
            },
        )

    async def test_by_sender_and_by_range(self):
        messages = [message(source=name, msisdn=number, price=0) for name, number in (
            ("Shop", "306912345678"), ("Shop", "447700900123"), ("=1", "306912399999"),
        )]  # fmt: skip
        await self.one(submit(*messages))
        queued = (State.QUEUED, UNSENT)
        found = await self.counted(by=SENDER)
        self.assertEqual(found, {("Shop", *queued): (2, 2, 0), ("=1", *queued): (1, 1, 0)})
        found = await self.counted(by=RANGE)
        self.assertEqual(
            found,
            {("30691234", *queued): (1, 1, 0), ("44770090", *queued): (1, 1, 0), ("30691239", *queued): (1, 1, 0)},
        )

    async def test_the_time_of_submission_decides(self):
        days = [submission(day + 1, submitted_at=NOW + day * 24 * HOUR) for day in range(3)]
        await self.one(submit(*(each for day in days for each in day)))

        async def many(begin, end):
            return sum(messages for messages, _, _ in (await self.counted((begin, end))).values())

        self.assertEqual(await many(NOW, NOW + 24 * HOUR), 1)
        self.assertEqual(await many(NOW + 24 * HOUR, NOW + 48 * HOUR), 2)
        self.assertEqual(await many(NOW + 1, NOW + 48 * HOUR + 1), 5)
        self.assertEqual(await many(NOW + 72 * HOUR, NOW + 96 * HOUR), 0)
        self.assertEqual(await many(0, 1), 0)

    async def test_a_clock_that_was_set_back(self):
        """An id may be ahead of the time it was made at by as much; the time counts."""
        [late] = submission(1, submitted_at=NOW + 30_000)
        late.submitted_at = NOW
        await self.one(submit(late))
        self.assertEqual(len(await self.counted((NOW, NOW + 1))), 1)
        self.assertEqual(await self.counted((NOW + 1, NOW + HOUR)), {})

    async def test_of_one_tenant_only(self):
        await self.one(submit(message(), message()))
        self.assertEqual(await self.counted(tenant="other"), {})

    async def test_more_than_one_call_looks_at(self):
        await self.one(submit(*(message(price=7) for _ in range(1300))))
        self.assertEqual(await self.counted(), {("", State.QUEUED, UNSENT): (1300, 1300, 9100)})
        self.assertEqual(len(await self.counted((0, 1 << 62))), 1)
