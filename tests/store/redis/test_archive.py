"""What goes to the archive, what stays, and what is seen of both."""

from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Submit
from smsgwd.model.message import State
from smsgwd.model.pushes import OutboxDone
from smsgwd.model.records import FORGET
from smsgwd.model.upkeep import DropArchived, Erase, EraseRest
from smsgwd.ports.looking import FindFilter
from smsgwd.ports.store import MessageFilter, StoreUnavailable
from tests.store.base import StoreCase
from tests.store.redis.archiving import LATER, WithArchive, archive
from tests.store.samples import NOW, message, receipt, sent, submission, submit

NUMBER = "306912345678"


class ArchiveCase(WithArchive, StoreCase):
    async def delivered(self, count=1, **fields):
        """Messages of one submission that were delivered, and of which nobody is owed word."""
        taken = submission(count, dlr_url=None, **fields)
        await self.store.commit([submit(*taken)])
        await self.store.commit([sent(each.id, f"A{each.id}") for each in taken])
        await self.store.commit([receipt(f"A{each.id}") for each in taken])
        return [each.id for each in taken]

    async def on_the_server(self):
        return await self.store.asking.call("ZCARD", self.store.keys.messages)

    async def test_a_message_is_as_it_was(self):
        parts = message(parts=2, dlr_url=None, client_ref="order")
        await self.store.commit([submit(parts), sent(parts.id, "A1"), sent(parts.id, "A2", part=2)])
        await self.store.commit([receipt("A1"), receipt("A2")])
        [single] = await self.delivered()
        ids = (parts.id, single)
        before = [await self.view(number) for number in ids], [await self.store.trace(number) for number in ids]
        self.assertEqual(await archive(self.store), 2)
        self.assertEqual(await self.on_the_server(), 0)
        after = [await self.view(number) for number in ids], [await self.store.trace(number) for number in ids]
        self.assertEqual(after, before)
        self.assertEqual(await self.reopen(), max(ids))  # new ones get higher ids
        self.assertEqual([await self.view(number) for number in ids], before[0])
        self.assertIsNone(await self.view(single, "another"))
        self.assertEqual(await self.store.tenant_of(single), "demo")

    async def test_what_is_in_both_is_shown_once(self):
        """A node that dies between the two leaves it so."""
        ids = await self.delivered(5)
        await archive(self.store, drop=False)
        await self.reopen()
        self.assertEqual(await self.on_the_server(), 5)
        await self.seen(ids)
        await archive(self.store)
        self.assertEqual(await self.on_the_server(), 0)
        await self.seen(ids)

    async def test_pages_over_both(self):
        first = await self.delivered(4)
        await archive(self.store)
        second = submission(3)
        await self.store.commit([submit(*second)])
        third = await self.delivered(4)
        await archive(self.store)
        self.assertEqual(await self.on_the_server(), 3)
        await self.seen([*first, *(each.id for each in second), *third])

    async def seen(self, ids):
        """Each read tells of exactly these messages, in pages of any size."""
        newest = sorted(ids, reverse=True)
        for size in (1, 2, 3, 50):
            found, before = [], None
            while page := await self.store.messages("demo", MessageFilter(), before, size):
                found += [each.message.id for each in page]
                before = found[-1]
            self.assertEqual(found, newest)
            found, before, more = [], None, True
            while more:
                page = await self.store.find(FindFilter(), before, size)
                found += [each.message.id for each in page.views]
                before, more = page.before, page.before is not None
            self.assertEqual(found, newest)
            found = []
            while page := await self.store.history("demo", 0, NOW + 1, len(found), size):
                found += page
            self.assertEqual([each.number for each in found], list(range(1, len(ids) + 1)))
            self.assertEqual({each.view.message.id for each in found}, set(ids))
            found, after = [], 0
            while after is not None:
                some, after = await self.store.find_number(NUMBER, after, size)
                found += some
            self.assertEqual(found, sorted(ids))
        self.assertEqual({each.message.id for each in await self.store.messages_at("demo", ids)}, set(ids))
        own = (await self.view(ids[0])).message
        self.assertIn(ids[0], [each.message.id for each in await self.store.submission("demo", own.submission)])
        self.assertEqual(
            (await self.store.recipient("demo", own.submission, NUMBER)).message.submission, own.submission
        )

    async def test_found_by_the_smscs_id(self):
        [number] = await self.delivered()
        await archive(self.store)
        page = await self.store.find(FindFilter(smsc_id=f"A{number}"), None, 10)
        self.assertEqual([each.message.id for each in page.views], [number])

    async def test_what_is_open_or_owed_stays(self):
        waiting, owed = message(), message()
        await self.store.commit([submit(waiting, owed), sent(owed.id, "A1")])
        moved = await self.one(receipt("A1"))
        self.assertEqual(await archive(self.store), 0)
        await self.store.commit([OutboxDone(item.id, NOW) for item in moved.outbox])
        self.assertEqual(await archive(self.store), 1)
        self.assertEqual(await self.state(owed.id), State.DELIVERED)
        self.assertEqual(await self.on_the_server(), 1)

    async def test_what_changed_meanwhile_stays(self):
        [number] = await self.delivered()
        page = await self.store.archivable(lambda _: LATER, LATER, 0, 10)
        await self.store.asking.archive.put(page.rows)
        await self.one(Erase((number,), NUMBER, NOW))
        self.assertEqual((await self.one(DropArchived(tuple(page.digests), 0))).count, 0)
        self.assertEqual((await self.view(number)).message.msisdn, "")
        self.assertEqual(await archive(self.store), 1)
        self.assertEqual((await self.view(number)).message.msisdn, "")

    async def test_a_receipt_that_comes_after_it_finds_no_message(self):
        [number] = await self.delivered()
        await archive(self.store)
        late = await self.one(receipt(f"A{number}", State.UNDELIVERED))
        self.assertEqual(type(late).__name__, "Parked")
        self.assertEqual(await self.state(number), State.DELIVERED)

    async def test_a_reference_is_used_up_as_long_as_before(self):
        taken = message(dlr_url=None, client_ref="one")
        await self.store.commit([Submit("demo", [taken], NOW), sent(taken.id, "A1"), receipt("A1")])
        self.assertEqual(await archive(self.store), 1)
        self.assertEqual((await self.view(taken.id)).message.client_ref, "one")

    async def test_texts_and_days_go_by_their_age(self):
        old = await self.delivered(3)
        await archive(self.store)
        kept = self.store.asking.archive
        self.assertEqual(await kept.blank("demo", NOW, 2), 0)  # none was submitted before then
        self.assertEqual([await kept.blank("demo", NOW + 1, 2) for _ in range(3)], [2, 1, 0])
        self.assertEqual([(await self.view(each)).message.body for each in old], [b""] * 3)
        young = await self.delivered()
        await archive(self.store)
        self.assertEqual(await kept.blank("demo", NOW + 1, 5), 1)
        self.assertEqual(await kept.drop(NOW), 0)
        self.assertEqual(await kept.drop(NOW + 2 * 86_400_000), 4)
        self.assertIsNone(await self.view(young[0]))
        self.assertEqual((await kept.size()).files, 0)

    async def test_a_person_is_forgotten(self):
        mine = await self.delivered(2, client_ref="for 306912345678")
        [others] = await self.delivered(msisdn="306900000000", dest="+306900000000")
        await archive(self.store)
        count, after = await self.store.asking.archive.forget(NUMBER, -1)
        while after is not None:
            more, after = await self.store.asking.archive.forget(NUMBER, after)
            count += more
        self.assertEqual(count, 2)
        view = await self.view(mine[0])
        self.assertEqual(
            (view.message.msisdn, view.message.dest, view.message.body, view.message.client_ref),
            ("", "erased", b"", None),
        )
        self.assertEqual(view.message.state, State.DELIVERED)
        self.assertEqual((await self.view(others)).message.msisdn, "306900000000")
        await self.store.close()
        self.nothing_tells_of(NUMBER)
        self.store = self.new_store()
        await self.store.open()

    async def test_each_node_hears_whom_to_forget(self):
        await self.store.server.call("HSET", self.store.keys.node_numbers, "one", 1, "two", 2)
        await self.one(EraseRest(NUMBER, NOW))
        found = await self.store.records(FORGET, None, "", 10)
        self.assertEqual(
            [(each.tenant, each.key, each.at) for each in found], [("one", NUMBER, NOW), ("two", NUMBER, NOW)]
        )


class TestArchive(ArchiveCase, TestCase):
    def nothing_tells_of(self, number):
        paths = [*self.directory.iterdir()]
        self.assertEqual(len(paths), 1)
        self.assertNotIn(number.encode(), paths[0].read_bytes())

    async def test_a_damaged_file_is_told_and_holds_up_nobody(self):
        ids = await self.delivered(2)
        await archive(self.store)
        report = await self.store.check()
        self.assertEqual(report.problems, ())
        await self.store.close()
        [path] = self.directory.iterdir()
        path.write_bytes(b"no database at all" * 400)
        self.store = self.new_store()
        await self.store.open()
        [problem] = (await self.store.check()).problems
        self.assertIn(str(path), problem)
        new = message()
        await self.store.commit([submit(new)])
        self.assertEqual(await self.state(new.id), State.QUEUED)
        with self.assertRaisesRegex(StoreUnavailable, "archive"):
            await self.store.message("demo", ids[0])
