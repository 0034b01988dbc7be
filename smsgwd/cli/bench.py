"""`smsgwd bench`: the reproducible benchmark. The gateway is one process, its peers and the load are others."""

import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import click


@click.group()
def bench() -> None:
    """Measure the gateway between simulated peers."""


@bench.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True)
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Keep-alive, HTTP.")
@click.option("--rate", type=click.FloatRange(0), default=0, help="Messages a second; 0 = as fast as it goes.")
@click.option("--runs", type=click.IntRange(1, 100), default=1, show_default=True, help="Each from an empty store.")
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=1_000, show_default=True, help="Not measured.")
@click.option("--text", default="Message {n}", show_default=True, help="{n} is the message's number.")
@click.option("--receipt-delay-ms", type=click.FloatRange(0), default=0, help="Of the SMSC.")
@click.option("--binds", type=click.IntRange(1, 64), default=1, show_default=True, help="To the SMSC.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each bind.")
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), default=None, help="Keep all files there.")
@click.option(
    "--json/--table", "as_json", default=True, help="JSON on stdout alone, or a readable table on stderr too."
)
def http(runs: int, keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """HTTP in, SMPP out, receipts pushed. Exit 1 when a message was lost, doubled or never pushed."""
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator import figures
    from smsgwd.simulator.http_bench import HttpBenchOptions, run_http
    from smsgwd.simulator.stand import StandError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    options = HttpBenchOptions(**chosen)
    report: dict[str, Any] = {"bench": "http", "options": chosen, "machine": figures.machine(), "runs": []}
    with tempfile.TemporaryDirectory(prefix="smsgwd-bench-") as temporary:
        for number in range(1, runs + 1):
            directory = (keep or Path(temporary)) / f"run-{number}"
            try:
                directory.mkdir(parents=True)
                report["runs"].append(run_http(options, directory))
            except FileExistsError:
                raise click.UsageError(f"--keep: {directory} is there already") from None
            except (StandError, OSError) as problem:
                raise click.ClickException(str(problem)) from None
    report["summary"] = figures.summary(report["runs"])
    if not as_json:
        print(figures.table(report["runs"]), file=sys.stderr)
    print(json.dumps(report))
    sys.exit(0 if report["summary"]["exact"] else 1)
