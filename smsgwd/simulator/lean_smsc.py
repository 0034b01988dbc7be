"""The lean SMSC: binds, accepts, sends receipts, and nothing else, at a few microseconds a message.

It is what the gateway is measured against; faults, delays of answers, states and all the rest are in smsc.py. Of a PDU
only the header and the fields that a receipt needs are looked at.
"""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from smsgwd.simulator.lean_loop import MAX_PDU, LeanLink, LeanLoop, pack_header, pack_number, unpack_header
from smsgwd.simulator.lean_report import LeanReport
from smsgwd.simulator.stats import SmscStats
from smsgwd.smpp import constants as c
from smsgwd.smpp.status import ESME_RINVBNDSTS, ESME_RINVCMDID

_SUBMIT_RESP = b"\x00\x00\x00\x1b\x80\x00\x00\x04\x00\x00\x00\x00%b%010d\x00"
_DELIVER_HEAD = b"%b\x00\x00\x00\x05\x00\x00\x00\x00%b"
# esm_class 4, protocol, priority, two empty times, registered, replace, coding, default; then the text, whose ids and
# dates have a fixed width; then receipted_message_id and message_state
_RECEIPT_TEXT = b"id:%010d sub:001 dlvrd:001 submit date:%b done date:%b stat:DELIVRD err:000 text:"
_TEXT_LENGTH = len(_RECEIPT_TEXT % (0, b"0" * 10, b"0" * 10))
_RECEIPT = (
    b"\x04\x00\x00\x00\x00\x00\x00\x00\x00"
    + bytes((_TEXT_LENGTH,))
    + _RECEIPT_TEXT
    + b"\x00\x1e\x00\x0b%010d\x00\x04\x27\x00\x01\x02"
)
_RECEIPT_LENGTH = len(_RECEIPT % (0, b"0" * 10, b"0" * 10, 0))
_Waiting = tuple[int, bytes]  # the message's number, the deliver_sm behind its header


class _Account:
    """Receipts of one system_id: they wait here while no receiving bind has room, and come back when one is lost."""

    __slots__ = ("receivers", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.receivers: list[_Link] = []


class _Link(LeanLink):
    """One connection of an ESME."""

    __slots__ = ("_account", "_sequence", "_smsc", "_unacked")

    def __init__(self, smsc: LeanSmsc) -> None:
        super().__init__(smsc.loop)
        self._smsc = smsc
        self._account: _Account | None = None
        self._sequence = 0
        self._unacked: dict[int, _Waiting] = {}

    def opened(self, now: float) -> None:
        """See LeanLink."""
        self._smsc.stats.connections += 1
        self._smsc.links.add(self)

    def closed(self, now: float) -> None:
        """See LeanLink; what was unacknowledged goes back, in order."""
        smsc = self._smsc
        smsc.links.discard(self)
        account = self._account
        if account is None:
            return
        smsc.stats.binds_now -= 1
        self._account = None
        if self in account.receivers:
            account.receivers.remove(self)
        smsc.stats.receipts_redelivered += len(self._unacked)
        account.waiting.extendleft(reversed(self._unacked.values()))
        self._unacked.clear()
        smsc.pump(account)

    @property
    def unacked(self) -> int:
        """Receipts sent on it and not answered."""
        return len(self._unacked)

    def take(self, data: bytes, now: float) -> int:
        """See LeanLink."""
        smsc = self._smsc
        out, stats, unacked = self.out, smsc.stats, self._unacked
        at: int = 0
        stop: int = 0
        end = len(data)
        while end - at >= 16:
            length, command, status, sequence = unpack_header(data, at)
            if not 16 <= length <= MAX_PDU:
                raise ValueError(f"command_length {length}")
            stop = at + length
            if stop > end:
                break
            if command == c.SUBMIT_SM:
                if self._account is None:
                    out.append(pack_header(16, c.SUBMIT_SM | c.RESPONSE_BIT, ESME_RINVBNDSTS, sequence))
                else:
                    smsc.submitted(self, self._account, data, at, stop, now)
            elif command == c.DELIVER_SM_RESP:
                if unacked.pop(sequence, None) is None:
                    stats.stray_responses += 1
                elif status:
                    stats.receipts_nacked[status] += 1
                else:
                    stats.receipts_acked += 1
            else:
                self._control(command, sequence, data, at)
                if self.sock is None:
                    return stop
            at = stop
        account = self._account
        if account is not None and account.waiting:
            smsc.pump(account, self)
        return at

    def _control(self, command: int, sequence: int, data: bytes, at: int) -> None:
        """Everything but submits and answers to receipts."""
        response = command | c.RESPONSE_BIT
        if command in c.BINDS and self._account is None:
            stats = self._smsc.stats
            stats.binds += 1
            stats.binds_now += 1
            system_id = data[at + 16 : data.index(0, at + 16)]
            self._account = self._smsc.account(system_id)
            body = b"simulator\x00\x02\x10\x00\x01\x34"
            self.out.append(pack_header(16 + len(body), response, 0, sequence) + body)
            if command != c.BIND_TRANSMITTER:
                self._account.receivers.append(self)
        elif command == c.ENQUIRE_LINK:
            self.out.append(pack_header(16, response, 0, sequence))
        elif command == c.UNBIND:
            self.out.append(pack_header(16, response, 0, sequence))
            self.flush()
            self.close()
        elif command == c.GENERIC_NACK:
            self._smsc.stats.generic_nacks_received += 1
        elif not command & c.RESPONSE_BIT:
            status = ESME_RINVBNDSTS if command in c.BINDS else ESME_RINVCMDID
            self.out.append(pack_header(16, c.GENERIC_NACK, status, sequence))

    def send_receipts(self, waiting: deque[_Waiting], now: float) -> None:
        """Send what waits, as far as the window allows."""
        smsc = self._smsc
        out, unacked, sequence = self.out, self._unacked, self._sequence
        room = min(smsc.window - len(unacked), len(waiting))
        sent = smsc.report.sent
        numbers = len(sent)
        for _ in range(room):
            item = waiting.popleft()
            sequence += 1
            unacked[sequence] = item
            number, body = item
            if number < numbers and not sent[number]:
                sent[number] = now
            out.append(_DELIVER_HEAD % (pack_number(16 + len(body)), pack_number(sequence)))
            out.append(body)
        self._sequence = sequence
        smsc.stats.receipts_sent += max(0, room)


class LeanSmsc:
    """The SMSC: one loop, that wakes up at most once in `coalesce_s`. `delay_s` is that of every receipt, `window` how
    many a bind may leave unanswered."""

    def __init__(
        self,
        *,
        window: int = 100,
        delay_s: float = 0.0,
        coalesce_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.window = window
        self.loop = LeanLoop(clock, coalesce_s)
        self.stats = SmscStats()
        self.report = LeanReport()
        self.links: set[_Link] = set()
        self._delay = delay_s
        self._accounts: dict[bytes, _Account] = {}
        self._later: deque[tuple[float, _Account, _Waiting]] = deque()
        self._id = 0
        self._minute = -1
        self._date = b""
        self._listening: socket.socket | None = None

    # ------------------------------------------------------------------ life
    def listen(self, host: str, port: int) -> int:
        """Listen; return the port. Raises OSError."""
        sock = socket.create_server((host, port), backlog=1024)
        sock.setblocking(False)
        self._listening = sock
        self.loop.on_readable(sock, self._accept)
        return int(sock.getsockname()[1])

    def turn(self) -> None:
        """Wait a little for something to happen, and handle it."""
        wait = 0.2
        if self._later:
            wait = min(wait, max(0.0, self._later[0][0] - self.loop.clock()))
        now = self.loop.turn(wait)
        later = self._later
        if later and later[0][0] <= now:
            touched = []
            while later and later[0][0] <= now:
                _, account, item = later.popleft()
                account.waiting.append(item)
                if account not in touched:
                    touched.append(account)
            for account in touched:
                self.pump(account)

    def summary(self) -> dict[str, Any]:
        """The statistics so far."""
        waiting = len(self._later) + sum(len(account.waiting) for account in self._accounts.values())
        found = self.stats.summary(waiting, sum(link.unacked for link in self.links))
        return found | {"beyond": self.report.beyond}

    def close(self) -> None:
        """Close everything."""
        if self._listening is not None:
            self._listening.close()
        for link in list(self.links):
            link.close()
        self.loop.close()

    def _accept(self) -> None:
        assert self._listening is not None
        try:
            sock, _ = self._listening.accept()
        except OSError:
            return
        _Link(self).attach(sock, connected=True)

    # ------------------------------------------------------------------ messages
    def account(self, system_id: bytes) -> _Account:
        """The account of a system_id; made at its first bind."""
        return self._accounts.setdefault(system_id, _Account())

    def submitted(self, link: _Link, account: _Account, data: bytes, at: int, stop: int, now: float) -> None:
        """Accept the submit_sm at data[at:stop] and plan its receipt. Raises ValueError when it is no submit_sm."""
        find = data.index
        source = find(0, at + 16) + 1
        dest = find(0, source + 2) + 1
        flags = find(0, dest + 2) + 1
        validity = find(0, find(0, flags + 3) + 1)
        stats = self.stats
        stats.submits += 1
        stats.accept(hash(data[at + 16 : stop]))
        if stats.first_submit is None:
            stats.first_submit = now
        stats.last_submit = now
        digits = data[flags - 9 : flags - 1]
        number = int(digits) if digits.isdigit() else -1
        if number >= 0:
            self.report.took(number, now)
        self._id = message_id = self._id + 1
        link.out.append(_SUBMIT_RESP % (data[at + 12 : at + 16], message_id))
        if not data[validity + 1] & 3:
            return
        if now // 60 != self._minute:
            self._minute = int(now // 60)
            self._date = time.strftime("%y%m%d%H%M", time.gmtime()).encode()
        date = self._date
        receipt = _RECEIPT % (message_id, date, date, message_id)
        item = (number, b"\x00" + data[dest:flags] + data[source:dest] + receipt)
        if self._delay:
            self._later.append((now + self._delay, account, item))
        else:
            account.waiting.append(item)

    def pump(self, account: _Account, first: _Link | None = None) -> None:
        """Send what waits for an account: by `first` if it receives, then by the others; `first` flushes itself."""
        now = self.loop.clock()
        waiting = account.waiting
        receivers = account.receivers
        if first is not None and first in receivers:
            first.send_receipts(waiting, now)
        if not waiting:
            return
        for link in list(receivers):
            if link is not first:
                link.send_receipts(waiting, now)
                link.flush()
                if not waiting:
                    return
