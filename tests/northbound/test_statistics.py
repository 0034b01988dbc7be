"""What became of a span of time: steps of the tenant's zone, what is remembered, and what it may cost."""

import itertools
import json

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from smsgwd.model.counting import RANGE, SENDER, SENT, UNSENT, SpanPage, SpanRow, class_of
from smsgwd.model.message import State
from smsgwd.model.refusals import Refusal, Refused
from smsgwd.model.tenant import Tenant
from smsgwd.northbound.statistics import StatisticsDesk
from smsgwd.northbound.statistics_cells import MOST_KEYS
from smsgwd.ports.store import StoreUnavailable
from tests.app.fakes import FakeClock, now

DEMO = Tenant("demo", time_zone="Europe/Athens")
MIDNIGHT = 1_799_964_000_000  # 2027-01-15 in Athens
NOON = MIDNIGHT + 12 * 3_600_000
DAY = 86_400_000
SOON = class_of(3_500)


class FakeStore:
    """Messages as (submitted_at, SpanRow), two a call; `asked` is what was asked for."""

    def __init__(self, *messages):
        self.messages = list(messages)
        self.asked = []
        self.held = None
        self.rows_a_call = 2
        self.each_call = lambda: None

    def counted(self, tenant, between, by, after):
        self.asked.append((tenant, between, by, after))
        self.each_call()
        if self.held is not None:
            self.held.append(Deferred())
            return self.held[-1]
        inside = [row for at, row in self.messages if between[0] <= at < between[1]]
        page = inside[after : after + self.rows_a_call]
        more = after + self.rows_a_call < len(inside)
        return succeed(SpanPage(tuple(page), after + self.rows_a_call if more else None))


def row(state=State.DELIVERED, time=SOON, key="", messages=1, parts=1, price=40_000):
    return SpanRow(key, int(state), time, messages, parts, price)


class World:
    def __init__(self, *messages, tenant=DEMO):
        self.store = FakeStore(*messages)
        self.clock = FakeClock(NOON)
        self.desk = StatisticsDesk(self.store, self.clock)
        self.tenant = tenant

    def begin(self, **query):
        return Deferred.fromCoroutine(
            self.desk.statistics(self.tenant, {name: [value] for name, value in query.items()})
        )

    def ask(self, **query):
        return json.loads(now(self.begin(**query)).body)


def test_days_are_the_tenants():
    world = World(
        (MIDNIGHT - 1, row(State.UNDELIVERED, SENT)),
        (MIDNIGHT, row(parts=3, price=120_000)),
        (MIDNIGHT + 1, row(State.QUEUED, UNSENT)),
        (MIDNIGHT + 2, row(State.CANCELLED, UNSENT)),
    )
    found = world.ask()
    *_, yesterday, today = found["rows"]
    assert (yesterday["key"], yesterday["messages"], yesterday["states"]) == ("2027-01-14", 1, {"undelivered": 1})
    assert today == {
        "key": "2027-01-15",
        "from_date": "2027-01-14T22:00:00.000Z",
        "messages": 3,
        "parts": 5,
        "cost": "0.1600",  # what was cancelled is given back
        "states": {"cancelled": 1, "delivered": 1, "queued": 1},
        "delivery_seconds": {"median": 3.5, "p95": 4.0},
    }
    assert (found["total"]["messages"], found["total"]["cost"]) == (4, "0.2000")
    assert (found["by"], found["time_zone"], found["complete"], found["currency"]) == (
        "day",
        "Europe/Athens",
        True,
        "EUR",
    )
    assert found["to_date"] == "2027-01-15T10:00:00.000Z"
    assert len(found["rows"]) == 30


def test_what_its_terms_refund_costs_nothing():
    world = World((MIDNIGHT, row(State.UNDELIVERED, SENT)), tenant=Tenant("demo", refunds=("undelivered",)))
    assert world.ask()["total"]["cost"] == "0.0000"


def test_every_step_is_there_and_the_whole_span():
    world = World()
    found = world.ask(from_date="2026-10-24T12:00:00+03:00", to_date="2026-10-27T09:00:00+02:00")
    assert [(each["key"], each["from_date"]) for each in found["rows"]] == [
        ("2026-10-24", "2026-10-24T09:00:00.000Z"),
        ("2026-10-25", "2026-10-24T21:00:00.000Z"),  # 25 hours: clocks are set back
        ("2026-10-26", "2026-10-25T22:00:00.000Z"),
        ("2026-10-27", "2026-10-26T22:00:00.000Z"),
    ]
    spans = sorted(between for _, between, _, _ in world.store.asked)
    assert all(one[1] == other[0] for one, other in itertools.pairwise(spans))
    assert spans[-1][1] == 1_793_084_400_000  # 2026-10-27T07:00:00Z


def test_hours_where_clocks_are_set_back():
    found = World().ask(by="hour", from_date="2026-10-25T02:00:00+03:00", to_date="2026-10-25T05:00:00+02:00")
    assert [each["key"] for each in found["rows"]] == [
        "2026-10-25T02:00:00+03:00",
        "2026-10-25T03:00:00+03:00",
        "2026-10-25T03:00:00+02:00",
        "2026-10-25T04:00:00+02:00",
    ]


def test_hours_of_a_zone_between_hours():
    found = World(tenant=Tenant("demo", time_zone="Asia/Kolkata")).ask(by="hour")
    assert len(found["rows"]) == 24
    assert found["rows"][-1]["key"] == "2027-01-15T15:00:00+05:30"


def test_a_zone_that_is_not_there_any_more_is_utc():
    assert World(tenant=Tenant("demo", time_zone="Mars/Olympus")).ask()["time_zone"] == "UTC"


@pytest.mark.parametrize(
    ("by", "kind", "keys"),
    [
        ("country", RANGE, [("GR", 3), ("GB", 1), ("", 1)]),
        ("sender", SENDER, [("30691234", 3), ("00000000", 1), ("44770090", 1)]),
    ],
)
def test_by_what_they_have_in_common(by, kind, keys):
    world = World(
        (MIDNIGHT, row(key="30691234", messages=2)),
        (MIDNIGHT - DAY, row(key="30691234")),
        (MIDNIGHT, row(key="44770090")),
        (MIDNIGHT, row(key="00000000")),
    )
    found = world.ask(by=by)
    assert sorted((each["key"], each["messages"]) for each in found["rows"]) == sorted(keys)
    assert found["rows"][0]["messages"] == 3
    assert {asked[2] for asked in world.store.asked} == {kind}
    assert "from_date" not in found["rows"][0]


def test_by_state():
    world = World((MIDNIGHT, row(State.WAITING, UNSENT)), (MIDNIGHT, row(State.QUEUED, UNSENT)), (MIDNIGHT, row()))
    found = world.ask(by="state")
    assert [(each["key"], each["messages"]) for each in found["rows"]] == [("queued", 2), ("delivered", 1)]


def test_of_very_many_senders_the_rest_is_told_together():
    world = World(*((MIDNIGHT, row(key=f"S{number}")) for number in range(MOST_KEYS + 50)))
    world.store.rows_a_call = 5000
    found = world.ask(by="sender")
    assert len(found["rows"]) == 101
    assert found["rows"][-1]["key"] is None
    assert found["rows"][-1]["messages"] == MOST_KEYS + 50 - 100
    assert found["total"]["messages"] == MOST_KEYS + 50


def asked_again(world, **query):
    """How many calls it takes to answer once more."""
    before = len(world.store.asked)
    world.ask(**query)
    return len(world.store.asked) - before


def test_days_that_are_over_are_counted_once():
    world = World((MIDNIGHT - DAY, row()), (MIDNIGHT - 2 * DAY, row(State.SENT, SENT)), (MIDNIGHT, row()))
    world.ask()
    assert asked_again(world) == 0
    world.clock.advance(6)
    assert asked_again(world) == 1  # today
    world.clock.advance(60)
    assert asked_again(world) == 2  # and the day of which something is open
    world.clock.advance(3600)
    assert asked_again(world) == 30


def test_one_tenant_is_told_nothing_that_was_counted_for_another():
    world = World((MIDNIGHT, row()))
    world.ask()
    world.tenant = Tenant("other", time_zone="Europe/Athens")
    assert asked_again(world) == 30


def test_what_takes_too_long_goes_on_when_it_is_asked_again():
    world = World(*((MIDNIGHT - DAY, row()) for _ in range(20)))
    world.store.each_call = lambda: world.clock.advance(1)
    found = world.ask()
    assert (found["complete"], len(world.store.asked)) == (False, 5)
    assert [each["messages"] for each in found["rows"][-2:]] == [8, 0]  # today first, then four calls of two
    assert world.ask()["rows"][-2]["messages"] == 18
    counts = [world.ask() for _ in range(9)]
    assert counts[-1]["complete"] is True
    assert counts[-1]["total"]["messages"] == 20


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ({"by": "moon"}, "by:"),
        ({"from_date": "2027-01-15T00:00:00Z", "to_date": "2027-01-15T00:00:00Z"}, "not before"),
        ({"from_date": "2026-01-01T00:00:00Z"}, "92 days"),
        ({"from_date": "2027-01-01T00:00:00Z", "by": "hour"}, "7 days at most are counted by hour"),
        ({"from_date": "9999-12-30T00:00:00Z", "to_date": "9999-12-31T23:59:59Z"}, "not before"),
        ({"from_date": "0001-01-01T00:00:00Z", "to_date": "0001-01-02T00:00:00Z"}, "not before"),
        ({"to_date": "0001-01-02T00:00:00Z"}, "not before"),
        ({"from_date": "yesterday"}, "from_date"),
    ],
)
def test_what_cannot_be_counted(query, detail):
    with pytest.raises(Refused) as caught:
        World().ask(**query)
    assert caught.value.refusal is Refusal.INVALID
    assert detail in caught.value.detail


def test_one_request_of_a_tenant_is_counted_at_a_time():
    world = World()
    world.store.held = []
    waiting = [world.begin(from_date="2027-01-15T09:00:00Z", to_date=f"2027-01-15T09:0{n}:00Z") for n in range(1, 6)]
    assert len(world.store.held) == 1
    with pytest.raises(Refused) as caught:
        now(world.begin())
    assert caught.value.refusal is Refusal.OVER_RATE
    other = StatisticsDesk(world.store, world.clock)
    world.store.held[0].errback(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        now(waiting[0])
    assert len(world.store.held) == 2  # the next one has its turn
    held, world.store.held = world.store.held, None
    held[1].callback(SpanPage((), None))
    assert [now(each).status for each in waiting[1:]] == [200] * 4
    assert now(Deferred.fromCoroutine(other.statistics(DEMO, {}))).status == 200


def test_a_store_that_is_away_is_said():
    world = World()
    world.store.counted = lambda *asked: fail(StoreUnavailable())
    with pytest.raises(StoreUnavailable):
        world.ask()
