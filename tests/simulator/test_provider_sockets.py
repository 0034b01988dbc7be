"""A simulated provider on real sockets: drops, silence, callbacks, and nothing left behind."""

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from smsgwd.net.http_client import LeanHttpClient
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener
from smsgwd.ports.push import HttpFailure
from smsgwd.simulator.provider import ProviderSimulator
from smsgwd.simulator.provider_options import SimulatorOptions

LOGIN = "username=user&password=password"
SEND = f"{LOGIN}&from=me&message=x&to=306912345678"


class TestSockets(TestCase):
    def setUp(self):
        self.client = LeanHttpClient(reactor, allow_private_targets=True)
        self.addCleanup(self.client.close)

    def provider(self, **options):
        simulator = ProviderSimulator(reactor, "isms", SimulatorOptions(**options))
        self.addCleanup(simulator.stop)
        self.url = f"http://127.0.0.1:{simulator.listen('127.0.0.1', 0)}/api/http/"
        return simulator

    async def get(self, call, query, timeout_s=5.0):
        answer = await self.client.get(self.url + call, query, {}, timeout_s)
        return answer.status, answer.body.decode()

    async def test_it_sends_and_is_asked(self):
        self.provider()
        status, said = await self.get("send.php", SEND)
        self.assertEqual((status, said[:3]), (200, "ID:"))
        query = f"{LOGIN}&mid={said[3:]}&mobile=306912345678"
        self.assertIn(
            (await self.get("query.php", query))[1], ("Status: Queued", "Status: Pending", "Status: Delivered")
        )

    async def test_a_drop_closes_the_connection_without_a_byte(self):
        simulator = self.provider()
        simulator.script([{"drop": True}])
        failure = await self.assertFailure(self.client.get(self.url + "send.php", SEND, {}, 5.0), HttpFailure)
        self.assertTrue(failure.sent)
        self.assertNotIn("timed out", str(failure))
        self.assertEqual(simulator.messages(), [])
        self.assertEqual((await self.get("send.php", SEND))[0], 200)

    async def test_silence_holds_nothing_up(self):
        simulator = self.provider()
        simulator.script([{"timeout": True}])
        waiting = self.client.get(self.url + "send.php", SEND, {}, 60.0)
        self.assertEqual((await self.get("send.php", SEND))[0], 200)
        await simulator.stop()
        await self.assertFailure(waiting, HttpFailure)
        self.assertEqual(simulator.stats()["timeouts"], 1)

    async def test_callbacks_arrive(self):
        arrived = Deferred()
        seen = []

        def handle(request):
            seen.append((request.path, dict(request.query)))
            if len(seen) == 2:
                arrived.callback(None)
            return HttpResponse(200)

        listener = HttpListener(reactor, handle)
        self.addCleanup(listener.stop)
        port = listener.listen("127.0.0.1", 0)
        simulator = self.provider(double_callbacks_pct=100)
        url = f"http%3A%2F%2F127.0.0.1%3A{port}%2Fcallback%2Fa%2Fb"
        _, said = await self.get("send.php", f"{SEND}&dlr-url={url}")
        await arrived
        path, query = seen[0]
        self.assertEqual((path, query["mid"], query["status"]), ("/callback/a/b", said[3:], "Delivered"))
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(simulator.stats()["doubled"], 1)
