"""The sources of the configuration, in its order."""

from twisted.internet.defer import succeed

from smsgwd.app.lookup_sources import PlanSource, sources_of
from smsgwd.config.model.lookups import Lookups
from smsgwd.model.lookups import LookupFacts, LookupState
from smsgwd.model.plan import NumberPlan
from smsgwd.ports.push import HttpAnswer
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
