"""`message show` and `message erase`."""

import json

import msgspec
import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.model.message import HELD, Coding, EventView, Failure, Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Entry
from smsgwd.ops.messages import Messages
from smsgwd.ops.registry import CommandError
from smsgwd.ports.store import FindFilter, Found, MessageTrace, StoreUnavailable
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


def family(store, erase=None, cancelling=None, resending=None, encoding=None):
    return Messages(store, erase, cancelling, resending, encoding)


def test_a_message_of_whichever_tenant_without_its_text():
    store = Store(tenant_of="demo", message=VIEW)
    shown = run(family(store), "message", "show", id="7")
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
        shown = run(family(store), "message", "show", id="7")
        assert (shown["state"], shown["held"], shown["due_at"]) == ("scheduled", True, shown_as)


@pytest.mark.parametrize(
    ("written", "said"), [("8", "there is no message 8"), ("x", "number of a message"), ("9" * 20, "number")]
)
def test_a_message_there_is_not(written, said):
    with pytest.raises(CommandError, match=said):
        run(family(Store(tenant_of=None)), "message", "show", id=written)


def test_a_store_that_cannot_be_read():
    with pytest.raises(CommandError, match="cannot be read: closed"):
        run(family(Store(tenant_of=StoreUnavailable("closed"))), "message", "show", id="7")


@pytest.mark.parametrize(("params", "out"), [({}, False), ({"opt_out": "yes"}, True)])
def test_erase_takes_a_number_as_people_write_it(params, out):
    asked = []

    def erase(number, opt_out):
        asked.append((number, opt_out))
        return succeed({"messages": 3})

    assert run(family(Store(), erase), "message", "erase", number="+30 691 234 5678", **params) == {"messages": 3}
    assert asked == [("306912345678", out)]


def test_what_erase_cannot_do_is_said():
    def erase(number, opt_out):
        return fail(errors.pop(0))

    errors = [StoreUnavailable("disk full"), ValueError("another number is being erased")]
    with pytest.raises(CommandError, match="run it again: disk full"):
        run(family(Store(), erase), "message", "erase", number="306912345678")
    with pytest.raises(CommandError, match="another number is being erased"):
        run(family(Store(), erase), "message", "erase", number="306912345678")
    with pytest.raises(CommandError, match=r"^number: "):
        run(family(Store(), erase), "message", "erase", number="12")


def found(**where):
    values = {"from_ms": None, "to_ms": None, **where}
    return FindFilter(**values)


class Finding(Store):
    """Gives pages of `find` in turn, noting what was asked for."""

    def __init__(self, *pages):
        super().__init__()
        self.pages = list(pages)

    def find(self, where, before, limit):
        self.read.append((where, before, limit))
        return succeed(self.pages.pop(0))


def test_find_goes_on_behind_pages_that_found_too_little():
    store = Finding(Found((VIEW,), 50), Found((), 30), Found((VIEW,), None))
    answer = run(family(store), "message", "find", tenant="demo", states="rejected,sent", limit="5")
    where = found(tenant="demo", states=(State.REJECTED, State.SENT))
    assert store.read == [(where, None, 5), (where, 50, 4), (where, 30, 4)]
    assert answer["before"] is None and len(answer["messages"]) == 2
    row = answer["messages"][0]
    assert (row["id"], row["to"], row["state"], row["error"]) == ("7", "30691", "rejected", "smsc_rejected")
    assert "secret" not in json.dumps(answer)


def test_find_ends_after_a_bounded_number_of_reads_and_says_where_to_go_on():
    store = Finding(*(Found((), 1000 - n) for n in range(30)))
    answer = run(family(store), "message", "find", number="+30 691 234 5678", before="5000")
    assert (answer["before"], len(store.read)) == ("981", 20)
    assert store.read[0] == (found(msisdn="306912345678"), 5000, 50)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"states": "lost"}, "states: of "),
        ({"number": "x"}, "number"),
        ({"since": "x"}, "since"),
        ({"limit": "x"}, "limit"),
    ],
)
def test_find_of_nonsense(params, said):
    with pytest.raises(CommandError, match=said):
        run(family(Store()), "message", "find", **params)


class Resending:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def resend(self, message_id, *, force, free):
        self.asked.append((message_id, force, free))
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def test_resend_tells_the_new_message_and_what_was_given_back():
    resending = Resending(Entry("+30691", 9, State.QUEUED, 2, price=80_000))
    answer = run(family(Store(), resending=resending), "message", "resend", id="7", free="yes")
    assert answer == {
        "id": "9",
        "instead_of": "7",
        "state": "queued",
        "parts": 2,
        "price": "0.0800",
        "given_back": "0.0800",
    }
    assert resending.asked == [(7, False, True)]
    for given, said in (
        (Entry("+30691", error=Failure("no_credit", "empty")), "not taken: no_credit: empty"),
        (Refused(Refusal.TOO_LATE, "it is sent: it may still arrive; force=yes sends it all the same"), "force=yes"),
        (StoreUnavailable("disk full"), "disk full"),
    ):
        with pytest.raises(CommandError, match=said):
            run(family(Store(), resending=Resending(given)), "message", "resend", id="7", force="yes")


class Cancelling:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def cancel(self, tenant, any_id):
        self.asked.append((tenant, any_id))
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


def test_cancel_takes_a_message_or_a_submission_of_whichever_tenant():
    cancelled = msgspec.structs.replace(VIEW, message=msgspec.structs.replace(MESSAGE, state=State.CANCELLED))
    cancelling = Cancelling(cancelled)
    store = Store(tenant_of="demo")
    answer = run(family(store, cancelling=cancelling), "message", "cancel", id="7")
    assert answer == {"id": "7", "cancelled": 1, "others": 0}
    cancelling.answer = [cancelled, VIEW]
    store = Store(tenant_of=None, find=Found((VIEW,), None))
    answer = run(family(store, cancelling=cancelling), "message", "cancel", id="6")
    assert answer == {"id": "6", "cancelled": 1, "others": 1}
    assert cancelling.asked == [("demo", 7), ("demo", 6)]
    with pytest.raises(CommandError, match="there is no message 6"):
        run(family(Store(tenant_of=None, find=Found((), None)), cancelling=cancelling), "message", "cancel", id="6")
    late = Cancelling(Refused(Refusal.TOO_LATE))
    with pytest.raises(CommandError, match="has left or is final"):
        run(family(Store(tenant_of="demo"), cancelling=late), "message", "cancel", id="7")


class Encoding:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def pdus(self, message, *, numbers, text):
        self.asked.append((message.id, numbers, text))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_trace_has_texts_and_pdus_only_where_they_are_wanted():
    store = Store(trace=MessageTrace(VIEW, ()))
    encoding = Encoding([{"pdu": "submit_sm"}])
    shown = run(family(store, encoding=encoding), "message", "trace", id="7")
    assert "secret" not in json.dumps(shown) and "pdus_encoded_again" not in shown and encoding.asked == []
    assert [row["step"] for row in shown["steps"]] == ["goes another way"] and shown["pushes"] == []
    shown = run(family(store, encoding=encoding), "message", "trace", id="7", text="yes", pdus="yes", numbers="yes")
    assert (shown["text"], shown["pdus_encoded_again"]) == ("secret", [{"pdu": "submit_sm"}])
    assert encoding.asked == [(7, True, True)]
    broken = Encoding(ValueError("there is no connector b"))
    shown = run(family(store, encoding=broken), "message", "trace", id="7", pdus="yes")
    assert shown["pdus_encoded_again"] == "cannot be told: there is no connector b"
    with pytest.raises(CommandError, match="there is no message 8"):
        run(family(Store(trace=None)), "message", "trace", id="8")


def test_who_may_what():
    needs = {command.verb: command.needs for command in family(Store()).commands()}
    assert needs == {
        "find": "read",
        "show": "read",
        "trace": "operate",
        "resend": "admin",
        "cancel": "operate",
        "erase": "admin",
    }
