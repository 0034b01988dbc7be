"""`message show` and `message erase`."""

import json

import msgspec
import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.message import HELD, Coding, EventView, Failure, Message, MessageView, State
from smsgwd.ops.messages import Messages
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import StoreUnavailable
from tests.ops.asking import NOW_MS, Store, run

MESSAGE = Message(
    7, 6, "demo", "Shop", "+30 691", "30691", b"secret", Coding.GSM7, 1, "b", NOW_MS, NOW_MS, State.REJECTED, tried="a"
)
VIEW = MessageView(
    MESSAGE,
    None,
    NOW_MS,
    Failure("smsc_rejected", "ESME_RINVDSTADR", 11),
    None,
    (EventView(NOW_MS, "failover", "to b", "a", smpp_status=8, latency_ms=3),),
)


def test_a_message_of_whichever_tenant_without_its_text():
    store = Store(tenant_of="demo", message=VIEW)
    shown = run(Messages(store, lambda number, out: None), "message", "show", id="7")
    assert store.read == [("tenant_of", 7), ("message", "demo", 7)]
    assert (shown["tenant"], shown["state"], shown["tried"], shown["due_at"]) == ("demo", "rejected", "a", None)
    assert shown["error"]["smpp_status"] == 11
    [event] = shown["events"]
    assert (event["type"], event["connector"], event["latency_ms"]) == ("failover", "a", 3)
    assert event["at"] == shown["done_at"] == "2026-05-28T20:26:40.000Z"
    assert "secret" not in json.dumps(shown)


def test_a_held_message_has_its_own_time_or_none():
    for due_at, shown_as in ((HELD, None), (HELD + NOW_MS, "2026-05-28T20:26:40.000Z")):
        message = msgspec.structs.replace(VIEW.message, state=State.SCHEDULED, due_at=due_at)
        store = Store(tenant_of="demo", message=msgspec.structs.replace(VIEW, message=message))
        shown = run(Messages(store, lambda number, out: None), "message", "show", id="7")
        assert (shown["state"], shown["held"], shown["due_at"]) == ("scheduled", True, shown_as)


@pytest.mark.parametrize(
    ("written", "said"), [("8", "there is no message 8"), ("x", "number of a message"), ("9" * 20, "number")]
)
def test_a_message_there_is_not(written, said):
    with pytest.raises(CommandError, match=said):
        run(Messages(Store(tenant_of=None), lambda number, out: None), "message", "show", id=written)


def test_a_store_that_cannot_be_read():
    with pytest.raises(CommandError, match="cannot be read: closed"):
        run(Messages(Store(tenant_of=StoreUnavailable("closed")), lambda n, o: None), "message", "show", id="7")


@pytest.mark.parametrize(("params", "out"), [({}, False), ({"opt_out": "yes"}, True)])
def test_erase_takes_a_number_as_people_write_it(params, out):
    asked = []

    def erase(number, opt_out):
        asked.append((number, opt_out))
        return succeed({"messages": 3})

    assert run(Messages(Store(), erase), "message", "erase", number="+30 691 234 5678", **params) == {"messages": 3}
    assert asked == [("306912345678", out)]


def test_what_erase_cannot_do_is_said():
    def erase(number, opt_out):
        return fail(errors.pop(0))

    errors = [StoreUnavailable("disk full"), ValueError("another number is being erased")]
    with pytest.raises(CommandError, match="run it again: disk full"):
        run(Messages(Store(), erase), "message", "erase", number="306912345678")
    with pytest.raises(CommandError, match="another number is being erased"):
        run(Messages(Store(), erase), "message", "erase", number="306912345678")
    with pytest.raises(CommandError, match=r"^number: "):
        run(Messages(Store(), erase), "message", "erase", number="12")
