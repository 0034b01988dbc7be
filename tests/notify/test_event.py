"""Pushes of events that are about no message on its way, such as link.clicked."""

import json

import msgspec
import pytest

from smsgwd.config.model.runtime import Notify
from smsgwd.model.message import State
from smsgwd.notify.event import event_body, is_event
from smsgwd.notify.notifier import Notifier
from smsgwd.notify.signing import keys_of
from tests.notify.fakes import SECRET, headers_of, item
from tests.notify.test_mo import owed as mo_owed
from tests.notify.test_notifier import Stand

DATA = {"link": "https://shop.example/?x=1", "to": "306912345678", "message_id": "7", "client_ref": None, "first": True}


def owed(number, payload=None, **fields):
    payload = json.dumps(DATA).encode() if payload is None else payload
    wanted = {"type": "link.clicked", "message_id": 0, "state": State.QUEUED, "submitted_at": 0, "done_at": None}
    return item(number, "https://shop.example/events", payload=payload, **{**wanted, **fields})


def test_the_event_has_the_envelope_of_the_contract():
    assert json.loads(event_body(owed(9))) == {
        "type": "link.clicked",
        "id": "9",
        "tenant": "demo",
        "at": "2026-05-28T20:26:40.000Z",
        "data": DATA,
    }


def test_receipts_and_subscribers_messages_are_no_events():
    assert is_event(owed(1))
    assert not is_event(mo_owed(1))
    assert not is_event(item(1))


@pytest.mark.parametrize("payload", [b"", b"{", b"[1]", b"\xff", b'{"a":1} x'])
def test_a_damaged_payload_is_told(payload):
    with pytest.raises(msgspec.DecodeError):
        event_body(owed(1, payload))


def test_an_event_is_pushed_signed_and_never_in_company():
    stand = Stand()
    stand.notifier = Notifier(
        stand.reactor, stand.clock, stand.store, stand.http, lambda _: (SECRET,), Notify(max_connections_per_host=1),
        batch_of=lambda _: 10, random=lambda: 0.5,
    )  # fmt: skip
    stand.start()
    stand.offer([item(n, "https://shop.example/events") for n in (1, 2)] + [owed(7)])
    stand.run(2)
    assert sorted(stand.store.done) == [1, 2, 7]
    pushed = [post for post in stand.http.posts if post[1]["webhook-id"] == "msg_7"]
    [(_, headers, body)] = pushed
    assert json.loads(body)["type"] == "link.clicked"
    assert headers == headers_of(7, int(headers["webhook-timestamp"]), body, keys_of((SECRET,)))
