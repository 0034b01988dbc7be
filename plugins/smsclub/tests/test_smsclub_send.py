"""Sending: what the request looks like, and what each answer comes to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from smsgwd_smsclub import plugin
from smsgwd_smsclub.grouping import minutes_left

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

OPTIONS = {"token": "tok-1"}
MINUTE = 60_000


def answer(body: Any, status: int = 200, **headers: str) -> Reply:
    return Reply(status, headers, json.dumps(body, ensure_ascii=False).encode())


def error(status: int, message: str = "", **headers: str) -> Reply:
    return answer({"name": "Error", "message": message, "code": status, "status": status}, status, **headers)


def taken(request: Request) -> Reply:
    numbers = json.loads(request.body)["phone"]
    return answer({"success_request": {"info": {str(int(number) % 1000): number for number in numbers}}})


def sent(
    messages: Sequence[Outbound], *answers: Reply | Exception, **options: Any
) -> tuple[TestHost, Sequence[Verdict]]:
    host = TestHost(replies(*answers))
    return host, run(provider(plugin, host, {**OPTIONS, **options}).send(messages))


def bodies(host: TestHost) -> list[Any]:
    return [json.loads(request.body) for request in host.requests]


def test_one_message_as_on_the_page() -> None:
    host, verdicts = sent(
        [outbound(to="380989361131", text="test text", sender="VashZakaz")],
        Reply(200, {}, b'{\n "success_request": {\n    "info": {\n        "106": "380989361131"\n    }\n }\n}'),
    )
    (request,) = host.requests
    assert (request.method, request.url) == ("POST", "https://im.smsclub.mobi/sms/send")
    assert request.headers == {"Authorization": "Bearer tok-1", "Content-Type": "application/json"}
    assert bodies(host) == [{"phone": ["380989361131"], "message": "test text", "src_addr": "VashZakaz"}]
    assert verdicts == [Accepted("106")]


def test_a_hundred_numbers_are_one_request() -> None:
    host = TestHost(taken)
    verdicts = run(provider(plugin, host, {**OPTIONS, "base_url": "https://x.example/"}).send(group(100)))
    assert [len(body["phone"]) for body in bodies(host)] == [100]
    assert host.requests[0].url == "https://x.example/sms/send"
    assert verdicts == [Accepted(str(number)) for number in range(1, 101)]


def test_a_number_that_is_there_twice_gets_a_request_of_its_own() -> None:
    messages = [outbound(1), outbound(2), outbound(3, to="306900000001")]
    host, verdicts = sent(
        messages,
        answer({"success_request": {"info": {"7": "306900000001", "8": "306900000002"}}}),
        error(453),
    )
    assert [body["phone"] for body in bodies(host)] == [["306900000001", "306900000002"], ["306900000001"]]
    assert verdicts == [Accepted("7"), Accepted("8"), Accepted("")]


def test_integration_id_and_lifetime() -> None:
    host, _ = sent([outbound(deadline_ms=1439 * MINUTE)], error(500), integration_id="12")
    assert bodies(host)[0]["integration_id"] == "12"
    assert bodies(host)[0]["lifetime"] == 1400


def test_messages_of_different_lifetimes_go_apart() -> None:
    messages = [outbound(n, deadline_ms=end * MINUTE) for n, end in enumerate([1440, 5, 1439, 0, 90000], start=1)]
    host = TestHost(taken)
    verdicts = run(provider(plugin, host, OPTIONS).send(messages))
    assert [(body.get("lifetime"), len(body["phone"])) for body in bodies(host)] == [
        (1400, 2),
        (5, 1),
        (None, 1),
        (4300, 1),
    ]
    assert verdicts == [Accepted(str(number)) for number in range(1, 6)]


def test_lifetime_can_be_left_out() -> None:
    host = TestHost(taken)
    messages = [outbound(n, deadline_ms=n * MINUTE) for n in (1, 2)]
    run(provider(plugin, host, {**OPTIONS, "lifetime": False}).send(messages))
    (body,) = bodies(host)
    assert "lifetime" not in body


@pytest.mark.parametrize(
    ("left_ms", "minutes"),
    [(-5, 1), (1, 1), (MINUTE, 1), (99 * MINUTE, 99), (109 * MINUTE, 100), (10**9 * MINUTE, 4300)],
)
def test_minutes_are_rounded_down(left_ms: int, minutes: int) -> None:
    assert minutes_left(1000 + left_ms, 1000, 4320) == minutes


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (error(401, "Your request was made with invalid credentials."), Stop("answered 401: is the token right?")),
        (error(429, "", **{"retry-after": "2"}), SlowDown("answered 429", 2.0)),
        (error(429), SlowDown("answered 429")),
        (error(500), Temporary("answered 500")),
        (error(503, "", **{"retry-after": "9"}), Temporary("answered 503", 9.0)),
        (error(504), Unknown("answered 504")),
        (error(403, "No way for 380989361131"), Permanent("403", "No way for *", scope="connector")),
        (Reply(413), Permanent("413", "answered 413", scope="connector")),
        (error(404), Temporary("answered 404: is 'base_url' right?")),
        (Reply(301), Temporary("answered 301: is 'base_url' right?")),
        (error(408), Temporary("answered 408")),
        (error(400, "src_addr: is not active"), Permanent("400", "src_addr: is not active", scope="connector")),
        (error(400, "The text is too long"), Permanent("400", "The text is too long", scope="connector")),
        (error(400, "Недостаточно средств"), Park("Недостаточно средств")),
        (Reply(200, {}, b"<html>It works</html>"), Unknown("answered 200 with what is no JSON")),
        (Reply(200), Unknown("answered 200 with what is no JSON")),
        (Reply(200, {}, b"[" * 100_000), Unknown("answered 200 with what is no JSON")),
        (answer({"success_request": []}), Unknown("answered 200 without 'success_request'")),
        (answer([]), Unknown("answered 200 without 'success_request'")),
        (answer({"success_request": {"info": []}}), Unknown("the answer does not name its number")),
        (NoAnswer("time-out"), Unknown("time-out")),
    ],
)
def test_an_answer_is_the_verdict_of_all_that_were_asked_for(reply: Reply | Exception, verdict: Verdict) -> None:
    host, verdicts = sent(group(3), reply)
    assert verdicts == [verdict] * 3
    assert len(host.requests) == 1


def test_numbers_refused_beside_others() -> None:
    info = {"7": "+306900000001", "8": 306900000002, "9": "306900000001"}
    reasons = {
        "306900000003": "Invalid phone number",
        "306900000004": "The same message was sent a moment ago",
        "306900000005": "This sender name may not be used",
        "306900000006": "Not enough credit",
        "306900000007": {"code": 453},
    }
    _, verdicts = sent(group(8), answer({"success_request": {"info": info, "add_info": reasons}}))
    assert verdicts == [
        Accepted("7"),
        Accepted("8"),
        Permanent("Invalid phone number", "Invalid phone number"),
        Accepted(""),
        Permanent("This sender name may not be used", "This sender name may not be used", scope="connector"),
        Park("Not enough credit"),
        Accepted(""),
        Unknown("the answer does not name its number"),
    ]


@pytest.mark.parametrize(
    "reason",
    [
        "Invalid number",
        "The recipient is no phone number",
        "phone: not a valid number",
        "Неверный номер телефона",
        "Некоректний номер",
        "a phone number has 7 to 15 digits, not 2",
    ],
)
def test_a_number_that_nobody_would_take_is_refused_for_all_ways(reason: str) -> None:
    _, (verdict,) = sent([outbound()], answer({"success_request": {"add_info": {"306900000001": reason}}}))
    assert verdict == Permanent(reason, reason, scope="message")


@pytest.mark.parametrize("reason", ["No route leads to this recipient", "Номер в черном списке", "odd", ""])
def test_a_number_that_is_not_taken_here_may_be_elsewhere(reason: str) -> None:
    _, (verdict,) = sent([outbound()], answer({"success_request": {"add_info": {"306900000001": reason}}}))
    assert isinstance(verdict, Permanent) and verdict.scope == "connector" and verdict.code


def test_an_id_that_cannot_be_kept_is_none() -> None:
    assert sent([outbound()], answer({"success_request": {"info": {"x" * 65: "306900000001"}}}))[1] == [Accepted("")]


def test_doubled_alone_was_sent_already() -> None:
    assert sent([outbound()], error(453, "Duplication"))[1] == [Accepted("")]


def test_doubled_among_others_is_found_and_the_others_are_sent() -> None:
    doubled = "306900000042"

    def club(request: Request) -> Reply:
        return error(453) if doubled in json.loads(request.body)["phone"] else taken(request)

    host = TestHost(club)
    verdicts = run(provider(plugin, host, OPTIONS).send(group(100)))
    assert verdicts == [Accepted("" if number == 42 else str(number)) for number in range(1, 101)]
    assert len(host.requests) == 1 + 10 + 10


def test_all_doubled() -> None:
    host = TestHost(lambda request: error(453))
    assert run(provider(plugin, host, OPTIONS).send(group(100))) == [Accepted("")] * 100
    assert len(host.requests) == 1 + 10 + 100


@pytest.mark.parametrize("message", ["phone: 306900000042 is invalid", ""])
def test_one_bad_number_does_not_keep_the_others(message: str) -> None:
    def club(request: Request) -> Reply:
        return error(400, message) if "306900000042" in json.loads(request.body)["phone"] else taken(request)

    host = TestHost(club)
    verdicts = list(run(provider(plugin, host, OPTIONS).send(group(100))))
    bad = verdicts.pop(41)
    assert isinstance(bad, Permanent) and (bad.code, bad.scope) == ("400", "message" if message else "connector")
    assert verdicts == [Accepted(str(number)) for number in range(1, 101) if number != 42]
    assert [number for body in bodies(host)[-9:] for number in body["phone"]][-1] == "306900000100"


def test_dividing_ends_in_time() -> None:
    def slow(request: Request) -> Reply:
        host.slept += 4.0
        return error(400)

    host = TestHost(slow)
    verdicts = run(provider(plugin, host, OPTIONS).send(group(100)))
    assert len(host.requests) == 4
    assert [type(verdict) for verdict in verdicts[:2]] == [Permanent] * 2
    assert set(verdicts[2:]) == {SlowDown("its group took too long", 0.0)}


@pytest.mark.parametrize(
    ("reply", "rest"),
    [
        (error(401), Stop("answered 401: is the token right?")),
        (error(429), SlowDown("answered 429")),
        (NotSent("no name"), SlowDown("no name")),
    ],
)
def test_after_trouble_the_rest_of_the_group_is_not_asked_for(reply: Reply | Exception, rest: Verdict) -> None:
    same = [outbound(number, to="306912345678") for number in (1, 2, 3)]
    host, verdicts = sent(same, answer({"success_request": {"info": {"7": "306912345678"}}}), reply)
    assert len(host.requests) == 2
    assert verdicts[0] == Accepted("7")
    assert verdicts[2] == rest


def test_what_never_left_is_no_verdict() -> None:
    with pytest.raises(NotSent):
        sent(group(3), NotSent("connection refused"))


def test_requests_that_fail_by_themselves_do_not_keep_the_rest_of_the_group() -> None:
    same = [outbound(number, to="306912345678") for number in range(1, 5)]
    good = answer({"success_request": {"info": {"7": "306912345678"}}})
    _, verdicts = sent(same, error(500), NoAnswer("cut"), Reply(200), good)
    assert [type(verdict) for verdict in verdicts] == [Temporary, Unknown, Unknown, Accepted]


def test_what_never_left_after_a_request_that_was_divided() -> None:
    _, verdicts = sent(group(3), error(453), NotSent("connection refused"))
    assert verdicts == [SlowDown("connection refused")] * 3


def test_what_a_tenant_writes_parks_nothing_and_passes_for_nothing() -> None:
    """An answer may quote the text that it refuses."""
    for text in ("Not enough credit? Call us!", "You get the same message twice"):
        host = TestHost(replies(error(400, f"message contains: {text}")))
        verdicts = run(provider(plugin, host, OPTIONS).send(group(1, text=text)))
        assert [type(verdict) for verdict in verdicts] == [Permanent], text
    host = TestHost(replies(error(400, "Not enough credit")))
    assert [type(each) for each in run(provider(plugin, host, OPTIONS).send(group(1)))] == [Park]
