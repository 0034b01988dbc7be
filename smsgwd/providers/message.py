"""A message as a provider gets it, and one that it was given before."""

from __future__ import annotations

from typing import Literal

import msgspec

Alphabet = Literal["gsm", "latin1", "ucs2", "binary"]


class Outbound(msgspec.Struct, frozen=True, gc=False):
    """One message to one recipient, to be sent now. Times are milliseconds since 1970, UTC."""

    id: str  #: ours, decimal; the same in each attempt, so it can serve as the provider's idempotency key
    to: str  #: recipient, digits only, country code first
    sender: str  #: as it is to be shown; may be ''
    text: str  #: '' for binary
    alphabet: Alphabet = "gsm"  #: the cheapest that `text` fits
    parts: int = 1  #: that it was priced for
    flash: bool = False  #: shown at once, not kept (class 0)
    priority: int = 1  #: 0 low, 1 normal, 2 high, 3 urgent
    deadline_ms: int = 0  #: end of its validity
    attempt: int = 1  #: from 1
    data: bytes = b""  #: of a binary one
    client_ref: str = ""  #: the tenant's own reference
    callback_url: str = ""  #: where the provider may report on this very message; '' where callbacks are off


class Sent(msgspec.Struct, frozen=True, gc=False):
    """A message that the provider has and that has no final state here yet. Times are milliseconds since 1970, UTC."""

    id: str  #: ours, decimal
    foreign_id: str  #: as the plugin gave it in `Accepted`; '' where it gave none
    to: str
    sender: str
    text: str  #: '' for binary
    sent_ms: int
    deadline_ms: int
    parts: int = 1
