"""`smsgwd bench http` and `batch`: HTTP in, SMPP out, receipts pushed."""

from pathlib import Path
from typing import Any

import click

from smsgwd.cli.bench_runs import (
    check_pids,
    coalesce_option,
    only_with_target,
    run_all,
    take_business,
    with_business,
    with_runs,
)

_OURS = [
    click.option("--binds", type=click.IntRange(1, 64), default=1, show_default=True, help="To the SMSC."),
    click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each bind."),
    click.option("--workers", type=click.IntRange(0, 32), default=0, help="Processes of the gateway that do HTTP."),
]
_DEFAULT_COALESCE_US = 1_000
_OTHERS = ("smsc_port", "sink_port", "pid", "method", "header", "body", "expect", "dlr_mark", "dlr_reply")


@click.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=20_000, show_default=True)
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=1_000, show_default=True, help="Not measured.")
@click.option(
    "--coalesce", type=click.IntRange(1, 1000), default=1, show_default=True, help="Receipts in a push: dlr_batch."
)
@click.option("--target", default="", metavar="URL", help="Another gateway; {dest}, {n} and {text} are filled in.")
@click.option("--method", default="GET", show_default=True, help="With --target.")
@click.option("--header", multiple=True, metavar="NAME:VALUE", help="With --target; repeatable.")
@click.option("--body", default="", help="With --target; filled in like the URL.")
@click.option("--expect", default="", help="With --target: what is in the answer (2xx) to an accepted message.")
@click.option("--sink-port", type=click.IntRange(0, 65535), default=0, help="With --target: for its receipts.")
@click.option("--dlr-mark", default="", help="With --target: what precedes a number's last eight digits in a receipt.")
@click.option("--dlr-reply", default="OK", show_default=True, help="With --target: the answer to a receipt.")
@click.option("--connections", type=click.IntRange(1, 1000), default=64, show_default=True, help="Keep-alive.")
@with_business
@coalesce_option(_DEFAULT_COALESCE_US)
@with_runs
def http(**chosen: Any) -> None:
    """HTTP in, SMPP out, receipts pushed. Exit 1 when a message was lost, doubled or never pushed."""
    if chosen["target"]:
        for name in ("smsc_port", "sink_port", "dlr_mark"):
            if not chosen[name]:
                raise click.UsageError(f"--target needs --{name.replace('_', '-')}")
        check_pids(chosen["pid"])
    else:
        only_with_target(*_OTHERS)
    _run("http", chosen)


@click.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=50_000, show_default=True)
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=5_000, show_default=True, help="Not measured.")
@click.option("--size", type=click.IntRange(1, 1000), default=100, show_default=True, help="Messages in a request.")
@click.option(
    "--coalesce", type=click.IntRange(1, 1000), default=100, show_default=True, help="Receipts in a push: dlr_batch."
)
@click.option("--connections", type=click.IntRange(1, 1000), default=8, show_default=True, help="Keep-alive.")
@with_business
@coalesce_option(_DEFAULT_COALESCE_US)
@with_runs
def batch(**chosen: Any) -> None:
    """Batches over HTTP in, SMPP out, coalesced pushes. Exit status as with http; accept_ms is of requests."""
    for name in ("messages", "warmup"):
        if chosen[name] % chosen["size"]:
            raise click.UsageError(f"--{name} must be a multiple of --size")
    if chosen["smsc_port"] or chosen["pid"]:
        raise click.UsageError("--smsc-port and --pid are not for batch")
    _run("batch", chosen)


for _option in reversed(_OURS):
    for _command in (http, batch):
        _option(_command)


def _run(name: str, chosen: dict[str, Any]) -> None:
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator.http_bench import LATENCIES, PEERS, HttpBenchOptions, run_http

    business = take_business(chosen)

    def once(options: dict[str, Any], directory: Path) -> dict[str, Any]:
        return run_http(HttpBenchOptions(**options), directory)

    run_all(name, chosen, LATENCIES, PEERS, once, business=business)
