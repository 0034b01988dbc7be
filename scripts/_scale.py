"""The tables and plots of docs/scale.md that the model makes; the assumptions are written by gen_scale_docs.py."""

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from smsgwd.simulator import scale_model_check, scale_model_table
from smsgwd.simulator.plot import Series, line_plot
from smsgwd.simulator.scale_model import ModelOptions, simulate
from smsgwd.simulator.scale_model_table import Row

MEASURED = "scale_measured.json"
_FAILED_AT = 2_000.0  # messages a second of the failures


def between(text: str, name: str, inside: str) -> str:
    """The page with what stands between the marks of that name replaced. Raises ValueError when they are missing."""
    begin, end = f"<!-- {name}: ", f"<!-- end of {name} -->\n"
    head, found, rest = text.partition(begin)
    mark, newline, rest = rest.partition("\n")
    _, ended, tail = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page lacks the marks of {name}")
    return f"{head}{begin}{mark}{newline}{inside}{end}{tail}"


def write_all(docs: Path, options: ModelOptions, counts: Sequence[int]) -> int:
    """Everything; takes some minutes. Exit status 0."""
    one = _rows(options, counts, 1)
    called = replace(options, assumed=options.assumed.changed([("wakes_to_all", 0)]))
    quiet = _rows(called, counts, 1)
    four = _rows(called, [each for each in counts if each % 4 == 0], 4)
    plots = docs / "plots"
    sets = {"one master": one, "calls to few": quiet, "calls to few, 4 masters": four}
    data = {name: [scale_model_table.as_json(each) for each in rows] for name, rows in sets.items()}
    (plots / "data" / "scale.json").write_text(json.dumps(data, indent=1) + "\n")
    places = [str(each) for each in counts]

    def series(value: str) -> list[Series]:
        found = []
        for name, rows in data.items():
            known = {each["nodes"]: each for each in rows}
            values = [known.get(each) for each in counts]
            taken = [None if each is None else each["messages_per_s"] / 1000 for each in values]
            late = [None if each is None else each["accept_ms"]["p99"] for each in values]
            found.append(Series(name, taken if value == "most" else late))
        return found

    title = "What nodes take together (model)"
    (plots / "scale.svg").write_text(line_plot(title, "nodes", "thousand messages a second", places, series("most")))
    title = "Until a message is accepted, at 70 % of that (model)"
    (plots / "scale-accept.svg").write_text(line_plot(title, "nodes", "p99, ms", places, series("accept")))
    page = docs / "scale.md"
    text = page.read_text()
    text = between(text, "model", scale_model_table.markdown(one))
    text = between(text, "quiet", scale_model_table.markdown(quiet))
    text = between(text, "masters", scale_model_table.markdown(four))
    text = between(text, "failures", _failures(options))
    measured = json.loads((plots / "data" / MEASURED).read_text())
    text = between(text, "check", scale_model_check.markdown(scale_model_check.compare(measured, options)))
    page.write_text(text)
    return 0


def _rows(options: ModelOptions, counts: Sequence[int], masters: int) -> list[Row]:
    rows = []
    for nodes in counts:
        rows.append(scale_model_table.row(replace(options, nodes=nodes), masters))
        print(f"{nodes} nodes, {masters} masters", file=sys.stderr, flush=True)
    return rows


def _failures(options: ModelOptions) -> str:
    plain = replace(options, rate=_FAILED_AT, nodes=4, measure_s=8.0)
    confirmed = replace(plain, assumed=options.assumed.changed([("confirm_replicas", 1)]))
    runs = {
        "nothing": plain,
        "a node is killed": replace(plain, node_dies_s=1.0),
        "the master is killed, its replica takes over": replace(plain, server_fails_s=1.0),
        "the same, `replicas: 1`": replace(confirmed, server_fails_s=1.0),
        "nothing, `replicas: 1`": confirmed,
    }
    lines = [
        "| what fails | came | ended | sent twice | told twice | acknowledged, and on no other host | take-over s |"
        " accept p50 / p99 / max ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, run in runs.items():
        found = simulate(run)
        accept = found.latency_ms["accept"]
        lines.append(
            f"| {name} | {found.came:,} | {found.ended:,} | {found.sent_twice} | {found.told_twice} | {found.at_risk} |"
            f" {f'{found.takeover_s:.2f}' if found.takeover_s else ''} |"
            f" {accept['p50']:.0f} / {accept['p99']:.0f} / {accept['max']:,.0f} |"
        )
    return "\n".join(lines) + "\n"
