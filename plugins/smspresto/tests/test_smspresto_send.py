"""Sending and the account: what the requests look like, and what each answer comes to."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from smsgwd_smspresto import plugin

from smsgwd.providers import (
    Accepted,
    Balance,
    Halt,
    NoAnswer,
    NotSent,
    Outbound,
    Park,
    Permanent,
    Reply,
    Request,
    Sent,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)
from smsgwd.providers.testing import TestHost, group, outbound, provider, replies, run

OPTIONS = {"api_key": "KEY", "api_pass": "p&ss"}


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(value).encode())


def counted(count: Any, **more: Any) -> Reply:
    return said({"status": 0, "message": "Message sent successfully.", "message-count": count, **more})


def error(code: Any, text: str = "No") -> Reply:
    return said({"status": code, "message": text})


def sent(messages: Sequence[Outbound], *answers: Reply | Exception) -> tuple[TestHost, Sequence[Verdict]]:
    host = TestHost(replies(*answers))
    return host, run(provider(plugin, host, OPTIONS).send(messages))


def form(request: Request) -> dict[str, str]:
    assert request.method == "POST"
    assert request.headers == {"Content-Type": "application/x-www-form-urlencoded"}
    return dict(parse_qsl(request.body.decode(), strict_parsing=True))


def test_the_request_is_the_pages() -> None:
    host, verdicts = sent([outbound(1, text="Ça & là"), outbound(2, text="Two")], counted(2))
    [request] = host.requests
    assert request.url == "https://smspresto.com/console/api/"
    assert json.loads(form(request)["data"]) == {
        "user": "KEY",
        "pass": "p&ss",
        "action": "sendsms",
        "from": "iSMS",
        "to": [
            {"recipient": "306900000001", "message": "Ça & là"},
            {"recipient": "306900000002", "message": "Two"},
        ],
    }
    assert verdicts == [Accepted(), Accepted()]


@pytest.mark.parametrize("answer", [counted(2), counted("2"), counted(3), said({"status": "0"}), said({"status": 0})])
def test_all_are_taken(answer: Reply) -> None:
    _, verdicts = sent(group(2), answer)
    assert verdicts == [Accepted(), Accepted()]


ERRORS = [
    (1, Stop("1 No")),
    (10, Stop("10 No")),
    (11, Stop("11 No")),
    (100, Permanent("100", "No", "connector")),
    (101, Permanent("101", "No", "connector")),
    (102, Permanent("102", "No", "message")),
    (103, Permanent("103", "No", "message")),
    (104, Park("104 No")),
    (105, Permanent("105", "No", "connector")),
    (106, Permanent("106", "No", "connector")),
    (107, Temporary("107 No")),
    (999, Permanent("999", "No", "connector")),
    ("102", Permanent("102", "No", "message")),
]


@pytest.mark.parametrize(("code", "verdict"), ERRORS)
def test_every_error(code: Any, verdict: Verdict) -> None:
    _, verdicts = sent(group(1), error(code))
    assert verdicts == [verdict]
    _, verdicts = sent(group(2), *[error(code)] * 3)
    assert verdicts == [verdict, verdict]


def test_an_error_without_a_text_has_the_pages() -> None:
    _, verdicts = sent(group(1), said({"status": 100}))
    assert verdicts == [Permanent("100", "Invalid sender", "connector")]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Reply(200, {}, b"<html>"), Unknown("answered with what cannot be understood")),
        (Reply(200), Unknown("answered with what cannot be understood")),
        (said([]), Unknown("answered with what cannot be understood")),
        (said({"status": "good"}), Unknown("answered with what cannot be understood")),
        (said({"status": True}), Unknown("answered with what cannot be understood")),
        (said({"status": 0}, 500), Temporary("HTTP 500")),
        (Reply(503, {"retry-after": "5"}), Temporary("HTTP 503", 5.0)),
        (Reply(429, {"retry-after": "5"}), SlowDown("HTTP 429", 5.0)),
        (Reply(401), Stop("HTTP 401: the credentials are refused")),
        (Reply(402), Park("HTTP 402: no credit")),
        (Reply(404), Permanent("http_404", "HTTP 404", "connector")),
    ],
)
def test_other_answers(answer: Reply, verdict: Verdict) -> None:
    _, verdicts = sent(group(2), answer)
    assert verdicts == [verdict, verdict]


def test_a_text_that_a_filter_dislikes_costs_nobody_else() -> None:
    host, verdicts = sent(group(2), Reply(403, {}, b"<html>"), counted(1), Reply(403, {}, b"<html>"))
    assert verdicts == [Accepted(), Permanent("http_403", "HTTP 403", "connector")]
    assert len(host.requests) == 3


def test_nothing_counted_is_nothing_taken() -> None:
    _, verdicts = sent(group(1), counted(0))
    assert verdicts == [Permanent("not_counted", "the answer counts no message as sent")]
    host, verdicts = sent(group(2), counted(0), counted(1), counted(0))
    assert [type(verdict) for verdict in verdicts] == [Accepted, Permanent]
    assert len(host.requests) == 3


def test_fewer_counted_are_all_left_to_the_history() -> None:
    """To send them again would send most of them twice."""
    host, verdicts = sent(group(3), counted(2))
    assert verdicts == [Accepted()] * 3
    assert host.logged == [("fewer_counted", {"sent": 3, "counted": 2})]


def test_fewer_counted_where_the_answer_names_the_refused() -> None:
    refused = [{"recipient": "+306900000002", "status": 104, "message": "Insufficient credit"}]
    host, verdicts = sent(group(3), counted(2, refused=refused))
    assert verdicts == [Accepted(), Park("104 Insufficient credit"), Accepted()]
    assert host.logged == []
    _, verdicts = sent(group(3), counted(1, refused=refused))  # that does not add up
    assert verdicts == [Accepted()] * 3


# -- a group that is refused for some of it


def strict(*wrong: str) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        to = [one["recipient"] for one in json.loads(form(request)["data"])["to"]]
        return error(102, "Invalid recipient") if set(to) & {*wrong} else counted(len(to))

    return answer


def test_wrong_ones_are_found_and_the_others_sent() -> None:
    host = TestHost(strict("306900000007", "306900000060"))
    verdicts = run(provider(plugin, host, OPTIONS).send(group(100)))
    assert [n for n, verdict in enumerate(verdicts, 1) if isinstance(verdict, Permanent)] == [7, 60]
    assert sum(verdict == Accepted() for verdict in verdicts) == 98
    assert len(host.requests) < 35


def test_taking_apart_ends_and_the_rest_is_put_off() -> None:
    messages = group(100)
    host = TestHost(strict(*(message.to for message in messages)))
    verdicts = run(provider(plugin, host, OPTIONS).send(messages))
    assert len(host.requests) == 60
    assert {type(verdict) for verdict in verdicts} == {Permanent, SlowDown}


def test_troubles_midway_leave_what_was_taken() -> None:
    refusal = error(102)
    _, verdicts = sent(group(4), refusal, counted(2), NoAnswer("timed out"))
    assert verdicts == [Accepted(), Accepted(), Unknown("timed out"), Unknown("timed out")]
    host, verdicts = sent(group(4), refusal, NotSent("refused"))
    assert verdicts == [Temporary("refused")] * 4
    assert len(host.requests) == 2


@pytest.mark.parametrize("trouble", [NotSent("no connection"), NoAnswer("timed out")])
def test_troubles_of_one_are_the_hosts(trouble: Exception) -> None:
    with pytest.raises(type(trouble)):
        sent(group(1), trouble)


# -- the account


def test_the_balance_is_messages() -> None:
    host = TestHost(replies(Reply(200, {}, b"10000\n"), Reply(200, {}, b'"7"')))
    one = provider(plugin, host, OPTIONS)
    assert [run(one.balance()), run(one.balance())] == [Balance(10000), Balance(7)]
    assert form(host.requests[0]) == {"action": "get-stock", "user": "KEY", "pass": "p&ss"}


def test_facts_are_counts() -> None:
    host = TestHost(
        lambda request: Reply(
            200, {}, {"get-send": b"5000", "get-success": b"4950"}.get(form(request)["action"], b"50")
        )
    )
    assert run(provider(plugin, host, OPTIONS).facts()) == {"sent": "5000", "success": "4950", "failed": "50"}


@pytest.mark.parametrize(
    ("answer", "kind"), [(error(1), Stop), (Reply(503), Temporary), (Reply(200, {}, b"?"), Unknown)]
)
def test_no_balance(answer: Reply, kind: type) -> None:
    with pytest.raises(Halt) as caught:
        run(provider(plugin, TestHost(replies(answer)), OPTIONS).balance())
    assert isinstance(caught.value.verdict, kind)


def test_options_are_checked_and_secrets_hidden() -> None:
    host = TestHost(replies())
    with pytest.raises(ValidationError) as caught:
        provider(plugin, host, {"api_key": "", "time_zone": "Mars", "match_s": 0, "surplus": 1})
    places = {one["loc"][0] for one in caught.value.errors()}
    assert places == {"api_key", "api_pass", "time_zone", "match_s", "surplus"}
    assert "KEY" not in repr(provider(plugin, host, OPTIONS).options)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([0, 1, 102, 103, "2"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["status", "message", "message-count", "refused", "recipient", "IDHISTORIQUE"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
octets = st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode())


@settings(max_examples=200, deadline=None)
@given(st.just(200) | st.integers(100, 599), octets)
def test_any_answer(status: int, body: bytes) -> None:
    host = TestHost(lambda _: Reply(status, {}, body))
    one = provider(plugin, host, OPTIONS)
    assert len(run(one.send(group(3)))) == 3
    for call in (one.balance, one.facts, lambda: one.states([Sent("1", "", "3069", "", "x", 10**12, 10**12)])):
        with suppress(Halt):
            run(call())
