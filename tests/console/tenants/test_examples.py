"""How programs connect: the lines, and what stands in them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from smsgwd.console.tenants.examples import TITLES, Who, api
from smsgwd.dialects.registry import DIALECTS
from tests.console.stand import Tenants, text_of
from tests.console.tenants.real import EVIL

ACCOUNT: dict[str, Any] = {
    "default_sender": None,
    "credentials": [
        {"kind": "token", "name": None, "label": "web"},
        {"kind": "password", "name": "till"},
        {"kind": "smpp", "name": "shop-1"},
        {"kind": "smpp", "name": "shop-1"},
    ],
    "http": [
        {"api": "native", "base_url": "https://sms.example.net"},
        {"api": "isms", "base_url": "https://sms.example.net/isms"},
        {"api": "new-one", "base_url": "https://sms.example.net/new"},
    ],
    "smpp": [{"host": "sms.example.net", "port": 3550, "tls": True}],
}


def test_every_api_that_can_be_served_has_its_lines() -> None:
    for name in ("native", *DIALECTS):
        found = api(name, "https://sms.example.net", Who("shop", "Shop"))
        assert name in TITLES and found.examples
        for example in found.examples:
            words = shlex.split(example.line)
            assert words[0] == "curl" and any(word.startswith("https://sms.example.net/") for word in words)


@pytest.mark.parametrize("name", ["native", "isms", "ardary"])
def test_what_stands_in_a_line_is_quoted_for_the_shell(name: str) -> None:
    evil = "$(reboot)'\"&`"
    for example in api(name, "https://sms.example.net", Who(evil, evil)).examples:
        for word in shlex.split(example.line):
            assert "\n" not in word
        if "reboot" in example.line:
            assert "'" in example.line.partition("$(")[0]


def test_the_page_has_the_accounts_own_names() -> None:
    made = Tenants({"GET /account": ACCOUNT}, scopes=("send",))
    page = made.get("/api")
    text = text_of(page)
    assert "-u shop-user:PASSWORD" in text and "username=shop-user" in text and "from=SENDER" in text
    assert "sms.example.net:3550" in text and "system_id shop-1 " in text
    assert 'href="https://sms.example.net/docs"' in page and 'href="https://sms.example.net/openapi.json"' in page
    assert 'href="#isms"' in page and "https://sms.example.net/new" in text
    assert "/ui/keys" not in page


def test_names_are_shown_as_text() -> None:
    account = {**ACCOUNT, "default_sender": EVIL, "http": ACCOUNT["http"][:1], "smpp": []}
    page = Tenants({"GET /account": account}).get("/api")
    assert EVIL not in page and "&lt;script&gt;" in page and "SMPP</h2>" not in page
    assert "no token yet" not in page
    account["credentials"] = []
    assert "no token yet" in Tenants({"GET /account": account}).get("/api")
