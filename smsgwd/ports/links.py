"""Tracked links: who opens them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred


class LinkOpener(Protocol):
    """What happens when somebody follows a short link."""

    def open(self, code: str, address: str, *, bot: bool) -> Deferred[str | None]:
        """Where the link leads, after the opening was counted; None when there is no such link (any more).

        `address` is the visitor's IP address, `bot` whether a program opened it. When the opening cannot be made
        durable it leads on all the same. Fails with StoreUnavailable when the link cannot even be read.
        """
        ...
