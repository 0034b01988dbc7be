from smsgwd.model.rows_csv import parse_price_csv, parse_route_csv
from smsgwd.simulator.business import LIVE, SPARE, Business, configured, is_of_load, prefixes, price_csv, route_csv
from smsgwd.simulator.spread import spread


def test_prefixes_are_different_and_the_same_each_time():
    found = prefixes(30_000)
    assert len(set(found)) == 30_000 and prefixes(30_000) == found
    ahead = set(spread())
    of_load = [prefix for prefix in found if prefix[:5] in ahead]
    assert len(of_load) > 12_000  # half, but for the calling codes and those of other numbers
    assert prefixes(1_000, seed=7)[:500] == found[:500] and prefixes(1_000, seed=7) != prefixes(1_000)


def test_a_number_of_the_load_has_a_price_of_its_own():
    rates = dict(parse_price_csv(price_csv(30_000, 1)))
    assert len(rates) == 30_000 and "" in rates
    longest = [
        max((size for size in range(1, 14) if f"{prefix}00000123"[:size] in rates), default=0) for prefix in spread()
    ]
    assert min(longest) >= 5 and max(longest) == 9
    other = dict(parse_price_csv(price_csv(30_000, 2)))
    assert other.keys() == rates.keys() and other != rates


def test_routes_lead_the_load_to_the_live_connector_and_others_elsewhere():
    written = prefixes(5_000)
    ways = dict(parse_route_csv(route_csv(written)))
    ahead = frozenset(spread())
    assert {ways[prefix] for prefix in written if is_of_load(prefix, ahead)} == {(LIVE,)}
    assert {(SPARE,), (SPARE, LIVE), (LIVE, SPARE)} <= set(ways.values())
    assert dict(parse_route_csv(route_csv(written, SPARE)))[spread()[0]] == (SPARE,)


def test_what_the_load_has_in_common_with_a_prefix():
    ahead = frozenset(("30690",))
    assert [is_of_load(prefix, ahead) for prefix in ("3", "306", "30690", "306901", "30691", "44")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_the_configuration_ends_with_a_route_for_all():
    routes = configured(Business(prefixes=2_000))
    assert len(routes) == 21 and routes[-1] == {"match": {"to": "*"}, "connectors": [LIVE]}
