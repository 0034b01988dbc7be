"""Numbers of SMPP that are neither a command status (status.py) nor a TLV tag (tags.py).

Command ids (SMPP 3.4 s5.1.2.1), versions, TON/NPI (s5.2.5, s5.2.6), esm_class and
registered_delivery bits (s5.2.12, s5.2.17), message states (s5.2.28 and 5.0 s4.7.15).
"""

from enum import IntEnum
from typing import Final

RESPONSE_BIT: Final = 0x80000000

GENERIC_NACK: Final = 0x80000000
BIND_RECEIVER: Final = 0x00000001
BIND_RECEIVER_RESP: Final = 0x80000001
BIND_TRANSMITTER: Final = 0x00000002
BIND_TRANSMITTER_RESP: Final = 0x80000002
QUERY_SM: Final = 0x00000003
QUERY_SM_RESP: Final = 0x80000003
SUBMIT_SM: Final = 0x00000004
SUBMIT_SM_RESP: Final = 0x80000004
DELIVER_SM: Final = 0x00000005
DELIVER_SM_RESP: Final = 0x80000005
UNBIND: Final = 0x00000006
UNBIND_RESP: Final = 0x80000006
REPLACE_SM: Final = 0x00000007
REPLACE_SM_RESP: Final = 0x80000007
CANCEL_SM: Final = 0x00000008
CANCEL_SM_RESP: Final = 0x80000008
BIND_TRANSCEIVER: Final = 0x00000009
BIND_TRANSCEIVER_RESP: Final = 0x80000009
OUTBIND: Final = 0x0000000B
ENQUIRE_LINK: Final = 0x00000015
ENQUIRE_LINK_RESP: Final = 0x80000015
SUBMIT_MULTI: Final = 0x00000021
SUBMIT_MULTI_RESP: Final = 0x80000021
ALERT_NOTIFICATION: Final = 0x00000102
DATA_SM: Final = 0x00000103
DATA_SM_RESP: Final = 0x80000103

BINDS: Final = frozenset((BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER))

# interface_version and sc_interface_version (s5.2.4); anything up to 0x33 is a 3.3 peer.
VERSION_3_3: Final = 0x33
VERSION_3_4: Final = 0x34
VERSION_5_0: Final = 0x50

SEQUENCE_MAX: Final = 0x7FFFFFFF
HEADER_LENGTH: Final = 16
ADDRESS_MAX: Final = 20  # octets of an address without its NUL (s4.4.1 'Var. max 21')


class Ton(IntEnum):
    """Type of number (SMPP 3.4 s5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (SMPP 3.4 s5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP = 18


class EsmClass:
    """Bits of esm_class (SMPP 3.4 s5.2.12); plain ints, since any combination is legal on the wire."""

    MODE_MASK: Final = 0x03
    MODE_DATAGRAM: Final = 0x01
    MODE_FORWARD: Final = 0x02
    MODE_STORE_FORWARD: Final = 0x03
    TYPE_MASK: Final = 0x3C
    RECEIPT: Final = 0x04
    DELIVERY_ACK: Final = 0x08
    MANUAL_ACK: Final = 0x10
    CONVERSATION_ABORT: Final = 0x18
    INTERMEDIATE: Final = 0x20
    UDHI: Final = 0x40
    REPLY_PATH: Final = 0x80


class RegisteredDelivery:
    """Bits of registered_delivery (SMPP 3.4 s5.2.17; 3 = success only is SMPP 5.0)."""

    RECEIPT_MASK: Final = 0x03
    NONE: Final = 0x00
    FINAL: Final = 0x01
    FAILURE: Final = 0x02
    SUCCESS: Final = 0x03
    INTERMEDIATE: Final = 0x10


class MessageState(IntEnum):
    """message_state (SMPP 3.4 s5.2.28; SCHEDULED and SKIPPED are SMPP 5.0 s4.7.15)."""

    SCHEDULED = 0
    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8
    SKIPPED = 9
