"""What a submission's items become: links in their texts, routes and their rewriting, margins, test numbers."""

import pytest

from smsgwd.admission.admit import Policy, account_of
from smsgwd.app.maker import Maker
from smsgwd.app.test_numbers import TEST_CONNECTOR
from smsgwd.model.links import Link
from smsgwd.model.message import State
from smsgwd.model.prices import PriceTable
from smsgwd.model.submission import Item
from smsgwd.model.tenant import Tenant
from smsgwd.routing.costs import Costs
from smsgwd.routing.rule import Rewriting
from smsgwd.routing.table import Routes, Rule
from tests.app.pipelines import Tables, guards

NOW = 1_800_000_000_000
NUMBER = "306912345678"


class Links:
    def make(self, tenant, message_id, msisdn, url, now, client_ref, *, counted=True):
        return Link(
            f"code{message_id}", tenant.id, message_id, msisdn, url, now, 0, client_ref
        ), f"https://l.example/{message_id}"

    def place(self, text, short):
        return text.replace("[Link]", short)


class World:
    def __init__(self, *rules, tenant=None, **tables):
        self.tenant = tenant or Tenant("demo", prices=(("", 40_000),))
        self.tables = Tables(Routes(rules or [Rule(("a", "b"))], **tables), lambda connector: True)
        self.maker = Maker(self.tables, Policy(), Links(), guards())

    def make(self, *items, **fields):
        items = items or (Item(**{"source": "Shop", "dest": NUMBER, "text": "Hello", **fields}),)
        return self.maker.make(list(items), account_of(self.tenant), 100, NOW)

    def one(self, **fields):
        [message] = self.make(**fields).messages
        return message

    def refusal(self, **fields):
        made = self.make(**fields)
        assert made.messages == [] and made.places == [] and made.links == []
        return made.entries[0].error.code


def test_each_message_has_a_link_of_its_own():
    world = World()
    items = [
        Item("Shop", NUMBER, "See [Link]", link="https://shop.example/a", client_ref="r1"),
        Item("Shop", "306900000001", "See [Link]", link="https://shop.example/a"),
        Item("Shop", "12", "See [Link]", link="https://shop.example/a"),
        Item("Shop", "306900000002", "No place for one", link="https://shop.example/a"),
    ]
    made = world.make(*items)
    assert [message.text for message in made.messages] == [
        "See https://l.example/101",
        "See https://l.example/102",
        "No place for one",
    ]
    assert [(link.code, link.msisdn, link.message_id, link.client_ref) for link in made.links] == [
        ("code101", NUMBER, 101, "r1"),
        ("code102", "306900000001", 102, None),
    ]
    assert made.places == [0, 1, 3]
    assert items[0].text == "See [Link]"  # the tenant's request is not touched


def test_parts_count_the_text_with_its_link():
    text = "x" * 140 + " [Link]"
    assert World().one(text=text, link="https://shop.example/").parts == 2


def test_a_route_rewrites_what_goes_out_and_nothing_else():
    rule = Rule(("a",), rewriting=Rewriting(sender="GATEWAY", strip="30", add="0030"))
    message = World(rule).one()
    assert (message.source, message.dest, message.msisdn) == ("Shop", NUMBER, NUMBER)
    assert (message.source_addr, message.dest_addr) == ("GATEWAY", "00306912345678")


def test_rules_of_neighbours_do_not_mix():
    """What is remembered from item to item is the last rule's alone."""
    world = World(
        Rule(("a", "b"), to=("301*",), on_undelivered="next"),
        Rule(("c",), to=("302*",), rewriting=Rewriting(sender="X")),
        Rule(("d", "e"), strategy="round_robin"),
    )
    dests = ["301111111", "302222222", "301111112", "303333333", "303333334", "301111113"]
    made = world.make(*(Item("Shop", dest, "Hi") for dest in dests))
    assert [(each.connector, each.fallback, each.source_addr) for each in made.messages] == [
        ("a", "b", None),
        ("c", None, "X"),
        ("a", "b", None),
        ("d", None, None),
        ("e", None, None),
        ("a", "b", None),
    ]


def test_a_margin_refuses_and_holds_for_the_second_way():
    guarded = Rule(("dear", "cheap", "unknown"), strategy="least_cost", margin=0, on_undelivered="next")
    world = World(guarded)
    world.tables.chooser.costs = Costs({"dear": PriceTable((("", 30_000),)), "cheap": PriceTable((("", 20_000),))})
    message = world.one()
    assert (message.connector, message.fallback) == ("cheap", "dear")
    world.tables.chooser.costs = Costs({"dear": PriceTable((("", 50_000),))})
    assert world.refusal() == "no_route"


@pytest.mark.parametrize(("fallback", "channel"), [(True, "network"), (False, None)])
def test_where_no_phone_route_is(fallback, channel):
    tenant = Tenant("demo", prices=(("", 1),), device_fallback=fallback)
    world = World(Rule(("a",)), tenant=tenant)
    if channel is None:
        assert world.refusal(channel="device") == "no_route"
    else:
        assert (world.one(channel="device").connector, world.one(channel="device").channel) == ("a", channel)


def test_a_phone_route_takes_what_asks_for_a_phone():
    world = World(Rule(("net",)), Rule(("phone",)), devices=frozenset({"phone"}))
    assert [world.one(channel=channel).connector for channel in ("device", "network", None)] == ["phone", "net", "net"]


def test_a_test_number_needs_no_route_and_costs_nothing():
    tenant = Tenant("demo", prices=(("", 40_000),), test_numbers=(("306900000000", "undelivered"),))
    world = World(Rule(("a",), to=("44*",)), tenant=tenant)
    message = world.one(dest="+306900000000")
    assert (message.connector, message.price, message.fallback, message.state) == (
        TEST_CONNECTOR,
        0,
        None,
        State.QUEUED,
    )
    assert world.refusal() == "no_route"


def test_what_takes_the_place_of_another_is_no_duplicate_of_it():
    tenant = Tenant("demo", prices=(("", 1),), duplicate_s=60)
    world = World(tenant=tenant)
    message = world.one()
    assert world.refusal() == "duplicate"
    again = world.maker.replacement(Item("Shop", NUMBER, "Hello"), account_of(tenant), message, NOW)
    assert again.id == message.id
