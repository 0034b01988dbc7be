"""One connection to the simulated SMSC: its bind, its faults, and the way events take to what answers them."""

from typing import TYPE_CHECKING, Any

from smsgwd.net.smpp import SmppConnection
from smsgwd.simulator.faults import Drops, LinkFaults
from smsgwd.simulator.message import Delivery
from smsgwd.smpp import events as e
from smsgwd.smpp import pdu as p
from smsgwd.smpp.constants import DELIVER_SM, GENERIC_NACK
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.status import ESME_RBINDFAIL, ESME_RINVPASWD, ESME_RINVSYSID, ESME_ROK

if TYPE_CHECKING:
    from smsgwd.simulator.account import Account
    from smsgwd.simulator.smsc import Smsc


class SmscLink:
    """The owner of one connection (see net.smpp.Owner)."""

    def __init__(self, smsc: "Smsc", drops: Drops) -> None:
        self._smsc = smsc
        self._connection: SmppConnection | None = None
        self.faults = LinkFaults(smsc.options, drops)
        self.account: Account | None = None
        self.system_id = ""
        self._dropped = False
        self.number = 0  #: from 1, in the order of connecting

    @property
    def room(self) -> int:
        """Deliveries that the window takes now."""
        connection = self._connection
        if connection is None or self._dropped or not connection.writable:
            return 0
        return connection.session.room

    @property
    def unacked(self) -> int:
        """Deliveries that wait for their answer."""
        return self._connection.session.outstanding if self._connection is not None else 0

    # ------------------------------------------------------------------ net.smpp.Owner
    def connected(self, connection: SmppConnection) -> None:
        """See Owner."""
        self._connection = connection
        self._smsc.stats.connections += 1
        self.number = self._smsc.stats.connections
        self._smsc.links.add(self)

    def received(self, connection: SmppConnection, events: list[e.Event]) -> None:
        """See Owner: the two frequent events first."""
        smsc = self._smsc
        for event in events:
            if self._dropped:
                return
            if isinstance(event, e.Request):
                smsc.requests.handle(self, event.pdu)
            elif isinstance(event, e.Response):
                self._answered(event)
            else:
                self._rare(event)
        smsc.end_of_batch(self)

    def disconnected(self, connection: SmppConnection, events: list[e.Event], reason: str) -> None:
        """See Owner: what was unanswered waits for the next bind."""
        self._connection = None
        smsc = self._smsc
        smsc.links.discard(self)
        smsc.record_link("closed", self.number)
        if self.account is not None:
            smsc.stats.binds_now -= 1
            self.account.leave(self)
            self.account.pump()
        for event in events:
            if isinstance(event, e.Lost):
                smsc.deliver_again([*event.unanswered, *event.unsent])
            elif isinstance(event, e.TimedOut):
                smsc.deliver_again([event.context])

    # ------------------------------------------------------------------ what the simulator does with it
    def respond(self, pdu: p.Pdu) -> bool:
        """Answer a request, if the connection is still there; False when it is not."""
        return self._connection is not None and not self._dropped and self._connection.respond(pdu)

    def stall(self, seconds: float) -> None:
        """Read nothing more for so long; what has been read already is handled."""
        if self._connection is not None:
            self._connection.pause_reading()
            self._smsc.resume_later(self, seconds)

    def resume(self) -> None:
        """Read again."""
        if self._connection is not None:
            self._connection.resume_reading()

    def deliver(self, delivery: Delivery) -> None:
        """Send a receipt or MO; its answer, or its loss, comes back to the simulator."""
        assert self._connection is not None
        try:
            self._connection.request(self._smsc.compose(delivery), delivery)
        except EncodeError:  # data_sm takes addresses that no deliver_sm can bring back
            self._smsc.stats.receipts_given_up += 1

    def write_garbage(self, octets: bytes) -> None:
        """Write octets behind everything queued so far."""
        connection = self._connection
        if connection is None or connection.transport is None:
            return
        queued = connection.session.data_to_send()
        connection.transport.write(queued + octets)
        self._smsc.stats.garbage_sent += 1

    def drop(self) -> None:
        """Write the answers given so far, then close; nothing more is handled."""
        if self._connection is not None:
            self._dropped = True
            self._smsc.stats.drops += 1
            self._connection.close("dropped on purpose")

    def unbind(self) -> None:
        """Leave in order."""
        if self._connection is not None:
            self._connection.unbind()

    def abort(self) -> None:
        """Close at once."""
        if self._connection is not None:
            self._connection.abort("the simulator stops")

    # ------------------------------------------------------------------ inside
    def _answered(self, event: e.Response) -> None:
        delivery: Any = event.context
        if isinstance(delivery, Delivery):
            self._smsc.acknowledged(delivery, event.pdu.status)

    def _rare(self, event: e.Event) -> None:
        stats = self._smsc.stats
        if isinstance(event, e.BindRequest):
            self._bind(event.pdu)
        elif isinstance(event, e.UnmatchedResponse):
            stats.stray_responses += 1
        elif isinstance(event, e.TimedOut):
            self._smsc.deliver_again([event.context])
        elif isinstance(event, e.ProtocolFault):
            if event.command_id == GENERIC_NACK:
                stats.generic_nacks_received += 1
            else:
                stats.protocol_faults += 1

    def _bind(self, pdu: p.Bind) -> None:
        connection = self._connection
        assert connection is not None
        smsc = self._smsc
        status = smsc.bind_status(pdu)
        if status != ESME_ROK:
            smsc.stats.binds_refused += 1
            connection.reject_bind(pdu, status)
            return
        connection.accept_bind(pdu, smsc.options.smsc_id.encode())
        self.system_id = pdu.system_id.decode("latin-1")
        self.account = smsc.account(self.system_id)
        smsc.stats.binds += 1
        smsc.stats.binds_now += 1
        if connection.session.may_send(DELIVER_SM):
            self.account.join(self)
        if smsc.tempers.closes():
            smsc.stats.faults["close-after-bind"] += 1
            self.drop()
        else:
            smsc.bound(self)


def check_bind(pdu: p.Bind, system_id: str | None, password: str | None) -> int:
    """The status of a bind against the one system_id and password that are let in (None = any)."""
    if system_id is not None and pdu.system_id != system_id.encode():
        return ESME_RINVSYSID
    if password is not None and pdu.password != password.encode():
        return ESME_RINVPASWD
    return ESME_RBINDFAIL if not pdu.system_id else ESME_ROK
