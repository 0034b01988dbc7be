"""The examples of docs/generic-http.md against simulated providers of their shapes, run as the gateway runs plugins."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from smsgwd_generic_http import plugin
from twisted.internet import reactor
from twisted.internet.defer import DeferredQueue, inlineCallbacks
from twisted.trial.unittest import TestCase

from smsgwd.app.provider_checks import load_config
from smsgwd.model.message import State
from smsgwd.net.clock import SystemClock
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener
from smsgwd.providers import (
    Accepted,
    CallbackRequest,
    Park,
    Permanent,
    Sent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
)
from smsgwd.providers.testing import group, outbound
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions
from smsgwd.southbound.provider.calls import AskBalance, AskStates, Receive, Send
from smsgwd.southbound.provider.local import LocalRunner
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.settings import provider_settings
from tests.config.files import HEAD
from tests.docs.tables import blocks

PAGE = Path(__file__).resolve().parents[3] / "docs" / "generic-http.md"
ACCOUNT = "AC00000000000000000000000000000000"
SECRETS = {
    "TWILIO_TOKEN": "token",
    "VONAGE_KEY": ACCOUNT,
    "VONAGE_SECRET": "password",
    "INFOBIP_AUTHORIZATION": "App token",
    "SHOP_PROVIDER_TOKEN": "x",
    "SIGNED_XML_KEY": "x",
}
SERVERS = {
    "twilio": "https://api.twilio.com",
    "vonage": "https://rest.nexmo.com",
    "infobip": "https://api.infobip.com",
}
SENDER = {"twilio": "15005550006", "vonage": "Shop", "infobip": "Shop"}
TEXT = 'Γειά σου & <b> "x" +%41 = \U0001f600'


class _Case(TestCase):
    """One shape, both ends real."""

    timeout = 30
    name = ""

    def make(self, answer_s=5.0, **simulated):
        self.simulator = ProviderSimulator(
            reactor, self.name, SimulatorOptions(**{"final_after_ms": 20.0, "user": ACCOUNT, **simulated})
        )
        self.addCleanup(self.simulator.stop)
        address = f"http://127.0.0.1:{self.simulator.listen()}"
        self.called = DeferredQueue()
        listener = HttpListener(reactor, self._callback)
        self.base = f"http://127.0.0.1:{listener.listen('127.0.0.1', 0)}/callback/{self.name}/token"
        self.addCleanup(listener.stop)
        (text,) = (block for block in blocks(PAGE, "yaml") if f"id: {self.name}\n" in block)
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        file = Path(directory.name) / "smsgwd.yaml"
        file.write_text(HEAD + text.replace(SERVERS[self.name], address), "utf-8")
        (section,) = load_config(file, SECRETS).connectors
        settings = replace(provider_settings(section, plugin), answer_s=answer_s)
        self.runner = LocalRunner(settings, reactor, SystemClock(), Permits(reactor, 0), self.base)
        self.addCleanup(self.runner.stop)
        self.runner.start(lambda: None)

    def _callback(self, request):
        self.called.put(request)
        return HttpResponse(200)

    def message(self, number=1, **fields):
        own = {"sender": SENDER[self.name], "callback_url": f"{self.base}/{number}", **fields}
        return outbound(number, **own)

    @inlineCallbacks
    def send(self, *messages):
        done = yield self.runner.call(Send(list(messages)), 10)
        self.assertFalse(done.fault, done.trouble)
        return done.verdicts

    @inlineCallbacks
    def report(self):
        """What the next callback says."""
        request = yield self.called.get()
        own = request.path.removeprefix(f"/callback/{self.name}/token").lstrip("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        call = Receive(CallbackRequest(request.method, tuple(request.query), headers, request.body, own))
        done = yield self.runner.call(call, 10)
        self.assertFalse(done.refused, done)
        (event,) = done.callback.events
        return event


class _Shape:
    """What holds for each."""

    @inlineCallbacks
    def test_it_is_sent_and_delivered(self):
        self.make()
        (verdict,) = yield self.send(self.message(text=TEXT, alphabet="ucs2"))
        self.assertIsInstance(verdict, Accepted)
        self.assertTrue(verdict.foreign_id)
        (taken,) = self.simulator.messages()
        self.assertEqual(taken["text"], TEXT)
        self.assertTrue(taken["to"].endswith("306900000001"))
        report = yield self.report()
        while report.state is None:
            report = yield self.report()
        self.assertEqual((report.state, report.foreign_id), (State.DELIVERED, verdict.foreign_id))

    @inlineCallbacks
    def test_it_fails(self):
        self.make(fail_pct=100.0)
        (verdict,) = yield self.send(self.message())
        report = yield self.report()
        while report.state is None:
            report = yield self.report()
        self.assertEqual(report.foreign_id, verdict.foreign_id)
        self.assertNotIn(report.state, (State.DELIVERED, State.UNKNOWN))
        self.assertTrue(report.error)

    @inlineCallbacks
    def test_every_error_of_the_page(self):
        self.make()
        errors = {name: error for name, error in self.simulator.api.ERRORS.items() if error.sends}
        self.assertGreater(len(errors), 6)
        for name, error in errors.items():
            self.simulator.script([{"error": name}])
            (verdict,) = yield self.send(self.message())
            kinds = {"message": Permanent, "passing": SlowDown | Temporary, "account": Stop | Park}[error.about]
            self.assertIsInstance(verdict, kinds, name)
        self.assertEqual(self.simulator.messages(), [])

    @inlineCallbacks
    def test_trouble_on_the_way(self):
        self.make(answer_s=0.2)
        self.simulator.script([{"timeout": True}, {"status": 503}, {"body": "<html>", "status": 200}, {"drop": True}])
        found = []
        for number in range(4):
            done = yield self.runner.call(Send([self.message(number)]), 10)
            found.append(type(done.verdicts[0]) if done.verdicts else "written" if done.written else "not sent")
        silent = [Unknown, "written"]
        self.assertIn(found[0], silent)
        self.assertEqual(found[1:3], [Temporary, Unknown])
        self.assertIn(found[3], silent)

    @inlineCallbacks
    def test_what_is_left(self):
        self.make(credits=12.5)
        done = yield self.runner.call(AskBalance(), 10)
        self.assertEqual(done.balance.amount, 12.5)
        self.assertTrue(done.balance.currency)


class TwilioTests(_Shape, _Case):
    name = "twilio"

    @inlineCallbacks
    def test_states_by_question(self):
        self.make(lose_callbacks_pct=100.0, final_after_ms=0.0)
        message = self.message()
        (verdict,) = yield self.send(message)
        sent = Sent(message.id, verdict.foreign_id, message.to, message.sender, message.text, 0, 0)
        done = yield self.runner.call(AskStates([sent]), 10)
        (report,) = done.reports
        self.assertEqual((report.state, report.foreign_id), (State.DELIVERED, verdict.foreign_id))


class VonageTests(_Shape, _Case):
    name = "vonage"


class InfobipTests(_Shape, _Case):
    name = "infobip"

    @inlineCallbacks
    def test_a_group(self):
        self.make()
        messages = [replace_callback(each, f"{self.base}/{each.id}") for each in group(100, sender="Shop", text=TEXT)]
        verdicts = yield self.send(*messages)
        self.assertEqual(len({verdict.foreign_id for verdict in verdicts}), 100)
        self.assertEqual(len(self.simulator.messages()), 100)
        self.assertEqual(self.simulator.stats()["requests"], 1)


def replace_callback(message, url):
    """With an address of its own."""
    return outbound(int(message.id), sender=message.sender, text=message.text, callback_url=url)
