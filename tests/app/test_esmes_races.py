"""Messages that are replaced and cancelled while they are being sent, with the real store and the real queue."""

import random
import shutil
import tempfile
from pathlib import Path

from twisted.internet import defer, reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.admission.admit import account_of
from smsgwd.app.esmes import EsmeService
from smsgwd.app.messages import MessageService
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import PutTenant
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import State
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Item, Submission
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire
from smsgwd.net.clock import SystemClock
from smsgwd.net.smpp_server import SmppServerFactory, listen
from smsgwd.net.turn import Turn
from smsgwd.routing.table import Routes, Rule
from smsgwd.smpp.config import SessionConfig
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.runtime import Runtime, connector_over
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.pipelines import maker_of
from tests.southbound.fakes import FakeOutbox, settings
from tests.southbound.test_with_store import LiveSmsc

COUNT = 400
OPEN = (State.SCHEDULED, State.WAITING, State.QUEUED, State.SENT)


class PacedClock(SystemClock):
    """The sending side's clock goes on with the test, so that on a slow machine its rate does not outrun it."""

    steady = 1000.0

    def monotonic(self):
        return self.steady


class Races(TestCase):
    timeout = 60

    @defer.inlineCallbacks
    def setUp(self):
        directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, directory)
        self.clock = SystemClock()
        turn = Turn(reactor)
        self.smsc = LiveSmsc()
        factory = SmppServerFactory(
            SessionConfig(window=500), lambda address: self.smsc, reactor=reactor, clock=self.clock, turn=turn
        )
        port = listen(reactor, "127.0.0.1", 0, factory)
        self.addCleanup(port.stopListening)
        connector = settings(
            host="127.0.0.1",
            port=port.getHost().port,
            session={"window": 2},
            queue_capacity=20,
            id_format="same",
            throughput=300,
            burst=1,
        )
        self.store = EmbeddedStore(reactor, directory / "store")
        yield self.store.open()
        yield self.store.commit([PutTenant(Tenant("demo"))])
        outbox = FakeOutbox()
        self.pace = PacedClock()
        runtime = Runtime(reactor, self.pace, turn, lambda: 0.5, connector_over(reactor))
        self.dispatcher = ConnectorDispatcher([connector], runtime, self.store, outbox)
        accounts = {"demo": account_of(Tenant("demo"))}.get
        self.pipeline = Pipeline(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=self.clock,
            turn=turn,
            ids=IdGenerator(1),
            **maker_of(Routes([Rule(("sim",))]), self.dispatcher),
            accounts=accounts,
            scheduled=lambda at: None,
            observe=lambda *seen: None,
        )
        self.messages = MessageService(self.store, self.dispatcher, outbox, self.clock)
        self.esmes = EsmeService(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=self.clock,
            pipeline=self.pipeline,
            messages=self.messages,
            accounts=accounts,
            scheduled=lambda at: None,
        )
        self.wanted = {}  # id -> the text that is to be sent, None when it was cancelled

    def item(self, number, text):
        return Item("Shop", f"3069{number:08d}", text, coding="gsm", account="ann", wire=Wire())

    @defer.inlineCallbacks
    def replace(self, number, message_id, text):
        try:
            entry = yield self.esmes.replace(self.item(number, text), "demo", message_id)
        except Refused:
            return
        assert entry.id == message_id
        self.wanted[message_id] = text

    @defer.inlineCallbacks
    def cancel(self, message_id):
        try:
            yield self.messages.cancel("demo", message_id)
        except Refused:
            return
        self.wanted[message_id] = None

    @defer.inlineCallbacks
    def test_each_goes_out_once_as_it_was_last_or_not_at_all(self):
        rng = random.Random(7)
        outcome = yield self.pipeline.submit(
            Submission("demo", [self.item(number, f"old {number}") for number in range(COUNT)])
        )
        ids = [entry.id for entry in outcome.entries]
        self.wanted = {message_id: f"old {number}" for number, message_id in enumerate(ids)}
        self.dispatcher.start()
        doing = []
        busy = set()
        while (turn := len(doing)) < COUNT:
            number = min(COUNT - 1, max(0, len(self.smsc.submits) + rng.choice((-2, 0, 1, 2, 5, 20, 100))))
            if number in busy:  # two at once have no order of their own: let what goes on come to its end
                yield deferLater(reactor, 0.001, lambda: None)
                continue
            busy.add(number)
            if rng.random() < 0.7:
                done = self.replace(number, ids[number], f"new {number} {turn}")
            else:
                done = self.cancel(ids[number])
            doing.append(done.addBoth(lambda result, number=number: busy.discard(number) or result))
            self.pace.steady += 0.001
            yield deferLater(reactor, 0.001, lambda: None)
        yield defer.gatherResults(doing)
        for _ in range(600):
            views = yield self.store.submission("demo", outcome.id)
            if not any(view.message.state in OPEN for view in views):
                break
            self.pace.steady += 0.02
            yield deferLater(reactor, 0.02, lambda: None)
        expected = sorted(text for text in self.wanted.values() if text is not None)
        assert sorted(pdu.short_message.decode() for pdu in self.smsc.submits) == expected
        kept = {view.message.id: view.message for view in views}
        for message_id, text in self.wanted.items():
            state = State.CANCELLED if text is None else State.DELIVERED
            assert kept[message_id].state is state
            assert text is None or kept[message_id].body.decode() == text
        assert sum(text is None for text in self.wanted.values()) > 20  # it was no idle test
        assert sum(text is not None and text.startswith("new") for text in self.wanted.values()) > 50
        assert not self.dispatcher.in_flight()
        yield self.dispatcher.drain(5)
        yield self.store.close()
