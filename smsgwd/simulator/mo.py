"""Mobile-originated messages: what is sent when, in parts when the text is long."""

from smsgwd.gsm.segment import segments
from smsgwd.simulator.options import SmscOptions
from smsgwd.smpp.constants import Npi, Ton
from smsgwd.smpp.pdu import DeliverSm

ESM_UDHI = 0x40


class MoSource:
    """Makes the MO messages of a simulator: a steady rate from `start` (s, monotonic), sources counting up."""

    def __init__(self, options: SmscOptions, start: float) -> None:
        self._options = options
        self._interval = 1.0 / options.mo_rate
        self._next = start + self._interval
        self._made = 0

    def next_due(self) -> float | None:
        """When the next one is due (s, monotonic); None when all are made."""
        if self._options.mo_count and self._made >= self._options.mo_count:
            return None
        return self._next

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
        return [
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
            }
            for part in segments(text, ref=number)
        ]


def mo_pdu(fields: dict[str, object]) -> DeliverSm:
    """A fresh deliver_sm of an MO part: one object a sending, since each has its own sequence number."""
    return DeliverSm(**fields)  # type: ignore[arg-type]
