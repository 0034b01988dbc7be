"""Every PDU of SMPP 3.4, declared once.

A class is the declaration: `command_id`, and in the order of the wire each mandatory field with its kind (an
annotation from the aliases below: size, longest form, precise status) and its default; tables.py reads these. Names
are the specification's; all C-octet strings are bytes. repr() leaves out passwords and message text, so that a logged
PDU gives nothing away. To add a PDU: declare it here and list it in tables.py.
"""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from smsgwd.smpp import constants as c
from smsgwd.smpp import status as s
from smsgwd.smpp.fields import Counted, CString, Destination, Destinations, Integer, TimeString, Unsuccess, Unsuccesses
from smsgwd.smpp.tlv import Tlvs, TlvValue, read_value

Int1 = Annotated[int, Integer(1)]
SystemId = Annotated[bytes, CString(16, s.ESME_RINVSYSID)]
Password = Annotated[bytes, CString(9, s.ESME_RINVPASWD)]
SystemType = Annotated[bytes, CString(13, s.ESME_RINVSYSTYP)]
AddressRange = Annotated[bytes, CString(41, s.ESME_RBINDFAIL)]
ServiceType = Annotated[bytes, CString(6, s.ESME_RINVSERTYP)]
SourceAddr = Annotated[bytes, CString(21, s.ESME_RINVSRCADR)]
DestAddr = Annotated[bytes, CString(21, s.ESME_RINVDSTADR)]
LongSourceAddr = Annotated[bytes, CString(65, s.ESME_RINVSRCADR)]
LongDestAddr = Annotated[bytes, CString(65, s.ESME_RINVDSTADR)]
MessageId = Annotated[bytes, CString(65, s.ESME_RINVMSGID)]
ScheduleTime = Annotated[bytes, TimeString(s.ESME_RINVSCHED)]
ValidityTime = Annotated[bytes, TimeString(s.ESME_RINVEXPIRY)]
FinalDate = Annotated[bytes, TimeString(s.ESME_RQUERYFAIL)]
ShortMessage = Annotated[bytes, Counted()]


@dataclass(slots=True, kw_only=True)
class Pdu:
    """What all PDUs have. `status` is 0 in requests; `tlvs` are raw (tag, value) pairs in the order of the wire."""

    command_id: ClassVar[int] = 0
    name: ClassVar[str] = ""

    sequence: int = 0
    status: int = 0
    tlvs: Tlvs = field(default=(), repr=False)

    def tlv(self, tag: int) -> TlvValue | None:
        """Return the typed value of the first well-formed TLV with this tag, None when there is none."""
        for found, raw in self.tlvs:
            if found == tag:
                value = read_value(tag, raw)
                if value is not None:
                    return value
        return None

    def tlv_int(self, tag: int) -> int | None:
        """Return an integer TLV's value, None when absent, malformed or not an integer."""
        value = self.tlv(tag) if self.tlvs else None
        return value if isinstance(value, int) else None

    def tlv_bytes(self, tag: int) -> bytes | None:
        """Return a string or octets TLV's value, None when absent, malformed or an integer."""
        value = self.tlv(tag) if self.tlvs else None
        return value if isinstance(value, bytes) else None

    def malformed_tlvs(self) -> tuple[int, ...]:
        """Return the tags of known TLVs whose value breaks their declaration; their octets stay in `tlvs`."""
        return tuple(tag for tag, raw in self.tlvs if read_value(tag, raw) is None)


@dataclass(slots=True, kw_only=True)
class UnknownPdu(Pdu):
    """A PDU whose command id is not in the tables: its body is kept as it came."""

    name: ClassVar[str] = "unknown"
    command_id: int  # type: ignore[misc]  # here, and only here, the id belongs to the object
    body: bytes = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class GenericNack(Pdu):
    """generic_nack (s4.3.1)."""

    command_id: ClassVar[int] = c.GENERIC_NACK
    name: ClassVar[str] = "generic_nack"


@dataclass(slots=True, kw_only=True)
class Bind(Pdu):
    """The body that the three bind requests share (s4.1.1)."""

    system_id: SystemId = b""
    password: Password = field(default=b"", repr=False)
    system_type: SystemType = b""
    interface_version: Int1 = c.VERSION_3_4
    addr_ton: Int1 = 0
    addr_npi: Int1 = 0
    address_range: AddressRange = b""


@dataclass(slots=True, kw_only=True)
class BindTransmitter(Bind):
    """bind_transmitter (s4.1.1)."""

    command_id: ClassVar[int] = c.BIND_TRANSMITTER
    name: ClassVar[str] = "bind_transmitter"


@dataclass(slots=True, kw_only=True)
class BindReceiver(Bind):
    """bind_receiver (s4.1.3)."""

    command_id: ClassVar[int] = c.BIND_RECEIVER
    name: ClassVar[str] = "bind_receiver"


@dataclass(slots=True, kw_only=True)
class BindTransceiver(Bind):
    """bind_transceiver (s4.1.5)."""

    command_id: ClassVar[int] = c.BIND_TRANSCEIVER
    name: ClassVar[str] = "bind_transceiver"


@dataclass(slots=True, kw_only=True)
class BindResp(Pdu):
    """The body that the three bind responses share (s4.1.2)."""

    system_id: SystemId = b""


@dataclass(slots=True, kw_only=True)
class BindTransmitterResp(BindResp):
    """bind_transmitter_resp (s4.1.2)."""

    command_id: ClassVar[int] = c.BIND_TRANSMITTER_RESP
    name: ClassVar[str] = "bind_transmitter_resp"


@dataclass(slots=True, kw_only=True)
class BindReceiverResp(BindResp):
    """bind_receiver_resp (s4.1.4)."""

    command_id: ClassVar[int] = c.BIND_RECEIVER_RESP
    name: ClassVar[str] = "bind_receiver_resp"


@dataclass(slots=True, kw_only=True)
class BindTransceiverResp(BindResp):
    """bind_transceiver_resp (s4.1.6)."""

    command_id: ClassVar[int] = c.BIND_TRANSCEIVER_RESP
    name: ClassVar[str] = "bind_transceiver_resp"


@dataclass(slots=True, kw_only=True)
class Outbind(Pdu):
    """outbind (s4.1.7.1)."""

    command_id: ClassVar[int] = c.OUTBIND
    name: ClassVar[str] = "outbind"
    system_id: SystemId = b""
    password: Password = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class Unbind(Pdu):
    """unbind (s4.2.1)."""

    command_id: ClassVar[int] = c.UNBIND
    name: ClassVar[str] = "unbind"


@dataclass(slots=True, kw_only=True)
class UnbindResp(Pdu):
    """unbind_resp (s4.2.2)."""

    command_id: ClassVar[int] = c.UNBIND_RESP
    name: ClassVar[str] = "unbind_resp"


@dataclass(slots=True, kw_only=True)
class ShortMessagePdu(Pdu):
    """The body that submit_sm and deliver_sm share (s4.4.1, s4.6.1)."""

    service_type: ServiceType = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: SourceAddr = b""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: DestAddr = b""
    esm_class: Int1 = 0
    protocol_id: Int1 = 0
    priority_flag: Int1 = 0
    schedule_delivery_time: ScheduleTime = b""
    validity_period: ValidityTime = b""
    registered_delivery: Int1 = 0
    replace_if_present_flag: Int1 = 0
    data_coding: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: ShortMessage = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class SubmitSm(ShortMessagePdu):
    """submit_sm (s4.4.1)."""

    command_id: ClassVar[int] = c.SUBMIT_SM
    name: ClassVar[str] = "submit_sm"


@dataclass(slots=True, kw_only=True)
class DeliverSm(ShortMessagePdu):
    """deliver_sm (s4.6.1); 255 octets are accepted, since SMPP 5.0 SMSCs may deliver them."""

    command_id: ClassVar[int] = c.DELIVER_SM
    name: ClassVar[str] = "deliver_sm"
    short_message: Annotated[bytes, Counted(accepted=255)] = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class MessageIdResp(Pdu):
    """The body of the responses that carry a message_id (s4.4.2); the body may be absent on errors."""

    message_id: MessageId = b""


@dataclass(slots=True, kw_only=True)
class SubmitSmResp(MessageIdResp):
    """submit_sm_resp (s4.4.2)."""

    command_id: ClassVar[int] = c.SUBMIT_SM_RESP
    name: ClassVar[str] = "submit_sm_resp"


@dataclass(slots=True, kw_only=True)
class DeliverSmResp(MessageIdResp):
    """deliver_sm_resp (s4.6.2); the message_id is unused by the specification, and some ESMEs fill it."""

    command_id: ClassVar[int] = c.DELIVER_SM_RESP
    name: ClassVar[str] = "deliver_sm_resp"


@dataclass(slots=True, kw_only=True)
class SubmitMulti(Pdu):
    """submit_multi (s4.5.1)."""

    command_id: ClassVar[int] = c.SUBMIT_MULTI
    name: ClassVar[str] = "submit_multi"
    service_type: ServiceType = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: SourceAddr = b""
    dest_addresses: Annotated[tuple[Destination, ...], Destinations()] = ()
    esm_class: Int1 = 0
    protocol_id: Int1 = 0
    priority_flag: Int1 = 0
    schedule_delivery_time: ScheduleTime = b""
    validity_period: ValidityTime = b""
    registered_delivery: Int1 = 0
    replace_if_present_flag: Int1 = 0
    data_coding: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: ShortMessage = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class SubmitMultiResp(MessageIdResp):
    """submit_multi_resp (s4.5.2)."""

    command_id: ClassVar[int] = c.SUBMIT_MULTI_RESP
    name: ClassVar[str] = "submit_multi_resp"
    unsuccess_smes: Annotated[tuple[Unsuccess, ...], Unsuccesses()] = ()


@dataclass(slots=True, kw_only=True)
class DataSm(Pdu):
    """data_sm (s4.7.1); its text is TLV message_payload."""

    command_id: ClassVar[int] = c.DATA_SM
    name: ClassVar[str] = "data_sm"
    service_type: ServiceType = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: LongSourceAddr = b""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: LongDestAddr = b""
    esm_class: Int1 = 0
    registered_delivery: Int1 = 0
    data_coding: Int1 = 0


@dataclass(slots=True, kw_only=True)
class DataSmResp(MessageIdResp):
    """data_sm_resp (s4.7.2)."""

    command_id: ClassVar[int] = c.DATA_SM_RESP
    name: ClassVar[str] = "data_sm_resp"


@dataclass(slots=True, kw_only=True)
class QuerySm(Pdu):
    """query_sm (s4.8.1)."""

    command_id: ClassVar[int] = c.QUERY_SM
    name: ClassVar[str] = "query_sm"
    message_id: MessageId = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: SourceAddr = b""


@dataclass(slots=True, kw_only=True)
class QuerySmResp(MessageIdResp):
    """query_sm_resp (s4.8.2)."""

    command_id: ClassVar[int] = c.QUERY_SM_RESP
    name: ClassVar[str] = "query_sm_resp"
    final_date: FinalDate = b""
    message_state: Int1 = 0
    error_code: Int1 = 0


@dataclass(slots=True, kw_only=True)
class CancelSm(Pdu):
    """cancel_sm (s4.9.1)."""

    command_id: ClassVar[int] = c.CANCEL_SM
    name: ClassVar[str] = "cancel_sm"
    service_type: ServiceType = b""
    message_id: MessageId = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: SourceAddr = b""
    dest_addr_ton: Int1 = 0
    dest_addr_npi: Int1 = 0
    destination_addr: DestAddr = b""


@dataclass(slots=True, kw_only=True)
class CancelSmResp(Pdu):
    """cancel_sm_resp (s4.9.2)."""

    command_id: ClassVar[int] = c.CANCEL_SM_RESP
    name: ClassVar[str] = "cancel_sm_resp"


@dataclass(slots=True, kw_only=True)
class ReplaceSm(Pdu):
    """replace_sm (s4.10.1)."""

    command_id: ClassVar[int] = c.REPLACE_SM
    name: ClassVar[str] = "replace_sm"
    message_id: MessageId = b""
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: SourceAddr = b""
    schedule_delivery_time: ScheduleTime = b""
    validity_period: ValidityTime = b""
    registered_delivery: Int1 = 0
    sm_default_msg_id: Int1 = 0
    short_message: ShortMessage = field(default=b"", repr=False)


@dataclass(slots=True, kw_only=True)
class ReplaceSmResp(Pdu):
    """replace_sm_resp (s4.10.2)."""

    command_id: ClassVar[int] = c.REPLACE_SM_RESP
    name: ClassVar[str] = "replace_sm_resp"


@dataclass(slots=True, kw_only=True)
class EnquireLink(Pdu):
    """enquire_link (s4.11.1)."""

    command_id: ClassVar[int] = c.ENQUIRE_LINK
    name: ClassVar[str] = "enquire_link"


@dataclass(slots=True, kw_only=True)
class EnquireLinkResp(Pdu):
    """enquire_link_resp (s4.11.2)."""

    command_id: ClassVar[int] = c.ENQUIRE_LINK_RESP
    name: ClassVar[str] = "enquire_link_resp"


@dataclass(slots=True, kw_only=True)
class AlertNotification(Pdu):
    """alert_notification (s4.12.1); it has no response."""

    command_id: ClassVar[int] = c.ALERT_NOTIFICATION
    name: ClassVar[str] = "alert_notification"
    source_addr_ton: Int1 = 0
    source_addr_npi: Int1 = 0
    source_addr: LongSourceAddr = b""
    esme_addr_ton: Int1 = 0
    esme_addr_npi: Int1 = 0
    esme_addr: LongDestAddr = b""
