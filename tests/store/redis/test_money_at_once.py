"""Money of one tenant, spent by two stores at the same time in truth, while somebody checks the ledger."""

import random

from twisted.internet import reactor
from twisted.internet.defer import gatherResults
from twisted.trial.unittest import TestCase

from smsgwd.model.business import Book, Booked
from smsgwd.model.changes import Cancel, PutTenant
from smsgwd.model.ledger import EntryKind, Funds
from smsgwd.ports.store import LedgerFilter
from smsgwd.store.redis.address import parse
from smsgwd.store.redis.store import RedisStore
from tests.store.redis_server import shared_server
from tests.store.samples import NOW, begin_anew, message, sent, submit, tenant

PRICE = 40_000


class AtOnceTest(TestCase):
    timeout = 128

    async def setUp(self):
        begin_anew()
        address = parse(shared_server().url)
        prefix = self.id().rpartition(".")[2]
        self.stores = [RedisStore(reactor, address, prefix=prefix, node=node, strict=False) for node in ("a", "b")]
        for store in self.stores:
            await store.open()

    async def tearDown(self):
        for store in self.stores:
            await store.close()

    async def test_no_message_beyond_the_limit_and_none_refused_before_it(self):
        await self.stores[0].commit([PutTenant(tenant(credit=50 * PRICE))])
        batches = [self.stores[n % 2].commit([submit(message()) for _ in range(3)]) for n in range(40)]
        done = gatherResults(batches)
        while not done.called:
            self.assertEqual((await self.stores[0].ledger_check()).problems, ())
        results = [result for batch in await done for result in batch]
        self.assertEqual(sum(not result.refused for result in results), 50)
        self.assertEqual(await self.stores[1].funds("demo"), Funds(0, 50 * PRICE, 0))
        self.assertEqual((await self.stores[1].ledger_check()).problems, ())

    async def test_whatever_is_booked_adds_up(self):
        chance = random.Random(7)
        await self.stores[0].commit([PutTenant(tenant(credit=9 * PRICE))])
        left, booked = 9 * PRICE, []
        for _ in range(12):
            new = [message() for _ in range(8)]
            taken = await gatherResults([chance.choice(self.stores).commit([submit(each)]) for each in new])
            kept = [each for each, (result,) in zip(new, taken, strict=True) if not result.refused]
            left -= PRICE * len(kept)
            self.assertGreaterEqual(left, 0)
            self.assertTrue(len(kept) == len(new) or left < PRICE)
            changes = [sent(each.id, f"{each.id:x}") for each in kept[::2]]
            changes += [Cancel("demo", each.id, NOW) for each in kept[1::2]]
            changes += [Book("demo", EntryKind.TOPUP, chance.randrange(3 * PRICE), NOW) for _ in range(3)]
            chance.shuffle(changes)
            left += PRICE * len(kept[1::2]) + sum(each.amount for each in changes if type(each) is Book)
            pending = [chance.choice(self.stores).commit([each]) for each in changes]
            check = self.stores[1].ledger_check()
            booked += [result for (result,) in await gatherResults(pending) if type(result) is Booked]
            self.assertEqual((await check).problems, ())
            self.assertEqual((await self.stores[0].funds("demo")).balance, left)
        entries = {each.id: each for each in await self.stores[0].ledger("demo", LedgerFilter(), 0, 10_000)}
        self.assertEqual(len(booked), 36)
        for each in booked:
            self.assertEqual(entries[each.entry].balance, each.balance)
