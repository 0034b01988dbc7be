"""Number lookups (HLR): what is known of a number's network now."""

from enum import IntEnum

import msgspec


class LookupState(IntEnum):
    """Where a lookup is; from 10 up final."""

    QUEUED = 0
    PENDING = 1
    DELIVERED = 10  #: the subscriber is reachable
    UNDELIVERED = 11  #: known, and absent
    UNKNOWN = 12  #: nobody could tell
    FAILED = 13  #: no such subscriber, or the source refused

    @property
    def public(self) -> str:
        """Queued, Pending, Delivered, Undelivered, Unknown, Failed."""
        return self.name.capitalize()

    @property
    def final(self) -> bool:
        """True when nothing can change it any more."""
        return self >= LookupState.DELIVERED


class LookupFacts(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What a source said; empty = it did not say (never invented)."""

    state: LookupState
    country: str = ""  #: ISO 3166 alpha-2
    operator: str = ""
    mcc: str = ""
    mnc: str = ""
    imsi: str = ""
    msc: str = ""  #: serving MSC
    error: str = ""  #: error code of the source
    ported: bool | None = None
    source: str = ""  #: who said it


class Lookup(msgspec.Struct, frozen=True, gc=False):
    """One number of one lookup request. Times: milliseconds since 1970, UTC; price in micro-units."""

    id: int
    request: int  #: id of the request, one for all of its numbers
    tenant: str
    dest: str  #: as the tenant wrote it
    msisdn: str
    asked_at: int
    done_at: int | None
    price: int
    facts: LookupFacts
    payers: str | None = None  #: `model.ledger.pack_payers` of the ancestors of its tenant, who paid too
