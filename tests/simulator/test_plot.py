"""Plots: well-formed, every point at its place, the axis from nought to beyond the highest value."""

import re
from xml.etree import ElementTree

import pytest

from smsgwd.simulator.plot import Series, line_plot, nice_step

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(*series, places=("a", "b", "c")):
    return ElementTree.fromstring(line_plot('Cost & "load"', "x", "y", places, series))


def _points(root):
    lines = root.findall(f"{SVG}polyline")
    return [[tuple(map(float, pair.split(","))) for pair in line.get("points").split()] for line in lines]


def test_a_line_goes_through_its_values():
    (points,) = _points(_drawn(Series("one", [0.0, 50.0, 100.0])))
    xs, ys = zip(*points, strict=True)
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.2) and xs[0] < xs[1]
    assert ys[0] - ys[1] == pytest.approx(ys[1] - ys[2], abs=0.2) and ys[2] < ys[0]


def test_what_was_not_measured_is_passed_over():
    one, other = _points(_drawn(Series("one", [1.0, None, 3.0]), Series("other", [None, 2.0, 2.0])))
    assert len(one) == 2 and len(other) == 2
    assert one[1][0] == other[1][0] and one[1][1] < other[1][1]


def test_names_and_marks_are_written():
    root = _drawn(Series("one", [1, 2, 970]), Series("<two>", [1, 2, 3]))
    words = [text.text for text in root.iter(f"{SVG}text")]
    assert {"a", "b", "c", "x", "y", "one", "<two>", 'Cost & "load"', "0", "1,000"} <= set(words)
    assert root.get("aria-label") == 'Cost & "load"'


def test_it_can_be_read_on_a_dark_page():
    assert re.search(r"prefers-color-scheme: dark", line_plot("t", "x", "y", ["a"], [Series("s", [1])]))


def test_steps_are_round():
    assert [nice_step(value) for value in (0, 0.03, 1, 1.1, 3, 7, 140)] == [1, 0.05, 1, 2, 5, 10, 200]


@pytest.mark.parametrize(
    ("series", "says"),
    [
        ([], "each place"),
        ([Series("s", [None, None])], "each place"),
        ([Series("s", [1.0])], "each place"),
        ([Series(str(number), [1.0, 2.0]) for number in range(5)], "not 5"),
    ],
)
def test_what_cannot_be_plotted_is_said(series, says):
    with pytest.raises(ValueError, match=says):
        line_plot("t", "x", "y", ["a", "b"], series)
