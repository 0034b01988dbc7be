from smsgwd.admission.countries import country_of
from smsgwd.simulator.spread import BARRED, ONE, before, calling_codes, everywhere, regions, spread


def test_prefixes_of_all_calling_codes_none_twice():
    found = spread()
    assert len(found) == len(set(found)) > 1_500
    assert {len(prefix) for prefix in found} == {len(ONE[0])}
    assert not any(prefix.startswith(BARRED) for prefix in found)
    for code in calling_codes():
        assert any(prefix.startswith(code) for prefix in found), code


def test_the_gateway_knows_whose_they_are():
    whose = {prefix: country_of(prefix + "00000000") for prefix in spread()}
    assert "" not in whose.values() and len(set(whose.values())) > 190
    assert len(set(regions()) & set(whose.values())) > 180
    there = everywhere()
    assert all(country in there or prefix.startswith(tuple(there)) for prefix, country in whose.items())


def test_messages_take_them_in_turn():
    assert [before(number, ("44700", "30690")) for number in range(3)] == ["44700", "30690", "44700"]
    assert before(99_999_999, ONE) == "30690"
