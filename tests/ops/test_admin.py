"""The admin socket answers whatever it is sent with a problem document."""

import json

import pytest
from twisted.internet.defer import Deferred

from smsgwd.net.http_message import HttpRequest
from smsgwd.ops.admin import AdminSocket
from smsgwd.ops.registry import Command, CommandError, Parameter, Registry


def refuse(params):
    raise CommandError("not now")


SOCKET = AdminSocket(
    Registry(
        [
            Command("status", "show", "The state.", lambda params: {"got": dict(params)}, (Parameter("of", "What."),)),
            Command("status", "refuse", "Refuses.", refuse),
        ]
    )
)


def ask(method, path, body=b""):
    """The status and document of an answer."""
    result = SOCKET.handle(HttpRequest(method, path, [], {}, body, ""))
    if isinstance(result, Deferred):
        results = []
        result.addBoth(results.append)
        (result,) = results
    assert ("X-Smsgwd-Protocol", "1") in result.headers
    return result.status, json.loads(result.body)


def test_a_command_runs_with_its_parameters():
    assert ask("POST", "/commands/status/show") == (200, {"got": {}})
    assert ask("POST", "/commands/status/show", b'{"of": "all"}') == (200, {"got": {"of": "all"}})


def test_the_commands_are_listed():
    status, listed = ask("GET", "/commands")
    assert status == 200
    assert [(one["noun"], one["verb"]) for one in listed] == [("status", "show"), ("status", "refuse")]


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'{"of": 1}',
        b'{"of": null}',
        b'{"of": {"of": "all"}}',
        b'{"of"',
        b'{"of": "\xff"}',
        b'{"\xff": "all"}',
        b'{"of": "\\ud800"}',
        b'{"of":' * 100_000,
        b"\x00\x16\x03\x01",
        '{"of": "all"}'.encode("utf-16"),
    ],
)
def test_parameters_that_are_no_object_of_texts(body):
    status, document = ask("POST", "/commands/status/show", body)
    assert (status, document["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "/commands/status/show", b'{"other": "all"}', 422, "invalid"),
        ("POST", "/commands/nothing/here", b"{}", 422, "invalid"),
        ("POST", "/commands/status/refuse", b"", 422, "invalid"),
        ("POST", "/", b"", 404, "not_found"),
        ("POST", "/commands", b"", 404, "not_found"),
        ("POST", "/commands/status/show/more", b"", 404, "not_found"),
        ("GET", "/commands/status/show", b"", 405, "method_not_allowed"),
    ],
)
def test_what_cannot_be_run(method, path, body, status, code):
    assert (ask(method, path, body)[0], ask(method, path, body)[1]["code"]) == (status, code)
