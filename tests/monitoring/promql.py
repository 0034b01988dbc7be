"""What a PromQL expression uses, as a parser of others' (promql-parser, that of GreptimeDB) reads it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import promql_parser
from prometheus_client import CollectorRegistry

from smsgwd.telemetry import Metrics

#: Labels that Prometheus adds to all that it scrapes.
TARGET = {"instance", "job"}
#: Metrics of Prometheus and of the client's process collector, which have those labels only.
OTHERS = {
    "up",
    "process_start_time_seconds",
    "process_open_fds",
    "process_max_fds",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
}
_COUNTS = {"rate", "increase", "irate"}


class Used(NamedTuple):
    """A metric with the labels an expression asks of it, and the function around it ('' = none)."""

    metric: str
    labels: frozenset[str]
    function: str


def catalogue() -> dict[str, tuple[str, set[str]]]:
    """Each series' name with its kind and labels; of histograms those of buckets, sums and counts."""
    found: dict[str, tuple[str, set[str]]] = {name: ("other", set(TARGET)) for name in OTHERS}
    for spec in Metrics(CollectorRegistry()).specs:
        labels = {*spec.labels, *TARGET}
        if spec.kind == "histogram":
            found[spec.name + "_bucket"] = ("counter", labels | {"le"})
            found[spec.name + "_sum"] = found[spec.name + "_count"] = ("counter", labels)
        else:
            found[spec.name] = (spec.kind, labels)
    return found


def used(expression: str) -> list[Used]:
    """The metrics of an expression. Raises ValueError where it is no PromQL."""
    found: list[Used] = []
    _walk(parsed(expression), "", found)
    return found


def problems(expression: str) -> list[str]:
    """What is wrong with an expression as far as the catalogue of metrics tells."""
    known, wrong = catalogue(), []
    everywhere: set[str] = set()
    for each in used(expression):
        if each.metric not in known:
            wrong.append(f"there is no metric {each.metric}")
            continue
        kind, labels = known[each.metric]
        everywhere |= labels
        wrong += [f"{each.metric} has no label {label}" for label in each.labels - labels]
        if each.function in _COUNTS and kind == "gauge":
            wrong.append(f"{each.function} of the gauge {each.metric}")
        if kind == "counter" and not each.function:
            wrong.append(f"{each.metric} counts for ever: take its rate")
    wrong += [f"no metric here has the label {label}" for label in _grouped(parsed(expression)) - everywhere]
    return wrong


def parsed(expression: str) -> Any:
    """Grafana's own variables stand for what they usually are."""
    return promql_parser.parse(re.sub(r"\$__(rate_)?interval", "5m", expression))


def _walk(node: Any, function: str, found: list[Used]) -> None:
    kind = type(node).__name__
    if kind == "Call":
        for argument in node.args:
            _walk(argument, node.func.name, found)
    elif kind == "MatrixSelector":
        _walk(node.vector_selector, function, found)
    elif kind == "VectorSelector":
        found.append(Used(node.name, frozenset(each.name for each in node.matchers.matchers), function))
    elif kind == "BinaryExpr":
        _walk(node.lhs, function, found)
        _walk(node.rhs, function, found)
    elif kind in ("AggregateExpr", "ParenExpr", "UnaryExpr", "SubqueryExpr"):
        _walk(node.expr, function, found)
    elif kind not in ("NumberLiteral", "StringLiteral"):
        raise ValueError(f"what is a {kind}?")


def _grouped(expression: Any) -> set[str]:
    """The labels by which an expression groups or joins."""
    found: set[str] = set()

    def look(node: Any) -> bool:
        modifier = getattr(node, "modifier", None)
        if type(node).__name__ == "AggregateExpr" and modifier is not None:
            found.update(modifier.labels)
        if type(node).__name__ == "BinaryExpr" and modifier is not None and modifier.matching is not None:
            found.update(modifier.matching.labels)
        return True

    promql_parser.walk(expression, look)
    return found
