"""What the benches that drive a load have in common: their options, their runs, the run at half load, the printing."""

import json
import math
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource


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
    context = click.get_current_context()
    given = [name for name in names if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        raise click.UsageError(f"--{given[0].replace('_', '-')} needs --target")


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
) -> None:
    """Do the runs, each in a directory of its own, print them, and end with the status that they deserve.

    `chosen` are the command's options; `once` makes a run of those that are the bench's own. `more` may add to the
    summary, and returns what stands under the table.
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
    report: dict[str, Any] = {"bench": name, "options": shown | {"half": half}, "machine": figures.machine()}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    with tempfile.TemporaryDirectory(prefix="smsgwd-bench-") as temporary:
        top = keep or Path(temporary)

        def do(place: str, rate: float) -> dict[str, Any]:
            directory = top / place
            try:
                directory.mkdir(parents=True)
                return once(chosen | {"rate": rate}, directory)
            except FileExistsError:
                raise click.UsageError(f"--keep: {directory} is there already") from None
            except (StandError, LoadError, OSError, ValueError) as problem:
                raise click.ClickException(str(problem)) from None

        found = [do(f"run-{number}", 0.0 if half else chosen["rate"]) for number in range(1, runs + 1)]
        report["runs"] = found
        report["summary"] = summary = figures.summary(found, latencies)
        below = more(found, summary)
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
