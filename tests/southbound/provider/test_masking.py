"""Secrets are found in whatever way they are written."""

import json
from base64 import b64encode
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from smsgwd.providers.http import basic
from smsgwd.providers.options import Options, option, secret
from smsgwd.southbound.provider.masking import MASK, Masking, masking_of

SECRET = "p&ss w/ör d+\"'<1>"


def percent(text):
    """Every octet."""
    return "".join(f"%{octet:02x}" for octet in text.encode())


@pytest.mark.parametrize(
    "written",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        quote_plus(SECRET).lower(),
        urlencode({"k": SECRET})[2:],
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        b64encode(SECRET.encode()).decode(),
        basic("user", SECRET)[6:],
        basic("", SECRET)[6:],
    ],
)
def test_ways_of_writing(written):
    masking = Masking([SECRET], ["user", ""])
    assert masking.text(f"a={written}&b=1").removesuffix("==&b=1").removesuffix("=&b=1").removesuffix("&b=1") == "a=***"


@given(st.text(st.characters(codec="utf-8"), min_size=4, max_size=20), st.text(max_size=10))
def test_nothing_is_left_of_any_secret(hidden, around):
    masking = Masking([hidden])
    for written in (hidden, quote_plus(hidden), json.dumps(hidden)[1:-1]):
        shown = masking.text(f"{around}{written}")
        assert written not in shown or written in f"{around}{MASK}"


def test_the_longest_first():
    assert Masking(["abcd", "abcdef"]).text("abcdef abcd") == "*** ***"


def test_headers():
    masking = Masking(["hidden"])
    given = {"Authorization": "x", "X-Api-Key": "y", "Set-Cookie": "z", "Accept": "hidden/json"}
    assert masking.headers(given) == {
        "Authorization": "***",
        "X-Api-Key": "***",
        "Set-Cookie": "***",
        "Accept": "***/json",
    }


@pytest.mark.parametrize(
    ("hidden", "text", "masked"),
    [
        ("x", "k=x&max=x1", "k=***&max=x1"),
        ("x", '{"k": "x", "next": "ex"}', '{"k": "***", "next": "ex"}'),
        ("ab", "<k>ab</k> a cab", "<k>***</k> a cab"),
        ("abc", "abc", "***"),
        ("abc", "abcd", "abcd"),
        ("&", "k=%26", "k=***"),
        ("ab", "Basic " + b64encode(b"user:ab").decode(), "Basic ***=="),
    ],
)
def test_a_short_secret_is_a_whole_value(hidden, text, masked):
    assert Masking([hidden], ["user"]).text(text) == masked


def test_where_providers_call_us_back():
    token = "Ab-_" * 6
    masking = Masking()
    for slash in ("/", "%2F", "\\/"):
        for behind in ("", f"{slash}123", "?a=1", '"'):
            written = f"https:{slash}{slash}us.example{slash}callback{slash}c.1{slash}"
            assert masking.text(f"{written}{token}{behind}") == f"{written}***{behind}"
    assert masking.text(f"/callback/{token}") == f"/callback/{token}"


def test_words_are_no_secrets():
    assert Masking(["x", ""]).text("exceeded") == "exceeded"
    assert Masking(["x1z"], [""]).text("OngOng") == "OngOng"
    assert Masking().text("all") == "all"


class Inner(Options):
    """A part."""

    key: SecretStr = secret("A key.")


class Outer(Options):
    """Options with parts."""

    user: str = option("A name.")
    inner: tuple[Inner, ...] = option("Parts.")
    named: dict[str, SecretStr] = option("Secrets by name.")


def test_secrets_at_any_depth():
    made = Outer.model_validate(
        {"user": "me", "inner": [{"key": "first-key"}], "named": {"a": "second-key"}}, strict=False
    )
    masking = masking_of(made)
    assert masking.text("me first-key second-key " + basic("me", "first-key")) == "me *** *** Basic ***"


def test_tokens_of_answers():
    masking = Masking(["hidden"]).with_also(["token-1", "ab"])
    assert masking.text("token-1 ab hidden") == "*** ab ***"
