"""What became of a message at a provider: one verdict each, in the order of the group."""

from __future__ import annotations

from typing import Literal

import msgspec


class Accepted(msgspec.Struct, frozen=True, gc=False, tag="accepted"):
    """The provider has it. `foreign_id` (1 to 64 characters) is what its reports will say; '' = it gives none, then the
    message is matched by whatever `states` or a callback says of it."""

    foreign_id: str = ""


class Temporary(msgspec.Struct, frozen=True, gc=False, tag="temporary"):
    """Not taken now: it is tried again, later, or elsewhere after some attempts. Say it only where the provider surely
    does not have the message."""

    reason: str  #: for operators and the message's history: no text, no number, no secret
    retry_after_s: float | None = None  #: the provider's wish


class Permanent(msgspec.Struct, frozen=True, gc=False, tag="permanent"):
    """Not taken for good."""

    code: str  #: the provider's own word or number: short, tenants may see it
    reason: str = ""
    #: `message`: nobody would take it (no such number). `connector`: this account would not, another may (its sender).
    scope: Literal["message", "connector"] = "message"


class Unknown(msgspec.Struct, frozen=True, gc=False, tag="unknown"):
    """It may have been taken, or not: the connector's policy `unknown_outcome` says what then."""

    reason: str


class SlowDown(msgspec.Struct, frozen=True, gc=False, tag="slow_down"):
    """Not taken: too much at once. The connector pauses, the message keeps its place and no attempt is counted."""

    reason: str
    seconds: float | None = None  #: the provider's wish; None = as the host sees fit


class Park(msgspec.Struct, frozen=True, gc=False, tag="park"):
    """Not taken, and nothing will be for a while (no credit): the connector is parked, which is an alarm."""

    reason: str
    seconds: float | None = None  #: None = the connector's `suspend_s`


class Stop(msgspec.Struct, frozen=True, gc=False, tag="stop"):
    """Not taken, and nothing will be until somebody mends it (credentials): the connector stops, which is an alarm."""

    reason: str


Verdict = Accepted | Temporary | Permanent | Unknown | SlowDown | Park | Stop


class Halt(Exception):  # noqa: N818 -- what is raised is an answer, not an error of the plugin
    """Raise it in any method of a provider: `verdict` is that of every message of the group, or of the whole call."""

    def __init__(self, verdict: Temporary | Permanent | Unknown | SlowDown | Park | Stop) -> None:
        super().__init__(type(verdict).__name__)
        self.verdict = verdict
