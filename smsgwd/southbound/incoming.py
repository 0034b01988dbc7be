"""What an SMSC sends by itself: receipts, and messages of subscribers.

A receipt is answered ESME_ROK only after it is durable; when it cannot be made durable, ESME_RSYSERR, so that the SMSC
keeps it. A mobile-originated message is answered ESME_RX_T_APPN ('later') as long as there is no route for it:
acknowledged and dropped it would be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsgwd.model.changes import Ignored, Result, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.receipts import Receipt
from smsgwd.net.smpp import SmppConnection
from smsgwd.ports.clock import Clock
from smsgwd.smpp.constants import DELIVER_SM, MessageState
from smsgwd.smpp.message import Kind, classify
from smsgwd.smpp.pdu import DataSm, DeliverSm, DeliverSmResp, Pdu
from smsgwd.smpp.receipt import parse_receipt
from smsgwd.smpp.status import ESME_ROK, ESME_RSYSERR, ESME_RX_T_APPN
from smsgwd.smpp.tables import RESPONSES, response_to
from smsgwd.southbound.batch import Batch
from smsgwd.southbound.bind import Bind
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
        observe: Callable[[str], None],
        after_final: Callable[[], None],
    ) -> None:
        """`observe` is told the state of each receipt, `after_final` of each that came for what was final."""
        self.receipts = 0
        self.mo_unrouted = 0
        self.unreadable = 0
        self._settings = settings
        self._batch = batch
        self._clock = clock
        self._id_form = id_form
        self._observe = observe
        self._after_final = after_final

    def take(self, bind: Bind, pdu: Pdu) -> None:
        """A request came on a bind: answer it, now or after its commit."""
        connection = bind.connection
        if connection is None or pdu.command_id not in RESPONSES:  # alert_notification has no answer
            return
        if not isinstance(pdu, DeliverSm | DataSm):
            connection.respond(response_to(pdu.command_id, pdu.sequence, ESME_RSYSERR))
            return
        kind = classify(pdu)
        if kind is Kind.RECEIPT or kind is Kind.INTERMEDIATE:
            self._receipt(bind, connection, pdu, kind)
        elif kind is Kind.MO:
            self.mo_unrouted += 1
            self._observe("mo_unrouted")
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_RX_T_APPN)
        else:  # acknowledgements of a handset or its user, which nobody asked for
            self._answer(connection, pdu.command_id, pdu.sequence, ESME_ROK)

    def _receipt(self, bind: Bind, connection: SmppConnection, pdu: DeliverSm | DataSm, kind: Kind) -> None:
        settings = self._settings
        parsed = parse_receipt(pdu, settings.stat_words)
        if parsed is None or not parsed.message_id:
            self.unreadable += 1
            self._observe("unreadable")
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
        self._observe("intermediate" if state is None else state.public)
        bind.awaiting += 1
        if bind.awaiting == _MOST_AWAITING:
            connection.pause_reading()
        self._batch.add(
            TakeReceipt(receipt), self._taken, (bind, connection, pdu.command_id, pdu.sequence), give_back=True
        )

    def _taken(self, result: Result, place: Any) -> None:
        bind, connection, command_id, sequence = place
        lost = False
        if type(result) is Ignored:
            lost = result.reason in ("unavailable", "error")
            if not lost:
                self._after_final()
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


def _digits(address: bytes) -> str:
    """The digits of an address."""
    text = address.decode("latin-1").lstrip("+")
    return text if text.isdecimal() and text.isascii() else "".join(char for char in text if char in "0123456789")
