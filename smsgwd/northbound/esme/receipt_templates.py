"""Receipts of delivered messages from templates: what all of one `Message.wire` have in common is composed once.

Nearly every receipt says 'delivered' and differs from the one before in addresses, id and two minutes. Made of a
template one costs 1.3 us, with an object of twenty fields and its encoding (deliveries.py, the definition, which has
every other kind) 3.9 us; a property test holds the two equal, octet by octet.
"""

from __future__ import annotations

from typing import Final

from smsgwd.model.message import State
from smsgwd.model.outbox import INTERMEDIATE, MO, OutboxItem
from smsgwd.northbound.esme import deliveries
from smsgwd.smpp.composed import MessageTemplate, composed
from smsgwd.smpp.constants import ADDRESS_MAX, DELIVER_SM, VERSION_3_4
from smsgwd.smpp.pdu import Pdu
from smsgwd.smpp.receipt_text import CANONICAL_TEXT, stamp_of_minute
from smsgwd.smpp.tags import RECEIPTED_MESSAGE_ID
from smsgwd.smpp.tlv import encode_tlvs

_KEPT: Final = 1024  # wires; few differ unless the ESME numbers its messages
_DELIVERED: Final = State.DELIVERED
_GAP: Final = b"\0"  # in no receipt's text: stands for the id and the dates
_BEFORE, _BETWEEN, _BEHIND, _AFTER = (CANONICAL_TEXT % (_GAP, 1, 1, _GAP, _GAP, b"DELIVRD", b"000", b"")).split(_GAP)
_AFTER += b"%c%c\0" % divmod(RECEIPTED_MESSAGE_ID, 256)  # the TLV of the id follows, and an id has less than 255 digits
_STAMPS: Final = 2 * len(stamp_of_minute(0))
_SIZE: Final = len(_BEFORE + _BETWEEN + _BEHIND + _AFTER) - 3 + _STAMPS  # of the text without the id

_Template = tuple[bytes, bytes, bytes, bytes]  # before and between the addresses; flags; the TLVs behind the id's


def composer(version: int, receipts_by: str = "deliver_sm") -> deliveries.Composer:
    """How items become PDUs for a peer of an interface_version, see `deliveries.composer`."""
    full = deliveries.composer(version, receipts_by)
    if receipts_by == "data_sm" or version < VERSION_3_4:
        return full
    return ReceiptComposer(full).compose


class ReceiptComposer:
    """Makes the same PDUs as `full`, which composes each first receipt of a wire and all that is not plain."""

    def __init__(self, full: deliveries.Composer) -> None:
        self._full = full
        self._templates: dict[bytes | None, _Template] = {}

    def compose(self, item: OutboxItem) -> Pdu:
        """The PDU of an item. Raises EncodeError as `full` does."""
        if item.state is not _DELIVERED or item.error is not None or item.type == MO or item.type == INTERMEDIATE:
            return self._full(item)
        template = self._templates.get(item.wire)
        if template is None:
            template = self._meet(item)
        head, numbering, flags, tail = template
        try:
            source, destination = item.dest.encode("ascii"), item.source.encode("ascii")
        except UnicodeEncodeError:
            return self._full(item)
        if len(source) > ADDRESS_MAX or len(destination) > ADDRESS_MAX or 0 in source or 0 in destination:
            return self._full(item)
        done_at = item.done_at
        message_id = b"%d" % item.message_id
        length = len(message_id)
        return composed(
            DELIVER_SM,
            b"%b%b\0%b%b\0%b%c%b%b%b%b%b%b%b%c%b\0%b"
            % (
                head,
                source,
                numbering,
                destination,
                flags,
                _SIZE + length,
                _BEFORE,
                message_id,
                _BETWEEN,
                stamp_of_minute(item.submitted_at // 60_000),
                _BEHIND,
                stamp_of_minute((item.created_at if done_at is None else done_at) // 60_000),
                _AFTER,
                length + 1,
                message_id,
                tail,
            ),
        )

    def _meet(self, item: OutboxItem) -> _Template:
        """The template of an item's wire. Raises EncodeError when that cannot be read."""
        _, tlvs, esm_class, at = deliveries.receipt_of(item)
        around = MessageTemplate(deliveries.deliver_sm(item, b"", (), esm_class, at)).around()
        if len(self._templates) >= _KEPT:
            self._templates.clear()
        made = self._templates[item.wire] = (*around, encode_tlvs(tlvs[1:]))
        return made
