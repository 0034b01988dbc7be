"""Contract: receipts without a message, listed, tried again, forgotten."""

from smsgwd.model.changes import Ignored
from smsgwd.model.message import State
from smsgwd.model.upkeep import DropOrphans, Rematch, Rematched, Tidy
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, message, receipt, sent, submit


class OrphanContract(StoreCase):
    async def orphan(self, *changes):
        """Take receipts and make orphans of them; their ids."""
        await self.store.commit(list(changes))
        await self.one(Tidy(0, 0, NOW + 24 * HOUR))
        return [each.id for each in await self.store.orphans(0, 99)]

    async def test_listed_in_pages(self):
        parked = [receipt(f"O{number}", received_at=NOW + number) for number in range(5)]
        ids = await self.orphan(*parked)
        self.assertEqual(ids, sorted(ids))
        page = await self.store.orphans(ids[1], 2)
        self.assertEqual([each.receipt for each in page], [change.receipt for change in parked[2:4]])
        self.assertEqual([each.id for each in page], ids[2:4])

    async def test_what_waits_for_its_response_is_no_orphan(self):
        await self.one(receipt("W1"))
        self.assertEqual(await self.store.orphans(0, 9), [])
        self.assertEqual(await self.one(Rematch(0, NOW)), Rematched(0, 0, 0, False))

    async def test_tried_again_after_the_response_came(self):
        first, second, third = message(), message(), message(fallback="b")
        await self.one(submit(first, second, third))
        ids = await self.orphan(receipt("A1"), receipt("NOBODY"), receipt("A2", None), receipt("A3", State.UNDELIVERED))
        pairs = ((first, "A1"), (second, "A2"), (third, "A3"))
        await self.store.commit([sent(new.id, smsc_id) for new, smsc_id in pairs])
        self.assertEqual(await self.state(first.id), State.SENT)
        result = await self.one(Rematch(0, NOW + HOUR))
        self.assertEqual((result.tried, result.applied, result.last, result.more), (4, 3, ids[-1], False))
        self.assertEqual([item.message_id for item in result.outbox], [first.id])
        self.assertEqual([(again.id, again.connector) for again in result.resent], [(third.id, "b")])
        self.assertEqual(await self.state(first.id), State.DELIVERED)
        self.assertEqual([each.receipt.smsc_id for each in await self.store.orphans(0, 9)], ["NOBODY"])
        self.assertEqual(await self.one(Rematch(0, NOW + HOUR)), Rematched(1, 0, ids[1], False))
        self.assertEqual(await self.one(receipt("A1")), Ignored("repeated", first.id))

    async def test_in_steps_and_by_id(self):
        messages = [message() for _ in range(5)]
        await self.one(submit(*messages))
        ids = await self.orphan(*(receipt(f"0a{number}") for number in range(5)))
        await self.store.commit([sent(new.id, f"A{number}") for number, new in enumerate(messages)])
        result = await self.one(Rematch(0, NOW, smsc_id="A3"))
        self.assertEqual((result.tried, result.applied, result.last, result.more), (1, 1, ids[-1], False))
        self.assertEqual(await self.state(messages[3].id), State.DELIVERED)
        result = await self.one(Rematch(0, NOW, limit=2))
        self.assertEqual((result.tried, result.applied, result.last, result.more), (2, 2, ids[1], True))
        result = await self.one(Rematch(ids[1], NOW, limit=2))
        self.assertEqual((result.tried, result.applied, result.last, result.more), (2, 2, ids[4], False))

    async def test_found_by_a_form_that_its_setting_left_out(self):
        new, other = message(), message(msisdn="306900000001")
        await self.store.commit([submit(new, other), sent(new.id, "1F4"), sent(other.id, "1F5")])
        await self.orphan(receipt("500", id_format="same"), receipt("501", id_format="same"))
        result = await self.one(Rematch(0, NOW))
        self.assertEqual((result.tried, result.applied), (2, 1))
        self.assertEqual([await self.state(each.id) for each in (new, other)], [State.DELIVERED, State.SENT])

    async def test_a_younger_message_with_the_same_id_is_not_meant(self):
        await self.orphan(receipt("A1", received_at=NOW - HOUR))
        new = message()
        await self.store.commit([submit(new), sent(new.id, "A1")])
        self.assertEqual((await self.one(Rematch(0, NOW + HOUR))).applied, 0)
        self.assertEqual(await self.state(new.id), State.SENT)

    async def test_forgotten_the_oldest_first(self):
        await self.orphan(*(receipt(f"O{number}", received_at=NOW - number) for number in range(6)))
        await self.one(receipt("PARKED", received_at=NOW - 100))
        self.assertEqual(await self.one(DropOrphans(NOW, 2)), 2)
        self.assertEqual([each.receipt.smsc_id for each in await self.store.orphans(0, 9)], ["O0", "O1", "O2", "O3"])
        self.assertEqual(await self.one(DropOrphans(NOW)), 3)
        counts = await self.store.counts()
        self.assertEqual((counts.parked, counts.orphans), (1, 1))
