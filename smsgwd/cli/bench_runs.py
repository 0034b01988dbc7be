"""What the benches that drive a load have in common: their options, their runs, the run at half load, the printing."""

from __future__ import annotations

import json
import math
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from smsgwd.simulator.business import Business


class Finite(click.FloatRange):
    """A number of a range that ends somewhere: 'inf' and 'nan' are none, whatever the range allows."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number. Fails as click's types do."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


_OPTIONS = [
    click.option("--runs", type=click.IntRange(1, 100), default=1, show_default=True, help="Each from an empty store."),
    click.option("--half", is_flag=True, help="Then one more, paced at half of --rate, else of the median rate."),
    click.option(
        "--keep", type=click.Path(file_okay=False, path_type=Path), default=None, help="Keep all files there."
    ),
    click.option(
        "--json/--table", "as_json", default=True, help="JSON on stdout alone, or a readable table on stderr too."
    ),
    click.option("--text", default="Message {n}", show_default=True, help="{n} is the message's number."),
    click.option(
        "--rate",
        type=Finite(0),
        default=0,
        help="Messages a second; 0 = as fast as it goes. With --half only that run is paced.",
    ),
    click.option("--receipt-delay-ms", type=Finite(0), default=0, help="Of the SMSC."),
    click.option("--stalled-s", type=Finite(0.1), default=30, show_default=True, help="Without news: the end."),
    click.option(
        "--smsc-port", type=click.IntRange(0, 65535), default=0, help="With --target: our SMSC, for it to bind to."
    ),
    click.option("--pid", type=click.IntRange(1), multiple=True, help="With --target: a process of it; repeatable."),
]


_BUSINESS = [
    click.option("--business", is_flag=True, help="With what a business has in place; each run beside a plain one."),
    click.option("--tenants", type=click.IntRange(1, 100_000), default=1_000, show_default=True, help="Further ones."),
    click.option(
        "--prefixes",
        type=click.IntRange(1_000, 1_000_000),
        default=100_000,
        show_default=True,
        help="Of each price list, and of all routes.",
    ),
    click.option("--content", type=click.IntRange(0, 2), default=2, show_default=True, help="Rules for texts."),
    click.option("--chain", is_flag=True, help="A reseller above the tenant of the load pays too."),
]
_OF_BUSINESS = ("tenants", "prefixes", "content", "chain")


def with_business(command: Callable[..., None]) -> Callable[..., None]:
    """The options of those that can have a business in place."""
    for option in reversed(_BUSINESS):
        command = option(command)
    return command


def take_business(chosen: dict[str, Any]) -> Business | None:
    """Take the options of `with_business` out of the command's. Raises click.UsageError."""
    from smsgwd.simulator.business import Business

    wanted = chosen.pop("business")
    if wanted and (chosen.get("target") or chosen.get("direct")):
        raise click.UsageError("--business is for a gateway that the bench starts")
    if not wanted:
        _only_with(_OF_BUSINESS, "--business")
    options = {name: chosen.pop(name) for name in _OF_BUSINESS}
    return Business(**options) if wanted else None


def with_runs(command: Callable[..., None]) -> Callable[..., None]:
    """The options that all of them have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def coalesce_option(default: int) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """--coalesce-us, with a default (us)."""
    return click.option(
        "--coalesce-us",
        type=click.IntRange(0, 100_000),
        default=default,
        show_default=True,
        help="The peers wake up at most once in so long; latencies have that in them.",
    )


def only_with_target(*names: str) -> None:
    """Refuse those of the options that were given (by parameter name): without --target they would say nothing.

    Raises click.UsageError.
    """
    _only_with(names, "--target")


def _only_with(names: Sequence[str], needed: str) -> None:
    context = click.get_current_context()
    given = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} needs {needed}")


def check_pids(pids: Sequence[int]) -> None:
    """Refuse --pid of what does not run, before anything is started. Raises click.UsageError."""
    for pid in pids:
        if not Path(f"/proc/{pid}/stat").exists():
            raise click.UsageError(f"--pid {pid}: no such process")


def run_all(
    name: str,
    chosen: dict[str, Any],
    latencies: Sequence[str],
    peers: Mapping[str, str],
    once: Callable[[dict[str, Any], Path], dict[str, Any]],
    more: Callable[[list[dict[str, Any]], dict[str, Any]], str] = lambda runs, summary: "",
    business: Business | None = None,
) -> None:
    """Do the runs, each in a directory of its own, print them, and end with the status that they deserve.

    `chosen` are the command's options; `once` makes a run of those that are the bench's own. `more` may add to the
    summary, and returns what stands under the table. With `business` each run, which has that in place, stands beside a
    plain one to the same numbers, before it and after it in turn.
    """
    from smsgwd.simulator import figures
    from smsgwd.simulator.smpp_load import LoadError
    from smsgwd.simulator.stand import StandError

    runs, keep, as_json, half = (chosen.pop(option) for option in ("runs", "keep", "as_json", "half"))
    shown = chosen | {"password": "***"} if chosen.get("password") else chosen
    shown = {option: list(value) if isinstance(value, tuple) else value for option, value in shown.items()}
    if shown.get("header"):
        shown["header"] = [header.partition(":")[0] for header in shown["header"]]  # their values may be secrets
    if shown.get("target"):
        shown["target"] = shown["target"].partition("?")[0]  # as may a query
    if business is not None:
        shown |= {"business": {option: getattr(business, option) for option in _OF_BUSINESS}}
    report: dict[str, Any] = {"bench": name, "options": shown | {"half": half}, "machine": figures.machine()}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    with tempfile.TemporaryDirectory(prefix="smsgwd-bench-") as temporary:
        top = keep or Path(temporary)

        def do(place: str, rate: float, plain: bool = False) -> dict[str, Any]:
            directory = top / place
            its = {} if business is None else {"spread": True, "business": None if plain else business}
            try:
                directory.mkdir(parents=True)
                return once(chosen | {"rate": rate} | its, directory)
            except FileExistsError:
                raise click.UsageError(f"--keep: {directory} is there already") from None
            except (StandError, LoadError, OSError, ValueError) as problem:
                raise click.ClickException(str(problem)) from None

        rate = 0.0 if half else chosen["rate"]
        found, plain = [], []
        for number in range(1, runs + 1):
            if business is not None and number % 2:
                plain.append(do(f"plain-{number}", rate, plain=True))
            found.append(do(f"run-{number}", rate))
            if business is not None and not number % 2:
                plain.append(do(f"plain-{number}", rate, plain=True))
        report["runs"] = found
        report["summary"] = summary = figures.summary(found, latencies)
        below = more(found, summary)
        if plain:
            report["plain"] = plain
            below += "\n\nplain:\n" + figures.table(plain, latencies, peers) + _beside(found, plain, summary, latencies)
        if half:
            rate = (chosen["rate"] or summary["messages_per_s"]) / 2
            report["half"] = paced = {"rate": round(rate, 1), **do("half", rate)}
            summary["half"] = {"rate": paced["rate"]} | {key: paced[key] for key in latencies}
            summary["exact"] = summary["exact"] and paced["exact"]
            summary["valid"] = summary["valid"] and paced["valid"]
    if not as_json:
        print(figures.table(found, latencies, peers) + below, file=sys.stderr)
        if half:
            title = f"\nat half load, {report['half']['rate']:.0f}/s:"
            print(title, figures.table([report["half"]], latencies, peers), sep="\n", file=sys.stderr)
    print(json.dumps(report))
    sys.exit(0 if report["summary"]["exact"] else 1)


def _beside(
    found: list[dict[str, Any]], plain: list[dict[str, Any]], summary: dict[str, Any], latencies: Sequence[str]
) -> str:
    """Enter in the summary how the runs did beside the plain ones, and say it."""
    from smsgwd.simulator import figures

    summary["plain"] = beside = figures.summary(plain, latencies)
    pairs = [one["messages_per_s"] / other["messages_per_s"] for one, other in zip(found, plain, strict=True)]
    cpu = summary["cpu_us_per_message"]["gateway"] / max(1e-9, beside["cpu_us_per_message"]["gateway"])
    summary["rate_ratio"] = round(summary["messages_per_s"] / beside["messages_per_s"], 3)
    summary["pair_ratios"] = [round(ratio, 3) for ratio in pairs]
    summary["cpu_ratio"] = round(cpu, 3)
    summary["exact"] = summary["exact"] and beside["exact"]
    summary["valid"] = summary["valid"] and beside["valid"]
    there = found[0]["in_place"]
    lists = ", ".join(f"{name} {rates:,}" for name, rates in there["price_lists"].items())
    return (
        f"\n\nin place: {there['tenants']:,} tenants, {there['routes']:,} routes of {there['route_prefixes']:,}"
        f" prefixes, price lists: {lists}, {there['sender_rules']} sender rules,"
        f" {there['content_rules']} content rules; set up in {there['setup_s']:.1f} s"
        f"\nbusiness/plain {summary['rate_ratio']:.2f} of the rate (pairs: median {median(pairs):.2f},"
        f" {min(pairs):.2f} to {max(pairs):.2f}), CPU a message {cpu:.2f}"
    )
