"""The outbox of ESMEs over the embedded store: order and completeness over broken binds and restarts."""

from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from smsgwd.model.changes import Cancel, OutboxRevive, PutTenant, Submit, TakeMo
from smsgwd.model.message import Coding, Message
from smsgwd.model.mo import Mo
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.net.clock import SystemClock
from smsgwd.northbound.esme.outbox import EsmeOutbox
from smsgwd.smpp.codec import decode
from smsgwd.smpp.status import ESME_RX_P_APPN
from smsgwd.store.embedded.store import EmbeddedStore
from tests.northbound.esme.outbox_fakes import FakeConnection, Stand

COUNT = 5000
FIRST = 1 << 40
WIRE = pack_wire(Wire(source_ton=5, dest_ton=1, dest_npi=1))


def cancelled(first, count, clock):
    """Messages of an ESME that were taken and cancelled: each owes it a receipt."""
    now = clock.now_ms()
    messages = [
        Message(
            id=first + n, submission=first, tenant="demo", source="iSMS", dest="306912345678", msisdn="306912345678",
            body=b"x", coding=Coding.GSM7, parts=1, connector="sim", submitted_at=now, deadline=now + 10**8,
            account="demo", asks=1, wire=WIRE,
        )
        for n in range(count)
    ]  # fmt: skip
    return [Submit("demo", messages, now), *(Cancel("demo", message.id, now) for message in messages)]


class Esme(FakeConnection):
    """Answers what it is sent a turn later, if it does; `got` are the message ids of what it answered."""

    def __init__(self, stand, got, status=0):
        super().__init__(100, 0x34)
        self.stand, self.got, self.status = stand, got, status
        self.most = 0
        self.answering = False
        self.bind = None

    def request(self, pdu, context=None):
        raise AssertionError("all of these can be sent together")

    def request_many(self, pdus, contexts):
        super().request_many(pdus, contexts)
        if not self.answering:
            self.answering = True
            reactor.callLater(0, self.answer)

    def answer(self):
        self.answering = False
        if self.bind.alive and self.pending:
            self.most = max(self.most, len(self.pending))
            count = len(self.pending)
            self.got += [decode(octets) for _, octets in self.sent[-count:]]
            self.stand.outbox.answered(self.bind, self.answers((self.status,) * count))


class OverStore(Stand):
    """A Stand whose reactor and store are real."""

    def __init__(self, store):
        self.reactor, self.clock, self.store = reactor, SystemClock(), store
        self.accounts = {}
        self.absent = []
        self.outbox = EsmeOutbox(reactor, self.clock, store, absent=self.absent.append)

    def settle(self):
        pass

    def esme(self, got, status=0):
        connection = Esme(self, got, status)
        account = self.account(window=100)
        connection.bind = bind = self.make(account, connection)
        self.outbox.bound(bind)
        return bind


def wait(seconds=0.01):
    return deferLater(reactor, seconds, lambda: None)


class OutboxOverStore(TestCase):
    timeout = 60

    @inlineCallbacks
    def opened(self, directory):
        store = EmbeddedStore(reactor, directory)
        yield store.open()
        stand = OverStore(store)
        yield stand.outbox.start()
        return store, stand

    @inlineCallbacks
    def closed(self, store, stand, *binds):
        stopped = stand.outbox.stop(5)
        for bind in binds:
            stand.unbind(bind)
        yield stopped
        yield store.close()

    def directory(self):
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        return directory.name

    @inlineCallbacks
    def test_all_receipts_once_and_in_order_whatever_breaks(self):
        directory = self.directory()
        store, stand = yield self.opened(directory)
        yield store.commit([PutTenant(Tenant("demo"))])
        got = []
        bind = stand.esme(got)
        for at in range(0, COUNT, 250):
            results = yield store.commit(cancelled(FIRST + at, 250, stand.clock))
            stand.outbox.offer([item for result in results[1:] for item in result.outbox])
            if at == 1000:
                stand.unbind(bind)  # with what is on its way
            if at == 2000:
                self.assertEqual(stand.outbox.status(), [])
                self.assertEqual(stand.absent, ["demo"])
                bind = stand.esme(got)
        yield self.closed(store, stand, bind)
        self.assertLess(len(got), COUNT)

        store, stand = yield self.opened(directory)
        self.assertEqual(stand.absent, ["demo"])
        bind = stand.esme(got)
        while len(got) < COUNT:
            yield wait()
        while stand.outbox.in_flight:
            yield wait()
        yield self.closed(store, stand, bind)
        self.assertEqual(bind.connection.most, 100)
        ids = [pdu.short_message.split(b" ")[0] for pdu in got]
        self.assertEqual(ids, [b"id:%d" % (FIRST + n) for n in range(COUNT)])
        self.assertTrue(got[-1].short_message.endswith(b" stat:DELETED err:000 text:"))
        self.assertEqual((got[-1].source_addr, got[-1].source_addr_ton, got[-1].dest_addr_ton), (b"306912345678", 1, 5))

    @inlineCallbacks
    def test_what_was_refused_for_good_comes_again_when_revived(self):
        store, stand = yield self.opened(self.directory())
        yield store.commit([PutTenant(Tenant("demo"))])
        refused = []
        bind = stand.esme(refused, ESME_RX_P_APPN)
        results = yield store.commit(
            [
                *cancelled(FIRST, 50, stand.clock),
                TakeMo("demo", "demo", (Mo("sim", stand.clock.now_ms(), "306912345678", "54000", body=b"yes"),)),
            ]
        )
        stand.outbox.offer([item for result in results[1:] for item in result.outbox])
        counts = yield store.counts()
        while counts.outbox_dead < 51:
            yield wait()
            counts = yield store.counts()
        self.assertEqual((len(refused), counts.outbox_pending), (51, 0))
        bind.connection.status = 0
        yield store.commit([OutboxRevive("@demo", stand.clock.now_ms())])
        stand.outbox.look("@demo")
        while counts.outbox_dead or counts.outbox_pending:
            yield wait()
            counts = yield store.counts()
        self.assertEqual(len(refused), 102)
        self.assertEqual(refused[101].short_message, b"yes")
        yield self.closed(store, stand, bind)
