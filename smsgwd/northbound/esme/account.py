"""An SMPP account with its binds: what the parts of the server side know of one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from smsgwd.accounts.directory import Account
from smsgwd.net.smpp import SmppConnection
from smsgwd.smpp.pdu import Pdu


class EsmeBind:
    """One bound session. `connection` may be asked for its session; it outlives the bind by nothing."""

    __slots__ = (
        "account",
        "address",
        "alive",
        "connection",
        "receives",
        "secret_hash",
        "since",
        "state",
        "transmits",
        "version",
    )

    def __init__(
        self,
        account: EsmeAccount,
        connection: SmppConnection,
        *,
        address: str,
        transmits: bool,
        receives: bool,
        version: int,
        since: float,
        secret_hash: str = "",
    ) -> None:
        self.account = account
        self.connection = connection
        self.address = address  #: IP address of the peer, as a PROXY header tells it where there is one
        self.transmits = transmits
        self.receives = receives
        self.version = version  #: interface_version of the ESME: 0x33, 0x34, 0x50
        self.since = since  #: monotonic seconds
        self.secret_hash = secret_hash  #: of the secret it logged in with: one name may have several
        self.alive = True  #: False from the moment it unbinds or breaks: nothing new goes to it
        self.state: Any = None  #: of `TakesRequests`, for this bind


class EsmeAccount:
    """A system_id with what is bound under it; kept while something is bound, or waits for it."""

    __slots__ = ("binds", "name", "owner", "window")

    def __init__(self, name: str, owner: Account, window: int) -> None:
        self.name = name  #: system_id
        self.owner = owner  #: tenant and credential, as of the last bind or change
        self.window = window  #: most deliver_sm without an answer on one bind
        self.binds: list[EsmeBind] = []  #: in the order they bound

    @property
    def tenant(self) -> str:
        """Id of the tenant."""
        return self.owner.tenant.id


class TakesRequests(Protocol):
    """Does what ESMEs ask. Everything is a plain call on the reactor's thread."""

    def take(self, bind: EsmeBind, requests: Sequence[Pdu]) -> None:
        """The requests of one read, in order. Each is answered through `bind.connection`, now or later."""
        ...

    def unbound(self, bind: EsmeBind) -> None:
        """The bind is gone: answer nothing on it any more; what was taken goes on."""
        ...


class TakesAnswers(Protocol):
    """Sends what accounts are owed. A context is what it gave to `connection.request`."""

    def bound(self, bind: EsmeBind) -> None:
        """A new bind that may receive is there."""
        ...

    def answered(self, bind: EsmeBind, answers: Sequence[tuple[Any, int]]) -> None:
        """The answers of one read: (context, command_status)."""
        ...

    def unanswered(self, bind: EsmeBind, contexts: Sequence[Any]) -> None:
        """These were not answered in time."""
        ...

    def writable(self, bind: EsmeBind) -> None:
        """The bind takes more again."""
        ...

    def unbound(self, bind: EsmeBind, unanswered: Sequence[Any], unsent: Sequence[Any]) -> None:
        """The bind is gone, with what was on it (SMPP's window), in the order of sending."""
        ...


class Elsewhere(Protocol):
    """Other nodes that the same accounts may be bound at: one of them gives an account what it is owed."""

    def mine(self, target: str) -> bool:
        """Whether this node is the one at this moment."""
        ...

    def bound(self, target: str) -> None:
        """Something is bound here that receives what this target is owed."""
        ...

    def unbound(self, target: str) -> None:
        """Nothing is any more."""
        ...
