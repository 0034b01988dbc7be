"""The notifier with the real client and real servers on loopback."""

import base64
import hashlib
import hmac
import json

from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

from smsgwd.config.model.runtime import Notify
from smsgwd.net.http_client import LeanHttpClient
from smsgwd.notify.notifier import Notifier
from tests.notify.fakes import SECRET, FakeStore, ReactorClock, item


class Hook(Resource):
    """A tenant's endpoint: checks the signature by its own means and keeps the bodies."""

    isLeaf = True

    def __init__(self, statuses=()):
        super().__init__()
        self.statuses = list(statuses)
        self.ids = []
        self.bodies = []
        self.wrong = 0

    def render_POST(self, request):
        body = request.content.read()
        number, stamp, signature = (
            request.getHeader(name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
        )
        key = base64.b64decode(SECRET[len("whsec_") :])
        expected = hmac.new(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)
        if signature != "v1," + base64.b64encode(expected.digest()).decode():
            self.wrong += 1
        self.ids.append(number)
        self.bodies.append(json.loads(body))
        request.setResponseCode(self.statuses.pop(0) if self.statuses else 204)
        return b""


class Silent(Protocol):
    """Takes connections and never answers."""


class PushingTests(TestCase):
    timeout = 20

    def listen(self, factory):
        port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return f"http://127.0.0.1:{port.getHost().port}/dlr"

    def hook(self, *statuses):
        hook = Hook(statuses)
        site = Site(hook)
        site.noisy = False
        return hook, self.listen(site)

    def silent(self):
        factory = Factory.forProtocol(Silent)
        factory.noisy = False
        return self.listen(factory)

    def notifier(self, store, allow=True, **settings):
        settings = Notify(allow_private_targets=allow, **settings)
        http = LeanHttpClient(reactor, allow_private_targets=allow)
        clock = ReactorClock(reactor)
        notifier = Notifier(reactor, clock, store, http, lambda tenant: (SECRET,), settings)
        self.addCleanup(http.close)
        self.addCleanup(notifier.stop, 0.1)
        return notifier

    @inlineCallbacks
    def until(self, condition):
        while not condition():
            yield deferLater(reactor, 0.005, lambda: None)

    @inlineCallbacks
    def test_one_hanging_and_one_refusing_target_do_not_delay_a_good_one(self):
        hook, good = self.hook()
        bad, dead = self.silent(), "http://127.0.0.1:1/dlr"
        items = [item(n, url, tenant) for n, url, tenant in self.mixed(300, good, bad, dead)]
        store = FakeStore(reactor, items[:150])
        notifier = self.notifier(store, timeout_s=10.0)
        begun = reactor.seconds()
        yield notifier.start()
        store.put(items[150:])
        notifier.offer(items[150:])
        yield self.until(lambda: len(store.done) == 100)
        self.assertLess(reactor.seconds() - begun, 5)
        self.assertEqual(sorted(store.done), [one.id for one in items if one.url == good])
        self.assertEqual((len(set(hook.ids)), len(hook.ids), hook.wrong), (100, 100, 0))
        self.assertGreater(notifier.in_flight, 0)

    @staticmethod
    def mixed(count, *urls):
        for number in range(1, count + 1):
            which = number % len(urls)
            yield number, urls[which], f"tenant{which}"

    @inlineCallbacks
    def test_tenants_that_share_a_host_do_not_delay_each_other(self):
        hook = Hook()
        render = hook.render_POST
        hook.render_POST = lambda request: NOT_DONE_YET if b"hang" in request.uri else render(request)
        site = Site(hook)
        site.noisy = False
        url = self.listen(site)
        items = [item(n, url + "?hang", "bad") for n in range(1, 101)]
        items += [item(n, url, f"good{n % 3}") for n in range(101, 161)]
        store = FakeStore(reactor, items)
        yield self.notifier(store, timeout_s=10.0).start()
        yield self.until(lambda: len(store.done) == 60)
        self.assertEqual(sorted(store.done), list(range(101, 161)))

    @inlineCallbacks
    def test_tried_again_with_the_same_id_until_it_is_taken(self):
        hook, url = self.hook(500, 302, 429)
        store = FakeStore(reactor, [item(9, url)])
        yield self.notifier(store, retry_s=(1.0,)).start()
        yield self.until(lambda: store.done)
        self.assertEqual(hook.ids, ["msg_9"] * 4)
        self.assertEqual(hook.wrong, 0)
        self.assertEqual([error for _, _, error in store.retries], ["HTTP 500", "HTTP 302", "HTTP 429"])
        self.assertEqual(hook.bodies[0], hook.bodies[3])

    @inlineCallbacks
    def test_private_targets_are_not_called_unless_allowed(self):
        hook, url = self.hook()
        store = FakeStore(reactor, [item(1, url), item(2, url.replace("127.0.0.1", "localhost"))])
        yield self.notifier(store, allow=False).start()
        yield self.until(lambda: len(store.retries) == 2)
        self.assertEqual({error for _, _, error in store.retries}, {"target address not allowed: loopback"})
        self.assertEqual(hook.ids, [])

    @inlineCallbacks
    def test_a_restart_pushes_what_is_pending(self):
        silent = self.silent()
        hook, url = self.hook()
        store = FakeStore(reactor, [item(1, silent), item(2, url, due_at=item(2).due_at + 500, attempts=1)])
        first = self.notifier(store)
        yield first.start()
        yield self.until(lambda: first.in_flight)
        yield first.stop(0.05)
        self.assertEqual(store.done, [])
        yield self.notifier(store).start()
        yield self.until(lambda: store.done == [2])
        self.assertEqual(hook.ids, ["msg_2"])
