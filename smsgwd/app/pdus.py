"""What a message looks like as PDUs for its connector: encoded again from what is stored, for operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smsgwd.model.message import Message
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.pdu import SubmitSm
from smsgwd.smpp.tags import MESSAGE_PAYLOAD
from smsgwd.southbound.encode import CannotEncode, Encoder
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.southbound.settings import Settings
from smsgwd.telemetry.redact import mask_number


class EncodedAgain:
    """Encodes messages as their connectors would now; `settings` by connector, ValueError for none."""

    def __init__(self, settings: Callable[[str], Settings | ProviderSettings]) -> None:
        self._settings = settings

    def pdus(self, message: Message, *, numbers: bool, text: bool) -> list[dict[str, Any]]:
        """The fields of each submit_sm, JSON-ready. ValueError where it cannot be told."""
        settings = self._settings(message.connector)
        if isinstance(settings, ProviderSettings):
            raise ValueError(f"{message.connector} is no SMPP connector: a provider gets no PDUs")
        if not message.msisdn:
            raise ValueError("its number was erased")
        try:
            found = Encoder(settings).encode(message, message.submitted_at)
        except (CannotEncode, EncodeError) as error:
            raise ValueError(str(error)) from None
        return [_shown(pdu, numbers=numbers, text=text) for pdu in found]


def _shown(pdu: SubmitSm, *, numbers: bool, text: bool) -> dict[str, Any]:
    def address(octets: bytes) -> str:
        written = octets.decode("latin-1")
        return written if numbers else mask_number(written)

    def content(octets: bytes) -> str:
        return octets.hex() if text else f"*** ({len(octets)} octets)"

    tlvs = [f"0x{tag:04X}={content(value) if tag == MESSAGE_PAYLOAD else value.hex()}" for tag, value in pdu.tlvs]
    return {
        "pdu": "submit_sm",
        "service_type": pdu.service_type.decode("latin-1"),
        "source": f"{pdu.source_addr_ton}/{pdu.source_addr_npi} {address(pdu.source_addr)}",
        "destination": f"{pdu.dest_addr_ton}/{pdu.dest_addr_npi} {address(pdu.destination_addr)}",
        "esm_class": f"0x{pdu.esm_class:02X}",
        "protocol_id": pdu.protocol_id,
        "priority": pdu.priority_flag,
        "validity": pdu.validity_period.decode("latin-1"),
        "registered": f"0x{pdu.registered_delivery:02X}",
        "data_coding": f"0x{pdu.data_coding:02X}",
        "short_message": content(pdu.short_message),
        "tlvs": " ".join(tlvs),
    }
