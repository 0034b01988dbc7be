"""Requests whose body is composed already: for who sends thousands that differ in little more than numbers and text.

A `MessageTemplate` is made once of a submit_sm or deliver_sm and gives the same octets as the PDU would, at half the
cost: no object with twenty fields is made. What does not fit is refused with the precise error of the tables.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from smsgwd.smpp.constants import ADDRESS_MAX
from smsgwd.smpp.pdu import ShortMessagePdu, UnknownPdu
from smsgwd.smpp.tables import PDUS
from smsgwd.smpp.tlv import Tlvs

_TEXT_MAX: Final = 254  # SMPP 3.4 s5.2.22
_new: Any = object.__new__


@dataclass(slots=True, kw_only=True)
class ComposedPdu(UnknownPdu):
    """A request of kind `command_id` whose mandatory fields are `body` already; its TLVs are apart, for 3.3 peers."""

    name: ClassVar[str] = "composed"


def composed(command_id: int, body: bytes, tlvs: Tlvs = ()) -> ComposedPdu:
    """A request of this kind with this body: what the class makes, without a call of its own for each field."""
    pdu: ComposedPdu = _new(ComposedPdu)
    pdu.sequence = pdu.status = 0
    pdu.tlvs = tlvs
    pdu.command_id = command_id
    pdu.body = body
    return pdu


class MessageTemplate:
    """All fields of a submit_sm or deliver_sm but its addresses, validity period, text and TLVs (SMPP 3.4 s4.4.1)."""

    __slots__ = ("_command_id", "_flags", "_head", "_kinds", "_middle", "_numbering")

    def __init__(self, pdu: ShortMessagePdu) -> None:
        """Take everything else from `pdu`. Raises EncodeError for a field that cannot be composed."""
        self._command_id = pdu.command_id
        self._kinds = dict(PDUS[pdu.command_id].fields)
        octets = {name: kind.encode(name, getattr(pdu, name)) for name, kind in self._kinds.items()}
        self._head = octets["service_type"] + octets["source_addr_ton"] + octets["source_addr_npi"]
        self._numbering = octets["dest_addr_ton"] + octets["dest_addr_npi"]
        self._middle = (
            octets["esm_class"] + octets["protocol_id"] + octets["priority_flag"] + octets["schedule_delivery_time"]
        )
        self._flags = (
            octets["registered_delivery"]
            + octets["replace_if_present_flag"]
            + octets["data_coding"]
            + octets["sm_default_msg_id"]
        )

    def compose(self, source: bytes, destination: bytes, validity: bytes, text: bytes, tlvs: Tlvs = ()) -> ComposedPdu:
        """A request with these addresses, this validity period (b'' or 16 octets) and text. Raises EncodeError."""
        if (
            len(source) > ADDRESS_MAX
            or len(destination) > ADDRESS_MAX
            or len(text) > _TEXT_MAX
            or len(validity) not in (0, 16)
            or 0 in source
            or 0 in destination
            or 0 in validity
        ):
            self._refuse(source, destination, validity, text)
        pdu: ComposedPdu = _new(ComposedPdu)
        pdu.sequence = pdu.status = 0
        pdu.tlvs = tlvs
        pdu.command_id = self._command_id
        pdu.body = b"%b%b\0%b%b\0%b%b\0%b%c%b" % (
            self._head,
            source,
            self._numbering,
            destination,
            self._middle,
            validity,
            self._flags,
            len(text),
            text,
        )
        return pdu

    def around(self) -> tuple[bytes, bytes, bytes]:
        """What stands before the source address, between the addresses, and behind them up to sm_length.

        For who composes bodies without a validity period itself; each address ends with a NUL.
        """
        return self._head, self._numbering, self._middle + b"\0" + self._flags

    def _refuse(self, source: bytes, destination: bytes, validity: bytes, text: bytes) -> None:
        """Raise the EncodeError of the field that is wrong."""
        values = (source, destination, validity, text)
        names = ("source_addr", "destination_addr", "validity_period", "short_message")
        for name, value in zip(names, values, strict=True):
            self._kinds[name].encode(name, value)
