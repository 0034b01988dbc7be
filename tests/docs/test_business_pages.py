"""The examples of docs/billing.md, docs/links.md and docs/lookups.md are carried out, and answered as the pages say."""

import csv
import json
import re
from pathlib import Path
from types import SimpleNamespace

import yaml
from twisted.internet.defer import Deferred

from smsgwd.app import link_desk
from smsgwd.app.link_desk import LinkDesk
from smsgwd.config.model.lookups import Lookups
from smsgwd.model.ledger import EntryKind as K
from smsgwd.model.links import LinkView
from smsgwd.model.tenant import Tenant
from smsgwd.net.http_message import HttpRequest
from smsgwd.northbound.link_pages import LinkPages
from smsgwd.notify.event import event_body
from smsgwd.ports.push import HttpAnswer
from smsgwd.simulator.hlr import Hlr, HlrOptions
from smsgwd.southbound.http_lookup import HttpLookupSource
from tests.app.fakes import FakeOutbox
from tests.docs.test_contacts_page import BLOCK, asked
from tests.northbound.business import BusinessClient
from tests.northbound.test_link_pages import IPHONE
from tests.northbound.test_money import at

DOCS = Path(__file__).resolve().parents[2] / "docs"
BOOKED = (
    ("2026-11-30T23:59:00+02:00", K.TOPUP, 10_000_000, 0, {"reference": "pay-1", "note": "card"}),
    ("2026-12-01T00:00:00+02:00", K.RESERVE, -3_000_000, 3_000_000, {"messages": 3, "parts": 4}),
    ("2026-12-05T10:00:00+02:00", K.CHARGE, -100_000, -1_000_000, {"messages": 1, "parts": 2}),
    ("2026-12-06T10:00:00+02:00", K.REFUND, 500_000, -500_000, {"messages": 1, "parts": 1}),
    ("2026-12-31T23:00:00+02:00", K.CORRECTION, -50_000, 0, {}),
    ("2027-01-02T10:00:00+02:00", K.CHARGE, 0, -1_500_000, {"messages": 1, "parts": 1}),
    ("2027-01-03T10:00:00+02:00", K.TOPUP, 5_000_000, 0, {"reference": "pay-2"}),
)


def carried_out(client, page, before_json=lambda reply: None):
    """Ask what a page asks and compare what it answers; how many of each."""
    reply, requests, answers = None, 0, 0
    for kind, text in BLOCK.findall((DOCS / page).read_text()):
        if kind == "sh":
            reply = asked(client, text.replace("\\\n", " ").strip(), {})
            requests += 1
            assert reply.status in (200, 202), (text, reply.body)
        elif kind == "json":
            assert (before_json(text) or reply.json) == json.loads(text), page
            answers += 1
        else:
            assert list(csv.reader(reply.body.decode().splitlines())) == list(csv.reader(text.splitlines()))
            answers += 1
    return requests, answers


def test_billing():
    client = BusinessClient(Tenant("demo", credit=0, time_zone="Europe/Athens"))
    for when, kind, amount, reserved, fields in BOOKED:
        client.store.enter("demo", at(when), kind, amount, reserved, **fields)
    assert carried_out(client, "billing.md") == (5, 5)


class Slow:
    """The simulated HLR behind the gateway's source; it answers when the test says so."""

    def __init__(self):
        self.waiting = []

    def get(self, url, query, headers, timeout_s):
        answer = Hlr(HlrOptions(), None)(HttpRequest("GET", url.removeprefix("http://h"), [], {}, b"", "127.0.0.1"))
        self.waiting.append((Deferred(), HttpAnswer(answer.status, {}, answer.body)))
        return self.waiting[-1][0]


def test_lookups():
    http = Slow()
    source = HttpLookupSource("hlr", http, "http://h/hlr/{msisdn}", {}, 1.0)
    client = BusinessClient(Tenant("demo", credit=0, lookup_price=5_000), source)
    client.store.enter("demo", 0, K.TOPUP, 1_000_000)
    asking = client.ask

    def ask(method, *args, **options):
        if method == "GET":
            done, answer = http.waiting.pop()
            done.callback(answer)
        return asking(method, *args, **options)

    client.ask = ask
    assert carried_out(client, "lookups.md") == (2, 2)


def test_the_sources_of_the_page_are_taken_and_its_answer_understood():
    text = (DOCS / "lookups.md").read_text()
    [written] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    section = yaml.safe_load(written)["lookups"]
    section["sources"][0]["headers"] = {"Authorization": "Bearer x"}
    assert [each.kind for each in Lookups(sources=tuple(section["sources"])).sources] == ["http", "provider", "plan"]
    [body] = re.findall(r"^```text\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    facts = HttpLookupSource("hlr", None, "http://h/{msisdn}", {}, 1.0)._facts(HttpAnswer(200, {}, body.encode()))
    assert (facts.country, facts.mcc, facts.mnc, facts.ported) == ("GR", "202", "01", False)


def test_links(monkeypatch):
    monkeypatch.setattr(link_desk, "new_code", lambda: "Ab3dE6gH9j")
    tenant = Tenant("demo", credit=0, webhook_url="https://shop.example/events")
    client = BusinessClient(tenant)
    text = (DOCS / "links.md").read_text()
    [written] = re.findall(r"^```yaml\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    config = yaml.safe_load(written)
    links = SimpleNamespace(base_url=config["links"]["base_url"], repeat_s=5.0)
    desk = LinkDesk(
        SimpleNamespace(public_url=config["public_url"], links=links),
        store=client.store,
        clock=client.clock,
        tenants={"demo": tenant}.get,
        outbox=FakeOutbox(),
    )
    pages = LinkPages(desk, client.api, path=desk.places.path, host=desk.places.host)

    def opened(text):
        """Between sending and being told, a preview and then a person open the link."""
        if "link.clicked" not in text:
            return None
        [item] = client.gateway.submissions[-1].items
        message_id = client.gateway.submissions and 1152921504606846977
        link, short = desk.make(tenant, message_id, "306912345678", item.link, client.clock.now_ms(), item.client_ref)
        client.store.link_views[link.code] = LinkView(link, 0, 0, None, None)
        [read] = re.findall(r"^```text\n(.*?)^```$", (DOCS / "links.md").read_text(), re.DOTALL | re.MULTILINE)
        assert desk.place(item.text, short) == read.strip()
        for agent in ("WhatsApp/2.23.20.0", IPHONE):
            path = short.removeprefix("https://go.example.net")
            request = HttpRequest("GET", path, [], {"user-agent": agent, "host": "go.example.net"}, b"", "192.0.2.7")
            answer = pages(request).result
            assert (answer.status, dict(answer.headers)["Location"]) == (302, item.link)
        [event] = client.store.owed
        return json.loads(event_body(event))

    assert carried_out(client, "links.md", opened) == (2, 2)
