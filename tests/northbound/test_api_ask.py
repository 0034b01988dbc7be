"""The native API asked by somebody who proved who it is elsewhere."""

import json

import msgspec
import pytest
from twisted.internet.defer import Deferred

from smsgwd.accounts.directory import Account
from smsgwd.model.tenant import Credential
from smsgwd.net.http_message import HttpRequest
from tests.northbound import own
from tests.northbound.fakes import DEMO
from tests.northbound.harness import Reply, is_problem
from tests.northbound.own_client import OwnClient, at_once

__all__ = ("at_once",)
ALL = Credential("password", "ann", "h")


class Asking:
    def __init__(self):
        self.client = OwnClient()
        self.client.gateway.known = self.client.gateway.proven = None  # nobody is asked who it is

    def __call__(self, method, target, body=None, credential=ALL, tenant=DEMO, headers=None):
        path, _, query = target.partition("?")
        fields = [tuple(field.partition("=")[::2]) for field in query.split("&")] if query else []
        sent = {"content-type": "application/json"} if headers is None else headers
        octets = b"" if body is None else json.dumps(body).encode()
        request = HttpRequest(method, path, fields, sent, octets, "192.0.2.7", query)
        answer = self.client.api.ask(Account(tenant, credential, limited=True), request)
        assert isinstance(answer, Deferred)
        found = []
        answer.addCallback(found.append)
        return Reply(found[0])


@pytest.fixture
def ask(at_once):
    return Asking()


def test_every_kind_of_endpoint(ask):
    sent = ask("POST", "/v1/messages", {"from": "iSMS", "to": "+306912345678", "text": "hi"})
    assert sent.status == 202
    assert ask("GET", "/v1/messages?limit=5").json["messages"][0]["to"] == "+306912345678"
    assert ask("GET", "/v1/balance").status == 200
    assert ask("GET", "/openapi.json").json["openapi"] == "3.1.0"
    assert ask("POST", "/v1/templates", {"name": "a", "text": "b"}).status in (200, 201)
    listed = ask("GET", "/v1/credentials", credential=own.CLERK).json["credentials"]
    assert [each["this"] for each in listed] == [False, True]


def test_the_credentials_limits_hold(ask):
    only = msgspec.structs.replace(ALL, scopes=("read",))
    assert ask("GET", "/v1/messages", credential=only).status == 200
    assert is_problem(ask("GET", "/v1/credentials", credential=only), 403, "out_of_scope", "credentials")
    assert is_problem(ask("GET", "/v1/balance", credential=only), 403, "out_of_scope", "money")
    elsewhere = msgspec.structs.replace(ALL, allow=("198.51.100.0/24",))
    assert is_problem(ask("GET", "/v1/messages", credential=elsewhere), 403, "address_not_allowed")


def test_what_is_wrong_is_answered_as_always(ask):
    assert is_problem(ask("GET", "/v1/nothing"), 404, "not_found")
    assert is_problem(ask("PATCH", "/v1/balance"), 405, "method_not_allowed")
    assert is_problem(ask("GET", "/v1/messages?x=1"), 422, "invalid")
    assert is_problem(ask("GET", "/v1/messages/5"), 404, "not_found")
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert is_problem(ask("POST", "/v1/messages", {}, headers=form), 415, "unsupported_media_type")
    assert is_problem(ask("POST", "/v1/credentials", {}, headers=form), 415, "unsupported_media_type")


def test_an_answer_names_the_endpoint_for_whoever_counts(ask):
    assert ask("GET", "/v1/balance").route == "GET /v1/balance"
    assert ask("GET", "/v1/credentials").route == "GET /v1/credentials"
