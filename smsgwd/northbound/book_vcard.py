"""Contacts as vCards: 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) are read, 3.0 is written.

Of a card its N (or FN), TEL, EMAIL, ADR and NOTE count. Of several numbers the one for messages is taken: a preferred
one before a mobile one before the first.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from smsgwd.model.records import Contact
from smsgwd.model.refusals import Refusal, Refused

_CHARSETS: Final = frozenset(("utf-8", "us-ascii", "koi8-r", *(f"iso-8859-{part}" for part in (1, 2, 5, 7, 9, 15)))) | {
    f"windows-{page}" for page in range(1250, 1259)
}
_MOBILE: Final = ("cell", "mobile", "sms", "text")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LINE = re.compile(r"(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)((?:;[^:;\"]*(?:\"[^\"]*\"[^:;\"]*)*)*):(.*)\Z", re.DOTALL)
_PARAMETER = re.compile(r";([^;\"]*(?:\"[^\"]*\"[^;\"]*)*)")
_PARTS = re.compile(r"(?:[^;\\]|\\.)*", re.DOTALL)
_COUNTRY = re.compile(r"[A-Z]{2}\Z")
_MOST_PARTS: Final = 20  #: of a name or an address; they have five and seven
_MOST_PROPERTIES: Final = 1000  #: of a card; people's have thirty
_FOLD = 75  #: octets a line (RFC 2426 s2.6)

#: A card as read: the line it begins at, its fields by name, and why it cannot be taken.
Row = tuple[int, dict[str, str], Refused | None]


class _Property(NamedTuple):
    name: str
    parameters: dict[str, list[str]]
    value: str


class VCards:
    """A file of cards; raises Refused when it is not UTF-8 (MALFORMED) or holds none (INVALID)."""

    ignored: tuple[str, ...] = ()

    def __init__(self, body: bytes) -> None:
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Refused(Refusal.MALFORMED, f"the vCards are not UTF-8: byte {error.start}") from None
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if not any(line.strip().upper() == "BEGIN:VCARD" for line in self._lines):
            raise Refused(Refusal.INVALID, "there is no BEGIN:VCARD")

    def __iter__(self) -> Iterator[Row]:
        """The cards, one after the other."""
        begun = 0
        gathered: list[str] = []
        for number, line in enumerate(self._lines, 1):
            mark = line.strip().upper()
            if mark == "BEGIN:VCARD":
                if begun:
                    yield begun, {}, Refused(Refusal.MALFORMED, "the vCard has no END:VCARD")
                begun, gathered = number, []
            elif mark == "END:VCARD" and begun:
                yield (begun, *_card(gathered))
                begun = 0
            elif begun:
                gathered.append(line)
        if begun:
            yield begun, {}, Refused(Refusal.MALFORMED, "the vCard has no END:VCARD")


def _card(lines: list[str]) -> tuple[dict[str, str], Refused | None]:
    try:
        return _fields(list(_properties(lines))), None
    except Refused as refused:
        return {}, refused


def _properties(lines: list[str]) -> Iterator[_Property]:
    """The properties of a card: lines unfolded, quoted-printable decoded."""
    place = count = 0
    while place < len(lines):
        pieces = [lines[place]]  # joined once: a photo has thousands
        place += 1
        quoted = "QUOTED-PRINTABLE" in pieces[0].partition(":")[0].upper()
        while quoted and pieces[-1].endswith("=") and place < len(lines):  # a soft line break (RFC 2045 s6.7)
            pieces[-1] = pieces[-1][:-1]
            pieces.append(lines[place])
            place += 1
        while not quoted and place < len(lines) and lines[place][:1] in (" ", "\t"):
            pieces.append(lines[place][1:])
            place += 1
        line = "".join(pieces)
        if not line.strip():
            continue
        found = _LINE.match(line)
        if found is None:
            raise Refused(Refusal.MALFORMED, f"the vCard has a line that is no property: {line[:30]!r}")
        name, written, value = found[1].upper(), found[2], found[3]
        parameters: dict[str, list[str]] = {}
        for one in _PARAMETER.findall(written):
            key, equals, values = one.partition("=")
            if not equals:  # 2.1 leaves TYPE= and ENCODING= away
                key, values = "TYPE", one
            parameters.setdefault(key.strip().upper(), []).extend(
                each.strip().lower() for each in values.replace('"', "").split(",")
            )
        if quoted:
            value = _unquoted(value, parameters.get("CHARSET", ["utf-8"])[0])
        count += 1
        if count > _MOST_PROPERTIES:
            raise Refused(Refusal.INVALID, f"the vCard has more than {_MOST_PROPERTIES:,} properties")
        yield _Property(name, parameters, value)


def _unquoted(value: str, charset: str) -> str:
    if charset not in _CHARSETS:
        raise Refused(Refusal.MALFORMED, f"the vCard is in a charset that is not known here: {charset[:30]!r}")
    try:
        return quopri.decodestring(value.encode("utf-8")).decode(charset).replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise Refused(Refusal.MALFORMED, f"the vCard has a value that is not {charset}") from None


def _fields(properties: list[_Property]) -> dict[str, str]:
    """What a card says, in our words."""
    fields: dict[str, str] = {}
    numbers: list[tuple[int, int, str]] = []
    formatted = ""
    for place, (name, parameters, value) in enumerate(properties):
        if name == "N" and "last_name" not in fields:
            parts = [_text(part) for part in _parted(value)]
            fields["last_name"] = parts[0]
            fields["first_name"] = " ".join(filter(None, parts[1:3]))
        elif name == "FN":
            formatted = formatted or _text(value)
        elif name == "TEL":
            numbers.append((_rank(parameters), place, re.sub(r"(?i)^tel:|;.*", "", value).strip()))
        elif name == "EMAIL":
            fields.setdefault("email", _text(value).strip())
        elif name == "ADR" and "address" not in fields:
            parts = [_text(part).strip() for part in _parted(value)]
            if len(parts) == 7 and _COUNTRY.match(parts[6]):
                fields["country"] = parts.pop()
            fields["address"] = ", ".join(filter(None, parts))
        elif name == "NOTE":
            fields.setdefault("comments", _text(value))
    if not (fields.get("first_name") or fields.get("last_name")):
        fields["first_name"] = formatted
    fields["number"] = min(numbers)[2] if numbers else ""
    return fields


def _rank(parameters: dict[str, list[str]]) -> int:
    kinds = parameters.get("TYPE", [])
    if "pref" in kinds or "PREF" in parameters:
        return 0
    return 1 if any(kind in _MOBILE for kind in kinds) else 2


def _parted(value: str) -> list[str]:
    """The parts of a value between semicolons that are not escaped, the first ones."""
    parts: list[str] = []
    place = 0
    while True:
        found = _PARTS.match(value, place)
        assert found is not None  # it matches nothing, too
        parts.append(found[0])
        place = found.end() + 1
        if place > len(value) or value[place - 1] != ";" or len(parts) == _MOST_PARTS:
            return parts


def _text(value: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value)


def _escaped(text: str) -> str:
    for character in "\\;,":
        text = text.replace(character, "\\" + character)
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


def vcard_lines(contacts: Iterable[tuple[str, Contact]]) -> str:
    """Contacts as cards, each with the digits of its number."""
    out: list[str] = []
    for digits, contact in contacts:
        out += ["BEGIN:VCARD", "VERSION:3.0"]
        out += _folded(f"N:{_escaped(contact.last_name)};{_escaped(contact.first_name)};;;")
        out += _folded(f"FN:{_escaped(contact.name or '+' + digits)}")
        out.append(f"TEL;TYPE=CELL:+{digits}")
        if contact.email:
            out += _folded(f"EMAIL:{_escaped(contact.email)}")
        if contact.address or contact.country:
            out += _folded(f"ADR:;;{_escaped(contact.address)};;;;{contact.country}")
        if contact.comments:
            out += _folded(f"NOTE:{_escaped(contact.comments)}")
        out.append("END:VCARD")
    return "".join(line + "\r\n" for line in out)


def _folded(line: str) -> Iterator[str]:
    """Lines of 75 octets at most, cut between characters."""
    begin = ""
    while len((begin + line).encode("utf-8")) > _FOLD:
        room, place = _FOLD - len(begin), 0
        while (size := len(line[place].encode("utf-8"))) <= room:
            room -= size
            place += 1
        yield begin + line[:place]
        begin, line = " ", line[place:]
    yield begin + line
