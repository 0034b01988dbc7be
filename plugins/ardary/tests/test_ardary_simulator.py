"""Against the simulated Ardary, written from its page alone, on sockets, run as the gateway runs plugins."""

from smsgwd_ardary import plugin
from twisted.internet import reactor
from twisted.internet.defer import DeferredQueue, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener
from smsgwd.providers import (
    Accepted,
    CallbackRequest,
    Clicked,
    Contact,
    Incoming,
    Park,
    Permanent,
    PhoneCall,
    Qualified,
    Stop,
    Temporary,
    Unknown,
)
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import PushContacts, Receive, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings


class SimulatorTests(TestCase):
    """Both ends real."""

    timeout = 20

    def make(self, answer_s=5.0, options=None, **simulated):
        self.simulator = ProviderSimulator(reactor, "ardary", SimulatorOptions(**simulated))
        port = self.simulator.listen()
        self.addCleanup(self.simulator.stop)
        given = {
            "base_url": f"http://127.0.0.1:{port}/api",
            "login": "user",
            "access_key": "token",
            "password": "password",
        }
        settings = ProviderSettings(
            "ardary1", plugin, "ardary", options={**given, **(options or {})}, answer_s=answer_s
        )
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, 0), "")
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    def listen(self):
        """The address of a listener, and what is called there."""
        requests = DeferredQueue()

        def called(request):
            requests.put(CallbackRequest(request.method, tuple(request.query), request.headers, request.body))
            return HttpResponse(200)

        listener = HttpListener(reactor, called)
        self.addCleanup(listener.stop)
        return f"http://127.0.0.1:{listener.listen('127.0.0.1', 0)}/callback/ardary1/token", requests

    @inlineCallbacks
    def send(self, messages):
        done = yield self.runner.call(Send(messages), 10)
        self.assertFalse(done.fault, done.trouble)
        if done.verdicts is None:  # as the host reads it
            return [(Unknown if done.written else Temporary)(done.trouble)] * len(messages)
        return done.verdicts

    @inlineCallbacks
    def events(self, requests, count):
        found = []
        while len(found) < count:
            request = yield requests.get()
            done = yield self.runner.call(Receive(request), 10)
            self.assertFalse(done.fault or done.refused, done.trouble)
            found += done.callback.events
        return found

    @inlineCallbacks
    def test_a_group_is_taken_and_told_of(self):
        for flat in (False, True):
            url, requests = self.listen()
            self.make(callback_url=url, flat=flat, tell_failures=True, numbers={"2": "failed"})
            messages = [outbound(1, text="Γειά σου & 1+1"), outbound(2, text="Another")]
            verdicts = yield self.send(messages)
            self.assertEqual(verdicts, [Accepted("1"), Accepted("2")])
            self.assertEqual([each["text"] for each in self.simulator.messages()], ["Γειά σου & 1+1", "Another"])
            reports = yield self.events(requests, 4)
            states = {(report.message_id, report.state) for report in reports}
            self.assertEqual(states, {("1", None), ("2", None), ("1", State.DELIVERED), ("2", State.UNDELIVERED)})
            self.assertTrue(all(report.at_ms for report in reports))

    @inlineCallbacks
    def test_the_other_events(self):
        url, requests = self.listen()
        self.make(callback_url=url)
        for kind, expected in (
            ("incoming", Incoming),
            ("click", Clicked),
            ("call", PhoneCall),
            ("qualified", Qualified),
        ):
            self.simulator.event(kind, **({"id_sms_api": "7"} if kind == "click" else {}))
            (event,) = yield self.events(requests, 1)
            self.assertIsInstance(event, expected)

    @inlineCallbacks
    def test_a_message_that_is_sent_again_is_there_once(self):
        self.make(answer_s=0.2)
        self.simulator.script([{"timeout": True}])
        first = yield self.send(group(2))
        self.assertEqual([type(verdict) for verdict in first], [Unknown, Unknown])
        again = yield self.send(group(2))
        self.assertEqual(again, [Accepted("1"), Accepted("2")])
        self.assertEqual(len(self.simulator.messages()), 2)

    @inlineCallbacks
    def test_every_error(self):
        self.make()
        kinds = {"#006": Accepted, "#100": Stop, "#102": Park, "#104": Temporary}
        told = [name for name, error in self.simulator.api.ERRORS.items() if error.sends]
        self.assertGreater(len(told), 10)
        for name in told:
            self.simulator.script([{"error": name}])
            verdicts = yield self.send(group(2))
            self.assertEqual([type(verdict) for verdict in verdicts], [kinds.get(name, Permanent)] * 2, name)
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_errors_that_really_are_made(self):
        self.make(options={"access_key": "wrong"})
        self.assertIsInstance((yield self.send(group(1)))[0], Stop)
        self.make(credits=0.0)
        self.assertIsInstance((yield self.send(group(1)))[0], Park)
        self.make()
        verdicts = yield self.send([outbound(1), outbound(2, to="12"), outbound(3, text="")])
        self.assertEqual([type(verdict) for verdict in verdicts], [Accepted, Permanent, Permanent])
        self.assertEqual([verdict.code for verdict in verdicts[1:]], ["#001", "#005"])

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
    def test_contacts(self):
        self.make()
        contacts = [
            Contact("306912345678", "Maria", "K", "m@k.gr", "Street 1", "30"),
            Contact("12"),
            Contact("306912345679", email="no"),
        ]
        done = yield self.runner.call(PushContacts(contacts), 10)
        self.assertEqual(done.contacts, ["", "#001 Invalid phone number", "#004 Invalid E-mail"])
        self.make(options={"password": "wrong"})
        done = yield self.runner.call(PushContacts(contacts), 10)
        self.assertIsInstance(done.halted, Stop)

    @inlineCallbacks
    def test_nothing_secret_is_recorded(self):
        self.make()
        done = yield self.runner.call(Send(group(1)), 10, record=True)
        (exchange,) = done.exchanges
        self.assertNotIn("token", exchange.body)
