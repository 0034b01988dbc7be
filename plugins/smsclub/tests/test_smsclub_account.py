"""States, balance, senders, options."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from smsgwd_smsclub import plugin

from smsgwd.model.message import State
from smsgwd.providers import Balance, Halt, NoAnswer, Provider, Reply, Report, Sent, SlowDown, Stop, Temporary
from smsgwd.providers.loading import load
from smsgwd.providers.testing import TestHost, provider, replies, run

OPTIONS = {"token": "tok-1"}


def answer(info: Any, status: int = 200) -> Reply:
    return Reply(status, {}, json.dumps({"success_request": {"info": info}}).encode())


def made(*answers: Reply | Exception) -> tuple[TestHost, Provider]:
    host = TestHost(replies(*answers))
    return host, provider(plugin, host, OPTIONS)


def sent(*ids: str) -> list[Sent]:
    return [Sent(str(at), each, "380989361131", "VashZakaz", "test", 0, 0) for at, each in enumerate(ids)]


def test_it_is_installed_and_does_what_the_page_has() -> None:
    assert load("smsclub") is plugin
    assert [each for each in Provider.ABILITIES if plugin.can(each)] == ["states", "balance", "facts"]
    assert (plugin.requests_s, plugin.group, plugin.poll.group) == (9.0, 100, 100)


def test_states_as_on_the_page() -> None:
    host, club = made(answer({"106": "ENROUTE"}))
    assert run(club.states(sent("106"))) == [Report(None, foreign_id="106", word="ENROUTE")]
    (request,) = host.requests
    assert (request.method, request.url) == ("POST", "https://im.smsclub.mobi/sms/status")
    assert json.loads(request.body) == {"id_sms": ["106"]}
    assert request.headers["Authorization"] == "Bearer tok-1"


def test_every_state() -> None:
    words = {"1": "ENROUTE", "2": "DELIVRD", "3": "EXPIRED", "4": "UNDELIV", "5": "REJECTD", "6": "ODD", "8": 5}
    reports = run(made(answer(words))[1].states(sent(*"12345678")))
    assert {report.foreign_id: report.state for report in reports} == {
        "1": None,
        "2": State.DELIVERED,
        "3": State.EXPIRED,
        "4": State.UNDELIVERED,
        "5": State.REJECTED,
    }


def test_states_are_asked_for_in_hundreds_and_only_of_ids_of_theirs() -> None:
    ids = [str(number) for number in range(1, 151)]
    host, club = made(answer(dict.fromkeys(ids[:100], "DELIVRD")), answer(dict.fromkeys(ids[100:], "UNDELIV")))
    assert len(run(club.states(sent("", "?7.1", *ids)))) == 150
    assert [len(json.loads(request.body)["id_sms"]) for request in host.requests] == [100, 50]


def test_without_ids_nothing_is_asked() -> None:
    host, club = made()
    assert run(club.states(sent("", "?1.1"))) == []
    assert host.requests == []


def test_what_was_found_before_trouble_is_told() -> None:
    ids = [str(number) for number in range(1, 151)]
    assert len(run(made(answer(dict.fromkeys(ids[:100], "DELIVRD")), NoAnswer("no"))[1].states(sent(*ids)))) == 100


def test_unknown_ids_are_left_out() -> None:
    assert run(made(answer([]))[1].states(sent("1"))) == []


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (401, Stop("answered 401: is the token right?")),
        (429, SlowDown("answered 429")),
        (500, Temporary("answered 500")),
        (400, Temporary("/sms/status answered 400: answered 400")),
    ],
)
def test_what_is_wrong_with_account_or_provider_ends_the_asking(status: int, verdict: object) -> None:
    for call in ("states", "balance", "facts"):
        club = made(Reply(status))[1]
        with pytest.raises(Halt) as caught:
            run(club.states(sent("1")) if call == "states" else getattr(club, call)())
        if status != 400 or call == "states":
            assert caught.value.verdict == verdict


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"{}", b"[" * 100_000, b'{"success_request": 1}'])
def test_what_says_nothing(body: bytes) -> None:
    for call in ("states", "balance", "facts"):
        club = made(Reply(200, {}, body))[1]
        with pytest.raises(NoAnswer):
            run(club.states(sent("1")) if call == "states" else getattr(club, call)())


@pytest.mark.parametrize(
    "body",
    [
        '{\n "success_request": {\n    "info": [\n        "money": "8111.1700",\n'
        '        "currency": "UAH"\n        ]\n    }\n}',
        '{"success_request": {"info": {"money": "8111.1700", "currency": "UAH"}}}',
        '{"success_request": {"info": [{"currency": "uah", "money": 8111.17}]}}',
    ],
    ids=["the page", "an object", "a list"],
)
def test_the_balance_however_it_is_written(body: str) -> None:
    host, club = made(Reply(200, {}, body.encode()))
    assert run(club.balance()) == Balance(8111.17, "UAH")
    (request,) = host.requests
    assert (request.method, request.url, request.body) == ("POST", "https://im.smsclub.mobi/sms/balance", b"")


def test_a_balance_without_currency() -> None:
    assert run(made(Reply(200, {}, b'{"money": "-3"}'))[1].balance()) == Balance(-3.0)


@pytest.mark.parametrize("info", [["test1", "test2"], {"0": "test1", "3": "test2"}, ["test1", 7, "", "test2"]])
def test_senders(info: Any) -> None:
    host, club = made(answer(info))
    assert run(club.facts()) == {"senders": "test1, test2"}
    assert host.requests[0].url == "https://im.smsclub.mobi/sms/originator"


def test_options_are_checked_and_the_token_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        plugin.options.model_validate({"base_url": "im.smsclub.mobi", "lifetime": 1, "token": "se cret\r\nX: y"})
    assert {error["loc"][0] for error in caught.value.errors()} == {"base_url", "lifetime", "token"}
    assert "cret" not in str(caught.value)
    assert "tok-1" not in repr(plugin.options.model_validate(OPTIONS))
