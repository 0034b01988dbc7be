"""Against the simulated iSMS, which was written from its page alone, on sockets, run as the gateway runs plugins."""

from smsgwd_isms import plugin
from twisted.internet import reactor
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener
from smsgwd.providers import (
    Accepted,
    Balance,
    CallbackRequest,
    Contact,
    Park,
    Permanent,
    Sent,
    Stop,
    Temporary,
    Unknown,
)
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import AskBalance, AskStates, LookUp, PushContacts, Receive, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import ProviderSettings

FINAL_MS = 20.0


class SimulatorTests(TestCase):
    """Both ends real."""

    timeout = 20

    def make(self, method="GET", answer_s=5.0, options=None, callback_url="", **simulated):
        self.simulator = ProviderSimulator(
            reactor, "isms", SimulatorOptions(**{"final_after_ms": FINAL_MS, **simulated})
        )
        port = self.simulator.listen()
        self.addCleanup(self.simulator.stop)
        given = {
            "base_url": f"http://127.0.0.1:{port}/api/http",
            "username": "user",
            "password": "password",
            "method": method,
        }
        settings = ProviderSettings("isms1", plugin, "isms", options={**given, **(options or {})}, answer_s=answer_s)
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, 0), callback_url)
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    @inlineCallbacks
    def send(self, messages):
        done = yield self.runner.call(Send(messages), 10)
        self.assertFalse(done.fault, done.trouble)
        return done.verdicts

    def sent(self, messages, verdicts):
        return [
            Sent(each.id, verdict.foreign_id, each.to, each.sender, each.text, 0, 0)
            for each, verdict in zip(messages, verdicts, strict=True)
        ]

    @inlineCallbacks
    def test_a_group_is_taken_and_delivered(self):
        for method in ("GET", "POST"):
            self.make(method)
            messages = group(100, text="Καλημέρα & ώρα=1 +%", alphabet="ucs2", flash=True)
            verdicts = yield self.send(messages)
            self.assertEqual(len({verdict.foreign_id for verdict in verdicts}), 100)
            self.assertEqual(len({verdict.foreign_id.split("/")[0] for verdict in verdicts}), 1)
            taken = self.simulator.messages()
            self.assertEqual([each["to"] for each in taken], [each.to for each in messages])
            self.assertEqual({(each["text"], each["from"]) for each in taken}, {("Καλημέρα & ώρα=1 +%", "iSMS")})
            yield self.later(3 * FINAL_MS / 1000)
            done = yield self.runner.call(AskStates(self.sent(messages, verdicts)[:20]), 10)
            self.assertEqual(
                [(report.foreign_id, report.state) for report in done.reports],
                [(verdict.foreign_id, State.DELIVERED) for verdict in verdicts[:20]],
            )

    @inlineCallbacks
    def test_states_on_the_way_and_failed(self):
        self.make(final_after_ms=86_400_000.0, numbers={"2": "Failed"})
        messages = group(2)
        verdicts = yield self.send(messages)
        done = yield self.runner.call(AskStates(self.sent(messages, verdicts)), 10)
        self.assertEqual([(each.state, each.word) for each in done.reports], [(None, "Queued")] * 2)
        self.make(numbers={"2": "Failed"})
        verdicts = yield self.send(messages)
        yield self.later(3 * FINAL_MS / 1000)
        done = yield self.runner.call(AskStates(self.sent(messages, verdicts)), 10)
        self.assertEqual([each.state for each in done.reports], [State.DELIVERED, State.UNDELIVERED])

    @inlineCallbacks
    def test_an_id_that_they_do_not_know(self):
        self.make()
        done = yield self.runner.call(AskStates([Sent("1", "NOSUCH/306912345678", "306912345678", "", "", 0, 0)]), 10)
        self.assertEqual([each.state for each in done.reports], [State.REJECTED])

    @inlineCallbacks
    def test_every_error_of_the_page(self):
        self.make()
        wanted = {
            "auth": Stop("Authentication error"),
            "recipients": Permanent("No recipients"),
            "sender": Permanent("Invalid sender identity", scope="connector"),
            "credits": Park("Insufficient credits"),
            "schedule": Permanent("Invalid scheduling date", scope="connector"),
        }
        told = {name for name, error in self.simulator.api.ERRORS.items() if error.sends}
        self.assertEqual(told, set(wanted))
        for name, verdict in wanted.items():
            self.simulator.script([{"error": name}])
            verdicts = yield self.send(group(2))
            self.assertEqual(verdicts, [verdict] * 2)
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_errors_that_really_are_made(self):
        self.make(options={"password": "wrong"})
        self.assertEqual((yield self.send(group(1))), [Stop("Authentication error")])
        self.make(credits=0.0)
        self.assertEqual((yield self.send(group(1))), [Park("Insufficient credits")])
        self.make()
        verdicts = yield self.send([outbound(sender="much too long a name")])
        self.assertEqual(verdicts, [Permanent("Invalid sender identity", scope="connector")])

    @inlineCallbacks
    def test_trouble_on_the_way(self):
        self.make(answer_s=0.2)
        self.simulator.script([{"timeout": True}, {"status": 503}, {"body": "<html>", "status": 200}, {"drop": True}])
        found = []
        for _ in range(4):
            (verdict,) = yield self.send(group(1))
            found.append(type(verdict))
        self.assertEqual(found, [Unknown, Temporary, Unknown, Unknown])
        self.assertEqual(len(self.simulator.messages()), 1)  # the one that was never answered
        yield self.simulator.stop()
        done = yield self.runner.call(Send(group(1)), 10)
        self.assertFalse(done.verdicts or done.written or done.fault)

    @inlineCallbacks
    def test_reports_by_callback(self):
        requests = []
        everything_came: Deferred[None] = Deferred()

        def called(request):
            requests.append(request)
            if len(requests) == 3:
                everything_came.callback(None)
            return HttpResponse(200)

        listener = HttpListener(reactor, called)
        base = f"http://127.0.0.1:{listener.listen('127.0.0.1', 0)}/callback/isms1/token"
        self.addCleanup(listener.stop)
        self.make(callback_url=base, numbers={"2": "Failed"})
        messages = group(2)
        together = yield self.send(messages)
        alone = outbound(7, callback_url=f"{base}/7")
        (single,) = yield self.send([alone])
        yield everything_came
        reports = {}
        for request in requests:
            own = request.path.removeprefix("/callback/isms1/token").lstrip("/")
            done = yield self.runner.call(Receive(CallbackRequest("GET", tuple(request.query), {}, b"", own)), 10)
            (report,) = done.callback.events
            reports[report.foreign_id] = report
        self.assertEqual(
            {name: (report.state, report.message_id) for name, report in reports.items()},
            {
                together[0].foreign_id: (State.DELIVERED, ""),
                together[1].foreign_id: (State.UNDELIVERED, ""),
                single.foreign_id: (State.DELIVERED, "7"),
            },
        )
        self.assertEqual(reports[together[1].foreign_id].error, "001")

    @inlineCallbacks
    def test_credits_lookups_contacts(self):
        self.make(options={"lookup_wait_s": 5})
        done = yield self.runner.call(AskBalance(), 10)
        self.assertEqual(done.balance, Balance(3948.47))
        done = yield self.runner.call(LookUp("306971234511"), 10)
        self.assertTrue(done.number.state.final)
        self.assertEqual((done.number.country, done.number.operator), ("GR", "Cosmote"))
        done = yield self.runner.call(PushContacts([Contact("306912345678", "Maria"), Contact("12")]), 10)
        self.assertEqual(done.contacts, ["", "Invalid mobile number"])

    @inlineCallbacks
    def test_nothing_secret_is_recorded(self):
        self.make()
        done = yield self.runner.call(Send(group(1)), 10, record=True)
        (exchange,) = done.exchanges
        self.assertIsInstance(done.verdicts[0], Accepted)
        self.assertNotIn("password=password", exchange.url)

    def later(self, seconds):
        """A simulated provider has no other clock than the reactor's."""
        waited: Deferred[None] = Deferred()
        reactor.callLater(seconds, waited.callback, None)
        return waited
