from dataclasses import replace

from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase

from smsgwd.providers import Balance, Options, Park, Plugin, Provider
from smsgwd.southbound.provider.account import Account
from smsgwd.southbound.provider.calls import AskBalance, AskFacts, Done
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.net.fake_wire import FakeClock


class Rich(Provider):
    async def send(self, group):
        raise NotImplementedError

    async def balance(self):
        raise NotImplementedError  # what it answers the test says


class Known(Rich):
    async def facts(self):
        raise NotImplementedError


class Silent(Provider):
    async def send(self, group):
        raise NotImplementedError


class Metrics:
    def __init__(self):
        self.told = []

    def balance(self, amount, currency):
        self.told.append((amount, currency))


class AccountTests(SynchronousTestCase):
    def make(self, provider=Known, every=300.0):
        self.clock = FakeClock()
        self.metrics = Metrics()
        self.may_ask = True
        self.asked = []
        self.answers = {
            AskBalance: Done(balance=Balance(12.5, "EUR")),
            AskFacts: Done(facts={"senders": "iSMS, Shop", "long": "x" * 9999}),
        }
        self.settings = ProviderSettings(
            "p1", Plugin("p", "A provider", provider, Options), "provider:p1", balance_every_s=every
        )
        self.account = Account(
            self.settings, self.clock.reactor, self.clock, self.ask,
            random=lambda: 0.5, may_ask=lambda: self.may_ask, metrics=self.metrics,
        )  # fmt: skip
        self.account.start()
        return self.account

    def ask(self, call):
        self.asked.append(type(call))
        answer = self.answers[type(call)]
        return answer if isinstance(answer, Deferred) else succeed(answer)

    def advance(self, seconds):
        for _ in range(int(seconds)):
            self.clock.reactor.advance(1.0)

    def test_asked_soon_and_then_at_intervals(self):
        account = self.make()
        self.assertEqual((account.balance, account.asked_at, account.facts), (None, None, {}))
        self.advance(5)
        self.assertEqual(self.asked, [AskBalance, AskFacts])
        self.assertEqual(account.balance, Balance(12.5, "EUR"))
        self.assertEqual(account.asked_at, self.clock.offset_ms + 3000)
        self.assertEqual(account.facts, {"senders": "iSMS, Shop", "long": "x" * 500})
        self.assertEqual(self.metrics.told, [(12.5, "EUR")])
        self.advance(310)
        self.assertEqual(self.asked, [AskBalance, AskFacts] * 2)

    def test_only_what_the_plugin_can(self):
        self.make(Rich)
        self.advance(5)
        self.assertEqual(self.asked, [AskBalance])
        self.make(Silent)
        self.assertEqual(self.clock.reactor.getDelayedCalls(), [])

    def test_never_where_it_is_switched_off_until_it_is_switched_on(self):
        account = self.make(every=0.0)
        self.advance(600)
        self.assertEqual(self.asked, [])
        account.adopt(replace(self.settings, balance_every_s=10.0))
        self.advance(20)
        self.assertGreaterEqual(len(self.asked), 2)
        asked = len(self.asked)
        account.adopt(replace(self.settings, balance_every_s=0.0))
        self.advance(600)
        self.assertEqual(len(self.asked), asked)

    def test_a_failure_keeps_what_was_known_and_says_why(self):
        account = self.make()
        self.advance(5)
        self.answers[AskBalance] = Done(trouble="no connection")
        self.advance(310)
        self.assertEqual((account.balance, account.trouble), (Balance(12.5, "EUR"), "no connection"))
        self.assertEqual((account.failures, account.asked_at), (1, self.clock.offset_ms + 3000))
        self.answers[AskBalance] = Done(halted=Park("no credit"))
        self.answers[AskFacts] = Done()
        self.advance(310)
        self.assertEqual((account.failures, account.trouble), (3, "no credit"))
        self.answers[AskBalance] = Done(balance=Balance(3, ""))
        self.answers[AskFacts] = Done(facts={})
        self.advance(310)
        self.assertEqual((account.balance, account.trouble, account.facts), (Balance(3, ""), "", {}))

    def test_left_alone_when_told(self):
        self.make()
        self.may_ask = False
        self.advance(100)
        self.assertEqual(self.asked, [])
        self.may_ask = True
        self.advance(31)
        self.assertEqual(self.asked, [AskBalance, AskFacts])

    def test_stopped_while_a_question_is_out(self):
        account = self.make()
        answer = self.answers[AskBalance] = Deferred()
        self.advance(5)
        account.stop()
        account.start()
        account.adopt(replace(self.settings, balance_every_s=200.0))
        self.assertEqual(self.clock.reactor.getDelayedCalls(), [])
        answer.callback(Done(trouble="stopped"))
        self.assertEqual(len(self.clock.reactor.getDelayedCalls()), 1)
        account.stop()
        self.assertEqual(self.clock.reactor.getDelayedCalls(), [])
