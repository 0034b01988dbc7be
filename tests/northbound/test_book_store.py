"""The address book over the real store: what is answered is what is on the disk."""

from twisted.internet import reactor
from twisted.trial import unittest

from smsgwd.app.records import StoredRecords
from smsgwd.model.business import PutTenant
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.intake import Intake
from smsgwd.store.embedded.store import EmbeddedStore
from tests.app.fakes import FakeClock
from tests.northbound.fakes import DEMO, T0, FakeGateway
from tests.northbound.harness import Reply


class BookOnDisk(unittest.TestCase):
    async def _open(self):
        self.store = EmbeddedStore(reactor, self.mktemp())
        await self.store.open()
        self.addCleanup(self.store.close)
        await self.store.commit([PutTenant(DEMO)])
        gateway = FakeGateway()
        clock = FakeClock(T0)
        records = StoredRecords(self.store, clock)
        self.api = NativeApi(Intake(gateway), gateway, self.store, gateway, records=records, now=clock.now_ms)
        self.gateway = gateway

    async def _ask(self, method, target, body=b"", kind="application/json"):
        path, _, query = target.partition("?")
        fields = [tuple(field.partition("=")[::2]) for field in query.split("&")] if query else []
        headers = {"authorization": "Bearer demo-token", "content-type": kind}
        answer = self.api(HttpRequest(method, path, fields, headers, body, "192.0.2.7"))
        return Reply(await answer if hasattr(answer, "addCallback") else answer)

    async def test_it_keeps_what_it_took(self):
        await self._open()
        lines = b"".join(b"+3069%08d,N%d\n" % (n, n) for n in range(1200))
        await self._ask("POST", "/v1/groups", b'{"name":"vip"}')
        await self._ask("POST", "/v1/groups", b'{"name":"vip2"}')
        taken = await self._ask("POST", "/v1/contacts/import?group=vip", b"number,first_name\n" + lines, "text/csv")
        self.assertEqual(taken.json, {"taken": 1200, "refused": [], "ignored": []})
        exported = await self._ask("GET", "/v1/contacts/export")
        self.assertEqual(exported.body.count(b"\r\n"), 1201)
        page = (await self._ask("GET", "/v1/contacts?q=3069000011&limit=60")).json
        self.assertEqual((len(page["contacts"]), page["next_cursor"] is None), (60, False))
        page = (await self._ask("GET", f"/v1/contacts?q=3069000011&limit=60&cursor={page['next_cursor']}")).json
        self.assertEqual((len(page["contacts"]), page["next_cursor"]), (40, None))
        names = (await self._ask("GET", "/v1/groups/vip/members?q=306900001199")).json["members"]
        self.assertEqual(names, [{"number": "+306900001199", "name": "N1199"}])
        self.assertEqual((await self._ask("DELETE", "/v1/contacts/+306900001199")).status, 200)
        self.assertEqual((await self._ask("GET", "/v1/groups/vip/members?q=306900001199")).json["members"], [])
        self.assertEqual((await self._ask("GET", "/v1/groups/vip2/members")).json["members"], [])
        self.assertEqual((await self._ask("DELETE", "/v1/groups/vip")).json, {"removed": 1})
        self.assertEqual((await self._ask("GET", "/v1/groups/vip/members")).status, 404)
        again = await self._ask("POST", "/v1/groups", b'{"name":"vip2"}')
        self.assertEqual((again.status, again.json["code"]), (409, "exists"))

    async def test_opt_outs_and_senders(self):
        await self._open()
        for expected in (True, False):
            reply = await self._ask("POST", "/v1/optouts", b'{"number":"+306912345678"}')
            self.assertEqual(reply.json, {"changed": expected})
        self.assertEqual(len((await self._ask("GET", "/v1/optouts")).json["optouts"]), 1)
        self.assertEqual((await self._ask("DELETE", "/v1/optouts/306912345678")).json, {"removed": 1})
        asked = await self._ask("POST", "/v1/senders", b'{"name":"MyShop","details":{"company":"x"}}')
        self.assertEqual((await self._ask("GET", "/v1/senders")).json["senders"], [asked.json])
