"""The tests' own look at expressions finds what is wrong."""

import pytest

from tests.monitoring.promql import Used, problems, used


def test_metrics_labels_and_functions_are_found():
    found = used('sum by (le) (rate(a_bucket{x="1"}[5m])) > 2 and on (y) max_over_time(b[1h]) unless -c offset 5m')
    assert found == [
        Used("a_bucket", frozenset({"x"}), "rate"),
        Used("b", frozenset(), "max_over_time"),
        Used("c", frozenset(), ""),
    ]


def test_what_is_no_promql_is_refused():
    with pytest.raises(ValueError, match="parenthesis"):
        used("sum(rate(a[5m])")


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("smsgwd_nothing", "there is no metric smsgwd_nothing"),
        ('smsgwd_ready{connector="a"}', "smsgwd_ready has no label connector"),
        ("rate(smsgwd_ready[5m])", "rate of the gauge smsgwd_ready"),
        ("smsgwd_binds_lost_total > 1", "smsgwd_binds_lost_total counts for ever: take its rate"),
        ("sum by (tenant) (smsgwd_ready)", "no metric here has the label tenant"),
        ("smsgwd_ready and on (connector) smsgwd_ready", "no metric here has the label connector"),
    ],
)
def test_what_the_catalogue_does_not_have_is_told(expression, problem):
    assert problems(expression) == [problem]
