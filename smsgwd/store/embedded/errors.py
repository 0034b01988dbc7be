"""What can go wrong with the file of the embedded store."""

import sqlite3

from smsgwd.ports.store import StoreUnavailable

_BUGS = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_SCHEMA})
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Extended codes of SQLITE_IOERR: SHORT_READ, CORRUPTFS, DATA (sqlite.org/rescode.html; older Pythons do not name all).
_DAMAGE_READ = frozenset({522, 8458, 8202})


def environmental(error: BaseException) -> bool:
    """True for what the machine does to us (disk full, I/O error, read-only, damage), False for our own mistakes.

    SQLite tells the two apart by result code, Python's exception classes only roughly (sqlite.org/rescode.html).
    """
    if isinstance(error, OSError):
        return True
    if not isinstance(error, sqlite3.DatabaseError) or isinstance(
        error, (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
    ):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or (code & 0xFF) not in _BUGS


class StoreDamaged(StoreUnavailable):
    """The file holds what SQLite never wrote there: a page was overwritten or lost."""


def damaged(error: BaseException) -> bool:
    """True when the error says that the file is damaged (and not merely that it cannot be read or written now)."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error)
    return (code & 0xFF) in _DAMAGE or code in _DAMAGE_READ


def unavailable(error: BaseException, what: str) -> StoreUnavailable:
    """What askers hear of an `environmental` error: `what` cannot be done, and why."""
    return (StoreDamaged if damaged(error) else StoreUnavailable)(f"{what}: {error}")
