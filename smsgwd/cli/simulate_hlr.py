"""`smsgwd simulate hlr`: who answers number lookups in tests and staging."""

from typing import Any

import click

from smsgwd.cli.simulate_serve import serve
from smsgwd.simulator.hlr import NETWORKS, HlrOptions, parse_network


@click.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8095, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--delay-ms", type=click.FloatRange(0.0, 86_400_000.0), default=0, help="Delay of answers.")
@click.option("--fail-pct", type=click.FloatRange(0.0, 100.0), default=0, help="Share answered 503.")
@click.option("--seed", type=int, default=42, show_default=True, help="Seed of that share.")
@click.option(
    "--network",
    "networks",
    multiple=True,
    help="PREFIX:COUNTRY:MCC:MNC:NAME, as often as needed; then only these (Greece, Cyprus, Britain).",
)
def hlr(port: int, host: str, delay_ms: float, fail_pct: float, seed: int, networks: tuple[str, ...]) -> None:
    """An HLR for number lookups. Port and statistics as with the SMSC; GET /stats answers them too."""
    try:
        known = dict(map(parse_network, networks)) or dict(NETWORKS)
    except ValueError as problem:
        raise click.BadParameter(str(problem), param_hint="--network") from None
    from twisted.internet import reactor as installed

    from smsgwd.net.http_server import HttpListener
    from smsgwd.simulator.hlr import Hlr

    reactor: Any = installed
    options = HlrOptions(networks=known, delay_ms=delay_ms, fail_pct=fail_pct, seed=seed)
    service = Hlr(options, reactor.callLater)
    listener = HttpListener(reactor, service)

    def start() -> int:
        return int(listener.listen(host, port))

    serve(reactor, start, lambda: listener.stop(1.0), service.summary)
