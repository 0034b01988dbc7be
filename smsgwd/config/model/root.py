"""The whole configuration: the sections of the main file, and the tenants of the second one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from smsgwd.config.model.connectors import Connector, Mo, MoRoute
from smsgwd.config.model.console import Console
from smsgwd.config.model.dialects import Dialects
from smsgwd.config.model.listeners import Listeners
from smsgwd.config.model.lookups import Lookups
from smsgwd.config.model.operations import AccessLog, Cdr, Tracing
from smsgwd.config.model.routes import Route
from smsgwd.config.model.runtime import Admin, Auth, Limits, Links, Log, Notify, Retention, Shutdown
from smsgwd.config.model.store import EmbeddedStore, RedisStore
from smsgwd.config.option import Section, option
from smsgwd.config.tenants import Tenant
from smsgwd.config.types import BaseUrl, ExistingFile, KeyText, LocalPath, SecretKey

Store = Annotated[EmbeddedStore | RedisStore, Field(discriminator="kind")]


class Config(Section):
    """Everything an operator may set. Paths are absolute once loaded."""

    node: str = option(
        "Name of this process, unique among those that share a store; part of message ids.",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$",
        example="gw1",
    )
    data_dir: LocalPath = option("Directory of the embedded store, relative to this file.", example="var/lib")
    store: Store = option(
        "Where messages are kept.",
        default_factory=lambda: EmbeddedStore(kind="embedded"),
    )
    public_url: BaseUrl = option(
        "How the outside reaches our HTTP listener; callbacks and short links are built on it.",
        default="http://127.0.0.1:8080",
        example="https://sms.example.net",
    )
    links: Links = option("Short links.", default_factory=Links)
    lookups: Lookups = option("Number lookups.", default_factory=Lookups)
    secret_key: KeyText = option(
        "Key for token digests and secrets at rest; the same on all nodes. A file that does not exist is made at first"
        " start; left out, it is `secret.key` in `data_dir`. Several keys have a line each, the newest first.",
        default_factory=lambda: SecretKey(None, None),
        example={"file": "var/secret.key"},
    )
    listeners: Listeners = option("What the daemon listens on.", default_factory=Listeners)
    dialects: Dialects = option("Provider APIs served beside the native one.", default_factory=Dialects)
    admin: Admin = option("The admin socket.", default_factory=Admin)
    console: Console = option("Pages for people.", default_factory=Console)
    auth: Auth = option("Limits on guessing credentials.", default_factory=Auth, reloadable=True)
    notify: Notify = option("Pushes to tenants.", default_factory=Notify, reloadable=True)
    tenants_file: ExistingFile | None = option(
        "File of tenants that are created at a start or reload when the store lacks them.",
        default=None,
        example="tenants.yaml",
        reloadable=True,
    )
    connectors: tuple[Connector, ...] = option("The ways out.", default=(), reloadable=True)
    routes: tuple[Route, ...] = option(
        "Which message takes which way; the first match wins.", default=(), reloadable=True
    )
    mo_routes: tuple[MoRoute, ...] = option("Which subscriber's message goes to whom.", default=(), reloadable=True)
    mo: Mo = option("Subscribers' messages.", default_factory=Mo, reloadable=True)
    retention: Retention = option("How long what is over is kept.", default_factory=Retention, reloadable=True)
    limits: Limits = option("Limits of messages.", default_factory=Limits, reloadable=True)
    shutdown: Shutdown = option("Stopping.", default_factory=Shutdown, reloadable=True)
    log: Log = option("The log.", default_factory=Log, reloadable=True)
    access_log: AccessLog = option("The log of HTTP requests.", default_factory=AccessLog, reloadable=True)
    cdr: Cdr = option("Detail records of messages that ended.", default_factory=Cdr, reloadable=True)
    tracing: Tracing = option("OpenTelemetry traces.", default_factory=Tracing, reloadable=True)

    _tenants: tuple[Tenant, ...] = PrivateAttr(default=())
    _path: Path = PrivateAttr(default=Path())

    @property
    def tenants(self) -> tuple[Tenant, ...]:
        """Tenants of `tenants_file`, in its order."""
        return self._tenants

    @property
    def path(self) -> Path:
        """The main file this was loaded from."""
        return self._path

    @property
    def link_base_url(self) -> str:
        """What short links are built on."""
        return self.links.base_url or self.public_url
