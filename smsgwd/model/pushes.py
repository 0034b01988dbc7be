"""Changes of what is owed to tenants: how pushes went. Part of `model.changes`."""

import msgspec


class OutboxRevive(msgspec.Struct, frozen=True, gc=False):
    """What was given up of a target is due again at `at`, up to `limit`. Result: how many (int)."""

    target: str
    at: int
    limit: int = 10_000


class OutboxDone(msgspec.Struct, frozen=True, gc=False):
    """A push was answered well. Result: None."""

    id: int
    at: int


class OutboxRetry(msgspec.Struct, frozen=True, gc=False):
    """A push failed and is due again; counts an attempt. Result: None."""

    id: int
    due_at: int
    error: str


class OutboxDead(msgspec.Struct, frozen=True, gc=False):
    """A push is given up (kept for re-push by an operator). Result: None."""

    id: int
    at: int
    error: str
