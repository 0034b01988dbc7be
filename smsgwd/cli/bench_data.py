"""`smsgwd bench backlog`, `startup` and `idle`: what a gateway costs that has a past, starts, or has nothing to do."""

import json
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from smsgwd.cli.bench_runs import Finite

_SHOWN = [
    click.option(
        "--keep", type=click.Path(file_okay=False, path_type=Path), default=None, help="Keep all files there."
    ),
    click.option(
        "--json/--table", "as_json", default=True, help="JSON on stdout alone, or a readable table on stderr too."
    ),
]
_MOST = 30_000_000  # of which kind of message


def with_shown(command: Callable[..., None]) -> Callable[..., None]:
    """The options that all of these have."""
    for option in reversed(_SHOWN):
        command = option(command)
    return command


@click.command()
@click.option("--pending", type=click.IntRange(0, _MOST // 3), default=1_000_000, show_default=True, help="Queued.")
@click.option("--finished", type=click.IntRange(0, _MOST), default=10_000_000, show_default=True)
@click.option("--messages", type=click.IntRange(1, 1_000_000), default=50_000, show_default=True, help="Of each run.")
@click.option("--pairs", type=click.IntRange(1, 100), default=5, show_default=True, help="Runs with each store.")
@click.option("--binds", type=click.IntRange(1, 1000), default=1, show_default=True, help="ESMEs.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each ESME.")
@click.option("--rate", type=Finite(0), default=0, help="Messages a second; 0 = as fast as it goes.")
@click.option("--warmup", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, help="Not measured.")
@click.option("--smsc-binds", type=click.IntRange(1, 64), default=4, show_default=True, help="To the SMSC.")
@click.option("--smsc-window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each of them.")
@click.option("--at-least", type=Finite(0), default=0.9, show_default=True, help="Share of the rate; 0 = any.")
@with_shown
def backlog(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """SMPP in, SMPP out, receipts back: with a full store against an empty one, in turn.

    The full store takes about 260 bytes a message; what is queued waits for a connector that is down. Exit 1 when a
    message was lost or doubled, or the full store's rate is too low.
    """
    # Imported here, as below: `smsgwd run` shall not load the bench.
    from smsgwd.simulator.backlog_bench import BacklogBenchOptions, run_backlog_bench, table

    options = BacklogBenchOptions(**chosen)
    run_and_print(
        "backlog", chosen, keep, as_json, table, lambda directory: run_backlog_bench(options, directory, progress())
    )


@click.command()
@click.option("--pending", type=click.IntRange(0, _MOST // 3), default=1_000_000, show_default=True, help="Queued.")
@click.option("--finished", type=click.IntRange(0, _MOST), default=1_000_000, show_default=True)
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="Starts with each store.")
@click.option("--empty-s", type=Finite(0), default=1.0, show_default=True, help="Until bound; 0 = any time.")
@click.option("--full-s", type=Finite(0), default=5.0, show_default=True, help="Until bound; 0 = any time.")
@with_shown
def startup(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """From exec to ready, to the bind at the SMSC and to the first submit_sm; with an empty and with a full store.

    The page cache is warm. Exit 1 when a median until bound is over its limit.
    """
    from smsgwd.simulator.startup_bench import StartupOptions, run_startup, table

    options = StartupOptions(**chosen)
    run_and_print(
        "startup", chosen, keep, as_json, table, lambda directory: run_startup(options, directory, progress())
    )


@click.command()
@click.option("--binds", type=click.IntRange(1, 64), default=10, show_default=True, help="To the SMSC.")
@click.option("--esmes", type=click.IntRange(0, 1000), default=0, show_default=True, help="Bound to the gateway.")
@click.option("--settle", "settle_s", type=Finite(0), default=5.0, show_default=True, help="Seconds before.")
@click.option("--seconds", type=Finite(0.1), default=30.0, show_default=True, help="Measured.")
@click.option("--rss-mb", type=Finite(0), default=90.0, show_default=True, help="Limit; 0 = none.")
@click.option("--share", type=Finite(0), default=0.5, show_default=True, help="Limit, % of a core; 0 = none.")
@with_shown
def idle(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """Memory and CPU of a gateway that is bound and has nothing to do. Exit 1 when either is over its limit."""
    from smsgwd.simulator.idle_bench import IdleOptions, run_idle, table

    options = IdleOptions(**chosen)
    run_and_print("idle", chosen, keep, as_json, table, lambda directory: run_idle(options, directory))


@click.command()
@click.option("--stored", type=click.IntRange(0, _MOST), default=1_000_000, show_default=True, help="For far ahead.")
@click.option("--due", type=click.IntRange(1, 1_000_000), default=10_000, show_default=True, help="Sent meanwhile.")
@click.option("--rate", type=Finite(1), default=1_000.0, show_default=True, help="Due a second.")
@click.option("--lead", "lead_s", type=Finite(1), default=5.0, show_default=True, help="Seconds ahead, at least.")
@click.option("--settle", "settle_s", type=Finite(0), default=5.0, show_default=True, help="Seconds before resting.")
@click.option("--seconds", type=Finite(0.1), default=15.0, show_default=True, help="Of rest, measured.")
@click.option("--late-s", type=Finite(0), default=1.0, show_default=True, help="Limit of each message; 0 = none.")
@with_shown
def scheduled(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """What scheduled messages cost until they are due, and how punctual they leave then.

    Exit 1 when a message was lost, doubled, early, or later than the limit.
    """
    from smsgwd.simulator.scheduled_bench import ScheduledOptions, run_scheduled, table

    options = ScheduledOptions(**chosen)
    run_and_print(
        "scheduled", chosen, keep, as_json, table, lambda directory: run_scheduled(options, directory, progress())
    )


@click.command("reload")
@click.option("--prefixes", type=click.IntRange(1_000, 1_000_000), default=100_000, show_default=True, help="Of each.")
@click.option("--tenants", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Further ones.")
@click.option("--times", type=click.IntRange(1, 100), default=3, show_default=True, help="Each table is replaced.")
@click.option("--rate", type=Finite(1), default=3_000.0, show_default=True, help="Messages a second.")
@click.option("--before", "before_s", type=Finite(1), default=5.0, show_default=True, help="Seconds of load before.")
@click.option("--warmup", type=click.IntRange(1, 1_000_000), default=5_000, show_default=True, help="Not measured.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of the ESME.")
@click.option("--limit-s", type=Finite(0), default=2.0, show_default=True, help="Until in effect; 0 = any time.")
@click.option("--gap-ms", type=Finite(0), default=500.0, show_default=True, help="Without an answer; 0 = any time.")
@with_shown
def reload_(keep: Path | None, as_json: bool, **chosen: Any) -> None:
    """Routes and price lists are replaced while a paced SMPP load goes through.

    Exit 1 when a message was lost or doubled, a table was not in effect within the limit, or the answers paused.
    """
    from smsgwd.simulator.reload_bench import ReloadOptions, run_reload, table

    options = ReloadOptions(**chosen)
    run_and_print("reload", chosen, keep, as_json, table, lambda directory: run_reload(options, directory))


def run_and_print(
    name: str,
    chosen: dict[str, Any],
    keep: Path | None,
    as_json: bool,
    table: Callable[[dict[str, Any]], str],
    run: Callable[[Path], dict[str, Any]],
) -> None:
    """Run it in a directory of its own, print, and end with the status that it deserves."""
    from smsgwd.simulator import figures
    from smsgwd.simulator.smpp_load import LoadError
    from smsgwd.simulator.stand import StandError

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped like by Ctrl-C: no process stays behind
    report: dict[str, Any] = {"bench": name, "options": chosen, "machine": figures.machine()}
    with tempfile.TemporaryDirectory(prefix="smsgwd-bench-") as temporary:
        directory = (keep or Path(temporary)) / name
        try:
            directory.mkdir(parents=True)
            report |= run(directory)
        except FileExistsError:
            raise click.UsageError(f"--keep: {directory} is there already") from None
        except (StandError, LoadError, OSError, ValueError, sqlite3.Error) as problem:
            raise click.ClickException(str(problem)) from None
    if not as_json:
        print(table(report), file=sys.stderr)
    print(json.dumps(report))
    sys.exit(0 if report["summary"]["ok"] else 1)


def progress() -> Callable[[int, int], None]:
    """Says on a terminal's stderr, once a second, how much of the store has been written."""
    begun = shown = time.monotonic()

    def say(done: int, of: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if not sys.stderr.isatty() or (now - shown < 1.0 and done < of):
            return
        shown = now
        rate = done / max(1e-9, now - begun)
        print(f"\r{done:,} of {of:,} messages written ({rate:,.0f}/s)", end="\n" if done >= of else "", file=sys.stderr)

    return say
