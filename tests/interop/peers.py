"""The independent SMSCs as processes. A peer that is not installed is skipped, and a failure where CI=true."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.scenario.harness import PATIENCE_S, Catcher, Child, Gateway, Scene, json_lines, wait

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent


class Peer(Child):
    """An SMSC that prints what it sees as JSON lines."""

    def events(self, event: str) -> list[dict[str, Any]]:
        """Everything of one kind that it has seen, in order."""
        return [line for line in json_lines(self.out_path) if line.get("event") == event]

    def wait_events(self, event: str, count: int, patience_s: float = PATIENCE_S) -> list[dict[str, Any]]:
        """The same, once there are `count` at least."""

        def look() -> list[dict[str, Any]] | None:
            found = self.events(event)
            return found if len(found) >= count else None

        return wait(f"{self.name} sees {count} times {event}", look, patience_s) or []


def npm_smpp(directory: Path) -> Peer:
    """The server of the npm package `smpp`, running."""
    node = shutil.which("node")
    if node is None:
        _missing("there is no `node` on PATH")
    if not (_HERE / "node" / "node_modules" / "smpp").is_dir():
        _missing("the npm package smpp is not installed: run `npm ci` in tests/interop/node (scripts/test does)")
    return _started(Peer("npm-smpp", [str(node), str(_HERE / "node" / "smsc.js")], directory))


def twisted3(directory: Path) -> Peer:
    """The server of smpp.twisted3, running in its own environment."""
    python = os.environ.get("SMSGWD_PEER_PYTHON") or str(_ROOT / ".venv-peer" / "bin" / "python")
    if not Path(python).exists():
        _missing(f"the environment of smpp.twisted3 is not there ({python}): scripts/test makes it")
    return _started(Peer("twisted3", [python, str(_HERE / "twisted3_smsc.py")], directory))


def _started(peer: Peer) -> Peer:
    peer.start()
    try:
        peer.port()
    except Exception:
        peer.kill_if_running()
        raise
    return peer


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


class Stand(NamedTuple):
    """A gateway between a peer and a catcher."""

    gateway: Gateway
    peer: Peer
    catcher: Catcher


@contextmanager
def bound_to(peer: Peer, scene: Scene) -> Iterator[Stand]:
    """A gateway bound to the peer, probing an idle link after half a second; both are stopped at the end."""
    try:
        catcher = scene.catcher()
        timers = {"enquire_link_s": 0.5, "enquire_link_timeout_s": 5}
        gateway = scene.gateway(peer.port(), catcher=catcher, connector={"timers": timers})
        yield Stand(gateway, peer, catcher)
        if gateway.running:
            gateway.stop()
    finally:
        peer.stop()
