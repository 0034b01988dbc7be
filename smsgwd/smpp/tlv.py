"""Optional parameters (TLVs): the table of known tags, and the codec of the list and of single values.

A PDU keeps its TLVs as it met them on the wire: a tuple of (tag, value octets), order and duplicates kept, unknown
tags too. Values are typed only when somebody asks (`read_value`), so a malformed value never costs the PDU; composing
(`pack_tlvs`) is strict. To teach a new tag, add it to tags.py and to TLVS here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from typing import Final

from smsgwd.smpp import tags as t
from smsgwd.smpp.errors import EncodeError
from smsgwd.smpp.status import ESME_RINVOPTPARSTREAM, ESME_RINVPARLEN

TlvValue = bytes | int
Tlvs = tuple[tuple[int, bytes], ...]

_HEAD: Final = Struct(">HH")
_unpack_head = _HEAD.unpack_from


class Kind(Enum):
    """How a TLV's value reads: big-endian integer, C-octet string (NUL-terminated) or octets."""

    INTEGER = "integer"
    CSTRING = "cstring"
    OCTETS = "octets"


@dataclass(frozen=True, slots=True)
class TlvSpec:
    """One known tag: its name, kind and the octets its value may have (a C-octet string's NUL included)."""

    tag: int
    name: str
    kind: Kind
    low: int
    high: int


def _integer(tag: int, name: str, size: int) -> TlvSpec:
    return TlvSpec(tag, name, Kind.INTEGER, size, size)


def _cstring(tag: int, name: str, high: int) -> TlvSpec:
    return TlvSpec(tag, name, Kind.CSTRING, 1, high)


def _octets(tag: int, name: str, low: int, high: int) -> TlvSpec:
    return TlvSpec(tag, name, Kind.OCTETS, low, high)


TLVS: Final[dict[int, TlvSpec]] = {
    spec.tag: spec
    for spec in (
        _integer(t.DEST_ADDR_SUBUNIT, "dest_addr_subunit", 1),
        _integer(t.DEST_NETWORK_TYPE, "dest_network_type", 1),
        _integer(t.DEST_BEARER_TYPE, "dest_bearer_type", 1),
        _integer(t.DEST_TELEMATICS_ID, "dest_telematics_id", 2),
        _integer(t.SOURCE_ADDR_SUBUNIT, "source_addr_subunit", 1),
        _integer(t.SOURCE_NETWORK_TYPE, "source_network_type", 1),
        _integer(t.SOURCE_BEARER_TYPE, "source_bearer_type", 1),
        _integer(t.SOURCE_TELEMATICS_ID, "source_telematics_id", 1),
        _integer(t.QOS_TIME_TO_LIVE, "qos_time_to_live", 4),
        _integer(t.PAYLOAD_TYPE, "payload_type", 1),
        _cstring(t.ADDITIONAL_STATUS_INFO_TEXT, "additional_status_info_text", 256),
        _cstring(t.RECEIPTED_MESSAGE_ID, "receipted_message_id", 65),
        _integer(t.MS_MSG_WAIT_FACILITIES, "ms_msg_wait_facilities", 1),
        _integer(t.PRIVACY_INDICATOR, "privacy_indicator", 1),
        _octets(t.SOURCE_SUBADDRESS, "source_subaddress", 2, 23),
        _octets(t.DEST_SUBADDRESS, "dest_subaddress", 2, 23),
        _integer(t.USER_MESSAGE_REFERENCE, "user_message_reference", 2),
        _integer(t.USER_RESPONSE_CODE, "user_response_code", 1),
        _integer(t.SOURCE_PORT, "source_port", 2),
        _integer(t.DESTINATION_PORT, "destination_port", 2),
        _integer(t.SAR_MSG_REF_NUM, "sar_msg_ref_num", 2),
        _integer(t.LANGUAGE_INDICATOR, "language_indicator", 1),
        _integer(t.SAR_TOTAL_SEGMENTS, "sar_total_segments", 1),
        _integer(t.SAR_SEGMENT_SEQNUM, "sar_segment_seqnum", 1),
        _integer(t.SC_INTERFACE_VERSION, "sc_interface_version", 1),
        _integer(t.CALLBACK_NUM_PRES_IND, "callback_num_pres_ind", 1),
        _octets(t.CALLBACK_NUM_ATAG, "callback_num_atag", 0, 65),
        _integer(t.NUMBER_OF_MESSAGES, "number_of_messages", 1),
        _octets(t.CALLBACK_NUM, "callback_num", 4, 19),
        _integer(t.DPF_RESULT, "dpf_result", 1),
        _integer(t.SET_DPF, "set_dpf", 1),
        _integer(t.MS_AVAILABILITY_STATUS, "ms_availability_status", 1),
        _octets(t.NETWORK_ERROR_CODE, "network_error_code", 3, 3),
        _octets(t.MESSAGE_PAYLOAD, "message_payload", 0, 65535),
        _integer(t.DELIVERY_FAILURE_REASON, "delivery_failure_reason", 1),
        _integer(t.MORE_MESSAGES_TO_SEND, "more_messages_to_send", 1),
        _integer(t.MESSAGE_STATE, "message_state", 1),
        _integer(t.CONGESTION_STATE, "congestion_state", 1),
        _octets(t.USSD_SERVICE_OP, "ussd_service_op", 1, 1),
        _integer(t.BROADCAST_CHANNEL_INDICATOR, "broadcast_channel_indicator", 1),
        _octets(t.BROADCAST_CONTENT_TYPE, "broadcast_content_type", 3, 3),
        _octets(t.BROADCAST_CONTENT_TYPE_INFO, "broadcast_content_type_info", 0, 255),
        _integer(t.BROADCAST_MESSAGE_CLASS, "broadcast_message_class", 1),
        _integer(t.BROADCAST_REP_NUM, "broadcast_rep_num", 2),
        _octets(t.BROADCAST_FREQUENCY_INTERVAL, "broadcast_frequency_interval", 3, 3),
        _octets(t.BROADCAST_AREA_IDENTIFIER, "broadcast_area_identifier", 1, 100),
        _integer(t.BROADCAST_ERROR_STATUS, "broadcast_error_status", 4),
        _integer(t.BROADCAST_AREA_SUCCESS, "broadcast_area_success", 1),
        _cstring(t.BROADCAST_END_TIME, "broadcast_end_time", 17),
        _octets(t.BROADCAST_SERVICE_GROUP, "broadcast_service_group", 1, 255),
        _octets(t.BILLING_IDENTIFICATION, "billing_identification", 1, 1024),
        _cstring(t.SOURCE_NETWORK_ID, "source_network_id", 65),
        _cstring(t.DEST_NETWORK_ID, "dest_network_id", 65),
        _octets(t.SOURCE_NODE_ID, "source_node_id", 6, 6),
        _octets(t.DEST_NODE_ID, "dest_node_id", 6, 6),
        _integer(t.DEST_ADDR_NP_RESOLUTION, "dest_addr_np_resolution", 1),
        _octets(t.DEST_ADDR_NP_INFORMATION, "dest_addr_np_information", 10, 10),
        _octets(t.DEST_ADDR_NP_COUNTRY, "dest_addr_np_country", 1, 5),
        _integer(t.DISPLAY_TIME, "display_time", 1),
        _integer(t.SMS_SIGNAL, "sms_signal", 2),
        _octets(t.MS_VALIDITY, "ms_validity", 1, 4),
        _octets(t.ALERT_ON_MESSAGE_DELIVERY, "alert_on_message_delivery", 0, 1),
        _integer(t.ITS_REPLY_TYPE, "its_reply_type", 1),
        _integer(t.ITS_SESSION_INFO, "its_session_info", 2),
    )
}


class TlvStreamError(ValueError):
    """The TLV part cannot be cut into TLVs; `command_status` is the precise answer, `parsed` what came before."""

    def __init__(self, command_status: int, reason: str, parsed: Tlvs) -> None:
        super().__init__(reason)
        self.command_status = command_status
        self.parsed = parsed


def parse_tlvs(frame: bytes, start: int) -> Tlvs:
    """Cut octets `frame[start:]` into (tag, value) pairs, in order.

    A tail of one to three NULs is padding that some peers send. Raises TlvStreamError (ESME_RINVOPTPARSTREAM for a
    torn header, ESME_RINVPARLEN for a length beyond the PDU).
    """
    end = len(frame)
    found: list[tuple[int, bytes]] = []
    while start < end:
        if end - start < 4:
            if any(frame[start:]):
                raise TlvStreamError(ESME_RINVOPTPARSTREAM, f"{end - start} stray octets after the TLVs", tuple(found))
            break
        tag, length = _unpack_head(frame, start)
        start += 4
        if length > end - start:
            reason = f"TLV 0x{tag:04X} says {length} octets, {end - start} are left"
            raise TlvStreamError(ESME_RINVPARLEN, reason, tuple(found))
        found.append((tag, frame[start : start + length]))
        start += length
    return tuple(found)


def encode_tlvs(tlvs: Tlvs) -> bytes:
    """Return the wire form of raw (tag, value) pairs. Raises EncodeError for a tag or length over 16 bits."""
    parts: list[bytes] = []
    for tag, value in tlvs:
        if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF:
            raise EncodeError(f"TLV 0x{tag:04X}", f"tag and length are 16 bits, value has {len(value)} octets")
        parts.append(_HEAD.pack(tag, len(value)))
        parts.append(value)
    return b"".join(parts)


def read_value(tag: int, raw: bytes) -> TlvValue | None:
    """Return the typed value of one TLV, None when it does not fit its tag's declaration.

    Integers need their exact size; a C-octet string ends at its first NUL, or without one at the end (peers forget it);
    octets and unknown tags come back as they are.
    """
    spec = TLVS.get(tag)
    if spec is None:
        return raw
    size = len(raw)
    if spec.kind is Kind.INTEGER:
        return int.from_bytes(raw, "big") if size == spec.low else None
    if spec.kind is Kind.CSTRING:
        end = raw.find(0)
        value = raw if end < 0 else raw[:end]
        return value if len(value) < spec.high else None
    return raw if spec.low <= size <= spec.high else None


def write_value(tag: int, value: TlvValue) -> bytes:
    """Return the octets of one TLV's value, strictly as the table declares it.

    A C-octet string is given without its NUL. Unknown tags take bytes only. Raises EncodeError.
    """
    spec = TLVS.get(tag)
    name = spec.name if spec else f"TLV 0x{tag:04X}"
    if spec is not None and spec.kind is Kind.INTEGER:
        if not isinstance(value, int) or not 0 <= value < 1 << (8 * spec.low):
            raise EncodeError(name, f"needs an integer of {spec.low} octets", ESME_RINVPARLEN)
        return value.to_bytes(spec.low, "big")
    if not isinstance(value, bytes):
        raise EncodeError(name, "needs bytes", ESME_RINVPARLEN)
    if spec is None:
        raw = value
    elif spec.kind is Kind.CSTRING:
        if 0 in value:
            raise EncodeError(name, "has an embedded NUL", ESME_RINVPARLEN)
        raw = value + b"\0"
    else:
        raw = value
    low, high = (spec.low, spec.high) if spec else (0, 0xFFFF)
    if not low <= len(raw) <= high:
        raise EncodeError(name, f"has {len(raw)} octets, allowed are {low} to {high}", ESME_RINVPARLEN)
    return raw


def pack_tlvs(values: Mapping[int, TlvValue] | Iterable[tuple[int, TlvValue]]) -> Tlvs:
    """Turn typed values into a PDU's `tlvs`, in the order given. Raises EncodeError for a value its tag forbids."""
    pairs = values.items() if isinstance(values, Mapping) else values
    return tuple((tag, write_value(tag, value)) for tag, value in pairs)
