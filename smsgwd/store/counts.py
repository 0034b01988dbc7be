"""What is counted of tenants, and the counts that one transaction changes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

import msgspec

from smsgwd.model.message import State
from smsgwd.model.records import CONTACT, GROUP, TEMPLATE

ABOVE_ALL: Final = 1 << 63  #: more than any id
_DELIVERED: Final = int(State.DELIVERED)
_CANCELLED: Final = int(State.CANCELLED)


class Count(msgspec.Struct, gc=False):
    """What is counted of a tenant, as `model.tally.Tally` says; `accepted` is the number of its newest message."""

    tenant: str
    accepted: int = 0
    scheduled: int = 0
    delivered: int = 0
    failed: int = 0
    cancelled: int = 0
    contacts: int = 0
    groups: int = 0
    templates: int = 0
    orders: int = 0
    newest: int = ABOVE_ALL  #: the highest id of its messages; above all ids before the first one
    touched: bool = False  #: in this transaction

    def ended(self, before: int, after: int) -> None:
        """A message that was in the state `before` has ended in the state `after`."""
        if after == _DELIVERED:
            self.delivered += 1
        elif after == _CANCELLED:
            self.cancelled += 1
        else:
            self.failed += 1
        if before == 0:
            self.scheduled -= 1


_KEPT: Final[dict[str, str]] = {CONTACT: "contacts", GROUP: "groups", TEMPLATE: "templates"}


class Counts(ABC):
    """The counts that one transaction changes. What fails undoes the transaction: nothing of it counts then.

    `known` has the counts of tenants that need not be looked for; not all of them need be there.
    """

    def __init__(self, known: dict[str, Count]) -> None:
        self.known = known

    @abstractmethod
    def of(self, tenant: str) -> Count:
        """A tenant's counts, to be changed: `touched`, and so kept by this transaction."""

    def records(self, kind: str, tenant: str, more: int) -> None:
        """So many records of a kind came (or went, below 0), where they are counted."""
        name = _KEPT.get(kind)
        if name is not None and more:
            count = self.of(tenant)
            setattr(count, name, getattr(count, name) + more)

    @abstractmethod
    def write(self) -> None:
        """Write what was changed: once, at the end of the transaction."""


def counted(kind: str) -> bool:
    """True for a kind of record whose number is kept."""
    return kind in _KEPT
