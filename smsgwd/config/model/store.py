"""Section `store`: where messages are kept."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr, field_validator

from smsgwd.config.option import Section, option


class EmbeddedStore(Section):
    """SQLite inside the process: one file, one writer thread, group commit."""

    kind: Literal["embedded"] = option("The embedded store; needs nothing but `data_dir`.", example="embedded")
    commit_gap_ms: float = option(
        "Least time between the starts of two commits. Larger gathers more messages a commit (less CPU a message),"
        " smaller answers a lone message sooner.",
        default=2.0,
        ge=0,
        le=5,
        unit="ms",
    )
    max_batch: int = option("Most changes in one commit.", default=4096, ge=1, le=65536)


class RedisStore(Section):
    """Redis or Valkey: several processes and hosts share tenants, limits, queues and correlation."""

    kind: Literal["redis"] = option("A Redis or Valkey server.", example="redis")
    url: SecretStr = option(
        "Address of the server, `redis://[user:password@]host:port/db` or `rediss://` for TLS.",
        example="redis://127.0.0.1:6379/0",
    )

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return value
