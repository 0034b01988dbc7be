"""Tracked links: codes and addresses, what may be tracked, opening, counting, the event."""

import json
from types import SimpleNamespace

import msgspec
import pytest

from smsgwd.app.link_desk import LONGEST_URL, LinkDesk, LinkPlaces, checked_link, new_code
from smsgwd.model.business import Click, Push
from smsgwd.model.callbacks import unpack_event
from smsgwd.model.links import CODE_LENGTH, LinkView
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeClock, FakeOutbox

SHOP = Tenant("shop", webhook_url="https://shop.example/events", link_days=2)
QUIET = Tenant("quiet")
URL = "https://shop.example/offer?id=7"
HERE = "192.0.2.1"
DAY_MS = 86_400_000


class Stand:
    def __init__(self, public="https://sms.example.net", base=None, repeat_s=5.0):
        self.clock = FakeClock()
        self.store = BusinessStore()
        self.outbox = FakeOutbox()
        self.tenants = {"shop": SHOP, "quiet": QUIET}
        links = SimpleNamespace(base_url=base, repeat_s=repeat_s)
        self.desk = LinkDesk(
            SimpleNamespace(public_url=public, links=links),
            store=self.store,
            clock=self.clock,
            tenants=self.tenants.get,
            outbox=self.outbox,
        )

    def made(self, tenant=SHOP, url=URL, message_id=77):
        link, short = self.desk.make(tenant, message_id, "306912345678", url, self.clock.now_ms(), "order-7")
        self.store.link_views[link.code] = LinkView(link, 0, 0, None, None)
        return link, short

    def open(self, code, address=HERE, bot=False):
        """Where it leads, or the exception."""
        found = []
        self.desk.open(code, address, bot=bot).addCallbacks(found.append, lambda failure: found.append(failure.value))
        [answer] = found
        return answer

    def events(self):
        return [json.loads(item.payload) for item in self.store.owed]


def test_codes_are_base_62_and_differ():
    codes = {new_code() for _ in range(2000)}
    assert len(codes) == 2000
    assert all(len(code) == CODE_LENGTH and code.isascii() and code.isalnum() for code in codes)
    assert len(set("".join(codes))) == 62


def test_a_link_belongs_to_its_message_and_expires():
    stand = Stand()
    link, short = stand.made()
    assert short == f"https://sms.example.net/l/{link.code}"
    assert (link.tenant, link.message_id, link.msisdn, link.url) == ("shop", 77, "306912345678", URL)
    assert (link.client_ref, link.expires_at - link.made_at) == ("order-7", 2 * DAY_MS)
    never, _ = stand.desk.make(Tenant("x", link_days=0), 1, "306912345678", URL, 5, None)
    assert never.expires_at == 0


@pytest.mark.parametrize(
    ("public", "base", "begins", "path", "host"),
    [
        ("https://sms.example.net", None, "https://sms.example.net/l/", "/l/", None),
        ("https://x.example/gw", None, "https://x.example/gw/l/", "/gw/l/", None),
        ("https://x.example", "https://go.example.net", "https://go.example.net/", "/", "go.example.net"),
        ("https://x.example", "https://GO.example.net:443/s", "https://GO.example.net:443/s/", "/s/", "go.example.net"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8081", "http://127.0.0.1:8081/", "/", "127.0.0.1:8081"),
        ("https://x.example", "https://x.example", "https://x.example/l/", "/l/", None),
        ("https://x.example", "https://x.example/go", "https://x.example/go/", "/go/", None),
    ],
)
def test_where_links_live(public, base, begins, path, host):
    places = LinkPlaces(public, base)
    assert (places.base, places.path, places.host) == (begins, path, host)


@pytest.mark.parametrize(
    ("text", "placed"),
    [
        ("Go [Link]!", "Go S!"),
        ("{LINK} or [link]", "S or S"),
        ("no place", "no place"),
        ("[links] {lin k}", "[links] {lin k}"),
    ],
)
def test_the_short_link_takes_every_place(text, placed):
    assert Stand().desk.place(text, "S") == placed


def test_a_place_is_no_pattern():
    assert Stand().desk.place("[Link]", r"https://x/\1\g<0>") == r"https://x/\1\g<0>"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (URL, URL),
        ("http://shop.example:8080/a%20b?c=d#e", "http://shop.example:8080/a%20b?c=d#e"),
        ("https://shop.example/καλημέρα", "https://shop.example/%CE%BA%CE%B1%CE%BB%CE%B7%CE%BC%CE%AD%CF%81%CE%B1"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
        ("HTTPS://Shop.Example", "HTTPS://Shop.Example"),
    ],
)
def test_links_that_can_be_tracked(url, kept):
    assert checked_link(url) == kept


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "ftp://shop.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:shop.example",
        "https:///path",
        "https://",
        "https://user@shop.example/",
        "https://bank.example:pw@evil.example/",
        "https://shop.example\\@evil.example/",
        "https://shop.example/a b",
        "https://shop.example/\r\nSet-Cookie: a=b",
        "https://shop.example/\u202egnp.exe",
        "https://shop.example:0/",
        "https://shop.example:99999/",
        "https://sh\u043ep.example/",
        "https://[::1/",
        "https://shop.example/" + "x" * LONGEST_URL,
        "https://shop.example/" + "ω" * 1900,
    ],
)
def test_links_that_cannot(url):
    with pytest.raises(Refused) as refused:
        checked_link(url)
    assert refused.value.refusal.code == "invalid_link"
    assert refused.value.detail.startswith("the link ")


def test_an_opening_is_counted_and_told():
    stand = Stand()
    link, short = stand.made()
    assert stand.open(link.code) == URL
    view = stand.store.link_views[link.code]
    assert (view.clicks, view.bots, view.first_at) == (1, 0, stand.clock.now_ms())
    assert stand.outbox.items == stand.store.owed
    assert stand.store.owed[0].url == SHOP.webhook_url and stand.store.owed[0].type == "link.clicked"
    assert stand.events() == [
        {
            "link": URL,
            "short": short,
            "code": link.code,
            "to": "306912345678",
            "message_id": "77",
            "client_ref": "order-7",
            "at": "2027-01-15T08:00:00.000Z",
            "first": True,
        }
    ]


def test_click_and_event_are_one_batch():
    stand = Stand()
    link, _ = stand.made()
    stand.open(link.code)
    [batch] = stand.store.batches
    assert [type(change) for change in batch] == [Click, Push]


def test_only_the_first_is_first():
    stand = Stand()
    link, _ = stand.made()
    for number in range(3):
        stand.open(link.code, f"192.0.2.{number}")
    assert [event["first"] for event in stand.events()] == [True, False, False]


def test_programs_are_counted_apart_and_not_told():
    stand = Stand()
    link, _ = stand.made()
    assert stand.open(link.code, bot=True) == URL
    assert stand.open(link.code) == URL
    view = stand.store.link_views[link.code]
    assert (view.clicks, view.bots) == (1, 1)
    assert [event["first"] for event in stand.events()] == [True]


def test_without_a_webhook_it_is_counted_alone():
    stand = Stand()
    link, _ = stand.made(QUIET)
    assert stand.open(link.code) == URL
    assert stand.store.link_views[link.code].clicks == 1 and stand.store.owed == []


def test_the_same_person_within_seconds_counts_once():
    stand = Stand()
    link, _ = stand.made()
    for seconds, clicks in ((0, 1), (3, 1), (4.9, 1), (5.1, 2)):
        stand.clock.advance(seconds)
        assert stand.open(link.code) == URL
        assert stand.store.link_views[link.code].clicks == clicks
    stand.open(link.code, "192.0.2.9")
    assert stand.store.link_views[link.code].clicks == 3


def test_what_is_remembered_of_visitors_is_bounded():
    stand = Stand(repeat_s=3600)
    link, _ = stand.made()
    for number in range(10_050):
        stand.open(link.code, str(number))
    assert len(stand.desk._seen) <= 10_001
    stand.clock.advance(3601)
    stand.open(link.code)
    assert len(stand.desk._seen) == 1


@pytest.mark.parametrize("code", ["", "short", "x" * 11, "0123456789\n", "../../etc/", "ααααααααα1"])
def test_what_is_no_code_is_not_asked_for(code):
    stand = Stand()
    stand.store.blind = True
    assert stand.open(code) is None


def test_unknown_and_expired_links_lead_nowhere():
    stand = Stand()
    link, _ = stand.made()
    assert stand.open("0" * CODE_LENGTH) is None
    stand.clock.advance(2 * 86_400 - 1)
    assert stand.open(link.code) == URL
    stand.clock.advance(1)
    assert stand.open(link.code) is None


def test_people_are_led_on_while_nothing_can_be_stored():
    stand = Stand()
    link, _ = stand.made()
    stand.store.broken = True
    assert stand.open(link.code) == URL
    stand.store.broken = False
    stand.open(link.code, "192.0.2.2")
    assert [event["first"] for event in stand.events()] == [True]


def test_a_link_that_cannot_be_read_is_trouble():
    stand = Stand()
    link, _ = stand.made()
    stand.store.blind = True
    assert isinstance(stand.open(link.code), StoreUnavailable)


def test_a_click_is_told_in_the_tenants_style():
    stand = Stand()
    stand.tenants["shop"] = msgspec.structs.replace(
        SHOP, callback_style="ardary", callback_url="https://shop.example/cb", time_zone="Europe/Athens"
    )
    link, _ = stand.made()
    assert stand.open(link.code) == URL
    [owed] = stand.outbox.items
    callback, data = unpack_event(owed.payload)
    assert (owed.url, owed.type, callback.style, callback.zone) == (
        "https://shop.example/cb", "link.clicked", "ardary", "Europe/Athens",
    )  # fmt: skip
    assert json.loads(data)["client_ref"] == "order-7"
    assert [type(change) for change in stand.store.batches[-1]] == [Click, Push], "in one commit"
