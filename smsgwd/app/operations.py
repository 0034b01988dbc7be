"""What keeps account of the gateway for its operators: who asks, what they changed, what ended, what was requested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, succeed

from smsgwd.app.archiving import Archiving, archiving_of
from smsgwd.app.cdr import CdrWriter
from smsgwd.app.core import Core
from smsgwd.app.people import People, build_people
from smsgwd.config import Config
from smsgwd.config.model.runtime import Retention
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.ops.access_log import AccessLog
from smsgwd.ops.callers import Callers
from smsgwd.ops.journal import Journal


@dataclass(slots=True)
class Operations:
    """Made once the store is open."""

    callers: Callers
    journal: Journal
    cdr: CdrWriter
    access_log: AccessLog
    people: People
    archiving: Archiving | None = None  #: None = there is no archive

    async def start(self) -> None:
        """Make the operators of the configuration. Raises StoreUnavailable."""
        await self.people.start()

    def become(self, config: Config) -> Deferred[None]:
        """Go by another configuration; fires when nothing goes by the old one any more."""
        self.callers.become(config.admin.roles)
        self.journal.kept_d = config.admin.audit_d
        self.access_log.become(config.access_log)
        if config.console != self.people.section:
            self.people.become(config.console)
        return self.cdr.become(config.cdr)

    def keep(self, section: Retention) -> None:
        """Keep what is archived for these times from now on."""
        if self.archiving is not None:
            self.archiving.retention = section

    def stop(self) -> Deferred[None]:
        """Write what was gathered; fires when that is over."""
        archived = succeed(None) if self.archiving is None else self.archiving.stop()
        return archived.addCallback(lambda _: self.cdr.stop()).addCallback(lambda _: self.access_log.stop())


def build_operations(config: Config, core: Core, reactor: Any, authenticator: PasswordAuthenticator) -> Operations:
    """Everything of it, by the configuration."""
    return Operations(
        callers=Callers(config.admin.roles),
        journal=Journal(core.store, core.clock, config.admin.audit_d),
        cdr=CdrWriter(
            reactor,
            core.clock,
            core.store,
            config.cdr,
            core.catalog.network_of,
            core.store.keep_finals,
            config.data_dir / "cdr.last",
        ),
        access_log=AccessLog(reactor, core.clock, config.access_log),
        people=build_people(config, core, authenticator),
        archiving=archiving_of(config, core, reactor),
    )
