"""A connection that hears what is published, and asks nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from smsgwd.store.redis.connection import Connection

_SPECIAL: Final = str.maketrans({each: f"\\{each}" for each in "\\*?[]"})
Heard: TypeAlias = Callable[[bytes, bytes], None]  #: with channel and message


class Listening(Connection):
    """Subscribe it to the patterns of `heard`. Messages published while there is no connection are not heard."""

    def __init__(
        self, heard: Mapping[bytes, Heard], reactor: Any, timeout_s: float, lost: Callable[[Connection, str], None]
    ) -> None:
        super().__init__(reactor, timeout_s, lost)
        self._heard = heard

    def replyReceived(self, reply: object) -> None:
        """A message, or the reply of a command."""
        if isinstance(reply, list) and reply[0] == b"pmessage":
            if not self.ended:
                self._heard[reply[1]](reply[2], reply[3])
        else:
            super().replyReceived(reply)


def escaped(text: str) -> str:
    """The pattern of nothing but this."""
    return text.translate(_SPECIAL)
