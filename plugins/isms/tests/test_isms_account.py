"""Credits, number lookups, contacts, options."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from pydantic import ValidationError
from smsgwd_isms import plugin

from smsgwd.model.lookups import LookupState
from smsgwd.providers import Balance, Contact, Halt, NoAnswer, NotSent, NumberFacts, Park, Provider, Reply, Stop
from smsgwd.providers.loading import checked, load
from smsgwd.providers.testing import TestHost, provider, replies, run

OPTIONS = {"username": "user", "password": "secret"}


def line(text: str, status: int = 200) -> Reply:
    return Reply(status, {}, text.encode())


def made(*answers: Reply | Exception, **options: Any) -> tuple[TestHost, Provider]:
    host = TestHost(replies(*answers))
    return host, provider(plugin, host, {**OPTIONS, **options})


def test_it_is_installed_and_does_what_the_page_has() -> None:
    assert load("isms") is plugin
    assert checked("isms", plugin) is plugin
    assert [each for each in Provider.ABILITIES if plugin.can(each)] == [
        "states",
        "received",
        "balance",
        "lookup",
        "push_contacts",
    ]


def test_credits_as_on_the_page() -> None:
    host, isms = made(line("Credits:3948.47"))
    assert run(isms.balance()) == Balance(3948.47)
    assert host.requests[0].url == "http://cp.isms.gr/api/http/credits.php?username=user&password=secret"


@pytest.mark.parametrize("said", ["-12.5", " 7", "0"])
def test_other_credits(said: str) -> None:
    assert run(made(line(f"Credits:{said}\n"))[1].balance()) == Balance(float(said))


@pytest.mark.parametrize(
    "said", ["Credits:nan", "Credits:inf", "Credits:", "3948.47", "", "Error: Odd.", "Credits:1e999"]
)
def test_what_is_no_credits(said: str) -> None:
    with pytest.raises(NoAnswer):
        run(made(line(said))[1].balance())


def test_credits_of_nobody() -> None:
    with pytest.raises(Halt) as caught:
        run(made(line("Error: Authentication error."))[1].balance())
    assert caught.value.verdict == Stop("Authentication error")


def test_a_lookup_is_asked_for_until_it_has_a_result() -> None:
    answers = ["ID:0adgre1", "Queued", "Error: No such message ID or mobile.", "Pending"]
    result = "Delivered;GR;Cosmote;202010123456789;306942000000;0"
    host, isms = made(*map(line, answers), line(result))
    assert run(isms.lookup("306971234567")) == NumberFacts(
        LookupState.DELIVERED,
        country="GR",
        operator="Cosmote",
        imsi="202010123456789",
        msc="306942000000",
        error="0",
        source="isms",
    )
    first, *others = [urlsplit(request.url) for request in host.requests]
    assert first.path == "/api/http/hlr.php" and dict(parse_qsl(first.query))["mobiles"] == "306971234567"
    assert {each.path for each in others} == {"/api/http/hlrquery.php"}
    assert dict(parse_qsl(others[0].query)) == {**OPTIONS, "mid": "0adgre1", "mobile": "306971234567"}
    assert host.slept == 1 + 2 + 4 + 8


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("Failed", NumberFacts(LookupState.FAILED, source="isms")),
        ("Undelivered;Greece;;;;27", NumberFacts(LookupState.UNDELIVERED, error="27", source="isms")),
        (
            "Unknown;gr;A;B;C;D;E",
            NumberFacts(LookupState.UNKNOWN, "GR", "A", imsi="B", msc="C", error="D", source="isms"),
        ),
        ("Failed;\x00;A\nB", NumberFacts(LookupState.FAILED, operator="AB", source="isms")),
        ("<html>", None),
        ("", None),
    ],
)
def test_results_of_lookups(said: str, facts: NumberFacts | None) -> None:
    assert run(made(line("ID:0adgre1"), line(said))[1].lookup("306971234567")) == facts


def test_a_lookup_that_never_ends_is_left() -> None:
    host = TestHost(lambda request: line("ID:1" if "hlr.php" in request.url else "Pending"))
    assert run(provider(plugin, host, {**OPTIONS, "lookup_wait_s": 20}).lookup("306971234567")) is None
    assert host.slept <= 20
    assert host.logged == [("lookup_unfinished", {"waited_s": 20.0})]


def test_lookups_that_are_refused() -> None:
    assert run(made(line("Error: No recipients."))[1].lookup("1")) == NumberFacts(
        LookupState.FAILED, error="No recipients", source="isms"
    )
    with pytest.raises(Halt) as caught:
        run(made(line("Error: Insufficient credits."))[1].lookup("306971234567"))
    assert caught.value.verdict == Park("Insufficient credits")
    with pytest.raises(NoAnswer):
        run(made(line("<html>"))[1].lookup("306971234567"))


CONTACTS = [
    Contact("306912345678", "Μαρία", "Παπαδοπούλου", email="m@example.net", address="Ερμού 1"),
    Contact("306912345679"),
]


def pushed(*answers: Reply | Exception) -> Sequence[str]:
    return run(made(*answers)[1].push_contacts(CONTACTS))


def test_contacts_are_saved_one_by_one_with_every_field() -> None:
    host, isms = made(line("ΟΚ"), line("OK\n"))
    assert run(isms.push_contacts(CONTACTS)) == ["", ""]
    saved = [dict(parse_qsl(urlsplit(request.url).query)) for request in host.requests]
    assert saved[0] == {
        **OPTIONS,
        "surname": "Παπαδοπούλου",
        "name": "Μαρία",
        "mobile": "306912345678",
        "comments": "m@example.net, Ερμού 1",
    }
    assert saved[1] == {**OPTIONS, "surname": "-", "name": "-", "mobile": "306912345679", "comments": "-"}


def test_each_contact_is_told_why_not() -> None:
    assert pushed(line("Error: Invalid mobile number."), line("FAILED")) == ["Invalid mobile number", "FAILED"]
    assert pushed(line("Error: Mobile number is empty."), line("")) == ["Mobile number is empty", "error"]
    assert pushed(NotSent("no connection"), NoAnswer("time-out")) == ["no connection", "time-out"]
    assert pushed(line("OK"), line("", 503)) == ["", "answered 503"]


def test_an_account_that_may_not_save_contacts() -> None:
    with pytest.raises(Halt) as caught:
        pushed(line("Error: Authentication error."))
    assert caught.value.verdict == Stop("Authentication error")


def test_options_are_checked_and_the_password_is_not_shown() -> None:
    with pytest.raises(ValidationError) as caught:
        plugin.options.model_validate({"base_url": "ftp://x", "password": "hidden-word", "method": "PUT", "odd": 1})
    assert {error["loc"][0] for error in caught.value.errors()} == {"base_url", "username", "method", "odd"}
    assert "hidden-word" not in repr(plugin.options.model_validate({**OPTIONS, "password": "hidden-word"}))
