"""A message as the archive keeps it: what it is found by, its text, and all the rest in the common form of copies."""

from __future__ import annotations

import msgspec

from smsgwd.store.copying.records import MessageCopy, pack, unpack


class ArchivedRow(msgspec.Struct, frozen=True, gc=False):
    """One row. Times are milliseconds since 1970, UTC."""

    id: int
    tenant: str
    seq: int  #: its number in its tenant's history
    submitted_at: int
    body: bytes | None  #: apart, so that it can be emptied; None = it has been
    record: bytes  #: the rest: a packed MessageCopy without the body
    smsc: tuple[str, ...] = ()  #: forms of the ids that SMSCs gave it; not read back


def archived(copy: MessageCopy) -> ArchivedRow:
    """The row of a message."""
    message = copy.message
    record = msgspec.structs.replace(copy, message=msgspec.structs.replace(message, body=b""))
    keys = dict.fromkeys((*(key for _, key, _ in copy.smsc), *((copy.smsc_id,) if copy.smsc_id else ())))
    return ArchivedRow(
        message.id, message.tenant, copy.seq, message.submitted_at, message.body or None, pack(record), tuple(keys)
    )


def copy_of(row: ArchivedRow) -> MessageCopy:
    """The message of a row, whole. Raises msgspec.DecodeError for a damaged one."""
    copy = unpack(row.record)
    if not isinstance(copy, MessageCopy):
        raise msgspec.DecodeError(f"a {type(copy).__name__} in the place of message {row.id}")
    copy.message.body = row.body or b""
    return copy
