"""Money through the provider APIs: one reseller's credit for all seven at once, all or nothing, rehearsals, refunds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.dialects.stand import Catcher
from tests.scenario.business import at_once, check_books, create, funds, wait_settled
from tests.scenario.client import ask
from tests.scenario.harness import Gateway, Scene
from tests.scenario.providers import PROVIDERS, UNLIMITED, Told, catching, count, native, send, tenants, text_of
from tests.scenario.stand_esme import check_sound

PRICE = Decimal("0.04")
FATES = "0091:UNDELIV,0094:0x0B"


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    """Where callbacks go."""
    with catching() as found:
        yield found


@pytest.fixture
def gateway(scene: Scene) -> Gateway:
    """Numbers that end in 0091 are not delivered, those in 0094 refused."""
    return scene.gateway(scene.smsc("--numbers", FATES), dialects=UNLIMITED)


def _customers(gateway: Gateway, catcher: Catcher, **settings: Any) -> None:
    """The seven, made now."""
    for each in tenants(catcher, **settings):
        create(gateway, str(each.pop("id")), **each)


def test_credit_of_all_is_never_overdrawn(gateway: Gateway, catcher: Catcher) -> None:
    """Seven customers of a reseller who can pay for 100 messages ask for far more at the same moment: 100 are taken at
    the most, those that customers were told are there, and everybody has paid for exactly those."""
    create(gateway, "reseller", credit="4", price="0.04")
    _customers(gateway, catcher, parent="reseller")

    def spend(name: str) -> list[Told]:
        provider = PROVIDERS[name]
        return [
            send(provider, gateway.http_port, catcher.url, first * provider.size)
            for first in range(120 // provider.size)
        ]

    found = dict(zip(PROVIDERS, at_once(*(partial(spend, name) for name in PROVIDERS)), strict=True))
    wait_settled(gateway, "reseller", *PROVIDERS)
    total = 0
    for name, answers in found.items():
        states = native(gateway, name).states()
        assert set(states.values()) <= {"delivered"}
        total += len(states)
        # iSMS's ID may be for one of two recipients: query.php tells which.
        assert sum(1 if name == "isms" else len(each.numbers) for each in answers if each.taken) <= len(states)
        assert funds(gateway, name)[0] == 1000 - len(states) * PRICE
        if name == "smsadvert":
            assert len(states) % 50 == 0
    assert 50 < total <= 100
    assert funds(gateway, "reseller")[0] == 4 - total * PRICE
    check_books(gateway)
    check_sound(gateway)


def test_credit_that_does_not_reach_is_told_in_each_way(gateway: Gateway, catcher: Catcher) -> None:
    """With credit for a part of a request: SMSAdvert takes nothing, the others what is paid for and never say more."""
    _customers(gateway, catcher, credit="0.04")
    for name, provider in PROVIDERS.items():
        answer = send(provider, gateway.http_port, catcher.url, 0)
        assert answer.taken is (name in ("isms", "jasmin")), (name, answer)
        if name == "isms":  # whose answer has no room for it
            query = {"username": name, "password": f"secret-{name}", "mid": answer.id, "mobile": answer.numbers[1]}
            state = ask(gateway.http_port, "GET", f"/api/http/query.php?{urlencode(query)}").body
            assert state == b"Status: Failed"
        taken = native(gateway, name).states()
        assert len(taken) == (0 if name == "smsadvert" else 1), (name, answer)
        last = send(provider, gateway.http_port, catcher.url, 500)
        assert not last.taken
        assert re.fullmatch(provider.short, last.body, re.DOTALL), (name, last)
        assert len(native(gateway, name).states()) == len(taken)
    wait_settled(gateway, *PROVIDERS)
    assert {name: funds(gateway, name)[0] for name in PROVIDERS} == {
        name: Decimal("0.04") if name == "smsadvert" else 0 for name in PROVIDERS
    }
    check_books(gateway)


def test_a_rehearsal_costs_and_sends_nothing(gateway: Gateway, catcher: Catcher) -> None:
    """Ardary's test mode, again and again with the same ids: they can be used all the same."""
    _customers(gateway, catcher, credit="0.12")
    request = PROVIDERS["ardary"].request(["306960000001", "306960000002", "306960000003"], catcher.url, "Hello")
    body = json.loads(request.body or b"")
    rehearsed = {**body, "header": {**body["header"], "mode": "test"}}
    for _ in range(3):
        answer = ask(gateway.http_port, "POST", request.path, rehearsed, request.headers)
        assert re.fullmatch(PROVIDERS["ardary"].taken, text_of(answer)), answer
    assert funds(gateway, "ardary") == (Decimal("0.12"), 0)
    assert native(gateway, "ardary").states() == {}
    answer = ask(gateway.http_port, "POST", request.path, body, request.headers)
    assert re.fullmatch(PROVIDERS["ardary"].taken, text_of(answer)), answer
    wait_settled(gateway, "ardary")
    assert funds(gateway, "ardary")[0] == 0
    check_books(gateway)


def test_what_fails_is_given_back(gateway: Gateway, catcher: Catcher) -> None:
    """To a tenant with refunds for what is not delivered, through each API."""
    _customers(gateway, catcher, refunds=["undelivered"])
    for provider in PROVIDERS.values():
        first = 91 if provider.size < 4 else 60
        assert send(provider, gateway.http_port, catcher.url, first).taken
    wait_settled(gateway, *PROVIDERS)
    for name, provider in PROVIDERS.items():
        states = native(gateway, name).states()
        assert len(states) == provider.size
        delivered = sum(state == "delivered" for state in states.values())
        assert delivered < provider.size
        assert funds(gateway, name)[0] == 1000 - delivered * PRICE, name
        assert count(gateway, name, "get-success") == delivered
        assert count(gateway, name, "get-failed") == provider.size - delivered
    check_books(gateway)
    check_sound(gateway)
