"""Whether a URL may be called, and a test event that is signed as all pushes are."""

import json

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock as Reactor

from smsgwd.app.push_trial import PushTrial
from smsgwd.net.http_client_dns import LookupFailed
from smsgwd.notify.signing import keys_of
from smsgwd.ports.push import HttpAnswer, HttpFailure
from tests.app.fakes import FakeClock

SECRET = "whsec_c21zZ3dkIGV4YW1wbGUgc2lnbmluZyBrZXk="
PUBLIC = "8.8.8.8"


class Http:
    """The client: `hosts` are its names, `result` is what any post ends with."""

    def __init__(self):
        self.allow_private = False
        self.hosts = {}
        self.posts = []
        self.result = HttpAnswer(200, {}, b"thanks")
        self.resolver = self

    def addresses(self, host):
        found = self.hosts.get(host)
        return fail(LookupFailed("no such host")) if found is None else found

    def post_to(self, url, fields, body, timeout_s, then, arg):
        self.posts.append((url, fields, body, timeout_s))
        then(self.result, arg)


class Stand:
    def __init__(self):
        self.reactor, self.clock, self.http = Reactor(), FakeClock(), Http()
        self.secrets = {"shop": (SECRET,)}
        self.trial = PushTrial(self.reactor, self.clock, self.http, lambda tenant: self.secrets.get(tenant, ()))

    def fault(self, url):
        found = []
        self.trial.fault(url).addCallback(found.append)
        return found[0]

    def push(self, tenant="shop", url="https://shop.example/dlr"):
        found = []
        self.trial.push(tenant, url).addCallback(found.append)
        return found[0]


@pytest.fixture
def stand():
    return Stand()


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("https://8.8.8.8/dlr", None),
        ("http://127.0.0.1/", "loopback"),
        ("http://[::1]:8080/", "loopback"),
        ("http://10.1.2.3/x", "private"),
        ("http://169.254.169.254/latest", "cloud metadata"),
        ("https://user:word@shop.example/", "user name or password"),
        ("http://0x7f.1/", "four decimal numbers"),
        ("ftp://shop.example/", "http"),
    ],
)
def test_what_may_be_called(stand, url, fault):
    found = stand.fault(url)
    assert found is None if fault is None else fault in found


def test_names_are_looked_up(stand):
    hosts = stand.http.hosts
    hosts |= {"out.example": succeed([PUBLIC]), "in.example": succeed(["10.0.0.1", "::1"])}
    hosts["both.example"] = succeed(["10.0.0.1", PUBLIC])
    assert stand.fault("https://out.example/") is None
    assert "private" in stand.fault("https://in.example/")
    assert stand.fault("https://both.example/") is None
    assert stand.fault("https://nobody.example/") is None


def test_a_name_server_that_does_not_answer_holds_nobody(stand):
    stand.http.hosts["slow.example"] = Deferred()
    found = []
    stand.trial.fault("https://slow.example/").addCallback(found.append)
    assert found == []
    stand.reactor.advance(5)
    assert found == [None]


def test_where_private_targets_are_allowed_the_form_counts_alone(stand):
    stand.http.allow_private = True
    assert stand.fault("http://127.0.0.1:8000/") is None
    assert "http" in stand.fault("gopher://127.0.0.1/")


def test_a_test_event_is_signed_as_all_are(stand):
    tried = stand.push()
    assert (tried.status, tried.detail, tried.body) == (200, "", b"thanks")
    [(url, fields, body, timeout_s)] = stand.http.posts
    assert (url, timeout_s) == ("https://shop.example/dlr", 10.0)
    event = json.loads(body)
    assert (event["type"], event["tenant"], event["at"]) == ("test", "shop", "2027-01-15T08:00:00.000Z")
    headers = dict(line.split(": ", 1) for line in fields.decode().splitlines())
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == keys_of((SECRET,))[0].sign(signed).decode()
    assert headers["webhook-id"] == "test_1800000000000"


@pytest.mark.parametrize(
    ("result", "status", "detail"),
    [
        (HttpAnswer(302, {"location": "http://10.0.0.1/"}, b""), 302, "only 2xx"),
        (HttpAnswer(500, {}, b"oops"), 500, "only 2xx"),
        (HttpFailure("target address not allowed: private", sent=False), None, "not allowed: private"),
    ],
)
def test_what_does_not_count_as_done(stand, result, status, detail):
    stand.http.result = result
    tried = stand.push()
    assert tried.status == status
    assert detail in tried.detail


def test_without_a_secret_nothing_is_sent(stand):
    assert stand.push("nobody").status is None
    assert stand.http.posts == []
