"""Number plans."""

from smsgwd.model.plan import NumberPlan, Range

ROWS = [
    ("30", "GR", "202", "", ""),
    ("3069", "GR", "202", "01", "Cosmote"),
    ("30694", "GR", "202", "05", "Vodafone"),
    ("30694", "GR", "202", "10", "Nova"),
]


def test_the_longest_range_and_the_last_row() -> None:
    plan = NumberPlan(ROWS)
    assert plan.find("306971234567") == Range("GR", "202", "01", "Cosmote")
    assert plan.find("306941234567") == Range("GR", "202", "10", "Nova")
    assert plan.find("447700900123") is None
    assert len(plan) == 3


def test_the_network_is_empty_unless_all_of_it_is_known() -> None:
    plan = NumberPlan(ROWS)
    assert plan.network_of("306971234567") == "20201"
    assert plan.network_of("302101234567") == ""
    assert plan.network_of("447700900123") == ""
    landline = plan.find("302101234567")
    assert landline is not None
    assert landline.network == ""
    assert NumberPlan().network_of("30") == ""
