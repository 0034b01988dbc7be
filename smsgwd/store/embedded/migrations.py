"""From an older schema to the newest, step by step; `PRAGMA user_version` counts the steps taken."""

import sqlite3
from collections.abc import Callable, Sequence

from smsgwd.store.embedded import schema, schema_business, schema_dialects, schema_operations
from smsgwd.store.writer import CannotOpen

Migration = Callable[[sqlite3.Connection], None]
Told = Callable[[int, int, str], None]


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _create(connection: sqlite3.Connection) -> None:
    """Version 1: the first tables."""
    _run(connection, schema.VERSION_1)


def _esmes(connection: sqlite3.Connection) -> None:
    """Version 2: tenants over SMPP."""
    _run(connection, schema.VERSION_2)


def _reliability(connection: sqlite3.Connection) -> None:
    """Version 3: failover, attempts, subscribers' messages in parts, opt-out lists."""
    _run(connection, schema.VERSION_3)


def _business(connection: sqlite3.Connection) -> None:
    """Version 4: ledger, records, links, lookups."""
    _run(connection, schema_business.VERSION_4)


def _dialects(connection: sqlite3.Connection) -> None:
    """Version 5: styles of callbacks, counts, history, references. Reads and writes every message, once."""
    _run(connection, schema_dialects.VERSION_5)


def _operations(connection: sqlite3.Connection) -> None:
    """Version 6: audit, what ended, where receipts are owed."""
    _run(connection, schema_operations.VERSION_6)


#: Step n leads from version n to n + 1. Add at the end; never change one that was released.
MIGRATIONS: Sequence[Migration] = (_create, _esmes, _reliability, _business, _dialects, _operations)


def migrate(
    connection: sqlite3.Connection, migrations: Sequence[Migration] = MIGRATIONS, told: Told = lambda *_: None
) -> int:
    """Take the missing steps, each in a transaction of its own; how many were taken.

    Before each `told` hears how many are done, of how many, and what the next one does.

    Raises CannotOpen for a file of a newer version; sqlite3.Error when a step fails (which then changed nothing).
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise CannotOpen(
            f"the store has schema version {version}, this program knows versions up to {len(migrations)}:"
            " it was written by a newer version of smsgwd"
        )
    for number in range(version, len(migrations)):
        told(number - version, len(migrations) - version, _what(migrations[number], number + 1))
        connection.execute("BEGIN IMMEDIATE")
        try:
            migrations[number](connection)
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    return len(migrations) - int(version)


def _what(step: Migration, version: int) -> str:
    """What a step is called: the first sentence of its docstring."""
    words = (step.__doc__ or f"Version {version}").strip().partition(". ")[0].rstrip(".")
    return f"migrating: {words[0].lower()}{words[1:]}"
