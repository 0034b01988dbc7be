"""Against the simulated SMSPresto, written from its page alone, on sockets, run as the gateway runs plugins."""

import time

from smsgwd_smspresto import plugin
from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.providers import Accepted, Balance, Park, Permanent, Sent, Stop, Temporary, Unknown
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import AskBalance, AskFacts, AskStates, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings


class SimulatorTests(TestCase):
    """Both ends real."""

    timeout = 20

    def make(self, answer_s=5.0, options=None, **simulated):
        self.simulator = ProviderSimulator(reactor, "smspresto", SimulatorOptions(**simulated))
        port = self.simulator.listen()
        self.addCleanup(self.simulator.stop)
        self.given = {"base_url": f"http://127.0.0.1:{port}/console/api/", "api_key": "user", "api_pass": "password"}
        self.given |= options or {}
        self.answer_s = answer_s
        self.run_anew()

    def run_anew(self):
        """The plugin as after a restart."""
        settings = ProviderSettings("smspresto1", plugin, "smspresto", options=self.given, answer_s=self.answer_s)
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, 0), "")
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    @inlineCallbacks
    def send(self, messages):
        done = yield self.runner.call(Send(messages), 10)
        self.assertFalse(done.fault, done.trouble)
        if done.verdicts is None:  # as the host reads it
            return [(Unknown if done.written else Temporary)(done.trouble)] * len(messages)
        return done.verdicts

    def sent(self, messages):
        now = int(time.time() * 1000)
        return [Sent(each.id, "", each.to, each.sender, each.text, now, now) for each in messages]

    @inlineCallbacks
    def states(self, sent):
        done = yield self.runner.call(AskStates(sent), 10)
        self.assertFalse(done.fault, done.trouble)
        return {report.message_id: report.state for report in done.reports}

    @inlineCallbacks
    def final(self, messages, count):
        """Asked until so many are final."""
        found = {}
        sent = self.sent(messages)
        while len(found) < count:
            states = yield self.states(sent)
            found = {one: state for one, state in states.items() if state is not None}
        return found

    @inlineCallbacks
    def test_a_group_with_texts_of_its_own(self):
        self.make()
        messages = [outbound(n, text=f"Γειά & {n}") for n in range(1, 101)]
        verdicts = yield self.send(messages)
        self.assertEqual(verdicts, [Accepted()] * 100)
        self.assertEqual([each["text"] for each in self.simulator.messages()], [each.text for each in messages])
        found = yield self.final(messages, 100)
        self.assertEqual(set(found.values()), {State.DELIVERED})

    @inlineCallbacks
    def test_equal_messages_have_each_its_own_state(self):
        self.make(final_after_ms=0.0, fail_pct=50.0)
        messages = [outbound(n, to="306912345678") for n in range(1, 21)]
        yield self.send(messages)
        found = yield self.final(messages, 20)
        fates = [each["state"] for each in self.simulator.messages()]
        self.assertEqual(len(set(fates)), 2)
        first = fates[0]
        expected = found["1"]
        self.assertEqual([found[str(n)] is expected for n in range(1, 21)], [fate == first for fate in fates])
        self.run_anew()
        self.assertEqual((yield self.states(self.sent(messages))), found)

    @inlineCallbacks
    def test_on_the_way(self):
        self.make(final_after_ms=86_400_000.0)
        messages = group(3)
        yield self.send(messages)
        self.assertEqual((yield self.states(self.sent(messages))), {"1": None, "2": None, "3": None})

    @inlineCallbacks
    def test_every_error(self):
        self.make()
        kinds = {"1": Stop, "10": Stop, "11": Stop, "104": Park, "107": Temporary}
        told = [name for name, error in self.simulator.api.ERRORS.items() if error.sends]
        self.assertGreaterEqual(len(told), 10)
        for name in told:
            self.simulator.script([{"error": name}])
            (verdict,) = yield self.send(group(1))
            self.assertIs(type(verdict), kinds.get(name, Permanent), name)
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_errors_that_really_are_made(self):
        self.make(options={"api_key": "wrong"})
        self.assertEqual((yield self.send(group(2))), [Stop("10 Invalid API key")] * 2)
        done = yield self.runner.call(AskBalance(), 10)
        self.assertEqual(done.halted, Stop("10 Invalid API key"))
        self.make(credits=0.0)
        self.assertIsInstance((yield self.send(group(1)))[0], Park)
        self.make()
        (verdict,) = yield self.send([outbound(sender="much too long a name")])
        self.assertEqual((verdict.code, verdict.scope), ("101", "connector"))
        verdicts = yield self.send([outbound(1), outbound(2, text=""), outbound(3)])
        self.assertEqual([type(each) for each in verdicts], [Accepted, Permanent, Accepted])
        self.assertEqual(len(self.simulator.messages()), 2)

    @inlineCallbacks
    def test_one_of_a_group_that_is_not_counted_gets_no_state(self):
        self.make()
        messages = [outbound(1), outbound(2, to="12"), outbound(3)]
        self.assertEqual((yield self.send(messages)), [Accepted()] * 3)
        found = yield self.final(messages, 2)
        self.assertEqual(set(found), {"1", "3"})

    @inlineCallbacks
    def test_trouble_on_the_way(self):
        self.make(answer_s=0.2)
        self.simulator.script([{"timeout": True}, {"status": 503}, {"body": "<html>", "status": 200}, {"drop": True}])
        found = []
        for number in range(1, 5):
            (verdict,) = yield self.send([outbound(number)])
            found.append(type(verdict))
        self.assertEqual(found, [Unknown, Temporary, Unknown, Unknown])
        states = yield self.final([outbound(number) for number in range(1, 5)], 1)
        self.assertEqual(set(states), {"1"})  # which was taken, and never answered
        yield self.simulator.stop()
        done = yield self.runner.call(Send(group(1)), 10)
        self.assertFalse(done.verdicts or done.written or done.fault)

    @inlineCallbacks
    def test_the_account(self):
        self.make(credits=10_000.0)
        done = yield self.runner.call(AskBalance(), 10)
        self.assertEqual(done.balance, Balance(10_000))
        yield self.send(group(3))
        yield self.final(group(3), 3)
        done = yield self.runner.call(AskFacts(), 10)
        self.assertEqual(done.facts, {"sent": "3", "success": "3", "failed": "0"})

    @inlineCallbacks
    def test_nothing_secret_is_recorded(self):
        self.make()
        done = yield self.runner.call(Send(group(1)), 10, record=True)
        (exchange,) = done.exchanges
        self.assertNotIn('"pass":"password"', exchange.body)
        self.assertNotIn("%22password%22", exchange.body)
