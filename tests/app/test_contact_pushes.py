"""Providers are told of new and changed contacts: once each, on after a failure and a restart; all when asked for."""

import msgspec
from twisted.internet import reactor
from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock as Timers
from twisted.trial.unittest import TestCase

from smsgwd.app.contact_pushes import ContactPushes
from smsgwd.app.records import StoredRecords
from smsgwd.model.records import CONTACT, CONTACT_PUSH, Contact
from smsgwd.model.refusals import Refused
from smsgwd.ops.contact_pushes import ContactPushCommands
from smsgwd.ops.registry import CommandError
from smsgwd.providers import Options, Plugin, Provider, Stop
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock


class Book(Provider):
    async def send(self, group):
        return []

    async def push_contacts(self, contacts):
        return []


class NoBook(Provider):
    async def send(self, group):
        return []


class FakeConnector:
    """Takes contacts, but for numbers in `bad`; `answers` come first."""

    def __init__(self, name="ardary1", provider=Book, tenant="demo", push=True):
        self.id = name
        plugin = Plugin("book", "A book.", provider, Options)
        self.settings = ProviderSettings(name, plugin, "g", tenant=tenant, push_contacts=push)
        self.may_ask = True
        self.bad = {}
        self.answers = []
        self.calls = []

    def call(self, call):
        self.calls.append(call.contacts)
        if self.answers:
            answer = self.answers.pop(0)
            return answer if isinstance(answer, Deferred) else succeed(answer)
        return succeed(Done(contacts=[self.bad.get(one.msisdn, "") for one in call.contacts]))

    def told(self):
        """Numbers of all calls, which are forgotten."""
        found = [one.msisdn for call in self.calls for one in call]
        self.calls.clear()
        return found


class ContactPushesTests(TestCase):
    timeout = 30

    async def setUp(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        self.addCleanup(self.store.close)
        self.clock = FakeClock()
        self.connector = FakeConnector()
        self.counted = []
        self.begin()

    def begin(self):
        """As a start of the gateway: nothing is remembered but what is stored."""
        self.pushes = ContactPushes(
            Timers(), self.clock, None, lambda: [self.connector], lambda name, count: self.counted.append((name, count))
        )
        self.records = StoredRecords(self.store, self.clock, after=self.pushes.changed)
        self.pushes._records = self.records

    def put(self, *numbers, tenant="demo", **fields):
        rows = [(one, msgspec.json.encode(Contact(f"+{one}", **fields))) for one in numbers]
        return self.records.put_many(CONTACT, tenant, rows)

    async def look(self, seconds=60):
        self.clock.advance(seconds)
        await self.pushes._look()
        return self.connector.told()

    async def test_what_is_new_is_told_once_in_groups(self):
        numbers = [f"3069{n:08d}" for n in range(250)]
        await self.put(*numbers)
        await self.put("306900000001", tenant="other")
        self.clock.advance(60)
        await self.pushes._look()
        self.assertEqual([len(call) for call in self.connector.calls], [100, 100, 50])
        self.assertEqual(self.connector.told(), numbers)
        self.assertEqual(sum(count.pushed for _, count in self.counted), 250)
        self.assertEqual(await self.look(), [])
        await self.put(numbers[7], first_name="Anna")
        self.assertEqual(await self.look(), [numbers[7]])
        self.assertEqual(await self.look(), [])

    async def test_what_a_plugin_gets(self):
        await self.put("306912345678", first_name="Anna", last_name="B", email="a@b.gr", address="Street 1")
        self.clock.advance(60)
        await self.pushes._look()
        [[one]] = self.connector.calls
        self.assertEqual(
            (one.msisdn, one.first_name, one.last_name, one.email, one.address, one.country_code),
            ("306912345678", "Anna", "B", "a@b.gr", "Street 1", "30"),
        )

    async def test_changed_in_the_same_moment_as_the_walk(self):
        await self.put("306900000001")
        self.assertEqual(await self.look(0), ["306900000001"])
        await self.put("306900000002")  # no time has passed
        self.assertEqual(await self.look(0), ["306900000002"])
        self.assertEqual(await self.look(0), [])

    async def test_nobody_who_does_not_want_it_is_told(self):
        await self.put("306900000001")
        for connector in (FakeConnector(push=False), FakeConnector(tenant=None)):
            self.connector = connector
            self.assertEqual(await self.look(), [])
        self.connector = FakeConnector()
        self.connector.may_ask = False
        self.assertEqual(await self.look(), [])
        self.connector.may_ask = True
        self.assertEqual(await self.look(), ["306900000001"])

    async def test_what_another_node_told_meanwhile_is_not_told_again(self):
        await self.put("306900000001")
        self.assertEqual(await self.look(), ["306900000001"])
        self.pushes._runs = lambda connector: False
        self.assertEqual(await self.look(), [])
        there = FakeConnector()
        other = ContactPushes(Timers(), self.clock, self.records, lambda: [there])
        await self.put("306900000002")
        self.clock.advance(60)
        await other._look()
        self.assertEqual(there.told(), ["306900000002"])
        self.pushes._runs = lambda connector: True
        self.assertEqual(await self.look(), [])
        await self.put("306900000003")
        self.assertEqual(await self.look(60), ["306900000003"])

    async def test_a_failure_is_tried_again_later_from_where_it_was(self):
        numbers = [f"3069{n:08d}" for n in range(150)]
        await self.put(*numbers)
        self.connector.answers = [Done(contacts=[""] * 100), Done(trouble="no connection"), Done(halted=Stop("key"))]
        self.assertEqual(len(await self.look(0)), 150)
        self.assertEqual(await self.look(30), [])  # not yet
        self.assertEqual(await self.look(31), numbers[100:])  # refused as a whole
        self.assertEqual(await self.look(119), [])
        self.assertEqual(await self.look(2), numbers[100:])
        self.assertEqual(await self.look(), [])
        self.assertEqual([count.pushed for _, count in self.counted], [100, 0, 0, 50])

    async def test_a_restart_in_the_middle(self):
        numbers = [f"3069{n:08d}" for n in range(250)]
        await self.put(*numbers)
        self.connector.answers = [Done(contacts=[""] * 100), Done(trouble="killed")]
        await self.look()
        await self.put(numbers[3])  # behind the walk, before the end
        self.begin()
        self.assertEqual(await self.look(), numbers[100:])
        self.assertEqual(await self.look(), [numbers[3]])
        self.assertEqual(await self.look(), [])
        self.begin()
        self.assertEqual(await self.look(), [])

    async def test_changed_while_it_was_down(self):
        await self.put("306900000001")
        await self.look()
        self.clock.advance(60)
        await self.put("306900000002")
        self.begin()
        self.assertEqual(await self.look(), ["306900000002"])

    async def test_a_record_that_nobody_can_read_means_all(self):
        await self.put("306900000001")
        await self.records.put(CONTACT_PUSH, "", "ardary1", b"nonsense")
        self.assertEqual(await self.look(), ["306900000001"])

    async def test_another_tenant_is_told_whole(self):
        await self.put("306900000001")
        await self.put("306900000002", tenant="other")
        self.assertEqual(await self.look(), ["306900000001"])
        self.connector = FakeConnector(tenant="other")
        self.assertEqual(await self.look(), ["306900000002"])

    async def test_refused_ones_are_counted_and_not_tried_again(self):
        await self.put("306900000001", "306900000002")
        self.connector.bad = {"306900000002": "#001 Invalid phone number"}
        self.assertEqual(len(await self.look()), 2)
        [(_, count)] = self.counted
        self.assertEqual((count.pushed, count.refused, count.reasons), (1, 1, {"#001 Invalid phone number": 1}))
        self.assertEqual(await self.look(), [])

    async def test_a_wrong_number_of_results_is_a_failure(self):
        await self.put("306900000001")
        self.connector.answers = [Done(contacts=["", ""])]
        await self.look()
        self.assertEqual(await self.look(), ["306900000001"])

    async def test_the_timer_and_its_end(self):
        timers = self.pushes._reactor
        self.pushes.start()
        await self.put("306900000001")
        told = Deferred()
        self.connector.answers = [told]
        timers.advance(5)
        while not self.connector.calls:
            await self.records.page(CONTACT, "demo", "", 1)
        self.pushes.stop()
        told.callback(Done(contacts=[""]))
        await self.pushes._look()
        self.assertEqual(timers.getDelayedCalls(), [])

    # -- the command

    def command(self, name):
        [command] = ContactPushCommands(self.pushes).commands()
        return command.run({"id": name})

    async def test_all_of_them_by_command(self):
        await self.put("306900000001", "306900000002", "306900000003")
        await self.look()
        self.connector.bad = {"306900000002": "#004 Invalid E-mail"}
        answer = await self.command("ardary1")
        self.assertEqual(
            answer,
            {
                "connector": "ardary1",
                "contacts": 3,
                "pushed": 2,
                "refused": 1,
                "reasons": {"#004 Invalid E-mail": 1},
                "numbers": [{"number": "306900000002", "reason": "#004 Invalid E-mail"}],
            },
        )
        self.connector.told()
        self.assertEqual(await self.look(), [])

    async def test_what_the_command_refuses(self):
        for connector, name, text in (
            (self.connector, "nobody", "there are: ardary1"),
            (FakeConnector(tenant=None), "ardary1", "no `tenant`"),
            (FakeConnector(provider=NoBook), "ardary1", "takes no contacts"),
        ):
            self.connector = connector
            error = await self.assertFailure(self.command(name), CommandError, Refused)
            self.assertIn(text, str(error))

    async def test_a_command_that_fails_midway_goes_on_by_itself(self):
        numbers = [f"3069{n:08d}" for n in range(150)]
        await self.put(*numbers)
        await self.look()
        self.connector.answers = [Done(contacts=[""] * 100), Done(trouble="no connection")]
        error = await self.assertFailure(self.command("ardary1"), CommandError, Refused)
        self.assertIn("no connection; told before: 100", str(error))
        self.connector.told()
        self.assertEqual(await self.look(), numbers[100:])
