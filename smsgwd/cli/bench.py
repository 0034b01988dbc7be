"""`smsgwd bench`: the reproducible benchmarks. The gateway is one process, its peers and the load are others."""

import click

from smsgwd.cli.bench_data import backlog, idle, reload_, scheduled, startup
from smsgwd.cli.bench_dialects import dialects, history
from smsgwd.cli.bench_http import batch, http
from smsgwd.cli.bench_operations import trace
from smsgwd.cli.bench_smpp import smpp


@click.group()
def bench() -> None:
    """Measure the gateway between simulated peers."""


for _command in (smpp, http, batch, backlog, startup, idle, scheduled, reload_, dialects, history, trace):
    bench.add_command(_command)
