"""Section `store`: where messages are kept."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import SecretStr, field_validator, model_validator

from smsgwd.config.option import Section, option
from smsgwd.config.types import ExistingFile

_SCHEMES: Final = (
    "redis://", "rediss://", "unix://", "redis+sentinel://", "rediss+sentinel://", "redis+cluster://",
    "rediss+cluster://",
)  # fmt: skip


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


class RedisTls(Section):
    """TLS towards the server (`rediss://`)."""

    ca: ExistingFile | None = option(
        "PEM file of who signs the server's certificate; none = the system's authorities.", default=None
    )
    cert: ExistingFile | None = option("PEM file of the certificate that this gateway shows.", default=None)
    key: ExistingFile | None = option("PEM file of its key.", default=None)


class StoreArchive(Section):
    """Messages that have ended leave Redis for files on each node or for PostgreSQL, so that Redis holds what lives
    (docs/archive.md). The same on all nodes."""

    kind: Literal["files", "postgresql"] = option(
        "`files`: an SQLite file a day on each node, in `archive` of `data_dir`, which no other node sees."
        " `postgresql`: one database that all nodes see; needs `pip install smsgwd[postgresql]`.",
        default="files",
    )
    url: SecretStr | None = option(
        "The database (`kind: postgresql` only): `postgresql://user:password@host:5432/name?sslmode=verify-full`, as"
        " libpq reads it. It belongs to the gateways that share one `prefix`.",
        default=None,
    )
    after_h: float = option(
        "How long after its end a message stays in Redis. A receipt that comes later finds no message.",
        default=24.0,
        ge=0,
        le=8760,
        unit="h",
    )
    rows_s: int = option("Most messages archived a second.", default=2000, ge=10, le=100000, unit="rows/s")

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql:// or postgres://")
        return value

    @model_validator(mode="after")
    def _url_of_its_kind(self) -> Self:
        if (self.url is None) == (self.kind == "postgresql"):
            raise ValueError("kind postgresql needs a url, and kind files has none")
        return self


class Spool(Section):
    """Submissions that go to this node's disk (`spool.db` in `data_dir`) first, where the server cannot take them."""

    away: bool = option(
        "While the server is away submissions are kept on this node's disk and given to it when it is back, instead of"
        " being refused. Until then they are nowhere else.",
        default=False,
    )
    memory: int = option(
        "From so much memory of the server on (`used_memory`), new submissions that need nothing of it at once wait on"
        " this node's disk until it is down to nine tenths of that; 0: never.",
        default=0,
        ge=0,
        unit="bytes",
    )
    most: int = option("Most messages that wait there; then they are refused.", default=1_000_000, ge=1)


class RedisStore(Section):
    """Redis or Valkey: several processes and hosts share tenants, limits, queues and correlation."""

    kind: Literal["redis"] = option("A Redis or Valkey server, from 7.2 on.", example="redis")
    url: SecretStr = option(
        "Where it is: `redis://[user:password@]host:port/db`, `unix:///path?db=1`,"
        " `redis+sentinel://[user:password@]host:port,host:port/master?db=1`,"
        " `redis+cluster://[user:password@]host:port,host:port`; `rediss...` for TLS.",
        example="redis://127.0.0.1:6379/0",
    )
    prefix: str = option(
        "All keys begin with it: gateways with different ones share a server and nothing else.",
        default="smsgwd",
        pattern=r"^[A-Za-z0-9_.-]{1,64}$",
    )
    durability: Literal["strict", "server"] = option(
        "`strict`: nothing is acknowledged before the server has fsynced it (appendonly must be on). `server`: as the"
        " server is set up; what is acknowledged may be lost when it fails.",
        default="strict",
    )
    replicas: int = option(
        "How many replicas must have what is acknowledged (with `strict`: fsynced), so that a failover loses nothing.",
        default=0,
        ge=0,
        le=16,
    )
    confirm_s: float = option("How long to wait for that.", default=2.0, gt=0, le=60, unit="s")
    answer_s: float = option("How long the server may take for an answer.", default=5.0, gt=0, le=60, unit="s")
    tls: RedisTls = option("TLS towards the server.", default_factory=RedisTls)
    archive: StoreArchive | None = option(
        "Where messages go that have ended; none = they stay in Redis as long as `retention` keeps them.", default=None
    )
    spool: Spool = option("What waits on this node's disk.", default_factory=Spool)
    commit_gap_ms: float = option("As of the embedded store.", default=2.0, ge=0, le=5, unit="ms")
    max_batch: int = option("Most changes in one commit.", default=1024, ge=1, le=65536)

    @field_validator("url")
    @classmethod
    def _scheme(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(_SCHEMES):
            raise ValueError(f"must start with {', '.join(_SCHEMES[:-1])} or {_SCHEMES[-1]}")
        return value
