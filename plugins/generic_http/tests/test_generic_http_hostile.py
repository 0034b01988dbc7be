"""No text breaks out of its place, and no answer or callback makes anything but a verdict or a refusal."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from lxml import etree

from smsgwd.providers import (
    Accepted,
    Callback,
    CallbackRefused,
    CallbackRequest,
    NoAnswer,
    Park,
    Permanent,
    Reply,
    Sent,
    Verdict,
)
from smsgwd.providers.loading import load
from smsgwd.providers.testing import TestHost, group, outbound, provider, replies, run

_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=60)
_NASTY = ("\r\nX-Evil: 1", '"},{"a":"', "&to=1#", "]]><evil/>", "<!--", "%0d%0a", "{to}", "{{", "../..", "..", "\x00")
_REQUEST = {
    "url": "https://p.example/a/{text}/b",
    "query": {"q": "{text}", "fixed": "1"},
    "headers": {"X-Text": "{text}!"},
    "body": {"json": {"text": "{text}", "list": [{"$each": {"t": "<{text}>"}}], "n": 1}},
}


def _sent(send: dict[str, Any], text: str, **fields: Any) -> Any:
    host = TestHost(replies(Reply(200)))
    run(provider(load("generic_http"), host, {"send": send}).send([outbound(1, text=text, **fields)]))
    return host.requests[0] if host.requests else None


def _all(test: Any) -> Any:
    for text in _NASTY:
        test = example(text)(test)
    return settings(max_examples=60, deadline=None)(given(_TEXTS)(test))


@_all
def test_urls_headers_and_json(text: str) -> None:
    request = _sent(_REQUEST, text)
    parts = urlsplit(request.url)
    assert request.url.isascii()
    assert request.url.isprintable()
    assert " " not in request.url
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "p.example", "")
    assert parts.path.count("/") == 3
    assert unquote(parts.path.split("/")[2], errors="strict") == text
    assert parts.path.split("/")[2] not in (".", "..")
    wanted = {"fixed": ["1"]} | ({"q": [text]} if text else {})
    assert parse_qs(parts.query, errors="strict", separator="&") == wanted
    header = request.headers.get("X-Text", "!")
    assert header.isascii()
    assert header.isprintable()
    assert set(request.headers) <= {"X-Text", "Content-Type"}
    body = json.loads(request.body)
    assert body == ({"text": text} if text else {}) | {"list": [[{"t": f"<{text}>"} if text else {}]], "n": 1}


@_all
def test_forms(text: str) -> None:
    request = _sent({"url": "https://p.example/", "body": {"form": {"a": "{text}", "b": "x{text}"}}}, text)
    assert parse_qsl(request.body.decode("ascii"), errors="strict") == (
        [("a", text), ("b", "x" + text)] if text else []
    )


@_all
def test_xml(text: str) -> None:
    for charset in ("utf-8", "iso-8859-7"):
        xml = f"<?xml version='1.0' encoding='{charset}'?><m to='{{text}}'><t>{{text}}</t></m>"
        if charset != "utf-8":
            xml = xml.replace(f" encoding='{charset}'", "")
        request = _sent({"url": "https://p.example/", "charset": charset, "body": {"xml": xml}}, text)
        root = etree.fromstring(request.body, etree.XMLParser(encoding=charset))
        assert [child.tag for child in root] == ["t"]
        assert list(root.attrib) == ["to"]
        kept = re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
        assert (root[0].text or "") == kept


@_all
def test_text_bodies(text: str) -> None:
    for escape, unescaped in (("json", lambda body: json.loads(body)[0]), ("xml", lambda body: None)):
        body = {"text": '["{text}"]', "escape": escape}
        request = _sent({"url": "https://p.example/", "body": body}, text)
        if escape == "json":
            assert unescaped(request.body) == text


@_all
def test_a_text_that_the_charset_lacks_goes_elsewhere(text: str) -> None:
    send = {"url": "https://p.example/", "charset": "latin-1", "query": {"t": "{text}"}}
    host = TestHost(lambda request: Reply(200, {}, b"1"))
    made = provider(load("generic_http"), host, {"send": send, "answer": {"foreign_id": {"regex": "."}}})
    (verdict,) = run(made.send([outbound(1, text=text)]))
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        assert verdict == Permanent("charset", "the text has characters that latin-1 lacks", "connector")
        assert host.requests == []
    else:
        assert verdict == Accepted("1")


_FULL = {
    "send": {"url": "https://p.example/", "body": {"json": {"$each": "{to}"}}, "group": 5},
    "answer": {
        "each": {"json": "$..messages[*]"},
        "to": {"json": "$.to"},
        "foreign_id": {"json": "$.id"},
        "code": {"xpath": "//code"},
        "reason": {"regex": "[a-z]+ (.*)"},
        "retry_after": {"json": "$.wait"},
        "rules": [
            {"json": "$.ok", "equals": True, "then": "accepted"},
            {"xpath": "//error[@n]", "then": "slow_down"},
            {"header": "X-Error", "matches": "^a", "then": "park"},
            {"regex": "stop", "then": "stop"},
        ],
    },
    "poll": {
        "request": {"url": "https://p.example/{foreign_id}"},
        "group": 5,
        "each": {"xpath": "//m"},
        "report": {
            "foreign_id": {"xpath": "./@id"},
            "state": {"xpath": "./s"},
            "states": {"ok": "delivered"},
            "at": {"xpath": "./at"},
            "at_format": "unix",
        },
    },
    "callback": {
        "report": {
            "when": {"json": "$.r", "present": True},
            "foreign_id": {"field": "id"},
            "message_id": {"json": "$.mid"},
            "state": {"json": "$.r"},
            "states": {"ok": "delivered"},
            "at": {"json": "$.at"},
        },
        "incoming": {
            "when": {"json": "$.r", "present": False},
            "from": {"json": "$.from"},
            "text": {"json": "$.text", "regex": "a*"},
        },
    },
    "balance": {"request": {"url": "https://p.example/"}, "amount": {"regex": "[0-9.e]+"}},
}
_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["messages", "to", "id", "ok", "wait", "r", "mid", "at", "from", "text"]), inner
        )
    ),
    max_leaves=15,
).map(lambda value: json.dumps(value).encode())
_XML = st.lists(st.sampled_from(["<m id='1'>", "</m>", "<s>", "</s>", "ok", "<error n='1'/>", "<!DOCTYPE m>", "&x;"]))
_BODIES = st.binary(max_size=80) | _JSON | _XML.map(lambda pieces: "".join(pieces).encode())
_CONTENT = st.sampled_from(["", "application/json", "text/html; charset=utf-16", "x; charset=idna", "x; charset=\x00"])
_DEEP = b"[" * 100_000


@settings(max_examples=150, deadline=None)
@given(st.integers(100, 599), _BODIES, _CONTENT, st.sampled_from(["", "ab", "zz"]))
@example(200, _DEEP, "application/json", "")
@example(200, b'{"a":' * 50_000, "application/json", "")
@example(200, b"<a>" * 50_000, "text/xml", "")
@example(200, b"\xff\xfe\x00", "text/html; charset=hex", "")
def test_any_answer_gives_a_verdict(status: int, body: bytes, content: str, error: str) -> None:
    host = TestHost(lambda request: Reply(status, {"content-type": content, "x-error": error}, body))
    made = provider(load("generic_http"), host, _FULL)
    verdicts = run(made.send(group(3)))
    assert len(verdicts) == 3
    for verdict in verdicts:
        assert isinstance(verdict, Verdict)
        if isinstance(verdict, Accepted) and verdict.foreign_id:
            assert len(verdict.foreign_id) <= 64
            assert verdict.foreign_id.isprintable()


@settings(max_examples=150, deadline=None)
@given(_BODIES, st.sampled_from(["", "application/json", "application/x-www-form-urlencoded"]), _TEXTS)
@example(_DEEP, "application/json", "x")
def test_any_callback_is_read_or_refused(body: bytes, content: str, identity: str) -> None:
    made = provider(load("generic_http"), TestHost(replies()), _FULL)
    request = CallbackRequest("POST", (("id", identity),), {"content-type": content}, body)
    try:
        assert isinstance(run(made.received(request)), Callback)
    except CallbackRefused as refused:
        assert 400 <= refused.status < 500


@settings(max_examples=100, deadline=None)
@given(_BODIES)
def test_any_answer_about_states_gives_reports(body: bytes) -> None:
    host = TestHost(lambda request: Reply(200, {}, body))
    made = provider(load("generic_http"), host, _FULL)
    for report in run(made.states([Sent(str(n), f"id{n}", "30", "s", "t", 0, 0) for n in range(3)])):
        assert report.foreign_id
        assert len(report.foreign_id) <= 64


@pytest.mark.parametrize("text", _NASTY)
def test_a_signature_is_not_bent(text: str) -> None:
    send = {"url": "https://p.example/", "body": {"json": {"t": "{text}"}}}
    auth = {"hmac": {"key": "k", "header": "X-S", "signed": "{method}\n{path}\n{text}"}}
    host = TestHost(replies(Reply(200)))
    run(provider(load("generic_http"), host, {"send": send, "auth": auth}).send([outbound(1, text=text)]))
    assert re.fullmatch("[0-9a-f]{64}", host.requests[0].headers["X-S"])


@pytest.mark.parametrize("body", [b"", b"nothing", b"1e999", b"e", b"...", b"9.e.9"])
def test_a_balance_that_is_none(body: bytes) -> None:
    made = provider(load("generic_http"), TestHost(replies(Reply(200, {}, body))), _FULL)
    with pytest.raises(NoAnswer):
        run(made.balance())


def _answered(answer: Any, texts: Sequence[str], reply: Any, **send: Any) -> tuple[list[Any], int]:
    shape = {"url": "https://p.example/", "body": {"json": {"$each": {"to": "{to}", "text": "{text}"}}}, **send}
    host = TestHost(reply)
    made = provider(load("generic_http"), host, {"send": shape, "answer": answer})
    messages = [outbound(number, text=text) for number, text in enumerate(texts, 1)]
    return list(run(made.send(messages))), len(host.requests)


def test_a_text_that_a_filter_dislikes_costs_nobody_else() -> None:
    def reply(request: Any) -> Reply:
        sent = json.loads(request.body)
        if any("<script>" in each["text"] for each in sent):
            return Reply(403, {}, b"<html>")
        return Reply(200, {}, json.dumps([{"id": f"m{each['to']}"} for each in sent]).encode())

    answer = {"each": {"json": "$[*]"}, "foreign_id": {"json": "$.id"}}
    verdicts, _ = _answered(answer, ["a", "b", "<script>", "d"], reply, group=10)
    assert [type(verdict) for verdict in verdicts] == [Accepted, Accepted, Permanent, Accepted]
    assert verdicts[2].scope == "connector"


def test_an_answer_that_quotes_a_text_parks_nothing() -> None:
    answer = {
        "foreign_id": {"json": "$.id"},
        "reason": {"json": "$.why"},
        "rules": [{"json": "$.why", "matches": "(?i)no credit", "then": "park"}],
    }
    for text, why, kind in (
        ("no credit", "forbidden word in: No Credit", Permanent),
        ("no credit", "forbidden", Permanent),
        ("hello", "no credit left", Park),
    ):
        verdicts, _ = _answered(answer, [text], lambda _, why=why: Reply(400, {}, json.dumps({"why": why}).encode()))
        assert [type(verdict) for verdict in verdicts] == [kind], (text, why)
