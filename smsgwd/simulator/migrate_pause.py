"""How long clients wait while a store is moved: a gateway with a past, a steady load over HTTP, there and back.

Clients that find no one try again with the same key, so nothing is sent twice. Longest is the time between two answers
that accepted a message.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.admin_client import AdminError
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.loaded_store import LoadedStand, Past
from smsgwd.simulator.stand import TOKEN, Stand, StandError

_CLIENTS: Final = 8
_LONGEST_S: Final = 900.0  # a move
_SETTLE_S: Final = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseOptions:
    """`messages` are in the embedded store at the beginning; `rate` a second come over HTTP meanwhile. `redis` is the
    server it goes to, where nothing may be under the prefix `migrate-pause-<pid>`."""

    messages: int = 200_000
    rate: float = 200.0
    redis: str = "redis://127.0.0.1:6379"


class _Client(threading.Thread):
    """Sends at its pace until it is told to stop; when each was accepted."""

    def __init__(self, port: int, number: int, every_s: float, over: threading.Event) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._port = port
        self._number = number
        self._every_s = every_s
        self._over = over
        self._connection: http.client.HTTPConnection | None = None
        self.accepted: list[float] = []

    def run(self) -> None:
        """The thread."""
        due, count = time.monotonic(), 0
        while not self._over.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            if self._sent(f"{self._number}-{count}"):
                self.accepted.append(time.monotonic())
                count += 1
                due = max(due + self._every_s, time.monotonic() - 1.0)  # what was missed is not caught up with
            else:
                time.sleep(0.02)

    def _sent(self, key: str) -> bool:
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            body = json.dumps({"from": "Shop", "to": f"+3069{self._number}{len(self.accepted):07d}", "text": "Hello"})
            headers = {
                "Authorization": f"Bearer {TOKEN}",
                "Content-Type": "application/json",
                "Idempotency-Key": key,
            }
            self._connection.request("POST", "/v1/messages", body, headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            return False
        return answer.status in (200, 202)


def run_pause(options: PauseOptions, directory: Path) -> Verdict:
    """The whole of it in an empty directory. Raises StandError, LoadError, OSError, ValueError, sqlite3.Error."""
    loaded = LoadedStand(directory)
    stand = loaded.stand
    facts: dict[str, Any] = {"messages": options.messages, "rate": options.rate}
    over = threading.Event()
    try:
        loaded.prepare()
        loaded.write(Past(finished=options.messages))
        stand.smsc.start()
        stand.smsc.port()
        stand.gateway.start()
        stand.wait_ready()
        clients = [_Client(stand.http_port, each, _CLIENTS / options.rate, over) for each in range(_CLIENTS)]
        for each in clients:
            each.start()
        time.sleep(_SETTLE_S)
        redis = {"kind": "redis", "url": options.redis, "prefix": f"migrate-pause-{os.getpid()}"}
        for way, section, kind in (("to redis", redis, "redis"), ("to embedded", {"kind": "embedded"}, "embedded")):
            begun = time.monotonic()
            _move(stand, directory, section, kind)
            time.sleep(_SETTLE_S)
            facts[f"{way}: s"] = round(time.monotonic() - begun - _SETTLE_S, 1)
            facts[f"{way}: longest without an answer, s"] = round(_longest(clients, begun), 2)
        over.set()
        for each in clients:
            each.join(30)
        facts["accepted"] = sum(len(each.accepted) for each in clients)
        with stand.admin() as admin:
            checked = admin.run("ledger", "check")
    finally:
        over.set()
        loaded.kill()
    return Verdict(facts, {"problems of the ledger": len(checked["problems"])})


def _move(stand: Stand, directory: Path, section: dict[str, Any], kind: str) -> None:
    """Have the gateway move, and wait until it is there. Raises StandError."""
    file = directory / "smsgwd.yaml"
    file.write_text(json.dumps({**json.loads(file.read_text()), "store": section}, indent=1))
    with stand.admin() as admin:
        admin.run("store", "migrate")
    end = time.monotonic() + _LONGEST_S
    while time.monotonic() < end:
        stand.gateway.check()
        with contextlib.suppress(OSError, http.client.HTTPException, AdminError), stand.admin() as admin:
            shown = admin.run("store", "migrate-show")
            if shown["state"] == "failed":
                raise StandError(f"the store was not moved: {shown['failed']}")
            if shown["state"] == "none" and str(shown["store"]).startswith(kind):
                stand.wait_ready()
                return
        time.sleep(0.2)
    raise StandError(f"the store was not moved within {_LONGEST_S:g} s")


def _longest(clients: list[_Client], begun: float) -> float:
    """The longest time between two answers that accepted something, since then."""
    moments = sorted(at for each in clients for at in list(each.accepted) if at >= begun)
    return max((later - at for at, later in zip([begun, *moments], moments, strict=False)), default=0.0)
