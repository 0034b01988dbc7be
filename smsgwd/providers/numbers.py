"""What a provider knows of numbers, and contacts that it is told."""

from __future__ import annotations

import msgspec

from smsgwd.model.lookups import LookupFacts

NumberFacts = LookupFacts
"""What a lookup found; `state` is final (`smsgwd.model.lookups.LookupState`), what is not known is left empty."""


class Contact(msgspec.Struct, frozen=True, gc=False):
    """A person in a tenant's address book."""

    msisdn: str  #: digits, country code first
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    address: str = ""
    country_code: str = ""  #: digits of the calling code
