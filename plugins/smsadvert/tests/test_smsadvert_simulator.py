"""Against the simulated SMSAdvert, written from its page alone, on sockets, run as the gateway runs plugins."""

from smsgwd_smsadvert import plugin
from twisted.internet import reactor
from twisted.internet.defer import DeferredQueue, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener
from smsgwd.providers import Accepted, CallbackRequest, Park, Permanent, Stop, Temporary, Unknown
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import Receive, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings

PATH = "/callback/smsadvert1/token"


class SimulatorTests(TestCase):
    """Both ends real."""

    timeout = 20

    def make(self, answer_s=5.0, callback_url="", options=None, **simulated):
        self.simulator = ProviderSimulator(reactor, "smsadvert", SimulatorOptions(**simulated))
        port = self.simulator.listen()
        self.addCleanup(self.simulator.stop)
        given = {"url": f"http://127.0.0.1:{port}/api/sms/", "token": "token", **(options or {})}
        settings = ProviderSettings("smsadvert1", plugin, "smsadvert", options=given, answer_s=answer_s)
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, 0), callback_url)
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    def listen(self):
        """The address of a listener, and what is called there."""
        requests = DeferredQueue()

        def called(request):
            own = request.path.removeprefix(PATH).lstrip("/")
            requests.put(CallbackRequest(request.method, tuple(request.query), request.headers, request.body, own))
            return HttpResponse(200)

        listener = HttpListener(reactor, called)
        self.addCleanup(listener.stop)
        return f"http://127.0.0.1:{listener.listen('127.0.0.1', 0)}{PATH}", requests

    @inlineCallbacks
    def send(self, messages):
        done = yield self.runner.call(Send(messages), 10)
        self.assertFalse(done.fault, done.trouble)
        if done.verdicts is None:  # as the host reads it
            return [(Unknown if done.written else Temporary)(done.trouble)] * len(messages)
        return done.verdicts

    @inlineCallbacks
    def reports(self, requests, count):
        found = []
        for _ in range(count):
            request = yield requests.get()
            done = yield self.runner.call(Receive(request), 10)
            found += done.callback.events
        return found

    @inlineCallbacks
    def test_a_message_alone(self):
        url, requests = self.listen()
        self.make(numbers={"2": "failed"})
        for number, state in ((1, State.DELIVERED), (2, State.UNDELIVERED)):
            (verdict,) = yield self.send([outbound(number, text="Γειά σου", callback_url=f"{url}/{number}")])
            self.assertIsInstance(verdict, Accepted)
            (report,) = yield self.reports(requests, 1)
            self.assertEqual(
                (report.state, report.foreign_id, report.message_id), (state, verdict.foreign_id, str(number))
            )
        self.assertEqual({each["text"] for each in self.simulator.messages()}, {"Γειά σου"})

    @inlineCallbacks
    def test_an_answer_that_is_lost_is_made_up_for_by_the_callback(self):
        url, requests = self.listen()
        self.make(answer_s=0.2)
        self.simulator.script([{"timeout": True}])
        (verdict,) = yield self.send([outbound(7, callback_url=f"{url}/7")])
        self.assertIsInstance(verdict, Unknown)
        (report,) = yield self.reports(requests, 1)
        self.assertEqual((report.state, report.message_id), (State.DELIVERED, "7"))
        self.assertTrue(report.foreign_id)

    @inlineCallbacks
    def test_a_group_with_one_id(self):
        url, requests = self.listen()
        self.make(callback_url=url, options={"group": True}, numbers={"002": "failed"})
        messages = group(40)
        verdicts = yield self.send(messages)
        self.assertEqual(len({verdict.foreign_id.partition("/")[0] for verdict in verdicts}), 1)
        reports = yield self.reports(requests, 40)
        states = {report.foreign_id: report.state for report in reports}
        self.assertEqual(
            [states[verdict.foreign_id] for verdict in verdicts],
            [State.DELIVERED, State.UNDELIVERED] + [State.DELIVERED] * 38,
        )

    @inlineCallbacks
    def test_wrong_numbers_in_a_group(self):
        self.make(options={"group": True})
        messages = [*group(20), outbound(21, to="12"), outbound(22)]
        verdicts = yield self.send(messages)
        self.assertEqual([type(each) for each in verdicts], [Accepted] * 20 + [Permanent, Accepted])
        self.assertEqual(len(self.simulator.messages()), 21)

    @inlineCallbacks
    def test_every_error(self):
        self.make()
        kinds = {"auth": Stop, "credit": Park, "no_device": Temporary, "database": Temporary}
        told = [name for name, error in self.simulator.api.ERRORS.items() if error.sends]
        self.assertGreater(len(told), 10)
        for name in told:
            self.simulator.script([{"error": name}])
            (verdict,) = yield self.send(group(1))
            self.assertIs(type(verdict), kinds.get(name, Permanent), name)
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_errors_that_really_are_made(self):
        self.make(options={"token": "wrong"})
        self.assertIsInstance((yield self.send(group(1)))[0], Stop)
        self.make(credits=0.0)
        self.assertIsInstance((yield self.send(group(1)))[0], Park)
        self.make()
        for fields, code in (
            ({"to": "12"}, "phone"),
            ({"text": "ab"}, "shortTextMessage"),
            ({"deadline_ms": 1}, "endDate"),
        ):
            (verdict,) = yield self.send([outbound(**fields)])
            self.assertEqual((verdict.code, verdict.scope), (code, "message"))
        self.assertEqual((yield self.send([outbound(text="x" * 481)]))[0].code, "shortTextMessage")
        self.make(devices=0, options={"send_as_short": False})
        self.assertEqual((yield self.send(group(1))), [Temporary("No connected device!")])
        self.make(devices=0, options={"send_as_short": False, "failover": True})
        self.assertIsInstance((yield self.send(group(1)))[0], Accepted)

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
    def test_nothing_secret_is_recorded(self):
        self.make()
        done = yield self.runner.call(Send(group(1)), 10, record=True)
        (exchange,) = done.exchanges
        self.assertNotIn("token", repr(exchange.headers))
