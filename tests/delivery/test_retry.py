import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsgwd.delivery.retry import retry_at

NOW, FAR = 1_790_000_000_000, 1_790_000_000_000 + 10**9


@pytest.mark.parametrize(
    ("attempts", "longest_s"), [(0, 5), (1, 5), (2, 15), (3, 45), (4, 135), (7, 1800), (10**6, 1800)]
)
def test_spacing_grows_to_half_an_hour(attempts, longest_s):
    assert retry_at(attempts, NOW, FAR, lambda: 0.0) == NOW + longest_s * 500
    assert NOW + longest_s * 999 < retry_at(attempts, NOW, FAR, lambda: 0.99999) <= NOW + longest_s * 1000


def test_not_after_the_validity():
    assert retry_at(1, NOW, NOW + 2500, lambda: 0.0) is None
    assert retry_at(1, NOW, NOW + 2501, lambda: 0.0) == NOW + 2500
    assert retry_at(1, NOW, NOW - 1, lambda: 0.0) is None


@given(st.integers(-5, 100), st.floats(0, 1, exclude_max=True))
def test_always_later_and_within_bounds(attempts, drawn):
    at = retry_at(attempts, NOW, FAR, lambda: drawn)
    assert NOW + 2500 <= at <= NOW + 1_800_000


def test_a_schedule_of_ones_own_repeats_its_last_wait():
    waits = [retry_at(attempts, NOW, FAR, lambda: 0.5, (0.1, 8.0)) - NOW for attempts in (0, 1, 2, 3, 99)]
    assert waits == [75, 75, 6000, 6000, 6000]
