"""Explanations, and that they agree with what is done."""

import random

from smsgwd.model.prices import PriceTable
from smsgwd.routing.choice import Chooser
from smsgwd.routing.costs import Costs
from smsgwd.routing.explain import Question, explain
from smsgwd.routing.rewrite import rewrite
from smsgwd.routing.table import Hours, Rewriting, Routes, Rule

CONNECTORS = ("a", "b", "c", "d")
STRATEGIES = ("failover", "round_robin", "weighted", "least_cost", "sticky")
PREFIXES = ("*", "3*", "30*", "306*", "+3069*", "306912345678", "44*", "447*", "1*")
NUMBERS = ("306912345678", "306912345679", "302101234567", "447700900123", "12025550123", "999")
ZONES = ("UTC", "Europe/Athens", "Asia/Kolkata")


def maybe(rng, chance, make, otherwise):
    return make() if rng.random() < chance else otherwise


def rule(rng, place):
    connectors = tuple(rng.sample(CONNECTORS, rng.randint(1, 4)))
    strategy = rng.choice(STRATEGIES)
    low = rng.randint(1, 3)
    return Rule(
        connectors,
        to=maybe(rng, 0.7, lambda: tuple(rng.sample(PREFIXES, rng.randint(1, 3))), ("*",)),
        sender=maybe(rng, 0.3, lambda: (rng.choice(("Shop", "Sh*", "Bank*", "*")),), ("*",)),
        tenant=maybe(rng, 0.4, lambda: rng.choice(("t1", "t2", "t3")), None),
        strategy=strategy,
        id=f"r{place}",
        networks=maybe(rng, 0.2, lambda: (rng.choice(("20201", "202*", "234*")),), ()),
        min_parts=low,
        max_parts=maybe(rng, 0.3, lambda: low + 1, 255),
        codings=maybe(rng, 0.2, lambda: tuple(rng.sample(range(4), 2)), ()),
        priorities=maybe(rng, 0.2, lambda: tuple(rng.sample(range(4), 2)), ()),
        hours=maybe(
            rng,
            0.3,
            lambda: Hours(rng.randrange(1440), rng.randrange(1440), (rng.randrange(7), 2, 5), rng.choice(ZONES)),
            None,
        ),
        channel=rng.choice((None, None, "network", "device")),
        weights=tuple(rng.randint(0, 4) for _ in connectors) if strategy == "weighted" else (),
        margin=maybe(rng, 0.3, lambda: rng.randint(0, 30), None),
        rewriting=maybe(rng, 0.3, lambda: Rewriting(sender="Other", strip="30", add="0"), None),
    )


def network_of(number):
    return {"306912345678": "20201", "306912345679": "20205", "447700900123": "23415"}.get(number, "")


def question(rng):
    return Question(
        rng.choice(("t1", "t2", "other")),
        rng.choice(("Shop", "Ship", "Bank1", "12345")),
        rng.choice(NUMBERS),
        parts=rng.randint(1, 5),
        coding=rng.randrange(4),
        channel=rng.choice((None, None, "network", "device")),
        priority=rng.randrange(4),
        at=rng.randrange(1_700_000_000_000, 1_800_000_000_000),
        rate=rng.choice((None, 0, 10, 20, 30)),
    )


def test_explain_and_routing_agree_on_10000_messages():
    rng = random.Random(20_201)
    answers = set()
    for _ in range(200):
        rules = [rule(rng, place) for place in range(rng.randint(0, 30))]
        routes = Routes(rules, network_of, frozenset(rng.sample(CONNECTORS, rng.randint(0, 3))))
        up = {connector for connector in CONNECTORS if rng.random() < 0.7}
        prices = {
            connector: PriceTable([("", rng.randint(5, 25)), ("30", rng.randint(5, 25)), ("mcc:20201", 7)])
            for connector in CONNECTORS
            if rng.random() < 0.8
        }
        chooser = Chooser(up.__contains__, Costs(prices))
        for _ in range(50):
            asked = question(rng)
            told = explain(routes, chooser, asked, up.__contains__)
            found = routes.find(
                asked.tenant,
                asked.source,
                asked.msisdn,
                asked.parts,
                asked.coding,
                asked.channel,
                asked.priority,
                asked.at,
            )
            assert found is told.rule
            if found is None:
                answers.add("no rule")
                assert all(tried.failed for tried in told.tried)
                assert told.connector is None
                continue
            assert told.tried[-1].rule == found.id
            assert [tried.failed for tried in told.tried if not tried.failed] == [""]
            chosen = chooser.choose(found, asked.msisdn, rate=asked.rate, network=network_of(asked.msisdn))
            assert chosen == told.connector
            assert (told.source_addr, told.dest_addr) == rewrite(found, asked.source, asked.msisdn)
            allowed = {way.connector: way.up for way in told.ways if way.allowed}
            assert (chosen is None) == (not allowed)
            assert chosen is None or (chosen in allowed and allowed[chosen] == any(allowed.values()))
            answers.add("nothing left" if chosen is None else found.strategy)
    assert answers == {"no rule", "nothing left", *STRATEGIES}  # it has seen them all


def test_the_first_condition_that_failed_is_named():
    rules = [
        Rule(("a",), id="other", tenant="x"),
        Rule(("a",), id="uk", to=("44*",)),
        Rule(("a", "phone"), id="phone"),
        Rule(("a",), id="bank", sender=("Bank*",)),
        Rule(("a",), id="long", min_parts=2),
        Rule(("a",), id="binary", codings=(3,)),
        Rule(("a",), id="urgent", priorities=(3,)),
        Rule(("a",), id="night", hours=Hours(1320, 360)),
        Rule(("a",), id="cosmote", networks=("20201",)),
        Rule(("a",), id="rest"),
        Rule(("b",), id="never"),
    ]
    asked = Question("t", "Shop", "306912345678", channel="network", at=12 * 3_600_000)
    routes = Routes(rules, lambda _: "20205", frozenset(["phone"]))
    told = explain(routes, Chooser(lambda _: True), asked, lambda _: True)
    assert [tried.failed for tried in told.tried] == [
        "tenant",
        "to",
        "channel",
        "sender",
        "parts",
        "coding",
        "priority",
        "hours",
        "network",
        "",
    ]
    assert told.tried[8].why == "it does not take the network 20205"
    assert told.rule is rules[9]
    assert told.why == "the only connector of the rule"
    unknown = explain(Routes(rules[8:9]), Chooser(lambda _: True), asked, lambda _: True)
    assert unknown.tried[0].why == "the network of the number is not known"
    assert unknown.why == "no rule takes it"


def test_what_the_margin_rules_out_is_told():
    rules = [Rule(("dear", "cheap", "free"), strategy="least_cost", margin=10)]
    costs = Costs({"dear": PriceTable([("", 95)]), "cheap": PriceTable([("", 50)])})
    chooser = Chooser(lambda _: True, costs)
    told = explain(Routes(rules), chooser, Question("t", "s", "30", rate=100), lambda _: True)
    assert [(way.connector, way.cost, way.left, way.allowed) for way in told.ways] == [
        ("dear", 95, 5, False),
        ("cheap", 50, 50, True),
        ("free", None, None, False),
    ]
    assert told.connector == "cheap"
    assert told.why == "the only connector of the rule that leaves enough of the price"
    refused = explain(Routes(rules), chooser, Question("t", "s", "30", rate=55), lambda _: True)
    assert refused.connector is None
    assert "10 %" in refused.why


def test_what_is_down_is_told():
    routes = Routes([Rule(("a", "b"))])
    chooser = Chooser(lambda _: False)
    told = explain(routes, chooser, Question("t", "s", "30"), lambda _: False)
    assert told.connector == "a"
    assert told.why == "none is up: it waits for the one that is preferred"


def test_explaining_ends_nobodys_turn():
    routes = Routes([Rule(("a", "b"), strategy="round_robin"), Rule(("a", "b"), strategy="weighted", weights=(1, 1))])
    chooser = Chooser(lambda _: True)
    for _ in range(3):
        assert explain(routes, chooser, Question("t", "s", "30"), lambda _: True).connector == "a"
    [turns, weighted] = [conditions.rule for conditions in routes.conditions]
    assert [chooser.choose(turns) for _ in range(3)] == ["a", "b", "a"]
    assert [chooser.look(weighted) for _ in range(3)] == ["a"] * 3
    assert [chooser.choose(weighted) for _ in range(3)] == ["a", "b", "a"]
