"""Messages sent again."""

import pytest
from twisted.internet.defer import succeed

from smsgwd.app.resend import Resend, item_of
from smsgwd.model.business import Book, Booked
from smsgwd.model.callbacks import Callback, pack_callback
from smsgwd.model.changes import Ignored, Note
from smsgwd.model.ledger import EntryKind
from smsgwd.model.message import DEVICE_THEN_NETWORK, Coding, Failure, State
from smsgwd.model.refusals import Refused
from smsgwd.model.submission import Entry, Outcome
from smsgwd.model.tenant import Tenant
from smsgwd.model.wire import Wire, pack_wire
from smsgwd.ports.store import MessageTrace
from tests.app.fakes import FakeClock, now
from tests.app.made import NOW_MS, message, view

TENANT = Tenant("demo")
UNDELIVERED = State.UNDELIVERED


class Store:
    def __init__(self, *messages, booked=None):
        self.all = {each.id: each for each in messages}
        self.booked = booked or Booked(1, 0)
        self.log = []

    def trace(self, message_id):
        found = self.all.get(message_id)
        return succeed(None if found is None else MessageTrace(view(found), ()))

    def message(self, tenant, message_id):
        return succeed(view(self.all[message_id]))

    def commit(self, changes):
        self.log += changes
        return succeed([self.booked if isinstance(change, Book) else None for change in changes])


class Submitter:
    def __init__(self, entry):
        self.entry = entry
        self.taken = []

    def submit(self, submission):
        self.taken.append(submission)
        return succeed(Outcome(8, [self.entry]))


def entry(**fields):
    return Entry(**{"dest": "+306912345678", "id": 9, "state": State.QUEUED, "parts": 1, "price": 40_000, **fields})


def resend(store, submitter, number=1, *, tenants=None, force=False, free=False):
    service = Resend(store, FakeClock(), submitter, (tenants or {"demo": TENANT}).get, lambda: 604_800)
    return now(service.resend(number, force=force, free=free))


def test_a_new_message_of_the_same_content_and_a_word_in_both_histories():
    store, submitter = Store(message(1, state=UNDELIVERED, client_ref="r")), Submitter(entry())
    assert resend(store, submitter).id == 9
    [submission] = submitter.taken
    [item] = submission.items
    assert (submission.tenant, submission.intake) == ("demo", "http")
    assert (item.source, item.dest, item.text, item.client_ref) == ("Shop", "+306912345678", "Hello", "r")
    assert [(change.message_id, change.type, change.detail) for change in store.log] == [
        (1, "resent", "as message 9"),
        (9, "resent", "for message 1"),
    ]
    assert all(isinstance(change, Note) for change in store.log)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (State.QUEUED, "may still arrive"),
        (State.SENT, "may still arrive"),
        (State.DELIVERED, "it came"),
        (State.UNKNOWN, "may have come"),
    ],
)
def test_one_that_may_arrive_is_sent_again_only_by_force(state, said):
    store, submitter = Store(message(1, state=state)), Submitter(entry())
    with pytest.raises(Refused) as caught:
        resend(store, submitter)
    assert said in caught.value.detail and submitter.taken == []
    assert resend(store, submitter, force=True).id == 9


def test_what_cannot_be_sent_again_says_why():
    submitter = Submitter(entry())
    for store, tenants, said in (
        (Store(), None, "there is no message 1"),
        (Store(message(1, state=UNDELIVERED)), {"other": TENANT}, "tenant demo is not there"),
        (Store(message(1, state=UNDELIVERED, body=b"")), None, "text is not kept"),
        (Store(message(1, state=UNDELIVERED, msisdn="")), None, "text is not kept"),
    ):
        with pytest.raises(Refused) as caught:
            resend(store, submitter, tenants=tenants)
        assert said in caught.value.detail
    assert submitter.taken == []


def test_a_refused_one_changes_nothing():
    store = Store(message(1, state=UNDELIVERED))
    refused = Entry("+306912345678", error=Failure("no_credit", ""))
    assert resend(store, Submitter(refused), free=True) is refused
    assert store.log == []


def test_for_nothing_its_tenant_and_those_above_get_the_price_back():
    store = Store(message(1, state=UNDELIVERED), message(9, payers="reseller=30000,top=20000"))
    resend(store, Submitter(entry()), free=True)
    book = store.log[-1]
    assert (book.tenant, book.kind, book.amount) == ("demo", EntryKind.CORRECTION, 40_000)
    assert book.ancestors == (("reseller", 30_000), ("top", 20_000))
    assert book.reference == "resend 9"
    store = Store(message(1, state=UNDELIVERED), message(9), booked=Ignored("too_large"))
    with pytest.raises(Refused) as caught:
        resend(store, Submitter(entry()), free=True)
    assert "sent as 9, but its price could not be given back" in caught.value.detail
    store = Store(message(1, state=UNDELIVERED))
    resend(store, Submitter(entry(price=0)), free=True)
    assert not any(isinstance(change, Book) for change in store.log)


def test_what_an_esme_said_stays():
    wire = Wire(1, 1, 1, 1, "CMT", 0x40, 0, 8, True, ((0x0204, b"\0\7"),))
    old = message(
        1, coding=Coding.BINARY, body=b"\x05\x00\x03\x2a\x02\x01abc", account="esme", asks=1, wire=pack_wire(wire)
    )
    item = item_of(old, TENANT, 604_800)
    assert (item.data, item.coding, item.wire, item.account, item.asks) == (old.body, "binary", wire, "esme", 1)
    assert item.dest == old.dest
    store, submitter = Store(message(1, state=UNDELIVERED, account="esme")), Submitter(entry())
    resend(store, submitter)
    assert submitter.taken[0].intake == "smpp"


def test_what_its_tenant_said_stays():
    callback = Callback("ardary")
    old = message(
        1,
        coding=Coding.UCS2,
        flash=True,
        priority=3,
        dlr_url="https://shop.example/dlr",
        channel=DEVICE_THEN_NETWORK,
        callback=pack_callback(callback),
        deadline=NOW_MS + 300_000,
    )
    item = item_of(old, TENANT, 604_800)
    assert (item.coding, item.flash, item.priority, item.dlr_url) == ("ucs2", True, 3, "https://shop.example/dlr")
    assert (item.channel, item.failover, item.callback, item.validity_s) == ("device", True, callback, 300)
    assert item_of(message(1), TENANT, 604_800).dlr_url == "", "one that told nobody tells nobody"
    assert item_of(message(1, deadline=NOW_MS + 10**12), TENANT, 604_800).validity_s == 604_800


def test_the_number_is_the_same_whatever_the_tenants_region_is_now():
    old = message(1, dest="6912345678")
    assert item_of(old, Tenant("demo", region="GR"), 604_800).dest == "6912345678"
    moved = item_of(old, Tenant("demo", region="DE"), 604_800)
    assert (moved.dest, moved.international) == ("+306912345678", True)
