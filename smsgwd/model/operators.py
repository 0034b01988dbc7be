"""Operators: who asks for a command, what role they have, and what the audit keeps of what they did."""

from typing import Final, Literal

import msgspec

#: Of the admin socket; bumped when a face of an older release could misread an answer.
PROTOCOL_VERSION: Final = 2

Role = Literal["", "read", "operate", "admin"]

#: Each role may what those before it may: look; do what the person on call does; change who may send what.
ROLES: Final[tuple[Role, ...]] = ("read", "operate", "admin")


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who asked for a command: as the kernel tells of the socket's other end, or the console of who logged in."""

    who: str  #: name of the user, or `uid 1000` where it has none
    role: Role  #: '' = may nothing
    via: str  #: socket, console, signal
    address: str = ""  #: `pid 1234`, or the console's client

    def may(self, needed: Role) -> bool:
        """True when the role covers the needed one."""
        return self.role in ROLES and ROLES.index(self.role) >= ROLES.index(needed)


class Operator(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Somebody who may log in at the operators' console; the password itself is never kept."""

    name: str
    role: Role
    secret_hash: str  #: Argon2id PHC string
    disabled: bool = False
    totp: str = ""  #: secret of the codes that are asked for, too, encrypted at rest; '' = none are
    totp_step: int = -1  #: of the last code that was good: a code works once
    totp_next: str = ""  #: a secret whose first code is waited for, encrypted at rest
    created_at: int = 0
    changed_at: int = 0  #: when the password was given


#: The gateway itself: what it does for its own sake, and tests.
GATEWAY: Final = Caller("smsgwd", "admin", "inside")

#: Outcomes of a command in the audit.
BEGUN: Final = "begun"  #: it runs, or the process died meanwhile
DONE: Final = "done"
FAILED: Final = "failed"


class AuditEntry(msgspec.Struct, frozen=True, gc=False):
    """One change by an operator. Times are milliseconds since 1970, UTC; secrets never stand here."""

    id: int  #: 0 = not kept so far
    at: int
    who: str
    role: str
    via: str
    address: str
    command: str  #: noun and verb
    params: str  #: JSON object of texts
    outcome: str
    detail: str = ""  #: why it failed
    before: str = ""  #: JSON of what differs, as it was
    after: str = ""  #: JSON of what differs, as it is now
    took_ms: int = 0


class PutAudit(msgspec.Struct, frozen=True, gc=False):
    """Keep an entry: a new one with `id` 0, else in the place of the one of that id. Result: its id (int)."""

    entry: AuditEntry


class PurgeAudit(msgspec.Struct, frozen=True, gc=False):
    """Forget entries from before `before` (ms), `limit` at most. Result: how many (int)."""

    before: int
    limit: int = 1000


class Hold(msgspec.Struct, frozen=True, gc=False):
    """An operator stops QUEUED messages (of which no SMSC has a part): they are held until released (`Unhold`).

    Who makes this change has taken them back from the sending side. Result: Rerouted (those that are held now)."""

    ids: tuple[int, ...]
    at: int
    reason: str


class Discard(msgspec.Struct, frozen=True, gc=False):
    """An operator ends messages that have not left (scheduled, held, waiting for a retry or queued) as REJECTED.

    Their error is `purged` with this reason; refunded where no SMSC has any of them; receipts are owed. Result: Swept.
    """

    ids: tuple[int, ...]
    at: int
    reason: str


class Repush(msgspec.Struct, frozen=True, gc=False):
    """Owe again what was pushed or given up, as far as it is still kept. Result: Repushed.

    Either of `message_ids` (one that is final, has somebody to tell and nothing kept is owed anew), or of the rows of
    the outbox with `push_ids`, or of those created from `from_ms` to before `to_ms`, of a target where that is given,
    behind `after`. Where a tenant is given, only of that one's. Rows that are pending stay as they are. `webhook-id`
    stays the same: who has seen it can tell.
    """

    at: int
    message_ids: tuple[int, ...] = ()
    tenant: str = ""
    target: str = ""
    from_ms: int = 0
    to_ms: int = 0
    after: int = 0
    limit: int = 1000
    push_ids: tuple[int, ...] = ()


class Repushed(msgspec.Struct, frozen=True, gc=False):
    """`count` pushes are due again, for `targets`. `more`: go on behind `last`."""

    count: int
    targets: tuple[str, ...]
    last: int = 0
    more: bool = False


class DropFinals(msgspec.Struct, frozen=True, gc=False):
    """Records of final messages up to this number were written elsewhere: forget that they are to be. Result: int."""

    upto: int
