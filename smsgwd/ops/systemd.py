"""The service manager's notification socket (sd_notify(3)): what is said on it, and when."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

_STATUS_EVERY_S: Final = 10.0
_EXTEND_BY_S: Final = 60.0  # said anew every _STATUS_EVERY_S: a start that hangs ends after that time


class Notifier:
    """Sends datagrams to $NOTIFY_SOCKET; without one every method does nothing. Errors never reach the caller."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # an abstract socket
            self._address = "\0" + self._address[1:]
        usec = environ.get("WATCHDOG_USEC", "")
        pid = environ.get("WATCHDOG_PID", "")
        ours = not pid or pid == str(os.getpid())
        #: Seconds within which systemd wants to hear WATCHDOG=1; None when it does not watch.
        self.watchdog_s: float | None = int(usec) / 1e6 if usec.isdigit() and int(usec) > 0 and ours else None

    @property
    def listens(self) -> bool:
        """True where there is somebody to tell."""
        return bool(self._address)

    def send(self, state: str) -> None:
        """Send one notification, such as 'READY=1'; several assignments may be joined by newlines."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.setblocking(False)
                sock.sendto(state.encode(), self._address)
        except OSError:
            return  # a service manager that does not listen must not hurt the service

    def ready(self, status: str = "running") -> None:
        """The start, or a reload, is through."""
        self.send(f"READY=1\nSTATUS={_line(status)}")

    def reloading(self, status: str = "reading the configuration again") -> None:
        """A reload begins; `ready` ends it, whatever came of it. The time is what Type=notify-reload wants to have."""
        usec = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.send(f"RELOADING=1\nMONOTONIC_USEC={usec}\nSTATUS={_line(status)}")

    def stopping(self, within_s: float, status: str = "draining") -> None:
        """The end begins, and takes `within_s` seconds at most: a shorter TimeoutStopSec= waits for so long."""
        self.send(f"STOPPING=1\nEXTEND_TIMEOUT_USEC={int(within_s * 1e6)}\nSTATUS={_line(status)}")

    def starting(self, within_s: float, status: str) -> None:
        """The start goes on: TimeoutStartSec= shall wait `within_s` seconds more."""
        self.send(f"EXTEND_TIMEOUT_USEC={int(within_s * 1e6)}\nSTATUS={_line(status)}")

    def status(self, status: str) -> None:
        """One line for `systemctl status`."""
        self.send(f"STATUS={_line(status)}")


class Heartbeat:
    """Tells the service manager what goes on, in the reactor's turns: a reactor that hangs tells nothing any more.

    While `phase` is 'starting' it asks for more time (a store is being rewritten); while it is 'running' it feeds the
    watchdog and sends the line that `line` gives.
    """

    def __init__(
        self,
        reactor: Any,
        manager: Notifier,
        phase: Callable[[], str],
        line: Callable[[], str],
        fed: Callable[[], object] = lambda: None,
    ) -> None:
        """`fed` is called each time the watchdog was fed."""
        self._reactor = reactor
        self._manager = manager
        self._phase = phase
        self._line = line
        self._fed = fed
        self._calls: dict[str, Any] = {}

    def start(self) -> None:
        """Begin, before anything that may take long."""
        if self._manager.listens:
            self._calls["status"] = self._reactor.callLater(_STATUS_EVERY_S, self._tell)

    def ready(self) -> None:
        """The start is through: the watchdog is fed from now on."""
        if self._manager.watchdog_s is not None:
            self._feed(self._manager.watchdog_s / 3)

    def stop(self) -> None:
        """Tell nothing more."""
        for call in self._calls.values():
            if call.active():
                call.cancel()

    def _tell(self) -> None:
        phase = self._phase()
        if phase == "starting":
            self._manager.starting(_EXTEND_BY_S, "starting: the store is opened")
            if self._manager.watchdog_s is not None:  # it watches already where the process was another program before
                self._manager.send("WATCHDOG=1")
        elif phase == "running":
            self._manager.status(self._line())
        self._calls["status"] = self._reactor.callLater(_STATUS_EVERY_S, self._tell)

    def _feed(self, every_s: float) -> None:
        self._manager.send("WATCHDOG=1")
        self._fed()
        self._calls["watchdog"] = self._reactor.callLater(every_s, self._feed, every_s)


def _line(text: str) -> str:
    """One line: what follows a line end would be another assignment."""
    return " ".join(text.split())
