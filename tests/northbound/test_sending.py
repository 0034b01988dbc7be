"""POST /v1/messages and /v1/messages/batch."""

import json
import re

import pytest
from twisted.internet.task import Clock as Reactor

from smsgwd.model.callbacks import TELL_FINAL, TELL_SENT
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.pace import Pace
from smsgwd.northbound.sending import ApiLimits
from smsgwd.ports.store import StoreUnavailable
from tests.northbound.fakes import TOKENS, FakeGateway
from tests.northbound.harness import Client, is_problem


def test_one_recipient_is_answered_202_with_its_entry():
    client = Client()
    reply = client.send()
    assert reply.status == 202
    assert reply.json == {
        "id": str(1 << 60),
        "messages": [
            {
                "id": str((1 << 60) + 1),
                "to": "+306912345678",
                "state": "queued",
                "parts": 1,
                "encoding": "gsm",
                "price": "0.0400",
                "error": None,
            }
        ],
    }
    (submission,) = client.gateway.submissions
    assert submission.tenant == "demo"
    assert submission.idempotency is None
    (item,) = submission.items
    assert (item.source, item.dest, item.text, item.coding, item.priority) == (
        "iSMS", "+306912345678", "hi", "auto", 1,
    )  # fmt: skip
    assert reply.route == "POST /v1/messages"


def test_every_field_reaches_the_item():
    client = Client()
    reply = client.send(
        dlr_url="https://example.net/dlr?x=1",
        client_ref="ref-1 α",
        coding="ucs2",
        flash=True,
        schedule_at="2030-01-02T03:04:05.5+02:00",
        validity_s=3600,
        priority=3,
    )
    assert reply.json["messages"][0]["state"] == "scheduled"
    (item,) = client.gateway.submissions[0].items
    assert item.dlr_url == "https://example.net/dlr?x=1"
    assert (item.client_ref, item.coding, item.flash) == ("ref-1 α", "ucs2", True)
    assert (item.schedule_at, item.validity_s, item.priority) == (1_893_546_245_500, 3600, 3)


def test_word_that_a_message_was_sent_is_told_on_request():
    client = Client()
    client.send()
    client.send(dlr_sent=True)
    plain, asked = (submission.items[0].asks for submission in client.gateway.submissions)
    assert plain == 0 and asked == TELL_SENT | TELL_FINAL
    assert client.send(dlr_sent="yes").status == 422


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (59, "Expected `int` >= 60 - at `$.validity_s`"),
        (60.5, "Expected `int` without a fraction - at `$.validity_s`"),
        ("60", "Expected `int | null`, got `str` - at `$.validity_s`"),
    ],
)
def test_details_speak_of_integers(value, detail):
    assert Client().send(validity_s=value).json["detail"] == detail


def test_an_integer_may_be_written_with_a_fraction_of_nothing():
    client = Client()
    body = b'{"to": "+306912345678", "text": "x", "priority": 2.0, "validity_s": 6e1}'
    assert client.ask("POST", "/v1/messages", body).status == 202
    item = client.gateway.submissions[0].items[0]
    assert (repr(item.priority), repr(item.validity_s)) == ("2", "60")


def test_sender_may_be_left_out():
    client = Client()
    assert client.ask("POST", "/v1/messages", {"to": "+306912345678", "text": "x"}).status == 202
    assert client.gateway.submissions[0].items[0].source is None


def test_binary_text_is_hex():
    client = Client()
    assert client.send(coding="binary", text="00FFa0").json["messages"][0]["encoding"] == "binary"
    item = client.gateway.submissions[0].items[0]
    assert (item.data, item.text) == (b"\x00\xff\xa0", "")


@pytest.mark.parametrize("text", ["abc", "zz", "00 ff ", "αβ"])
def test_binary_text_that_is_no_hex_is_refused(text):
    reply = Client().send(coding="binary", text=text)
    assert is_problem(reply, 422, "invalid_text", "hex")


def test_recipients_are_refused_one_by_one_and_echoed_as_written():
    to = ["+30 691-234 5678", "", "abc", "9" * 2000, "+306912340000", "00306912345679"]
    reply = Client().send(to=to)
    assert reply.status == 202
    entries = reply.json["messages"]
    assert [entry["to"] for entry in entries] == to
    assert [entry["error"] and entry["error"]["code"] for entry in entries] == [
        None, "invalid_recipient", "invalid_recipient", "invalid_recipient", "no_route", None,
    ]  # fmt: skip
    assert entries[1] == {
        "id": None,
        "to": "",
        "state": None,
        "parts": 0,
        "encoding": None,
        "price": "0.0000",
        "error": entries[1]["error"],
    }


def test_no_accepted_recipient_is_422_and_lists_them():
    reply = Client().send(to=["", "+306912340000"])
    assert is_problem(reply, 422, "invalid_recipient", "no recipient was accepted")
    assert [entry["error"]["code"] for entry in reply.json["messages"]] == ["invalid_recipient", "no_route"]


def test_a_refusal_of_all_keeps_its_own_status():
    client = Client()
    entry = client.gateway._entry
    from smsgwd.model.message import Failure
    from smsgwd.model.submission import Entry

    client.gateway._entry = lambda *args: Entry(entry(*args).dest, error=Failure("over_rate", "slow down"))
    reply = client.send()
    assert is_problem(reply, 429, "over_rate", "slow down")
    assert reply.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"to": None}, "$.to"),
        ({"to": 306912345678}, "$.to"),
        ({"to": []}, "$.to"),
        ({"to": ["+306912345678"] * 1001}, "$.to"),
        ({"to": ["+306912345678", 1]}, "$.to[1]"),
        ({"to": {"a": 1}}, "$.to"),
        ({"text": None}, "$.text"),
        ({"text": ""}, "$.text"),
        ({"text": "x" * 40_001}, "$.text"),
        ({"text": ["x"]}, "$.text"),
        ({"from": 1}, "$.from"),
        ({"coding": "utf8"}, "$.coding"),
        ({"flash": 1}, "$.flash"),
        ({"flash": "true"}, "$.flash"),
        ({"validity_s": 59}, "$.validity_s"),
        ({"validity_s": 604_801}, "$.validity_s"),
        ({"validity_s": "60"}, "$.validity_s"),
        ({"validity_s": True}, "$.validity_s"),
        ({"validity_s": 60.5}, "$.validity_s"),
        ({"validity_s": 10**400}, "$.validity_s"),
        ({"priority": 4}, "$.priority"),
        ({"priority": -1}, "$.priority"),
        ({"priority": False}, "$.priority"),
        ({"client_ref": ""}, "$.client_ref"),
        ({"client_ref": "x" * 256}, "$.client_ref"),
        ({"client_ref": "a\0"}, "$.client_ref"),
        ({"client_ref": "a\n"}, "$.client_ref"),
        ({"dlr_url": "http://example.net/" + "x" * 2048}, "$.dlr_url"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_wrong_types_and_values_are_422_with_the_path_and_nothing_is_submitted(members, path):
    client = Client()
    assert is_problem(client.send(**members), 422, "invalid", path)
    assert client.gateway.submissions == []


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.net/",
        "javascript:alert(1)",
        "//example.net/x",
        "/dlr",
        "",
        "http://",
        "http:///x",
        "http://user:pass@example.net/",
        "http://@example.net/",
        "http://example.net/#frag",
        "http://example.net:0/",
        "http://example.net:99999/",
        "http://example.net:x/",
        "http://[::1/",
        "http://exa mple.net/",
        "http://example.net/\nx",
        "http://example.net\\@evil/",
        "http://exämple.net/",
        "http://-example.net/",
        "http://" + "a" * 70 + ".net/",
        "http://" + "a." * 150 + "net/",
        "http://example.net:/",
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://127.1/",
    ],
)
def test_urls_that_cannot_be_pushed_to_are_refused(url):
    assert is_problem(Client().send(dlr_url=url), 422, "invalid_dlr_url", "dlr_url")


def test_half_a_surrogate_pair_is_called_that():
    for text in (b"a\\ud800b", b"\\ud83d", b"\\udbffabcdef"):
        reply = Client().ask("POST", "/v1/messages", b'{"from": "S", "to": "+306912345678", "text": "' + text + b'"}')
        assert is_problem(reply, 400, "malformed", "surrogate pair"), text
    assert is_problem(Client().ask("POST", "/v1/messages", b'{"text": "x'), 400, "malformed", "truncated")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.net",
        "https://a.example.net:8443/x?y=%20#".rstrip("#"),
        "http://127.0.0.1:9/",
        "http://[::1]:9/x",
    ],
)
def test_good_urls_pass(url):
    assert Client().send(dlr_url=url).status == 202


@pytest.mark.parametrize("when", ["", "someday", "tomorrow-ish", "2030-13-02T03:04:05Z", "2030-01-02T03:04:05+99:00"])
def test_times_that_are_none(when):
    assert is_problem(Client().send(schedule_at=when), 422, "invalid_schedule", "schedule_at")


def test_nul_in_the_text():
    assert is_problem(Client().send(text="a\0b"), 422, "invalid_text", "U+0000")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        b'{"to": "+306912345678", "text": "x"} trailing',
        b'{"to": "+306912345678", "text": "\\ud800"}',
        b'{"to": "+306912345678", "text": "\\udc00x"}',
        b'{"to": "+306912345678", "text": "\xff"}',
        b'{"to": "+306912345678", "text": "\xed\xa0\x80"}',
        b'{"to": "+306912345678", "text": "a\nb"}',
        b'\xef\xbb\xbf{"to": "+306912345678", "text": "x"}',
        b'{"to": "+306912345678", "text": "x", "priority": 01}',
        b'{"to": "+306912345678", "text": "x", "priority": NaN}',
        '{"to": "+306912345678", "text": "x"}'.encode("utf-16"),
    ],
)
def test_malformed_json_is_400(body):
    client = Client()
    assert is_problem(client.ask("POST", "/v1/messages", body), 400, "malformed")
    assert client.gateway.submissions == []


@pytest.mark.parametrize(
    "body", [b"[" * 500_000, b'{"to":' + b"[" * 500_000, b'{"x":' * 100_000, b"null", b"[]", b'"x"']
)
def test_bodies_of_another_shape(body):
    reply = Client().ask("POST", "/v1/messages", body)
    assert reply.status in (400, 422)
    assert reply.json["code"] in ("malformed", "invalid")


def test_a_text_of_a_megabyte():
    assert is_problem(Client().send(text="x" * 1_000_000), 422, "invalid", "$.text")


def test_content_type_must_be_json():
    client = Client()
    body = {"to": "+306912345678", "text": "x"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"):
        reply = client.ask("POST", "/v1/messages", body, {"content-type": kind})
        assert is_problem(reply, 415, "unsupported_media_type")
    for kind in ("application/json", "Application/JSON; charset=UTF-8", 'application/json; charset="utf-8"'):
        assert client.ask("POST", "/v1/messages", body, {"content-type": kind}).status == 202
    reply = client.ask("POST", "/v1/messages", body, {"content-encoding": "gzip"})
    assert is_problem(reply, 415, "unsupported_media_type")


def test_the_configured_limits_hold():
    client = Client(limits=ApiLimits(max_recipients=2, max_batch=1))
    assert is_problem(client.send(to=["+306912345678"] * 3), 422, "invalid", "more than 2")
    batch = {"messages": [{"to": "+306912345678", "text": "x"}] * 2}
    assert is_problem(client.ask("POST", "/v1/messages/batch", batch), 422, "invalid", "more than 1")


# -- batch


def test_a_batch_has_one_entry_each_in_order_whoever_refused_it():
    client = Client()
    messages = [
        {"to": "+306912345678", "text": "one"},
        {"to": "+306912345679", "text": "two", "dlr_url": "ftp://x"},
        {"to": "nobody", "text": "three"},
        {"to": "+306912345671", "text": "abc", "coding": "binary"},
        {"to": "+306912345672", "text": "five", "priority": 0},
    ]
    reply = client.ask("POST", "/v1/messages/batch", {"messages": messages})
    assert reply.status == 202
    entries = reply.json["messages"]
    assert [entry["to"] for entry in entries] == [one["to"] for one in messages]
    assert [entry["error"] and entry["error"]["code"] for entry in entries] == [
        None, "invalid_dlr_url", "invalid_recipient", "invalid_text", None,
    ]  # fmt: skip
    (submission,) = client.gateway.submissions
    assert [item.text for item in submission.items] == ["one", "three", "five"]


def test_a_batch_of_a_thousand_and_one_more():
    client = Client()
    message = {"to": "+306912345678", "text": "x"}
    assert len(client.ask("POST", "/v1/messages/batch", {"messages": [message] * 1000}).json["messages"]) == 1000
    reply = client.ask("POST", "/v1/messages/batch", {"messages": [message] * 1001})
    assert is_problem(reply, 422, "invalid", "$.messages")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"messages": []}, "$.messages"),
        ({}, "messages"),
        ({"messages": [{"to": "+306912345678"}]}, "$.messages[0]"),
        ({"messages": [{"to": ["+306912345678"], "text": "x"}]}, "$.messages[0].to"),
        ({"messages": [{"to": "1", "text": "x"}, {"to": "1", "text": 2}]}, "$.messages[1].text"),
        ({"messages": [{"to": "1", "text": "x", "sms": 1}]}, "sms"),
        ({"messages": {}, "x": 1}, "$.messages"),
    ],
)
def test_a_malformed_batch_names_the_place(body, path):
    assert is_problem(Client().ask("POST", "/v1/messages/batch", body), 422, "invalid", path)


def test_a_batch_of_which_nothing_was_accepted():
    reply = Client().ask("POST", "/v1/messages/batch", {"messages": [{"to": "x", "text": "x", "dlr_url": "ftp://x"}]})
    assert is_problem(reply, 422, "invalid_dlr_url")
    assert len(reply.json["messages"]) == 1


# -- idempotency


def test_the_same_key_and_body_get_the_same_answer():
    client = Client()
    body = json.dumps({"to": "+306912345678", "text": "x"}).encode()
    first = client.ask("POST", "/v1/messages", body, {"idempotency-key": "k-1"})
    again = client.ask("POST", "/v1/messages", body, {"idempotency-key": "k-1"})
    assert first.json == again.json
    assert len(client.gateway.views) == 1
    idempotency = client.gateway.submissions[0].idempotency
    assert (idempotency.key, len(idempotency.digest)) == ("k-1", 32)


def test_the_digest_covers_path_and_bytes_of_the_body():
    client = Client()
    headers = {"idempotency-key": "k"}
    client.ask("POST", "/v1/messages", b'{"to": "+306912345678", "text": "x"}', headers)
    reply = client.ask("POST", "/v1/messages", b'{"to": "+306912345678","text": "x"}', headers)
    assert is_problem(reply, 422, "idempotency_mismatch")
    other = Client()
    body = {"messages": [{"to": "+306912345678", "text": "x"}]}
    other.ask("POST", "/v1/messages/batch", body, headers)
    digests = {s.idempotency.digest for s in client.gateway.submissions + other.gateway.submissions}
    assert len(digests) == 3


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", "a\x7f"])
def test_a_malformed_key(key):
    client = Client()
    reply = client.ask("POST", "/v1/messages", {"to": "+306912345678", "text": "x"}, {"idempotency-key": key})
    assert is_problem(reply, 422, "invalid", "Idempotency-Key")
    assert client.gateway.submissions == []


# -- nothing can be taken


@pytest.mark.parametrize(
    ("error", "status", "code", "retry"),
    [
        (Refused(Refusal.IDEMPOTENCY_RUNNING), 409, "idempotency_running", None),
        (Refused(Refusal.STORE_UNAVAILABLE), 503, "store_unavailable", "5"),
        (Refused(Refusal.SHUTTING_DOWN), 503, "shutting_down", "5"),
        (Refused(Refusal.OVERLOADED), 503, "overloaded", "2"),
        (StoreUnavailable("disk full"), 503, "store_unavailable", "5"),
    ],
)
def test_refusals_of_the_whole_request(error, status, code, retry):
    gateway = FakeGateway()
    gateway.refuse = error
    reply = Client(gateway).send()
    assert is_problem(reply, status, code)
    assert reply.headers.get("retry-after") == retry
    assert "disk" not in reply.json["detail"]


def test_the_answer_waits_for_the_pipeline():
    gateway = FakeGateway()
    gateway.held = []
    pending = Client(gateway).send()
    statuses = []
    pending.addCallback(lambda response: statuses.append(response.status))
    assert statuses == []
    waiting, outcome = gateway.held[0]
    waiting.callback(outcome)
    assert statuses == [202]


class _Clock:
    now = 100.0

    def monotonic(self):
        return self.now


def test_over_the_tenants_rate_nothing_is_taken_and_the_answer_says_how_long_to_wait(monkeypatch):
    clock = _Clock()
    monkeypatch.setitem(TOKENS, "slow-token", Tenant("slow", throughput=10))
    client = Client(token="slow-token", pace=Pace(clock, 0.0))
    batch = {"messages": [{"from": "iSMS", "to": f"+30691234567{n}", "text": "x" * 161} for n in range(5)]}
    assert client.ask("POST", "/v1/messages/batch", batch).status == 202  # ten parts: a second's worth
    reply = client.ask("POST", "/v1/messages/batch", batch)
    is_problem(reply, 429, "over_rate")
    assert reply.headers["retry-after"] == "1"
    assert len(client.gateway.submissions) == 1
    clock.now += 1.0
    assert client.ask("POST", "/v1/messages/batch", batch).status == 202


def test_a_tenant_without_a_rate_is_not_held_up():
    client = Client(pace=Pace(_Clock(), 0.0))
    assert all(client.send(text="x" * 1000).status == 202 for _ in range(50))


# ---------------------------------------------------------------------------------------- answers that come later


@pytest.fixture(params=[True, False], ids=["known", "proven"])
def gateway(request):
    """Who asks is known at once, or found out."""
    gateway = FakeGateway()
    gateway.knows_tokens = request.param
    return gateway


def test_answers_are_alike_whichever_way_it_is_told_who_asks(gateway):
    client = Client(gateway)
    good = client.send()
    assert (good.status, good.route) == (202, "POST /v1/messages")
    assert good.header_list == (("Content-Type", "application/json"), ("Cache-Control", "no-store"))
    bad = client.send(to="nobody")
    assert is_problem(bad, 422, "invalid_recipient") and bad.route == "POST /v1/messages"
    assert [name for name, _ in bad.header_list] == ["Content-Type", "Cache-Control"]
    wrong = client.ask("POST", "/v1/messages", b"{}", {"content-type": "text/plain"})
    assert is_problem(wrong, 415, "unsupported_media_type") and wrong.route == "POST /v1/messages"
    invalid = client.ask("POST", "/v1/messages/batch", b"{}")
    assert is_problem(invalid, 422, "invalid") and invalid.route == "POST /v1/messages/batch"
    gateway.refuse = Refused(Refusal.NOT_FOUND)
    late = client.send()
    assert is_problem(late, 404, "not_found") and late.route == "POST /v1/messages"
    assert [name for name, _ in late.header_list].count("Cache-Control") == 1


def test_a_bug_behind_it_is_an_incident_that_is_in_the_log(gateway, capsys):
    gateway.refuse = ZeroDivisionError("secret text")
    reply = Client(gateway).send()
    assert is_problem(reply, 500, "internal")
    assert re.fullmatch("[0-9a-f]{16}", reply.json["incident"])
    assert "secret text" not in reply.body.decode()
    assert reply.json["incident"] in capsys.readouterr().out


def test_a_bug_in_taking_it_is_an_incident_too(gateway):
    def broken(submission, then, arg):
        raise ZeroDivisionError

    gateway.take = broken
    assert is_problem(Client(gateway, reactor=Reactor()).send(), 500, "internal")
    assert is_problem(Client(gateway).send(), 500, "internal")


# ---------------------------------------------------------------------------------------- how much is let in


def waiting(client, count, **fields):
    """The statuses of `count` requests, as they are answered."""
    statuses = []
    for _ in range(count):
        reply = client.send(**fields)
        if hasattr(reply, "addCallback"):
            reply.addCallback(lambda response: statuses.append(response.status))
        else:
            statuses.append(reply.status)
    return statuses


def test_only_so_many_messages_are_on_their_way_and_nothing_is_refused(gateway):
    gateway.held = []
    client = Client(gateway, reactor=Reactor())
    statuses = waiting(client, 1500)
    assert len(gateway.held) == 1000 and statuses == []
    deferred, outcome = gateway.held.pop(0)
    deferred.callback(outcome)
    assert len(gateway.held) == 1000 and statuses == [202]
    while gateway.held:
        deferred, outcome = gateway.held.pop(0)
        deferred.callback(outcome)
    assert statuses == [202] * 1500
    assert client.gateway.submissions[-1].items[0].text == "hi"


def test_while_receipts_lag_submissions_wait(gateway):
    reactor = Reactor()
    behind = [10_000]
    client = Client(gateway, reactor=reactor, lagging=lambda tenant: behind[0])
    statuses = waiting(client, 300)
    assert len(statuses) <= 10
    reactor.pump([0.001] * 100)
    assert 50 <= len(statuses) <= 120
    behind[0] = 0
    reactor.pump([0.001] * 20)
    assert statuses == [202] * 300


def test_while_messages_pile_up_fewer_are_on_their_way(gateway):
    gateway.held = []
    waiting(Client(gateway, reactor=Reactor(), ready=lambda: 1000), 600)
    assert len(gateway.held) == 500


def test_a_request_for_many_is_one_and_goes_in_whole(gateway):
    gateway.held = []
    client = Client(gateway, reactor=Reactor())
    waiting(client, 10)
    waiting(client, 1, to=[f"30691234{n:04d}" for n in range(1, 1001)])
    waiting(client, 5)
    assert [len(submission.items) for submission in gateway.submissions] == [1] * 10 + [1000]


def test_what_waits_is_refused_when_the_gateway_shuts_down(gateway):
    gateway.held = []
    client = Client(gateway, reactor=Reactor())
    statuses = waiting(client, 1002)
    client.api.close()
    assert statuses == [503, 503]
    assert len(gateway.held) == 1000
    assert is_problem(client.send(), 503, "shutting_down"), "it would wait for what may never come through"


def test_what_is_far_too_much_is_refused_at_once(gateway, monkeypatch):
    monkeypatch.setattr("smsgwd.northbound.doorway.MOST_WAITING", 5)
    gateway.held = []
    client = Client(gateway, reactor=Reactor())
    statuses = waiting(client, 1005)
    assert statuses == []
    assert is_problem(client.send(), 503, "overloaded")
