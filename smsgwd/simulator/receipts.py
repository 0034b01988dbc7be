"""Receipts: the one heap of what is due later, and the deliver_sm a receipt becomes.

The text is written here and not with the gateway's own composer: a parser tested only against its own writer proves
nothing.
"""

import heapq
import time
from typing import Any

from smsgwd.simulator.behaviour import ERRORS, message_state
from smsgwd.simulator.message import SmscMessage
from smsgwd.smpp.constants import Ton
from smsgwd.smpp.pdu import DeliverSm
from smsgwd.smpp.tags import MESSAGE_STATE, NETWORK_ERROR_CODE, RECEIPTED_MESSAGE_ID

ESM_RECEIPT = 0x04
ESM_INTERMEDIATE = 0x20
_TEXT_CODINGS = (0, 1, 3)
_GSM_NETWORK = b"\x03"  # network type of network_error_code (SMPP 3.4 s5.3.2.31)


class Schedule:
    """What waits for its time: one heap for every delayed response and receipt of a simulator."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Any]] = []
        self._order = 0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, due: float, item: Any) -> None:
        """Keep `item` until `due` (s, monotonic)."""
        self._order += 1
        heapq.heappush(self._heap, (due, self._order, item))

    def next_due(self) -> float | None:
        """When the first item is due; None when there is none."""
        return self._heap[0][0] if self._heap else None

    def take(self, now: float) -> list[Any]:
        """Take out all that is due at `now`, in the order of due times, equal ones in the order of `put`."""
        heap = self._heap
        due = []
        while heap and heap[0][0] <= now:
            due.append(heapq.heappop(heap)[2])
        return due


class ReceiptWriter:
    """Makes deliver_sm out of receipts. Dates are UTC minutes, written once a minute."""

    def __init__(self, *, tlvs: bool, text: bool) -> None:
        self._tlvs = tlvs
        self._text = text
        self._minute = -1
        self._date = b""

    def write(self, message: SmscMessage, stat: str, intermediate: bool, wall: float) -> DeliverSm:
        """The deliver_sm of a receipt written at `wall` (seconds since 1970): addresses swapped (SMPP 3.4 s2.11)."""
        error = ERRORS.get(stat, "255")
        text = b""
        if self._text:
            delivered = b"001" if stat == "DELIVRD" else b"000"
            text = b"id:%b sub:001 dlvrd:%b submit date:%b done date:%b stat:%b err:%b text:%b" % (
                message.receipt_id,
                delivered,
                self._format(message.accepted_wall),
                self._format(wall),
                stat.encode(),
                error.encode(),
                _beginning(message),
            )
        tlvs: tuple[tuple[int, bytes], ...] = ()
        if self._tlvs:
            tlvs = (
                (RECEIPTED_MESSAGE_ID, message.receipt_id + b"\0"),
                (MESSAGE_STATE, bytes((message_state(stat),))),
            )
            if error != "000":
                tlvs += ((NETWORK_ERROR_CODE, _GSM_NETWORK + int(error).to_bytes(2, "big")),)
        source, dest = message.dest, message.source
        return DeliverSm(
            source_addr_ton=source[0],
            source_addr_npi=source[1],
            source_addr=source[2],
            dest_addr_ton=dest[0],
            dest_addr_npi=dest[1],
            destination_addr=dest[2],
            esm_class=ESM_INTERMEDIATE if intermediate else ESM_RECEIPT,
            short_message=text,
            tlvs=tlvs,
        )

    def _format(self, wall: float) -> bytes:
        minute = int(wall) // 60
        if minute != self._minute:
            self._minute = minute
            self._date = time.strftime("%y%m%d%H%M", time.gmtime(minute * 60)).encode()
        return self._date


def _beginning(message: SmscMessage) -> bytes:
    """The first 20 octets of a text that any receiver can read (appendix B); b'' for the others."""
    if message.data_coding not in _TEXT_CODINGS:
        return b""
    return message.body[:20]


def address(ton: int, npi: int, octets: bytes) -> str:
    """An address as people write it: '+' before international numbers."""
    text = octets.decode("latin-1")
    return f"+{text}" if ton == Ton.INTERNATIONAL and text.isdigit() else text
