"""The examples of docs/generic-http.md: each is loaded as configuration, sends, and reads what such a provider says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from smsgwd.app.provider_checks import load_config
from smsgwd.model.message import State
from smsgwd.providers import (
    Accepted,
    Balance,
    CallbackRefused,
    CallbackRequest,
    Incoming,
    NoAnswer,
    NotSent,
    Park,
    Permanent,
    Reply,
    Report,
    Sent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
)
from smsgwd.providers.loading import load
from smsgwd.providers.testing import TestHost, group, outbound, provider, replies, run
from tests.config.files import HEAD
from tests.docs.tables import blocks, table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "generic-http.md"
SECRETS = {
    "SHOP_PROVIDER_TOKEN": "s3cret-token",
    "TWILIO_TOKEN": "twilio-token",
    "VONAGE_KEY": "abcd",
    "VONAGE_SECRET": "vonage-secret",
    "INFOBIP_AUTHORIZATION": "App 0123456789",
    "SIGNED_XML_KEY": "shared-key",
}
COMMON = "https://gw.example/callback/x/TOKEN"


@pytest.fixture(scope="module")
def connectors(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The page's connectors, by id, all in one file."""
    directory = tmp_path_factory.mktemp("page")
    text = "connectors:\n" + "".join(block.partition("connectors:\n")[2] for block in blocks(PAGE, "yaml"))
    file = directory / "smsgwd.yaml"
    file.write_text(HEAD + text, "utf-8")
    return {each.id: each for each in load_config(file, SECRETS).connectors}


def _made(section: Any, *given: Reply | Exception) -> tuple[Any, TestHost]:
    host = TestHost(replies(*given), callback_url=COMMON, now_ms=1_800_000_000_000)
    return provider(load("generic_http"), host, section.options), host


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, {"content-type": "application/json"}, json.dumps(value).encode())


def _post(body: bytes, content_type: str, **rest: Any) -> CallbackRequest:
    headers = {"content-type": content_type, **rest.pop("headers", {})}
    return CallbackRequest("POST", headers=headers, body=body, **rest)


def test_every_example_is_here(connectors: dict[str, Any]) -> None:
    assert sorted(connectors) == ["infobip", "shop-provider", "signed-xml", "twilio", "vonage"]


def test_the_smallest(connectors: dict[str, Any]) -> None:
    shop, host = _made(connectors["shop-provider"], _json({"id": 77}, 201))
    message = outbound(1, text='Say "ναι"', callback_url=COMMON + "/1")
    assert run(shop.send([message])) == [Accepted("77")]
    (request,) = host.requests
    assert (request.method, request.url) == ("POST", "https://api.provider.example/messages")
    assert request.headers == {"Content-Type": "application/json", "Authorization": "Bearer s3cret-token"}
    assert json.loads(request.body) == {
        "to": message.to,
        "from": "iSMS",
        "text": 'Say "ναι"',
        "callback": COMMON + "/1",
    }
    said = run(shop.received(_post(b'{"status": "Delivered"}', "application/json", message_id="1")))
    assert said.events == [Report(State.DELIVERED, message_id="1", word="Delivered")]
    with pytest.raises(CallbackRefused):
        run(shop.received(_post(b'{"status": "Delivered"}', "application/json")))


def test_statuses_are_as_the_table_says(connectors: dict[str, Any]) -> None:
    kinds = {
        "accepted": Accepted,
        "unknown": Unknown,
        "permanent": Permanent,
        "stop": Stop,
        "slow_down": SlowDown,
        "temporary": Temporary,
    }
    for statuses, said in table(PAGE, "status", "verdict"):
        for status in re.findall(r"\d{3}", statuses):
            body = {"id": "a"} if "with id" in statuses else {}
            shop, _ = _made(connectors["shop-provider"], _json(body, int(status)))
            (verdict,) = run(shop.send([outbound()]))
            word, _, scope = said.partition(", scope ")
            assert type(verdict) is kinds[word], statuses
            if isinstance(verdict, Permanent):
                assert verdict.scope == (scope or "message")


@pytest.mark.parametrize(
    ("status", "answer", "verdict"),
    [
        (201, {"sid": "SM1", "status": "queued", "error_code": None}, Accepted("SM1")),
        (400, {"code": 21211, "message": "bad To", "status": 400}, Permanent("21211", "21211 bad To")),
        (400, {"code": 21606, "message": "From", "status": 400}, Permanent("21606", "21606 From", "connector")),
        (401, {"code": 20003, "message": "Authenticate", "status": 401}, Stop("20003 Authenticate")),
        (429, {"code": 20429, "message": "Too Many", "status": 429}, SlowDown("20429 Too Many")),
        (503, {}, Temporary("answered 503")),
        (201, {}, Unknown("the answer has no id of the message")),
    ],
)
def test_twilio_answers(connectors: dict[str, Any], status: int, answer: Any, verdict: Any) -> None:
    twilio, host = _made(connectors["twilio"], _json(answer, status))
    assert run(twilio.send([outbound(1, sender="15005550006", text="Γειά & +")])) == [verdict]
    (request,) = host.requests
    assert request.url.endswith("/Accounts/AC00000000000000000000000000000000/Messages.json")
    assert dict(parse_qsl(request.body.decode("ascii"))) == {
        "To": "+306900000001",
        "From": "+15005550006",
        "Body": "Γειά & +",
        "StatusCallback": COMMON,
    }
    user = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
    assert user == "AC00000000000000000000000000000000:twilio-token"


def _signed(fields: dict[str, str]) -> CallbackRequest:
    text = COMMON + "".join(name + fields[name] for name in sorted(fields))
    made = base64.b64encode(hmac.new(b"twilio-token", text.encode(), hashlib.sha1).digest()).decode()
    body = urlencode(fields).encode()
    return _post(body, "application/x-www-form-urlencoded", headers={"x-twilio-signature": made})


def test_twilio_callbacks(connectors: dict[str, Any]) -> None:
    twilio, _ = _made(connectors["twilio"])
    failed = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003", "To": "+306900000001"}
    answer = run(twilio.received(_signed(failed)))
    assert answer.events == [Report(State.UNDELIVERED, "SM1", word="undelivered", error="30003", to="306900000001")]
    assert answer.body == b"<Response/>"
    (sent,) = run(twilio.received(_signed({"MessageSid": "SM1", "MessageStatus": "sent"}))).events
    assert sent.state is None
    mo = {"SmsStatus": "received", "From": "+306911111111", "To": "+15005550006", "Body": "STOP"}
    assert run(twilio.received(_signed(mo))).events == [Incoming("306911111111", "STOP", "15005550006")]
    forged = _signed(failed)
    for request in (
        _post(forged.body, "application/x-www-form-urlencoded"),
        _post(forged.body + b"&x=1", "application/x-www-form-urlencoded", headers=forged.headers),
    ):
        with pytest.raises(CallbackRefused) as refused:
            run(twilio.received(request))
        assert refused.value.status == 403


def test_twilio_is_asked(connectors: dict[str, Any]) -> None:
    balance = _json({"balance": "12.50", "currency": "USD"})
    twilio, host = _made(connectors["twilio"], _json({"status": "delivered", "error_code": None}), balance)
    sent = Sent("1", "SM1", "306900000001", "x", "t", 0, 0)
    assert run(twilio.states([sent])) == [Report(State.DELIVERED, "SM1", word="delivered")]
    assert host.requests[0].url.endswith("/Messages/SM1.json")
    assert run(twilio.balance()) == Balance(12.5, "USD")


@pytest.mark.parametrize(
    ("status", "kind"),
    [("0", Accepted), ("1", SlowDown), ("4", Stop), ("5", Temporary), ("9", Park), ("15", Permanent), ("7", Permanent)],
)
def test_vonage_answers(connectors: dict[str, Any], status: str, kind: Any) -> None:
    entry = {"status": status, "message-id": "0A00"} if status == "0" else {"status": status, "error-text": "why"}
    vonage, host = _made(connectors["vonage"], _json({"message-count": "1", "messages": [entry]}))
    (verdict,) = run(vonage.send([outbound(7, text="ж", alphabet="ucs2")]))
    assert type(verdict) is kind
    if isinstance(verdict, Permanent):
        assert (verdict.code, verdict.scope) == (status, "connector" if status == "15" else "message")
    fields = dict(parse_qsl(host.requests[0].body.decode("ascii")))
    assert (fields["api_secret"], fields["type"], fields["client-ref"]) == ("vonage-secret", "unicode", "7")
    assert "callback" not in fields


def test_vonage_callbacks_by_get_and_post(connectors: dict[str, Any]) -> None:
    vonage, _ = _made(connectors["vonage"], _json({"value": 10.28, "autoReload": False}))
    fields = {
        "messageId": "0A00",
        "msisdn": "306900000001",
        "status": "expired",
        "err-code": "5",
        "message-timestamp": "2026-01-01 12:00:00 +0000",
    }
    wanted = Report(State.EXPIRED, "0A00", "", "expired", "5", None, "306900000001")
    (by_get,) = run(vonage.received(CallbackRequest("GET", tuple(fields.items())))).events
    form = urlencode(fields).encode()
    (by_post,) = run(vonage.received(_post(form, "application/x-www-form-urlencoded"))).events
    assert by_get == by_post
    assert (by_get.state, by_get.foreign_id, by_get.error) == (wanted.state, "0A00", "5")
    assert run(vonage.balance()) == Balance(10.28, "EUR")


def test_infobip_group(connectors: dict[str, Any]) -> None:
    plugin = load("generic_http").fitted_to(connectors["infobip"].options)
    assert (plugin.group, plugin.together) == (100, ())
    messages = group(3)
    entries = [
        {"to": messages[2].to, "messageId": "c", "status": {"groupName": "PENDING", "name": "PENDING_ACCEPTED"}},
        {
            "to": messages[0].to,
            "messageId": "a",
            "status": {"groupName": "REJECTED", "name": "REJECTED_PREFIX_MISSING"},
        },
    ]
    infobip, host = _made(connectors["infobip"], _json({"bulkId": "b", "messages": entries}))
    verdicts = run(infobip.send(messages))
    assert isinstance(verdicts[0], Permanent)
    assert verdicts[0].code == "REJECTED_PREFIX_MISSING"
    assert isinstance(verdicts[1], Unknown)
    assert verdicts[2] == Accepted("c")
    (request,) = host.requests
    assert request.headers["Authorization"] == "App 0123456789"
    sent = json.loads(request.body)["messages"]
    assert [each["destinations"][0]["to"] for each in sent] == [each.to for each in messages]
    assert sent[0]["flash"] is False
    assert "validityPeriod" not in sent[0]


def test_infobip_reports(connectors: dict[str, Any]) -> None:
    infobip, _ = _made(connectors["infobip"])
    results = [
        {
            "messageId": "a",
            "to": "306900000001",
            "callbackData": "1",
            "doneAt": "2026-01-01T00:00:00.000+0000",
            "status": {"groupName": "DELIVERED"},
            "error": {"name": "NO_ERROR"},
        },
        {
            "messageId": "m",
            "from": "306911111111",
            "to": "54001",
            "text": "WIN 5",
            "receivedAt": "2026-01-01T00:00:00Z",
        },
    ]
    body = json.dumps({"results": results}).encode()
    report, incoming = run(infobip.received(_post(body, "application/json"))).events
    at = 1_767_225_600_000
    assert report == Report(State.DELIVERED, "a", "1", "DELIVERED", "NO_ERROR", at, "306900000001")
    assert incoming == Incoming("306911111111", "WIN 5", "54001", at)


def test_signed_xml(connectors: dict[str, Any]) -> None:
    answers = (
        Reply(200, {}, b'<?xml version="1.0"?><r xmlns="urn:x"><message id="m-1"/></r>'),
        Reply(200, {}, b'<r><error code="12"/></r>'),
        Reply(200, {}, b'<r><error code="99"/></r>'),
        Reply(200, {}, b"Down for Maintenance"),
        Reply(200, {}, b'<!DOCTYPE r [<!ENTITY x "m">]><r><message id="&x;"/></r>'),
    )
    signed, host = _made(connectors["signed-xml"], *answers)
    verdicts = [run(signed.send([outbound(1, text="<β> & €")]))[0] for _ in answers]
    assert verdicts[:3] == [Accepted("m-1"), Park("12"), Permanent("99", "99")]
    assert verdicts[3:] == [Temporary("answered 200", 60.0), Unknown("the answer has no id of the message")]
    request = host.requests[0]
    assert urlsplit(request.url).path == "/xml"
    assert "&lt;β&gt; &amp; ".encode("iso-8859-7") in request.body
    signed_text = request.headers["X-Timestamp"].encode() + b"/xml" + request.body
    wanted = hmac.new(b"shared-key", signed_text, hashlib.sha256).hexdigest()
    assert request.headers["X-Signature"] == f"sha256={wanted}"


def _group_of(*answers: Reply | Exception) -> tuple[Any, TestHost]:
    send = {"url": "https://p.example/", "query": {"to": "{to}", "id": "{id}", "text": "{text}"}, "group": 10}
    options = {
        "send": send,
        "answer": {"id_for": "request", "foreign_id": {"regex": "ID (.*)"}},
        "callback": {
            "report": {
                "foreign_id": {"field": "id"},
                "to": {"field": "to"},
                "state": {"field": "s"},
                "states": {"ok": "delivered"},
            }
        },
        "poll": {
            "request": {"url": "https://p.example/{foreign_id}"},
            "report": {"state": {"json": "$.s"}, "states": {"ok": "delivered"}},
        },
    }
    host = TestHost(replies(*answers))
    return provider(load("generic_http"), host, options), host


def test_one_id_for_a_request_is_told_apart_by_number() -> None:
    made, host = _group_of(Reply(200, {}, b"ID q9"), _json({"s": "ok"}))
    messages = group(2)
    assert run(made.send(messages)) == [Accepted(f"q9/{messages[0].to}"), Accepted(f"q9/{messages[1].to}")]
    assert dict(parse_qsl(urlsplit(host.requests[0].url).query))["to"] == f"{messages[0].to},{messages[1].to}"
    query = (("id", "q9"), ("to", "+" + messages[1].to), ("s", "ok"))
    (report,) = run(made.received(CallbackRequest("GET", query))).events
    assert (report.foreign_id, report.state) == (f"q9/{messages[1].to}", State.DELIVERED)
    (polled,) = run(made.states([Sent("2", report.foreign_id, messages[1].to, "", "", 0, 0)]))
    assert (polled.foreign_id, host.requests[1].url) == (report.foreign_id, "https://p.example/q9")


def test_a_number_is_never_twice_in_a_request() -> None:
    """What was taken is told, also where a later request of the call has no answer."""
    messages = [outbound(1, to="30690"), outbound(2, to="30691"), outbound(3, to="30690")]
    made, host = _group_of(Reply(200, {}, b"ID a"), Reply(200, {}, b"ID b"))
    assert run(made.send(messages)) == [Accepted("a/30690"), Accepted("a/30691"), Accepted("b/30690")]
    assert [dict(parse_qsl(urlsplit(each.url).query))["id"] for each in host.requests] == ["1,2", "3"]
    for trouble, kind in ((NoAnswer("cut"), Unknown), (NotSent("no name"), Temporary)):
        made, _ = _group_of(Reply(200, {}, b"ID a"), trouble)
        verdicts = run(made.send(messages))
        assert verdicts[:2] == [Accepted("a/30690"), Accepted("a/30691")]
        assert isinstance(verdicts[2], kind)
    made, _ = _group_of(NotSent("no name"))
    with pytest.raises(NotSent):
        run(made.send(messages))


def test_a_group_has_its_shortest_validity() -> None:
    send = {"url": "https://p.example/", "query": {"to": "{to}", "ttl": "{validity_s}"}, "group": 10}
    host = TestHost(replies(Reply(200)), now_ms=1_000_000)
    made = provider(load("generic_http"), host, {"send": send, "answer": {"id_for": "request"}})
    deadlines = (1_000_000 + 7_200_000, 1_000_000 + 900_000, 0, 1_000_000 + 86_400_000)
    run(made.send([outbound(number, deadline_ms=at) for number, at in enumerate(deadlines)]))
    assert dict(parse_qsl(urlsplit(host.requests[0].url).query))["ttl"] == "900"
