import msgspec
import pytest
from twisted.internet.defer import fail, succeed

from smsgwd.admission.admit import account_of
from smsgwd.app.esmes import EsmeService
from smsgwd.app.messages import MessageService
from smsgwd.app.pipeline import Pipeline
from smsgwd.model.changes import Cancel, Ignored, Moved, Replace, Replaced
from smsgwd.model.ids import IdGenerator
from smsgwd.model.message import Coding, Message, MessageView, State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.ports.store import StoreUnavailable
from smsgwd.routing.table import Routes, Rule
from tests.app.fakes import AtOnce, FakeClock, FakeDispatcher, FakeOutbox, FakeStore, now
from tests.app.pipelines import maker_of

NUMBER = "306912345678"
TENANT = Tenant("t", default_sender="Shop", prices=(("", 10),))


class Store(FakeStore):
    def unsent(self, tenant, source, msisdn, limit):
        found = [
            view
            for (owner, _), view in sorted(self.views.items(), reverse=True)
            if owner == tenant
            and view.message.source == source
            and msisdn in (None, view.message.msisdn)
            and view.message.state in (State.SCHEDULED, State.WAITING, State.QUEUED)
        ]
        return succeed(found[:limit])


class World:
    def __init__(self, tenant=TENANT):
        self.store, self.dispatcher, self.outbox = Store(), FakeDispatcher(), FakeOutbox()
        self.given_back = []
        self.dispatcher.restore = self.given_back.append
        self.clock = FakeClock()
        self.woken = []
        account = {"t": account_of(tenant)}.get
        self.pipeline = Pipeline(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=self.clock,
            turn=AtOnce(),
            ids=IdGenerator(5),
            **maker_of(Routes([Rule(("sim",), to=("30*",))]), self.dispatcher),
            accounts=account,
            scheduled=self.woken.append,
            observe=lambda *seen: None,
        )
        self.service = EsmeService(
            store=self.store,
            dispatcher=self.dispatcher,
            clock=self.clock,
            pipeline=self.pipeline,
            messages=MessageService(self.store, self.dispatcher, self.outbox, self.clock),
            accounts=account,
            scheduled=self.woken.append,
        )

    def keep(self, number, *, service_type="", **changes):
        values = {"source": "Shop", "account": "ann", "wire": pack_wire(Wire(service_type=service_type)), **changes}
        source = values.pop("source")
        message = Message(
            number, 100, "t", source, NUMBER, NUMBER, b"old", Coding.GSM7, 1, "sim", 5, 9 * 10**12, **values
        )
        self.store.views["t", number] = MessageView(message, None, None, None, None)
        return message

    def commit(self):
        """The store does what it was asked for."""
        changes, _ = self.store.waiting[0]
        results = []
        for change in changes:
            if isinstance(change, Replace):
                self.store.views["t", change.message.id] = MessageView(change.message, None, None, None, None)
                results.append(Replaced(change.message.id))
            else:
                view = self.store.views["t", change.message_id]
                message = msgspec.structs.replace(view.message, state=State.CANCELLED)
                self.store.views["t", change.message_id] = MessageView(message, None, None, None, None)
                results.append(Moved(change.message_id, State.CANCELLED, ("receipt",)))
        self.store.finish(results)


@pytest.fixture
def world():
    return World()


def item(text="new", service_type="", **changes):
    return Item(**{"source": "Shop", "dest": NUMBER, "text": text, "account": "ann", "asks": 1,
                   "wire": Wire(service_type=service_type), **changes})  # fmt: skip


def refusal(deferred):
    with pytest.raises(Refused) as caught:
        now(deferred)
    return caught.value.refusal


# ---------------------------------------------------------------------------------------------------- replace


def test_it_is_withdrawn_first_and_given_back_as_the_new_one(world):
    world.keep(101)
    answer = world.service.replace(item(), "t", 101)
    assert world.dispatcher.withdrawn == [101] and world.given_back == []
    [change] = world.store.log[0]
    assert isinstance(change, Replace) and change.tenant == "t"
    new = change.message
    assert (new.id, new.submission, new.submitted_at, new.body, new.account) == (101, 100, 5, b"new", "ann")
    world.commit()
    entry = now(answer)
    assert (entry.id, entry.state, entry.error) == (101, State.QUEUED, None)
    assert [message.body for message in world.given_back] == [b"new"]


def test_a_new_time_is_noted(world):
    world.keep(101)
    due = world.clock.wall + 3_600_000
    answer = world.service.replace(item(schedule_at=due), "t", 101)
    world.commit()
    assert now(answer).state is State.SCHEDULED
    assert world.woken == [due] and world.given_back[0].state is State.SCHEDULED


def test_what_cannot_be_replaced(world):
    world.keep(101, state=State.SENT)
    world.keep(102)
    world.dispatcher.flying = {102}
    assert refusal(world.service.replace(item(), "t", 101)) is Refusal.TOO_LATE
    assert refusal(world.service.replace(item(), "t", 102)) is Refusal.TOO_LATE
    assert refusal(world.service.replace(item(), "t", 103)) is Refusal.NOT_FOUND
    assert refusal(world.service.replace(item(), "other", 101)) is Refusal.NOT_FOUND
    assert world.store.log == [] and world.given_back == []


def test_a_new_text_that_is_refused_leaves_the_old_one(world):
    old = world.keep(101)
    assert refusal(world.service.replace(item("x" * 10_000), "t", 101)) is Refusal.TOO_MANY_PARTS
    assert world.given_back == [old]
    answer = world.service.replace(item(), "t", 101)
    world.store.finish([Replaced(101, "no_credit")])
    assert now(answer).error.code == "no_credit"
    assert world.given_back == [old, old]


def test_whatever_the_store_does_the_message_is_given_back(world):
    old = world.keep(101)
    answer = world.service.replace(item(), "t", 101)
    world.store.finish([Ignored("left", 101)])
    assert refusal(answer) is Refusal.TOO_LATE
    answer = world.service.replace(item(), "t", 101)
    world.store.fail(StoreUnavailable("full"))
    assert refusal(answer) is Refusal.STORE_UNAVAILABLE
    answer = world.service.replace(item(), "t", 101)
    world.store.fail(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        now(answer)
    assert world.given_back == [old, old, old]
    answer = world.service.replace(item(), "t", 101)
    real = world.store.message
    world.store.message = lambda tenant, number: fail(StoreUnavailable("unreadable"))
    world.commit()
    assert now(answer).id == 101
    assert world.given_back[3].body == b"new"
    world.store.message = real


def test_what_expired_meanwhile_is_given_back_as_expired(world):
    world.keep(101)
    answer = world.service.replace(item(), "t", 101)
    world.keep(101, state=State.EXPIRED)
    world.store.finish([Ignored("final", 101)])
    assert refusal(answer) is Refusal.TOO_LATE
    assert world.given_back[0].state is State.EXPIRED


# ------------------------------------------------------------------------------------------------ replace_if_present


def test_the_newest_with_the_same_addresses_and_service_is_replaced(world):
    world.keep(101, service_type="CMT")
    world.keep(102, service_type="CMT")
    world.keep(103)
    world.keep(104, service_type="CMT", account="bob")
    world.keep(105, service_type="CMT", source="Other")
    world.keep(106, service_type="CMT", state=State.SENT)
    answer = world.service.replace_pending(item(service_type="CMT"), "t")
    world.commit()
    assert now(answer).id == 102 and world.dispatcher.withdrawn == [102]
    answer = world.service.replace_pending(item(service_type="CMT", source=""), "t")  # the default sender's
    world.commit()
    assert now(answer).id == 102


def test_where_there_is_none_it_says_so(world):
    assert now(world.service.replace_pending(item(), "t")) is None
    world.keep(101)
    world.dispatcher.flying = {101}
    assert now(world.service.replace_pending(item(), "t")) is None
    assert refusal(world.service.replace_pending(item(dest="x"), "t")) is Refusal.INVALID_RECIPIENT
    assert refusal(world.service.replace_pending(item(), "gone")) is Refusal.UNAUTHENTICATED


# ------------------------------------------------------------------------------------------------ cancel by address


def test_all_that_has_not_left_is_cancelled(world):
    world.keep(101)
    world.keep(102, service_type="CMT")
    world.keep(103, state=State.SENT)
    world.keep(104, source="Other")
    answer = world.service.cancel_by_address("t", "Shop", "+" + NUMBER, "")
    assert {change.message_id for change in world.store.log[0]} == {101, 102}
    assert all(isinstance(change, Cancel) for change in world.store.log[0])
    world.commit()
    assert now(answer) == 2 and world.outbox.items == ["receipt", "receipt"]


def test_a_recipient_is_named_as_it_was_sent_to():
    """By the number at home of a tenant that writes such."""
    world = World(msgspec.structs.replace(TENANT, region="GR"))
    world.keep(101)
    pending = world.service.replace_pending(item(dest="6912345678"), "t")
    world.commit()
    assert now(pending).id == 101
    cancelled = world.service.cancel_by_address("t", "Shop", "6912345678", "")
    world.commit()
    assert now(cancelled) == 1


def test_of_one_service_only_when_it_is_named(world):
    world.keep(101)
    world.keep(102, service_type="CMT")
    answer = world.service.cancel_by_address("t", "Shop", NUMBER, "CMT")
    world.commit()
    assert now(answer) == 1 and world.dispatcher.withdrawn == [102]


def test_more_than_a_page_is_cancelled_page_by_page(world):
    for number in range(101, 1301):
        world.keep(number)
    answer = world.service.cancel_by_address("t", "Shop", NUMBER, "")
    for _ in range(3):
        world.commit()
    assert now(answer) == 1200


def test_nothing_to_cancel(world):
    assert refusal(world.service.cancel_by_address("t", "Shop", NUMBER, "")) is Refusal.NOT_FOUND
    assert refusal(world.service.cancel_by_address("t", "Shop", "nobody", "")) is Refusal.INVALID_RECIPIENT
    world.keep(101)
    world.dispatcher.flying = {101}
    assert refusal(world.service.cancel_by_address("t", "Shop", NUMBER, "")) is Refusal.TOO_LATE
    assert refusal(world.service.cancel_by_address("other", "Shop", NUMBER, "")) is Refusal.NOT_FOUND
