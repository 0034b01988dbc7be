"""What is shown of accepted messages: one readable line each, long ones whole when wanted."""

from collections.abc import Callable

from smsgwd.gsm import udh
from smsgwd.gsm.coding import decode_text
from smsgwd.gsm.errors import MalformedUdh
from smsgwd.gsm.reassembly import Assembled, Part, Reassembler, SetKey

ESM_UDHI = 0x40


class Shower:
    """Writes accepted messages through `write`, one call a line. With `long` the parts are collected first."""

    def __init__(self, write: Callable[[str], None], *, long: bool) -> None:
        self._write = write
        self._parts = Reassembler() if long else None

    def show(
        self,
        head: str,
        source: str,
        dest: str,
        esm_class: int,
        data_coding: int,
        body: bytes,
        sar: tuple[int, int, int] | None,
        now: float,
    ) -> None:
        """Show one accepted submit; `sar` is (ref, total, seq), `head` names bind and id, `now` is monotonic (s)."""
        header = b""
        concat: tuple[int, int, int] | None = sar
        locking = single = 0
        if esm_class & ESM_UDHI:
            try:
                parsed, text = udh.parse(body)
            except MalformedUdh:
                self._write(f"{head} {source} -> {dest}: malformed user data header {body.hex()}")
                return
            header, body = body[: len(body) - len(text)], text
            locking, single = parsed.locking, parsed.single
            if parsed.concatenation is not None:
                concat = parsed.concatenation.ref, parsed.concatenation.total, parsed.concatenation.seq
        if self._parts is not None and concat is not None and 1 <= concat[2] <= concat[1]:
            key = SetKey("", source, dest, concat[0], concat[1], "sar" if sar else "udh8")
            for whole in self._parts.add(key, Part(concat[2], data_coding, body, header), now):
                self._write(_whole_line(head, whole))
            return
        shown = decode_text(data_coding, body, locking=locking, single=single, udh_octets=len(header))
        part = f" part {concat[2]}/{concat[1]}" if concat is not None else ""
        self._write(f"{head} {source} -> {dest}{part}: {_printable(shown, body)}")


def _whole_line(head: str, whole: Assembled) -> str:
    missing = "" if whole.complete else f" ({whole.reason}, incomplete)"
    text = _printable(whole.text(), whole.data())
    return f"{head} {whole.key.source} -> {whole.key.destination} {whole.key.total} parts{missing}: {text}"


def _printable(text: str | None, octets: bytes) -> str:
    return f"hex {octets.hex()}" if text is None else text.replace("\n", "\\n").replace("\r", "\\r")
