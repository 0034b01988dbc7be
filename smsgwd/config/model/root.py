"""The whole configuration: the sections of the main file, and the tenants of the second one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, PrivateAttr

from smsgwd.config.model.connectors import Connector, Mo, MoRoute
from smsgwd.config.model.dialects import Dialects
from smsgwd.config.model.listeners import Listeners
from smsgwd.config.model.lookups import Lookups
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
        " start; left out, it is `secret.key` in `data_dir`.",
        default_factory=lambda: SecretKey(None, None),
        example={"file": "var/secret.key"},
    )
    listeners: Listeners = option("What the daemon listens on.", default_factory=Listeners)
    dialects: Dialects = option("Provider APIs served beside the native one.", default_factory=Dialects)
    admin: Admin = option("The admin socket.", default_factory=Admin)
    auth: Auth = option("Limits on guessing credentials.", default_factory=Auth)
    notify: Notify = option("Pushes to tenants.", default_factory=Notify)
    tenants_file: ExistingFile | None = option(
        "File of tenants that are created at start when the store lacks them.", default=None, example="tenants.yaml"
    )
    connectors: tuple[Connector, ...] = option("The ways out.", default=())
    routes: tuple[Route, ...] = option("Which message takes which way; the first match wins.", default=())
    mo_routes: tuple[MoRoute, ...] = option("Which subscriber's message goes to whom.", default=())
    mo: Mo = option("Subscribers' messages.", default_factory=Mo)
    retention: Retention = option("How long what is over is kept.", default_factory=Retention)
    limits: Limits = option("Limits of messages.", default_factory=Limits)
    shutdown: Shutdown = option("Stopping.", default_factory=Shutdown)
    log: Log = option("The log.", default_factory=Log)

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
