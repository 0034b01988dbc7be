"""What a plugin's process was asked and has not answered, and the permits that its requests have or wait for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from smsgwd.southbound.provider.calls import Call, Done
from smsgwd.southbound.provider.frames import Cancel, Granted, ToPlugin
from smsgwd.southbound.provider.local import PermitTicket
from smsgwd.southbound.provider.permits import Permits
from smsgwd.southbound.provider.results import BadResult, from_afar
from smsgwd.telemetry import ProviderMetrics

MOST_REQUESTS: Final = 10_000
"""Requests of one process that have or wait for a permit."""


class _Out:
    """A call without its answer."""

    __slots__ = ("call", "limit_s", "result", "since", "timer", "waiting", "written")

    def __init__(self, call: Call, limit_s: float, since: float) -> None:
        self.call = call
        self.limit_s = limit_s
        self.since = since  # from when its limit counts: its last permit, at the earliest
        self.result: Deferred[Done] = Deferred()
        self.timer: IDelayedCall | None = None
        self.waiting = 0  # requests without a permit
        self.written = False  # one had a permit: it may have left


class WorkerCalls:
    """Of one runner, over all its processes. Numbers of calls are used once."""

    def __init__(
        self,
        reactor: Any,
        permits: Permits,
        send: Callable[[ToPlugin], None],
        grace_s: float,
        metrics: ProviderMetrics | None = None,
    ) -> None:
        """`grace_s`: how much later than the process itself a call over its limit is given up here."""
        self._reactor = reactor
        self._permits = permits
        self._send = send
        self._grace_s = grace_s
        self._metrics = metrics
        self._number = 0
        self._out: dict[int, _Out] = {}
        self._tickets: dict[int, tuple[PermitTicket, _Out]] = {}  # by the process' number of the request

    @property
    def out(self) -> int:
        """Calls without their answer."""
        return len(self._out)

    def add(self, call: Call, limit_s: float) -> tuple[int, Deferred[Done]]:
        """A call that is sent now: its number, and its end."""
        self._number += 1
        out = self._out[self._number] = _Out(call, limit_s, self._reactor.seconds())
        out.timer = self._reactor.callLater(limit_s + self._grace_s, self._look, self._number)
        return self._number, out.result

    def end(self, number: int, done: Done) -> bool:
        """A call has its answer. What may have left is known here too: the process is believed where it says so. False
        when nobody waits for it: it was given up."""
        out = self._out.pop(number, None)
        if out is None:
            return False
        if out.timer is not None and out.timer.active():
            out.timer.cancel()
        try:
            done = from_afar(out.call, done)
        except BadResult as error:
            done = Done(trouble=str(error), fault=True, written=done.written or out.written)
        if done.fault and self._metrics is not None:
            self._metrics.faults.inc()
        out.result.callback(done)
        return True

    def end_all(self, why: str, *, fault: bool) -> None:
        """Its process is gone, or is about to be: no call will be answered, no request goes on."""
        tickets, self._tickets = self._tickets, {}
        for ticket, _ in tickets.values():
            ticket.over(written=True)  # nobody knows
        for number, out in list(self._out.items()):
            self.end(number, Done(trouble=why, fault=fault, written=out.written))

    # -- requests --------------------------------------------------------------------------------------------------

    def ask(self, request: int, call: int) -> bool:
        """A request wants to leave; False when there are too many, or it has the number of another one."""
        if len(self._tickets) >= MOST_REQUESTS or request in self._tickets:
            return False
        out = self._out.get(call)
        if out is None:  # the call was given up, and the process does not know yet
            return True
        out.waiting += 1

        def go() -> None:
            out.waiting -= 1
            out.written = True
            out.since = self._reactor.seconds()
            self._send(Granted(request))

        ticket = PermitTicket(self._permits, go, self._metrics)
        self._tickets[request] = (ticket, out)
        ticket.ask()
        return True

    def over(self, request: int, status: int = 0, written: bool = False) -> bool:
        """A request has ended, or is not wanted any more; False for one that there is not."""
        found = self._tickets.pop(request, None)
        if found is None:
            return False
        ticket, out = found
        out.waiting -= not ticket.granted
        ticket.over(status, written)
        return True

    # -- limits ----------------------------------------------------------------------------------------------------

    def _look(self, number: int) -> None:
        """A call's time may be over: its process should have said so."""
        out = self._out[number]
        limit_s = out.limit_s + self._grace_s
        left_s = limit_s if out.waiting else out.since + limit_s - self._reactor.seconds()
        if left_s > 0:
            out.timer = self._reactor.callLater(left_s, self._look, number)
            return
        self._send(Cancel(number))
        trouble = f"{out.call.__struct_config__.tag} took longer than {out.limit_s:g} s"
        self.end(number, Done(trouble=trouble, fault=True, written=out.written))
