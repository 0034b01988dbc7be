"""`smsgwd bench dialects` and `history`: the provider APIs, and the pages of a long history."""

from pathlib import Path
from typing import Any

import click

from smsgwd.cli.bench_data import progress, run_and_print, with_shown
from smsgwd.cli.bench_runs import Finite


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--runs", type=click.IntRange(1, 100), default=1, show_default=True, help="Of each, from an empty store.")
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True)
@click.option("--warmup", type=click.IntRange(1, 1_000_000), default=1_000, show_default=True, help="Not measured.")
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Keep-alive.")
@click.option("--rate", type=Finite(0), default=0, help="Messages a second; 0 = as fast as it goes.")
@click.option("--text", default="Message {n}", show_default=True, help="{n} is the message's number.")
@click.option("--binds", type=click.IntRange(1, 64), default=1, show_default=True, help="To the SMSC.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each bind.")
@click.option("--workers", type=click.IntRange(0, 32), default=0, help="Processes of the gateway that do HTTP.")
@click.option("--stalled-s", type=Finite(0.1), default=30, show_default=True, help="Without news: the end.")
@click.option("--coalesce-us", type=click.IntRange(0, 100_000), default=1_000, show_default=True, help="Of the peers.")
@click.option("--many", type=click.IntRange(2, 1000), default=1_000, show_default=True, help="Numbers in a request.")
@click.option(
    "--many-messages",
    type=click.IntRange(0, 10_000_000),
    default=100_000,
    show_default=True,
    help="Sent in such requests; 0 = none.",
)
@with_shown
def dialects(names: tuple[str, ...], runs: int, keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """The provider APIs (all, or those named), one message a request; SMSAdvert with many numbers a request, too.

    Limits of requests and windows for duplicates are off, and there are no callbacks. Exit 1 when a message was lost,
    doubled, refused, or is without its receipt.
    """
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator.dialect_bench import DialectBenchOptions, run_dialects, table
    from smsgwd.simulator.dialect_requests import REQUESTS

    unknown = [name for name in names if name not in REQUESTS]
    if unknown:
        raise click.UsageError(f"there is no dialect '{unknown[0]}' (known: {', '.join(REQUESTS)})")
    options = DialectBenchOptions(**chosen)
    shown = {"names": list(names or REQUESTS), "runs": runs, **chosen}
    run_and_print(
        "dialects", shown, keep, as_json, table, lambda directory: run_dialects(list(names), runs, options, directory)
    )


@click.command()
@click.option("--messages", type=click.IntRange(1_000, 10_000_000), default=1_010_000, show_default=True, help="Kept.")
@click.option("--offset", type=click.IntRange(1, 10_000_000), default=1_000_000, show_default=True, help="Of the page.")
@click.option("--rows", type=click.IntRange(1, 1000), default=50, show_default=True, help="Of a page.")
@click.option("--requests", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Of each kind.")
@click.option("--ratio", type=Finite(0), default=3.0, show_default=True, help="Limit; 0 = any.")
@with_shown
def history(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """SMSPresto's history page far back against the first one, and its counters with and without a past.

    Exit 1 when a page far back, or a counter with a past, takes more than --ratio times as long.
    """
    from smsgwd.simulator.history_bench import HistoryOptions, run_history, table

    if chosen["offset"] + chosen["rows"] > chosen["messages"]:
        raise click.UsageError("--offset and --rows lead beyond --messages")
    options = HistoryOptions(**chosen)
    run_and_print(
        "history", chosen, keep, as_json, table, lambda directory: run_history(options, directory, progress())
    )
