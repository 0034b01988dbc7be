"""What can be wrong with a text or a header.

::

    GsmError (ValueError)
    ├── UnencodableText   a character does not fit the encoding, or is no text at all (lone surrogate, NUL)
    ├── TooManyParts      the text needs more parts than allowed
    ├── CodingError       the request contradicts itself (flash Latin-1, binary as text, unknown coding)
    └── MalformedUdh      a user data header whose lengths lie

Messages name code points and positions, never the text around them, so they may be logged and shown.
"""

from __future__ import annotations


class GsmError(ValueError):
    """Base of every error of this package: the input is at fault, nothing was changed."""


class UnencodableText(GsmError):  # noqa: N818  (named for what is wrong with the input)
    """A character does not fit the encoding.

    Attributes:
        position: index of the first such character in the text, in code points from 0.
        char: that character (one code point; may be a lone surrogate).
        encoding: name of the encoding it does not fit.
    """

    def __init__(self, position: int, char: str, encoding: str) -> None:
        self.position = position
        self.char = char
        self.encoding = encoding
        code = ord(char)
        if 0xD800 <= code <= 0xDFFF:
            what = f"lone surrogate U+{code:04X} at position {position} is not a character"
        elif code == 0:
            what = f"NUL character at position {position} is not allowed in a text"
        else:
            what = f"character U+{code:04X} at position {position} does not fit {encoding}"
        super().__init__(what)


class TooManyParts(GsmError):  # noqa: N818  (named for what is wrong with the input)
    """The text needs more parts than allowed.

    Attributes:
        parts: parts needed (a lower bound when the text is far too long to be counted exactly).
        limit: parts allowed.
    """

    def __init__(self, parts: int, limit: int) -> None:
        self.parts = parts
        self.limit = limit
        super().__init__(f"the text needs {parts} parts or more, {limit} are allowed")


class CodingError(GsmError):
    """The request contradicts itself: unknown coding or style, flash Latin-1, text where octets belong."""


class MalformedUdh(GsmError):  # noqa: N818  (named for what is wrong with the input)
    """A user data header whose lengths lie, or one that cannot be built."""
