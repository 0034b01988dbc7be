"""`smsgwd bench smpp`: SMPP in, SMPP out, receipts back over SMPP."""

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


@click.command()
@click.option("--messages", type=click.IntRange(1, 10_000_000), default=100_000, show_default=True)
@click.option("--binds", type=click.IntRange(1, 1000), default=1, show_default=True, help="ESMEs, all accounts.")
@click.option("--accounts", type=click.IntRange(1, 1000), default=1, show_default=True, help="That share the binds.")
@click.option("--window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each ESME.")
@click.option("--warmup", type=click.IntRange(0, 1_000_000), default=5_000, show_default=True, help="Not measured.")
@click.option("--pairs", is_flag=True, help="Each bind is a transmitter and a receiver, not a transceiver.")
@click.option("--smsc-binds", type=click.IntRange(1, 64), default=4, show_default=True, help="To the SMSC.")
@click.option("--smsc-window", type=click.IntRange(1, 10_000), default=200, show_default=True, help="Of each of them.")
@click.option("--direct", is_flag=True, help="Without the gateway: what load and SMSC can do.")
@click.option("--target", default="", metavar="HOST:PORT", help="Another gateway; none is started.")
@click.option("--system-id", default="", help="Of all binds, with --target.")
@click.option("--password", default="", help="Of all binds, with --target.")
@click.option("--redis", default="", metavar="URL", help="The gateway's store is there, not embedded.")
@click.option("--redis-pid", type=int, default=0, help="Of that server: its CPU is measured, too.")
@click.option(
    "--durability", type=click.Choice(["strict", "server"]), default="strict", show_default=True, help="With --redis."
)
@click.option("--nodes", type=click.IntRange(1, 16), default=1, show_default=True, help="With --redis.")
@with_business
@coalesce_option(0)
@with_runs
def smpp(**chosen: Any) -> None:
    """SMPP in, SMPP out, receipts back over SMPP. Exit 1 when a message or a receipt was lost or doubled."""
    # Imported here: `smsgwd run` shall not load the bench.
    from smsgwd.simulator.smpp_bench import LATENCIES, PEERS, SmppBenchOptions, run_smpp

    business = take_business(chosen)
    if chosen["binds"] < chosen["accounts"]:
        raise click.UsageError("--binds must be at least --accounts")
    if chosen["nodes"] > 1 and (not chosen["redis"] or business is not None):
        raise click.UsageError("--nodes needs --redis, and goes without --business")
    if chosen["nodes"] > chosen["binds"] or chosen["nodes"] > chosen["smsc_binds"]:
        raise click.UsageError("--nodes: each needs one of --binds and of --smsc-binds")
    if chosen["target"]:
        host, _, port = chosen["target"].rpartition(":")
        if not (host and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            raise click.UsageError("--target must be HOST:PORT")
        if chosen["direct"]:
            raise click.UsageError("--direct and --target exclude each other")
        check_pids(chosen["pid"])
    else:
        only_with_target("smsc_port", "pid", "system_id", "password")

    peers = PEERS | ({"redis": "redis"} if chosen["redis_pid"] else {})

    def once(options: dict[str, Any], directory: Path) -> dict[str, Any]:
        return run_smpp(SmppBenchOptions(**options), directory)

    def more(runs: list[dict[str, Any]], summary: dict[str, Any]) -> str:
        shares = [run["fairness"]["min_share"] for run in runs if "fairness" in run]
        if shares:
            summary["min_share"] = min(shares)
        if not shares or chosen["accounts"] == 1:
            return ""
        return f"\nleast share of an account: {min(shares):.0%} of its fair one"

    run_all("smpp", chosen, LATENCIES, peers, once, more, business)
