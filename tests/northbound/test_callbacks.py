"""A tenant says where it is told, and tries that."""

import pytest

from smsgwd.ports.push import Tried
from tests.northbound.harness import is_problem
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)
_DLR = "https://shop.example/dlr?key=sesame"


@pytest.fixture
def client(at_once):
    return OwnClient()


def test_nowhere_at_first(client):
    assert client.ask("GET", "/v1/callbacks").json == {
        "dlr_url": None,
        "dlr_batch": 1,
        "webhook_url": None,
        "callback_url": None,
        "callback_style": "native",
    }


def test_what_is_given_is_changed_and_the_rest_stays(client):
    first = {"dlr_url": _DLR, "dlr_batch": 50, "callback_style": "ardary", "callback_url": "https://a.example/"}
    assert client.ask("PUT", "/v1/callbacks", first).status == 200
    found = client.ask("PUT", "/v1/callbacks", {"webhook_url": "https://shop.example/events"})
    assert found.json == {**first, "webhook_url": "https://shop.example/events"}
    tenant = client.own.tenant()
    assert (tenant.dlr_url, tenant.dlr_batch, tenant.callback_style) == (_DLR, 50, "ardary")
    assert client.own.tenancy.secrets("demo") == ("whsec_b2xkIHNlY3JldCBvZiB0aGUgc2hvcA==",)
    gone = client.ask("PUT", "/v1/callbacks", {"dlr_url": None, "callback_url": None}).json
    assert (gone["dlr_url"], gone["callback_url"], gone["callback_style"]) == (None, None, "ardary")


def test_what_was_changed_is_told_without_keys_in_urls(client):
    client.ask("PUT", "/v1/callbacks", {"dlr_url": _DLR, "dlr_batch": 5})
    assert client.own.changes.kept == [
        ("demo", "token", "192.0.2.7", "tenant set", {"dlr_url": "https://shop.example", "dlr_batch": "5"})
    ]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "nothing is to be changed"),
        ({"dlr_url": "ftp://shop.example"}, "dlr_url"),
        ({"webhook_url": "https://"}, "webhook_url"),
        ({"callback_url": "x"}, "callback_url"),
        ({"dlr_batch": 0}, "dlr_batch"),
        ({"dlr_batch": 1.5}, "dlr_batch"),
        ({"callback_style": "kannel"}, "callback_style"),
        ({"credit": "100"}, "credit"),
        ({"webhook_secret": "mine"}, "webhook_secret"),
    ],
)
def test_what_cannot_be(client, body, detail):
    before = client.own.tenant()
    assert is_problem(client.ask("PUT", "/v1/callbacks", body), 422, "invalid", detail)
    assert client.own.tenant() == before


def test_an_address_that_may_not_be_called_is_refused_with_its_name(client):
    client.own.trial.faults["http://inside/"] = "its address may not be called (private): only public ones are"
    for name in ("dlr_url", "webhook_url", "callback_url"):
        refused = client.ask("PUT", "/v1/callbacks", {name: "http://inside/"})
        assert is_problem(refused, 422, "invalid", f"{name}: its address may not be called (private)")
    assert client.own.changes.kept == []


def test_another_signing_secret_is_shown_once_and_counts_at_once(client):
    made = client.ask("POST", "/v1/callbacks/secret")
    secret = made.json["secret"]
    assert (made.status, secret[:6]) == (200, "whsec_")
    assert client.own.tenancy.secrets("demo") == (secret,)
    assert secret.encode() not in client.ask("GET", "/v1/callbacks").body
    assert secret not in repr(client.own.changes.kept)
    assert client.own.changes.kept[-1][3] == "tenant set"


def test_a_test_event_goes_to_the_url_asked_for(client):
    client.ask("PUT", "/v1/callbacks", {"dlr_url": _DLR, "webhook_url": "https://shop.example/events"})
    client.own.trial.answer = Tried(503, 77, "only 2xx counts as done", "é".encode() * 600 + b"\xff")
    found = client.ask("POST", "/v1/callbacks/test", {"to": "webhook"}).json
    assert found == {
        "url": "https://shop.example/events",
        "status": 503,
        "ms": 77,
        "detail": "only 2xx counts as done",
        "body": "é" * 500,
    }
    client.own.trial.answer = Tried(None, 10_000, "no answer")
    assert client.ask("POST", "/v1/callbacks/test", {"to": "dlr"}).json["status"] is None
    assert client.own.trial.pushed == [("demo", "https://shop.example/events"), ("demo", _DLR)]


def test_no_test_event_without_a_url_or_too_often(client):
    assert is_problem(client.ask("POST", "/v1/callbacks/test", {"to": "dlr"}), 422, "invalid", "no dlr_url")
    assert is_problem(client.ask("POST", "/v1/callbacks/test", {"to": "http://evil/"}), 422, "invalid", "to")
    client.ask("PUT", "/v1/callbacks", {"dlr_url": _DLR})
    answers = [client.ask("POST", "/v1/callbacks/test", {"to": "dlr"}) for _ in range(6)]
    assert [each.status for each in answers] == [200] * 5 + [429]
    client.own.clock.advance(60)
    assert client.ask("POST", "/v1/callbacks/test", {"to": "dlr"}).status == 200


def test_the_scope_is_needed(client):
    for method, path in (("GET", "/v1/callbacks"), ("POST", "/v1/callbacks/secret"), ("POST", "/v1/callbacks/test")):
        assert is_problem(client.by("clerk", method, path), 403, "out_of_scope")
