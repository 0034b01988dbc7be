"""Which messages of a queue an operator's command is for, who carries it out, and the columns of ages."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec
from twisted.internet.defer import Deferred

from smsgwd.model.message import HELD, Message, State
from smsgwd.ports.store import AGES

#: What a message that has not left waits for: its turn, another try, its time, or an operator.
KINDS: Final = ("queued", "retry", "scheduled", "held")
_KINDS_OF: Final[dict[State, frozenset[str]]] = {
    State.QUEUED: frozenset(("queued",)),
    State.WAITING: frozenset(("retry",)),
    State.SCHEDULED: frozenset(("scheduled", "held")),
}


def kind_of(message: Message) -> str:
    """Of which kind a message is; '' for one that has left."""
    if message.state is State.SCHEDULED:
        return "held" if message.due_at >= HELD else "scheduled"
    return next(iter(_KINDS_OF.get(message.state, ("",))))


def states_of(kinds: frozenset[str]) -> tuple[State, ...]:
    """The states that messages of these kinds are in."""
    return tuple(state for state, those in _KINDS_OF.items() if those & kinds)


class Pick(msgspec.Struct, frozen=True):
    """Which messages of a queue a command is for."""

    tenant: str = ""  #: '' = of all
    prefix: str = ""  #: digits that the recipient begins with
    older_s: int = 0  #: submitted so many seconds ago, or earlier
    kinds: frozenset[str] = frozenset(("queued",))

    def until_ms(self, now: int) -> int:
        """The latest time of submission (ms since 1970) of what is picked by a command that begins at `now`."""
        return now - self.older_s * 1000

    def has(self, message: Message, until_ms: int) -> bool:
        """True for a message that is picked; its kind is looked at elsewhere."""
        return (
            message.submitted_at <= until_ms
            and (not self.tenant or message.tenant == self.tenant)
            and message.msisdn.startswith(self.prefix)
        )


class Counted(msgspec.Struct, frozen=True):
    """How much a purge would end."""

    messages: int
    parts: int
    tenants: dict[str, int]


class Desk(Protocol):
    """Carries out what changes a queue (`app.queue_desk`). ValueError while the same command is under way."""

    def move(self, left: str, to: str, pick: Pick, limit: int) -> Deferred[dict[str, int]]:
        """Queue what is picked for another connector, `limit` at most (0 = all): `moved`, and `stayed` of those that
        are being sent or of which an SMSC has a part."""
        ...

    def hold(self, connector: str, pick: Pick, reason: str) -> Deferred[dict[str, int]]:
        """Stop what is picked until it is released: `held`, `stayed`."""
        ...

    def release(self, connector: str, tenant: str, prefix: str) -> Deferred[int]:
        """Let held messages go ('' = any); how many."""
        ...

    def purge(self, connector: str, pick: Pick, reason: str) -> Deferred[dict[str, int]]:
        """End what is picked as rejected: `ended`, `stayed`."""
        ...

    def count(self, connector: str, pick: Pick) -> Deferred[Counted]:
        """What a purge would end."""
        ...

    def speeds(self, *, wait: bool) -> Deferred[dict[str, float]]:
        """Parts a second that each connector sends now; with `wait` it is measured where nobody looked lately."""
        ...


def _age_name(seconds: int) -> str:
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"<{seconds // size}{unit}"
    return f"<{seconds}s"


#: Names of the columns of ages (`ports.store.AGES`).
AGE_NAMES: Final = (*(_age_name(seconds) for seconds in AGES), "older")


def age_column(age_s: float) -> str:
    """The column of an age in seconds."""
    return next((name for name, bound in zip(AGE_NAMES, AGES, strict=False) if age_s < bound), AGE_NAMES[-1])
