"""Messages to test numbers end as their tenant set it, with all that a carrier's messages leave behind."""

from twisted.internet import reactor
from twisted.internet.defer import fail
from twisted.trial.unittest import TestCase

from smsgwd.app.test_numbers import TEST_CONNECTOR, TestNumbers
from smsgwd.model.changes import PutTenant, Submit
from smsgwd.model.message import State
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import StoreUnavailable
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock, FakeOutbox
from tests.app.made import message

OUTCOMES = ("delivered", "undelivered", "expired", "rejected", "unknown")
TENANT = Tenant(
    "demo", credit=1_000_000, test_numbers=tuple((f"30690000000{n}", state) for n, state in enumerate(OUTCOMES))
)


class TestNumbersTests(TestCase):
    timeout = 30

    async def setUp(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        await self.store.commit([PutTenant(TENANT)])
        self.outbox = FakeOutbox()
        self.numbers = TestNumbers(self.store, self.outbox, FakeClock(), {"demo": TENANT}.get, reactor.callLater)

    async def tearDown(self):
        await self.store.close()

    async def taken(self, *messages):
        await self.store.commit([Submit("demo", list(messages), messages[0].submitted_at)])
        return list(messages)

    def to(self, number, place, **fields):
        return message(
            place, msisdn=number, dest=number, connector=TEST_CONNECTOR, dlr_url="http://shop.example/", **fields
        )

    async def states(self, messages):
        return [(await self.store.message("demo", each.id)).message.state.public for each in messages]

    async def test_each_ends_as_it_is_set(self):
        messages = await self.taken(*(self.to(number, n) for n, (number, _) in enumerate(TENANT.test_numbers, 1)))
        self.numbers.offer(messages)
        await self.store.commit([PutTenant(TENANT)])  # behind the other
        self.assertEqual(await self.states(messages), list(OUTCOMES))
        self.assertEqual([item.type for item in self.outbox.items], [f"message.{state}" for state in OUTCOMES])

    async def test_what_was_left_goes_on_at_the_start(self):
        messages = await self.taken(
            self.to("306900000000", 1), self.to("306900000000", 2, parts=3), self.to("306999999999", 3)
        )
        await self.numbers.start()
        self.assertEqual(await self.states(messages), ["delivered"] * 3)
        view = await self.store.message("demo", 2)
        self.assertEqual([part.state for part in view.parts], [State.DELIVERED] * 3)
        self.assertEqual(len(self.outbox.items), 3)
        await self.numbers.start()
        self.assertEqual(len(self.outbox.items), 3)

    async def test_what_could_not_be_read_at_the_start_is_read_later(self):
        messages = await self.taken(self.to("306900000000", 1))
        ready, calls = self.store.ready, []
        self.store.ready = lambda *_: fail(StoreUnavailable("the disk is gone"))
        numbers = TestNumbers(
            self.store, self.outbox, FakeClock(), {"demo": TENANT}.get, lambda seconds, call: calls.append(call)
        )
        await numbers.start()
        self.store.ready = ready
        [again] = calls
        await again()
        self.assertEqual(await self.states(messages), ["delivered"])
