"""Giving free pages back to the file system."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from typing import Final

from smsgwd.store.embedded.upkeep import Control

_LONGEST_S: Final = 0.005
_FIRST_PAGES: Final = 64
_FEWEST: Final = 8
_MOST: Final = 4096
_ENOUGH: Final = 64  # free pages that may stay: traffic needs some anyway
_REST: Final = 3.0  # times as long as a step took


def vacuum(control: Control) -> int:
    """See Store.vacuum. Raises sqlite3.Error.

    A file that was made before there were steps (auto_vacuum off) is written anew once, in one go that holds up
    commits; from then on it can be done in steps.
    """
    before = control.path.stat().st_size
    if not control.on_writer(_in_steps):
        control.on_writer(_anew)
    else:
        _by_steps(control)
    control.fold()
    return max(0, before - control.path.stat().st_size)


def _in_steps(writer: sqlite3.Connection) -> bool:
    return bool(writer.execute("PRAGMA auto_vacuum").fetchone()[0])


def _anew(writer: sqlite3.Connection) -> None:
    writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
    writer.execute("VACUUM")


def _by_steps(control: Control) -> None:
    control.total = control.on_writer(_free)
    pages, free = _FIRST_PAGES, control.total
    while free > _ENOUGH:
        left, seconds = control.on_writer(partial(_step, pages))
        if left >= free:  # traffic frees as much as is given back: it will need it again
            break
        free = left
        control.done = max(control.done, control.total - free)
        if seconds > _LONGEST_S:
            pages = max(_FEWEST, pages // 2)
        elif seconds < _LONGEST_S / 2:
            pages = min(_MOST, pages * 2)
        control.rest(seconds * _REST)


def _step(pages: int, writer: sqlite3.Connection) -> tuple[int, float]:
    """Free pages left, and seconds that it took, durable."""
    begun = time.perf_counter()
    writer.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
    return _free(writer), time.perf_counter() - begun


def _free(writer: sqlite3.Connection) -> int:
    return int(writer.execute("PRAGMA freelist_count").fetchone()[0])
