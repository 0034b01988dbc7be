"""Texts with `{places}`: parsed once, filled in with what their context needs so that no value breaks out of it.

`{{` and `}}` are the braces themselves. A place is a name (`{to}`), or one with a word behind it
(`{secret:api_key}`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([a-z][a-z0-9_]*)(?::([A-Za-z0-9_.-]{1,100}))?\}|[{}]|[^{}]+")
_NOT_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PRINTABLE: Final = "".join(chr(code) for code in range(0x20, 0x7F))

Values = Mapping[str, str]
"""What stands for each place, by what is between its braces (`to`, `secret:api_key`)."""
Escape = Callable[[str], str]


class Template:
    """One text. `names` are its places."""

    __slots__ = ("_pieces", "names", "source")

    def __init__(self, source: str) -> None:
        """Raises ValueError for a brace that is no place."""
        self.source = source
        self._pieces: list[tuple[bool, str]] = []
        for found in _PIECE.finditer(source):
            text = found[0]
            if found[1]:
                self._pieces.append((True, text[1:-1]))
            elif text in ("{", "}"):
                raise ValueError(
                    f"'{text}' at {found.start() + 1} begins or ends no place; write '{text * 2}' for itself"
                )
            else:
                self._pieces.append((False, text[0] if text in ("{{", "}}") else text))
        self.names: frozenset[str] = frozenset(name for is_place, name in self._pieces if is_place)

    def fill(self, values: Values, escaped: Escape = str) -> str:
        """The text with its places filled in, each value `escaped`; the rest stands as written."""
        return "".join(escaped(values[piece]) if is_place else piece for is_place, piece in self._pieces)

    def is_left_out(self, values: Values) -> bool:
        """Whether it has places and all of them are empty: then the field that it makes is not sent."""
        return bool(self.names) and not any(values[name] for name in self.names)


def for_url(charset: str = "utf-8") -> Escape:
    """Percent-encoding of everything but letters, digits and `-._~` (RFC 3986 s2.3). Raises UnicodeEncodeError."""

    def escaped(value: str) -> str:
        text = quote(value, safe="", encoding=charset, errors="strict")
        return text.replace(".", "%2E") if value in (".", "..") else text  # no segment that means another path

    return escaped


def for_xml(value: str) -> str:
    """Escaped for an element's text and for an attribute's value; characters that XML lacks become U+FFFD."""
    return escape(_NOT_XML.sub("\ufffd", value), {'"': "&quot;", "'": "&apos;", "\r": "&#13;"})


def for_header(value: str) -> str:
    """Printable ASCII as it is, everything else percent-encoded: no value ends its line (RFC 9110 s5.5)."""
    return quote(value, safe=_PRINTABLE, errors="replace")


def for_json_text(value: str) -> str:
    """For the inside of a JSON string in a text body."""
    import msgspec

    return msgspec.json.encode(value).decode()[1:-1]
