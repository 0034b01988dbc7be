"""Sending: what the request looks like, what each answer comes to, and how a refused group is taken apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from smsgwd_smsadvert import plugin

from smsgwd.providers import (
    Accepted,
    NoAnswer,
    NotSent,
    Outbound,
    Park,
    Permanent,
    Reply,
    Request,
    SlowDown,
    Stop,
    Temporary,
    Unknown,
    Verdict,
)
from smsgwd.providers.testing import TestHost, group, outbound, provider, replies, run

OPTIONS = {"token": "API_AUTH_TOKEN"}
PHONE = "Numéro de téléphone invalide!"


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(value).encode())


def taken(name: Any = "xxxxxx") -> Reply:
    return said({"successMessage": "Your message has been successfully submitted!", "msgId": name})


def sent(
    messages: Sequence[Outbound], *answers: Reply | Exception, callback_url: str = "", **options: Any
) -> tuple[TestHost, Sequence[Verdict]]:
    host = TestHost(replies(*answers), callback_url=callback_url)
    return host, run(provider(plugin, host, {**OPTIONS, **options}).send(messages))


def bodies(host: TestHost) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in host.requests]


def test_the_request_is_the_pages() -> None:
    message = outbound(1, callback_url="https://gw.example/callback/a/t/1", deadline_ms=1486889778036)
    host, verdicts = sent([message], taken())
    [request] = host.requests
    assert (request.method, request.url) == ("POST", "https://www.smsadvert.io/api/sms/")
    assert request.headers == {"Content-Type": "application/json", "Authorization": "API_AUTH_TOKEN"}
    assert bodies(host) == [
        {
            "phone": "+306900000001",
            "shortTextMessage": "Hello",
            "sendAsShort": True,
            "endDate": 1486889778036,
            "callback": "https://gw.example/callback/a/t/1",
        }
    ]
    assert verdicts == [Accepted("xxxxxx")]


@pytest.mark.parametrize(
    ("options", "more"),
    [
        ({"send_as_short": False}, {}),
        ({"send_as_short": False, "failover": True}, {"failover": "short"}),
        ({"failover": True}, {"sendAsShort": True}),
    ],
)
def test_by_network_or_by_phones(options: dict[str, Any], more: dict[str, Any]) -> None:
    host, _ = sent(group(1), taken(), **options)
    assert bodies(host) == [{"phone": "+306900000001", "shortTextMessage": "Hello", **more}]


def test_other_options() -> None:
    host, _ = sent(group(1, deadline_ms=99), taken(), scheme="Bearer", end_date=False, url="http://a.example/api/sms")
    assert host.requests[0].headers["Authorization"] == "Bearer API_AUTH_TOKEN"
    assert host.requests[0].url == "http://a.example/api/sms"
    assert "endDate" not in bodies(host)[0]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (taken(4711), Accepted("4711")),
        (said({"errors": {"phone": PHONE}}, 400), Permanent("phone", PHONE)),
        (said({"errors": {"phone": PHONE}}), Permanent("phone", PHONE)),
        (said({"errors": {"shortTextMessage": "3!"}}, 400), Permanent("shortTextMessage", "3!")),
        (said({"errors": {"shortTextMessage": "3!", "phone": PHONE}}, 400), Permanent("phone", PHONE)),
        (said({"errors": {"endDate": "!"}}, 400), Permanent("endDate", "!")),
        (said({"errors": {"callback": "!"}}, 400), Permanent("callback", "!", "connector")),
        (said({"errorMessage": "There was a database error!"}), Temporary("There was a database error!")),
        (said({"errorMessage": "No connected device!"}, 503), Temporary("No connected device!")),
        (said({"errorMessage": "Who?"}, 401), Stop("Who?")),
        (said({"errorMessage": "Credit"}, 402), Park("Credit")),
        (said({"errorMessage": "Gone"}, 404), Permanent("http_404", "Gone", "connector")),
        (said({"errorMessage": "Slow"}, 429, **{"retry-after": "3"}), SlowDown("Slow", 3.0)),
        (Reply(403, {}, b"<html>"), Permanent("http_403", "HTTP 403", "connector")),
        (said({"errorMessage": "Forbidden"}, 403), Stop("Forbidden")),
        (Reply(302), Permanent("http_302", "HTTP 302", "connector")),
        (Reply(500, {"retry-after": "9"}, b"<html>"), Temporary("HTTP 500", 9.0)),
        (Reply(200, {}, b"<html>"), Unknown("the answer has no msgId")),
        (said({"successMessage": "ok"}), Unknown("the answer has no msgId")),
        (taken(""), Unknown("the answer has no msgId")),
        (taken("x" * 65), Unknown("the answer has no msgId")),
        (taken(True), Unknown("the answer has no msgId")),
        (said([1]), Unknown("the answer has no msgId")),
    ],
)
def test_each_answer(answer: Reply, verdict: Verdict) -> None:
    _, verdicts = sent(group(1), answer)
    assert verdicts == [verdict]
    _, verdicts = sent(group(2, text="Hey"), *[answer] * 20, group=True)
    if isinstance(verdict, Accepted):
        assert verdicts == [Accepted(f"{verdict.foreign_id}/30690000000{n}") for n in (1, 2)]
    else:
        assert verdicts == [verdict, verdict]


@pytest.mark.parametrize("trouble", [NotSent("no connection"), NoAnswer("timed out")])
def test_troubles_of_one_are_the_hosts(trouble: Exception) -> None:
    with pytest.raises(type(trouble)):
        sent(group(1), trouble)


def test_one_message_a_request_unless_the_options_say_so() -> None:
    assert plugin.fitted_to(OPTIONS).group == 1
    assert plugin.fitted_to({**OPTIONS, "group": True}).group == 1000


# -- groups


def test_a_group_is_one_request_with_one_id() -> None:
    messages = [outbound(n, callback_url=f"https://gw.example/{n}", deadline_ms=100 - n) for n in (1, 2, 3)]
    host, verdicts = sent(messages, taken("m"), group=True, callback_url="https://gw.example/all")
    [body] = bodies(host)
    assert body["phone"] == "+306900000001,+306900000002,+306900000003"
    assert (body["callback"], body["endDate"]) == ("https://gw.example/all", 97)
    assert verdicts == [Accepted("m/306900000001"), Accepted("m/306900000002"), Accepted("m/306900000003")]


def test_a_number_twice_is_sent_twice() -> None:
    """The page: numbers that stand twice in a request are sent once."""
    messages = [outbound(1, to="3061"), outbound(2, to="3062"), outbound(3, to="3061")]
    host, verdicts = sent(messages, taken("a"), taken("b"), group=True)
    assert [body["phone"] for body in bodies(host)] == ["+3061,+3062", "+3061"]
    assert verdicts == [Accepted("a/3061"), Accepted("a/3062"), Accepted("b/3061")]


def strict(*wrong: str, named: bool = False) -> Callable[[Request], Reply]:
    """A provider that takes all of a request or nothing."""
    count = iter(range(1000))

    def answer(request: Request) -> Reply:
        bad = [one for one in json.loads(request.body)["phone"].split(",") if one.lstrip("+") in wrong]
        if bad:
            return said({"errors": {"phone": f"{PHONE} ({', '.join(bad)})" if named else PHONE}}, 400)
        return taken(f"m{next(count)}")

    return answer


@pytest.mark.parametrize("named", [True, False])
def test_wrong_numbers_are_found_and_the_others_are_sent(named: bool) -> None:
    host = TestHost(strict("306900000007", "306900000600", named=named))
    messages = group(1000)
    verdicts = run(provider(plugin, host, {**OPTIONS, "group": True}).send(messages))
    wrong = [message.to for message, verdict in zip(messages, verdicts, strict=True) if isinstance(verdict, Permanent)]
    assert wrong == ["306900000007", "306900000600"]
    assert sum(isinstance(verdict, Accepted) for verdict in verdicts) == 998
    assert len(host.requests) == (2 if named else len(host.requests)) <= 40


def test_taking_apart_ends_and_the_rest_is_put_off() -> None:
    messages = group(1000)
    host = TestHost(strict(*(message.to for message in messages)))
    verdicts = run(provider(plugin, host, {**OPTIONS, "group": True}).send(messages))
    assert len(host.requests) == 40
    assert {type(verdict) for verdict in verdicts} == {Permanent, SlowDown}
    done = [isinstance(verdict, Permanent) for verdict in verdicts]
    assert done == sorted(done, reverse=True)
    assert any(done)


def test_taking_apart_ends_when_it_takes_long() -> None:
    answer = strict(*(message.to for message in group(100)))

    def slow(request: Request) -> Reply:
        host.slept += 8
        return answer(request)

    host = TestHost(slow)
    verdicts = run(provider(plugin, host, {**OPTIONS, "group": True}).send(group(100)))
    assert len(host.requests) == 3
    assert {type(verdict) for verdict in verdicts} == {SlowDown}


def test_troubles_midway_leave_what_was_taken() -> None:
    messages = [outbound(n, to=to) for n, to in ((1, "3061"), (2, "3062"), (3, "3061"), (4, "3061"))]
    _, verdicts = sent(messages, taken("a"), NoAnswer("timed out"), NotSent("refused"), group=True)
    assert verdicts == [Accepted("a/3061"), Accepted("a/3062"), Unknown("timed out"), Temporary("refused")]
    host, verdicts = sent(messages, taken("a"), said({"errorMessage": "credit"}, 402), group=True)
    assert verdicts[2:] == [Park("credit"), Park("credit")]
    assert len(host.requests) == 2


def test_options_are_checked_and_secrets_hidden() -> None:
    host = TestHost(replies())
    with pytest.raises(ValidationError) as caught:
        provider(plugin, host, {"token": "", "url": "x", "scheme": "Basic", "surplus": 1})
    assert {error["loc"][0] for error in caught.value.errors()} == {"token", "url", "scheme", "surplus"}
    assert "API_AUTH" not in repr(provider(plugin, host, OPTIONS).options)
