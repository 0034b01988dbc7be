"""What the ESMEs of a load know of their messages: arrays by number, and the receipts entered in them."""

from __future__ import annotations

from array import array
from collections import Counter


class Books:
    """What the ESMEs know of the messages 0..size-1; times are seconds, monotonic, 0 = not yet."""

    def __init__(self, size: int) -> None:
        zeros = bytes(8 * size)
        self.size = size
        self.due: array[float] = array("d", zeros)  #: when it was to be sent
        self.accepted: array[float] = array("d", zeros)
        self.receipt: array[float] = array("d", zeros)  #: the first one
        self.ids: list[bytes] = [b""] * size  #: of the response
        self.receipt_ids: list[bytes] = [b""] * size  #: of the first receipt
        self.receipts = bytearray(size)  #: how many, up to 255
        #: 1 + index of the bind that sent it; 0 not sent, -1 unknown, -2 refused
        self.link: array[int] = array("i", bytes(4 * size))
        self.unknown: set[int] = set()  #: sent and never answered: the bind was lost
        self.refused: Counter[int] = Counter()  #: by command_status
        self.answered = 0
        self.accepted_count = 0
        self.received = 0  #: messages with a receipt
        self.repeats: list[tuple[int, float]] = []  #: receipts of a message that had one: number and when
        self.other_id = 0  #: of them with another id than the first
        self.strange = 0  #: deliver_sm that are no receipt of ours
        self.not_delivered = 0  #: receipts with another stat than DELIVRD
        self.tlv_differs = 0  #: receipts whose receipted_message_id is not the id of their text
        self.order: array[int] | None = None  #: numbers in the order of their receipts, when wanted

    def misnamed(self) -> int:
        """Messages whose receipt has another id than their response."""
        return sum(
            1 for mine, other in zip(self.ids, self.receipt_ids, strict=True) if mine and other and mine != other
        )

    def enter_receipt(self, data: bytes, at: int, stop: int, now: float) -> None:
        """Enter the deliver_sm at data[at:stop]."""
        try:
            source = data.index(0, at + 16) + 3
            source_end = data.index(0, source)
            number = int(data[source_end - 8 : source_end])
            begin = data.index(b"id:", source_end, stop) + 3
            after = data.index(b" ", begin, stop)
            first = self.receipts[number]
        except (ValueError, IndexError):
            self.strange += 1
            return
        name = data[begin:after]
        if data.find(b"stat:DELIVRD", after, stop) < 0:
            self.not_delivered += 1
        if first:
            self.repeats.append((number, now))
            self.receipts[number] = min(255, first + 1)
            self.other_id += name != self.receipt_ids[number]
            return
        self.receipts[number] = 1
        self.receipt[number] = now
        self.receipt_ids[number] = name
        self.received += 1
        if data.find(name, after, stop) < 0:
            self.tlv_differs += 1
        if self.order is not None:
            self.order.append(number)
