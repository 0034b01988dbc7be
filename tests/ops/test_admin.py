"""The admin socket's handler."""

import json
import os

import pytest
from twisted.internet.defer import Deferred

from smsgwd.config.model.operations import Roles
from smsgwd.net.http_message import HttpRequest
from smsgwd.net.unix_peer import UnixPeer
from smsgwd.ops.admin import AdminSocket
from smsgwd.ops.callers import Callers
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
        ),
        Callers(Roles()),
    )


HERSELF = UnixPeer(1, os.geteuid(), os.getegid(), frozenset())
STRANGER = UnixPeer(1, 54321, 54321, frozenset())


def later_of(params):
    done = Deferred()
    done.callback([1, 2])
    return done


def ask(admin, method, path, body=b"", peer=HERSELF):
    answers = []
    answer = admin.handle(HttpRequest(method, path, [], {}, body, "", peer=peer))
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


def test_who_asks_is_told(admin):
    status, me = ask(admin, "GET", "/me")
    assert (status, me["role"]) == (200, "admin")
    assert ask(admin, "GET", "/me", peer=STRANGER) == (200, {"who": "uid 54321", "role": "read"})


def test_a_role_that_is_not_enough_is_403():
    changing = Command("a", "change", "Changes", lambda params: "changed", changes=True)
    looking = Command("a", "look", "Looks", lambda params: "seen")
    admin = AdminSocket(Registry([changing, looking]), Callers(Roles(others="read")))
    assert ask(admin, "POST", "/commands/a/look", peer=STRANGER) == (200, "seen")
    status, refused = ask(admin, "POST", "/commands/a/change", peer=STRANGER)
    assert (status, refused["code"]) == (403, "forbidden")
    assert "a change needs the role admin; uid 54321 has read" in refused["detail"]
    assert ask(admin, "POST", "/commands/a/change") == (200, "changed")


@pytest.mark.parametrize("peer", [None, STRANGER])
def test_who_has_no_role_learns_nothing(peer):
    admin = AdminSocket(Registry([]), Callers(Roles(others="none")))
    for path in ("/commands", "/me", "/commands/a/b"):
        status, refused = ask(admin, "GET", path, peer=peer)
        assert (status, refused["code"]) == (403, "forbidden")


def test_names_may_be_percent_encoded(admin):
    assert ask(admin, "POST", "/commands/a/%6eow", b'{"x": "1"}')[0] == 200
