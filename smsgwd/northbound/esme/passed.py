"""Which TLVs of an ESME's PDU go on with the message, and which are for us."""

from __future__ import annotations

from typing import Final

from smsgwd.northbound.esme.times import Untranslatable
from smsgwd.smpp import tags as t
from smsgwd.smpp.status import ESME_RINVPARLEN
from smsgwd.smpp.tlv import Tlvs

_SEGMENTS: Final = frozenset((t.SAR_MSG_REF_NUM, t.SAR_TOTAL_SEGMENTS, t.SAR_SEGMENT_SEQNUM))
#: What submit_sm and data_sm may carry for the network or the handset (SMPP 3.4 s4.4.1, s4.7.1; 5.0 s4.8.4).
_PASSED: Final = _SEGMENTS | frozenset(
    (
        t.DEST_ADDR_SUBUNIT,
        t.DEST_NETWORK_TYPE,
        t.DEST_BEARER_TYPE,
        t.DEST_TELEMATICS_ID,
        t.SOURCE_ADDR_SUBUNIT,
        t.SOURCE_NETWORK_TYPE,
        t.SOURCE_BEARER_TYPE,
        t.SOURCE_TELEMATICS_ID,
        t.PAYLOAD_TYPE,
        t.MS_MSG_WAIT_FACILITIES,
        t.PRIVACY_INDICATOR,
        t.SOURCE_SUBADDRESS,
        t.DEST_SUBADDRESS,
        t.USER_MESSAGE_REFERENCE,
        t.USER_RESPONSE_CODE,
        t.SOURCE_PORT,
        t.DESTINATION_PORT,
        t.LANGUAGE_INDICATOR,
        t.CALLBACK_NUM_PRES_IND,
        t.CALLBACK_NUM_ATAG,
        t.NUMBER_OF_MESSAGES,
        t.CALLBACK_NUM,
        t.MORE_MESSAGES_TO_SEND,
        t.USSD_SERVICE_OP,
        t.BILLING_IDENTIFICATION,
        t.SOURCE_NETWORK_ID,
        t.DEST_NETWORK_ID,
        t.SOURCE_NODE_ID,
        t.DEST_NODE_ID,
        t.DEST_ADDR_NP_RESOLUTION,
        t.DEST_ADDR_NP_INFORMATION,
        t.DEST_ADDR_NP_COUNTRY,
        t.DISPLAY_TIME,
        t.SMS_SIGNAL,
        t.MS_VALIDITY,
        t.ALERT_ON_MESSAGE_DELIVERY,
        t.ITS_REPLY_TYPE,
        t.ITS_SESSION_INFO,
    )
)
_VENDOR: Final = range(0x1400, 0x4000)  # reserved for SMSC vendors (SMPP 3.4 s5.3.2)
_MOST_OCTETS: Final = 2048  # of all that is passed on, tags and lengths included: it is kept with the message


def split_tlvs(tlvs: Tlvs) -> tuple[Tlvs, bytes, bool]:
    """What goes on as it stands, the message_payload (empty for none), and whether the ESME has cut the text itself.

    Raises Untranslatable for more than 2 KiB of what goes on.
    """
    passed: list[tuple[int, bytes]] = []
    payload = b""
    segmented = False
    octets = 0
    for pair in tlvs:
        tag = pair[0]
        if tag == t.MESSAGE_PAYLOAD:
            payload = payload or pair[1]
        elif tag in _PASSED or tag in _VENDOR:
            passed.append(pair)
            octets += 4 + len(pair[1])
            if tag in _SEGMENTS:
                segmented = True
    if octets > _MOST_OCTETS:
        raise Untranslatable(ESME_RINVPARLEN, f"TLVs of {octets} octets")
    return tuple(passed), payload, segmented
