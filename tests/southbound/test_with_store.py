"""Connectors over real sockets and TLS with the embedded store: each message ends well, across drops and restarts."""

import shutil
import tempfile
from pathlib import Path

from twisted.internet import defer, reactor
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import PutTenant, Submit
from smsgwd.model.message import State
from smsgwd.model.tenant import Tenant
from smsgwd.net.clock import SystemClock
from smsgwd.net.smpp_server import SmppServerFactory, listen
from smsgwd.net.tls import client_options, server_options
from smsgwd.net.turn import Turn
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.constants import MessageState
from smsgwd.smpp.events import BindRequest, Lost, Request, Response
from smsgwd.smpp.pdu import SubmitSm, SubmitSmResp
from smsgwd.southbound.dispatcher import ConnectorDispatcher
from smsgwd.southbound.runtime import Runtime, connector_over
from smsgwd.store.embedded.store import EmbeddedStore
from tests.net.test_smpp import certificate
from tests.southbound.fakes import FakeOutbox, Smsc, message, settings


class LiveSmsc(Smsc):
    """Answers, and sends a receipt for each part at once, before or after its response, on any of its binds.

    Receipts that were not acknowledged when a link dropped are sent again, as SMSCs do.
    """

    def __init__(self):
        super().__init__(self)
        self.drop_after = 0
        self.owed = []

    def received(self, connection, events):
        for event in events:
            if isinstance(event, BindRequest):
                self.binds.append(event.pdu)
                connection.accept_bind(event.pdu, b"smsc")
                self.pay()
            elif isinstance(event, Request) and isinstance(event.pdu, SubmitSm):
                pdu = event.pdu
                self.submits.append(pdu)
                number = f"{len(self.submits):x}"
                if len(self.submits) == self.drop_after:
                    connection.abort("dropped")
                    return
                self.owed.append(number)
                early = len(self.submits) % 3 == 0
                if early:
                    self.pay()
                connection.respond(SubmitSmResp(sequence=pdu.sequence, message_id=number.encode()))
                if not early:
                    self.pay()
            elif isinstance(event, Response):
                assert event.pdu.status == 0
                self.answers.append((event.context, 0))

    def disconnected(self, connection, events, reason):
        super().disconnected(connection, events, reason)
        self.connections.remove(connection)
        for event in events:
            if isinstance(event, Lost):
                self.owed += event.unanswered + event.unsent
        self.pay()

    def pay(self):
        live = [at for at, each in enumerate(self.connections) if each.session.room]
        while self.owed and live:
            number = self.owed.pop()
            self.receipt(number, MessageState.DELIVERED, bind=live[int(number, 16) % len(live)])


class WithStore(TestCase):
    timeout = 60

    def setUp(self):
        self.directory = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        ca, _, issuer = certificate(self.directory, "ca")
        cert, key, _ = certificate(self.directory, "server", issuer=issuer)
        self.clock = SystemClock()
        self.turn = Turn(reactor)
        self.smsc = LiveSmsc()
        factory = SmppServerFactory(
            SessionConfig(window=500), lambda address: self.smsc, reactor=reactor, clock=self.clock, turn=self.turn
        )
        port = listen(reactor, "127.0.0.1", 0, factory, tls=server_options(cert, key))
        self.addCleanup(port.stopListening)
        self.settings = settings(
            host="127.0.0.1",
            port=port.getHost().port,
            tls=client_options("localhost", ca=ca),
            binds=2,
            session={"window": 20},
            reconnect_min_s=0.05,
            queue_capacity=60,
            id_format="same",
        )

    @defer.inlineCallbacks
    def open(self):
        self.store = EmbeddedStore(reactor, self.directory / "store")
        yield self.store.open()
        self.outbox = FakeOutbox()
        runtime = Runtime(reactor, self.clock, self.turn, lambda: 0.5, connector_over(reactor))
        self.dispatcher = ConnectorDispatcher([self.settings], runtime, self.store, self.outbox)

    def messages(self, start, count):
        now = self.clock.now_ms()
        made = []
        for number in range(start, start + count):
            each = message(number, submitted_at=now, deadline=now + 3_600_000)
            if number % 5 == 0:
                each.body, each.parts = b"0123456789" * 40, 3
            made.append(each)
        return made

    @defer.inlineCallbacks
    def until_delivered(self, numbers):
        for _ in range(400):
            views = []
            for number in numbers:
                views.append((yield self.store.message("demo", number)))
            if all(view.message.state is State.DELIVERED for view in views):
                return views
            yield deferLater(reactor, 0.05, lambda: None)
        states = {}
        for view in views:
            states[view.message.state.name] = states.get(view.message.state.name, 0) + 1
        self.fail(f"not all delivered: {states}")

    @defer.inlineCallbacks
    def test_all_are_delivered_across_dropped_links_and_a_restart(self):
        yield self.open()
        yield self.store.commit([PutTenant(Tenant("demo"))])
        yield self.store.commit([Submit("demo", self.messages(1, 150), self.clock.now_ms())])
        self.smsc.drop_after = 60
        self.dispatcher.start()
        late = self.messages(151, 50)
        yield self.store.commit([Submit("demo", late, self.clock.now_ms())])
        self.dispatcher.offer(late)
        views = yield self.until_delivered(range(1, 201))
        assert sorted(view.message.id for view in views) == list(range(1, 201))
        assert len(self.outbox.items) == 200
        assert not self.dispatcher.in_flight()
        # Sent twice are only those that were unanswered at the drop.
        assert 280 <= len(self.smsc.submits) <= 280 + 40
        yield self.dispatcher.drain(5)
        yield self.store.close()

        yield self.open()
        left = self.messages(201, 20)
        yield self.store.commit([Submit("demo", left, self.clock.now_ms())])
        self.dispatcher.start()
        yield self.until_delivered(range(201, 221))
        yield self.dispatcher.drain(5)
        yield self.store.close()
        assert self.smsc.open == 0
