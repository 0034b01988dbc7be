"""A message as a provider gets it: text where it is text, octets where the plugin takes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from msgspec import DecodeError

from smsgwd.gsm import alphabet as gsm_alphabet
from smsgwd.gsm.coding import decode_text
from smsgwd.model.message import Coding, Message
from smsgwd.model.wire import Wire, unpack_wire
from smsgwd.providers.message import Alphabet, Outbound
from smsgwd.smpp.constants import EsmClass
from smsgwd.southbound.encode import CannotEncode

_ALPHABETS: Final[dict[Coding, Alphabet]] = {
    Coding.GSM7: "gsm",
    Coding.LATIN1: "latin1",
    Coding.UCS2: "ucs2",
    Coding.BINARY: "binary",
}
_REPLACEMENT: Final = "\N{REPLACEMENT CHARACTER}"


def outbound(message: Message, callback_url: Callable[[int], str], *, binary: bool) -> Outbound:
    """What a plugin is told of a message; `callback_url` makes the address for reports on it, `binary` says whether the
    plugin takes octets. Raises CannotEncode, whose text holds nothing of the message."""
    alphabet, text, data = _ALPHABETS[message.coding], message.text, b""
    if message.wire is not None:
        wire = _wire(message.wire)
        if wire.raw:
            alphabet, text, data = _raw(message.body, wire)
    if message.coding is Coding.BINARY and not text:
        data = data or message.body
    if alphabet == "binary" and not binary:
        raise CannotEncode("binary messages do not go by this provider")
    return Outbound(
        id=str(message.id),
        to=message.dest_addr or message.msisdn,
        sender=message.source_addr or message.source,
        text=text,
        alphabet=alphabet,
        parts=message.parts,
        flash=message.flash,
        priority=message.priority,
        deadline_ms=message.deadline,
        attempt=message.attempts + 1,
        data=data,
        client_ref=message.client_ref or "",
        callback_url=callback_url(message.id),
    )


def _wire(packed: bytes) -> Wire:
    try:
        return unpack_wire(packed)
    except DecodeError as error:
        raise CannotEncode(f"what its ESME said of it cannot be read: {error}") from None


def _raw(body: bytes, wire: Wire) -> tuple[Alphabet, str, bytes]:
    """The text of what an ESME coded itself; octets where it is none. A part of a longer message cannot go: a provider
    would deliver it as a message of its own."""
    if wire.esm_class & EsmClass.UDHI:
        raise CannotEncode("a part with a user data header does not go by this provider")
    text = decode_text(wire.data_coding, body)
    if text is None:
        return "binary", "", body
    if _REPLACEMENT in text:
        raise CannotEncode("its octets are no text of its data_coding")
    return "gsm" if gsm_alphabet.count(text) is not None else "ucs2", text, b""
