"""What asks for a phone, and what becomes of it where no phone can take it."""

from smsgwd.admission.admit import Policy, account_of
from smsgwd.app.maker import Maker
from smsgwd.app.ways import Ways
from smsgwd.model.message import DEVICE_THEN_NETWORK
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.routing.choice import Chooser
from smsgwd.routing.table import Routes, Rule
from tests.app.made import RoutingTables, message
from tests.app.pipelines import Tables, guards

NOW = 1_800_000_000_000
BOTH = (Rule(("phone", "phone2")), Rule(("sim", "sim2")))
PHONES = frozenset(("phone", "phone2"))


def made(*, up, failover=True, rules=BOTH, tenant=None):
    tenant = tenant or Tenant("demo")
    routes = Routes(rules, devices=PHONES)
    maker = Maker(Tables(routes, set(up).__contains__), Policy(), None, guards())
    item = Item("Shop", "306912345678", "Hello", channel="device", failover=failover)
    [entry] = (result := maker.make([item], account_of(tenant), 100, NOW)).entries
    if entry.error is not None:
        return entry.error.code
    [kept] = result.messages
    return kept.channel, kept.connector, kept.fallback


def test_a_phone_that_is_up_takes_it():
    assert made(up={"phone2", "sim"}) == (DEVICE_THEN_NETWORK, "phone2", "sim,sim2")
    assert made(up={"phone", "sim"}, failover=False) == ("device", "phone", None)


def test_without_a_phone_that_is_up_the_network_does_if_asked_to():
    assert made(up={"sim2"}) == ("network", "sim2", None)
    assert made(up={"sim2"}, failover=False) == ("device", "phone", None)  # it waits for its phone


def test_without_a_route_to_a_phone():
    network = (Rule(("sim",)),)
    assert made(up={"sim"}, rules=network) == ("network", "sim", None)
    assert made(up={"sim"}, rules=network, failover=False) == "no_route"
    kind = Tenant("demo", device_fallback=True)
    assert made(up={"sim"}, rules=network, failover=False, tenant=kind) == ("network", "sim", None)


def test_without_any_network_it_waits_for_its_phone():
    phones = (Rule(("phone", "phone2")),)
    assert made(up=set(), rules=phones) == ("device", "phone", None)
    assert made(up={"phone"}, rules=phones) == (DEVICE_THEN_NETWORK, "phone", None)


def ways(*up):
    routes = Routes(BOTH, devices=PHONES)
    return Ways(RoutingTables(routes, Chooser(set(up).__contains__)), set(up).__contains__)


def asked(**fields):
    return message(1, channel=DEVICE_THEN_NETWORK, connector="phone", **fields)


def test_what_a_phone_refuses_for_good_goes_by_the_network():
    assert ways("phone2", "sim2").beyond(asked(), "phone") == "sim2"
    assert ways().beyond(asked(), "phone") == "sim"
    assert ways("sim", "sim2").beyond(asked(tried="sim"), "phone") == "sim2"
    assert ways("sim").beyond(asked(tried="sim,sim2"), "phone") is None


def test_what_the_network_refuses_for_good_is_over():
    assert ways("sim", "sim2").beyond(asked(), "sim") is None
    assert ways("sim").beyond(message(1, channel="device", connector="phone"), "phone") is None
    assert ways("sim").beyond(message(1, connector="phone"), "phone") is None


def test_a_queue_behind_a_dead_phone_goes_over_to_the_network():
    there = ways("sim")
    assert there.up_beside("phone") == {"sim"}
    assert there.way_for(asked(), "phone") == "sim"
    assert there.way_for(message(1, channel="device", connector="phone"), "phone") is None
    assert ways("phone2").up_beside("sim") == frozenset()


def test_the_next_way_is_another_phone_first():
    assert ways("phone2", "sim").next_way(asked(), "phone") == "phone2"
    assert ways("sim").next_way(asked(), "phone") == "sim"
