"""What an open overview of the console costs the gateway under a steady load: CPU with and without one, in turns.

A browser is one connection that got the page with all its files and then reads Server-Sent Events. The turns are short
and many, so that whatever else the machine does falls on both alike; the verdict compares the medians. Browsers of
different languages share no reading: with six of them the cost of one stands out of what else varies.
"""

from __future__ import annotations

import http.client
import re
import socket
import statistics
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from smsgwd.simulator.beside import Operator, drive_beside, warmed_load
from smsgwd.simulator.books import Books
from smsgwd.simulator.crash import Verdict
from smsgwd.simulator.smpp_bench import counts
from smsgwd.simulator.smpp_load import BindPlan, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, Stand, StandError, esme_name

_WHO: Final = "bench"
_SECRET: Final = "bench-secret"  # noqa: S105 - of a gateway that lives for one measurement
_SETTLE_S: Final = 3.0
_LANGUAGES: Final = ("en", "fr", "el", "ro", "uk", "ru")
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleLoadOptions:
    """`rate` messages a second; `turns` with and as many without an open page, each of `seconds`. An open one may cost
    `share` percent of a core; 0 judges nothing."""

    rate: float = 5000.0
    turns: int = 6
    seconds: float = 10.0
    viewers: int = 6
    share: float = 2.0
    warmup: int = 4000
    window: int = 200
    binds: int = 4
    stalled: float = 30.0


class Viewer:
    """A browser with the overview open, until `close`. Raises StandError where it is not let in."""

    def __init__(self, port: int, language: str) -> None:
        self._port = port
        self._language = language
        self._cookie = self._log_in()
        page = self._get("/ui/").decode()
        self.loaded = len(page)
        for path in set(re.findall(r'(?:href|src)="(/ui/static/[^"#]+)', page)):
            self.loaded += len(self._get(path))
        found = re.search(r'sse-connect="([^"]+)"', page)
        if found is None:
            raise StandError("the overview has nothing that moves")
        self.events = 0
        self._socket = socket.create_connection(("127.0.0.1", port), 30)
        self._socket.sendall(
            f"GET {found[1]} HTTP/1.1\r\nHost: bench\r\nCookie: {self._cookie}\r\n"
            f"Accept-Language: {language}\r\n\r\n".encode()
        )
        self._lines = self._socket.makefile("rb")
        status = self._lines.readline()
        if b" 200 " not in status:
            raise StandError(f"{found[1]} was answered {status!r}")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the page."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._lines.close()
        self._socket.close()

    def _read(self) -> None:
        with suppress(OSError):
            while line := self._lines.readline():
                self.events += line.startswith(b"event:")

    def _log_in(self) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            connection.request("POST", "/ui/login", f"name={_WHO}&password={_SECRET}", _FORM)
            answer = connection.getresponse()
            answer.read()
            cookie = answer.getheader("Set-Cookie", "")
            if answer.status != 303 or not cookie:
                raise StandError(f"logging in was answered {answer.status}")
            return cookie.partition(";")[0]
        finally:
            connection.close()

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Cookie": self._cookie, "Accept-Encoding": "gzip", "Accept-Language": self._language}
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise StandError(f"{path} was answered {answer.status}")
            return body
        finally:
            connection.close()


@dataclass(slots=True)
class _Operator(Operator):
    """Opens and closes the page, and notes what CPU that took."""

    stand: Stand
    options: ConsoleLoadOptions
    without: list[float] = field(default_factory=list)  #: percent of a core, a turn each
    within: list[float] = field(default_factory=list)
    events: int = 0
    loaded: int = 0

    def steps(self) -> None:
        """All turns."""
        time.sleep(_SETTLE_S)
        for _ in range(self.options.turns):
            self.without.append(self._percent())
            viewers = [
                Viewer(self.stand.ops_port, _LANGUAGES[number % len(_LANGUAGES)])
                for number in range(self.options.viewers)
            ]
            try:
                time.sleep(2.0)  # the page itself, and checking the password, are not what is asked for
                self.within.append(self._percent())
            finally:
                for viewer in viewers:
                    viewer.close()
            self.events += sum(viewer.events for viewer in viewers)
            self.loaded = viewers[0].loaded

    def _percent(self) -> float:
        gateway, begun = self.stand.gateway, time.monotonic()
        before = gateway.cpu_s()
        time.sleep(self.options.seconds)
        return 100 * (gateway.cpu_s() - before) / (time.monotonic() - begun)


def run_console_load(options: ConsoleLoadOptions, directory: Path) -> Verdict:
    """The whole measurement in an empty directory. Raises StandError, LoadError."""
    console = {"accounts": [{"name": _WHO, "role": "read", "secret": _SECRET}]}
    overrides: dict[str, Any] = {"connector": {"binds": 2}, "console": console}
    stand = Stand(directory, smsc=("--receipt-window", "200"), overrides=overrides, esmes=1, lean=True)
    seconds = _SETTLE_S + options.turns * (2 * options.seconds + 4.0) + 5.0  # the rest is not sent
    books = Books(options.warmup + round(options.rate * seconds))
    operator = _Operator(stand, options)
    load: SmppLoad | None = None
    try:
        stand.start()
        load = warmed_load(
            stand,
            [BindPlan(esme_name(0), ESME_PASSWORD) for _ in range(options.binds)],
            books,
            window=options.window,
            warmup=options.warmup,
            stalled_s=options.stalled,
        )
        sent = drive_beside(stand, load, operator, warmup=options.warmup, rate=options.rate, stalled_s=options.stalled)
        load.unbind()
        status = stand.stop()
    except BaseException:
        with suppress(StandError):
            stand.stop()
        raise
    finally:
        if load is not None:
            load.close()
    found = counts(books)
    without, within = statistics.median(operator.without), statistics.median(operator.within)
    costs = (within - without) / options.viewers
    return Verdict(
        facts={
            "messages sent": sent,
            "messages a second": round(options.rate),
            "CPU without, % of a core": round(without, 2),
            f"CPU with {options.viewers} open overviews, %": round(within, 2),
            "an open overview costs, %": round(costs, 2),
            "turns without, %": " ".join(f"{each:.1f}" for each in operator.without),
            "turns with, %": " ".join(f"{each:.1f}" for each in operator.within),
            "events a turn": round(operator.events / options.turns),
            "octets of a first load": operator.loaded,
        },
        failures={
            "lost": found.get("lost", 0) + found.get("never_received", 0),
            "exit status of the gateway": status,
            "no events": int(not operator.events),
            "costs more than it may": int(bool(options.share) and costs > options.share),
        },
    )
