"""Against the simulated SMS Club, made from its page alone: on sockets, run as the gateway runs plugins."""

from smsgwd_smsclub import plugin
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.providers import Accepted, Balance, Park, Permanent, Sent, SlowDown, Stop, Temporary, Unknown
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import AskBalance, AskFacts, AskStates, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings

FINAL_MS = 20.0


class SimulatorTests(TestCase):
    """Both ends real."""

    timeout = 30

    def make(self, answer_s=5.0, rate=0.0, options=None, **simulated):
        self.simulator = ProviderSimulator(
            reactor, "smsclub", SimulatorOptions(**{"final_after_ms": FINAL_MS, "throttle": 0, **simulated})
        )
        port = self.simulator.listen()
        self.addCleanup(self.simulator.stop)
        given = {"base_url": f"http://127.0.0.1:{port}", "token": "token", **(options or {})}
        settings = ProviderSettings("smsclub1", plugin, "smsclub", options=given, answer_s=answer_s)
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, rate))
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    @inlineCallbacks
    def send(self, messages):
        done = yield self.runner.call(Send(messages), 20)
        self.assertFalse(done.fault, done.trouble)
        return done.verdicts

    @inlineCallbacks
    def test_a_group_is_taken_and_has_its_states(self):
        self.make(numbers={"2": "UNDELIV", "3": "EXPIRED", "4": "REJECTD", "5": "none"})
        messages = group(100, text="Добрий день", deadline_ms=SystemClock().now_ms() + 86_400_000)
        verdicts = yield self.send(messages)
        taken = self.simulator.messages()
        self.assertEqual([(each["to"], each["text"]) for each in taken], [(each.to, each.text) for each in messages])
        self.assertEqual(verdicts, [Accepted(each["id"]) for each in taken])
        self.assertEqual(self.simulator.stats()["requests"], 1)
        yield self.later(3 * FINAL_MS / 1000)
        sent = [Sent(str(n), each.foreign_id, "", "", "", 0, 0) for n, each in enumerate(verdicts)]
        done = yield self.runner.call(AskStates(sent), 10)
        self.assertEqual(
            [report.state for report in done.reports[:6]],
            [State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, None, State.DELIVERED],
        )
        self.assertEqual(len(done.reports), 100)

    @inlineCallbacks
    def test_every_error_of_the_page(self):
        self.make()
        wanted = {
            "400": Permanent("400", "Input validation error", scope="connector"),
            "401": Stop("answered 401: is the token right?"),
            "429": SlowDown("answered 429"),
            "453": Accepted(""),
            "500": Temporary("answered 500"),
            "503": Temporary("answered 503"),
        }
        self.assertEqual(set(self.simulator.api.ERRORS), set(wanted))
        for name, verdict in wanted.items():
            self.simulator.script([{"error": name}])
            self.assertEqual((yield self.send(group(1))), [verdict])
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_errors_that_really_are_made(self):
        self.make(options={"token": "wrong"})
        self.assertEqual((yield self.send(group(1))), [Stop("answered 401: is the token right?")])
        self.make(credits=0.0)
        self.assertEqual((yield self.send(group(3))), [Park("Insufficient funds")] * 3)
        self.make(senders=("VashZakaz",))
        (verdict,) = set((yield self.send(group(3))))
        self.assertEqual((type(verdict), verdict.code, verdict.scope), (Permanent, "400", "connector"))
        self.assertEqual(self.simulator.stats()["requests"], 1)

    @inlineCallbacks
    def test_a_bad_number_and_a_doubled_one_beside_others(self):
        self.make()
        yield self.send(group(1))
        verdicts = yield self.send([*group(3), outbound(4, to="12")])
        self.assertEqual([verdicts[0], verdicts[3]], [Accepted(""), Permanent("Invalid number", "Invalid number")])
        self.assertEqual([bool(each.foreign_id) for each in verdicts[:3]], [False, True, True])
        self.assertEqual(self.simulator.stats()["taken_twice"], 0)

    @inlineCallbacks
    def test_what_was_taken_without_an_answer_is_not_taken_twice(self):
        self.make(answer_s=0.3)
        self.simulator.script([{"timeout": True}])
        messages = group(20)
        for verdict in (yield self.send(messages)):
            self.assertIsInstance(verdict, Unknown)
        again = yield self.send([*messages, *[outbound(number) for number in range(21, 31)]])
        self.assertEqual(again[:20], [Accepted("")] * 20)
        self.assertTrue(all(each.foreign_id for each in again[20:]))
        self.assertEqual((yield self.send(messages)), [Accepted("")] * 20)
        self.assertEqual(self.simulator.stats()["taken_twice"], 0)
        self.assertEqual(len(self.simulator.messages()), 30)

    @inlineCallbacks
    def test_trouble_on_the_way(self):
        self.make()
        self.simulator.script([{"status": 503}, {"body": "<html>", "status": 200}, {"drop": True}])
        found = []
        for _ in range(3):
            (verdict,) = yield self.send(group(1))
            found.append(type(verdict))
        self.assertEqual(found, [Temporary, Unknown, Unknown])
        yield self.simulator.stop()
        done = yield self.runner.call(Send(group(1)), 10)
        self.assertFalse(done.verdicts or done.written or done.fault)

    @inlineCallbacks
    def test_never_more_requests_than_the_page_allows(self):
        self.make(rate=plugin.requests_s, throttle=None)
        calls = [self.runner.call(Send(group(5, text=f"text {number}")), 20) for number in range(20)]
        for done in (yield gatherResults(calls)):
            self.assertEqual({type(verdict) for verdict in done.verdicts}, {Accepted})
        stats = self.simulator.stats()
        self.assertLessEqual(stats["most_in_a_second"], 9)
        self.assertEqual((stats["requests"], stats["throttled"]), (20, 0))

    @inlineCallbacks
    def test_the_throttle_of_the_page(self):
        self.make(throttle=None)
        calls = [self.runner.call(Send(group(1, text=f"text {number}")), 20) for number in range(12)]
        kinds = [type(done.verdicts[0]) for done in (yield gatherResults(calls))]
        self.assertEqual((kinds.count(Accepted), kinds.count(SlowDown)), (9, 3))

    @inlineCallbacks
    def test_balance_and_senders(self):
        for literal in (False, True):
            self.make(literal=literal)
            done = yield self.runner.call(AskBalance(), 10)
            self.assertEqual(done.balance, Balance(3948.47, "UAH"))
        done = yield self.runner.call(AskFacts(), 10)
        self.assertEqual(done.facts, {"senders": "VashZakaz, test1, test2"})

    def later(self, seconds):
        """A simulated provider has no other clock than the reactor's."""
        waited: Deferred[None] = Deferred()
        reactor.callLater(seconds, waited.callback, None)
        return waited
