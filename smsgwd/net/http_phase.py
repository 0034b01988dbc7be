"""What an HTTP connection is doing."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    """What a connection is doing, for its deadline."""

    NEW = "no byte yet"
    HEAD = "reading a request line and headers"
    BODY = "reading a body"
    BUSY = "a request is with its handler"
    SENDING = "an answer is larger than what the client has taken so far"
    STREAMING = "an answer goes on until either side ends it; input is thrown away"
    IDLE = "between requests"
    CLOSING = "answered for the last time, or gone; input is thrown away"
