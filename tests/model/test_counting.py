"""How long deliveries took, counted in classes."""

import pytest

from smsgwd.model.counting import BOUNDS_MS, class_of, seconds_at


@pytest.mark.parametrize(
    ("took", "expected"), [(-5, 0), (0, 0), (500, 0), (501, 1), (1_000, 2), (1 << 40, len(BOUNDS_MS))]
)
def test_the_class_of_a_time(took, expected):
    assert class_of(took) == expected


def test_shares_of_what_is_spread_evenly():
    times = [(class_of(took), 1) for took in range(0, 20_000, 10)]
    assert seconds_at(times, 0.5) == pytest.approx(10, rel=0.05)
    assert seconds_at(times, 0.95) == pytest.approx(19, rel=0.05)


def test_one_delivery():
    assert 3 <= seconds_at([(class_of(3_500), 1)], 0.5) <= 4


def test_none_and_those_beyond_all_classes():
    assert seconds_at([], 0.5) is None
    assert seconds_at([(class_of(1 << 40), 3)], 0.95) == BOUNDS_MS[-1] / 1000
