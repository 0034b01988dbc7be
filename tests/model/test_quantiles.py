"""Shares of histograms."""

import pytest

from smsgwd.model.quantiles import newer, quantile
from tests.cli.figures import spread


def test_a_share_is_evenly_within_its_bucket():
    assert quantile(spread(2, 2), 0.5) == 0.01
    assert quantile(spread(0, 100), 0.5) == pytest.approx(0.055)


def test_beyond_all_bounds_it_is_the_last_one():
    assert quantile(spread(0, 0, 0, 5), 0.5) == 1.0


def test_of_nothing_there_is_none():
    assert quantile(spread(), 0.5) is None


def test_what_is_new_is_the_difference():
    assert newer(spread(5, 7), spread(5, 3))["counts"] == [0, 4, 0, 0]
    assert newer(spread(5), None) == spread(5)
    assert newer(spread(5), {"bounds": [], "counts": [1]}) == spread(5)
