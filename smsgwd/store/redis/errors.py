"""What can go wrong between the store and the server: it cannot be had now, or it says no."""

from __future__ import annotations

from typing import Final

_LATER: Final = frozenset(
    {
        "LOADING", "READONLY", "MASTERDOWN", "OOM", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "TRYAGAIN", "BUSY",
        "UNBLOCKED",
    }
)  # fmt: skip
_LATER_TEXTS: Final = ("ERR max number of clients reached", "ERR max clients reached", "ERR Function not found")
_ELSEWHERE: Final = ("READONLY", "MASTERDOWN", "ERR Function not found")


class Unreachable(Exception):  # noqa: N818 -- named after what it says
    """The server cannot do it now and may later: no connection, no answer in time, loading, read-only, out of memory.

    `unknown`: the command was sent and its answer is missing: it may have been done, or be done yet. Without it
    nothing was done.
    """

    def __init__(self, why: str, *, unknown: bool = False) -> None:
        super().__init__(why)
        self.unknown = unknown


class Refused(Exception):  # noqa: N818
    """The server's own words for what it will not do, today or tomorrow: user, rights, type, a mistake in a script."""


def from_reply(text: str) -> Unreachable | Refused:
    """An error reply, its code first ("OOM command not allowed ..."), as what callers get."""
    if text.split(" ", 1)[0] in _LATER or text.startswith(_LATER_TEXTS):
        return Unreachable(text)
    return Refused(text)


def elsewhere(text: str) -> bool:
    """True for an error reply that says that this server is not, or no longer, one to talk to as it was made ready:
    connect again, to whichever is the master then, with the functions loaded."""
    return text.startswith(_ELSEWHERE)
