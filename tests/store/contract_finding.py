"""Contract: how operators look for messages, queues and pushes."""

from smsgwd.model.business import Push
from smsgwd.model.callbacks import TELL_SENT
from smsgwd.model.changes import OutboxDead, OutboxDone, OutboxRetry, PutTenant, Requeue
from smsgwd.model.ids import first_id_at
from smsgwd.model.message import HELD, Failure, State
from smsgwd.model.wire import ASKS_INTERMEDIATE
from smsgwd.ports.pushed import PushFilter
from smsgwd.ports.store import FindFilter
from tests.store.base import StoreCase
from tests.store.samples import HOUR, NOW, URL, message, receipt, sent, submission, submit, tenant


class FindContract(StoreCase):
    async def ids(self, before=None, limit=99, **fields):
        """Ids of what is found, newest first, however many calls that takes."""
        found = []
        while True:
            page = await self.store.find(FindFilter(**fields), before, limit)
            self.assertLessEqual(len(page.views), limit)
            found += [each.message.id for each in page.views]
            if page.before is None:
                self.assertEqual(found, sorted(set(found), reverse=True))
                return found
            self.assertTrue(before is None or page.before < before)
            before = page.before

    async def setUp(self):
        await super().setUp()
        await self.one(PutTenant(tenant("other", credentials=())))
        self.mine = message()
        self.foreign = message(tenant="other", msisdn="4477", source="Shop", client_ref="r1", connector="b")
        self.first = first_id_at(NOW - 2 * HOUR)
        self.old = message(id=self.first + 1, submission=self.first, submitted_at=NOW - 2 * HOUR)
        await self.store.commit([submit(self.old), submit(self.mine), submit(self.foreign)])

    async def test_by_what_it_says(self):
        old, mine, foreign = self.old.id, self.mine.id, self.foreign.id
        for fields, wanted in (
            ({}, [foreign, mine, old]),
            ({"tenant": "demo"}, [mine, old]),
            ({"msisdn": "4477"}, [foreign]),
            ({"msisdn": "4477", "tenant": "demo"}, []),
            ({"source": "Shop"}, [foreign]),
            ({"client_ref": "r1", "tenant": "other"}, [foreign]),
            ({"connector": "sim"}, [mine, old]),
            ({"submission": self.foreign.submission}, [foreign]),
            ({"submission": self.foreign.submission, "tenant": "demo"}, []),
            ({"submission": 1 << 70}, []),
            ({"states": (State.QUEUED,)}, [foreign, mine, old]),
            ({"states": (State.QUEUED,), "tenant": "other"}, [foreign]),
            ({"states": (State.DELIVERED, State.SENT)}, []),
            ({"from_ms": NOW}, [foreign, mine]),
            ({"to_ms": NOW}, [old]),
            ({"from_ms": NOW - 2 * HOUR, "to_ms": NOW, "tenant": "demo"}, [old]),
        ):
            self.assertEqual(await self.ids(**fields), wanted, fields)

    async def test_page_by_page(self):
        await self.one(submit(*submission(5)))
        every = await self.ids()
        self.assertEqual(len(every), 8)
        self.assertEqual(await self.ids(limit=3), every)
        self.assertEqual(await self.ids(limit=1, states=(State.QUEUED,)), every)
        self.assertEqual(await self.ids(before=every[3]), every[4:])
        submitted = {"submission": (await self.view(every[0])).message.submission}
        self.assertEqual(await self.ids(limit=2, **submitted), every[:5])

    async def test_by_what_an_smsc_called_it(self):
        """In the response's form or in the receipt's, of whatever group."""
        await self.store.commit([sent(self.mine.id, "00BC614E"), sent(self.foreign.id, "99", connector="b", group="h")])
        for word in ("00BC614E", "bc614e", "12345678", " 00bc614e"):
            self.assertEqual(await self.ids(smsc_id=word), [self.mine.id], word)
        self.assertEqual(await self.ids(smsc_id="99"), [self.foreign.id])
        self.assertEqual(await self.ids(smsc_id="99", tenant="demo"), [])
        self.assertEqual(await self.ids(smsc_id="1234"), [])

    async def test_views_have_no_events(self):
        page = await self.store.find(FindFilter(tenant="other"), None, 1)
        self.assertEqual((page.views[0].message, page.views[0].events), (self.foreign, ()))


class TraceContract(StoreCase):
    async def test_nobodys(self):
        for number in (5, -1, 1 << 70):
            self.assertIsNone(await self.store.trace(number))

    async def test_the_way_of_a_message_with_its_push(self):
        new, others = message(), submission(20)
        await self.store.commit([submit(new, *others)])
        results = await self.store.commit(
            [change for each in (*others[:10], new, *others[10:]) for change in
             (sent(each.id, f"{each.id:x}"), receipt(f"{each.id:x}", done_at=NOW - 9 * HOUR))]
        )  # fmt: skip
        (item,) = next(result for result in results[1::2] if result.message_id == new.id).outbox
        found = await self.store.trace(new.id)
        self.assertEqual(found.view, await self.view(new.id))
        self.assertEqual(len(found.view.parts), 1)
        (push,) = found.pushes
        self.assertEqual((push.id, push.message_id, push.type), (item.id, new.id, "message.delivered"))
        self.assertEqual((push.status, push.attempts, push.created_at), ("pending", 0, NOW + 5000))
        await self.store.commit([OutboxRetry(item.id, NOW + 7000, "503"), OutboxDone(item.id, NOW + 7100)])
        (push,) = (await self.store.trace(new.id)).pushes
        self.assertEqual((push.status, push.attempts, push.last_error), ("done", 1, "503"))
        self.assertEqual(push.done_at, NOW + 7100)

    async def test_word_of_what_came_before_the_end(self):
        """`sent` and intermediate words are found by when they were owed."""
        new = message(asks=TELL_SENT | ASKS_INTERMEDIATE | 1 << State.DELIVERED)
        await self.store.commit([submit(new), *(submit(message(), message()) for _ in range(3))])
        await self.one(sent(new.id, "A1", at=NOW + 60_000))
        await self.one(receipt("A1", None, received_at=NOW + 3_600_000))
        await self.one(receipt("A1", received_at=NOW + 7_200_000))
        pushes = (await self.store.trace(new.id)).pushes
        self.assertEqual([each.type for each in pushes], ["message.sent", "message.intermediate", "message.delivered"])
        self.assertEqual([each.created_at - NOW for each in pushes], [60_000, 3_600_000, 7_200_000])

    async def test_of_a_message_that_nobody_is_told_of(self):
        new = message(dlr_url=None, parts=2)
        await self.store.commit([submit(new), sent(new.id, "A1"), sent(new.id, "A2", part=2)])
        found = await self.store.trace(new.id)
        self.assertEqual((found.pushes, len(found.view.parts)), ((), 2))


class WaitingContract(StoreCase):
    def aged(self, seconds, **fields):
        """A message that was accepted so long ago."""
        at = NOW - seconds * 1000
        self.taken = getattr(self, "taken", 0) + 2
        first = first_id_at(at) + self.taken
        return message(id=first + 1, submission=first, submitted_at=at, **fields)

    async def test_how_old_what_is_queued_is(self):
        ages = (0, 5, 30, 100, 100_000, 90_000)
        messages = [self.aged(age, priority=age % 3) for age in ages]
        other = self.aged(20, connector="b")
        gone = self.aged(4000)
        await self.store.commit([submit(*messages, other, gone), sent(gone.id, "A1")])
        first, second = await self.store.queue_shapes(NOW)
        self.assertEqual((first.connector, second.connector), ("b", "sim"))
        self.assertEqual(first.counts, (0, 1, 0, 0, 0, 0, 0, 0))
        self.assertEqual(second.counts, (2, 1, 1, 0, 0, 0, 0, 2))
        self.assertEqual((first.oldest, second.oldest), (NOW - 20_000, NOW - 100_000_000))

    async def test_nothing_waits(self):
        self.assertEqual(await self.store.queue_shapes(NOW), [])
        self.assertEqual(await self.store.waiting("", (State.QUEUED,), 0, 9), [])

    async def test_which_wait(self):
        queued = [message(priority=n % 3) for n in range(6)]
        other, retried, gone = message(connector="b"), message(), message()
        dated = message(state=State.SCHEDULED, due_at=NOW + HOUR)
        held = message(state=State.SCHEDULED, due_at=HELD, connector="b")
        await self.store.commit(
            [
                submit(*queued, other, retried, gone, dated, held),
                Requeue(retried.id, NOW + HOUR, "sim", NOW, Failure("busy")),
                sent(gone.id, "A1"),
            ]
        )

        async def ids(connector, *states, after=0, limit=99):
            views = await self.store.waiting(connector, states, after, limit)
            return [each.message.id for each in views]

        every = [each.id for each in queued]
        self.assertEqual(await ids("sim", State.QUEUED), every)
        self.assertEqual(await ids("sim", State.QUEUED, limit=4), every[:4])
        self.assertEqual(await ids("sim", State.QUEUED, after=every[3]), every[4:])
        self.assertEqual(await ids("", State.QUEUED), sorted((*every, other.id)))
        self.assertEqual(await ids("sim", State.WAITING), [retried.id])
        self.assertEqual(await ids("", State.SCHEDULED), [dated.id, held.id])
        self.assertEqual(await ids("b", State.SCHEDULED, State.QUEUED), [other.id, held.id])
        self.assertEqual(await ids("sim", State.QUEUED, State.WAITING, State.SCHEDULED, limit=7), [*every, retried.id])
        self.assertEqual(await ids("", State.SENT), [gone.id])
        self.assertEqual(await ids("", State.DELIVERED), [])


class TenantPushesContract(StoreCase):
    async def ids(self, tenant, status="", limit=2):
        """All of them, page by page; that each page goes down is checked."""
        found, before = [], None
        for _ in range(500):
            page = await self.store.tenant_pushes(tenant, PushFilter(status), before, limit)
            self.assertLessEqual(len(page.views), limit)
            self.assertTrue(all(each.tenant == tenant for each in page.views))
            found += [each.id for each in page.views]
            if page.before is None:
                return found
            self.assertTrue(before is None or page.before < before)
            before = page.before
        raise AssertionError("the pages do not end")

    async def test_a_tenants_own_newest_first(self):
        await self.one(PutTenant(tenant("other", credentials=())))
        pushes = [Push(owner, URL, "call", NOW + n, b"{}") for n in range(5) for owner in ("demo", "other")]
        numbers = [result.outbox[0].id for result in await self.store.commit(pushes)]
        mine = numbers[::2]
        await self.store.commit(
            [OutboxDone(mine[0], NOW + 9), OutboxDead(mine[1], NOW + 9, "410 gone"), OutboxDone(numbers[1], NOW + 9)]
        )
        self.assertEqual(await self.ids("demo"), mine[::-1])
        self.assertEqual(await self.ids("demo", limit=99), mine[::-1])
        self.assertEqual(await self.ids("demo", "pending"), mine[:1:-1])
        self.assertEqual(await self.ids("demo", "done"), [mine[0]])
        self.assertEqual(await self.ids("demo", "given_up"), [mine[1]])
        self.assertEqual(await self.ids("other", "given_up"), [])
        self.assertEqual(await self.ids("demo", "nonsense"), [])
        self.assertEqual(await self.ids("nobody"), [])

    async def test_what_a_row_says(self):
        await self.one(Push("demo", URL, "call", NOW, b"{}"))
        page = await self.store.tenant_pushes("demo", PushFilter(), None, 9)
        (push,) = page.views
        await self.one(OutboxRetry(push.id, NOW + 5000, "status 500"))
        page = await self.store.tenant_pushes("demo", PushFilter("pending"), None, 9)
        (push,) = page.views
        self.assertEqual((push.type, push.url, push.message_id), ("call", URL, 0))
        self.assertEqual((push.status, push.attempts, push.due_at), ("pending", 1, NOW + 5000))
        self.assertEqual((push.last_error, push.done_at), ("status 500", None))


class PushesContract(StoreCase):
    async def test_by_target_and_state(self):
        mine, esmes = submission(3), submission(2, account="acme", asks=1, dlr_url=None)
        changes = [submit(*mine, *esmes)]
        for each in (*mine, *esmes):
            changes += [sent(each.id, f"{each.id:x}"), receipt(f"{each.id:x}")]
        items = [item for result in (await self.store.commit(changes))[2::2] for item in result.outbox]
        await self.store.commit([OutboxDone(items[0].id, NOW + 1), OutboxDead(items[1].id, NOW + 2, "410 gone")])

        async def ids(target, status, after=0, limit=99):
            return [each.id for each in await self.store.pushes(target, status, after, limit)]

        every = [item.id for item in items]
        target = items[0].target
        self.assertEqual(await ids("", "pending"), every[2:])
        self.assertEqual(await ids("", "pending", every[2], 1), [every[3]])
        self.assertEqual(await ids(target, "pending"), [every[2]])
        self.assertEqual(await ids("@acme", "pending"), every[3:])
        self.assertEqual(await ids("", "done"), [every[0]])
        self.assertEqual(await ids(target, "given_up"), [every[1]])
        self.assertEqual(await ids("@acme", "given_up"), [])
        self.assertEqual(await ids("", "nonsense"), [])
        (push,) = await self.store.pushes(target, "given_up", 0, 9)
        self.assertEqual((push.tenant, push.url, push.last_error), ("demo", mine[0].dlr_url, "410 gone"))
