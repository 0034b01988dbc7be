"""Tracked links: a short one in a text leads to a long one, and each opening is counted."""

from typing import Final

import msgspec

CODE_LENGTH: Final = 10  #: characters of base 62: 59 bits, not to be guessed
PLACEHOLDERS: Final = ("[Link]", "{link}")  #: in a text, in any case


class Link(msgspec.Struct, frozen=True, gc=False):
    """One link, of one message. Times: milliseconds since 1970, UTC."""

    code: str
    tenant: str
    message_id: int
    msisdn: str  #: whom the message is to
    url: str  #: where it leads
    made_at: int
    expires_at: int  #: 0 = never
    client_ref: str | None = None


class LinkView(msgspec.Struct, frozen=True, gc=False):
    """A link with what became of it."""

    link: Link
    clicks: int  #: openings by people
    bots: int  #: openings by programs: previews, scanners, a HEAD
    first_at: int | None  #: of the first opening by a person
    last_at: int | None
