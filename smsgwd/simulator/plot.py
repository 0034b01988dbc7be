"""Line plots as SVG, readable on light and dark pages: just what docs/plots needs, without a library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Final
from xml.sax.saxutils import escape

_WIDTH: Final = 680
_HEIGHT: Final = 360
_LEFT: Final = 66
_RIGHT: Final = 20
_TOP: Final = 44
_BOTTOM: Final = 84
_TICKS: Final = 5  # about so many lines across
_MOST_SERIES: Final = 4
# One class a series; colours that differ in lightness too, for those who see few colours, and a marker for each.
_STYLE: Final = """
text { font: 13px system-ui, sans-serif; fill: #24292f } .title { font-size: 15px; font-weight: 600 }
.page { fill: #ffffff } .grid { stroke: #d8dee4 } .axis { stroke: #57606a }
.s0 { stroke: #0b5cad; fill: #0b5cad } .s1 { stroke: #c4500c; fill: #c4500c }
.s2 { stroke: #1a7f37; fill: #1a7f37 } .s3 { stroke: #8250df; fill: #8250df } .line { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .page { fill: #0d1117 } .grid { stroke: #30363d } .axis { stroke: #8b949e }
  .s0 { stroke: #58a6ff; fill: #58a6ff } .s1 { stroke: #ffa657; fill: #ffa657 }
  .s2 { stroke: #56d364; fill: #56d364 } .s3 { stroke: #d2a8ff; fill: #d2a8ff } .line { fill: none }
}
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A line: its name, and a value for each place of the x axis (None = not measured)."""

    name: str
    values: Sequence[float | None]


def line_plot(title: str, x_label: str, y_label: str, places: Sequence[str], series: Sequence[Series]) -> str:
    """The plot; `places` are the marks of the x axis, evenly spaced. The y axis begins at 0.

    Raises ValueError when there is nothing to show, a series has not one value a place, or there are more than four.
    """
    known = [value for line in series for value in line.values if value is not None]
    if not known or any(len(line.values) != len(places) for line in series):
        raise ValueError("a plot needs a value for each place")
    if len(series) > _MOST_SERIES:
        raise ValueError(f"a plot shows {_MOST_SERIES} series at the most, not {len(series)}")
    step = nice_step(max(known) / _TICKS)
    top = step * max(1, -(-max(known) // step))
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}"'
        f' height="{_HEIGHT}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>',
        _text(_WIDTH / 2, 26, title, "middle", "title"),
    ]
    value = 0.0
    while value <= top + step / 2:
        y = _y(value, top)
        kind = "grid" if value else "axis"
        out.append(f'<line class="{kind}" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(_text(_LEFT - 8, y + 4, f"{value:,.10g}", "end"))
        value += step
    for place, name in enumerate(places):
        out.append(_text(_x(place, len(places)), _HEIGHT - _BOTTOM + 20, name, "middle"))
    out.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - _BOTTOM + 42, x_label, "middle"))
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    out.append(f'<g transform="translate(16 {middle:.0f}) rotate(-90)">{_text(0, 0, y_label, "middle")}</g>')
    for number, line in enumerate(series):
        out += _line(number, line, len(places), top)
    out += _legend(series)
    out.append("</svg>\n")
    return "\n".join(out)


def nice_step(least: float) -> float:
    """The smallest of 1, 2, 5 times a power of ten that is at least this (1 for nothing)."""
    if least <= 0:
        return 1.0
    power: float = 10.0 ** floor(log10(least))
    return next(power * times for times in (1, 2, 5, 10) if power * times >= least * 0.999_999)


def _line(number: int, line: Series, places: int, top: float) -> list[str]:
    points = [
        (_x(place, places), _y(value, top)) for place, value in enumerate(line.values) if value is not None
    ]  # what was not measured is passed over
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return [
        f'<polyline class="line s{number}" style="fill:none" points="{path}"/>',
        *(_marker(number, x, y) for x, y in points),
    ]


def _marker(number: int, x: float, y: float) -> str:
    """A circle, a square, a diamond, a triangle: by the number of the series."""
    if number == 0:
        return f'<circle class="s0" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    shape = {
        1: ((-4, -4), (4, -4), (4, 4), (-4, 4)),
        2: ((0, -5), (5, 0), (0, 5), (-5, 0)),
        3: ((0, -5), (5, 4), (-5, 4)),
    }[number]
    corners = " ".join(f"{x + across:.1f},{y + down:.1f}" for across, down in shape)
    return f'<polygon class="s{number}" points="{corners}"/>'


def _legend(series: Sequence[Series]) -> list[str]:
    """The names in a row at the bottom; one line alone needs none, the title names it."""
    if len(series) < 2:
        return []
    out, y = [], _HEIGHT - 16
    width = (_WIDTH - _LEFT - _RIGHT) / len(series)
    for number, line in enumerate(series):
        x = _LEFT + number * width + 8
        out += [_marker(number, x, y - 4), _text(x + 12, y, line.name, "start")]
    return out


def _text(x: float, y: float, words: str, anchor: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(words)}</text>'


def _x(place: int, places: int) -> float:
    inner = _WIDTH - _LEFT - _RIGHT
    return _LEFT + inner * (place + 0.5) / places


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top
