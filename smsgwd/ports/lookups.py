"""Number lookups: who asks for them, and who can answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from smsgwd.model.lookups import Lookup, LookupFacts

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class LookupSource(Protocol):
    """Somebody who knows about numbers: a provider, an SMSC, the operator's number plan."""

    @property
    def name(self) -> str:
        """What `LookupFacts.source` says."""
        ...

    def lookup(self, msisdn: str) -> Deferred[LookupFacts | None]:
        """What it knows of a number (digits, country code first); None when it cannot tell and another may be asked.

        Never fails for a number; fails with an exception where the source itself is in trouble (it is asked again, or
        the next one is).
        """
        ...


class Lookups(Protocol):
    """The lookup service, as edges ask it."""

    def ask(self, tenant: str, numbers: Sequence[str]) -> Deferred[list[Lookup]]:
        """Look up numbers as the tenant wrote them: durable and paid for when this fires; final ones came from the
        cache. A number that is none is FAILED at once, and free.

        Fails with Refused: INVALID_RECIPIENT (none is a number), NO_CREDIT, STORE_UNAVAILABLE, OVERLOADED.
        """
        ...

    def get(self, tenant: str, any_id: int) -> Deferred[list[Lookup]]:
        """The lookups of a request, or the one of that id; empty when there are none."""
        ...

    def network_of(self, msisdn: str) -> str | None:
        """mcc+mnc that a lookup found for a number and that is not too old; None when none is known. Cheap."""
        ...
