"""A stand whose gateway has a past: finished messages and queued ones, written into its store before it is measured.

The gateway itself makes the patterns: one message over SMPP and one over HTTP that come through, with their receipts,
and one for a connector that nobody listens for.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from smsgwd.model.message import State
from smsgwd.simulator import bulk_rows
from smsgwd.simulator.backlog_rows import states_in
from smsgwd.simulator.books import Books
from smsgwd.simulator.bulk_rows import Bulk, Pattern, Progress
from smsgwd.simulator.free_ports import free_ports
from smsgwd.simulator.smpp_load import BindPlan, LoadError, SmppLoad
from smsgwd.simulator.stand import ESME_PASSWORD, TENANT, TOKEN, Stand, StandError, esme_name
from smsgwd.simulator.submissions import Submissions
from smsgwd.simulator.submit_template import SubmitTemplate

LIVE: Final = "sim"  #: the connector whose SMSC is there
DEAD: Final = "dead"  #: the connector whose SMSC never is
SENDER: Final = esme_name(0)  #: the account whose messages go to LIVE
STUCK: Final = esme_name(1)  #: the account whose messages go to DEAD
_TEXT: Final = "Message {n}"
_FINISHED_FROM: Final = 50_000_000  # numbers of the written messages: far from those of a load
_PENDING_FROM: Final = 90_000_000
_HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 24 * _HOUR_MS
_HISTORY_MS: Final = 29 * _DAY_MS  # within `retention`: nothing of it is to be cleared up while the gateway is measured
_PUSHES_MS: Final = 7 * _DAY_MS - 12 * _HOUR_MS
_PENDING_MS: Final = 12 * _HOUR_MS  # younger than the validity
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a store holds: `finished` messages, half of them over SMPP and half over HTTP, over the last 29 days; and
    `pending` ones over the last 12 hours, queued for the connector `pending_on`."""

    finished: int = 0
    pending: int = 0
    pending_on: str = DEAD


class LoadedStand:
    """A gateway with a live and a dead connector, two SMPP accounts and an HTTP tenant; its SMSC's port stays."""

    def __init__(self, directory: Path, connector: dict[str, Any] | None = None) -> None:
        """`connector` are further settings of the live one."""
        self.smsc_port, dead_port = free_ports(2)
        common = {"kind": "smpp", "host": "127.0.0.1", "system_id": "gw", "password": "gw", "window": 200, "binds": 1}
        self.stand = Stand(
            directory,
            smsc=("--port", str(self.smsc_port), "--receipt-window", "200"),
            overrides={
                "connectors": [
                    common | {"id": LIVE, "port": self.smsc_port} | (connector or {}),
                    common | {"id": DEAD, "port": dead_port},
                ],
                "routes": [{"match": {"tenant": STUCK}, "connectors": [DEAD]}, {"connectors": [LIVE]}],
            },
            esmes=2,
            lean=True,
            both=True,
        )
        self.file = directory / "data" / "store.db"
        self._patterns: dict[str, Pattern] = {}

    def prepare(self) -> None:
        """Have the gateway make a store and the patterns; afterwards none but the catcher runs.

        Raises StandError, LoadError when a process, a bind or a message does not do what it should.
        """
        self.stand.start()
        self._send_one_each()
        self.stand.gateway.stop()
        self.stand.smsc.stop()
        finished, queued = State.DELIVERED, State.QUEUED
        for tenant, state in ((SENDER, finished), (TENANT, finished), (STUCK, queued)):
            self._patterns[tenant] = bulk_rows.pattern_in(self.file, tenant, state)

    def write(self, past: Past, progress: Progress = lambda done, of: None, *, first: int = 0) -> None:
        """Write the messages, into the store that `prepare` left and nobody runs on; `first` is how many were before.

        Raises ValueError, sqlite3.Error.
        """
        now = int(time.time() * 1000)
        stuck = self._patterns[STUCK]
        pending = replace(stuck, message=dict(stuck.message) | {"connector": past.pending_on})
        total = past.finished + past.pending
        with bulk_rows.loading(self.file) as connection:
            history = Bulk(
                numbers=range(_FINISHED_FROM + first, _FINISHED_FROM + first + past.finished),
                ages_ms=range(now - _HISTORY_MS, now - _PENDING_MS),
                pushes_from_ms=now - _PUSHES_MS,
                first_smsc_id=1_000_000_000 + first,
            )
            patterns = [self._patterns[SENDER], self._patterns[TENANT]]
            bulk_rows.fill(connection, patterns, history, lambda done, of: progress(done, total))
            queue = Bulk(
                numbers=range(_PENDING_FROM + first, _PENDING_FROM + first + past.pending),
                ages_ms=range(now - _PENDING_MS + 60 * first, now - _HOUR_MS),
            )
            bulk_rows.fill(connection, [pending], queue, lambda done, of: progress(past.finished + done, total))

    def kill(self) -> None:
        """End what runs."""
        for process in (self.stand.gateway, self.stand.webhook, self.stand.smsc):
            process.kill_if_running()

    def states(self) -> dict[State, int]:
        """How many messages of which state the store has; nobody runs on it. Raises sqlite3.Error."""
        return states_in(self.file)

    def _send_one_each(self) -> None:
        stand = self.stand
        books = Books(2)
        load = SmppLoad(
            ("127.0.0.1", stand.smpp_port),
            [BindPlan(SENDER, ESME_PASSWORD, 0), BindPlan(STUCK, ESME_PASSWORD, 1)],
            SubmitTemplate(_TEXT),
            books,
            window=1,
        )
        try:
            load.bind()
            # Two numbers and two binds of window 1: one each.
            load.run(range(2), receipts=False, tick=stand.gateway.check)
            came = load.linger(lambda: books.received == 1, _PATIENCE_S, stand.gateway.check)
            load.unbind()
        finally:
            load.close()
        if books.refused or not came:
            raise LoadError(
                f"the first messages did not come through: {books.received} receipts, {dict(books.refused)}"
            )
        request = Submissions(f"127.0.0.1:{stand.http_port}", TOKEN, _TEXT).request(2)
        head, _, body = request.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        connection = http.client.HTTPConnection("127.0.0.1", stand.http_port, timeout=30)
        try:
            connection.request("POST", "/v1/messages", body, headers)
            answer = connection.getresponse()
            if answer.status != 202:
                raise StandError(f"the first message over HTTP was answered with {answer.status}: {answer.read()!r}")
        except (OSError, http.client.HTTPException) as problem:
            stand.gateway.check()
            raise StandError(f"the first message over HTTP was not answered: {problem}") from None
        finally:
            connection.close()
        if stand.wait_pushed(1) != 1:
            raise StandError("the receipt of the first message over HTTP was not pushed")
