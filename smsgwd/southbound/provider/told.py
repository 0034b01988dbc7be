"""What providers tell besides states, in our words: an MO of a subscriber's message, and events for tenants.

Pure. What comes from outside is cut to size here: texts lose control characters where they are kept as one line, times
that no clock can have shown are left out.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from smsgwd.gsm import charset
from smsgwd.gsm.errors import UnencodableText
from smsgwd.model.changes import Note
from smsgwd.model.events import CALL, CLICKED, QUALIFIED, TYPES, Call
from smsgwd.model.events import Clicked as ClickedEvent
from smsgwd.model.events import Qualified as QualifiedEvent
from smsgwd.model.mo import Mo
from smsgwd.providers.reports import Clicked, Incoming, PhoneCall, Qualified
from smsgwd.smpp.constants import Npi, Ton
from smsgwd.southbound.provider.matching import Match
from smsgwd.southbound.provider.results import line as line
from smsgwd.southbound.provider.settings import ProviderSettings
from smsgwd.timespec.rfc3339 import format_epoch_ms

NOTED: Final = "clicked"  #: type of the event in a message's history
_DAY_MS: Final = 86_400_000
_ADDRESS: Final = 20  # octets of a source_addr or destination_addr (SMPP 3.4 s5.2.8)
_SHORT: Final = 6  # digits of a short code at most: it belongs to no country
_BODY: Final = 64_000  # octets that a message_payload can have (SMPP 3.4 s5.3.2.32)
_LINK: Final = 4000
_NOTED: Final = 200
_WORDS: Final = 2000  # of a qualification (`model.events.Qualified`)
_GSM, _UCS2 = 0, 8  # data_coding (SMPP 3.4 s5.2.19)
_encode = msgspec.json.Encoder().encode


class Told(NamedTuple):
    """An event for a tenant: JSON of `model.events`, when it was (ms since 1970), and what a message's history gets."""

    kind: str
    data: bytes
    at: int
    notes: tuple[Note, ...] = ()


def digits(number: str) -> str:
    """The digits of a number, 20 at most; '' for one with anything else than a plus sign before them."""
    number = number[:40].strip().removeprefix("+")
    return number[:_ADDRESS] if number.isascii() and number.isdigit() else ""


def moment(at_ms: int | None, now: int) -> int | None:
    """A provider's time if it can be true: after 1970, and not more than a day ahead of ours. Milliseconds."""
    return at_ms if at_ms is not None and 0 < at_ms <= now + _DAY_MS else None


def mo_of(event: Incoming, settings: ProviderSettings, now: int) -> Mo:
    """A subscriber's message as an SMSC would have given it: in the GSM alphabet, or else in UCS-2."""
    source, source_ton, source_npi = _address(event.sender)
    dest, dest_ton, dest_npi = _address(event.to or settings.number)
    text = event.text.replace("\0", "")
    coding = _GSM
    try:
        body = charset.encode(text)
    except UnencodableText:
        coding, body = _UCS2, text.encode("utf-16-be", "replace")
    return Mo(
        connector=settings.id,
        received_at=now,
        source=source,
        dest=dest,
        source_ton=source_ton,
        source_npi=source_npi,
        dest_ton=dest_ton,
        dest_npi=dest_npi,
        data_coding=coding,
        body=body[:_BODY],
    )


def _address(number: str) -> tuple[str, int, int]:
    """An address with its TON and NPI: international for what is longer than a short code, a name for what has letters
    (SMPP 3.4 s5.2.5, s5.2.6)."""
    found = digits(number)
    if found:
        return found, int(Ton.INTERNATIONAL if len(found) > _SHORT else Ton.UNKNOWN), int(Npi.ISDN)
    name = line(number, _ADDRESS).strip().encode("ascii", "replace").decode("ascii")
    return name, int(Ton.ALPHANUMERIC if name else Ton.UNKNOWN), int(Npi.UNKNOWN)


def clicked(event: Clicked, match: Match, now: int) -> Told:
    """Somebody opened a link in a message. The first time that link is opened is remembered in its history."""
    view = match.view
    message = view.message
    at = moment(event.at_ms, now) or now
    link = line(event.link, _LINK)
    noted = link[:_NOTED]
    first = not any(each.type == NOTED and each.detail == noted for each in view.events)
    data = ClickedEvent(
        link,
        "",
        "",
        digits(event.to) or message.msisdn,
        str(message.id),
        message.client_ref,
        format_epoch_ms(at),
        first,
    )
    notes = (Note(message.id, now, NOTED, noted, match.connector),) if first else ()
    return Told(CLICKED, _encode(data), at, notes)


def called(event: PhoneCall | Qualified, now: int) -> Told | None:
    """A call, or what was said about one; None for what cannot be told: no number, nothing said."""
    at = moment(event.at_ms, now) or now
    number = event.number[:40].strip()
    kind = CALL if isinstance(event, PhoneCall) else QUALIFIED
    try:
        if isinstance(event, PhoneCall):
            out = event.direction == "outgoing"
            data = _encode(
                Call(
                    event.direction,
                    format_epoch_ms(at),
                    from_=None if out else number,
                    to=number if out else None,
                    duration_s=event.duration_s,
                )
            )
        else:
            data = _encode(QualifiedEvent(number, event.qualification[:_WORDS], event.source, format_epoch_ms(at)))
        msgspec.json.decode(data, type=TYPES[kind])
    except (msgspec.ValidationError, ValueError):
        return None
    return Told(kind, data, at)
