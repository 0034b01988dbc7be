import pytest
from twisted.internet.defer import Deferred

from smsgwd.model.message import Coding, Failure, Message, MessageView, State
from smsgwd.model.refusals import Refusal
from smsgwd.model.submission import Entry
from smsgwd.ports.store import StoreUnavailable
from smsgwd.smpp.pdu import CancelSm, QuerySm, ReplaceSm
from tests.northbound.esme.requests_world import World, refused

NOW = 1_780_000_000_000


def view(number=7, state=State.QUEUED, **changes):
    values = {"source": "iSMS", "dest": "306912345678", "state": state, "account": "ann", "asks": 1, **changes}
    done_at, error = values.pop("done_at", None), values.pop("error", None)
    message = Message(
        number, 6, "demo", values.pop("source"), values.pop("dest"), "306912345678", b"x", Coding.GSM7, 1, "sim",
        NOW, NOW + 60_000, **values,
    )  # fmt: skip
    return MessageView(message, None, done_at, error, None)


@pytest.fixture
def world():
    world = World()
    world.messages.views["demo", 7] = view()
    return world


def query(world, message_id=b"7", source=b"iSMS", version=0x34, tenant="demo"):
    bind = world.bind(world.account(tenant=tenant), version=version)
    world.take(bind, QuerySm(sequence=3, message_id=message_id, source_addr=source))
    return bind.connection.answers[0]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        (State.SCHEDULED, 1),
        (State.WAITING, 1),
        (State.QUEUED, 1),
        (State.SENT, 1),
        (State.DELIVERED, 2),
        (State.EXPIRED, 3),
        (State.CANCELLED, 4),
        (State.UNDELIVERED, 5),
        (State.UNKNOWN, 7),
        (State.REJECTED, 8),
    ],
)
def test_query_tells_the_state(world, state, told):
    done_at = NOW if state.final else None
    world.messages.views["demo", 7] = view(state=state, done_at=done_at)
    answer = query(world)
    assert (answer.status, answer.message_id, answer.message_state) == (0, b"7", told)
    assert answer.final_date == (b"260528202640000+" if state.final else b"")
    assert answer.error_code == 0


def test_a_scheduled_message_has_a_word_of_its_own_in_5_0(world):
    world.messages.views["demo", 7] = view(state=State.SCHEDULED)
    assert query(world, version=0x50).message_state == 0


@pytest.mark.parametrize(("status", "code"), [(0x0B, 0x0B), (0x400, 255), (None, 255)])
def test_query_tells_the_error_as_far_as_an_octet_holds_it(world, status, code):
    world.messages.views["demo", 7] = view(
        state=State.REJECTED, done_at=NOW, error=Failure("smsc_rejected", "", status)
    )
    assert query(world).error_code == code


def test_ids_that_are_none_or_anothers_are_unknown(world):
    assert query(world, tenant="other").status == 0x0C
    for message_id in (b"", b"8", b"x", b"-7", b"+7", b" 7", b"7_0", b"9" * 19, b"9" * 64, "٧".encode()):
        assert query(world, message_id).status == 0x0C


def test_the_sender_must_be_that_of_the_message_when_it_is_said(world):
    assert query(world, source=b"other").status == 0x67
    assert query(world, source=b"").status == 0
    world.messages.views["demo", 7] = view(source="+306900000000")
    assert query(world, source=b"306900000000").status == 0


def test_of_a_submit_multi_the_least_finished_state_is_told(world):
    done = view(8, State.DELIVERED, done_at=NOW)
    world.messages.views["demo", 6] = [view(7, State.SENT), done]
    assert query(world, b"6").message_state == 1
    world.messages.views["demo", 6] = [view(7, State.EXPIRED, done_at=NOW - 60_000), done]
    answer = query(world, b"6")
    assert (answer.message_state, answer.final_date) == (3, b"260528202640000+")


def test_a_store_that_cannot_be_read_is_a_system_error(world):
    world.messages.error = StoreUnavailable("gone")
    assert query(world).status == 0x08
    world.messages.error = ValueError("a bug")
    assert query(world).status == 0x08


# ---------------------------------------------------------------------------------------------------- cancel


def cancel(world, **fields):
    bind = world.bind()
    world.take(bind, CancelSm(sequence=4, **fields))
    return bind.connection.statuses[0][1]


def test_cancel_by_id(world):
    assert cancel(world, message_id=b"7", source_addr=b"iSMS", destination_addr=b"306912345678") == 0
    assert world.messages.cancelled == [("demo", 7)]
    assert cancel(world, message_id=b"7", source_addr=b"other") == 0x11
    assert cancel(world, message_id=b"7", destination_addr=b"30699") == 0x11
    assert cancel(world, message_id=b"8") == 0x0C
    assert world.messages.cancelled == [("demo", 7)]


def test_what_has_left_cannot_be_cancelled(world):
    world.messages.cancel = lambda tenant, any_id: world.esmes._answer()
    world.esmes.result = refused(Refusal.TOO_LATE)
    assert cancel(world, message_id=b"7") == 0x11


def test_cancel_by_address(world):
    world.esmes.result = 2
    assert cancel(world, source_addr=b"iSMS", destination_addr=b"306912345678", service_type=b"CMT") == 0
    assert world.esmes.asked == [("cancel", "demo", "iSMS", "306912345678", "CMT")]
    assert cancel(world, source_addr=b"iSMS", destination_addr=b"306912345678", dest_addr_ton=1) == 0
    assert world.esmes.asked[-1] == ("cancel", "demo", "iSMS", "+306912345678", "")  # no number at home
    world.esmes.result = refused(Refusal.NOT_FOUND)
    assert cancel(world, source_addr=b"iSMS", destination_addr=b"306912345678") == 0x11
    world.esmes.result = refused(Refusal.TOO_LATE)
    assert cancel(world, source_addr=b"iSMS", destination_addr=b"306912345678") == 0x11
    world.esmes.result = refused(Refusal.INVALID_RECIPIENT)
    assert cancel(world, source_addr=b"iSMS", destination_addr=b"x") == 0x0B
    assert cancel(world, source_addr=b"iSMS") == 0x0B
    assert cancel(world, destination_addr=b"306912345678") == 0x0A


# ---------------------------------------------------------------------------------------------------- replace


def replace(world, **fields):
    bind = world.bind()
    world.take(bind, ReplaceSm(**{"sequence": 5, "message_id": b"7", "short_message": b"new", **fields}))
    return bind.connection.statuses[0][1]


def test_replace_puts_another_text_in_its_place(world):
    world.esmes.result = Entry("306912345678", 7, State.QUEUED, 1)
    assert replace(world, source_addr=b"iSMS", registered_delivery=2) == 0
    kind, item, tenant, number = world.esmes.asked[0]
    assert (kind, item.text, item.asks, item.dest, tenant, number) == ("replace", "new", 2, "306912345678", "demo", 7)


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (refused(Refusal.TOO_LATE), 0x13),
        (refused(Refusal.NOT_FOUND), 0x0C),
        (refused(Refusal.INVALID_TEXT), 0x45),
        (Entry("", error=Failure("no_credit")), 0x45),
        (RuntimeError("a bug"), 0x08),
    ],
)
def test_what_stands_against_it_is_told(world, result, status):
    world.esmes.result = result
    assert replace(world) == status


def test_what_is_not_replaced(world):
    assert replace(world, source_addr=b"other") == 0x13
    assert replace(world, sm_default_msg_id=1) == 0x63
    assert replace(world, validity_period=b"000000000000000R") == 0x62
    for state in (State.SENT, State.DELIVERED):
        world.messages.views["demo", 7] = view(state=state)
        assert replace(world) == 0x13
    world.messages.views["demo", 6] = [view(7), view(8)]
    assert replace(world, message_id=b"6") == 0x13
    assert world.esmes.asked == []


# ------------------------------------------------------------------------------------------------- many at a time


class Slow:
    """`Messages` that answer when the test wants."""

    def __init__(self):
        self.asked = []

    def get(self, tenant, any_id):
        self.asked.append((any_id, Deferred()))
        return self.asked[-1][1]


def test_a_flood_of_one_bind_is_done_a_few_at_a_time():
    world = World()
    slow = world.messages.get = Slow().get
    asked = slow.__self__.asked
    bind, other = world.bind(), world.bind()
    world.take(bind, *(QuerySm(sequence=n, message_id=b"%d" % n) for n in range(1, 101)))
    world.take(other, QuerySm(sequence=1, message_id=b"1"))
    assert [number for number, _ in asked] == [*range(1, 17), 1]
    for number in range(100):
        asked[number if number < 16 else number + 1][1].callback(None)
    assert [sequence for sequence, _ in bind.connection.statuses] == list(range(1, 101))
    assert other.connection.answers == []
    asked[16][1].callback(None)
    assert other.connection.statuses == [(1, 0x0C)]


def test_what_is_asked_of_one_message_is_done_in_order(world):
    first, second = Deferred(), Deferred()
    world.esmes.result = first
    bind = world.bind()
    replacement = {"message_id": b"7", "source_addr": b"iSMS", "short_message": b"new"}
    world.take(bind, ReplaceSm(sequence=1, **replacement), ReplaceSm(sequence=2, **replacement))
    world.take(bind, CancelSm(sequence=3, message_id=b"7", source_addr=b"iSMS"), QuerySm(sequence=4, message_id=b"8"))
    assert len(world.esmes.asked) == 1 and world.messages.cancelled == []
    world.esmes.result = second
    first.callback(Entry("306912345678", 7, State.QUEUED, 1))
    assert len(world.esmes.asked) == 2 and world.messages.cancelled == []
    second.callback(Entry("306912345678", 7, State.QUEUED, 1))
    assert world.messages.cancelled == [("demo", 7)]
    assert bind.connection.statuses == [(1, 0), (2, 0), (3, 0), (4, 0x0C)]


def test_what_waits_of_a_bind_that_goes_is_not_done(world):
    looking = world.esmes.result = Deferred()
    bind = world.bind()
    replacement = {"message_id": b"7", "source_addr": b"iSMS", "short_message": b"new"}
    world.take(bind, *(ReplaceSm(sequence=n, **replacement) for n in range(1, 10)))
    world.requests.unbound(bind)
    looking.callback(Entry("306912345678", 7, State.QUEUED, 1))
    assert len(world.esmes.asked) == 1 and bind.connection.answers == []


def test_many_that_are_over_at_once_do_not_pile_up_on_the_stack(world):
    bind = world.bind()
    first = world.esmes.result = Deferred()
    world.take(bind, ReplaceSm(sequence=1, message_id=b"7", source_addr=b"iSMS", short_message=b"new"))
    world.take(bind, *(QuerySm(sequence=n, message_id=b"7") for n in range(2, 3000)))
    first.callback(Entry("306912345678", 7, State.QUEUED, 1))
    assert bind.connection.statuses == [(n, 0) for n in range(1, 3000)]
