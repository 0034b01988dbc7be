"""What waits to be pushed to a tenant."""

from urllib.parse import urlsplit

import msgspec

from smsgwd.model.message import Failure, State


class OutboxItem(msgspec.Struct, gc=False):
    """One push that a tenant is owed: kept until answered 2xx or given up. Times are milliseconds since 1970, UTC."""

    id: int
    tenant: str
    target: str  #: see `target_of`: pushes of one target share order, window and circuit breaker
    url: str
    type: str  #: message.delivered, ...
    created_at: int
    due_at: int
    attempts: int
    message_id: int
    dest: str
    source: str
    client_ref: str | None
    state: State
    error: Failure | None
    submitted_at: int
    done_at: int | None
    parts: int


class OutboxTarget(msgspec.Struct, frozen=True, gc=False):
    """How much one target is owed."""

    target: str
    pending: int
    next_due: int


def target_of(tenant: str, url: str) -> str:
    """The isolation unit of a push: one tenant's URL origin, 'tenant scheme://host:port'."""
    split = urlsplit(url)
    return f"{tenant} {split.scheme}://{split.netloc.rpartition('@')[2].lower()}"
