"""Sending and contacts: what the requests look like, and what each answer comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError
from smsgwd_ardary import plugin

from smsgwd.providers import (
    Accepted,
    Contact,
    Halt,
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

OPTIONS = {"login": "user@gmail.com", "access_key": "YOUR_ACCESS_KEY", "password": "YOUR_PASSWORD"}


def said(value: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(value).encode())


def sent(
    messages: Sequence[Outbound], *answers: Reply | Exception, **options: Any
) -> tuple[TestHost, Sequence[Verdict]]:
    host = TestHost(replies(*answers))
    return host, run(provider(plugin, host, {**OPTIONS, **options}).send(messages))


def entry(number: int, *errors: str) -> dict[str, Any]:
    found: dict[str, Any] = {"id_sms_api": str(number), "phone_number": f"+3069{number:08d}"}
    return {**found, "result": "failed", "errors": list(errors)} if errors else {**found, "result": "success"}


def entries(*rows: dict[str, Any], status: int = 200) -> Reply:
    return said({"data": {"sms": rows}}, status)


def test_the_request_is_the_pages() -> None:
    messages = [outbound(1, text="Hi\nthere", priority=2), outbound(2, text="Other")]
    host, verdicts = sent(messages, entries(entry(1), entry(2)))
    [request] = host.requests
    assert (request.method, request.url) == ("POST", "https://www.ardary-sms.com/api/sendSms")
    assert request.headers["Content-Type"] == "application/json"
    assert json.loads(request.body) == {
        "header": [
            {
                "accesskey": "YOUR_ACCESS_KEY",
                "login": "user@gmail.com",
                "sender_name": "iSMS",
                "sender_mode": "1",
                "priority": 2,
                "mode": "prod",
            }
        ],
        "messages": [
            {"id_sms_api": "1", "phone_number": "+306900000001", "message": "Hi\nthere"},
            {"id_sms_api": "2", "phone_number": "+306900000002", "message": "Other"},
        ],
    }
    assert verdicts == [Accepted("1"), Accepted("2")]


def test_by_phone_neither_sender_nor_mode_are_said() -> None:
    host, _ = sent(
        group(1, priority=3), entries(entry(1)), routing="phone", mode="test", base_url="http://a.example/x/"
    )
    assert host.requests[0].url == "http://a.example/x/sendSms"
    assert json.loads(host.requests[0].body)["header"] == [
        {"accesskey": "YOUR_ACCESS_KEY", "login": "user@gmail.com", "priority": 2, "mode": "test"}
    ]


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_priorities(ours: int, theirs: int) -> None:
    host, _ = sent(group(1, priority=ours), entries(entry(1)))
    assert json.loads(host.requests[0].body)["header"][0]["priority"] == theirs


def test_each_entry_has_its_own_answer_whatever_their_order() -> None:
    rows = [entry(6, "#006"), entry(5, "#104"), entry(4, "#103"), entry(3, "#009"), entry(2, "#001"), entry(1)]
    _, verdicts = sent(group(7), entries(*rows))
    assert verdicts == [
        Accepted("1"),
        Permanent("#001", "Invalid phone number", "message"),
        Permanent("#009", "Sender not allowed", "connector"),
        Permanent("#103", "No route", "connector"),
        Temporary("#104 Temporarily unavailable"),
        Accepted("6"),  # it has it from before
        Unknown("the answer does not name it"),
    ]


@pytest.mark.parametrize("code", ["#001", "#002", "#003", "#005", "#007", "#008", "#010", "#101", "#999"])
def test_errors_of_one_message_are_for_good(code: str) -> None:
    _, [verdict] = sent(group(1), entries(entry(1, code)))
    assert isinstance(verdict, Permanent)
    assert (verdict.code, verdict.scope) == (code, "message")


def test_the_gravest_of_several_errors_counts() -> None:
    _, verdicts = sent(group(3), entries(entry(1, "#006", "#001"), entry(2, "#001", "#102"), entry(3, "#100")))
    assert [type(verdict) for verdict in verdicts] == [Permanent, Park, Stop]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "#100", Stop),
        (402, "#102", Park),
        (400, "#101", Permanent),
        (400, "#103", Permanent),
        (503, "#104", Temporary),
        (200, "#100", Stop),
    ],
)
def test_a_whole_request_that_is_refused(status: int, code: str, kind: type) -> None:
    _, verdicts = sent(group(2), said({"data": {"result": "failed", "errors": [code]}}, status))
    assert [type(verdict) for verdict in verdicts] == [kind, kind]
    if isinstance(verdicts[0], Permanent):
        assert verdicts[0].scope == "connector"


@pytest.mark.parametrize(
    "body", [{"data": {"result": "success"}}, {"result": "SUCCESS"}, {"status": 200}, {"success": True}]
)
def test_success_without_details_is_of_all(body: Any) -> None:
    _, verdicts = sent(group(2), said(body))
    assert verdicts == [Accepted("1"), Accepted("2")]


def test_an_answer_without_ids_is_in_the_order_of_the_request() -> None:
    _, verdicts = sent(group(2), entries({"result": "failed", "errors": ["#001"]}, {"result": "success"}))
    assert [type(verdict) for verdict in verdicts] == [Permanent, Accepted]


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b"[]", b"null", b'{"data": {"sms": []}}', b'"ok"', b"\xff"])
def test_what_cannot_be_understood_is_unknown(body: bytes) -> None:
    _, verdicts = sent(group(2), Reply(200, {}, body))
    assert [type(verdict) for verdict in verdicts] == [Unknown, Unknown]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (401, Stop("HTTP 401: the credentials are refused")),
        (403, Permanent("http_403", "HTTP 403", "connector")),
        (402, Park("HTTP 402: no credit")),
        (429, SlowDown("HTTP 429", 7.0)),
        (404, Permanent("http_404", "HTTP 404", "connector")),
        (301, Permanent("http_301", "HTTP 301", "connector")),
        (503, Temporary("HTTP 503", 7.0)),
    ],
)
def test_http_statuses(status: int, verdict: Verdict) -> None:
    _, verdicts = sent(group(1), Reply(status, {"retry-after": "7"}, b"<html>"))
    assert verdicts == [verdict]


def test_a_text_that_a_filter_dislikes_costs_nobody_else() -> None:
    """A group is of several tenants."""

    def answer(request: Request) -> Reply:
        messages = json.loads(request.body)["messages"]
        if any("<script>" in each["message"] for each in messages):
            return Reply(403, {}, b"<html>")
        return entries(*(entry(int(each["id_sms_api"])) for each in messages))

    host = TestHost(answer)
    messages = [outbound(number, text="<script>" if number == 3 else "Hello") for number in range(1, 9)]
    verdicts = run(provider(plugin, host, OPTIONS).send(messages))
    assert [type(verdict) for verdict in verdicts] == [Accepted] * 2 + [Permanent] + [Accepted] * 5
    assert len(host.requests) == 7


@pytest.mark.parametrize("trouble", [NotSent("no connection"), NoAnswer("timed out")])
def test_troubles_are_the_hosts(trouble: Exception) -> None:
    with pytest.raises(type(trouble)):
        sent(group(1), trouble)


def test_options_are_checked_and_secrets_hidden() -> None:
    host = TestHost(replies())
    with pytest.raises(ValidationError) as caught:
        provider(plugin, host, {"login": "", "time_zone": "Mars/Olympus", "base_url": "ftp://x", "surplus": 1})
    places = {error["loc"][0] for error in caught.value.errors()}
    assert places == {"login", "access_key", "time_zone", "base_url", "surplus"}
    assert "YOUR_" not in repr(provider(plugin, host, OPTIONS).options)


# -- contacts

PEOPLE = [
    Contact("15550000001", "Doe", "Joe", "contact_email@gmail.com", "contact adress", "1"),
    Contact("306900000002", "Smith", "John"),
]


def pushed(*answers: Reply | Exception, **options: Any) -> tuple[TestHost, Sequence[str]]:
    host = TestHost(replies(*answers))
    return host, run(provider(plugin, host, {**OPTIONS, **options}).push_contacts(PEOPLE))


def answered(*results: dict[str, Any]) -> Reply:
    return said({"data": {"contact": list(results)}})


def test_contacts_are_told_as_the_page_has_it() -> None:
    host, results = pushed(answered({"result": "success"}, {"result": "failed", "errors": ["#001"]}))
    [request] = host.requests
    assert request.url == "https://www.ardary-sms.com/api/contact"
    assert json.loads(request.body) == {
        "header": [{"login": "user@gmail.com", "password": "YOUR_PASSWORD", "api": True}],
        "contacts": [
            {
                "phone_number": "+15550000001",
                "first_name": "Doe",
                "last_name": "Joe",
                "adress": "contact adress",
                "email": "contact_email@gmail.com",
                "country_code": "+1",
            },
            {"phone_number": "+306900000002", "first_name": "Smith", "last_name": "John"},
        ],
    }
    assert results == ["", "#001 Invalid phone number"]


def test_results_by_number_where_some_are_missing() -> None:
    _, results = pushed(answered({"phone_number": "+306900000002", "result": "success"}))
    assert results == ["not confirmed by the answer", ""]


def test_without_a_password_nothing_is_asked() -> None:
    host, results = pushed(password=None)
    assert host.requests == []
    assert all("password" in result for result in results)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (said({"data": {"result": "failed", "errors": ["#100"]}}, 401), Stop),
        (Reply(503), Temporary),
        (Reply(401), Stop),
        (said({"data": {}}), Unknown),
        (said([1]), Unknown),
    ],
)
def test_contacts_refused_as_a_whole(answer: Reply, kind: type) -> None:
    with pytest.raises(Halt) as caught:
        pushed(answer)
    assert isinstance(caught.value.verdict, kind)


def test_contacts_answered_with_no_json() -> None:
    with pytest.raises(NoAnswer):
        pushed(Reply(200, {}, b"<html>"))
