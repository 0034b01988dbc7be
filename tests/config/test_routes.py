"""Section `routes`: all that a route may say, and what is wrong with it."""

from pathlib import Path

import pytest

from tests.config.files import bad, good

TWO = """\
connectors:
  - {id: a, kind: smpp, host: h, port: 2775, system_id: s, password: p, price_list: wholesale}
  - {id: b, kind: provider, provider: isms, channel: device}
"""


def test_all_that_a_route_may_say(tmp_path: Path) -> None:
    config = good(
        tmp_path,
        TWO
        + """\
routes:
  - id: greece
    match:
      to: [30*, +3580*]
      from: Shop*
      tenant: demo
      networks: [20201, 202*]
      min_parts: 2
      max_parts: 4
      codings: [gsm, ucs2]
      priorities: [2, 3]
      channel: device
      hours: {time: 21:00-08:00, days: [mon, sun], zone: Europe/Athens}
    connectors: [a, b]
    strategy: weighted
    weights: [3, 0]
    margin: 10
    rewrite: {sender: Info, senders: {Shop: 306912345678}, strip: 30, add: 0030}
    on_undelivered: next
""",
    )
    (route,) = config.routes
    match = route.match
    assert route.id == "greece"
    assert match.networks == ("20201", "202*")
    assert (match.min_parts, match.max_parts, match.codings, match.priorities) == (2, 4, ("gsm", "ucs2"), (2, 3))
    assert match.hours is not None
    assert (match.hours.time, match.hours.days, match.hours.zone) == ((1260, 480), ("mon", "sun"), "Europe/Athens")
    assert (route.strategy, route.weights, route.margin) == ("weighted", (3, 0), 10)
    assert route.rewrite is not None
    assert (route.rewrite.sender, dict(route.rewrite.senders)) == ("Info", {"Shop": "306912345678"})
    assert (route.rewrite.strip, route.rewrite.add) == ("30", "0030")
    assert config.connectors[0].price_list == "wholesale"
    assert config.connectors[1].price_list is None


def test_one_network_may_stand_alone(tmp_path: Path) -> None:
    (route,) = good(tmp_path, TWO + "routes: [{connectors: [a], match: {networks: 20201}}]").routes
    assert route.match.networks == ("20201",)


@pytest.mark.parametrize(
    ("route", "mistake"),
    [
        ("match: {networks: 202}", "match.networks: must be MCC and MNC, 5 or 6 digits such as 20201"),
        ("match: {networks: [2020x]}", "match.networks[0]: must be MCC and MNC"),
        ("match: {min_parts: 3, max_parts: 2}", "match: 'min_parts' must not be larger than 'max_parts'"),
        ("match: {min_parts: 0}", "match.min_parts: must be at least 1, not 0"),
        ("match: {codings: [greek]}", "match.codings[0]: must be one of gsm, latin1, ucs2, binary"),
        ("match: {priorities: [4]}", "match.priorities[0]: must be at most 3, not 4"),
        ("match: {channel: phone}", "match.channel: must be one of network, device"),
        ("match: {hours: {time: '8-20'}}", "match.hours.time: must be two times of the day such as 21:00-08:00"),
        ("match: {hours: {time: '08:00-08:00'}}", "match.hours.time: must begin and end at different times"),
        ("match: {hours: {days: [monday]}}", "match.hours.days[0]: must be one of mon, tue"),
        ("match: {hours: {zone: Athens}}", "match.hours.zone: 'Athens' is not a time zone such as Europe/Athens"),
        ("strategy: cheapest", "strategy: must be one of failover, round_robin, weighted, least_cost, sticky"),
        ("strategy: weighted", ": 'weights' needs one number for each connector: 2, not 0"),
        ("strategy: weighted, weights: [1]", ": 'weights' needs one number for each connector: 2, not 1"),
        ("strategy: weighted, weights: [0, 0]", ": one of 'weights' at least must be more than 0"),
        ("strategy: weighted, weights: [1, -1]", "weights[1]: must be at least 0, not -1"),
        ("weights: [1, 1]", ": 'weights' belong to the strategy 'weighted'"),
        ("margin: 100", "margin: must be at most 99, not 100"),
        ("margin: -1", "margin: must be at least 0, not -1"),
        ("rewrite: {sender: AVeryLongName}", "rewrite.sender: must be a sender: up to 11 letters and digits"),
        ("rewrite: {senders: {Shop: ''}}", "rewrite.senders.Shop: must be a sender"),
        ("rewrite: {strip: +30}", "rewrite.strip: does not have the form"),
        ("rewrite: {add: 00000000000}", "rewrite.add: does not have the form"),
        ("id: my route", "id: does not have the form"),
        ("match: {network: 20201}", "match.network: unknown key 'network' (did you mean 'networks'?)"),
    ],
)
def test_what_is_wrong_with_a_route(tmp_path: Path, route: str, mistake: str) -> None:
    (found,) = bad(tmp_path, TWO + f"routes: [{{connectors: [a, b], {route}}}]")
    where = found.partition(": ")[2].removeprefix("routes[0]")
    assert where.removeprefix(".").startswith(mistake)


def test_two_routes_of_one_name(tmp_path: Path) -> None:
    routes = "routes:\n  - {id: x, connectors: [a]}\n  - {id: x, connectors: [b]}\n"
    assert bad(tmp_path, TWO + routes) == ["6: routes[1].id: route id 'x' is given twice (first on line 7)"]
