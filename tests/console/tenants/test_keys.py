"""Keys, over the real API."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from smsgwd.console.tenants.keys import SCOPES
from smsgwd.model.tenant import SCOPES as ALL
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown
from tests.northbound import own
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)
CLERK = "/keys/password/clerk"


@pytest.fixture
def made(at_once: None) -> Iterator[RealTenants]:
    yield RealTenants(OwnClient())


def test_every_scope_has_its_words() -> None:
    assert tuple(SCOPES) == ALL


def test_the_list_has_everything_but_secrets(made: RealTenants) -> None:
    page = made.get("/keys")
    text = text_of(page)
    assert "bbbbbbbbbbbb API token boss everything any" in text and "you, now" in text
    assert "clerk user name and password credentials send any" in text
    assert "hash of clerk" not in page and 'href="/ui/keys/password/clerk"' in page


def test_a_token_is_made_and_its_secret_shown_once(made: RealTenants) -> None:
    assert "Make a key" in made.get("/keys/new")
    fields = {
        "kind": "token",
        "name": "ignored: a token has none",
        "label": EVIL,
        "reach": "some",
        "scopes": ["send", "read"],
        "allow": "192.0.2.0/24, 203.0.113.7",
        "expires_at": "2027-12-31T18:30",
    }
    page = shown(made.post("/keys/new", fields))
    body = msgspec.json.decode(made.asked[-1][2])
    assert body == {
        "kind": "token",
        "label": EVIL,
        "scopes": ["send", "read"],
        "allow": ["192.0.2.0/24", "203.0.113.7"],
        "expires_at": "2027-12-31T16:30:00.000Z",
    }
    secret = page.partition('id="secret">')[2].partition("<")[0]
    assert len(secret) > 20 and EVIL not in page and "2027-12-31 18:30:00" in page
    assert secret not in made.get("/keys")


def test_a_password_for_everything(made: RealTenants) -> None:
    shown(made.post("/keys/new", {"kind": "password", "name": "ann", "reach": "all", "scopes": "send"}))
    assert msgspec.json.decode(made.asked[-1][2])["scopes"] == []
    assert "ann" in made.get("/keys")


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"kind": "token"}, "tick one thing"),
        ({"kind": "token", "reach": "all", "expires_at": "soon"}, "A time is written"),
        ({"kind": "password", "name": "theirs", "reach": "all"}, "cannot be had"),
        ({"kind": "cookie", "reach": "all"}, "kind"),
    ],
)
def test_what_is_refused_comes_back_as_it_was_filled(made: RealTenants, fields: dict[str, str], why: str) -> None:
    answer = made.post("/keys/new", {**fields, "label": EVIL, "allow": "192.0.2.1"})
    page = answer.body.decode()
    assert 400 <= answer.status < 500 and why in text_of(page)
    assert 'value="192.0.2.1"' in page and 'value="&lt;script&gt;' in page and EVIL not in page


def test_who_is_limited_is_offered_no_more(at_once: None) -> None:
    page = RealTenants(OwnClient(), scopes=("credentials", "send")).get("/keys/new")
    assert 'value="send"' in page and 'value="money"' not in page and 'value="all"' not in page


def test_a_new_secret_with_grace_and_removal_of_the_old_one(made: RealTenants) -> None:
    assert "Secrets of this key" in made.get(CLERK)
    assert "works a while still" in shown(made.post(f"{CLERK}/rotate", {"grace_s": "3600"}))
    page = made.get(CLERK)
    assert page.count('name="serial"') == 2
    assert made.done(f"{CLERK}/remove", {"serial": "0"}) == "/ui/keys"
    assert made.asked[-1][:2] == ("DELETE /credentials/password/clerk", {"serial": ["0"]})
    assert made.done(f"{CLERK}/remove") == "/ui/keys"
    assert made.ask("GET", CLERK).status == 404


def test_what_cannot_be_renewed_or_removed(made: RealTenants) -> None:
    assert made.post(f"{CLERK}/rotate", {"grace_s": "x"}).status == 422
    answer = made.post(f"/keys/token/{'b' * 12}/remove")
    assert answer.status == 409 and "make another one first" in answer.body.decode()
    assert made.post("/keys/password/theirs/remove").status == 404
    assert [each.name for each in made.client.own.tenant().credentials] == [own.BOSS.name, "clerk"]


def test_who_lacks_the_scope_sees_nothing_of_it() -> None:
    made = RealTenants(scopes=("send",))
    for path in ("/keys", "/keys/new", CLERK, "/security", "/callbacks", "/pushes"):
        assert made.ask("GET", path).status == 403, path
    assert "/ui/keys" not in made.post("/keys/new", {"kind": "token"}).body.decode()
    assert made.asked == []


def test_what_ends_on_the_last_day_of_all_has_a_page(made: RealTenants) -> None:
    body = {"kind": "token", "label": "for ever", "expires_at": "9999-12-31T23:59:59Z"}
    assert made.client.ask("POST", "/v1/credentials", body).status == 201
    assert "9999-12-31 23:59:59" in made.get("/keys")
