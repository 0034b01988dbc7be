"""This process itself: how many files it may have open, its memory, and how it begins anew."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import sys
from typing import Final

from smsgwd.net.inherited import hand_on

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE_BLOCK: Final = 256 * 1024
#: The status it ends with where it cannot begin anew: the service manager starts it then (Restart=on-failure).
CANNOT_BEGIN_ANEW: Final = 75


def raise_file_limit() -> None:
    """Allow this process as many open files as it may have: the usual 1,024 are fewer than `max_connections`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # some systems call it unlimited and mean less
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def settle_memory() -> None:
    """Spare the garbage collector what stays for good, and most of its passes.

    What is there after the start is never garbage. A message's objects are in no cycles, and reference counts free
    them; the usual pass at every 700 allocations walks them for nothing whenever many wait.
    """
    gc.collect()
    gc.freeze()
    give_back()
    give_large_blocks_back()
    gc.set_threshold(20_000, 20, 50)


def give_back() -> bool:
    """Give the system back what the start needed and nobody does now (malloc_trim(3)): about a megabyte.

    False where the C library has no such thing.
    """
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):
        return False
    return True


def give_large_blocks_back() -> bool:
    """Let the C library map blocks from 256 KiB each by itself, so that they go back to the system when freed.

    glibc raises that limit by itself after the first large block is freed (mallopt(3), M_MMAP_THRESHOLD). From then on
    tables of dictionaries with tens of thousands of entries, copied each time they fill with what came and went, can
    leave holes of megabytes in the heap. False where the C library has no such thing.
    """
    try:
        return bool(ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK))
    except (OSError, AttributeError):
        return False


def begin_anew() -> int:
    """Run the same command in this process, with the sockets that the service manager handed over; it has ended all
    else. Comes back only where that is not possible: with the exit status."""
    environment = dict(os.environ)
    hand_on(environment)
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(OSError):
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 -- what we are
    return CANNOT_BEGIN_ANEW
