"""`event send`."""

import json

import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.ops.events import Events
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import StoreUnavailable
from tests.ops.asking import NOW_MS, Clock, run

NOW = "2026-05-28T20:26:40.000Z"
URL = "https://shop.example/cb?secret=1"


class Desk:
    def __init__(self, answer=URL):
        self.answer = answer
        self.pushed = []

    def push(self, tenant, kind, data, at):
        self.pushed.append((tenant, kind, json.loads(data), at))
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def send(desk, kind, data, tenant="shop"):
    family = Events(desk.push, Clock(), {"shop"}.__contains__)
    return run(
        family, "event", "send", tenant=tenant, kind=kind, data=data if isinstance(data, str) else json.dumps(data)
    )


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (
            "call",
            {"direction": "incoming", "from": "+306912345678", "at": "2026-01-02T03:04:05Z", "duration_s": 5},
            {"direction": "incoming", "at": "2026-01-02T03:04:05Z", "from": "+306912345678", "to": None,
             "duration_s": 5},
        ),
        (
            "call",
            {"direction": "outgoing", "to": "306912345678"},
            {"direction": "outgoing", "at": NOW, "from": None, "to": "306912345678", "duration_s": 0},
        ),
        (
            "call.qualified",
            {"from": "306912345678", "qualification": "Hello world !", "source": "mobile"},
            {"from": "306912345678", "qualification": "Hello world !", "source": "mobile", "at": NOW},
        ),
        (
            "link.clicked",
            {"link": "https://shop.example/", "to": "306912345678", "client_ref": "7"},
            {"link": "https://shop.example/", "short": "", "code": "", "to": "306912345678", "message_id": "0",
             "client_ref": "7", "at": NOW, "first": True},
        ),
    ],
)  # fmt: skip
def test_an_event_is_owed_and_shown(kind, data, told):
    desk = Desk()
    shown = send(desk, kind, data)
    assert desk.pushed == [("shop", kind, told, NOW_MS)]
    assert shown == {"tenant": "shop", "kind": kind, "target": "shop https://shop.example", "data": told}


@pytest.mark.parametrize(
    ("kind", "data", "complaint"),
    [
        ("ring", "{}", "kind must be one of link.clicked, call, call.qualified"),
        ("call", "{", "^data: "),
        ("call", "[]", "^data: Expected `object`"),
        ("call", "[" * 10_000, "^data: "),
        ("call", "{" + " " * 17_000 + "}", "longer than 16384"),
        ("call", {}, "missing required field `direction`"),
        ("call", {"direction": "up", "from": "306912345678"}, "direction"),
        ("call", {"direction": "incoming", "to": "306912345678"}, "whom it was from"),
        ("call", {"direction": "missed", "from": "306912345678", "colour": "red"}, "unknown field `colour`"),
        ("call", {"direction": "missed", "from": "bob"}, "from"),
        ("call", {"direction": "missed", "from": "306912345678", "duration_s": -1}, "duration_s"),
        ("call", {"direction": "missed", "from": "306912345678", "at": "noon"}, "^data: at: "),
        ("call.qualified", {"from": "306912345678", "source": "mobile", "qualification": ""}, "qualification"),
        ("call.qualified", {"from": "306912345678", "source": "desk", "qualification": "x"}, "source"),
        ("link.clicked", {"to": "306912345678"}, "link"),
    ],
)
def test_what_is_no_event_is_told_and_nothing_is_owed(kind, data, complaint):
    desk = Desk()
    with pytest.raises(CommandError, match=complaint):
        send(desk, kind, data)
    assert not desk.pushed


def test_errors():
    good = {"direction": "missed", "from": "306912345678"}
    with pytest.raises(CommandError, match="there is no tenant other"):
        send(Desk(), "call", good, tenant="other")
    with pytest.raises(CommandError, match="has no URL for events"):
        send(Desk(None), "call", good)
    with pytest.raises(CommandError, match="the store cannot be used: full"):
        send(Desk(StoreUnavailable("full")), "call", good)
