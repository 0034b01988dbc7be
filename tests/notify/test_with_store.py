"""The notifier over the embedded store: what commits owe is pushed, also after a stop in the middle."""

import json
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import Site

from smsgwd.config.model.runtime import Notify
from smsgwd.model.changes import Cancel, PutTenant, Submit
from smsgwd.model.message import Coding, Message
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.notify.notifier import Notifier
from smsgwd.store.embedded.store import EmbeddedStore
from tests.notify.fakes import SECRET, ReactorClock

COUNT = 1500


class Hook(Resource):
    isLeaf = True

    def __init__(self):
        super().__init__()
        self.pushes = []
        self.fail_every = 0

    def render_POST(self, request):
        self.pushes.append((request.getHeader("webhook-id"), json.loads(request.content.read())))
        if self.fail_every and len(self.pushes) % self.fail_every == 0:
            request.setResponseCode(503)
        return b""


class StoreTests(TestCase):
    timeout = 60

    def start(self, store):
        http = LeanHttpClient(reactor, allow_private_targets=True)
        notifier = Notifier(
            reactor, ReactorClock(reactor), store, http, lambda tenant: (SECRET,), Notify(retry_s=(1.0,))
        )
        self.addCleanup(http.close)
        return notifier

    def owed(self, url, base, clock):
        """Messages that were taken and cancelled: each owes a receipt."""
        messages = [
            Message(
                id=base + n, submission=base, tenant="demo", source="iSMS", dest="+306912345678", msisdn="306912345678",
                body=b"x", coding=Coding.GSM7, parts=1, connector="sim", submitted_at=clock.now_ms(),
                deadline=clock.now_ms() + 10**8, dlr_url=url,
            )
            for n in range(1, COUNT + 1)
        ]  # fmt: skip
        cancels = [Cancel("demo", message.id, clock.now_ms()) for message in messages]
        return [PutTenant(Tenant("demo")), Submit("demo", messages, clock.now_ms()), *cancels]

    @inlineCallbacks
    def test_everything_owed_is_pushed_once_acknowledged_whatever_happens(self):
        hook = Hook()
        hook.fail_every = 50
        site = Site(hook)
        site.noisy = False
        port = reactor.listenTCP(0, site, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        url = f"http://127.0.0.1:{port.getHost().port}/dlr"
        directory = TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        store = EmbeddedStore(reactor, directory.name)
        self.addCleanup(store.close)
        yield store.open()
        clock = ReactorClock(reactor)
        results = yield store.commit(self.owed(url, 1 << 40, clock))
        items = [item for result in results[2:] for item in result.outbox]
        self.assertEqual(len(items), COUNT)

        first = self.start(store)
        yield first.start()
        first.offer(items[: COUNT // 2])  # the rest it finds by itself
        while first.tally.pushed < COUNT // 3:
            yield deferLater(reactor, 0.01, lambda: None)
        yield first.stop(10)
        self.assertEqual(first.in_flight, 0)
        counts = yield store.counts()
        self.assertEqual(counts.outbox_pending, COUNT - first.tally.pushed)

        second = self.start(store)
        yield second.start()
        while counts.outbox_pending:
            yield deferLater(reactor, 0.05, lambda: None)
            counts = yield store.counts()
        yield second.stop(10)
        self.assertEqual(first.tally.pushed + second.tally.pushed, COUNT)
        self.assertEqual({body["id"] for _, body in hook.pushes}, {str((1 << 40) + n) for n in range(1, COUNT + 1)})
        self.assertEqual(len({number for number, _ in hook.pushes}), COUNT)
        self.assertEqual(len(hook.pushes) - COUNT, first.tally.retried + second.tally.retried)
        self.assertEqual({body["state"] for _, body in hook.pushes}, {"cancelled"})
        self.assertEqual(counts.outbox_dead, 0)
