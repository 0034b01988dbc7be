"""What an ESME cut and coded itself: passed on as it stands, as far as the connector's SMSC reads it alike."""

from __future__ import annotations

from smsgwd.gsm import alphabet as gsm_alphabet
from smsgwd.gsm import charset
from smsgwd.gsm.coding import DATA_CODING, describe
from smsgwd.gsm.errors import GsmError
from smsgwd.gsm.udh import parse
from smsgwd.model.wire import Wire
from smsgwd.smpp.constants import EsmClass
from smsgwd.southbound.settings import Settings

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_LONGEST = 254


def raw_coding(wire: Wire, settings: Settings) -> int:
    """The data_coding to send: the ESME's, in the connector's number where it has its own for one of ours."""
    for encoding, value in DATA_CODING.items():
        if value == wire.data_coding:
            return settings.data_codings.get(encoding, value)
    return wire.data_coding


def raw_body(body: bytes, wire: Wire, settings: Settings) -> bytes:
    """The user data to send, header included.

    An SMSC whose default alphabet is not GSM one octet a character would show text in it wrongly: such text is recoded.
    That changes no length that counts, since the SMSC makes septets of it again. What cannot be recoded (octets that
    are no septets, national tables, characters its alphabet lacks) goes as it is.
    """
    if settings.alphabet == "gsm" or describe(wire.data_coding).codec != "default":
        return body
    try:
        header, text = b"", body
        if wire.esm_class & EsmClass.UDHI:
            udh, text = parse(body)
            if udh.locking or udh.single:
                return body
            header = body[: udh.octets]
        if settings.alphabet == "gsm-packed":
            coded = gsm_alphabet.pack(text, gsm_alphabet.fill_bits(len(header)))
        else:
            characters = gsm_alphabet.decode(text)
            if _REPLACEMENT in characters:
                return body
            coded = charset.encode(characters, settings.alphabet)
    except GsmError:
        return body
    recoded = header + coded
    return recoded if len(recoded) <= max(_LONGEST, len(body)) else body
