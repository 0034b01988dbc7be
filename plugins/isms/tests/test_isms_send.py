"""Sending: what the request looks like, and what each answer of the page comes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from smsgwd_isms import plugin

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

OPTIONS = {"username": "user", "password": "p&ss wörd"}


def line(text: str, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, text.encode())


def sent(
    messages: Sequence[Outbound], *answers: Reply | Exception, callback_url: str = "", **options: Any
) -> tuple[TestHost, Sequence[Verdict]]:
    host = TestHost(replies(*answers), callback_url=callback_url)
    return host, run(provider(plugin, host, {**OPTIONS, **options}).send(messages))


def fields(request: Request) -> dict[str, str]:
    found = parse_qsl(urlsplit(request.url).query, keep_blank_values=True, strict_parsing=True)
    assert len(dict(found)) == len(found)
    return dict(found)


def test_one_message_is_a_get_as_on_the_page() -> None:
    host, verdicts = sent([outbound(sender="myself", text="text at utf8 format")], line("ID:I7I5R4HTAA"))
    (request,) = host.requests
    assert request.method == "GET" and request.body == b""
    assert request.url.split("?")[0] == "http://cp.isms.gr/api/http/send.php"
    assert "message=text+at+utf8+format" in request.url
    assert fields(request) == {
        "username": "user",
        "password": "p&ss wörd",
        "from": "myself",
        "to": "306900000001",
        "message": "text at utf8 format",
        "coding": "GSM",
        "flash": "0",
    }
    assert verdicts == [Accepted("I7I5R4HTAA/306900000001")]


def test_greek_text_goes_as_utf8_and_flash_as_1() -> None:
    host, _ = sent([outbound(text="Γεια & χαρά=1", alphabet="ucs2", flash=True)], line("ID:1"))
    got = fields(host.requests[0])
    assert (got["message"], got["coding"], got["flash"]) == ("Γεια & χαρά=1", "UTF-8", "1")
    assert host.requests[0].url.isascii()


def test_latin1_text_goes_as_utf8() -> None:
    host, _ = sent([outbound(text="ça", alphabet="latin1")], line("ID:1"))
    assert fields(host.requests[0])["coding"] == "UTF-8"


def test_a_group_is_one_request_and_each_message_has_a_name_of_its_own() -> None:
    host, verdicts = sent(group(100), line("ID:0008FABD\r\n"))
    (request,) = host.requests
    numbers = fields(request)["to"].split(",")
    assert len(numbers) == 100 and " " not in fields(request)["to"]
    assert verdicts == [Accepted(f"0008FABD/{number}") for number in numbers]


def test_a_number_that_is_there_twice_gets_a_request_of_its_own() -> None:
    messages = [outbound(1), outbound(2), outbound(3, to="306900000001")]
    host, verdicts = sent(messages, line("ID:A"), line("ID:B"))
    assert [fields(each)["to"] for each in host.requests] == ["306900000001,306900000002", "306900000001"]
    assert verdicts == [Accepted("A/306900000001"), Accepted("A/306900000002"), Accepted("B/306900000001")]


def test_a_long_text_goes_to_fewer_at_once() -> None:
    host = TestHost(lambda request: line("ID:A"), callback_url="https://gateway.example/callback/isms1/token")
    messages = group(100, text="Ω" * 400, alphabet="ucs2")
    verdicts = run(provider(plugin, host, OPTIONS).send(messages))
    assert all(len(request.url) <= 4000 for request in host.requests)
    assert 1 < len(host.requests) < 20
    assert [number for request in host.requests for number in fields(request)["to"].split(",")] == [
        message.to for message in messages
    ]
    assert len(verdicts) == 100 and all(isinstance(verdict, Accepted) for verdict in verdicts)


def test_a_text_that_is_too_long_for_the_address_goes_alone_all_the_same() -> None:
    host = TestHost(lambda request: line("ID:A"))
    assert len(run(provider(plugin, host, OPTIONS).send(group(2, text="Ω" * 1000)))) == 2
    assert len(host.requests) == 2


def test_a_post_has_the_same_fields() -> None:
    host, verdicts = sent(group(100, text="Ω" * 1000), line("ID:A"), method="POST", base_url="https://isms.example/x/")
    (request,) = host.requests
    assert (request.method, request.url) == ("POST", "https://isms.example/x/send.php")
    got = dict(parse_qsl(request.body.decode(), strict_parsing=True))
    assert got["password"] == "p&ss wörd" and len(got["to"].split(",")) == 100 and got["message"] == "Ω" * 1000
    assert len(verdicts) == 100


def test_reports_of_one_message_go_to_its_own_address() -> None:
    host, _ = sent([outbound(callback_url="https://gateway.example/callback/i/t1/7")], line("ID:A"), callback_url="x")
    assert fields(host.requests[0])["dlr-url"] == (
        "https://gateway.example/callback/i/t1/7?mid=%I&mobile=%p&other=%P&dlr=%d&said=%A"
    )


def test_reports_of_a_group_go_to_the_connectors_address() -> None:
    host, _ = sent(
        group(2, callback_url="https://gateway.example/callback/i/t1/7"),
        line("ID:A"),
        callback_url="https://gateway.example/callback/i/t",
    )
    assert fields(host.requests[0])["dlr-url"].startswith("https://gateway.example/callback/i/t?mid=%I&")


def test_without_callbacks_there_is_no_dlr_url() -> None:
    host, _ = sent(group(2), line("ID:A"))
    assert "dlr-url" not in fields(host.requests[0])


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (line("Error: Authentication error."), Stop("Authentication error")),
        (line("Error: Insufficient credits."), Park("Insufficient credits")),
        (line("Error: No recipients."), Permanent("No recipients")),
        (line("Error: Invalid sender identity."), Permanent("Invalid sender identity", scope="connector")),
        (line("Error: Invalid scheduling date."), Permanent("Invalid scheduling date", scope="connector")),
        (line("Error: No luck for 306912345678.\n"), Permanent("No luck for *", scope="connector")),
        (line("Error: Authentication error.", 403), Stop("Authentication error")),
        (line("Error: Too busy.", 503, **{"retry-after": "7"}), Temporary("answered 503", 7.0)),
        (line("<html>", 500), Temporary("answered 500")),
        (line("", 502), Temporary("answered 502")),
        (line("", 504), Unknown("answered 504")),
        (line("", 429, **{"retry-after": "3"}), SlowDown("answered 429", 3.0)),
        (line("", 401), Stop("answered 401")),
        (line("<html>", 403), Permanent("403", "answered 403", scope="connector")),
        (line("", 414), Permanent("414", "answered 414", scope="connector")),
        (line("", 302), Temporary("answered 302: is 'base_url' right?")),
        (line("", 404), Temporary("answered 404: is 'base_url' right?")),
        (line("", 408), Temporary("answered 408")),
        (line("<html>It works</html>"), Unknown("answered 200 with something else than an id")),
        (line(""), Unknown("answered 200 with something else than an id")),
        (line("ID:"), Unknown("answered 200 with something else than an id")),
        (line("Error:"), Unknown("answered 200 with something else than an id")),
        (NoAnswer("time-out"), Unknown("time-out")),
    ],
)
def test_an_answer_is_the_verdict_of_all_that_were_asked_for(answer: Reply | Exception, verdict: Verdict) -> None:
    _, verdicts = sent(group(3), answer)
    assert verdicts == [verdict] * 3


def test_a_byte_order_mark_is_no_part_of_an_answer() -> None:
    assert sent([outbound()], line("\ufeffID: A1 \n"))[1] == [Accepted("A1/306900000001")]


@pytest.mark.parametrize(
    ("answer", "rest"),
    [
        (line("Error: Insufficient credits."), Park("Insufficient credits")),
        (line("Error: Authentication error."), Stop("Authentication error")),
        (line("", 429), SlowDown("answered 429")),
        (NotSent("no name"), SlowDown("no name")),
    ],
)
def test_after_trouble_the_rest_of_the_group_is_not_asked_for(answer: Reply | Exception, rest: Verdict) -> None:
    same = [outbound(number, to="306912345678") for number in (1, 2, 3)]
    host, verdicts = sent(same, line("ID:A"), answer)
    assert len(host.requests) == 2
    assert verdicts[0] == Accepted("A/306912345678")
    assert verdicts[2] == rest


def test_a_refused_request_does_not_keep_the_rest_of_the_group() -> None:
    same = [outbound(number, to="306912345678") for number in (1, 2)]
    _, verdicts = sent(same, line("Error: No recipients."), line("ID:A"))
    assert verdicts == [Permanent("No recipients"), Accepted("A/306912345678")]


def test_what_never_left_is_no_verdict() -> None:
    with pytest.raises(NotSent):
        sent(group(3), NotSent("connection refused"))


def test_requests_that_fail_by_themselves_do_not_keep_the_rest_of_the_group() -> None:
    same = [outbound(number, to="306912345678") for number in range(1, 5)]
    _, verdicts = sent(same, line("", 500), NoAnswer("cut"), line("<html>"), line("ID:A"))
    assert [type(verdict) for verdict in verdicts] == [Temporary, Unknown, Unknown, Accepted]


def test_a_group_whose_requests_hang_ends_in_time() -> None:
    def hang(request: Request) -> Reply:
        host.slept += 30.0
        raise NoAnswer("time-out")

    host = TestHost(hang)
    same = [outbound(number, to="306912345678") for number in (1, 2, 3)]
    verdicts = run(provider(plugin, host, OPTIONS).send(same))
    assert len(host.requests) == 1
    assert verdicts == [Unknown("time-out"), *[SlowDown("its group took too long", 0.0)] * 2]
