"""TCP ports for processes that are yet to be started, which nobody else on the machine takes meanwhile.

A port that the kernel chooses (bind to 0) and that is closed again is up for grabs: between the choice and the start of
the process any outgoing connection of the machine may be given it as its own end. These ports are outside the kernel's
range for outgoing connections, in a block that this process holds for as long as it lives.
"""

from __future__ import annotations

import contextlib
import os
import socket

_FIRST, _END, _BLOCK = 10_000, 32_768, 256
"""Below where Linux begins with outgoing connections (net.ipv4.ip_local_port_range), above the well-known services."""

_held: dict[int, socket.socket] = {}
"""The block of each process id: a fork must not hand out its parent's ports."""
_next: dict[int, int] = {}


def free_ports(count: int) -> list[int]:
    """`count` ports on 127.0.0.1 that nobody listens on, none twice among 255; OSError when there are none."""
    return [_free_port() for _ in range(count)]


def _free_port() -> int:
    process = os.getpid()
    if process not in _held:
        _held[process] = _hold_a_block(process)
        _next[process] = 1
    first = int(_held[process].getsockname()[1])
    for _ in range(_BLOCK):
        offset = _next[process]
        _next[process] = offset % (_BLOCK - 1) + 1
        if _is_free(first + offset):
            return first + offset
    raise OSError(f"no free port between {first} and {first + _BLOCK - 1}")


def _hold_a_block(process: int) -> socket.socket:
    """Listens on the first port of a block: whoever comes after takes another one."""
    blocks = (_END - _FIRST) // _BLOCK
    for attempt in range(blocks):
        sock = socket.socket()
        try:
            sock.bind(("127.0.0.1", _FIRST + (process + attempt) % blocks * _BLOCK))
            sock.listen(1)
        except OSError:
            sock.close()
            continue
        return sock
    raise OSError("no block of free ports")


def _is_free(port: int) -> bool:
    with contextlib.closing(socket.socket()) as sock:
        try:
            sock.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
