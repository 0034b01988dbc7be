"""What an SMSC sends by itself: receipts, and messages of subscribers.

Both are answered ESME_ROK only after they are durable; what cannot be made durable gets ESME_RSYSERR, so that the SMSC
keeps it. A mobile-originated message is answered ESME_RX_T_APPN ('later') as long as there is no route for it:
acknowledged and dropped it would be lost. A part of one is durable by itself; those of a whole set go on from there
(`ports.mo.Subscribers.kept`). An alert_notification has no answer and is passed on unkept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smsgwd.model.changes import Ignored, KeepMoPart, MoKept, Moved, Owed, Result, TakeMo, TakeReceipt
from smsgwd.model.message import State
from smsgwd.model.mo import Mo
from smsgwd.model.receipts import Receipt
from smsgwd.net.smpp import SmppConnection
from smsgwd.ports.clock import Clock
from smsgwd.ports.mo import Subscribers
from smsgwd.smpp.constants import RESPONSE_BIT, EsmClass, MessageState
from smsgwd.smpp.message import Kind, classify, message_body
from smsgwd.smpp.outcome import OutcomeReader
from smsgwd.smpp.pdu import AlertNotification, DataSm, DeliverSm, Pdu
from smsgwd.smpp.receipt_text import CANONICAL_WORDS
from smsgwd.smpp.status import ESME_ROK, ESME_RSYSERR, ESME_RX_T_APPN
from smsgwd.smpp.tables import response_to
from smsgwd.smpp.tags import MESSAGE_PAYLOAD
from smsgwd.southbound.batch import Batch, Then
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
#: The words for message_state in a TLV: what a receipt says is kept in words (`model.message.Failure.detail`).
_SAID = {str(int(state)): word for state, word in CANONICAL_WORDS.items()}
_PUBLIC = {state: state.public for state in State}
_DELIVERED = State.DELIVERED
_GOOD = str(int(MessageState.DELIVERED))  # the word of a receipt that says it in a TLV
_TYPE_MASK = EsmClass.TYPE_MASK
_RECEIPT = EsmClass.RECEIPT
_MOST_AWAITING = 1000  # deliver_sm of a bind that wait for their commit; at half of it reading goes on
_log = get_logger("southbound")

_Place = tuple[Bind, SmppConnection, int, int]
_Taking = TakeReceipt | TakeMo | KeepMoPart


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
        self._batch = batch
        self._clock = clock
        self._counts = counts
        self.adopt(settings, id_form)
        self._then = self._taken  # one object, so that the batch calls it once for many
        self._then_opted = self._opted
        self._subscribers = subscribers

    def adopt(self, settings: Settings, id_form: IdForm) -> None:
        """Other settings, for what comes from now on."""
        self._settings = settings
        self._id_form = id_form
        reader = OutcomeReader(settings.stat_words)
        self._read, self._delivered_id = reader.read, reader.delivered_id

    def take(self, requests: Sequence[tuple[Bind, SmppConnection, Sequence[Pdu]]]) -> None:
        """What came on binds in one turn: answer each, now or after its commit."""
        entries: list[tuple[_Taking, Then, Any, bool]] = []
        then, delivered_id = self._then, self._delivered_id
        settings, seen = self._settings, self._id_form.seen
        group, connector, now_ms = settings.group, settings.id, self._clock.now_ms()
        working = self._batch.working
        good = 0
        for bind, connection, pdus in requests:
            count = len(entries)
            for pdu in pdus:
                change: _Taking | None
                try:
                    if type(pdu) is DeliverSm and pdu.esm_class & _TYPE_MASK == _RECEIPT:
                        message_id = delivered_id(pdu) if working else None
                        if message_id is None:
                            change = self._receipt(connection, pdu, is_final=True)
                        else:  # as nearly all do; what `_receipt` makes of it, at a half
                            address = pdu.source_addr
                            number = address.decode("ascii") if address.isdigit() else _digits(address)
                            form = seen(message_id, number)
                            change = TakeReceipt(
                                Receipt(group, message_id, _DELIVERED, now_ms, _GOOD, "", None, number, connector, form)
                            )
                            good += 1
                    else:
                        change = self._seldom(connection, pdu)
                except Exception as error:  # a bug in reading one must not cost those beside it
                    self._failed(connection, pdu, error)
                    continue
                if change is not None:
                    place = (bind, connection, pdu.command_id, pdu.sequence)
                    if type(change) is TakeMo and change.opts_out is not None:
                        entries.append((change, self._then_opted, (place, change), True))
                    else:
                        entries.append((change, then, place, True))
            if bind.connection is connection:
                before = bind.awaiting
                bind.awaiting = before + len(entries) - count
                if before < _MOST_AWAITING <= bind.awaiting:  # it sends faster than that becomes durable
                    connection.pause_reading()
        if good:
            self.receipts += good
            self._counts.receipt(_PUBLIC[_DELIVERED], good)
        if entries:
            self._batch.add_many(entries)

    def _failed(self, connection: SmppConnection, pdu: Pdu, error: Exception) -> None:
        """Nothing is kept of it, so the SMSC is told to keep it."""
        _log.error("connector.error", connector=self._settings.id, reason=f"{pdu.name}: {type(error).__name__}")
        if not isinstance(pdu, AlertNotification):
            connection.respond(response_to(pdu.command_id, pdu.sequence, ESME_RSYSERR))

    def _seldom(self, connection: SmppConnection, pdu: Pdu) -> _Taking | None:
        """Whatever is not marked as a receipt of a final state; None where nothing is to be kept."""
        if isinstance(pdu, AlertNotification):  # it has no answer
            if self._subscribers is not None:
                self._subscribers.alert(self._settings.id, pdu)
            return None
        if not isinstance(pdu, DeliverSm | DataSm):
            connection.respond(response_to(pdu.command_id, pdu.sequence, ESME_RSYSERR))
            return None
        kind = classify(pdu)
        if kind is Kind.RECEIPT or kind is Kind.INTERMEDIATE:
            return self._receipt(connection, pdu, is_final=kind is Kind.RECEIPT)
        if kind is Kind.MO:
            return self._mo(connection, pdu)
        _answer(connection, pdu, ESME_ROK)  # acknowledgements of a handset or its user, which nobody asked for
        return None

    def _receipt(self, connection: SmppConnection, pdu: DeliverSm | DataSm, *, is_final: bool) -> TakeReceipt | None:
        settings = self._settings
        found = self._read(pdu)
        if found is None or not found[0]:
            self.unreadable += 1
            self._counts.receipt("unreadable")
            _log.warning("receipt.unreadable", connector=settings.id, sequence=pdu.sequence)
            _answer(connection, pdu, ESME_ROK)
            return None
        if not self._batch.working:
            _answer(connection, pdu, ESME_RSYSERR)
            return None
        message_id, said, ends, stat, error, done = found
        number = _digits(pdu.source_addr)
        state = _STATES.get(said) if ends and is_final else None
        self.receipts += 1
        self._counts.receipt("intermediate" if state is None else _PUBLIC[state])
        return TakeReceipt(
            Receipt(
                group=settings.group,
                smsc_id=message_id,
                state=state,
                received_at=self._clock.now_ms(),
                status=_SAID.get(stat, stat),
                error=error,
                # Without a zone the SMSC's local time would be a guess of hours: then the time of arrival counts.
                done_at=None if done is None else int(done.timestamp() * 1000),
                msisdn=number,
                connector=settings.id,
                id_format=self._id_form.seen(message_id, number),
            )
        )

    def _mo(self, connection: SmppConnection, pdu: DeliverSm | DataSm) -> TakeMo | KeepMoPart | None:
        """A subscriber's message, or a part of one: for whom the routes say."""
        settings, subscribers = self._settings, self._subscribers
        if not self._batch.working:
            _answer(connection, pdu, ESME_RSYSERR)
            return None
        change = None
        if subscribers is not None:
            change = subscribers.change(mo_of(pdu, settings.id, self._clock.now_ms()), settings.group)
        if change is None:
            self.mo_unrouted += 1
            self._counts.mo("unrouted")
            _answer(connection, pdu, ESME_RX_T_APPN)
        return change

    def _opted(self, results: Sequence[Result], args: Sequence[tuple[_Place, TakeMo]]) -> None:
        """As `_taken`, for messages that change an opt-out list."""
        self._taken(results, [place for place, _ in args])
        if self._subscribers is not None:
            for result, (_, change) in zip(results, args, strict=True):
                if isinstance(result, Owed):
                    self._subscribers.opted(change)

    def _taken(self, results: Sequence[Result], places: Sequence[_Place]) -> None:
        """They are durable, or cannot be: answer those of one bind together."""
        waiting: dict[tuple[Bind, SmppConnection, int], list[tuple[int, int, bytes]]] = {}
        parts: list[MoKept] = []
        for result, (bind, connection, command_id, sequence) in zip(results, places, strict=True):
            status = ESME_ROK
            kind = type(result)
            if kind is Moved:  # nearly all of them
                pass
            elif kind is Ignored:
                if result.reason in ("unavailable", "error"):  # type: ignore[union-attr]
                    status = ESME_RSYSERR
                else:
                    self._counts.receipt_after_final()
            elif kind is Owed:
                self._counts.mo("kept")
            elif isinstance(result, MoKept):
                self._counts.mo("kept")
                parts.append(result)
            place = (bind, connection, command_id)
            answers = waiting.get(place)
            if answers is None:
                answers = waiting[place] = []
            answers.append((sequence, status, b""))
        for (bind, connection, command_id), answers in waiting.items():
            connection.respond_many(command_id | RESPONSE_BIT, answers)
            if bind.connection is connection:
                before = bind.awaiting
                bind.awaiting = before - len(answers)
                if bind.awaiting <= _MOST_AWAITING // 2 < before:
                    connection.resume_reading()
        if parts and self._subscribers is not None:
            self._subscribers.kept(parts)


def _answer(connection: SmppConnection, pdu: Pdu, status: int) -> None:
    connection.respond_many(pdu.command_id | RESPONSE_BIT, ((pdu.sequence, status, b""),))


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
