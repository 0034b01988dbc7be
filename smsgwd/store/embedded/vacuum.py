"""Giving free pages back to the file system."""

from __future__ import annotations

import sqlite3
import time
from functools import partial
from typing import Final, NamedTuple

from smsgwd.store.embedded.upkeep import Control

_LONGEST_S: Final = 0.005
_FIRST_PAGES: Final = 64
_FEWEST: Final = 32
_MOST: Final = 4096
_ENOUGH: Final = 64  # free pages that may stay: traffic needs some anyway
_REST: Final = 3.0  # times as long as a step took


def vacuum(control: Control) -> int:
    """See Store.vacuum. Raises sqlite3.Error.

    A file that was made before there were steps (auto_vacuum off) is written anew once, in one go that holds up
    commits; from then on it can be done in steps.
    """
    in_steps = control.on_writer(_in_steps)
    pages = _by_steps(control) if in_steps else control.on_writer(_anew)
    control.fold()  # only then does the file shrink
    return pages * control.on_writer(_page_size)


def _in_steps(writer: sqlite3.Connection) -> bool:
    return _number(writer, "auto_vacuum") != 0


def _page_size(writer: sqlite3.Connection) -> int:
    return _number(writer, "page_size")


def _anew(writer: sqlite3.Connection) -> int:
    before = _number(writer, "page_count")
    writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
    writer.execute("VACUUM")
    return max(0, before - _number(writer, "page_count"))


def _by_steps(control: Control) -> int:
    free = control.total = control.on_writer(_free)
    pages, given = _FIRST_PAGES, 0
    while free > _ENOUGH:
        step = control.on_writer(partial(_step, pages))
        given += step.given
        control.done = min(control.total, given)
        if step.free >= free:  # traffic frees as much as is given back: it will need it again
            break
        free = step.free
        if step.seconds > _LONGEST_S:
            pages = max(_FEWEST, pages // 2)
        elif step.seconds < _LONGEST_S / 2:
            pages = min(_MOST, pages * 2)
        control.rest(step.seconds * _REST)
    return given


class _Step(NamedTuple):
    given: int  #: pages
    free: int  #: pages that are left
    seconds: float  #: until it was durable


def _step(pages: int, writer: sqlite3.Connection) -> _Step:
    begun = time.perf_counter()
    before = _number(writer, "page_count")
    # It gives one page a step, without columns: of those `execute` takes one only.
    writer.executescript(f"PRAGMA incremental_vacuum({pages});")
    return _Step(before - _number(writer, "page_count"), _free(writer), time.perf_counter() - begun)


def _free(writer: sqlite3.Connection) -> int:
    return _number(writer, "freelist_count")


def _number(writer: sqlite3.Connection, name: str) -> int:
    return int(writer.execute(f"PRAGMA {name}").fetchone()[0])
