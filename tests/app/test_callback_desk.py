"""Callbacks: whose they are, who may, and what each is answered."""

import json
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs
from twisted.internet.defer import Deferred, succeed

from smsgwd.app import callback_desk
from smsgwd.app.callback_desk import ALL_IN_HAND, IN_HAND, LARGEST, RUNNING, CallbackDesk
from smsgwd.app.callback_urls import CallbackUrls
from smsgwd.net.http_message import HttpRequest, HttpResponse
from smsgwd.providers.callbacks import Callback
from smsgwd.providers.options import Options
from smsgwd.providers.plugin import Plugin, Provider
from smsgwd.providers.reports import Report
from smsgwd.southbound.provider.calls import Done
from smsgwd.southbound.provider.settings import ProviderSettings
from tests.app.fakes import FakeClock, now

PLUGIN = Plugin("toy", "A toy.", Provider, Options)
READ = Done(callback=Callback((Report(None, "F1"),), 200, b"OK"))


class Provided:
    """Connectors, and what their plugins answer; also the reports."""

    def __init__(self):
        self.settings = {name: ProviderSettings(name, PLUGIN, name) for name in ("isms1", "isms2")}
        self.got, self.taken = [], []
        self.asked = []  # those that `wait` let wait
        self.answer = lambda request: succeed(READ)
        self.keep = lambda: succeed(True)

    def receiver(self, connector):
        found = self.settings.get(connector)
        return None if found is None else (found, self.receive)

    def receive(self, request):
        self.got.append(request)
        return self.answer(request)

    def wait(self, request):
        self.asked.append(Deferred())
        return self.asked[-1]

    def take(self, settings, events):
        self.taken.append((settings.id, list(events)))
        return self.keep()


@pytest.fixture
def made():
    made = Made()
    yield made
    for each in made.provided.asked:  # each that is answered makes place for the next
        if not each.called:
            each.callback(READ)
    assert made.desk.in_hand == 0 and not made.desk._hands


class Made:
    def __init__(self):
        self.urls = CallbackUrls("https://gw.example.net")
        self.urls.use([b"k" * 32])
        self.provided, self.clock, self.counted = Provided(), FakeClock(), []
        self.desk = CallbackDesk(
            urls=self.urls,
            receivers=self.provided,
            take=self.provided.take,
            clock=self.clock,
            count=lambda *told: self.counted.append(told),
        )

    def path(self, connector="isms1", message=None):
        return urlsplit(self.urls.url_for(connector, message)).path

    def call(self, path=None, method="POST", **fields):
        """The answer, or its Deferred."""
        values = {"query": [], "headers": {}, "body": b"", "address": "192.0.2.1"} | fields
        return self.desk.handle(HttpRequest(method, path or self.path(), **values))

    def answered(self, *args, **fields):
        answer = self.call(*args, **fields)
        return answer if isinstance(answer, HttpResponse) else now(answer)


def headers(answer):
    return dict(answer.headers)


def test_answered_when_it_is_durable(made):
    kept = Deferred()
    made.provided.keep = lambda: kept
    answer = made.call(query=[("a", "b")], headers={"x": "y"}, body=b"z")
    assert not answer.called and made.provided.taken == [("isms1", [Report(None, "F1")])] and not made.counted
    kept.callback(True)
    response = now(answer)
    assert (response.status, response.body, made.counted) == (200, b"OK", [("isms1", "taken")])
    [request] = made.provided.got
    assert (request.method, request.query, request.headers, request.body) == ("POST", (("a", "b"),), {"x": "y"}, b"z")
    assert request.message_id == "" and made.desk.in_hand == 0


def test_about_one_message(made):
    assert made.answered(made.path(message=17), "GET").status == 200
    assert made.provided.got[0].message_id == "17"


def test_what_is_not_kept_is_to_come_again(made):
    made.provided.keep = lambda: succeed(False)
    response = made.answered()
    assert (response.status, headers(response)["Retry-After"], made.counted) == (503, "5", [("isms1", "not_kept")])


def test_wrong_and_unknown_are_the_same_404(made):
    good = made.path()
    off = ProviderSettings("off", PLUGIN, "off", callbacks=False)
    made.provided.settings["off"] = off
    paths = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        made.path("isms2").replace("isms2", "isms1"),
        made.path(message=17).replace("/17", "/18"),
        good + "/17",
        made.path("nobody"),
        made.path("off"),
        "/callback/isms1/x",
        "/callback/",
        good.replace("/isms1/", "/isms1%2f"),
        good.replace("/callback/", "/callback/../callback/"),
        good + "/..",
    ]
    answers = {(each.status, each.headers, each.body) for each in map(made.answered, paths)}
    assert len(answers) == 1 and answers.pop()[0] == 404
    assert not made.provided.got and not made.counted


def test_methods(made):
    for method in ("PUT", "HEAD", "DELETE", "OPTIONS"):
        response = made.answered(method=method)
        assert (response.status, headers(response)["Allow"]) == (405, "GET, POST")
        assert made.answered("/callback/isms1/x", method).status == 404
    assert made.answered(method="GET").status == 200


def test_from_where_they_may_come(made):
    made.provided.settings["isms1"] = ProviderSettings(
        "isms1", PLUGIN, "isms1", allow_from=("203.0.113.0/24", "2001:db8::7")
    )
    for address in ("203.0.113.9", "2001:db8::7", "::ffff:203.0.113.1"):
        assert made.answered(address=address).status == 200
    for address in ("203.0.114.9", "2001:db8::8", "", "unix"):
        assert made.answered(address=address).status == 403
    assert made.counted[3:] == [("isms1", "not_ours")] * 4
    assert len(made.provided.got) == 3


def test_a_plugin_that_refuses_says_how(made):
    made.provided.answer = lambda _: succeed(Done(callback=Callback(status=401, body=b"bad signature"), refused=True))
    response = made.answered()
    assert (response.status, response.body, made.counted) == (401, b"bad signature", [("isms1", "refused")])
    assert not made.provided.taken
    for said in (Done(refused=True), Done(callback=Callback(status=200), refused=True)):
        made.provided.answer = lambda _, said=said: succeed(said)
        assert made.answered().status == 400


@pytest.mark.parametrize(
    ("done", "outcome"),
    [
        (Done(trouble="it hangs", fault=True), "failed"),
        (Done(trouble="it does not run"), "not_kept"),
        (Done(), "not_kept"),
    ],
)
def test_a_plugin_in_trouble(made, done, outcome):
    made.provided.answer = lambda _: succeed(done)
    assert made.answered().status == 503
    assert made.counted == [("isms1", outcome)] and not made.provided.taken and made.desk.in_hand == 0


def test_a_bug_of_ours_is_a_503_and_holds_nothing(made):
    def broken(_):
        raise RuntimeError("secret words")

    made.provided.answer = broken
    with capture_logs() as logs:
        assert [made.answered().status for _ in range(RUNNING + 1)] == [503] * (RUNNING + 1)
    assert made.desk.in_hand == 0 and "secret words" not in str(logs)


def test_answers_keep_to_http(made):
    odd = Callback(status=99, body=b"x" * 100_000, content_type="text/xml\r\nSet-Cookie: a=b")
    made.provided.answer = lambda _: succeed(Done(callback=odd))
    response = made.answered()
    assert (response.status, len(response.body), headers(response)["Content-Type"]) == (
        200, 64 * 1024, "text/plain; charset=utf-8",
    )  # fmt: skip
    made.provided.answer = lambda _: succeed(Done(callback=Callback(status=204, content_type="text/xml")))
    response = made.answered()
    assert (response.status, headers(response)["Content-Type"]) == (204, "text/xml")


def test_bodies(made):
    assert made.answered(body=b"x" * LARGEST).status == 200
    assert made.answered(body=b"x" * (LARGEST + 1)).status == 413
    assert made.counted == [("isms1", "taken"), ("isms1", "refused")]


def test_a_query_that_is_no_utf_8_is_read_as_far_as_it_goes(made):
    assert made.answered(method="GET", raw_query="a=%C1&b=c", query_fault="not UTF-8").status == 200
    assert made.provided.got[0].query == (("a", "\ufffd"), ("b", "c"))
    many = "&".join("a=b" for _ in range(300))
    assert made.answered(method="GET", raw_query=many, query_fault="too many").status == 400


def test_a_gateway_that_stops(made):
    kept = Deferred()
    made.provided.keep = lambda: kept
    under_way = made.call()
    made.desk.close()
    assert made.answered().status == 503
    kept.callback(True)
    assert now(under_way).status == 200


def test_ten_thousand_at_a_time(made):
    asked, made.provided.answer = made.provided.asked, made.provided.wait
    answers = [made.call() for _ in range(10_000)]
    waiting = [each for each in answers if isinstance(each, Deferred) and not each.called]
    refused = [each for each in answers if isinstance(each, HttpResponse)]
    assert (len(waiting), len(asked), made.desk.in_hand) == (IN_HAND, RUNNING, IN_HAND)
    assert {(each.status, headers(each)["Retry-After"]) for each in refused} == {(503, "1")}
    assert len(refused) == 10_000 - IN_HAND
    other = made.call(made.path("isms2"))
    assert len(asked) == RUNNING + 1, "a connector has its own places"
    for each in asked:  # each that is answered makes place for the next, which is appended here
        each.callback(READ)
    assert {now(each).status for each in [*waiting, other]} == {200}
    assert len(asked) == IN_HAND + 1 and made.desk.in_hand == 0 and not made.desk._hands


def test_of_all_connectors_together(made):
    made.provided.answer = made.provided.wait
    for number in range(4):
        name = f"c{number}"
        made.provided.settings[name] = ProviderSettings(name, PLUGIN, name)
        for _ in range(IN_HAND):
            made.call(made.path(name))
    assert made.desk.in_hand == ALL_IN_HAND


def test_who_waits_too_long_for_a_plugin_that_hangs(made):
    asked, made.provided.answer = made.provided.asked, made.provided.wait
    answers = [made.call() for _ in range(RUNNING + 10)]
    made.clock.advance(6)
    late = made.call()
    asked[0].callback(Done(trouble="its time is over", fault=True))
    assert [now(each).status for each in (answers[0], *answers[RUNNING:])] == [503] * 11
    assert not late.called and len(asked) == RUNNING + 1
    asked[-1].callback(READ)
    assert now(late).status == 200
    for each in asked[1:-1]:
        each.callback(READ)
    assert made.desk.in_hand == 0 and not made.desk._hands


def test_bodies_in_hand_are_bounded(made):
    made.provided.answer = made.provided.wait
    answers = [made.call(body=b"x" * LARGEST) for _ in range(20)]
    assert sum(isinstance(each, Deferred) for each in answers) == 8


def test_repeated_callbacks_are_all_answered(made):
    assert [made.answered(body=b"same").status for _ in range(3)] == [200] * 3


def test_what_is_no_callback_is_for_who_is_behind(made):
    behind = HttpResponse(418)
    handler = made.desk.over(lambda request: behind)
    assert handler(HttpRequest("GET", "/v1/messages", [], {}, b"", "")) is behind
    assert handler(HttpRequest("GET", "/callbackx", [], {}, b"", "")) is behind
    assert handler(HttpRequest("GET", "/callback/x", [], {}, b"", "")).status == 404
    assert now(handler(HttpRequest("GET", made.path(), [], {}, b"", ""))).status == 200


def test_addresses_given_out_before_a_reload_are_known_on(made):
    before = made.path()
    made.desk.follow(("/sms/callback/", "/callback/"))
    made.desk.follow(("/other/callback/",))
    for path in (before, "/sms" + before, "/other" + before):
        assert made.answered(path).status == 200
    assert made.answered("/never" + before).status == 404


def test_the_log_says_little_and_seldom(made):
    with capture_logs() as logs:
        for _ in range(50):
            made.answered("/callback/isms1/" + "x" * 24)
            made.answered(method="GET", query=[("text", "hello there")], address="", path=made.path("nobody"))
        made.clock.advance(61)
        made.answered("/callback/isms1/" + "x" * 24)
    assert [(each["connector"], each["reason"]) for each in logs] == [
        ("", "wrong token"), ("nobody", "no such connector"), ("", "wrong token"),
    ]  # fmt: skip
    said = json.dumps(logs)
    assert "hello" not in said and made.path().rsplit("/", 1)[1] not in said and "xxxx" not in said


def test_networks_are_read_once():
    callback_desk._networks.cache_clear()
    for _ in range(3):
        assert callback_desk._may("10.1.1.1", ("10.0.0.0/8",))
    assert callback_desk._networks.cache_info().misses == 1
