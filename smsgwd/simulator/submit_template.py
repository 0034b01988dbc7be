"""submit_sm as octets: encoded once, filled in with sequence, destination digits and the number in the text."""

from __future__ import annotations

from collections.abc import Sequence

from smsgwd.gsm import alphabet
from smsgwd.gsm.plan import plan
from smsgwd.simulator.lean_loop import pack_header
from smsgwd.simulator.spread import ONE, SIZE
from smsgwd.simulator.submissions import DIGITS
from smsgwd.smpp.constants import SUBMIT_SM

FIRST_SEQUENCE = 1_000  #: sequence numbers below it are for binds and the like; a message's is this plus its number
_SHORT_MESSAGE_MOST = 254
_MARK = "{n}"
_ZEROS = "0" * DIGITS


def octets_of(text: str) -> tuple[int, bytes]:
    """data_coding and octets of a text for one submit_sm: GSM (0) if it fits, else UCS-2 (8). Raises ValueError."""
    if plan(text).encoding == "ucs2":
        return 8, text.encode("utf-16-be")
    return 0, alphabet.encode(text)


class SubmitTemplate:
    """Frames of number n: to one of `prefixes` and nnnnnnnn (international), `{n}` in the text is the number too.

    The prefixes have five digits and are taken in turn. `parts` is how many parts the gateway will make of the text.
    Raises ValueError for one that SMS cannot carry.
    """

    def __init__(self, text: str, sender: str = "bench", registered: int = 1, prefixes: Sequence[str] = ONE) -> None:
        planned = plan(text.replace(_MARK, _ZEROS))
        self._prefixes = [prefix.encode() for prefix in prefixes]
        self.parts = planned.parts
        wide = planned.encoding == "ucs2"
        pieces = [
            (piece.encode("utf-16-be") if wide else alphabet.encode(piece)).replace(b"%", b"%%")
            for piece in text.split(_MARK)
        ]
        self._marks = len(pieces) - 1
        self._wide = wide
        zeros = _ZEROS.encode("utf-16-be") if wide else _ZEROS.encode()
        size = sum(len(piece.replace(b"%%", b"%")) for piece in pieces) + len(zeros) * self._marks
        body = b"%b".join(pieces)
        source = sender.encode().replace(b"%", b"%%")
        coding = 8 if wide else 0
        flags = bytes((0, 0, 0, 0, 0, registered, 0, coding, 0))
        if size > _SHORT_MESSAGE_MOST:
            payload = b"\x00\x04\x24" + size.to_bytes(2, "big")  # sm_length 0, then message_payload (s5.3.2.32)
        else:
            payload = bytes((size,))
        payload = payload.replace(b"%", b"%%")
        length = 16 + 1 + 3 + len(sender.encode()) + 3 + SIZE + DIGITS + 9
        length += size + (1 if size <= _SHORT_MESSAGE_MOST else 5)
        head = pack_header(length, SUBMIT_SM, 0, 0)[:12].replace(b"%", b"%%")
        self._frame = head + b"%b\x00\x05\x00" + source + b"\x00\x01\x01%b%b\x00" + flags + payload + body

    def frame(self, number: int) -> bytes:
        """The submit_sm of a number (0 to 99,999,999); its sequence_number is FIRST_SEQUENCE + number."""
        digits = b"%08d" % number
        prefixes = self._prefixes
        prefix = prefixes[number % len(prefixes)]
        sequence = (number + FIRST_SEQUENCE).to_bytes(4, "big")
        marks = self._marks
        if not marks:
            return self._frame % (sequence, prefix, digits)
        if self._wide:
            shown = digits.decode().encode("utf-16-be")
        else:
            shown = digits
        if marks == 1:
            return self._frame % (sequence, prefix, digits, shown)
        return self._frame % (sequence, prefix, digits, *[shown] * marks)
