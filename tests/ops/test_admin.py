"""The admin socket's handler."""

import json

import pytest
from twisted.internet.defer import Deferred

from smsgwd.net.http_message import HttpRequest
from smsgwd.ops.admin import AdminSocket
from smsgwd.ops.registry import PROTOCOL_VERSION, Command, CommandError, Parameter, Registry


def refuse(params):
    raise CommandError("not today")


def break_down(params):
    raise RuntimeError("secret inside")


@pytest.fixture
def admin():
    return AdminSocket(
        Registry(
            [
                Command("a", "now", "At once", lambda params: {"got": dict(params)}, (Parameter("x", "X"),)),
                Command("a", "later", "Not at once", lambda params: later_of(params)),
                Command("a", "refuse", "Refuses", refuse),
                Command("a", "break", "Breaks", break_down),
            ]
        )
    )


def later_of(params):
    done = Deferred()
    done.callback([1, 2])
    return done


def ask(admin, method, path, body=b""):
    answers = []
    answer = admin.handle(HttpRequest(method, path, [], {}, body, ""))
    if isinstance(answer, Deferred):
        answer.addCallback(answers.append)
        [answer] = answers
    assert dict(answer.headers)["X-Smsgwd-Protocol"] == str(PROTOCOL_VERSION)
    return answer.status, json.loads(answer.body)


def test_the_list_of_commands(admin):
    status, commands = ask(admin, "GET", "/commands")
    assert status == 200
    assert [(row["noun"], row["verb"]) for row in commands] == [
        ("a", "now"),
        ("a", "later"),
        ("a", "refuse"),
        ("a", "break"),
    ]


def test_a_command_with_parameters(admin):
    assert ask(admin, "POST", "/commands/a/now", b'{"x": "1"}') == (200, {"got": {"x": "1"}})
    assert ask(admin, "POST", "/commands/a/now") == (200, {"got": {}})


def test_a_command_that_takes_its_time(admin):
    assert ask(admin, "POST", "/commands/a/later") == (200, [1, 2])


@pytest.mark.parametrize(
    ("path", "body", "status", "code", "said"),
    [
        ("/commands/a/refuse", b"", 422, "invalid", "not today"),
        ("/commands/b/c", b"", 422, "invalid", "no command b c"),
        ("/commands/a/now", b'{"y": "1"}', 422, "invalid", "takes no parameter y"),
        ("/commands/a/now", b"{", 400, "malformed", "JSON object of texts"),
        ("/commands/a/now", b'{"x": 1}', 400, "malformed", "JSON object of texts"),
        ("/commands/a/now", b"[]", 400, "malformed", "JSON object of texts"),
        ("/commands/a/now", b'{"x": "\xff"}', 400, "malformed", "JSON object of texts"),
        ("/commands/a/break", b"", 500, "internal", "the log says why"),
        ("/commands/a", b"", 404, "not_found", "/commands/NOUN/VERB"),
        ("/other", b"", 404, "not_found", "/commands/NOUN/VERB"),
    ],
)
def test_errors_are_problem_documents(admin, path, body, status, code, said):
    got, document = ask(admin, "POST", path, body)
    assert (got, document["code"]) == (status, code)
    assert said in document["detail"]
    assert "secret inside" not in json.dumps(document)


def test_commands_are_run_with_post_only(admin):
    status, document = ask(admin, "GET", "/commands/a/now")
    assert (status, document["code"]) == (405, "method_not_allowed")
