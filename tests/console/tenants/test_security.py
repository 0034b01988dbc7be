"""The own login, over the real API."""

from __future__ import annotations

import base64

import msgspec
import pytest

from smsgwd.accounts.totp import STEP_S, code_at
from smsgwd.model.tenant import Credential
from tests.console.stand import text_of
from tests.console.tenants.real import RealTenants, shown
from tests.northbound import own
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)


@pytest.fixture
def made(at_once: None) -> RealTenants:
    """Logged in as shop-user, as the stand has it."""
    mine = Credential("password", "shop-user", "hash of mine")
    return RealTenants(OwnClient(msgspec.structs.replace(own.SHOP, credentials=(*own.SHOP.credentials, mine))))


def test_codes_are_begun_confirmed_and_ended(made: RealTenants) -> None:
    assert "Begin with codes" in made.get("/security")
    page = shown(made.post("/security/codes"))
    secret = page.partition('id="secret">')[2].partition("<")[0].replace(" ", "")
    assert "otpauth://totp/" in page
    assert "Type the first code" in made.get("/security") and secret not in made.get("/security/codes")
    refused = made.post("/security/codes/confirm", {"code": "000000"})
    assert refused.status == 422 and "Begin anew" in refused.body.decode()
    step = made.client.own.clock.now_ms() // 1000 // STEP_S
    code = code_at(base64.b32decode(secret + "=" * (-len(secret) % 8)), step)
    assert made.done("/security/codes/confirm", {"code": f"{code[:3]} {code[3:]}"}) == "/ui/security"
    assert "each time somebody logs in here as shop-user" in text_of(made.get("/security"))
    assert made.post("/security/codes").status == 409
    assert made.done("/security/codes/off") == "/ui/security"
    assert "Begin with codes" in made.get("/security")


def test_another_password_for_oneself(made: RealTenants) -> None:
    assert 'action="/ui/keys/password/shop-user/rotate"' in made.get("/security")
    page = shown(made.post("/keys/password/shop-user/rotate", {"grace_s": "0"}))
    assert "log in again with the new secret" in page and "good for nothing any more" in page
    assert "The page of this key" not in page
