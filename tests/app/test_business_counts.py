"""Links, lookups, held messages and bookings in the metrics."""

from prometheus_client import CollectorRegistry

from smsgwd.admission.duplicates import RecentTexts
from smsgwd.admission.flood import FloodGuard
from smsgwd.app.business_counts import count
from smsgwd.app.guards import Guards
from smsgwd.app.observe import Results
from smsgwd.model.business import Booked
from smsgwd.model.changes import Ignored, Swept
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.message import State
from smsgwd.model.refusals import Refused
from smsgwd.model.tenant import Flood, Tenant
from smsgwd.telemetry import Metrics
from tests.app.made import message
from tests.app.test_link_desk import Stand as LinkStand
from tests.app.test_lookup_desk import NUMBER, OTHER, Source
from tests.app.test_lookup_desk import Stand as LookupStand


class World:
    def __init__(self, *sources, **settings):
        self.metrics = Metrics(CollectorRegistry())
        self.links = LinkStand()
        self.lookups = LookupStand(*sources, **settings)
        self.guards = Guards(RecentTexts(), FloodGuard(), lambda tenant, prefix: None)
        count(self.metrics, self.links.desk, self.lookups.desk, self.lookups.asking, self.guards)

    def value(self, name, **labels):
        return self.metrics.registry.get_sample_value("smsgwd_" + name, labels)


def test_links_are_counted_with_who_opened_them():
    world = World()
    link, _ = world.links.made()
    world.links.open(link.code)
    world.links.open(link.code)
    world.links.open(link.code, bot=True)
    world.links.open("x" * 10)
    world.links.open("no code")
    assert world.value("links_made_total") == 1
    found = {by: world.value("link_openings_total", by=by) for by in ("person", "again", "bot", "nowhere")}
    assert found == {"person": 1, "again": 1, "bot": 1, "nowhere": 2}


def test_lookups_are_counted_as_they_come_and_as_they_end():
    world = World()
    world.lookups.ask(NUMBER, "12")
    world.lookups.ask(NUMBER)
    assert world.value("lookups_asked_total", how="asked") == 1
    assert world.value("lookups_asked_total", how="invalid") == 1
    assert world.value("lookups_asked_total", how="cached") == 1
    assert world.value("lookups_ended_total", state="Delivered") == 1
    assert world.value("lookups_waiting") == 0


def test_a_source_in_trouble_is_counted_and_what_waits_for_it():
    world = World(Source("hlr", OSError("down"), LookupFacts(LookupState.UNKNOWN)))
    world.lookups.ask(OTHER)
    assert world.value("lookup_source_failures_total", source="hlr") == 1
    assert world.value("lookups_waiting") == 1
    world.lookups.run(2)
    assert world.value("lookups_ended_total", state="Unknown") == 1
    assert world.value("lookups_waiting") == 0


def test_lookups_without_credit_are_counted():
    world = World(credit=1)
    try:
        world.lookups.ask(NUMBER, OTHER)
    except Refused as refused:
        assert refused.refusal.code == "no_credit"
    assert world.value("lookups_asked_total", how="no_credit") == 2


def test_held_messages_are_counted():
    world = World()
    tenant = Tenant("shop", flood=Flood(prefix=7, window_s=60, most=1))
    for each in range(1, 4):
        world.guards.check(tenant, message(each), 1_000_000)
    assert world.value("messages_held_total") == 2


def test_bookings_and_what_ended_are_counted():
    world = World()
    Results(world.metrics)(
        [
            Swept((3,), (), False, State.REJECTED),
            Booked(1, 5),
            Ignored("no_credit"),
            Ignored("repeated"),
            Ignored("repeated", 7),  # of a message
        ]
    )
    assert world.value("messages_final_total", state="rejected") == 1
    assert world.value("ledger_bookings_total") == 1
    assert world.value("ledger_bookings_refused_total", reason="no_credit") == 1
    assert world.value("ledger_bookings_refused_total", reason="repeated") == 1
