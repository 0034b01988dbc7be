"""The simulated SMSC: what its connections share, and its one timer."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, maybeDeferred, succeed

from smsgwd.net.smpp import SmppConnection, connect
from smsgwd.net.smpp_server import SmppServerFactory, listen
from smsgwd.net.turn import Turn
from smsgwd.simulator.account import Account
from smsgwd.simulator.behaviour import ERRORS, Behaviour, message_state, wants_intermediate, wants_receipt
from smsgwd.simulator.faults import Drops
from smsgwd.simulator.link import SmscLink, check_bind
from smsgwd.simulator.message import Delivery, SmscMessage
from smsgwd.simulator.message_ids import first_number, id_writer
from smsgwd.simulator.mo import MoSource, mo_pdu
from smsgwd.simulator.options import SmscOptions
from smsgwd.simulator.receipts import ReceiptWriter, Schedule
from smsgwd.simulator.record import LinkLine, Recorder, SubmitLine
from smsgwd.simulator.requests import Requests
from smsgwd.simulator.show import Shower
from smsgwd.simulator.stats import SmscStats
from smsgwd.simulator.tempers import CONTRADICT, RECEIPT_LOST, RECEIPT_TWICE, Tempers, opposite
from smsgwd.smpp import pdu as p
from smsgwd.smpp.config import SessionConfig
from smsgwd.smpp.session_table import Role

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IListeningPort

    from smsgwd.ports.clock import Clock

MAX_ATTEMPTS = 20
RECORD_SLICE_S = 0.02
RESPONSE_S = 30.0  # an unanswered deliver_sm is sent again after this


class Smsc:
    """An SMSC on one port. `reactor` is Twisted's, `wall` gives seconds since 1970; messages to people go to `say`."""

    def __init__(
        self,
        options: SmscOptions,
        reactor: Any,
        clock: "Clock",
        say: Callable[[str], None] = lambda line: None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.options = options
        self.monotonic = clock.monotonic
        self.wall = wall
        self.stats = SmscStats()
        self.behaviour = Behaviour(options, clock.monotonic())
        self.tempers = Tempers(options)
        self.links: set[SmscLink] = set()
        self.recorder = Recorder(options.record) if options.record else None
        self.shower = Shower(say, long=options.long) if options.show else None
        self.requests = Requests(self)
        self._say = say
        self._reactor = reactor
        self._clock = clock
        self._turn = Turn(reactor)
        self._accounts: dict[str, Account] = {}
        self._messages: dict[bytes, SmscMessage] = {}
        self._schedule = Schedule()
        self._writer = ReceiptWriter(tlvs=options.receipt_tlvs, text=options.receipt_text)
        self._write_id = id_writer(options.id_form)
        self._write_receipt_id = id_writer(options.receipt_id_form or options.id_form)
        self._number = options.id_base if options.id_base is not None else first_number(wall())
        self._drops = Drops(options)
        self._refusals = options.refuse_times or -1
        self._timer: IDelayedCall | None = None
        self._timer_at = 0.0
        self._flush: IDelayedCall | None = None
        self._mo: MoSource | None = None  # from the first receiving bind on
        self._port: IListeningPort | None = None
        self._config = SessionConfig(
            enquire_link=options.enquire_s,
            inactivity=0.0,
            response=RESPONSE_S,
            window=options.receipt_window,
        )

    # ------------------------------------------------------------------ life
    def start(self) -> int:
        """Listen; return the port. Raises twisted.internet.error.CannotListenError."""
        factory = SmppServerFactory(
            self._config,
            lambda _: SmscLink(self, self._drops),
            reactor=self._reactor,
            clock=self._clock,
            turn=self._turn,
        )
        self._port = listen(self._reactor, self.options.host, self.options.port, factory)
        if self.options.outbind:
            self.outbind(self.options.outbind)
        self._arm()
        return int(cast(IPv4Address, self._port.getHost()).port)

    def outbind(self, where: str) -> None:
        """Connect to an ESME at HOST:PORT and ask it to bind (SMPP 3.4 s4.1.7)."""
        host, _, port = where.rpartition(":")
        link = _OutbindLink(self, self._drops)
        connection = SmppConnection(
            Role.SMSC, self._config, link, reactor=self._reactor, clock=self._clock, turn=self._turn
        )
        attempt = connect(self._reactor, host.strip("[]"), int(port), connection)
        attempt.addErrback(lambda failure: self._say(f"outbind to {where} failed: {failure.getErrorMessage()}"))

    def stop(self) -> Deferred[Any]:
        """Close everything; the record is complete afterwards. Fires when nothing listens any more."""
        for link in list(self.links):
            link.abort()
        for call in (self._timer, self._flush):
            if call is not None and call.active():
                call.cancel()
        if self.recorder is not None:
            self.recorder.close()
            self.recorder = None
        return maybeDeferred(self._port.stopListening) if self._port is not None else succeed(None)

    def summary(self) -> dict[str, Any]:
        """The statistics so far."""
        waiting = sum(len(account.waiting) for account in self._accounts.values())
        unacked = sum(link.unacked for link in self.links)
        return self.stats.summary(waiting + len(self._schedule), unacked)

    # ------------------------------------------------------------------ binds
    def bind_status(self, pdu: p.Bind) -> int:
        """What a bind is answered."""
        if self.options.refuse_bind and self._refusals != 0:
            self._refusals -= 1
            return self.options.refuse_bind
        return check_bind(pdu, self.options.system_id, self.options.password)

    def account(self, system_id: str) -> Account:
        """The account of a system_id; made at its first bind."""
        account = self._accounts.get(system_id)
        if account is None:
            account = self._accounts[system_id] = Account(system_id, self.options.receipts_via)
        return account

    def bound(self, link: SmscLink) -> None:
        """A bind is let in; what waits for it leaves after the response. The first that receives starts the MOs."""
        if self.options.mo_rate and self._mo is None and link.account is not None and link.account.receiving:
            self._mo = MoSource(self.options, self.monotonic())
            self._arm()
        if self.options.unbind_after_s:
            self._put(self.monotonic() + self.options.unbind_after_s, (_UNBIND, link, None))

    def end_of_batch(self, link: SmscLink) -> None:
        """The events of one read are handled: send what waits, as far as windows allow."""
        if link.account is not None and link.account.waiting:
            link.account.pump()

    # ------------------------------------------------------------------ messages
    def next_ids(self) -> tuple[bytes, bytes]:
        """The next message's id in responses and in receipts."""
        self._number += 1
        return self._write_id(self._number), self._write_receipt_id(self._number)

    def wrong_id(self, receipt_id: bytes) -> bytes:
        """What a receipt with a wrong id names instead: the message before, or one that never was."""
        return self._write_receipt_id(self._number - 1) if self.tempers.of_another() else b"9" + receipt_id

    def remember(self, message: SmscMessage) -> None:
        """Keep a message for query_sm, cancel_sm and replace_sm; the oldest one goes."""
        messages = self._messages
        messages[message.id] = message
        if len(messages) > self.options.remember:
            del messages[next(iter(messages))]

    def find(self, message_id: bytes) -> SmscMessage | None:
        """A message by its id in either form, if it is remembered."""
        return self._messages.get(message_id)

    def query_response(self, message: SmscMessage, sequence: int, now: float) -> p.QuerySmResp:
        """The answer to a query_sm of a known message (SMPP 3.4 s4.8.2)."""
        stat = message.stat_at(now)
        final = b""
        if stat != "ENROUTE":
            final = _absolute_time(message.accepted_wall + message.fate.delay)
        return p.QuerySmResp(
            sequence=sequence,
            message_id=message.id,
            final_date=final,
            message_state=message_state(stat),
            error_code=int(ERRORS.get(stat, "255")) & 0xFF,
        )

    def cancel(self, link: SmscLink, message: SmscMessage, now: float) -> None:
        """End a message as DELETED; its receipt says so at once."""
        message.stat = "DELETED"
        message.due = now
        self.schedule_receipts(link, message, now)

    def respond(self, link: SmscLink, response: p.Pdu, now: float, later: float = 0.0) -> None:
        """Answer a request, now or after the response delay and `later` (s)."""
        delay = self.options.resp_delay_ms / 1000 + self.tempers.jitter() + later
        if delay:
            self._put(now + delay, (_RESPOND, link, response))
        else:
            self._respond_now(link, response)

    def _respond_now(self, link: SmscLink, response: p.Pdu) -> None:
        """Answer; an answer that finds its connection gone is recorded, since it explains a second submit."""
        if not link.respond(response) and isinstance(response, p.MessageIdResp) and response.message_id:
            self.record_link("unanswered", link.number, response.message_id.decode())

    def resume_later(self, link: SmscLink, seconds: float) -> None:
        """Let a link that stalls read again after so long."""
        self.record_link("stalled", link.number, until=self.wall() + seconds)
        self._put(self.monotonic() + seconds, (_RESUME, link, None))

    def schedule_receipts(self, link: SmscLink, message: SmscMessage, now: float) -> None:
        """Plan the receipts that a message's sender asked for; what is due at once joins the account's line."""
        options = self.options
        if not options.receipts or link.account is None:
            return
        account = link.account
        registered = message.registered_delivery
        at = now + options.resp_delay_ms / 1000 if options.resp_delay_ms else now
        if (options.intermediate and registered & 0x03) or wants_intermediate(registered):
            self._plan(at, now, Delivery(account, link, message, "ENROUTE", True))
        if wants_receipt(registered, message.stat):
            at += max(0.0, message.due - now)
            temper = message.temper
            if temper == RECEIPT_LOST:
                return
            self._plan(at, now, Delivery(account, link, message, message.stat))
            if temper == RECEIPT_TWICE:
                self._plan(at, now, Delivery(account, link, message, message.stat))
            elif temper == CONTRADICT:
                stat, wait = opposite(message.stat)
                self._plan(at + wait, now, Delivery(account, link, message, stat))

    def receipt_first(self, link: SmscLink, message: SmscMessage, now: float) -> None:
        """Send the receipt ahead of the response that follows."""
        if (
            link.account is not None
            and self.options.receipts
            and wants_receipt(message.registered_delivery, message.stat)
        ):
            message.due = now
            self.stats.receipts_before_response += 1
            link.account.waiting.append(Delivery(link.account, link, message, message.stat))
            link.account.pump()

    # ------------------------------------------------------------------ deliveries
    def compose(self, delivery: Delivery) -> p.DeliverSm:
        """The deliver_sm of a delivery that is being sent now; counts it."""
        stats = self.stats
        delivery.attempts += 1
        if delivery.mo is not None:
            stats.mo_sent += 1
            return mo_pdu(delivery.mo)
        assert delivery.message is not None
        stats.receipts_sent += 1
        if delivery.intermediate:
            stats.intermediate_sent += 1
        if delivery.attempts > 1:
            stats.receipts_redelivered += 1
        return self._writer.write(delivery.message, delivery.stat, delivery.intermediate, self.wall())

    def acknowledged(self, delivery: Delivery, status: int) -> None:
        """A deliver_sm has been answered; a nacked receipt goes again when that is wanted."""
        stats = self.stats
        if delivery.mo is not None:
            if status:
                stats.mo_nacked[status] += 1
            else:
                stats.mo_acked += 1
        elif not status:
            stats.receipts_acked += 1
        else:
            stats.receipts_nacked[status] += 1
        if status and self.options.receipt_retry_ms:
            if delivery.attempts >= MAX_ATTEMPTS:
                stats.receipts_given_up += 1
            else:
                self._put(self.monotonic() + self.options.receipt_retry_ms / 1000, (_DELIVER, None, delivery))

    def deliver_again(self, contexts: list[Any]) -> None:
        """What got no answer goes to the front of its line and leaves by the next bind with room."""
        deliveries = [context for context in contexts if isinstance(context, Delivery)]
        if deliveries:
            account = deliveries[0].account
            account.put_back(deliveries)
            account.pump()

    def record(self, line: SubmitLine) -> None:
        """Record an accepted submit; lines reach the file at the end of a slice."""
        assert self.recorder is not None
        self._add_line(line)

    def record_link(self, event: str, link: int, message_id: str = "", until: float = 0.0) -> None:
        """Record what happened on a connection, where there is a record (see LinkLine)."""
        if self.recorder is not None:
            self._add_line(LinkLine(event, self.wall(), link, message_id, until))

    def _add_line(self, line: SubmitLine | LinkLine) -> None:
        assert self.recorder is not None
        self.recorder.add(line)
        if self._flush is None:
            self._flush = self._reactor.callLater(RECORD_SLICE_S, self._flush_record)

    # ------------------------------------------------------------------ the timer
    def _plan(self, due: float, now: float, delivery: Delivery) -> None:
        if due <= now:
            delivery.account.waiting.append(delivery)
        else:
            self._put(due, (_DELIVER, None, delivery))

    def _put(self, due: float, item: tuple[int, SmscLink | None, Any]) -> None:
        self._schedule.put(due, item)
        if self._timer is None or due < self._timer_at:
            self._arm()

    def _arm(self) -> None:
        dues = [
            due for due in (self._schedule.next_due(), self._mo.next_due() if self._mo else None) if due is not None
        ]
        if not dues:
            return
        due = min(dues)
        wait = max(0.0, due - self.monotonic())
        if self._timer is not None and self._timer.active():
            if due < self._timer_at:
                self._timer.reset(wait)
                self._timer_at = due
            return
        self._timer = self._reactor.callLater(wait, self._tick)
        self._timer_at = due

    def _tick(self) -> None:
        self._timer = None
        now = self.monotonic()
        touched: dict[int, Account] = {}
        for kind, link, item in self._schedule.take(now):
            if kind == _RESPOND:
                assert link is not None
                self._respond_now(link, item)
            elif kind == _RESUME:
                assert link is not None
                link.resume()
            elif kind == _UNBIND:
                assert link is not None
                link.unbind()
            elif item.message is None or item.message.stat != "DELETED" or item.stat == "DELETED" or item.intermediate:
                # else: cancelled meanwhile, and its DELETED receipt has left
                item.account.waiting.append(item)
                touched[id(item.account)] = item.account
        if self._mo is not None:
            parts = self._mo.take(now)
            self.stats.mo_made = self._mo.made
            for fields in parts:
                account = self._mo_account()
                account.waiting.append(Delivery(account, mo=fields))
                touched[id(account)] = account
        for account in touched.values():
            account.pump()
        self._arm()

    def _mo_account(self) -> Account:
        """The first account with a receiving bind, else the first one at all, where it waits for the next bind."""
        accounts = list(self._accounts.values())
        return next((account for account in accounts if account.receiving), accounts[0])

    def _flush_record(self) -> None:
        self._flush = None
        if self.recorder is not None:
            self.recorder.flush()


class _OutbindLink(SmscLink):
    """A connection that we made: it starts with an outbind."""

    def connected(self, connection: SmppConnection) -> None:
        """See Owner."""
        super().connected(connection)
        options = self._smsc.options
        system_id, password = options.smsc_id.encode(), (options.password or "").encode()
        connection.outbind(p.Outbind(system_id=system_id, password=password))


_DELIVER = 0
_RESPOND = 1
_UNBIND = 2
_RESUME = 3


def _absolute_time(wall: float) -> bytes:
    """A time in SMPP's absolute format, UTC (SMPP 3.4 s7.1.1)."""
    return time.strftime("%y%m%d%H%M%S0", time.gmtime(wall)).encode() + b"00+"
