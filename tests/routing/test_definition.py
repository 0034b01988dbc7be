"""The look-up of routes against its definition: the first rule in order of which no condition fails."""

from hypothesis import given, settings
from hypothesis import strategies as st

from smsgwd.routing.table import Routes, Rule

NETWORKS = {"1": "20201", "2": "20205", "3": "310260"}
DEVICES = frozenset({"modem", "phone"})

_to = st.text("123", max_size=8).map(lambda digits: digits + "*") | st.text("123", min_size=1, max_size=9)
_rules = st.builds(
    Rule,
    st.lists(st.sampled_from(["a", "b", "modem", "phone"]), min_size=1, max_size=2, unique=True).map(tuple),
    st.just(("*",)) | st.lists(_to | _to.map(lambda to: "+" + to), min_size=1, max_size=6).map(tuple),
    sender=st.sampled_from([("*",)] * 3 + [("Shop*",), ("Bank", "Post")]),
    tenant=st.sampled_from([None, None, None, "t", "u"]),
    networks=st.sampled_from([()] * 5 + [("20201",), ("202*",), ("310260", "20205")]),
    min_parts=st.sampled_from([1, 1, 1, 2]),
    codings=st.sampled_from([(), (), (), (0,)]),
    priorities=st.sampled_from([(), (), (), (2,)]),
    channel=st.sampled_from([None, None, None, "device"]),
)
_messages = st.tuples(
    st.sampled_from(["t", "u", "v"]),
    st.sampled_from(["Shop1", "Bank", "x"]),
    st.text("1234", min_size=1, max_size=10),
    st.sampled_from([1, 3]),
    st.sampled_from([0, 2]),
    st.sampled_from([None, None, "network", "device"]),
    st.sampled_from([1, 2]),
)


def network_of(msisdn):
    return NETWORKS.get(msisdn[:1], "")


def fits(patterns, value):
    bare = [pattern.removeprefix("+") for pattern in patterns]
    return any(value.startswith(each[:-1]) if each.endswith("*") else value == each for each in bare)


def channel_of(rule):
    kinds = {"device" if connector in DEVICES else "network" for connector in rule.connectors}
    return rule.channel or (kinds.pop() if len(kinds) == 1 else None)


def takes(rule, tenant, source, msisdn, parts, coding, channel, priority):
    network = network_of(msisdn)
    return (
        rule.tenant in (None, tenant)
        and fits(rule.to, msisdn)
        and fits(rule.sender, source)
        and (not rule.networks or (network != "" and fits(rule.networks, network)))
        and rule.min_parts <= parts <= rule.max_parts
        and (not rule.codings or coding in rule.codings)
        and (not rule.priorities or priority in rule.priorities)
        and (channel is None or channel == channel_of(rule))
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(_rules, max_size=25), st.lists(_messages, min_size=1, max_size=15))
def test_the_first_rule_that_takes_a_message_is_found(rules, messages):
    routes = Routes(rules, network_of, DEVICES)
    for message in [*messages, *messages]:  # again, when the heads are remembered
        expected = next((rule for rule in rules if takes(rule, *message)), None)
        assert routes.find(*message) is expected


def test_more_heads_than_are_remembered(monkeypatch):
    monkeypatch.setattr("smsgwd.routing.table._HEADS_REMEMBERED", 2)
    rules = [Rule((f"c{size}",), ("3069123456"[:size] + "*",)) for size in (9, 7, 5, 4, 1)]
    routes = Routes(rules)
    numbers = ["30691234567", "30691239999", "306919999", "306980000", "306970000", "399999999", "300000000"]
    for _ in range(2):
        assert [routes.find("t", "s", number).connectors[0] for number in numbers] == [
            *("c9", "c7", "c5", "c4", "c4", "c1", "c1"),
        ]


def test_what_stands_behind_a_rule_of_the_head_is_not_asked_and_what_stands_before_it_is():
    shallow, deep = Rule(("a",), ("30*",)), Rule(("b",), ("30691234*",))
    others = [Rule(("c",), (prefix,)) for prefix in ("4*", "441*", "4420794*")]
    assert Routes([shallow, deep, *others]).find("t", "s", "306912345678") is shallow
    assert Routes([deep, shallow, *others]).find("t", "s", "306912345678") is deep
    assert Routes([deep, shallow, *others]).find("t", "s", "306919999999") is shallow


def test_of_longer_prefixes_of_one_head_the_first_rule_says_whether_they_are_asked():
    before, shallow, behind = Rule(("a",), ("3069123*",)), Rule(("b",), ("30*",)), Rule(("c",), ("3069124*",))
    whole = Rule(("d",), ("306912777777",))
    routes = Routes([whole, before, shallow, behind, Rule(("e",), ("4420*", "306912888888"))])
    found = {"306912355555": before, "306912455555": shallow, "306912777777": whole, "306912888888": shallow}
    assert {number: routes.find("t", "s", number) for number in found} == found
