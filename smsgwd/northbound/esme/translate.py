"""What an ESME's PDU means: submit_sm, data_sm, submit_multi and replace_sm → `model.submission.Item`s. Pure.

A body is text, or octets that go on as they stand (docs/design/esme.md, 'Text or octets'). What cannot be a message is
`Untranslatable`, with the precise command_status.
"""

from __future__ import annotations

from codecs import charmap_decode
from typing import Final, NamedTuple

import msgspec

from smsgwd.gsm import GsmError, alphabet
from smsgwd.gsm.coding import describe
from smsgwd.gsm.tables import LOCKING
from smsgwd.model.callbacks import unpack_callback
from smsgwd.model.message import DEVICE_THEN_NETWORK, HELD, Message, State
from smsgwd.model.submission import Item
from smsgwd.model.wire import Wire, unpack_wire
from smsgwd.northbound.esme.passed import split_tlvs
from smsgwd.northbound.esme.times import Untranslatable, times
from smsgwd.smpp import status as s
from smsgwd.smpp.constants import EsmClass, Npi, Ton
from smsgwd.smpp.fields import SmeDestination
from smsgwd.smpp.pdu import DataSm, ReplaceSm, SubmitMulti, SubmitSm
from smsgwd.smpp.tags import QOS_TIME_TO_LIVE

_DEFAULT, _ASCII, _LATIN1, _UCS2, _OCTETS = range(5)
#: data_coding of plain texts → (how it reads, whether it is shown at once); all others are octets.
_TEXTS: Final = {
    0x00: (_DEFAULT, False),
    0x01: (_ASCII, False),
    0x03: (_LATIN1, False),
    0x08: (_UCS2, False),
    0x10: (_DEFAULT, True),
    0x18: (_UCS2, True),
    0xF0: (_DEFAULT, True),
}
_BINARY: Final = (0x02, 0x04)
_PART_OCTETS: Final = 140
_PART_SEPTETS: Final = 160
_TEXT_OCTETS: Final = 210  # of a part at most, however its text is written: 70 characters of three octets in UTF-8
_MOST_PARTS: Final = 255
_TONS: Final = frozenset(Ton)
_NPIS: Final = frozenset(Npi)
_NOT_TEXT: Final = EsmClass.UDHI | EsmClass.TYPE_MASK
_ASKS: Final = 0x1F  # registered_delivery without its undefined bits (SMPP 3.4 s5.2.17)
_REMEMBERED: Final = 256
_ESCAPE: Final = 0x1B
_GSM_TABLE: Final = LOCKING[0]
_CODECS: Final = {"latin1": "latin-1", "ascii": "ascii", "utf-8": "utf-8"}
_NO_CHARACTER: Final = "\ufffd"


class _Kind(NamedTuple):
    """What PDUs with the same fixed fields have in common."""

    how: int
    flash: bool
    wire: Wire  #: of a text
    raw: Wire  #: of octets


#: Nearly every ESME writes priority_flag 0, which in GSM is no priority: that is what HTTP calls normal. One below the
#: others would wait behind all of HTTP whenever something waits.
_NORMAL: Final = 1


class Translator:
    """Reads the PDUs of one account. `alphabet` is what it takes data_coding 0 to be (`EsmeSettings.alphabet`).

    A body that `max_parts` cannot hold, whatever its coding, is refused with `too_long` before anything keeps it: a
    message_payload has up to 64 KiB, and many of them may wait.
    """

    def __init__(
        self,
        account: str,
        alphabet: str = "gsm",
        *,
        max_parts: int = _MOST_PARTS,
        too_long: int = s.ESME_RINVMSGLEN,
    ) -> None:
        self._account = account
        self._most = max_parts * _TEXT_OCTETS
        self._too_long = too_long
        self._codec = _CODECS.get(alphabet)  # None: GSM, a septet an octet
        self._kinds: dict[tuple[bytes, int, int, int, int, int, int, int], _Kind] = {}

    def follow(self, max_parts: int) -> None:
        """Refuse bodies beyond so many parts from now on."""
        self._most = max_parts * _TEXT_OCTETS

    def submit(self, pdu: SubmitSm, now: int) -> Item:
        """The message of a submit_sm (SMPP 3.4 s4.4.1); `now`: milliseconds since 1970. Raises Untranslatable."""
        if pdu.priority_flag > 3:
            raise Untranslatable(s.ESME_RINVPRTFLG, "priority_flag is 0 to 3")
        priority = pdu.priority_flag or _NORMAL
        if pdu.sm_default_msg_id:
            raise Untranslatable(s.ESME_RINVDFTMSGID, "there are no predefined messages")
        if pdu.schedule_delivery_time or pdu.validity_period:
            schedule_at, validity_s = times(pdu.schedule_delivery_time, pdu.validity_period, now)
        else:
            schedule_at = validity_s = None
        key = (
            pdu.service_type,
            pdu.source_addr_ton,
            pdu.source_addr_npi,
            pdu.dest_addr_ton,
            pdu.dest_addr_npi,
            pdu.esm_class,
            pdu.protocol_id,
            pdu.data_coding,
        )
        kind = self._kinds.get(key) or self._kind(key)
        how, flash, wire, _ = kind
        body = pdu.short_message
        if not pdu.tlvs and how == _DEFAULT and self._codec is None and _ESCAPE not in body and body:
            text = charmap_decode(body, "replace", _GSM_TABLE)[0]  # nearly every message
            if _NO_CHARACTER not in text:
                return Item(
                    pdu.source_addr.decode("latin-1"),
                    pdu.destination_addr.decode("latin-1"),
                    text,
                    None,
                    "gsm",
                    flash,
                    None,
                    None,
                    schedule_at,
                    validity_s,
                    priority,
                    self._account,
                    pdu.registered_delivery & _ASKS,
                    wire,
                )
        item = self._item(kind, body, pdu.tlvs)
        item.source = pdu.source_addr.decode("latin-1")
        item.dest = pdu.destination_addr.decode("latin-1")
        item.schedule_at = schedule_at
        item.validity_s = validity_s
        item.priority = priority
        item.asks = pdu.registered_delivery & _ASKS
        return item

    def data(self, pdu: DataSm) -> Item:
        """The message of a data_sm (SMPP 3.4 s4.7.1), whose qos_time_to_live is its validity. Raises Untranslatable."""
        key = (
            pdu.service_type,
            pdu.source_addr_ton,
            pdu.source_addr_npi,
            pdu.dest_addr_ton,
            pdu.dest_addr_npi,
            pdu.esm_class,
            0,
            pdu.data_coding,
        )
        item = self._item(self._kinds.get(key) or self._kind(key), b"", pdu.tlvs)
        item.source = pdu.source_addr.decode("latin-1")
        item.dest = pdu.destination_addr.decode("latin-1")
        item.validity_s = pdu.tlv_int(QOS_TIME_TO_LIVE) or None
        item.priority = _NORMAL
        item.asks = pdu.registered_delivery & _ASKS
        return item

    def multi(self, pdu: SubmitMulti, now: int) -> list[tuple[SmeDestination, Item | Untranslatable]]:
        """The messages of a submit_multi (SMPP 3.4 s4.5.1) to its addresses; distribution lists are passed over.

        An address of an undefined type is Untranslatable on its own; what is wrong with all of them is raised.
        """
        common = SubmitSm(
            service_type=pdu.service_type,
            source_addr_ton=pdu.source_addr_ton,
            source_addr_npi=pdu.source_addr_npi,
            source_addr=pdu.source_addr,
            esm_class=pdu.esm_class,
            protocol_id=pdu.protocol_id,
            priority_flag=pdu.priority_flag,
            schedule_delivery_time=pdu.schedule_delivery_time,
            validity_period=pdu.validity_period,
            registered_delivery=pdu.registered_delivery,
            data_coding=pdu.data_coding,
            sm_default_msg_id=pdu.sm_default_msg_id,
            short_message=pdu.short_message,
            tlvs=pdu.tlvs,
        )
        item = self.submit(common, now)
        assert item.wire is not None
        found: list[tuple[SmeDestination, Item | Untranslatable]] = []
        for dest in pdu.dest_addresses:
            if not isinstance(dest, SmeDestination):
                continue
            fault = _destination_fault(dest.ton, dest.npi)
            if fault is not None:
                found.append((dest, fault))
                continue
            wire = item.wire
            if dest.ton or dest.npi:
                wire = msgspec.structs.replace(wire, dest_ton=dest.ton, dest_npi=dest.npi)
            found.append((dest, msgspec.structs.replace(item, dest=dest.addr.decode("latin-1"), wire=wire)))
        return found

    def replacement(self, pdu: ReplaceSm, old: Message, now: int) -> Item:
        """What a replace_sm (SMPP 3.4 s4.10.1) makes of a message; empty times leave it its own. Raises Untranslatable.

        The new octets are read with the esm_class and data_coding of the old ones, as replace_sm has none.
        """
        if pdu.sm_default_msg_id:
            raise Untranslatable(s.ESME_RINVDFTMSGID, "there are no predefined messages")
        was = unpack_wire(old.wire) if old.wire is not None else Wire()
        scheduled = old.due_at if old.state is State.SCHEDULED and now < old.due_at < HELD else None
        schedule_at, validity_s = times(pdu.schedule_delivery_time, pdu.validity_period, now, scheduled)
        if validity_s is None:
            validity_s = max(1, -(-(old.deadline - max(schedule_at or 0, now)) // 1000))
        key = (
            was.service_type.encode("latin-1"),
            was.source_ton,
            was.source_npi,
            was.dest_ton,
            was.dest_npi,
            was.esm_class,
            was.protocol_id,
            was.data_coding,
        )
        item = self._item(self._kinds.get(key) or self._kind(key), pdu.short_message, pdu.tlvs)
        assert item.wire is not None
        if was.tlvs:
            item.wire = msgspec.structs.replace(item.wire, tlvs=was.tlvs)
        item.source = old.source
        item.dest = old.dest
        item.schedule_at = schedule_at
        item.validity_s = validity_s
        item.priority = old.priority
        item.client_ref = old.client_ref
        item.account = old.account
        item.failover = old.channel == DEVICE_THEN_NETWORK
        item.channel = "device" if item.failover else old.channel
        item.international = old.dest.lstrip("+") == old.msisdn
        if old.account is not None:
            item.asks = pdu.registered_delivery & _ASKS
        else:  # it came by HTTP: its receipts go on as they were asked for
            item.asks = old.asks
            item.dlr_url = old.dlr_url or ""
            item.callback = None if old.callback is None else unpack_callback(old.callback)
        return item

    def _item(self, kind: _Kind, body: bytes, tlvs: tuple[tuple[int, bytes], ...]) -> Item:
        """The body as an item that has nothing else yet. Raises Untranslatable."""
        how, flash, wire, raw = kind
        passed: tuple[tuple[int, bytes], ...] = ()
        if tlvs:
            passed, payload, segmented = split_tlvs(tlvs)
            if payload:
                if body:
                    raise Untranslatable(s.ESME_RINVMSGLEN, "there are both short_message and message_payload")
                body = payload
            if segmented:
                how = _OCTETS
            elif how == _OCTETS and payload and not raw.esm_class & EsmClass.UDHI:
                # One library marks all it sends as an SME acknowledgement; what no part holds is a text all the same.
                plain = _TEXTS.get(raw.data_coding, (_OCTETS, False))[0]
                if len(payload) > (_PART_SEPTETS if plain in (_DEFAULT, _ASCII) else _PART_OCTETS):
                    how = plain
        if len(body) > self._most:
            raise Untranslatable(self._too_long, f"a body of {len(body)} octets")
        found = None if how == _OCTETS or not body else self._text(body, how)
        if found is not None:
            text, coding = found
            if passed:
                wire = msgspec.structs.replace(wire, tlvs=passed)
            return Item(None, "", text, None, coding, flash, account=self._account, wire=wire)
        esm_class = raw.esm_class
        if esm_class & EsmClass.UDHI:
            if not body or body[0] >= len(body):
                raise Untranslatable(s.ESME_RINVESMCLASS, "the user data header is longer than the message")
        elif (
            len(body) > _PART_OCTETS and raw.data_coding in _BINARY and how == _OCTETS and not esm_class & _NOT_TEXT
        ) and not (tlvs and segmented):
            # Octets without any header, more than a part holds: they are cut like those that come by HTTP.
            if passed:
                wire = msgspec.structs.replace(wire, tlvs=passed)
            return Item(None, "", "", body, "binary", account=self._account, wire=wire)
        if self._codec is not None and body and describe(raw.data_coding).codec == "default":
            body = self._in_gsm(body, body[0] + 1 if esm_class & EsmClass.UDHI else 0)
        if len(body) > _PART_SEPTETS:
            raise Untranslatable(self._too_long, f"{len(body)} octets for one part")
        if passed:
            raw = msgspec.structs.replace(raw, tlvs=passed)
        return Item(None, "", "", body, "binary", account=self._account, wire=raw)

    def _in_gsm(self, body: bytes, header: int) -> bytes:
        """Octets of an account with another alphabet, in GSM's: from here on raw octets of data_coding 0 are in that.

        What has a character that is not in it, or would not fit a part any more, stays as it is.
        """
        try:
            text = body[header:].decode(self._codec or "ascii")
            recoded = body[:header] + alphabet.encode(text)
        except (UnicodeDecodeError, GsmError):
            return body
        return recoded if len(recoded) <= _PART_SEPTETS else body

    def _text(self, body: bytes, how: int) -> tuple[str, str] | None:
        """The text and the encoding it is pinned to; None when the octets are not valid in their coding.

        A text that cannot be given back octet by octet is none: it goes on as it stands.
        """
        coding = "gsm"
        if how == _DEFAULT and self._codec is None:
            text = alphabet.decode(body)
            if _NO_CHARACTER in text or alphabet.encode(text) != body:
                return None
            return text, coding
        if how == _DEFAULT:
            assert self._codec is not None
            codec = self._codec
            coding = "auto"  # its SMSC's alphabet is not GSM: what does not fit that is sent in UCS-2
        elif how == _ASCII:
            codec = "ascii"
        elif how == _LATIN1:
            codec = coding = "latin1"
        else:
            codec, coding = "utf-16-be", "ucs2"
        try:
            text = body.decode(codec)
        except UnicodeDecodeError:
            return None
        if "\0" in text or (how == _ASCII and alphabet.foreign(text)):
            return None
        return text, coding

    def _kind(self, key: tuple[bytes, int, int, int, int, int, int, int]) -> _Kind:
        """Judge the fixed fields, once for all PDUs that have them. Raises Untranslatable."""
        service_type, source_ton, source_npi, dest_ton, dest_npi, esm_class, protocol_id, data_coding = key
        if source_ton not in _TONS:
            raise Untranslatable(s.ESME_RINVSRCTON, f"source_addr_ton {source_ton} is undefined")
        if source_npi not in _NPIS:
            raise Untranslatable(s.ESME_RINVSRCNPI, f"source_addr_npi {source_npi} is undefined")
        fault = _destination_fault(dest_ton, dest_npi)
        if fault is not None:
            raise fault
        how, flash = _TEXTS.get(data_coding, (_OCTETS, False))
        if esm_class & _NOT_TEXT:
            how = _OCTETS
        wire = Wire(
            source_ton,
            source_npi,
            dest_ton,
            dest_npi,
            service_type.decode("latin-1"),
            esm_class,
            protocol_id,
            data_coding,
        )
        kind = _Kind(how, flash, wire, msgspec.structs.replace(wire, raw=True))
        if len(self._kinds) >= _REMEMBERED:
            self._kinds.clear()
        self._kinds[key] = kind
        return kind


def _destination_fault(ton: int, npi: int) -> Untranslatable | None:
    """What is wrong with the type of a recipient's address: values that SMPP does not define."""
    if ton not in _TONS:
        return Untranslatable(s.ESME_RINVDSTTON, f"dest_addr_ton {ton} is undefined")
    if npi not in _NPIS:
        return Untranslatable(s.ESME_RINVDSTNPI, f"dest_addr_npi {npi} is undefined")
    return None
