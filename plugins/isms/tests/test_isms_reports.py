"""What became of messages: questions, and delivery reports."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from smsgwd_isms import plugin

from smsgwd.model.message import State
from smsgwd.providers import (
    Callback,
    CallbackRefused,
    CallbackRequest,
    Event,
    Halt,
    NoAnswer,
    NotSent,
    Reply,
    Report,
    Request,
    Sent,
    SlowDown,
    Stop,
    Temporary,
)
from smsgwd.providers.testing import TestHost, provider, replies, run

OPTIONS = {"username": "user", "password": "secret"}
MINUTE = 60_000


def line(text: str, status: int = 200) -> Reply:
    return Reply(status, {}, text.encode())


def message(foreign_id: str = "0008FABD/306912345678", to: str = "306912345678") -> Sent:
    return Sent("7", foreign_id, to, "iSMS", "Hello", sent_ms=0, deadline_ms=10 * MINUTE)


def asked(*answers: Reply | Exception, now_ms: int = MINUTE, sent: int = 1) -> tuple[TestHost, list[Report]]:
    host = TestHost(replies(*answers), now_ms=now_ms)
    messages = [message()] if sent == 1 else [message(f"A/30691234567{n}", f"30691234567{n}") for n in range(sent)]
    return host, list(run(provider(plugin, host, OPTIONS).states(messages)))


def called(query: str, message_id: str = "", body: bytes = b"", **headers: str) -> Callback:
    host = TestHost(replies())
    request = CallbackRequest("GET", tuple(parse_qsl(query, keep_blank_values=True)), headers, body, message_id)
    return run(provider(plugin, host, OPTIONS).received(request))


def told(query: str, message_id: str = "") -> Event:
    (event,) = called(query, message_id).events
    return event


@pytest.mark.parametrize(
    ("said", "state"),
    [("Queued", None), ("Pending", None), ("Delivered", State.DELIVERED), ("Failed", State.UNDELIVERED)],
)
def test_a_question_is_as_on_the_page(said: str, state: State | None) -> None:
    host, reports = asked(line(f"Status: {said}\n"))
    (request,) = host.requests
    assert request.url == (
        "http://cp.isms.gr/api/http/query.php?username=user&password=secret&mid=0008FABD&mobile=306912345678"
    )
    assert reports == [Report(state, foreign_id="0008FABD/306912345678", word=said, to="306912345678")]


def test_a_message_that_is_not_known_a_minute_later_was_refused() -> None:
    _, reports = asked(line("Error: No such message or recipient."))
    assert [report.state for report in reports] == [State.REJECTED]


def test_a_message_that_is_not_known_at_once_may_be_on_its_way() -> None:
    assert asked(line("Error: No such message or recipient."), now_ms=MINUTE - 1)[1] == []


@pytest.mark.parametrize("said", ["Error: No mobile defined.", "Status: Odd", "<html>", "", "Delivered"])
def test_what_says_nothing_of_the_message_is_left_out(said: str) -> None:
    assert asked(line(said))[1] == []


def test_each_message_is_a_question() -> None:
    host, reports = asked(line("Status: Failed"), line("odd"), line("Status: Pending"), sent=3)
    assert [urlsplit(each.url).query.rpartition("=")[2] for each in host.requests] == [
        "306912345670",
        "306912345671",
        "306912345672",
    ]
    assert [report.foreign_id for report in reports] == ["A/306912345670", "A/306912345672"]


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (line("Error: Authentication error."), Stop("Authentication error")),
        (line("", 429), SlowDown("answered 429")),
        (line("", 500), Temporary("answered 500")),
        (line("", 403), Temporary("query.php answered 403")),
    ],
)
def test_what_is_wrong_with_account_or_provider_ends_the_asking(answer: Reply, verdict: object) -> None:
    with pytest.raises(Halt) as caught:
        asked(answer, sent=2)
    assert caught.value.verdict == verdict


@pytest.mark.parametrize("trouble", [NotSent("no"), NoAnswer("no"), line("", 504)])
def test_no_answer_is_told_as_it_is(trouble: Reply | Exception) -> None:
    with pytest.raises((NotSent, NoAnswer)):
        asked(trouble, sent=2)


def test_what_was_found_before_trouble_is_told() -> None:
    assert len(asked(line("Status: Delivered"), NoAnswer("no"), sent=3)[1]) == 1


def test_a_message_without_an_id_of_theirs_is_not_asked_for() -> None:
    host = TestHost(replies())
    assert run(provider(plugin, host, OPTIONS).states([message("?7.1"), message("")])) == []
    assert host.requests == []


def test_slow_answers_end_the_asking_in_time() -> None:
    def slow(request: Request) -> Reply:
        host.slept += 11.0
        return line("Status: Pending")

    host = TestHost(slow)
    messages = [message(f"A/30691234567{n}", f"30691234567{n}") for n in range(9)]
    assert len(run(provider(plugin, host, OPTIONS).states(messages))) == 2


@pytest.mark.parametrize(
    ("number", "state", "word"),
    [
        ("1", State.DELIVERED, "Delivered"),
        ("2", State.UNDELIVERED, "Failed"),
        ("4", None, "Buffered"),
        ("8", None, "Accepted"),
        ("16", State.REJECTED, "Rejected"),
    ],
)
def test_a_report_with_kannels_escapes(number: str, state: State | None, word: str) -> None:
    assert told(f"mid=I7I5R4HTAA&mobile=306912345678&other=iSMS&dlr={number}&said=") == Report(
        state, foreign_id="I7I5R4HTAA/306912345678", word=word, to="306912345678"
    )


def test_the_smscs_text_has_the_error() -> None:
    text = "id:1 sub:001 dlvrd:000 submit date:2001010101 done date:2001010101 stat:UNDELIV err:069 text:"
    report = told("mid=A&mobile=306912345678&dlr=2&said=" + text.replace(" ", "+"))
    assert isinstance(report, Report) and report.error == "069"


def test_a_report_with_parameters_of_its_own() -> None:
    assert told("mid=A&mobile=%2B306912345678&status=Failed&date=2017-05-11+14:40:00&err=undelivered") == Report(
        State.UNDELIVERED, foreign_id="A/306912345678", word="Failed", error="undelivered", to="306912345678"
    )


def test_parameters_added_to_escapes_that_were_not_filled_in() -> None:
    query = "mid=%25I&mobile=%25p&other=%25P&dlr=%25d&said=%25A&mid=A&mobile=306912345678&status=Delivered"
    assert told(query) == Report(State.DELIVERED, foreign_id="A/306912345678", word="Delivered", to="306912345678")


def test_numbers_the_other_way_about() -> None:
    report = told("mid=A&mobile=iSMS&other=00306912345678&dlr=1")
    assert isinstance(report, Report) and report.foreign_id == "A/306912345678"


def test_a_report_at_a_messages_own_address_is_of_that_message_whatever_it_says() -> None:
    assert told("mid=%25I&dlr=1", "7") == Report(State.DELIVERED, message_id="7", word="Delivered")
    assert told("mid=A&mobile=306912345678&dlr=1", "7") == Report(
        State.DELIVERED, foreign_id="A/306912345678", message_id="7", word="Delivered", to="306912345678"
    )


@pytest.mark.parametrize(
    "query",
    ["", "mid=A&mobile=306912345678", "dlr=1", "mid=A&dlr=1", "mid=A/B&mobile=306912345678&dlr=1", "dlr=3&mid=A"],
)
def test_what_tells_nothing_is_answered_and_left_to_questions(query: str) -> None:
    assert called(query) == Callback()


def test_a_form_is_read_too() -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert len(called("", body=b"mid=A&mobile=306912345678&dlr=1", **form).events) == 1
    with pytest.raises(CallbackRefused):
        called("", body=b"mid=%ff\xff", **form)
