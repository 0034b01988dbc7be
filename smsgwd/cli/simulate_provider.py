"""`smsgwd simulate provider NAME`: a supplier's HTTP API, for plugins and their tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from smsgwd.cli.simulate_serve import serve
from smsgwd.simulator.provider_options import NAMES, SimulatorOptions, parse_numbers

_F = TypeVar("_F", bound=Callable[..., Any])

_OWN = SimulatorOptions()
_PERCENT = click.FloatRange(0.0, 100.0)
_MILLISECONDS = click.FloatRange(0.0, 86_400_000.0)


def _share(name: str, text: str) -> Callable[[_F], _F]:
    called = "five_xx_pct" if name == "--5xx-pct" else name.removeprefix("--").replace("-", "_")
    return click.option(name, called, type=_PERCENT, default=0.0, help=text)


@click.command()
@click.argument("name", type=click.Choice(NAMES))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8096, show_default=True, help="Port; 0 takes a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--user", default=_OWN.user, show_default=True, help="User name, login, API key or account SID.")
@click.option("--password", default=_OWN.password, show_default=True, help="Its password or secret.")
@click.option("--token", default=_OWN.token, show_default=True, help="API token, where there is one instead.")
@click.option("--sender", "senders", multiple=True, help="A sender that is allowed, as often as needed (any).")
@click.option("--credits", type=float, default=_OWN.credits, show_default=True, help="What the account has.")
@click.option("--price", type=click.FloatRange(0.0), default=0.0, help="Taken from it for each message.")
@click.option("--delay-ms", type=_MILLISECONDS, default=0, help="Delay of answers.")
@_share("--error-pct", "Share of sends answered with an error of the page; nothing is taken.")
@click.option("--error", "errors", multiple=True, help="Errors to draw from, by name (GET /_sim/errors).")
@click.option("--throttle", type=click.IntRange(0), default=None, help="Requests in any second (what its page says).")
@_share("--timeout-pct", "Share of sends that are taken and never answered.")
@_share("--drop-pct", "Share of sends whose connection is closed; nothing is taken.")
@_share("--5xx-pct", "Share of sends answered 500, 502 or 503; nothing is taken.")
@click.option("--everywhere", is_flag=True, help="Drops and 5xx hit other requests than sends, too.")
@_share("--fail-pct", "Share of messages whose final state is a failure.")
@click.option("--final-after-ms", type=_MILLISECONDS, default=0, help="From taking to the final state.")
@click.option("--numbers", default="", help="0091:EXPIRED,0092:none: final states by last digits.")
@click.option("--callback-url", default="", help="Where callbacks go, of providers where it is set up there.")
@_share("--lose-callbacks-pct", "Share of callbacks never sent.")
@_share("--double-callbacks-pct", "Share of callbacks sent twice.")
@click.option("--early-callbacks", is_flag=True, help="Final, and told so, before the send is answered.")
@click.option("--callback-tries", type=click.IntRange(1, 100), default=_OWN.callback_tries, show_default=True)
@click.option("--callback-retry-ms", type=_MILLISECONDS, default=_OWN.callback_retry_ms, show_default=True)
@click.option("--flat", is_flag=True, help="Ardary: callbacks have their fields in the query, no JSON.")
@click.option("--tell-failures", is_flag=True, help="Ardary: a callback `failed`, which its page does not have.")
@click.option("--literal", is_flag=True, help="SMS Club: the balance as its page has it, which is no JSON.")
@click.option("--devices", type=click.IntRange(0), default=_OWN.devices, help="SMSAdvert: own devices connected.")
@click.option("--seed", type=int, default=_OWN.seed, show_default=True, help="Seed of all that is drawn.")
def provider(name: str, host: str, port: int, numbers: str, **given: Any) -> None:
    """A provider's HTTP API, with faults. Port and statistics as with the SMSC; GET /_sim/stats answers them too."""
    from twisted.internet import reactor as installed

    from smsgwd.simulator.provider import ProviderSimulator
    from smsgwd.simulator.provider_options import changed

    reactor: Any = installed
    given["5xx_pct"] = given.pop("five_xx_pct")
    try:
        simulator = ProviderSimulator(reactor, name, changed(_OWN, given | {"numbers": parse_numbers(numbers)}))
    except ValueError as problem:
        raise click.UsageError(str(problem)) from None
    reactor.addSystemEventTrigger("before", "shutdown", simulator.stop)
    serve(reactor, lambda: simulator.listen(host, port), lambda: None, simulator.stats)
