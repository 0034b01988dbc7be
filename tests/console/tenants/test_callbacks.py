"""Callbacks, over the real API."""

from __future__ import annotations

import msgspec
import pytest

from smsgwd.ports.push import Tried
from tests.console.stand import text_of
from tests.console.tenants.real import EVIL, RealTenants, shown
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)
_DLR = "https://shop.example/dlr?key=sesame"
_FIELDS = {"dlr_url": _DLR, "webhook_url": "", "dlr_batch": "50", "callback_style": "native", "callback_url": ""}


@pytest.fixture
def made(at_once: None) -> RealTenants:
    return RealTenants(OwnClient())


def test_nowhere_at_first(made: RealTenants) -> None:
    assert "Save an address first." in made.get("/callbacks")


def test_what_is_saved_is_shown_and_an_empty_field_takes_it_away(made: RealTenants) -> None:
    assert made.done("/callbacks", _FIELDS) == "/ui/callbacks"
    assert msgspec.json.decode(made.asked[-1][2]) == {
        "dlr_url": _DLR,
        "webhook_url": None,
        "callback_url": None,
        "dlr_batch": 50,
        "callback_style": "native",
    }
    page = made.get("/callbacks")
    assert (
        f'value="{_DLR}"' in page and 'value="50"' in page and 'value="dlr"' in page and 'value="webhook"' not in page
    )
    made.done("/callbacks", {**_FIELDS, "dlr_url": ""})
    assert _DLR not in made.get("/callbacks")


@pytest.mark.parametrize("change", [{"dlr_url": f"http://{EVIL}"}, {"dlr_batch": "x"}, {"callback_style": "kannel"}])
def test_what_is_refused_comes_back_as_it_was_filled(made: RealTenants, change: dict[str, str]) -> None:
    page = shown(made.post("/callbacks", {**_FIELDS, "webhook_url": "https://shop.example/e", **change}), 422)
    assert 'value="https://shop.example/e"' in page and EVIL not in page
    assert made.client.own.tenant().dlr_url is None


def test_an_address_that_may_not_be_called(made: RealTenants) -> None:
    made.client.own.trial.faults[_DLR] = "its address may not be called (private)"
    assert "may not be called (private)" in shown(made.post("/callbacks", _FIELDS), 422)


def test_a_test_event_shows_what_was_answered(made: RealTenants) -> None:
    made.done("/callbacks", _FIELDS)
    made.client.own.trial.answer = Tried(503, 77, "only 2xx counts as done", EVIL.encode())
    page = shown(made.post("/callbacks/test", {"to": "dlr"}))
    text = text_of(page)
    assert "Your server did not take it." in text and "HTTP 503" in text and "77 ms" in text
    assert "only 2xx counts as done" in text and EVIL not in page and "&lt;script&gt;" in page
    made.client.own.trial.answer = Tried(204, 5, "", b"")
    assert "Your server took it." in shown(made.post("/callbacks/test", {"to": "dlr"}))
    made.client.own.trial.answer = Tried(None, 10_000, "no answer in time", b"")
    assert "Answer none" in text_of(shown(made.post("/callbacks/test", {"to": "dlr"})))


def test_a_test_that_cannot_be(made: RealTenants) -> None:
    assert "no webhook_url" in shown(made.post("/callbacks/test", {"to": "webhook"}), 422)


def test_a_new_signing_secret_is_shown_once(made: RealTenants) -> None:
    page = shown(made.post("/callbacks/secret"))
    secret = page.partition('id="secret">')[2].partition("<")[0]
    assert made.client.own.tenancy.secrets("demo") == (secret,)
    assert secret not in made.get("/callbacks")
