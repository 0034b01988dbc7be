"""Listening sockets that were open before this process began, handed over by the service manager (sd_listen_fds(3)).

They are the process's, as its environment is: `take_over` is called once at the start, and whoever would open a socket
at one of their addresses (`net.listening`) gets it from here instead. A process that becomes another program hands
them on (`hand_on`): they stay open here for that.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterable, Mapping, MutableMapping
from pathlib import Path
from typing import Final

import msgspec

FIRST_DESCRIPTOR: Final = 3
_MOST: Final = 1024
_WORDS: Final = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")
_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX)


class InheritedError(Exception):
    """What was handed over cannot be used; the text is for the operator."""


class Handed(msgspec.Struct, frozen=True):
    """A socket with the name it was given ('' for none) and where it listens: 'host:port', '[host]:port', a path."""

    name: str
    address: str
    socket: socket.socket


_handed: list[Handed] = []
_kept: list[tuple[str, int]] = []  # names, and descriptors of our own on the same sockets


def take_over(environ: MutableMapping[str, str], *, first: int = FIRST_DESCRIPTOR) -> int:
    """Take the sockets that the environment tells of, if it means this process, and take its words out of it: no child
    shall think that it is meant. How many they are. Raises InheritedError for what is no listening stream socket."""
    told = {name: environ.pop(name) for name in _WORDS if name in environ}
    if "LISTEN_PID" not in told:
        told = _told_at_first()
    pid, count = told.get("LISTEN_PID", ""), told.get("LISTEN_FDS", "")
    names = told.get("LISTEN_FDNAMES", "").split(":")
    if pid != str(os.getpid()) or not count.isdecimal():
        return 0
    if int(count) > _MOST:
        raise InheritedError(f"LISTEN_FDS: {count} sockets are more than {_MOST}")
    for number in range(int(count)):
        name = names[number] if number < len(names) else ""
        _handed.append(_taken(first + number, name))
        _kept.append((name, os.dup(first + number)))
    return int(count)


def hand_on(environ: MutableMapping[str, str], *, first: int = FIRST_DESCRIPTOR) -> None:
    """Give what was handed over to the program that this process is to become: descriptors from `first` on, whatever
    they were, and the words of `environ` that say so. Nothing else of this process may be used any more."""
    if not _kept:
        return
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, first + len(_kept)) for _, descriptor in _kept]
    for number, descriptor in enumerate(high):
        os.dup2(descriptor, first + number)
        os.close(descriptor)
    environ["LISTEN_PID"] = str(os.getpid())
    environ["LISTEN_FDS"] = str(len(_kept))
    environ["LISTEN_FDNAMES"] = ":".join(name for name, _ in _kept)


def check(wanted: Mapping[str, Iterable[str]]) -> None:
    """Raise InheritedError for a socket that nobody would use, or that bears the name of another listener than the one
    whose address it has. `wanted`: the addresses of the listeners by name, a path for `admin`."""
    owners = {address: name for name, addresses in wanted.items() for address in addresses}
    for each in _handed:
        owner = owners.get(each.address)
        if owner is None:
            some = ", ".join(f"{name} at {address}" for address, name in owners.items()) or "none"
            named = f", named {each.name}," if each.name else ""
            raise InheritedError(
                f"the service manager handed over a socket at {each.address}{named} where nothing is configured to"
                f" listen; there is: {some}"
            )
        if each.name in wanted and each.name != owner:
            raise InheritedError(
                f"the service manager handed over a socket named {each.name} at {each.address}, which is the address of"
                f" {owner}: FileDescriptorName= or ListenStream= is wrong"
            )


def handed_over(address: str) -> socket.socket | None:
    """The socket at an address, once: it belongs to the caller then. None where there is none."""
    for place, each in enumerate(_handed):
        if each.address == address:
            del _handed[place]
            return each.socket
    return None


def is_handed_over(address: str) -> bool:
    """True while a socket at an address waits to be taken."""
    return any(each.address == address for each in _handed)


def tcp_address(host: str, port: int) -> str:
    """How an address is written here."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _told_at_first() -> dict[str, str]:
    """What the process was started with. Importing Twisted's endpoints takes two of the words out of os.environ."""
    try:
        lines = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (line.decode(errors="replace").partition("=") for line in lines)
    return {name: value for name, _, value in pairs if name in _WORDS}


def _taken(descriptor: int, name: str) -> Handed:
    try:
        os.set_inheritable(descriptor, False)
        made = socket.socket(fileno=descriptor)
    except OSError as error:
        raise InheritedError(f"LISTEN_FDS: descriptor {descriptor}: {error}") from None
    listens = made.type == socket.SOCK_STREAM and made.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    if made.family not in _FAMILIES or not listens:
        raise InheritedError(f"LISTEN_FDS: descriptor {descriptor} {name} is no listening stream socket")
    made.setblocking(False)
    where = made.getsockname()
    if made.family == socket.AF_UNIX:
        if not isinstance(where, str):
            where = "@" + where[1:].decode(errors="replace")
        return Handed(name, where, made)
    return Handed(name, tcp_address(where[0], where[1]), made)
