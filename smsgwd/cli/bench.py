"""`smsgwd bench`: the reproducible benchmark. The gateway is one process, its peers and the load are others."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from smsgwd.cli.bench_data import backlog, idle, startup

_RUNS = [
    click.option("--runs", type=click.IntRange(1, 100), default=1, show_default=True, help="Each from an empty store."),
    click.option(
        "--keep", type=click.Path(file_okay=False, path_type=Path), default=None, help="Keep all files there."
    ),
    click.option(
        "--json/--table", "as_json", default=True, help="JSON on stdout alone, or a readable table on stderr too."
    ),
    click.option("--text", default="Message {n}", show_default=True, help="{n} is the message's number."),
    click.option("--rate", type=click.FloatRange(0), default=0, help="Messages a second; 0 = as fast as it goes."),
    click.option("--receipt-delay-ms", type=click.FloatRange(0), default=0, help="Of the SMSC."),
]


def _with_runs(command: Callable[..., None]) -> Callable[..., None]:
    """The options that every bench has."""
    for option in reversed(_RUNS):
        command = option(command)
    return command


@click.group()
def bench() -> None:
    """Measure the gateway between simulated peers."""


for _command in (backlog, startup, idle):
    bench.add_command(_command)


@bench.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True)
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Keep-alive, HTTP.")
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=1_000, show_default=True, help="Not measured.")
@click.option("--binds", type=click.IntRange(1, 64), default=1, show_default=True, help="To the SMSC.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each bind.")
@_with_runs
def http(runs: int, keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """HTTP in, SMPP out, receipts pushed. Exit 1 when a message was lost, doubled or never pushed."""
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator import figures
    from smsgwd.simulator.http_bench import HttpBenchOptions, run_http

    options = HttpBenchOptions(**chosen)
    report = _run("http", chosen, runs, keep, lambda directory: run_http(options, directory))
    report["summary"] = figures.summary(report["runs"])
    _finish(report, None if as_json else figures.table(report["runs"]))


@bench.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True)
@click.option("--binds", type=click.IntRange(1, 1000), default=1, show_default=True, help="ESMEs, all accounts.")
@click.option("--accounts", type=click.IntRange(1, 1000), default=1, show_default=True, help="That share the binds.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each ESME.")
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=5_000, show_default=True, help="Not measured.")
@click.option("--pairs", is_flag=True, help="Each bind is a transmitter and a receiver, not a transceiver.")
@click.option("--smsc-binds", type=click.IntRange(1, 64), default=4, show_default=True, help="To the SMSC.")
@click.option("--smsc-window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each of them.")
@click.option("--direct", is_flag=True, help="Without the gateway: what load and SMSC can do.")
@click.option("--target", default="", metavar="HOST:PORT", help="Another gateway; nothing is started.")
@click.option("--system-id", default="", help="Of all binds, with --target.")
@click.option("--password", default="", help="Of all binds, with --target.")
@_with_runs
def smpp(runs: int, keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """SMPP in, SMPP out, receipts back over SMPP. Exit 1 when a message or a receipt was lost or doubled."""
    from smsgwd.simulator import figures
    from smsgwd.simulator.smpp_bench import LATENCIES, PEERS, SmppBenchOptions, run_smpp

    if chosen["binds"] < chosen["accounts"]:
        raise click.UsageError("--binds must be at least --accounts")
    if chosen["target"] and not chosen["target"].rpartition(":")[2].isdigit():
        raise click.UsageError("--target must be HOST:PORT")
    options = SmppBenchOptions(**chosen)
    shown = chosen | {"password": "***" if chosen["password"] else ""}
    report = _run("smpp", shown, runs, keep, lambda directory: run_smpp(options, directory))
    report["summary"] = figures.summary(report["runs"], LATENCIES)
    shares = [run["fairness"]["min_share"] for run in report["runs"] if "fairness" in run]
    if shares:
        report["summary"]["min_share"] = min(shares)
    table = figures.table(report["runs"], LATENCIES, PEERS)
    if shares and options.accounts > 1:
        table += f"\nleast share of an account: {min(shares):.0%} of its fair one"
    _finish(report, None if as_json else table)


def _run(
    name: str, chosen: dict[str, Any], runs: int, keep: Path | None, once: Callable[[Path], dict[str, Any]]
) -> dict[str, Any]:
    """Do the runs, each in a directory of its own; the report without its summary."""
    from smsgwd.simulator import figures
    from smsgwd.simulator.smpp_load import LoadError
    from smsgwd.simulator.stand import StandError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    report: dict[str, Any] = {"bench": name, "options": chosen, "machine": figures.machine(), "runs": []}
    with tempfile.TemporaryDirectory(prefix="smsgwd-bench-") as temporary:
        for number in range(1, runs + 1):
            directory = (keep or Path(temporary)) / f"run-{number}"
            try:
                directory.mkdir(parents=True)
                report["runs"].append(once(directory))
            except FileExistsError:
                raise click.UsageError(f"--keep: {directory} is there already") from None
            except (StandError, LoadError, OSError, ValueError) as problem:
                raise click.ClickException(str(problem)) from None
    return report


def _finish(report: dict[str, Any], table: str | None) -> None:
    """Print, and end with the status that the runs deserve."""
    if table is not None:
        print(table, file=sys.stderr)
    print(json.dumps(report))
    sys.exit(0 if report["summary"]["exact"] else 1)
