"""What an SMSC sends by itself: receipts, and messages of subscribers.

Both are answered ESME_ROK only after they are durable; what cannot be made durable gets ESME_RSYSERR, so that the SMSC
keeps it. A mobile-originated message is answered ESME_RX_T_APPN ('later') as long as there is no route for it:
acknowledged and dropped it would be lost. An alert_notification has no answer and is passed on unkept.
"""

from __future__ import annotations

from typing import Any

from smsgwd.model.changes import Ignored, Owed, Result, TakeMo, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.mo import Mo
from smsgwd.model.receipts import Receipt
from smsgwd.net.smpp import SmppConnection
from smsgwd.ports.clock import Clock
from smsgwd.ports.mo import Subscribers
from smsgwd.smpp.constants import DELIVER_SM, MessageState
from smsgwd.smpp.message import Kind, classify, message_body
from smsgwd.smpp.pdu import AlertNotification, DataSm, DeliverSm, DeliverSmResp, Pdu
from smsgwd.smpp.receipt import parse_receipt
from smsgwd.smpp.status import ESME_ROK, ESME_RSYSERR, ESME_RX_T_APPN
from smsgwd.smpp.tables import response_to
from smsgwd.smpp.tags import MESSAGE_PAYLOAD
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.bind import Bind
from smsgwd.southbound.counts import Counts
from smsgwd.southbound.idform import IdForm
from smsgwd.southbound.settings import Settings
from smsgwd.telemetry import get_logger

_STATES: dict[MessageState, State] = {
    MessageState.DELIVERED: State.DELIVERED,
    MessageState.EXPIRED: State.EXPIRED,
    MessageState.DELETED: State.CANCELLED,
    MessageState.UNDELIVERABLE: State.UNDELIVERED,
    MessageState.REJECTED: State.REJECTED,
    MessageState.SKIPPED: State.UNDELIVERED,
}
_MOST_AWAITING = 1000  # deliver_sm of a bind that wait for their commit; at half of it reading goes on
_log = get_logger("southbound")

_Place = tuple[Bind, SmppConnection, int, int]


class Incoming:
    """Takes the requests of one connector's SMSC."""

    def __init__(
        self,
        settings: Settings,
        batch: Batch,
        clock: Clock,
        id_form: IdForm,
        counts: Counts,
        subscribers: Subscribers | None = None,
    ) -> None:
        """Without `subscribers` the messages of subscribers are for nobody."""
        self.receipts = 0
        self.mo_unrouted = 0
        self.unreadable = 0
        self._settings = settings
        self._batch = batch
        self._clock = clock
        self._id_form = id_form
        self._counts = counts
        self._subscribers = subscribers

    def take(self, bind: Bind, pdu: Pdu) -> None:
        """A request came on a bind: answer it, now or after its commit."""
        connection = bind.connection
        if connection is None:
            return
        if isinstance(pdu, AlertNotification):  # it has no answer
            if self._subscribers is not None:
                self._subscribers.alert(self._settings.id, pdu)
            return
        if not isinstance(pdu, DeliverSm | DataSm):
            connection.respond(response_to(pdu.command_id, pdu.sequence, ESME_RSYSERR))
            return
        kind = classify(pdu)
        if kind is Kind.RECEIPT or kind is Kind.INTERMEDIATE:
            self._receipt(bind, connection, pdu, kind)
        elif kind is Kind.MO:
            self._mo(bind, connection, pdu)
        else:  # acknowledgements of a handset or its user, which nobody asked for
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_ROK)

    def _receipt(self, bind: Bind, connection: SmppConnection, pdu: DeliverSm | DataSm, kind: Kind) -> None:
        settings = self._settings
        parsed = parse_receipt(pdu, settings.stat_words)
        if parsed is None or not parsed.message_id:
            self.unreadable += 1
            self._counts.receipt("unreadable")
            _log.warning("receipt.unreadable", connector=settings.id, sequence=pdu.sequence)
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_ROK)
            return
        if not self._batch.working:
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_RSYSERR)
            return
        number = _digits(pdu.source_addr)
        state = _STATES.get(parsed.state) if parsed.final and kind is Kind.RECEIPT else None
        done = parsed.done_date
        receipt = Receipt(
            group=settings.group,
            smsc_id=parsed.message_id,
            state=state,
            received_at=self._clock.now_ms(),
            status=parsed.stat,
            error=parsed.error,
            # Without a zone the SMSC's local time would be a guess of hours: then the time of arrival counts.
            done_at=None if done is None or done.tzinfo is None else int(done.timestamp() * 1000),
            msisdn=number,
            connector=settings.id,
            id_format=self._id_form.seen(parsed.message_id, number),
        )
        self.receipts += 1
        self._counts.receipt("intermediate" if state is None else state.public)
        self._keep(TakeReceipt(receipt), bind, connection, pdu)

    def _mo(self, bind: Bind, connection: SmppConnection, pdu: DeliverSm | DataSm) -> None:
        """A subscriber's message: for whom the routes say, after it is durable."""
        connector = self._settings.id
        to = pdu.destination_addr.decode("latin-1")
        found = self._subscribers.addressee(connector, to) if self._subscribers is not None else None
        if found is None:
            self.mo_unrouted += 1
            self._counts.mo("unrouted")
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_RX_T_APPN)
        elif not self._batch.working:
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_RSYSERR)
        else:
            mo = mo_of(pdu, connector, self._clock.now_ms())
            self._keep(TakeMo(mo, found.tenant, found.account), bind, connection, pdu)

    def _keep(
        self, change: TakeReceipt | TakeMo, bind: Bind, connection: SmppConnection, pdu: DeliverSm | DataSm
    ) -> None:
        """Make it durable, then answer; a bind that sends faster than that is not read for a while."""
        bind.awaiting += 1
        if bind.awaiting == _MOST_AWAITING:
            connection.pause_reading()
        self._batch.add(change, self._taken, (bind, connection, pdu.command_id, pdu.sequence), give_back=True)

    def _taken(self, result: Result, place: Any) -> None:
        bind, connection, command_id, sequence = place
        lost = False
        if type(result) is Ignored:
            lost = result.reason in ("unavailable", "error")
            if not lost:
                self._counts.receipt_after_final()
        elif type(result) is Owed:
            self._counts.mo("kept")
        self._answer(connection, command_id, sequence, ESME_RSYSERR if lost else ESME_ROK)
        if bind.connection is connection:
            bind.awaiting -= 1
            if bind.awaiting == _MOST_AWAITING // 2:
                connection.resume_reading()

    def _answer(self, connection: SmppConnection, command_id: int, sequence: int, status: int) -> None:
        if command_id == DELIVER_SM:
            connection.respond(DeliverSmResp(sequence=sequence, status=status))
        else:
            connection.respond(response_to(command_id, sequence, status))


def mo_of(pdu: DeliverSm | DataSm, connector: str, received_at: int) -> Mo:
    """What a deliver_sm or data_sm of a subscriber says; its user data is `body`, wherever the SMSC put it."""
    protocol_id, priority = (pdu.protocol_id, pdu.priority_flag) if isinstance(pdu, DeliverSm) else (0, 0)
    return Mo(
        connector=connector,
        received_at=received_at,
        source=pdu.source_addr.decode("latin-1"),
        dest=pdu.destination_addr.decode("latin-1"),
        source_ton=pdu.source_addr_ton,
        source_npi=pdu.source_addr_npi,
        dest_ton=pdu.dest_addr_ton,
        dest_npi=pdu.dest_addr_npi,
        service_type=pdu.service_type.decode("latin-1"),
        esm_class=pdu.esm_class,
        protocol_id=protocol_id,
        priority=priority,
        data_coding=pdu.data_coding,
        body=message_body(pdu),
        tlvs=tuple(tlv for tlv in pdu.tlvs if tlv[0] != MESSAGE_PAYLOAD),
    )


def _digits(address: bytes) -> str:
    """The digits of an address."""
    text = address.decode("latin-1").lstrip("+")
    return text if text.isdecimal() and text.isascii() else "".join(char for char in text if char in "0123456789")
