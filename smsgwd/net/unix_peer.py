"""Who is at the other end of a unix socket: the kernel knows, nobody can pretend (unix(7), SO_PEERCRED)."""

from __future__ import annotations

import socket
import struct
from typing import Any, Final

import msgspec

_UCRED: Final = struct.Struct("3i")  # pid_t, uid_t, gid_t
_SO_PEERGROUPS: Final = 59  # Linux 4.13; the socket module does not name it
_MOST_GROUPS: Final = 65_536  # NGROUPS_MAX


class UnixPeer(msgspec.Struct, frozen=True):
    """The process that connected, as it was then; `groups` with its own group and the supplementary ones."""

    pid: int
    uid: int
    gid: int
    groups: frozenset[int]


def unix_peer(transport: Any) -> UnixPeer | None:
    """The peer of a transport over a unix socket; None for any other, or where the kernel does not tell."""
    there = getattr(transport, "socket", None)
    if there is None or there.family != socket.AF_UNIX:
        return None
    try:
        pid, uid, gid = _UCRED.unpack(there.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    except OSError:
        return None
    try:
        raw = there.getsockopt(socket.SOL_SOCKET, _SO_PEERGROUPS, _MOST_GROUPS // 64)
    except OSError:  # more groups than fit, or an old kernel: its own group still counts
        raw = b""
    more = struct.unpack(f"{len(raw) // 4}I", raw[: len(raw) // 4 * 4])
    return UnixPeer(pid, uid, gid, frozenset((gid, *more)))
