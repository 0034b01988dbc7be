"""Asking for states over a real store: what is asked for, what ends, what a restart finds."""

import random

from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import PartSent, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.net.clock import SystemClock
from smsgwd.providers import Poll, Report
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.closing import LAST_CALL_S
from smsgwd.southbound.provider.polling import Polling
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.store.embedded.store import EmbeddedStore
from tests.southbound.provider.test_polling import PLUGIN, Outbox
from tests.store.base import StoreCase
from tests.store.samples import message, submit

CLOCK = SystemClock()


class PollingOverTheStore(StoreCase, TestCase):
    def new_store(self, **options):
        if not hasattr(self, "directory"):
            self.directory = self.mktemp()
        return EmbeddedStore(reactor, self.directory, **options)

    def make(self, poll, **fields):
        """Polling that is told every state as delivered, but those of `self.mute`."""
        self.asked, self.mute, self.outbox = [], set(), Outbox()
        self.polling = Polling(
            ProviderSettings("p1", PLUGIN, "provider:p1", poll=poll, **fields),
            reactor, CLOCK, self.store, self.ask, self.take, self.outbox, random=random.random, most=40,
        )  # fmt: skip
        self.polling.start()

    async def tearDown(self):
        self.polling.stop()
        await super().tearDown()

    def ask(self, call):
        self.asked += [each.id for each in call.sent]
        told = [Report(State.DELIVERED, each.foreign_id) for each in call.sent if int(each.id) not in self.mute]
        return succeed(Done(reports=told))

    def take(self, reports):
        now = CLOCK.now_ms()
        taken = [
            TakeReceipt(Receipt("provider:p1", each.foreign_id, each.state, now, id_format="exact")) for each in reports
        ]
        done = Deferred()
        self.store.commit(taken).addCallback(lambda _: done.callback(True))
        return done

    async def keep(self, count, *, connector="p1", parts=1, age_s=3600, left_s=3600):
        now = CLOCK.now_ms()
        new = [
            message(connector=connector, parts=parts, submitted_at=now - age_s * 1000, deadline=now + left_s * 1000 + n)
            for n in range(count)
        ]
        await self.one(submit(*new))
        await self.store.commit(
            [
                PartSent(each.id, part, f"Id-{each.id}", "provider:p1", connector, now - age_s * 1000, "exact")
                for each in new
                for part in range(1, parts + 1)
            ]
        )
        return new

    async def until(self, there):
        while not there():
            await deferLater(reactor, 0.02, lambda: None)

    async def test_everything_that_was_sent_ends_after_a_restart(self):
        whole, parts = await self.keep(60), await self.keep(5, parts=3)
        others = await self.keep(50, connector="p2")
        await self.reopen()
        self.make(Poll(first_s=0.01, factor=2, longest_s=0.05, group=7))
        ids = {str(each.id) for each in (*whole, *parts)}
        await self.until(lambda: set(self.asked) == ids and self.polling.waiting == 0)
        for each in (*whole, *parts):
            self.assertIs(await self.state(each.id), State.DELIVERED)
        self.assertIs(await self.state(others[0].id), State.SENT)
        self.assertEqual(len(self.asked), len(ids))  # nobody was asked for twice

    async def test_what_stays_silent_ends_as_unknown(self):
        silent, young = await self.keep(3, left_s=-LAST_CALL_S - 10), await self.keep(1)
        self.make(None, unknown_after_s=1.0)
        await self.until(lambda: len(self.outbox.items) == 3)
        for each in silent:
            self.assertIs(await self.state(each.id), State.UNKNOWN)
        self.assertIs(await self.state(young[0].id), State.SENT)
