"""`smsgwctl top`: one snapshot as text, or a screen that renews itself (`top_screen`, which needs textual)."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

import click

from smsgwd.cli.top_figures import History
from smsgwd.cli.top_text import whole

Call = Callable[[str, str, dict[str, str]], Any]
_APART_S: Final = 1.0


def run(call: Call, once: bool, interval_s: float, *, cluster: bool = False) -> int:
    """Show it; the exit status. `call(noun, verb, params)` asks the daemon and raises ClickException or OSError.

    `once` prints two samples' difference, a second apart, and needs no terminal. `interval_s` renews the screen.
    `cluster`: the rates are those of all nodes that share the store.
    """
    if cluster and "nodes" not in call("figures", "show", {"tenants": "0"}):
        raise click.UsageError("this gateway shares its store with no other: top without --cluster is all there is")
    if once:
        click.echo(snapshot(call, time.sleep, cluster=cluster))
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()):
        raise click.UsageError("top needs a terminal; `smsgwctl top --once` prints it once")
    from smsgwd.cli.top_screen import TopScreen  # textual takes half a second, and only this needs it

    return TopScreen(call, interval_s, cluster=cluster).run() or 0


def snapshot(call: Call, sleep: Callable[[float], object], *, cluster: bool = False) -> str:
    """The text of one look. Raises what `call` raises."""
    history = History(cluster=cluster)
    history.add(call("figures", "show", {}))
    sleep(_APART_S)
    return whole(history.add(call("figures", "show", {})), history)
