"""An ESME for the simulator's tests: our own session over a real loopback socket, and a simulator to bind to."""

from collections.abc import Callable
from typing import Any

from twisted.internet import reactor as installed
from twisted.internet.defer import Deferred, ensureDeferred

from smsgwd.net.clock import SystemClock
from smsgwd.net.smpp import SmppConnection, connect
from smsgwd.net.turn import Turn
from smsgwd.simulator.options import SmscOptions
from smsgwd.simulator.smsc import Smsc
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.session_table import Role

reactor: Any = installed


class Esme:
    """Collects what happens; `until` gives a Deferred for when a condition on it holds."""

    def __init__(self, bind: p.Bind, answer: int | None = 0) -> None:
        self._bind = bind
        self.answer = answer  # status for deliver_sm; None = never answer
        self.events: list[e.Event] = []
        self.responses: list[p.Pdu] = []
        self.received_pdus: list[p.DeliverSm] = []
        self.order: list[str] = []
        self.lost: e.Lost | None = None
        self._conditions: list[tuple[Callable[[], bool], Deferred[None]]] = []
        self.connection: SmppConnection | None = None

    def connect(self, port: int) -> Deferred[object]:
        """Connect and bind; fires when the transport is there."""
        config = SessionConfig(window=1000, enquire_link=0, max_frame=65536)
        connection = SmppConnection(Role.ESME, config, self, reactor=reactor, clock=SystemClock(), turn=Turn(reactor))
        return connect(reactor, "127.0.0.1", port, connection)

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        """Fires when the condition holds; tests have a time limit of their own."""
        waiting: Deferred[None] = Deferred()
        self._conditions.append((condition, waiting))
        self._check()
        return waiting

    def submit(self, dest: str = "306912345678", text: bytes = b"hello", registered: int = 1, **fields: Any) -> None:
        """Send a submit_sm."""
        pdu = p.SubmitSm(
            source_addr_ton=5,
            source_addr=b"iSMS",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=dest.encode(),
            registered_delivery=registered,
            short_message=text,
        )
        for name, value in fields.items():
            setattr(pdu, name, value)
        self.request(pdu)

    def request(self, pdu: p.Pdu) -> None:
        """Send a request."""
        assert self.connection is not None
        self.connection.request(pdu, pdu)

    def statuses(self) -> list[int]:
        """Of the responses so far."""
        return [pdu.status for pdu in self.responses]

    def of(self, kind: type[e.Event]) -> list[Any]:
        """Events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    # ---- Owner
    def connected(self, connection: SmppConnection) -> None:
        self.connection = connection
        connection.bind(self._bind)

    def received(self, connection: SmppConnection, events: list[e.Event]) -> None:
        for event in events:
            self.events.append(event)
            if isinstance(event, e.Response):
                self.responses.append(event.pdu)
                self.order.append("response")
            elif isinstance(event, e.Request):
                assert isinstance(event.pdu, p.DeliverSm)
                self.received_pdus.append(event.pdu)
                self.order.append("deliver")
                if self.answer is not None:
                    connection.respond(p.DeliverSmResp(sequence=event.pdu.sequence, status=self.answer))
        self._check()

    def disconnected(self, connection: SmppConnection, events: list[e.Event], reason: str) -> None:
        self.events += events
        self.lost = next(event for event in events if isinstance(event, e.Lost))
        self.connection = None
        self._check()

    def _check(self) -> None:
        for entry in list(self._conditions):
            if entry[0]():
                self._conditions.remove(entry)
                entry[1].callback(None)


class Bench:
    """A simulator and the ESMEs bound to it, for one test case."""

    def __init__(self, case: Any) -> None:
        self._case = case

    def smsc(self, **options: Any) -> tuple[Smsc, int]:
        """A running simulator and its port; stopped at the end of the test."""
        smsc = Smsc(SmscOptions(**options), reactor, SystemClock())
        port = smsc.start()
        self._case.addCleanup(smsc.stop)
        return smsc, port

    async def esme(self, port: int, bind: p.Bind | None = None, answer: int | None = 0) -> Esme:
        """A bound ESME; its connection is closed at the end of the test."""
        esme = Esme(bind or p.BindTransceiver(system_id=b"gw", password=b"gw"), answer)

        async def close() -> None:
            if esme.connection is not None:
                esme.connection.abort("the test is over")
            await esme.until(lambda: esme.lost is not None or esme.connection is None)

        self._case.addCleanup(lambda: ensureDeferred(close()))
        await esme.connect(port)
        await esme.until(lambda: bool(esme.of(e.Bound) or esme.of(e.BindFailed)))
        return esme
