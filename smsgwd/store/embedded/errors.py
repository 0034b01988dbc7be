"""What can go wrong with the file of the embedded store."""

import sqlite3

_BUGS = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISUSE, sqlite3.SQLITE_RANGE, sqlite3.SQLITE_SCHEMA})


class CannotOpen(Exception):  # noqa: N818 -- named after what it says
    """The store cannot be opened: in use by another process, of a newer version, or its directory is unusable."""


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
