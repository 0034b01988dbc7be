"""`smsgwd bench trace`: what the person on call waits for."""

from pathlib import Path
from typing import Any

import click

from smsgwd.cli.bench_data import progress, run_and_print, with_shown
from smsgwd.cli.bench_runs import Finite


@click.command()
@click.option("--messages", type=click.IntRange(1_000, 30_000_000), default=1_000_000, show_default=True, help="Kept.")
@click.option("--requests", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Of each kind.")
@click.option("--limit-ms", type=Finite(0), default=50.0, show_default=True, help="Of 99 of 100; 0 = any time.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the lot by which messages are drawn.")
@with_shown
def trace(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """How long `smsgwctl message trace` takes among very many messages, each with a push.

    A million messages take about 0.8 GB. Exit 1 when 1 of 100 takes longer than the limit.
    """
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator.trace_bench import TraceOptions, run_trace, table

    options = TraceOptions(**chosen)
    run_and_print("trace", chosen, keep, as_json, table, lambda directory: run_trace(options, directory, progress()))
