"""A connector's default alphabet: what its SMSC takes data_coding 0 to be.

`gsm` is one septet an octet (nearly all SMSCs), `gsm-packed` eight septets in seven octets; with `latin1`, `ascii` and
`utf-8` the SMSC converts to GSM 7-bit itself, so parts are still counted in septets, only the octets differ.
"""

from __future__ import annotations

from typing import Final, Literal

from smsgwd.gsm import alphabet as _alphabet
from smsgwd.gsm.errors import CodingError, UnencodableText

Charset = Literal["gsm", "gsm-packed", "latin1", "ascii", "utf-8"]
CHARSETS: Final[tuple[Charset, ...]] = ("gsm", "gsm-packed", "latin1", "ascii", "utf-8")
_CODECS: Final[dict[str, str]] = {"latin1": "latin-1", "ascii": "ascii", "utf-8": "utf-8"}


def encode(text: str, charset: Charset = "gsm", *, locking: int = 0, single: int = 0, fill: int = 0) -> bytes:
    """Return the text in a default alphabet; `fill` bits come first in the packed one.

    Errors: UnencodableText names the first character that does not fit; CodingError for an unknown charset.
    """
    if charset == "gsm":
        return _alphabet.encode(text, locking=locking, single=single)
    if charset == "gsm-packed":
        return _alphabet.pack(_alphabet.encode(text, locking=locking, single=single), fill)
    return encode_with(text, _codec(charset), charset)


def decode(data: bytes, charset: Charset = "gsm", *, locking: int = 0, single: int = 0, fill: int = 0) -> str:
    """Return the text of octets in a default alphabet, U+FFFD for what has no character. Never raises for any octets.

    Errors: CodingError for an unknown charset or national table.
    """
    if charset == "gsm":
        return _alphabet.decode(data, locking=locking, single=single)
    if charset == "gsm-packed":
        return _alphabet.decode(_alphabet.unpack(data, fill), locking=locking, single=single)
    return data.decode(_codec(charset), "replace")


def encode_with(text: str, codec: str, name: str) -> bytes:
    """Encode with a Python codec; NUL is refused in every one of them.

    Errors: UnencodableText with the first offending position, `name` being the encoding's name in it.
    """
    try:
        data = text.encode(codec)
    except UnicodeEncodeError as error:
        nul = text.find("\0", 0, error.start)
        position = error.start if nul < 0 else nul
    else:
        position = text.find("\0")
        if position < 0:
            return data
    raise UnencodableText(position, text[position], name)


def _codec(charset: str) -> str:
    """Return the Python codec of a charset that is not a GSM one. Errors: CodingError."""
    try:
        return _CODECS[charset]
    except KeyError:
        raise CodingError(f"unknown default alphabet {charset!r}; known: {', '.join(CHARSETS)}") from None
