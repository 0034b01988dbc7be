"""What the SMPP connections read and write, for whoever looks: whole PDUs, taken above TLS, only while somebody does.

A connection asks `tap.on` once a read and once a write; nothing is kept or copied while it is False. Somebody may begin
to look in the midst of a session: what is written always begins with a PDU, and of what is read the session knows the
octets of the PDU that is not whole yet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct
from typing import Final, Protocol

from smsgwd.smpp.constants import BINDS, HEADER_LENGTH
from smsgwd.smpp.framing import Framer

_MAX_FRAME: Final = 1 << 20  # octets; the sessions judge lengths, this only bounds what is held for one PDU
_MOST_SYSTEM_ID: Final = 15
_header = Struct(">IIII").unpack_from


@dataclass(slots=True)
class Link:
    """Which connection it is. `account` is there once an ESME is bound, or asks to be."""

    number: int = 0  #: given when it is tapped first; another one for each connection
    connector: str = ""
    bind: int = 0  #: of the connector
    account: str = ""
    listener: str = ""
    ours: tuple[str, int] = ("", 0)  #: address and port of our end
    theirs: tuple[str, int] = ("", 0)

    @property
    def name(self) -> str:
        """For people: 'sim/0', 'shop', or an address while nobody knows who it is."""
        if self.connector:
            return f"{self.connector}/{self.bind}"
        return self.account or f"{self.theirs[0]}:{self.theirs[1]}"

    @property
    def is_server(self) -> bool:
        """True where we are the SMSC."""
        return not self.connector


@dataclass(slots=True, frozen=True)
class Frame:
    """One PDU that went over a connection."""

    link: Link
    name: str  #: of the link, then
    sent: bool  #: by us
    at: float  #: monotonic seconds
    octets: bytes


class Tapped(Protocol):
    """A connection, as far as the tap knows it."""

    link: Link

    def unread(self) -> bytes:
        """The octets of the PDU that is not whole yet, as of the last read."""
        ...


class Listener(Protocol):
    """Somebody who looks."""

    def wants(self, link: Link) -> bool:
        """True for a connection it is about; asked at each read and write."""
        ...

    def seen(self, frame: Frame) -> None:
        """A PDU went over such a connection."""
        ...


class Wiretap:
    """All SMPP connections of the process. All calls are on the reactor's thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self.on = False  #: somebody looks
        self._monotonic = monotonic
        self._listeners: tuple[Listener, ...] = ()
        self._reading: dict[Tapped, Framer] = {}
        self._links = 0

    def add(self, listener: Listener) -> None:
        """Show it what goes over the connections that it wants."""
        self._listeners += (listener,)
        self.on = True

    def remove(self, listener: Listener) -> None:
        """Show it nothing more."""
        self._listeners = tuple(each for each in self._listeners if each is not listener)
        if not self._listeners:
            self.on = False
            self._reading.clear()

    # ------------------------------------------------------------------ what connections call, while `on`
    def read(self, connection: Tapped, data: bytes) -> None:
        """Octets came, and their session has not seen them yet."""
        link = connection.link
        asks = link.is_server and not link.account  # an ESME that has not bound: its bind says who it is
        if not asks and not any(each.wants(link) for each in self._listeners):
            self._reading.pop(connection, None)  # should somebody want it later, that begins anew
            return
        framer = self._reading.get(connection)
        if framer is None:
            framer = self._reading[connection] = Framer(_MAX_FRAME)
            framer.feed(connection.unread())
        frames = framer.feed(data)
        if asks:
            for frame in frames:
                if _header(frame)[1] in BINDS:
                    link.account = _asked(frame)
                    break
        if frames:
            self._show(link, frames, False)

    def wrote(self, connection: Tapped, data: bytes) -> None:
        """Octets are written: whole PDUs."""
        link = connection.link
        if any(each.wants(link) for each in self._listeners):
            self._show(link, Framer(_MAX_FRAME).feed(data), True)

    def gone(self, connection: Tapped) -> None:
        """The connection is over."""
        self._reading.pop(connection, None)

    def _show(self, link: Link, frames: list[bytes], sent: bool) -> None:
        if not link.number:
            self._links += 1
            link.number = self._links
        now, name = self._monotonic(), link.name
        for listener in self._listeners:
            if listener.wants(link):
                for octets in frames:
                    listener.seen(Frame(link, name, sent, now, octets))


def _asked(frame: bytes) -> str:
    """The system_id of a bind (SMPP 3.4 s4.1), whoever says so: what does not print is left out."""
    name = frame[HEADER_LENGTH:].partition(b"\0")[0][:_MOST_SYSTEM_ID].decode("latin-1")
    return "".join(ch for ch in name if ch.isprintable())


def _never() -> float:
    return 0.0


#: For connections that nobody can look into.
UNTAPPED: Final = Wiretap(_never)
