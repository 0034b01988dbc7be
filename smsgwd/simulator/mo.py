"""Mobile-originated messages: what is sent when, in parts when the text is long."""

from random import Random

from smsgwd.gsm.segment import Segment, segments
from smsgwd.simulator.options import SmscOptions
from smsgwd.smpp.constants import Npi, Ton
from smsgwd.smpp.pdu import DeliverSm
from smsgwd.smpp.tags import SAR_MSG_REF_NUM, SAR_SEGMENT_SEQNUM, SAR_TOTAL_SEGMENTS

ESM_UDHI = 0x40


class MoSource:
    """Makes the MO messages of a simulator: a steady rate from `start` (s, monotonic), sources counting up."""

    def __init__(self, options: SmscOptions, start: float) -> None:
        self._options = options
        self._interval = 1.0 / options.mo_rate
        self._next = start + self._interval
        self._made = 0
        self._dice = Random(f"{options.seed}/mo")

    def next_due(self) -> float | None:
        """When the next one is due (s, monotonic); None when all are made."""
        if self._options.mo_count and self._made >= self._options.mo_count:
            return None
        return self._next

    @property
    def made(self) -> int:
        """How many messages so far."""
        return self._made

    def take(self, now: float) -> list[dict[str, object]]:
        """The parts that are due at `now`, as fields of a deliver_sm."""
        parts: list[dict[str, object]] = []
        while (due := self.next_due()) is not None and due <= now:
            self._next += self._interval
            self._made += 1
            parts += self._parts(self._made)
        return parts

    def _parts(self, number: int) -> list[dict[str, object]]:
        options = self._options
        text = options.mo_text.replace("{n}", str(number))
        source = f"{options.mo_from}{number:05d}".encode()
        dest = options.mo_to.lstrip("+").encode()
        made: list[dict[str, object]] = [
            {
                "source_addr_ton": Ton.INTERNATIONAL,
                "source_addr_npi": Npi.ISDN,
                "source_addr": source,
                "dest_addr_ton": Ton.INTERNATIONAL if options.mo_to.startswith("+") else Ton.UNKNOWN,
                "dest_addr_npi": Npi.ISDN,
                "destination_addr": dest,
                "esm_class": ESM_UDHI if part.udh else 0,
                "data_coding": part.data_coding,
                "short_message": part.udh + part.body,
                "tlvs": _sar(part) if options.mo_parts == "sar" and part.total > 1 else (),
            }
            for part in segments(text, ref=number, style=options.mo_parts)
        ]
        if options.mo_twice_pct:
            made = [part for one in made for part in ([one, one] if self._twice() else [one])]
        if options.mo_shuffle:
            self._dice.shuffle(made)
        return made

    def _twice(self) -> bool:
        return self._dice.random() * 100 < self._options.mo_twice_pct


def _sar(part: Segment) -> tuple[tuple[int, bytes], ...]:
    """The TLVs of a part (SMPP 3.4 s5.3.2.22 to s5.3.2.24)."""
    return (
        (SAR_MSG_REF_NUM, (part.ref & 0xFFFF).to_bytes(2, "big")),
        (SAR_TOTAL_SEGMENTS, bytes((part.total,))),
        (SAR_SEGMENT_SEQNUM, bytes((part.seq,))),
    )


def mo_pdu(fields: dict[str, object]) -> DeliverSm:
    """A fresh deliver_sm of an MO part: one object a sending, since each has its own sequence number."""
    return DeliverSm(**fields)  # type: ignore[arg-type]
