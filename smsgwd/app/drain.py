"""A drain that an operator begins: new submissions are refused, everything else goes on, and it can be taken back."""

from __future__ import annotations

from typing import Final

from smsgwd.app.pipeline import Pipeline
from smsgwd.northbound.api import NativeApi
from smsgwd.northbound.esme.requests import Requests
from smsgwd.ports.clock import Clock
from smsgwd.telemetry import get_logger

#: What `/ready` and `status` show as the phase meanwhile.
PHASE: Final = "drained"
_log = get_logger("daemon")


class Drain:
    """Closes and opens the ways in. Who is connected or bound stays so, and gets receipts; a start begins undrained."""

    def __init__(self, *, pipeline: Pipeline, api: NativeApi, requests: Requests, clock: Clock) -> None:
        self._pipeline = pipeline
        self._api = api
        self._requests = requests
        self._clock = clock
        self._since: float | None = None
        self._closed = False
        self._followed = False  # it was begun at another node

    @property
    def active(self) -> bool:
        """True from `begin` to `end`."""
        return self._since is not None

    @property
    def seconds(self) -> float:
        """For how long it has lasted."""
        return 0.0 if self._since is None else self._clock.monotonic() - self._since

    def follow(self, open_: bool) -> None:
        """An operator wants this node's intake closed, or open again, perhaps from another node. What was closed with
        `begin` stays so."""
        if not open_ and not self.active:
            self.begin()
            self._followed = True
        elif open_ and self._followed:
            self.end()

    def begin(self) -> None:
        """Refuse new submissions as at a shutdown."""
        self._followed = False
        if self._since is None:
            self._since = self._clock.monotonic()
            self._pipeline.close()
            self._api.close()
            self._requests.close_to_submits()
            _log.warning("drain.begun")

    def end(self) -> None:
        """Take submissions again."""
        if self._since is not None:
            seconds, self._since = self.seconds, None
            self._followed = False
            if not self._closed:
                self._pipeline.open()
                self._api.open()
                self._requests.open()
            _log.info("drain.ended", seconds=round(seconds, 1))

    def close(self) -> None:
        """The gateway stops, and has closed its ways in by itself: `end` opens none any more."""
        self._closed = True
