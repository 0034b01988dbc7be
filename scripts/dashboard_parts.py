"""What panels of the Grafana dashboard are made with."""

from __future__ import annotations

from typing import NamedTuple


class Panel(NamedTuple):
    """One panel. `text` says what it means; targets are (expression, legend), in which `N` and `C` select node and
    connector; the width is in 24ths of the page."""

    title: str
    text: str
    unit: str
    targets: tuple[tuple[str, str], ...]
    kind: str = "timeseries"
    width: int = 8
    height: int = 7
    stack: bool = False


def quantile(share: float, metric: str, by: str = "", where: str = "N") -> str:
    """A quantile of a histogram over the rate's interval."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{{{where}}}[$__rate_interval])))"


def rate(metric: str, by: str = "", where: str = "N") -> str:
    """A rate, added up over what is not named in `by`."""
    inner = f"(rate({metric}{{{where}}}[$__rate_interval]))"
    return f"sum by ({by}) {inner}" if by else f"sum{inner}"


def of_store(metric: str, by: str = "", where: str = "N") -> str:
    """A figure of the store, added up over stores: all nodes that share one tell the same of it."""
    inner = f'({metric}{{{where}}} / on (instance) group_left () sum by (instance) (smsgwd_nodes{{N,state!="lost"}}))'
    return f"sum by ({by}) {inner}" if by else f"sum{inner}"


def stat(title: str, text: str, expression: str, unit: str = "short") -> Panel:
    """A number in the first row."""
    return Panel(title, text, unit, ((expression, ""),), "stat", 3, 4)
