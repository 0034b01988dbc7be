import pytest

from smsgwd.admission.countries import Territories
from smsgwd.admission.destinations import Destinations
from smsgwd.model.refusals import Refusal, Refused

GREECE, JERSEY, LONDON, TORONTO, NEW_YORK = "306912345678", "447797110000", "442079460000", "14165550100", "12125550100"


def may(allowed, barred, digits):
    try:
        Destinations(allowed, barred).check(digits)
    except Refused as refused:
        assert refused.refusal is Refusal.DESTINATION_BARRED
        return False
    return True


@pytest.mark.parametrize(
    ("allowed", "barred", "open_to", "closed_to"),
    [
        ((), (), (GREECE, TORONTO), ()),
        (("GR",), (), (GREECE,), (LONDON, TORONTO)),
        (("30", "+44"), (), (GREECE, LONDON, JERSEY), (TORONTO,)),
        ((), ("44",), (GREECE,), (LONDON, JERSEY)),
        ((), ("GB",), (JERSEY,), (LONDON,)),
        (("GR",), ("3090",), (GREECE,), ("309012345678",)),
        (("1",), ("CA",), (NEW_YORK,), (TORONTO,)),  # the country is more precise than the code it shares
        (("JE",), ("44",), (JERSEY,), (LONDON,)),
        (("GR", "3069"), ("GR",), (GREECE,), ("302101234567",)),
        (("30",), ("30",), (), (GREECE,)),  # in both: barred
        ((), ("GR", "870"), (LONDON,), (GREECE, "870123456789")),
    ],
)
def test_what_is_most_precise_about_a_number_decides(allowed, barred, open_to, closed_to):
    assert [may(allowed, barred, digits) for digits in open_to] == [True] * len(open_to)
    assert [may(allowed, barred, digits) for digits in closed_to] == [False] * len(closed_to)


def test_the_refusal_names_the_country_and_not_the_whole_number():
    with pytest.raises(Refused) as caught:
        Destinations((), ("GR",)).check(GREECE)
    assert "GR" in caught.value.detail
    assert GREECE not in caught.value.detail


@pytest.mark.parametrize("entry", ["", "+", "gr", "GRC", "30x", "1" * 16, "*"])
def test_an_entry_that_is_neither_is_an_error(entry):
    with pytest.raises(ValueError, match="neither"):
        Destinations((entry,), ())


def test_a_country_stands_before_a_prefix_as_long_as_itself():
    table = Territories([("30", "prefix"), ("GR", "country"), ("306", "longer")])
    assert [table.find(digits) for digits in ("302101234567", GREECE, LONDON)] == ["country", "longer", None]
