"""What dialects ask of the gateway, whatever their requests look like, and what each gets for it.

The edge carries a command out and gives its result to `Dialect.answer`. What goes wrong as a whole (`Refused`, a store
that cannot be asked) comes to `Dialect.refused` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from smsgwd.model.business import Push
from smsgwd.model.ledger import Funds
from smsgwd.model.lookups import Lookup
from smsgwd.model.message import MessageView
from smsgwd.model.records import Contact, Sender
from smsgwd.model.submission import Item, Outcome
from smsgwd.model.tally import Tally


class Send(msgspec.Struct, gc=False):
    """Submit items. Result: Outcome, an entry an item, refused ones with their `error`.

    `dry`: only tell what would become of them (states, parts, prices): nothing is kept, sent or paid.
    """

    items: list[Item]
    dry: bool = False
    rehearsed: bool = False  #: with `dry`: the store is asked, too (opt-outs, repeated references, credit)
    duplicate_s: int = 0  #: refuse the same text to the same number within so many seconds
    whole: bool = False  #: nothing is taken where one is refused; entries of the others have an id all the same
    keep_refused: bool = False  #: `StateOf` is to know of refused recipients
    pushes: Callable[[Outcome], Sequence[Push]] | None = None  #: events the tenant is owed for what came of it


class States(msgspec.Struct, frozen=True, gc=False):
    """The tenant's messages of some ids, 1,000 at most. Result: dict[int, MessageView]; unknown ids are not in it."""

    ids: tuple[int, ...]


class StateOf(msgspec.Struct, frozen=True, gc=False):
    """A submission's message to one number. Result: MessageView; str, the code of why this recipient was refused; or
    None."""

    submission: int
    number: str  #: as written


class Money(msgspec.Struct, frozen=True, gc=False):
    """What is left. Result: Funds (of a tenant without ledger: all nothing)."""


class Count(msgspec.Struct, frozen=True, gc=False):
    """The tenant's counts. Result: Counts."""


class Counts(msgspec.Struct, frozen=True, gc=False):
    """See Count."""

    tally: Tally
    funds: Funds
    part_price: int  #: micro-units: what a part costs the tenant where no prefix says otherwise
    bills: int


class History(msgspec.Struct, frozen=True, gc=False):
    """A page of the tenant's messages, oldest first, submitted from `from_ms` to before `to_ms`. Result:
    list[tuple[Numbered, str]], the texts being the names of the recipients in the address book, or ''."""

    from_ms: int
    to_ms: int
    offset: int
    limit: int


class LookUp(msgspec.Struct, frozen=True, gc=False):
    """Look numbers up. Result: list[Lookup]; their `request` is the id of all."""

    numbers: tuple[str, ...]


class LookedUp(msgspec.Struct, frozen=True, gc=False):
    """What a lookup of a number found. Result: Lookup, or None where there is no such request or number."""

    request: int
    number: str


class PutContacts(msgspec.Struct, frozen=True, gc=False):
    """Keep contacts, each by its number (international). Result: list[Refused | None], one a contact in order."""

    contacts: tuple[Contact, ...]


class DropContact(msgspec.Struct, frozen=True, gc=False):
    """Remove a contact. Result: True, or False where there was none. Refused: INVALID_RECIPIENT."""

    number: str


class Senders(msgspec.Struct, frozen=True, gc=False):
    """The names the tenant may send under. Result: list[str], its own list's and approved ones ('*' is not in it)."""


class AskSender(msgspec.Struct, frozen=True, gc=False):
    """Ask for a sender name. Result: Sender as kept (an earlier registration of it stays). Refused: INVALID_SENDER."""

    name: str
    details: dict[str, str]


class SenderState(msgspec.Struct, frozen=True, gc=False):
    """How far a registration is. Result: Sender, or None."""

    name: str


Command = (
    Send
    | States
    | StateOf
    | Money
    | Count
    | History
    | LookUp
    | LookedUp
    | PutContacts
    | DropContact
    | Senders
    | AskSender
    | SenderState
)

__all__ = [
    "AskSender",
    "Command",
    "Contact",
    "Count",
    "Counts",
    "DropContact",
    "Funds",
    "History",
    "LookUp",
    "LookedUp",
    "Lookup",
    "MessageView",
    "Money",
    "Outcome",
    "PutContacts",
    "Send",
    "Sender",
    "SenderState",
    "Senders",
    "StateOf",
    "States",
]
