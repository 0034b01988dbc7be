"""Events go to whoever their tenant told us, in the form it wants."""

import json

import pytest

from smsgwd.app.event_desk import EventDesk
from smsgwd.model.business import Push
from smsgwd.model.callbacks import Callback, unpack_event
from smsgwd.model.tenant import DialectSettings, Tenant
from smsgwd.ports.store import StoreUnavailable
from tests.app.business_store import BusinessStore
from tests.app.fakes import FakeOutbox, now

HOOK, BACK = "https://shop.example/events", "https://shop.example/cb"
DATA = b'{"a":1}'
NATIVE = Tenant("native", webhook_url=HOOK, callback_url=BACK)
ARDARY = Tenant("ardary", webhook_url=HOOK, callback_url=BACK, callback_style="ardary", time_zone="Europe/Athens")
TENANTS = {
    "native": NATIVE,
    "ardary": ARDARY,
    "bare": Tenant("bare", callback_style="ardary"),
    "hook": Tenant("hook", webhook_url=HOOK, callback_style="ardary"),
}


def desk():
    store, outbox = BusinessStore(), FakeOutbox()
    return EventDesk(store=store, tenants=TENANTS.get, outbox=outbox), store, outbox


def test_natively_to_the_webhook():
    events, store, outbox = desk()
    assert now(events.push("native", "call", DATA, 7)) == HOOK
    assert store.batches == [[Push("native", HOOK, "call", 7, DATA)]]
    [owed] = outbox.items
    assert (owed.url, owed.type, owed.payload) == (HOOK, "call", DATA)


@pytest.mark.parametrize(
    ("kind", "parameter"), [("call", "calls"), ("call.qualified", "calls"), ("link.clicked", "link")]
)
def test_in_ardarys_style_to_the_callback_url(kind, parameter):
    events, _, outbox = desk()
    assert now(events.push("ardary", kind, DATA, 7)) == BACK
    [owed] = outbox.items
    assert (owed.url, owed.type) == (BACK, kind)
    assert unpack_event(owed.payload) == (Callback("ardary", "Europe/Athens", fields={"parameter": parameter}), DATA)


def test_what_that_style_has_no_words_for_goes_to_the_webhook():
    events, _, outbox = desk()
    assert now(events.push("ardary", "number.ported", DATA, 7)) == HOOK
    assert json.loads(outbox.items[0].payload) == {"a": 1}


def test_without_a_url_for_callbacks_the_webhook_is_told():
    events, _, outbox = desk()
    assert now(events.push("hook", "call", DATA, 7)) == HOOK and outbox.items[0].payload == DATA


@pytest.mark.parametrize("tenant", ["bare", "nobody"])
def test_where_nobody_is_to_be_told_nothing_is_committed(tenant):
    events, store, outbox = desk()
    assert now(events.push(tenant, "call", DATA, 7)) is None
    assert not store.batches and not outbox.items


def test_a_store_that_is_away():
    events, store, outbox = desk()
    store.broken = True
    with pytest.raises(StoreUnavailable):
        now(events.push("native", "call", DATA, 7))
    assert not outbox.items


def test_parameters_of_the_tenants_own():
    events, _, _ = desk()
    tenant = Tenant(
        "x", callback_style="ardary", callback_url=BACK, dialects=DialectSettings(ardary_parameters={"calls": "c"})
    )
    change = events.change(tenant, "call", DATA, 7)
    assert unpack_event(change.payload)[0].fields == {"parameter": "c"}
