"""A lookup source over HTTP: what is asked, what answers mean, what is not believed."""

import json

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.ports.push import HttpAnswer, HttpFailure
from smsgwd.southbound.http_lookup import HttpLookupSource, LookupTrouble

NUMBER = "306971234567"


class Http:
    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def get(self, url, query, headers, timeout_s):
        self.asked.append((url, query, headers, timeout_s))
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def asked(answer, url="http://hlr.example/q/{msisdn}"):
    """What it says, or what it fails with, and the request."""
    http = Http(answer)
    source = HttpLookupSource("hlr", http, url, {"Authorization": "Bearer x"}, 3.0)
    found = []
    source.lookup(NUMBER).addCallbacks(found.append, lambda failure: found.append(failure.value))
    return found[0], http.asked[0]


def said(**members):
    return asked(HttpAnswer(200, {}, json.dumps(members).encode()))[0]


@pytest.mark.parametrize(
    ("url", "plain", "query"),
    [
        ("http://hlr.example/q/{msisdn}", f"http://hlr.example/q/{NUMBER}", ""),
        ("https://h.example:8443/q?n={msisdn}&f=1", "https://h.example:8443/q", f"n={NUMBER}&f=1"),
    ],
)
def test_the_number_goes_where_the_url_says(url, plain, query):
    _, request = asked(HttpAnswer(404, {}, b""), url)
    assert request == (plain, query, {"Accept": "application/json", "Authorization": "Bearer x"}, 3.0)


def test_all_that_is_said():
    facts = said(
        state="Delivered", country="gr", operator="Cosmote", mcc="202", mnc="01", imsi="202011234567890",
        msc="+3069700001", error="0", ported=True, more=[1],
    )  # fmt: skip
    assert facts == LookupFacts(
        LookupState.DELIVERED, "GR", "Cosmote", "202", "01", "202011234567890", "+3069700001", "0", True, "hlr"
    )


@pytest.mark.parametrize("state", ["delivered", "undelivered", "unknown", "failed"])
def test_what_is_not_said_is_empty(state):
    facts = said(state=state, country=None, imsi=None)
    assert facts == LookupFacts(LookupState[state.upper()], source="hlr")


def test_404_cannot_tell():
    assert asked(HttpAnswer(404, {}, b"x"))[0] is None


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"state": "queued"},
        {"state": "great"},
        {"state": 1},
        {"state": "delivered", "mcc": "20"},
        {"state": "delivered", "mcc": 202},
        {"state": "delivered", "mnc": "1"},
        {"state": "delivered", "imsi": "x" * 15},
        {"state": "delivered", "country": "Greece"},
        {"state": "delivered", "operator": "x" * 65},
        {"state": "delivered", "operator": "a\r\nb"},
        {"state": "delivered", "msc": "<script>"},
        {"state": "delivered", "ported": "yes"},
    ],
)
def test_what_is_no_lookup_is_trouble(members):
    assert isinstance(said(**members), LookupTrouble)


@pytest.mark.parametrize(
    "answer",
    [HttpAnswer(500, {}, b"{}"), HttpAnswer(302, {}, b""), HttpAnswer(200, {}, b"<html>"), HttpAnswer(200, {}, b"")],
)
def test_other_answers_are_trouble(answer):
    trouble, _ = asked(answer)
    assert isinstance(trouble, LookupTrouble) and NUMBER not in str(trouble)


def test_no_answer():
    assert isinstance(asked(HttpFailure("timed out", sent=True))[0], HttpFailure)
