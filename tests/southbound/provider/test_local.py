"""A provider in this process: what it may do, what it may not, and what comes of both."""

from unittest.mock import patch

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import TestCase

from smsgwd.providers import Accepted, CallbackRequest, Sent, SlowDown
from smsgwd.providers.testing import outbound
from smsgwd.southbound.provider.calls import AskBalance, AskFacts, AskStates, LookUp, Receive, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.net.http_peers import PeerFactory
from tests.southbound.provider import odd_plugins


class WallClock:
    """Any time."""

    def now_ms(self):
        return 1_700_000_000_000

    def monotonic(self):
        return 0.0


class Case(TestCase):
    """A runner with a server; subclasses say on which time."""

    timeout = 20
    clock = reactor

    def setUp(self):
        self.server = PeerFactory()
        self.port = reactor.listenTCP(0, self.server, interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        self.url = f"http://127.0.0.1:{self.port.getHost().port}/api"

    def runner(self, rate=0.0, options=None, **settings):
        self.permits = Permits(self.clock, rate)
        given = {"base_url": self.url, "password": "s3cr&t/+é", **(options or {})}
        made = ProviderSettings("c1", odd_plugins.plugin, "account", options=given, **settings)
        runner = LocalRunner(made, self.clock, WallClock(), self.permits, "http://us.example/callback")
        self.addCleanup(runner.stop)
        self.states = []
        runner.start(lambda: self.states.append(runner.state))
        return runner


def send(what, count=1, **fields):
    """A call with that many messages."""
    return Send([outbound(number, text=what, **fields) for number in range(1, count + 1)])


class LocalTests(Case):
    """With real time and a real server."""

    @inlineCallbacks
    def test_it_is_accepted(self):
        runner = self.runner()
        self.assertEqual(self.states, ["running"])
        done = yield runner.call(send("accept", 3), 5)
        self.assertEqual(done.verdicts, [Accepted("id1"), Accepted("id2"), Accepted("id3")])
        self.assertFalse(done.written or done.fault or done.trouble)

    @inlineCallbacks
    def test_a_request_leaves_and_is_answered(self):
        runner = self.runner()
        done = yield runner.call(send("ask"), 5)
        self.assertEqual(done.verdicts, [Accepted("ok")])
        self.assertTrue(done.written)
        self.assertIn(b"to=306900000001", self.server.requests[0])
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_what_the_host_tells(self):
        done = yield self.runner(options={"names": ["a", "b"]}).call(send("where"), 5)
        self.assertEqual(done.verdicts, [Accepted("c1 http://us.example/callback a,b")])

    @inlineCallbacks
    def test_two_requests_at_a_time(self):
        done = yield self.runner().call(send("twice"), 5)
        self.assertEqual(done.verdicts, [Accepted("200200")])

    @inlineCallbacks
    def test_nobody_there_is_not_sent(self):
        runner = self.runner()
        yield self.port.stopListening()
        done = yield runner.call(send("ask"), 5)
        self.assertFalse(done.fault or done.written)
        self.assertIn("refused", done.trouble)
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_closed_without_an_answer_is_no_answer_and_not_repeated(self):
        def once(peer, request):
            if len(self.server.requests) == 1:
                peer.ok()
            else:
                peer.transport.loseConnection()

        self.server.answer = once
        runner = self.runner()
        yield runner.call(send("ask"), 5)
        done = yield runner.call(send("ask"), 5)
        self.assertTrue(done.written)
        self.assertFalse(done.fault)
        self.assertEqual(done.trouble, "closed without an answer")
        self.assertEqual(len(self.server.requests), 2)

    @inlineCallbacks
    def test_a_connection_that_the_server_has_closed_is_not_used(self):
        def answer(peer, request):
            peer.ok()
            peer.transport.loseConnection()  # a keep-alive time-out of nothing

        self.server.answer = answer
        runner = self.runner()
        for _ in range(20):
            done = yield runner.call(send("ask"), 5)
            self.assertEqual(done.verdicts, [Accepted("ok")])

    @inlineCallbacks
    def test_the_answer_takes_too_long(self):
        self.server.answer = lambda peer, request: None
        done = yield self.runner(answer_s=0.1).call(send("ask"), 5)
        self.assertEqual((done.trouble, done.written, done.fault), ("timed out waiting for the answer", True, False))
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_an_answer_without_end(self):
        self.server.answer = lambda peer, request: peer.ok(b"x" * 1_100_000)
        done = yield self.runner().call(send("ask"), 5)
        self.assertIn("more than 1048576", done.trouble)
        self.assertTrue(done.written)

    @inlineCallbacks
    def test_an_answer_of_a_million_octets(self):
        self.server.answer = lambda peer, request: peer.ok(b"x" * 1_000_000)
        done = yield self.runner().call(send("ask"), 5)
        self.assertEqual(done.verdicts, [Accepted("x" * 64)])

    @inlineCallbacks
    def test_no_json(self):
        done = yield self.runner().call(send("json"), 5)
        self.assertEqual((done.trouble, done.written, done.fault), ("answered 200 with what is no JSON", True, False))

    @inlineCallbacks
    def test_the_limit_of_a_call_gives_its_requests_up(self):
        self.server.answer = lambda peer, request: None
        done = yield self.runner().call(send("ask"), 0.2)
        self.assertEqual((done.trouble, done.written, done.fault), ("send took longer than 0.2 s", True, True))
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_a_request_that_is_left_behind_is_given_up(self):
        self.server.answer = lambda peer, request: None
        done = yield self.runner().call(send("ask_and_leave"), 5)
        self.assertEqual(done.verdicts, [Accepted()])
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_faults(self):
        runner = self.runner()
        for what, trouble in {
            "raise": "ValueError at provider/odd_plugins.py",
            "system_exit": "SystemExit at provider/odd_plugins.py",
            "foreign_await": "RuntimeError at ",
            "bad_halt": "raised a Halt with Accepted",
            "types": "answered with what does not fit: Expected `str`",
            "strings": "answered with str for a verdict",
            "surrogate": "answered with what does not fit",
            "none": "answered with NoneType for a list",
            "no_request": "TypeError at ",
            "nothing_such": "AttributeError at ",
        }.items():
            done = yield runner.call(send(what), 5)
            self.assertTrue(done.fault, what)
            self.assertFalse(done.written, what)
            self.assertIn(trouble, done.trouble)
            self.assertNotIn("3069", done.trouble)
        done = yield runner.call(send("count", 2), 5)
        self.assertEqual((done.trouble, done.fault), ("answered 2 messages with 1 verdicts", True))
        done = yield runner.call(AskFacts(), 5)
        self.assertEqual((done.trouble, done.fault), ("facts returned dict: it is no coroutine", True))
        done = yield runner.call(LookUp("30690"), 5)
        self.assertEqual((done.trouble, done.fault), ("the plugin cannot do that", True))

    @inlineCallbacks
    def test_a_fault_after_a_request(self):
        done = yield self.runner().call(send("ask_then_raise"), 5)
        self.assertTrue(done.fault and done.written)

    @inlineCallbacks
    def test_a_request_that_cannot_be_made_is_not_sent(self):
        done = yield self.runner().call(send("bad_request"), 5)
        self.assertEqual((done.fault, done.written), (False, False))
        self.assertIn("bad request", done.trouble)
        self.assertEqual(self.permits.under_way, 0)

    @inlineCallbacks
    def test_ids_that_cannot_be_kept(self):
        done = yield self.runner().call(send("long_id", 3), 5)
        self.assertEqual(done.verdicts, [Accepted(), Accepted(), Accepted("x" * 64)])

    @inlineCallbacks
    def test_a_halt(self):
        done = yield self.runner().call(send("halt", 3), 5)
        self.assertEqual(done.halted, SlowDown("throttled", None))

    @inlineCallbacks
    def test_other_calls(self):
        runner = self.runner()
        done = yield runner.call(AskStates([Sent("1", "f1", "30690", "", "", 0, 0)]), 5)
        self.assertEqual((done.reports[0].foreign_id, done.reports[0].word), ("f1", "a b"))
        done = yield runner.call(AskBalance(), 5)
        self.assertEqual(done.balance.amount, 1.5)
        done = yield runner.call(Receive(CallbackRequest("POST", body=b"hi")), 5)
        self.assertEqual((done.callback.body, len(done.callback.events), done.refused), (b"hi", 1, False))
        done = yield runner.call(Receive(CallbackRequest("PUT")), 5)
        self.assertEqual((done.callback.body, done.callback.status, done.refused), (b"not so", 405, True))

    @inlineCallbacks
    def test_what_is_recorded_has_no_secrets(self):
        self.server.answer = lambda peer, request: peer.ok(
            b'{"echo":"s3cr&t\\/+\\u00e9","token":"tok-12345"}' + b"z" * 3000
        )
        done = yield self.runner().call(send("secret", client_ref="tok-12345"), 5, record=True)
        first, second = done.exchanges
        self.assertEqual((first.method, first.status), ("GET", 200))
        self.assertEqual(first.url, self.url + "?password=***")
        self.assertEqual(first.headers, {"Authorization": "***", "X-Note": "***"})
        self.assertTrue(first.answer.startswith('{"echo":"***","token":"***"}zzz'), first.answer)
        self.assertEqual(len(first.answer), 2000)
        self.assertTrue(second.body.startswith('{"password":"***","pad":"xxx'))
        self.assertEqual(len(second.body), 2000)
        self.assertNotIn("s3cr", repr(done))
        self.assertNotIn("tok-1", repr(done))

    @inlineCallbacks
    def test_it_cannot_be_made(self):
        runner = self.runner(options={"make": "raise"})
        self.assertEqual(runner.state, "failed")
        self.assertIn("RuntimeError", runner.trouble)
        self.assertNotIn("s3cr", runner.trouble)
        done = yield runner.call(send("accept"), 5)
        self.assertEqual((done.trouble, done.fault, done.written), ("its plugin does not run", False, False))

    def test_options_that_do_not_fit(self):
        runner = self.runner(options={"unknown": 1})
        self.assertEqual(runner.state, "failed")
        self.assertEqual(runner.trouble, "its options: unknown: Extra inputs are not permitted")

    @inlineCallbacks
    def test_stop_gives_up_what_is_out_and_start_may_follow(self):
        self.server.answer = lambda peer, request: None
        runner = self.runner()
        out = runner.call(send("wait"), 50)
        yield runner.stop()
        done = yield out
        self.assertEqual((done.trouble, done.fault), ("the connector stops", False))
        runner.start(lambda: None)
        done = yield runner.call(send("accept"), 5)
        self.assertEqual(done.verdicts, [Accepted("id1")])


class TimeTests(Case):
    """On a clock that stands until it is moved: no requests are answered here."""

    def setUp(self):
        self.clock = MemoryReactorClock()
        super().setUp()

    def test_waiting_for_its_turn_does_not_count(self):
        runner = self.runner(rate=1, connect_s=50)
        self.permits.ask(self, lambda: None)  # another one's request, which does not end
        result = runner.call(send("ask"), 10)
        self.clock.advance(1000)
        self.assertNoResult(result)
        self.permits.ended()
        self.clock.advance(1)
        self.assertEqual(self.permits.waiting, 0)
        self.clock.advance(9.5)
        self.assertNoResult(result)
        self.clock.advance(1)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(result).trouble, "send took longer than 10 s")

    def test_one_that_is_given_up_waits_no_more(self):
        runner = self.runner(rate=1)
        self.permits.ask(self, lambda: None)
        result = runner.call(send("ask"), 10)
        self.assertEqual(self.permits.waiting, 1)
        runner.stop()
        self.assertEqual(self.permits.waiting, 0)
        done = self.successResultOf(result)
        self.assertFalse(done.written)

    def test_one_that_waits_for_nothing_is_given_up(self):
        runner = self.runner()
        result = runner.call(send("wait"), 10)
        self.clock.advance(10)
        self.clock.advance(0)
        self.assertTrue(self.successResultOf(result).fault)

    def test_one_that_does_not_let_go_is_left(self):
        runner = self.runner()
        result = runner.call(send("stubborn"), 10)
        self.clock.advance(10)
        self.clock.advance(0)
        self.assertTrue(self.successResultOf(result).fault)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_faults_do_not_fill_the_log(self):
        runner = self.runner()
        with patch.object(runner._engine, "_say") as say:
            for _ in range(3):
                for _ in range(100):
                    runner.call(send("raise"), 10)
                    self.clock.advance(0)
                self.clock.advance(10)
        self.assertEqual(say.call_count, 150)

    def test_it_is_tried_again(self):
        runner = self.runner(options={"make": "raise"})
        self.clock.advance(1)
        self.clock.advance(2)
        self.assertEqual((runner.restarts, self.states), (2, ["failed"]))
