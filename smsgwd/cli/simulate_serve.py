"""How a simulated peer is served: it says where it listens, runs until a signal, and prints its statistics."""

import gc
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import click


def serve(
    reactor: Any, start: Callable[[], int], stop: Callable[[], object], summary: Callable[[], dict[str, Any]]
) -> None:
    """Listen, announce the port, run until SIGTERM or SIGINT, print the statistics."""
    from twisted.internet.error import CannotListenError

    try:
        port = start()
    except CannotListenError as problem:
        raise click.ClickException(str(problem)) from None
    announcement = json.dumps({"event": "listening", "port": port})
    # Once the reactor has its signal handlers: whoever reads the line may send SIGTERM at once and gets the statistics.
    reactor.callWhenRunning(lambda: print(announcement, flush=True))
    signal.signal(
        signal.SIGUSR1,
        lambda *_: reactor.callFromThread(lambda: print(json.dumps(summary()), file=sys.stderr, flush=True)),
    )
    found: dict[str, Any] = {}

    def ending() -> None:
        found.update(summary())
        stop()

    reactor.addSystemEventTrigger("before", "shutdown", ending)
    reactor.run()
    print(json.dumps(found), flush=True)


class LeanPeer(Protocol):
    """A lean peer, which runs its own loop."""

    report: Any

    def listen(self, host: str, port: int) -> int:
        """Listen; the port."""

    def turn(self) -> None:
        """Handle what happens next."""

    def summary(self) -> dict[str, Any]:
        """The statistics so far."""

    def close(self) -> None:
        """Close everything."""


def refuse_others(ctx: click.Context, known: set[str]) -> None:
    """Refuse every option given that a lean peer does not have."""
    for name in ctx.params.keys() - known:
        if ctx.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name.replace('_', '-')} is not for --lean")


def serve_lean(service: LeanPeer, host: str, port: int, report: Path | None) -> None:
    """Listen, announce the port, run until SIGTERM or SIGINT, write the report, print the statistics."""
    stopped: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda which, _: stopped.append(which))
    signal.signal(signal.SIGUSR1, lambda *_: say(json.dumps(service.summary())))
    try:
        taken = service.listen(host, port)
    except OSError as problem:
        raise click.ClickException(str(problem)) from None
    print(json.dumps({"event": "listening", "port": taken}), flush=True)
    # All that the imports made stays: the collector need not look at it again while something is measured.
    gc.freeze()
    while not stopped:
        service.turn()
    summary = service.summary()
    service.close()
    if report is not None:
        service.report.write(report)
    print(json.dumps(summary), flush=True)


def say(line: str) -> None:
    """A line on stderr."""
    print(line, file=sys.stderr, flush=True)
