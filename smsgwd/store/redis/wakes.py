"""What nodes call to each other through the server: `keys.wake(topic)` is a channel, its name says what there is.

A call reaches whoever listens at that moment and nobody else: it says «look», it carries nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from smsgwd.store.redis.keys import Keys
from smsgwd.store.redis.listening import Heard, escaped


class Listens(Protocol):
    """What is asked of a link."""

    def listen(self, pattern: str, heard: Heard) -> None:
        """See Link."""
        ...


class Wakes:
    """`heard(topic)` is called for each call; with '' when the link has come up, since calls may have been missed: look
    at everything then. Made before the link connects; whoever made the link says to `link_changed` what it says."""

    def __init__(self, link: Listens, keys: Keys, heard: Callable[[str], object]) -> None:
        self._beginning = keys.wake("")
        self._heard = heard
        link.listen(escaped(self._beginning) + "*", self._called)

    def link_changed(self, up: bool) -> None:
        """As `on_change` of Link."""
        if up:
            self._heard("")

    def _called(self, channel: bytes, _: bytes) -> None:
        topic = channel.decode("utf-8", "replace").removeprefix(self._beginning)
        if topic:
            self._heard(topic)
