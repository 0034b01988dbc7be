"""What stands behind the console's pages: operators, how they log in, and who is logged in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from smsgwd.app.console_logins import OperatorLogins
from smsgwd.app.console_sessions import ConsoleSessions
from smsgwd.app.core import Core
from smsgwd.app.operator_desk import OperatorDesk
from smsgwd.app.records import StoredRecords
from smsgwd.config import Config
from smsgwd.config.model.console import Console
from smsgwd.northbound.auth import PasswordAuthenticator
from smsgwd.ops.operators import Operators
from smsgwd.ops.registry import Command
from smsgwd.ports.store import StoreUnavailable
from smsgwd.telemetry import get_logger

_log = get_logger("ops")


@dataclass(slots=True)
class People:
    """Made once the store is open; nobody is known before `start`."""

    section: Console
    desk: OperatorDesk
    logins: OperatorLogins
    sessions: ConsoleSessions
    in_clear: bool  #: whether passwords of operators may cross a network that others read

    async def start(self) -> None:
        """Make the operators of the configuration, and know all there are. Raises StoreUnavailable."""
        await self.desk.make(self.section.accounts)

    def become(self, section: Console) -> None:
        """Go by another configuration; operators that are new in it are made in the background."""
        self.section = section
        self.desk.title = section.title
        self.sessions.follow(section)
        Deferred.fromCoroutine(self.start()).addErrback(_not_made)

    def commands(self) -> list[Command]:
        """The commands about operators."""
        return Operators(self.desk, self.sessions, self.logins).commands()

    def needs(self) -> list[str]:
        """What `status` tells to see to."""
        if not (self.in_clear and self.desk.any()):
            return []
        return ["operators' passwords cross the network in clear: give listeners.ops tls, or a loopback address"]


def build_people(config: Config, core: Core, authenticator: PasswordAuthenticator) -> People:
    """All of it, by the configuration; `authenticator` has the threads for passwords and counts failures."""
    records = StoredRecords(core.store, core.clock)  # nothing is compiled from these
    desk = OperatorDesk(records, core.vault, core.clock, config.console.title)
    core.sealed.append(desk)
    people = People(
        config.console,
        desk,
        OperatorLogins(desk, authenticator),
        ConsoleSessions(records, desk, core.tenancy.directory, core.clock, config.console),
        _in_clear(config),
    )
    core.needs.append(people.needs)
    return people


def _in_clear(config: Config) -> bool:
    """Whether operators' pages are served without TLS on an address that others reach."""
    ops = config.listeners.ops
    if ops is None or ops.tls is not None or not config.console.enabled:
        return False
    return any(not ipaddress.ip_address(address.host).is_loopback for address in ops.listen)


def _not_made(failure: Failure) -> None:
    """The next start or reload makes them."""
    if not isinstance(failure.value, StoreUnavailable):
        _log.error("daemon.unhandled_error", error=repr(failure.value), exc_info=failure.value)
