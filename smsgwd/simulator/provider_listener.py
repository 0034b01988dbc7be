"""An HTTP server that can hang up instead of answering."""

from __future__ import annotations

from typing import Final

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol

from smsgwd.net.http_channel import HttpChannel
from smsgwd.net.http_message import HttpResponse
from smsgwd.net.http_server import HttpListener

DROPPED: Final = HttpResponse(0)
"""Answered with this, a connection is closed without a byte."""


class _DroppingChannel(HttpChannel):
    def _answer(self, response: HttpResponse, started: float) -> None:
        if response is DROPPED:
            self.abort()
        else:
            super()._answer(response, started)


class DroppingListener(HttpListener):
    """A listener whose handler may answer `DROPPED`."""

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        """See HttpListener."""
        made = super().buildProtocol(addr)
        return _DroppingChannel(self, made.network) if isinstance(made, HttpChannel) else made
