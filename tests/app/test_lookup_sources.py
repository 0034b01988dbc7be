"""The sources of the configuration, in its order."""

import pytest
from twisted.internet.defer import succeed

from smsgwd.app.lookup_sources import PlanSource, ProviderTrouble, sources_of
from smsgwd.config.model.lookups import Lookups
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.plan import NumberPlan
from smsgwd.ports.push import HttpAnswer
from smsgwd.providers.verdicts import Park, Stop
from smsgwd.southbound.provider.calls import Done, LookUp
from tests.app.fakes import now

PLAN = NumberPlan([("3069", "GR", "202", "01", "Cosmote")])


class Http:
    def get(self, url, query, headers, timeout_s):
        self.asked = (url, query, headers, timeout_s)
        return succeed(HttpAnswer(200, {}, b'{"state":"delivered"}'))


def test_the_plan_tells_the_owner_of_a_range_and_invents_nothing():
    source = PlanSource(PLAN.find)
    assert now(source.lookup("306971234567")) == LookupFacts(
        LookupState.UNKNOWN, country="GR", operator="Cosmote", source="plan"
    )
    assert now(source.lookup("447912345678")) is None


def test_without_sources_there_is_the_plan():
    [source] = sources_of(Lookups(), Http(), PLAN.find)
    assert source.name == "plan"


def test_sources_in_order_with_what_they_are_sent():
    url = "http://hlr.example/{msisdn}"
    section = Lookups(
        sources=(
            {"kind": "http", "name": "first", "url": url, "headers": {"X-Key": "k"}, "timeout_s": 3.0},
            {"kind": "plan"},
        )
    )
    http = Http()
    first, second = sources_of(section, http, PLAN.find)
    assert (first.name, second.name) == ("first", "plan")
    assert now(first.lookup("306971234567")).source == "first"
    url, _, headers, timeout_s = http.asked
    assert (url, headers["X-Key"], timeout_s) == ("http://hlr.example/306971234567", "k", 3.0)


class Provider:
    def __init__(self, done: Done) -> None:
        self.done = done

    def call(self, call, *, limit_s=None):
        self.asked = (call, limit_s)
        return succeed(self.done)


def of_connector(provider):
    section = Lookups(sources=({"kind": "provider", "connector": "isms1", "timeout_s": 4.0},))
    [source] = sources_of(section, Http(), PLAN.find, {"isms1": provider}.get)
    return source


def test_a_connector_is_asked_and_its_name_is_that_of_the_answer():
    provider = Provider(Done(number=LookupFacts(LookupState.DELIVERED, mcc="202", mnc="01", source="isms")))
    source = of_connector(provider)
    assert now(source.lookup("306971234567")) == LookupFacts(LookupState.DELIVERED, mcc="202", mnc="01", source="isms1")
    assert provider.asked == (LookUp("306971234567"), 4.0)
    assert source.name == "isms1"


def test_a_provider_that_knows_nothing_leaves_it_to_the_next_source():
    assert now(of_connector(Provider(Done())).lookup("306971234567")) is None


@pytest.mark.parametrize(
    ("done", "why"),
    [
        (Done(trouble="no answer in 4 s"), "no answer in 4 s"),
        (Done(halted=Park("no credit")), "no credit"),
        (Done(halted=Stop("")), "Stop"),
    ],
)
def test_a_provider_in_trouble_fails_so_that_others_are_asked(done, why):
    with pytest.raises(ProviderTrouble, match=f"^{why}$"):
        now(of_connector(Provider(done)).lookup("306971234567"))


def test_a_connector_that_a_reload_removed_is_a_source_in_trouble():
    with pytest.raises(ProviderTrouble, match="no connector isms1"):
        now(of_connector(None).lookup("306971234567"))
