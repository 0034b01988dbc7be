"""Contract: tracked links, and events that are about no message on its way."""

import json

from smsgwd.model.business import Click, Push
from smsgwd.model.changes import OutboxDone, OutboxRetry, Owed, Replayed, Submitted
from smsgwd.model.links import Link, LinkView
from smsgwd.model.submission import Idempotency
from tests.store.base import StoreCase
from tests.store.contract_optouts import OUT
from tests.store.samples import HOUR, NOW, message, submit

HOOK = "https://tenant.example/hook"


def link(of, code, **fields):
    """The link of a message."""
    values = {"url": "https://shop.example/a?b=c", "made_at": NOW, "expires_at": NOW + HOUR, "client_ref": "r"} | fields
    return Link(code, of.tenant, of.id, of.msisdn, **values)


def links_of(*messages):
    """A link for each, with codes in order."""
    return tuple(link(each, f"code{place}") for place, each in enumerate(messages))


class LinkContract(StoreCase):
    async def test_kept_with_the_messages_that_are_taken(self):
        taken, poor, barred = message(), message(price=10**12), message(msisdn="306900000009")
        await self.one(OUT.__class__("demo", barred.msisdn, True, NOW, "STOP"))
        result = await self.one(submit(taken, poor, barred, links=links_of(taken, poor, barred)))
        self.assertEqual(result, Submitted({1: "no_credit", 2: "opted_out"}))
        await self.reopen()
        self.assertEqual(await self.store.link("code0"), LinkView(link(taken, "code0"), 0, 0, None, None))
        for code in ("code1", "code2", "CODE0", ""):
            self.assertIsNone(await self.store.link(code))

    async def test_a_repeated_request_makes_none(self):
        new = message()
        request = submit(new, idempotency=Idempotency("k", b"d"), answer=b"a", links=links_of(new))
        again = submit(message(), idempotency=Idempotency("k", b"d"), links=(link(new, "again"),))
        self.assertEqual(await self.store.commit([request, again]), [Submitted({}), Replayed(b"a", {})])
        self.assertIsNone(await self.store.link("again"))

    async def test_a_code_that_there_is_fails_its_submission_alone(self):
        first, second, third = message(), message(), message()
        await self.one(submit(first, links=links_of(first)))
        bad = self.store.commit([submit(second, links=links_of(second))])
        good = self.store.commit([submit(third, links=(link(third, "mine"),))])
        await self.assertFailure(bad, Exception)  # which one is the store's own matter
        self.assertEqual(await good, [Submitted({})])
        self.assertIsNone(await self.view(second.id))
        self.assertEqual((await self.store.link("code0")).link.message_id, first.id)

    async def test_openings_are_counted(self):
        new = message()
        await self.one(submit(new, links=links_of(new)))
        results = await self.store.commit(
            [
                Click("code0", NOW + 1, True),
                Click("code0", NOW + 7, False),
                Click("code0", NOW + 5, False),
                Click("none", NOW, False),
                Click("none", NOW, True),
            ]
        )
        self.assertEqual(results, [True, True, True, False, False])
        self.assertEqual(await self.store.link("code0"), LinkView(link(new, "code0"), 2, 1, NOW + 5, NOW + 7))

    async def test_pages_newest_message_first(self):
        made = [message() for _ in range(4)]
        await self.one(submit(*made, links=links_of(*made)))

        async def page(owner="demo", of=None, before=1 << 70, limit=9):
            return [each.link.message_id for each in await self.store.links(owner, of, before, limit)]

        ids = [each.id for each in reversed(made)]
        self.assertEqual(await page(), ids)
        self.assertEqual(await page(limit=2), ids[:2])
        self.assertEqual(await page(before=ids[1]), ids[2:])
        self.assertEqual(await page(of=ids[2]), [ids[2]])
        self.assertEqual(await page(of=ids[2], before=ids[2]), [])
        self.assertEqual(await page("other"), [])
        self.assertEqual(await page("other", of=ids[2]), [])
        self.assertEqual(await page(of=1 << 70), [])


class EventContract(StoreCase):
    async def test_owed_until_it_is_taken(self):
        data = json.dumps({"code": "abc", "to": "+306912345678"}).encode()
        owed = await self.one(Push("demo", HOOK, "link.clicked", NOW, data))
        self.assertIsInstance(owed, Owed)
        (item,) = owed.outbox
        self.assertEqual((item.type, item.payload, item.message_id, item.url), ("link.clicked", data, 0, HOOK))
        self.assertEqual((item.tenant, item.created_at, item.due_at), ("demo", NOW, NOW))
        await self.reopen()
        self.assertEqual(await self.store.outbox(item.target, None, 9), [item])
        await self.one(OutboxRetry(item.id, NOW + 5, "503"))
        (again,) = await self.store.outbox(item.target, None, 9)
        self.assertEqual((again.attempts, again.due_at, again.payload), (1, NOW + 5, data))
        await self.one(OutboxDone(item.id, NOW + 6))
        self.assertEqual(await self.store.outbox(item.target, None, 9), [])

    async def test_with_the_opening_that_it_tells_of(self):
        new = message()
        await self.one(submit(new, links=links_of(new)))
        results = await self.store.commit([Click("code0", NOW, False), Push("demo", HOOK, "link.clicked", NOW, b"{}")])
        self.assertIs(results[0], True)
        self.assertEqual(len(results[1].outbox), 1)
